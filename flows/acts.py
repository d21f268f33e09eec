"""The table of acts: what a journal block's ``act`` means, for the command that does it and for the start that finishes it."""

from collections.abc import Mapping

from flows.certification import CERTIFICATION_ACTS
from flows.cycles import ACT_NAME as CYCLE
from flows.cycles import carry_cycle
from flows.violation_acts import VIOLATION_ACTS
from matching.acts import Carry
from matching.corrections.carrying import CORRECTION_ACTS
from matching.proposals import ACT_NAME as KEEP_APART
from matching.proposals import decide_proposal
from matching.registry_import.act import ACT_NAME, carry_out_import

ACTS: Mapping[str, Carry] = {
    ACT_NAME: carry_out_import,
    KEEP_APART: decide_proposal,
    CYCLE: carry_cycle,
    **CERTIFICATION_ACTS,
    **CORRECTION_ACTS,
    **VIOLATION_ACTS,
}
