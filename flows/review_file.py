"""The operator's decisions file: what a line decides, and the lines that cannot be read as a decision."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from matching.reasons import reasons
from schemas.errors import UsageError

SAME, DIFFERENT, CANCEL = "SAME", "DIFFERENT", "CANCEL"
_NEEDED = ("Item", "Decision", "Candidates", "Members")
_KINDS = {"NM": "question", "MP": "proposal", "G": "group"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line, or one question of a group's line, that changed nothing."""

    line: int
    item: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """One decision; ``candidates`` and ``members`` are what the file says was shown."""

    line: int
    item: str
    kind: str
    decision: str
    same_as: str | None
    candidates: tuple[str, ...]
    members: tuple[str, ...]

    def refuse(self, reason: str, item: str | None = None, also: str = "") -> Refusal:
        sentence = reasons()[reason].sentence
        return Refusal(self.line, item or self.item, reason, f"{sentence} {also}".strip())


def read_decisions(file: Path) -> tuple[list[DecisionLine], list[Refusal]]:
    """The decisions of a file, lines without one left out; and the lines that are none.

    Raises:
        UsageError: the file cannot be read, or is not of the form that ``mosis review export`` writes.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}. Name the decisions file that the worklist saved.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file}: this is no CSV file in UTF-8. Save it from the worklist, or as CSV UTF-8.") from None
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    missing = [name for name in _NEEDED if name not in (rows.fieldnames or ())]
    if missing:
        raise UsageError(
            f"{file}: the column {missing[0]} is missing. Use decisions.csv as mosis review export or its page wrote it."
        )
    return _sorted_out([line for row in rows if (line := _line(rows.line_num, row))])


def _line(number: int, row: dict[str, str | None]) -> DecisionLine | None:
    cells = {name: (value or "").strip() for name, value in row.items() if isinstance(value, str) or value is None}
    decision = cells["Decision"].upper()
    if not decision:
        return None
    item = cells["Item"]
    kind = next((kind for prefix, kind in _KINDS.items() if item.upper().startswith(prefix)), "unknown")
    same_as = cells.get("SameAs") or None
    return DecisionLine(
        number,
        item,
        kind,
        decision,
        _ten_digits(same_as) if same_as else None,
        tuple(map(_ten_digits, cells["Candidates"].split())),
        tuple(cells["Members"].split()),
    )


def _ten_digits(text: str) -> str:
    """A number as a spreadsheet may have left it, with its leading zeros back."""
    return text.removesuffix(".0").zfill(10)


def _sorted_out(lines: list[DecisionLine]) -> tuple[list[DecisionLine], list[Refusal]]:
    """Lines that can be tried; a word that is no decision, and an item that is decided twice and differently, are refused."""
    said: dict[str, set[tuple[str, str | None]]] = {}
    for line in lines:
        said.setdefault(line.item, set()).add((line.decision, line.same_as))
    good: dict[str, DecisionLine] = {}
    refused = []
    for line in lines:
        if line.decision not in (SAME, DIFFERENT, CANCEL):
            refused.append(line.refuse("RETURN_UNKNOWN_DECISION"))
        elif line.kind == "unknown":
            refused.append(line.refuse("RETURN_UNKNOWN"))
        elif len(said[line.item]) > 1:
            refused.append(line.refuse("RETURN_TWO_SAME", also="The file decides it twice, and differently."))
        else:
            good.setdefault(line.item, line)
    return list(good.values()), refused
