"""Every reason has its words, and every row of the reasons is used by some code."""

import re
from pathlib import Path

import pytest

import schemas
from schemas.reading.refusals import file_refused, load_reasons, refused_frame, refused_record

PACKAGE = Path(schemas.__file__).parent
# Fix-up files are held against what the state has, so some of their reasons are named by flows.
FOLDERS = (
    *(PACKAGE / folder for folder in ("fix_ups", "inbox", "reading", "violation_responses")), PACKAGE.parent / "flows",
)  # fmt: skip
SOURCES = "\n".join(path.read_text("utf-8") for folder in FOLDERS for path in sorted(folder.glob("*.py")))


@pytest.mark.parametrize("reason", load_reasons())
def test_reason_is_whole_and_used(reason: str) -> None:
    row = load_reasons()[reason]
    assert row.scope in ("file", "unopened", "record")
    assert row.outcome == "" if row.scope == "record" else row.outcome in ("rejected", "quarantined")
    assert row.message.endswith((".", "}")) and row.next_step.endswith(".")
    assert f'"{reason}"' in SOURCES


def test_every_reason_that_code_names_has_a_row() -> None:
    named = set(re.findall(r'(?:file_refused|refused_record)\((?:\w+, \w+, |\n\s+)?"([A-Z_0-9]+)"', SOURCES))
    assert named
    assert named <= load_reasons().keys()


def test_what_was_never_opened_is_described_without_facts_about_it() -> None:
    for reason, row in load_reasons().items():
        if row.scope == "unopened":
            assert file_refused(reason).message == row.message


def test_refused_records_come_in_line_order() -> None:
    refused = [refused_record(number, 1, "QUOTE_OPEN") for number in (9, 2, 5)]
    assert refused_frame(refused)["line_number"].to_list() == [2, 5, 9]
    assert refused_frame([]).schema == refused_frame(refused).schema
