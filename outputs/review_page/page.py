"""The operator's worklist: each question's record beside its candidates, what differs marked, what each field weighs.

The page shows students of all districts by name: it is for the operator alone and stands in no outbox.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from outputs.next_steps import counted, long_date
from outputs.pages import render_page

# Rows of the comparison, in the order in which a person compares two children.
FIELDS = {
    "last_name": "Last name", "first_name": "First name", "middle_name": "Middle name", "suffix": "Suffix",
    "birth_date": "Birth date", "gender": "Gender", "race_ethnicity": "Race", "ssn": "SSN", "guardian": "Guardian",
    "grade": "Grade", "place": "District and local ID",
}  # fmt: skip
_AGREEING = {"SAME", "SAME_LOCAL_ID"}
_SSN_WORDS = {"SAME": "the same", "ONE_SLIP": "one slip apart", "DIFFERENT": "another"}
# Bits that fill half of a bar's track; the heaviest field of the model weighs about so much.
FULL_BAR = 20.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A child whom a record could be; ``record`` is null where the number was merged or withdrawn since."""

    state_id: str
    weight: float | None
    explanation: str
    record: Mapping[str, str] | None
    levels: Mapping[str, str]
    bits: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Question:
    """A record that waits, with its candidates in order."""

    name: str
    district_code: str
    district_name: str
    file_name: str
    line: int
    age_days: int
    record: Mapping[str, str]
    candidates: Sequence[Candidate]


@dataclass(frozen=True, slots=True)
class Group:
    """Questions with one reason and one pattern of agreement; ``is_single``: each has one candidate."""

    name: str
    pattern: str
    reason: str
    sentence: str
    is_single: bool
    questions: Sequence[Question]


@dataclass(frozen=True, slots=True)
class Proposal:
    """Two numbers that may be one child's."""

    name: str
    state_id: str
    other_state_id: str
    sentence: str
    age_days: int
    weight: float | None
    record: Mapping[str, str]
    other_record: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Worklist:
    """All that the page shows."""

    made_on: date
    groups: Sequence[Group]
    proposals: Sequence[Proposal]


@dataclass(frozen=True, slots=True)
class Cell:
    """A candidate's value: agree, differ or unknown; the bits as text and as a bar (start and width of 100)."""

    text: str
    kind: str
    bits: str = ""
    start: float = 50.0
    width: float = 0.0


def worklist_html(worklist: Worklist) -> bytes:
    """The page, with its decisions to save as decisions.csv."""
    questions = [question for group in worklist.groups for question in group.questions]
    return render_page(
        "worklist.html.j2",
        title="Review: questions that wait for a decision",
        data={"items": list(_items(worklist))} if questions or worklist.proposals else None,
        script="review_page/review.js",
        style="review_page/review.css",
        groups=worklist.groups,
        proposals=worklist.proposals,
        rows_of=comparison_rows,
        pair_rows=_pair_rows,
        age=_age,
        made_on=long_date(worklist.made_on),
        total=counted(len(questions), "question"),
        districts=counted(len({question.district_code for question in questions}), "district"),
        oldest=max((question.age_days for question in questions), default=0),
    )


def _items(worklist: Worklist) -> Iterator[dict[str, Any]]:
    """What the script needs to write decisions.csv: as in the file that stands beside the page."""
    for group in worklist.groups:
        if len(group.questions) > 1:
            members = " ".join(sorted(question.name for question in group.questions))
            yield {"item": group.name, "kind": "group", "candidates": "", "members": members}
        for question in group.questions:
            shown = " ".join(candidate.state_id for candidate in question.candidates)
            yield {"item": question.name, "kind": "question", "candidates": shown, "members": ""}
    for proposal in worklist.proposals:
        pair = f"{proposal.state_id} {proposal.other_state_id}"
        yield {"item": proposal.name, "kind": "proposal", "candidates": pair, "members": ""}


def comparison_rows(question: Question) -> list[tuple[str, str, list[Cell]]]:
    """Label, the value sent and a cell for each candidate; a row that nobody has a value for is left out."""
    rows = []
    for name, label in FIELDS.items():
        sent = question.record.get(name, "")
        cells = [_cell(name, sent, candidate) for candidate in question.candidates]
        if sent or any(cell.text for cell in cells):
            rows.append((label, sent, cells))
    if any("circumstances" in candidate.bits for candidate in question.candidates):
        rows.append(
            ("All else", "", [_bar(Cell("", "same"), each.bits.get("circumstances")) for each in question.candidates])
        )
    return rows


def _cell(name: str, sent: str, candidate: Candidate) -> Cell:
    text = (candidate.record or {}).get(name, "")
    level = candidate.levels.get(name)
    if name == "ssn" and level in _SSN_WORDS:
        text = _SSN_WORDS[level]
    if not text or not sent:
        kind = "unknown"
    elif level is None or level == "MISSING":
        kind = "same" if text == sent else "differs"
    else:
        kind = "same" if level in _AGREEING else "differs"
    if name == "grade" and kind == "differs":
        kind = "same"
    return _bar(Cell(text, kind), candidate.bits.get(name))


def _bar(cell: Cell, bits: float | None) -> Cell:
    """The cell with its weight: to the right of the middle for one child, to the left against it."""
    if bits is None:
        return cell
    width = round(min(abs(bits) / FULL_BAR, 1.0) * 50, 1)
    shown = f"{bits:+.1f}".replace("-", "\u2212") if round(abs(bits), 1) else "0"
    return Cell(cell.text, cell.kind, shown, 50.0 if bits >= 0 else 50.0 - width, width)


def _pair_rows(proposal: Proposal) -> list[tuple[str, str, str, str]]:
    """Label, both values, and same, differs or unknown."""
    rows = []
    for name, label in FIELDS.items():
        one, other = proposal.record.get(name, ""), proposal.other_record.get(name, "")
        kind = "unknown" if not one or not other else "same" if one == other else "differs"
        if one or other:
            rows.append((label, one, other, kind))
    return rows


def _age(days: int) -> str:
    return "since today" if days == 0 else f"for {counted(days, 'day')}"
