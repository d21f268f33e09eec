"""The table of acts: what a journal block's ``act`` means, for the command that does it and for the start that finishes it."""

from collections.abc import Mapping

from matching.acts import Carry

ACTS: Mapping[str, Carry] = {}
