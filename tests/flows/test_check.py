"""A file of which no inbox is the right one is refused at the clerk's desk as it would be by the state."""

import polars as pl
import pytest

from flows.check import refuse_impossible_district
from flows.taking import refuse_other_district
from schemas.directory import Directory
from schemas.errors import FileRefused
from schemas.reading import Extract


def extract_of(*codes: str | None) -> Extract:
    records = pl.DataFrame(
        {"line_number": range(2, 2 + len(codes)), "reporting_district_code": pl.Series(codes, dtype=pl.String)}
    )
    return Extract(records, records.clear(), len(codes) + 1, 1, 0, len(codes), "utf-8", None)


@pytest.fixture
def directory() -> Directory:
    districts = pl.DataFrame({"district_code": ["010004"], "name": ["Columbia 93"]})
    return Directory(districts, pl.DataFrame(schema={"district_code": pl.String, "school_code": pl.String}))


@pytest.mark.parametrize("code, step", [("10004", "010004"), ("1000A", "your own district"), ("0100040", "your own")])
def test_a_district_code_that_is_none_is_refused(code: str, step: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        refuse_impossible_district(extract_of(code, code), None)
    assert refusal.value.reason == "WRONG_DISTRICT" and step in (refusal.value.next_step or "")


def test_a_district_is_looked_up_where_there_is_a_directory(directory: Directory) -> None:
    refuse_impossible_district(extract_of("999999"), None)
    refuse_impossible_district(extract_of("010004", "999999", "010004"), directory)
    with pytest.raises(FileRefused, match="no district of the directory"):
        refuse_impossible_district(extract_of("999999"), directory)


@pytest.mark.parametrize("codes", [(), (None,)])
def test_a_file_that_names_no_district_is_left_to_the_rules(codes: tuple[str | None, ...]) -> None:
    refuse_impossible_district(extract_of(*codes), None)


@pytest.mark.parametrize(
    "sent, step", [("10004", "all six digits of the district code: 010004"), ("048078", "the folder of")]
)
def test_the_state_says_where_zeros_were_lost(sent: str, step: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        refuse_other_district(extract_of(sent), "010004")
    assert step in (refusal.value.next_step or "")
