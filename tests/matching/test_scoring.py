"""What is read of the registry for a pair, and only where a pair needs it."""

import polars as pl
import pytest

from matching.candidates import score_open_requests
from matching.model import load_model
from matching.requests import prepare_requests, workspace
from matching.run_state import RunState

NOBODY = pl.DataFrame(schema={"request_id": pl.Int64, "person": pl.String})


@pytest.mark.parametrize(
    "sent, near, level",
    [("other", ["b", "c"], 1), ("other", ["d"], 0), ("known", ["a", "b"], 2), (None, None, -1)],
)
def test_a_slip_in_a_social_security_number_is_seen(sent, near, level, make_registry, make_requests, crowd) -> None:
    child = crowd[0]
    con = make_registry({**child, "ssn_hash": "known", "ssn_near": ["a", "b"]})
    requests = make_requests({**child, "ssn_hash": sent, "ssn_near": near})
    with workspace(con) as cursor:
        run = RunState(cursor, load_model(), prepare_requests(requests))
        run.look_up_supplied(NOBODY)
        assert score_open_requests(run)["gamma_ssn"].to_list() == [level]
