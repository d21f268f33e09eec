"""``mosis check --expect``: what is missing, what is unexpected, and a file of expectations that cannot be used."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.app import app
from flows.expectations import Finding, compare, read_expected
from schemas.errors import UsageError

HEADER = "file,line,field,rule_id,severity\n"
GENDER, NAME = Finding("STC00001", "Gender", "E", 5), Finding("STC91310", "LastName", "W", 7)
ANYWHERE = Finding("STC00001", "Gender", "E", None)


@pytest.mark.parametrize(
    "expected, found, missing, unexpected",
    [
        ([GENDER, NAME], [NAME, GENDER], (), ()),
        ([GENDER], [], (GENDER,), ()),
        ([], [NAME], (), (NAME,)),
        ([GENDER, GENDER], [GENDER], (GENDER,), ()),
        ([ANYWHERE], [GENDER], (), ()),
        # The line that is named takes its own finding first, the other expectation the one that is left.
        ([ANYWHERE, GENDER], [GENDER, Finding("STC00001", "Gender", "E", 9)], (), ()),
        ([ANYWHERE, GENDER], [GENDER], (ANYWHERE,), ()),
        ([Finding("STC00001", "Gender", "W", 5)], [GENDER], (Finding("STC00001", "Gender", "W", 5),), (GENDER,)),
    ],
)
def test_compare(expected: list[Finding], found: list[Finding], missing: object, unexpected: object) -> None:
    compared = compare("core.csv", expected, found)
    assert (compared.missing, compared.unexpected) == (missing, unexpected)
    assert compared.agrees == (not missing and not unexpected)


@pytest.mark.parametrize(
    "content, said",
    [
        ("file,line\n", "column field, rule_id, severity is missing"),
        (HEADER + "a.csv,two,Gender,STC00001,E\n", "line 2: line 'two' is not a number"),
        (HEADER + "a.csv,2,Gender,,E\n", "line 2: rule_id is empty"),
        (
            HEADER + "b.csv,2,Gender,STC00001,E\nc.csv,2,Gender,STC00001,E\n",
            "says nothing of a.csv. It names b.csv, c.csv",
        ),
    ],
)
def test_expectations_that_cannot_be_used_say_where(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "expected.csv"
    path.write_text(content, "utf-8")
    with pytest.raises(UsageError, match=said.replace("(", r"\(")):
        read_expected(path, "a.csv")


def test_expectations_of_one_file_hold_for_any_and_a_header_alone_expects_nothing(tmp_path: Path) -> None:
    path = tmp_path / "expected.csv"
    path.write_text("\ufeff" + HEADER + "core.csv,5,Gender,STC00001,E\n", "utf-8")
    assert read_expected(path, "another name.csv") == [GENDER]
    path.write_text(HEADER, "utf-8")
    assert read_expected(path, "core.csv") == []


def test_command_tells_differences_and_ends_with_one(tmp_path: Path) -> None:
    file, expected = tmp_path / "lookup.csv", tmp_path / "expected.csv"
    names = "CollectionVersion StateID LocalStudentID LastName FirstName MiddleName Suffix DateOfBirth"
    columns = ",".join([*names.split(), "StudentGradeLevel", "Gender", "RaceEthnicity"])
    file.write_text(f"{columns}\nALL1.0DirectCert,1234567897,17,Smith (Jo),Ann,,,05/01/2009,11,F,W\n", "utf-8")
    expected.write_text(HEADER + "lookup.csv,2,Gender,DCT00001,E\n", "utf-8")
    told = CliRunner().invoke(app, ["check", str(file), "--expect", str(expected)])
    assert told.exit_code == 1, told.output
    assert "1 finding expected, 1 found; 1 missing, 1 unexpected." in told.output
    assert "DCT00001 E Gender: line 2" in told.output and "DCT91310 W LastName: line 2" in told.output
    expected.write_text(HEADER + "lookup.csv,,LastName,DCT91310,W\n", "utf-8")
    told = CliRunner().invoke(app, ["check", str(file), "--expect", str(expected), "--json"])
    assert told.exit_code == 0
    assert json.loads(told.output) == {
        "format_version": 1, "file_name": "lookup.csv", "agrees": True, "expected": 1, "found": 1, "missing": [],
        "unexpected": [],
    }  # fmt: skip
