"""The receipt: one object with every key, and one page that a school secretary understands."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from outputs.next_steps import ReceiptFacts
from outputs.receipt_text import receipt_text
from outputs.receipts import RECEIPT_VIOLATIONS, build_receipt, count_outcomes, readable_name, write_receipt
from schemas.submission import Submission
from tests.outputs.conftest import RECEIVED, make_assignments, make_submission, make_violations

GOLDEN = Path(__file__).parents[1] / "golden" / "receipts"
KEYS = [
    "format_version", "submission_id", "district_code", "file_name", "sha256", "layout", "collection_version",
    "outcome", "status", "lines", "header_lines", "blank_lines", "records", "accepted", "refused", "errors",
    "warnings", "ids", "duplicate_of", "received_at", "finished_at", "run_id", "dictionary_version",
    "rule_book_version", "not_checked", "next_steps", "message", "violations", "violations_total",
    "violations_file",
]  # fmt: skip
FACTS = ReceiptFacts("Cedar Bluff R-II", "October Student Core, school year 2025-26", date(2025, 10, 15))
PAGES = ("violations.html", "violations.csv")
ID_FILES = ("ids_assigned.txt", "errors_to_fix.txt", "matches_to_resolve.txt", "canceled_records.txt")


def receipt_of(submission: Submission, facts: ReceiptFacts = FACTS, **more: Any) -> dict[str, Any]:
    return build_receipt(
        submission,
        facts,
        finished_at=RECEIVED + timedelta(seconds=90),
        dictionary_version="d1",
        rule_book_version="r1",
        **more,
    )


CLEAN = replace(FACTS, files=(*PAGES, f"certify_{make_submission(1).submission_id}.csv"))


def clean() -> dict[str, Any]:
    trial = make_submission(1)
    return receipt_of(
        trial,
        CLEAN,
        violations=make_violations(trial, []),
        ids=count_outcomes(make_assignments(trial, [(n, "CONFIRMED", "AGREES", "1000000001") for n in (2, 3, 4)])),
    )


def with_errors() -> dict[str, Any]:
    trial = make_submission(
        1, line_count=1206, blank_lines=2, record_count=1203, accepted_count=1203, outcome="accepted_with_violations"
    )
    found = [{"line_number": line} for line in range(2, 216)] + [{"severity": "W", "line_number": 3}] * 12
    ids = dict.fromkeys(("confirmed", "reused", "new", "near_match", "error", "canceled"), 0)
    return receipt_of(
        trial,
        replace(FACTS, files=PAGES + ID_FILES),
        violations=make_violations(trial, found),
        ids=ids | {"confirmed": 1190, "new": 8, "near_match": 3, "error": 2},
    )


def batch() -> dict[str, Any]:
    answered = make_submission(
        1, layout="id_batch", collection_version="id_batch", status="answered", file_name="ids.txt", line_count=12,
        header_lines=2, record_count=10, accepted_count=9, refused_count=1, outcome="accepted_with_violations",
    )  # fmt: skip
    outcomes = [(n, "NEW", "NOBODY_LIKE_THIS", "1000000001") for n in range(2, 8)]
    outcomes += [(8, "NEAR_MATCH", "SEVERAL_PEOPLE", None), (9, "ERROR", "IDENTITY_FIELD", None)]
    outcomes += [(10, "REUSED", "UNIQUE_EXACT", "1000000009")]
    return receipt_of(
        answered,
        ReceiptFacts("Cedar Bluff R-II", "Student ID batch", files=PAGES + ID_FILES),
        violations=make_violations(answered, [{"line_number": 9}, {"line_number": 11, "field": None}]),
        ids=count_outcomes(make_assignments(answered, outcomes)),
    )


def rejected() -> dict[str, Any]:
    return receipt_of(
        make_submission(
            1, outcome="rejected", status="rejected", reason="HEADER_UNKNOWN_COLUMN", refused_line=1, line_count=None,
            header_lines=None, blank_lines=None, record_count=None, accepted_count=None, refused_count=None,
            message="Line 1: the column ShoeSize is not a column of October Student Core.",
            next_step="Remove the column ShoeSize, or start from the template of October Student Core.",
        )
    )  # fmt: skip


def quarantined() -> dict[str, Any]:
    return receipt_of(
        make_submission(
            1, outcome="quarantined", status="quarantined", reason="NOT_AN_EXTRACT", layout=None,
            collection_version=None, line_count=None, header_lines=None, blank_lines=None,
            record_count=None, accepted_count=None, refused_count=None, file_name="menu.docx",
            message="The file is a ZIP container, not a text file.",
            next_step="Export the extract as comma or tab delimited text.",
        ),
        ReceiptFacts("Cedar Bluff R-II"),
    )  # fmt: skip


def duplicate() -> dict[str, Any]:
    earlier = make_submission(1).submission_id
    return receipt_of(
        make_submission(
            2, outcome="duplicate", status="duplicate", duplicate_of=earlier, line_count=None, header_lines=None,
            blank_lines=None, record_count=None, accepted_count=None, refused_count=None,
        )
    )  # fmt: skip


def waiting() -> dict[str, Any]:
    return receipt_of(
        make_submission(
            2, outcome=None, status="waiting",
            message="This file has 700 records; your earlier file of October Student Core has 1,203.",
        )
    )  # fmt: skip


def decisions() -> dict[str, Any]:
    returned = make_submission(
        3, status="decisions", layout="near_match_return", collection_version=None, file_name="matches_to_resolve.txt",
        line_count=4, header_lines=2, record_count=2, accepted_count=2,
    )  # fmt: skip
    outcomes = [(8, "REUSED", "DECIDED_SAME", "1000000009"), (9, "NEW", "DECIDED_DIFFERENT", "1000000019")]
    return receipt_of(
        returned,
        ReceiptFacts("Cedar Bluff R-II", files=ID_FILES),
        violations=make_violations(returned, []),
        ids=count_outcomes(make_assignments(returned, outcomes)),
    )


def check() -> dict[str, Any]:
    trial = make_submission(1, outcome="accepted_with_violations", district_code="048078")
    found = make_violations(trial, [{}, {"line_number": 3, "severity": "W"}])
    return build_receipt(trial, FACTS, violations=found, dictionary_version="d1", rule_book_version="r1", is_check=True)


CASES = {
    "check": (check, FACTS),
    "clean": (clean, CLEAN),
    "with_errors": (with_errors, replace(FACTS, files=PAGES + ID_FILES)),
    "batch": (batch, ReceiptFacts("Cedar Bluff R-II", "Student ID batch", files=PAGES + ID_FILES)),
    "rejected": (rejected, FACTS),
    "quarantined": (quarantined, ReceiptFacts("Cedar Bluff R-II")),
    "duplicate": (duplicate, FACTS),
    "waiting": (waiting, FACTS),
    "decisions": (decisions, ReceiptFacts("Cedar Bluff R-II", files=ID_FILES)),
}


@pytest.mark.parametrize("name", CASES)
def test_every_key_is_present_in_order(name: str) -> None:
    receipt = CASES[name][0]()
    assert list(receipt) == KEYS
    assert receipt["next_steps"] and receipt["message"]
    json.dumps(receipt, allow_nan=False)


@pytest.mark.parametrize("name", CASES)
def test_text_is_the_golden_one(name: str) -> None:
    make, facts = CASES[name]
    text = receipt_text(make(), facts)
    assert text == (GOLDEN / f"{name}.txt").read_text("utf-8")
    assert max(map(len, text.splitlines())) <= 78


def test_counts_of_a_file_with_errors() -> None:
    receipt = with_errors()
    assert (receipt["errors"], receipt["warnings"], receipt["violations_total"]) == (214, 12, 226)
    assert len(receipt["violations"]) == RECEIPT_VIOLATIONS
    assert list(receipt["violations"][0]) == ["line", "field", "rule_id", "severity", "scope", "message", "fix"]
    assert [row["line"] for row in receipt["violations"]][:3] == [2, 3, 3]
    assert "value" not in json.dumps(receipt["violations"])


def test_check_lists_every_violation_and_names_no_submission() -> None:
    trial = make_submission(1)
    found = make_violations(trial, [{"line_number": line} for line in range(2, 152)])
    receipt = build_receipt(trial, FACTS, violations=found, not_checked=["STC00001"], is_check=True)
    assert len(receipt["violations"]) == 150
    absent = ("submission_id", "status", "received_at", "finished_at", "run_id", "ids", "violations_file")
    assert [receipt[name] for name in absent] == [None] * len(absent)
    assert receipt["not_checked"] == ["STC00001"]
    assert list(receipt) == KEYS


def test_file_refused_as_a_whole_says_where_and_why() -> None:
    receipt = rejected()
    assert (receipt["accepted"], receipt["records"], receipt["errors"]) == (0, None, 1)
    (row,) = receipt["violations"]
    assert (row["line"], row["rule_id"], row["scope"]) == (1, "HEADER_UNKNOWN_COLUMN", "file")
    assert receipt["next_steps"][0].startswith("Remove the column ShoeSize")


def test_duplicate_names_the_answer_that_exists() -> None:
    receipt = duplicate()
    assert receipt["duplicate_of"] == make_submission(1).submission_id
    assert receipt["duplicate_of"] in receipt["next_steps"][0]
    assert (receipt["errors"], receipt["violations"], receipt["violations_total"]) == (None, [], 0)


def test_violations_without_a_line_come_first() -> None:
    trial = make_submission(1)
    found = make_violations(trial, [{"line_number": 3}, {"line_number": None, "field": None}, {"line_number": 2}])
    assert [row["line"] for row in receipt_of(trial, violations=found)["violations"]] == [None, 2, 3]


def test_late_file_is_told_so_after_what_is_to_do_and_is_given_no_day_that_has_passed() -> None:
    trial = make_submission(1, is_late=True)
    steps = receipt_of(trial, violations=make_violations(trial, [{}]))["next_steps"]
    assert "late" in steps[-1] and "violations.html" in steps[0]
    assert "as soon as you can" in steps[1] and "October 15" not in "".join(steps)


@pytest.mark.parametrize(
    "outcomes, headline",
    [
        ([(2, "NEW", "NOBODY_ALIKE", "1000000001")], "ACCEPTED. Nothing has to be corrected."),
        ([(2, "ERROR", "SUPPLIED_ID_UNKNOWN", None)], "ACCEPTED, but some students have no state ID yet."),
        ([(2, "NEAR_MATCH", "NOT_SURE", None)], "ACCEPTED, but some students have no state ID yet."),
    ],
)
def test_a_batch_is_not_called_done_while_a_student_has_no_id(outcomes: list[Any], headline: str) -> None:
    answered = make_submission(1, layout="id_batch", collection_version="id_batch", status="answered")
    facts = ReceiptFacts("Cedar Bluff R-II", files=PAGES + ID_FILES)
    ids = count_outcomes(make_assignments(answered, outcomes))
    receipt = receipt_of(answered, facts, violations=make_violations(answered, []), ids=ids)
    assert headline in receipt_text(receipt, facts).splitlines()
    assert ("0 students" in receipt["message"]) is False


def test_rows_that_nobody_answered_are_not_called_blank() -> None:
    answers = make_submission(
        4, status="answered", layout="violation_response", collection_version=None, line_count=9, header_lines=1,
        blank_lines=6, record_count=2, accepted_count=2, refused_count=0,
    )  # fmt: skip
    facts = ReceiptFacts("Cedar Bluff R-II", files=("responses.csv",))
    text = receipt_text(receipt_of(answers, facts, violations=make_violations(answers, [])), facts)
    assert "lines without an answer" in text and "lines with an answer" in text and "blank lines" not in text


def test_warnings_of_a_batch_are_among_the_next_steps() -> None:
    answered = make_submission(1, layout="id_batch", collection_version="id_batch", status="answered")
    facts = ReceiptFacts("Cedar Bluff R-II", files=PAGES + ID_FILES)
    warning = [{"line_number": 2, "severity": "W", "message": "Look."}]
    receipt = receipt_of(answered, facts, violations=make_violations(answered, warning), ids={})
    assert any(step.startswith("Look at the warnings in violations.html") for step in receipt["next_steps"])


def test_answers_that_could_not_be_used_are_named_by_line() -> None:
    returned = make_submission(
        3, status="decisions", layout="near_match_return", collection_version=None, outcome="accepted_with_violations"
    )
    facts = ReceiptFacts("Cedar Bluff R-II", files=())
    said = [{"line_number": line, "severity": "W", "message": "Mark one only."} for line in (4, 2)]
    said.append({"line_number": 7, "severity": "W", "message": "Never asked."})
    receipt = receipt_of(returned, facts, violations=make_violations(returned, said))
    assert receipt["message"] == "Your answers to our questions were read. 3 lines of your file changed nothing."
    assert receipt["next_steps"][0] == "Lines 2 and 4 of the file you returned: Mark one only."
    assert receipt["next_steps"][1] == "Line 7 of the file you returned: Never asked."
    assert "READ, but some of your answers could not be used." in receipt_text(receipt, facts)


@pytest.mark.parametrize(
    "name, shown",
    [
        ("oct core.csv", "oct core.csv"),
        ("a\udcff.csv", "a\\xff.csv"),
        ("a\x1b[31m\n.csv", "a\\x1b[31m\\n.csv"),
        ("ñ", "ñ"),
    ],
)
def test_file_name_of_any_bytes_can_be_printed(name: str, shown: str) -> None:
    assert readable_name(name) == shown


def test_receipt_is_written_last_and_whole(tmp_path: Path) -> None:
    receipt = with_errors()
    write_receipt(tmp_path, receipt, FACTS)
    assert json.loads((tmp_path / "receipt.json").read_text("utf-8")) == receipt
    text = (tmp_path / "receipt.txt").read_bytes()
    assert text.count(b"\r\n") == text.count(b"\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["receipt.json", "receipt.txt"]
