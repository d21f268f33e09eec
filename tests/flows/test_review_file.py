"""The operator's decisions file: what is read of it, and which lines are refused."""

from pathlib import Path

import polars as pl
import pytest

from flows.review_file import DecisionLine, read_decisions
from flows.review_import import ImportResult, match_questions
from matching.review import QUESTION_SCHEMA
from schemas.errors import UsageError

ONE, OTHER = "1000000001", "0200000002"
HEADER = "Item,Kind,Decision,SameAs,Candidates,Members"


def written(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "decisions.csv"
    path.write_text("\r\n".join([header, *rows, ""]), "utf-8-sig", newline="")
    return path


def questions(*rows: tuple[str, str, list[str]]) -> pl.DataFrame:
    """near_match_id, group and candidates of open questions."""
    return pl.DataFrame(
        [
            {"near_match_id": name, "group_id": group, "candidates": candidates, "district_code": "048078"}
            for name, group, candidates in rows
        ],
        schema={name: QUESTION_SCHEMA[name] for name in ("near_match_id", "group_id", "candidates", "district_code")},
    )


def matched(
    folder: Path, *rows: str, asked: pl.DataFrame, closed: set[str] | None = None
) -> tuple[dict[str, str], list[str]]:
    """Question -> decision of what can be carried out, and the reasons of what cannot."""
    lines, refused = read_decisions(written(folder, *rows))
    result = ImportResult(refused=refused)
    decided = match_questions(asked, closed or set(), lines, result)
    return {each.item: each.line.decision for each in decided}, [refusal.reason for refusal in result.refused]


def test_what_a_spreadsheet_does_to_the_file_alters_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, "NM1; ;same;200000002;1000000001 200000002;", header=HEADER.replace(",", ";"))
    (line,), refused = read_decisions(path)
    assert line == DecisionLine(2, "NM1", "question", "SAME", OTHER, (ONE, OTHER), ())
    assert refused == []


def test_lines_without_a_decision_are_left_alone(tmp_path: Path) -> None:
    assert read_decisions(written(tmp_path, f"NM1,question,,,{ONE},")) == ([], [])


def test_a_file_of_another_form_is_refused_whole(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the column Decision is missing"):
        read_decisions(written(tmp_path, header="Item,Members,Candidates"))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (f"NM1,question,SAME,,{ONE} {OTHER},", "RETURN_INCOMPLETE"),
        (f"NM1,question,SAME,1234567890,{ONE} {OTHER},", "RETURN_ALTERED"),
        (f"NM1,question,DIFFERENT,,{ONE},", "RETURN_ALTERED"),
        (f"NM1,question,PERHAPS,,{ONE} {OTHER},", "RETURN_UNKNOWN_DECISION"),
        (f"NM2,question,SAME,,{ONE},", "RETURN_CLOSED"),
        (f"NM3,question,SAME,,{ONE},", "RETURN_UNKNOWN"),
        ("G1,group,SAME,,,NM1", "RETURN_INCOMPLETE"),
        ("G9,group,DIFFERENT,,,NM1", "RETURN_ALTERED"),
        ("what?,question,SAME,,,", "RETURN_UNKNOWN"),
    ],
)
def test_a_line_that_cannot_stand_is_refused_with_its_reason(tmp_path: Path, row: str, reason: str) -> None:
    asked = questions(("NM1", "G1", [ONE, OTHER]))
    assert matched(tmp_path, row, asked=asked, closed={"NM2"}) == ({}, [reason])


def test_a_question_decided_twice_and_differently_is_refused(tmp_path: Path) -> None:
    rows = [f"NM1,question,{word},,{ONE}," for word in ("SAME", "DIFFERENT")]
    assert matched(tmp_path, *rows, asked=questions(("NM1", "G1", [ONE]))) == ({}, ["RETURN_TWO_SAME"] * 2)


def test_a_group_goes_to_the_questions_it_had_when_it_was_written(tmp_path: Path) -> None:
    asked = questions(("NM1", "G1", [ONE]), ("NM2", "G1", [OTHER]), ("NM4", "G1", [ONE]))
    decided, reasons = matched(tmp_path, "G1,group,DIFFERENT,,,NM1 NM2 NM3", asked=asked, closed={"NM3"})
    # NM4 joined the group later, NM3 was answered since.
    assert decided == {"NM1": "DIFFERENT", "NM2": "DIFFERENT"}
    assert reasons == ["RETURN_CLOSED"]


def test_a_questions_own_line_stands_over_its_groups(tmp_path: Path) -> None:
    asked = questions(("NM1", "G1", [ONE]), ("NM2", "G1", [OTHER]), ("NM3", "G1", [ONE]))
    rows = ["G1,group,DIFFERENT,,,NM1 NM2 NM3", f"NM1,question,SAME,,{ONE},", f"NM3,question,HM,,{ONE},"]
    assert matched(tmp_path, *rows, asked=asked) == (
        {"NM1": "SAME", "NM2": "DIFFERENT"},
        ["RETURN_UNKNOWN_DECISION"],
    )
