"""The statements written down with a model are what splink says, and give what splink gives."""

from dataclasses import replace

import polars as pl
import pytest

from matching import scoring
from matching.candidates import score_open_requests
from matching.model import PARAMETERS, SHIPPED_MODEL, STATEMENTS, load_model
from matching.requests import prepare_requests, workspace
from matching.run_state import RunState
from matching.scoring import statements_key
from matching.splink_statements import write_statements

NOBODY = pl.DataFrame(schema={"request_id": pl.Int64, "person": pl.String})


def words(statements: str) -> list[str]:
    """Sorted: splink takes columns and joins out of sets, so that their order, and nothing else, differs each time."""
    return sorted(statements.partition("\n")[2].replace(",", " ").split())


def test_what_ships_is_what_splink_says() -> None:
    # When splink or a comparison changes, write_statements(load_model().settings) is to be written there anew.
    shipped = (PARAMETERS / SHIPPED_MODEL / STATEMENTS).read_text("utf-8")
    assert words(shipped) == words(write_statements(load_model().settings))


def test_other_settings_have_another_key() -> None:
    settings = load_model().settings
    other = settings | {"probability_two_random_records_match": 0.5}
    assert statements_key(other) != statements_key(settings)


@pytest.mark.parametrize("change", ["settings", "text", "none"])
def test_statements_that_are_not_the_models_own_are_left_to_splink(change: str) -> None:
    model = load_model()
    changed = {
        "settings": replace(model, settings=model.settings | {"probability_two_random_records_match": 0.5}),
        "text": replace(model, statements=f"{model.statements}-- a word more\n"),
        "none": replace(model, statements=None),
    }[change]
    assert scoring._statements_of(changed) is None
    assert scoring._statements_of(model) is not None


def test_written_statements_and_splink_score_alike(make_registry, make_requests, crowd) -> None:
    near = [child | {"first_name": f"{child['first_name']}e", "local_student_id": None} for child in crowd[:60]]
    con, requests, model = make_registry(*crowd), prepare_requests(make_requests(*near)), load_model()
    found = []
    for one in (model, replace(model, statements=None)):
        with workspace(con) as cursor:
            run = RunState(cursor, one, requests)
            run.look_up_supplied(NOBODY)
            found.append(score_open_requests(run))
    assert found[0].height >= 60
    assert found[0].equals(found[1])
