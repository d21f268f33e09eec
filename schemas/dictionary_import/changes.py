"""Where the dictionary differs from saved pages: rows that an overlay can take, and gaps that only a person can fill.

Nothing is guessed. A page says no access level and no condition, so a new column and a new rule become entries of a list.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from schemas.data_files import DataRow, read_overlay, read_rows, with_overlay
from schemas.dictionary import CYCLES, DATA_FOLDER, Collection, Dictionary
from schemas.dictionary_files import CODE_COLUMNS, LAYOUT_COLUMNS
from schemas.dictionary_import.pages import CODES, LAYOUT, PageRow, SavedPage
from schemas.errors import DictionaryError
from schemas.rule_files import BOOK, RULE_COLUMNS, RULE_KEY, written_rows
from schemas.rules import load_rule_book


@dataclass(frozen=True, slots=True)
class Proposal:
    """A row that the overlay would get, and what of it differs: column of the file -> (as it is, as the page has it)."""

    file: Path
    columns: tuple[str, ...]
    key: tuple[str, ...]
    row: Mapping[str, str]
    what: str
    differences: Mapping[str, tuple[str, str]]
    place: str


@dataclass(frozen=True, slots=True)
class Gap:
    """What a page says and an overlay row cannot: told, and kept in the list of what is to be written."""

    place: str
    what: str
    reason: str
    values: Mapping[str, str]


@dataclass
class ImportPlan:
    """Everything that some pages change, and everything that they leave open."""

    proposals: list[Proposal] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    same: int = 0


def compare_pages(dictionary: Dictionary, pages: Iterable[SavedPage], literal: str | None = None) -> ImportPlan:
    """What the pages change.

    Args:
        literal: the collection that the pages are about, where a page itself names none.

    Raises:
        DictionaryError: a page names no collection of the calendar, or doubles a row; names file, table and row.
    """
    plan = ImportPlan()
    for page in pages:
        if page.kind == CODES:
            _codes(dictionary, page, plan)
        elif page.kind == LAYOUT:
            _layout(dictionary, page, _collection(dictionary, page, literal), plan)
        else:
            _rules(dictionary, page, _collection(dictionary, page, literal), plan)
    places: dict[tuple[str, ...], str] = {}
    for each in plan.proposals:
        where = (str(each.file), *(each.row[name] for name in each.key))
        if first := places.get(where):
            raise DictionaryError(f"{each.place}: {each.what} stands at {first} already, with other values")
        places[where] = each.place
    return plan


def _collection(dictionary: Dictionary, page: SavedPage, literal: str | None) -> Collection:
    known = {each.version: each for each in dictionary.collections}
    wanted = [literal] if literal else [each for each in page.literals if each in known]
    if len(wanted) == 1 and wanted[0] in known:
        return known[str(wanted[0])]
    if literal:
        raise DictionaryError(f"{page.file}: no calendar has a collection {literal!r}; put it into the calendar first")
    if len(wanted) > 1:
        raise DictionaryError(f"{page.file}: names {', '.join(map(str, wanted))}; say which with --collection")
    named = ", ".join(page.literals[:3]) or "none"
    raise DictionaryError(
        f"{page.file}: no CollectionVersion literal of the calendar stands on it (found: {named}). Name it with --collection; "
        "the literal of a new collection goes into HOME/dictionary/calendars first, with its layout and days."
    )


def _layout(dictionary: Dictionary, page: SavedPage, collection: Collection, plan: ImportPlan) -> None:
    file = Path("data_dictionary") / str(collection.school_year) / f"{collection.layout}.csv"
    rows = {row["column"].casefold(): row for row in _in_force(dictionary, file, LAYOUT_COLUMNS, "column")}
    # What a cycle asks stands in a column of its own; a testing window has none, so the layout's flag is meant.
    asked = f"required_{collection.cycle.lower()}" if collection.cycle in CYCLES else "required"
    seen: set[str] = set()
    for row in page.rows:
        name = row["column"].casefold()
        if name in seen:
            raise row.refuse(f"column {row['column']} stands twice")
        seen.add(name)
        there = rows.get(name)
        what = f"{collection.layout} {collection.school_year}: column {row['column']}"
        if there is None:
            reason = (
                "a new column needs an access level, a standard name, a periodicity and a purpose, which no page says"
            )
            plan.gaps.append(Gap(row.place, what, reason, row.values))
            continue
        new = {
            name: row[name] for name in ("item", "type", "length", "precision", "code_set", "definition") if row[name]
        }
        new[asked] = row["required"]
        before = there[asked] or there["required"]
        differences = {key: (there[key], value) for key, value in new.items() if key != asked and there[key] != value}
        if before != row["required"]:
            differences[asked] = (before, row["required"])
        _propose(plan, file, LAYOUT_COLUMNS, ("column",), there, what, differences, row)
    if missing := [there["column"] for name, there in rows.items() if name not in seen]:
        named = ", ".join(missing)
        what = f"{collection.layout} {collection.school_year}: not on the page: {named}"
        reason = "a page may be cut short, and a correction cannot take a column away"
        plan.gaps.append(Gap(page.file, what, reason, {"columns": named}))


def _codes(dictionary: Dictionary, page: SavedPage, plan: ImportPlan) -> None:
    seen: dict[str, set[str]] = {}
    rows: dict[str, dict[str, DataRow]] = {}
    for row in page.rows:
        code_set = row["code_set"] or page.heading.replace(" ", "_")
        if code_set not in dictionary.code_sets:
            raise row.refuse(f"code set {code_set!r} does not exist; known are {', '.join(dictionary.code_sets)}")
        file = Path("code_sets") / f"{code_set}.csv"
        if code_set not in rows:
            rows[code_set] = {each["code"]: each for each in _in_force(dictionary, file, CODE_COLUMNS, "code")}
        if row["code"] in seen.setdefault(code_set, set()):
            raise row.refuse(f"code {row['code']} of {code_set} stands twice")
        seen[code_set].add(row["code"])
        there = rows[code_set].get(row["code"])
        what = f"code {row['code']} of {code_set}"
        if there is None:
            blank = dict.fromkeys(CODE_COLUMNS, "") | {"code": row["code"], "meaning": row["meaning"]}
            differences = {"meaning": ("", row["meaning"])}
            plan.proposals.append(
                Proposal(file, CODE_COLUMNS, ("code",), _sourced(blank, row), what, differences, row.place)
            )
            continue
        differences = {"meaning": (there["meaning"], row["meaning"])} if there["meaning"] != row["meaning"] else {}
        _propose(plan, file, CODE_COLUMNS, ("code",), there, what, differences, row)
    for code_set, codes in seen.items():
        for code, there in rows[code_set].items():
            if code not in codes and not there["same_as"] and not there["expires"]:
                reason = "the page does not have it; if it is out of use, say in expires until when it was in use"
                plan.gaps.append(Gap(page.file, f"code {code} of {code_set}", reason, {"code": code}))


def _rules(dictionary: Dictionary, page: SavedPage, collection: Collection, plan: ImportPlan) -> None:
    file = Path(BOOK) / f"{collection.layout}.csv"
    valid = {rule.place for rule in load_rule_book(dictionary, collection).rules if rule.kind == "written"}
    rows = {row["rule_id"]: row for row in written_rows(dictionary, collection.layout) if row.place in valid}
    others = {rule.rule_id: rule.severity for rule in load_rule_book(dictionary, collection).rules}
    seen: set[str] = set()
    for row in page.rows:
        rule_id = row["rule_id"]
        what = f"rule {rule_id}"
        if rule_id in seen:
            # One number may stand for several fields of a page; a number of ours stands once.
            continue
        seen.add(rule_id)
        there = rows.get(rule_id)
        if there is None:
            reason = _why_not(rule_id, others, row["severity"])
            if reason:
                plan.gaps.append(Gap(row.place, what, reason, row.values))
            else:
                plan.same += 1
            continue
        new = {
            name: row[name].rstrip(".") if name == "message" else row[name] for name in ("severity", "title", "message")
        }
        differences = {name: (there[name], value) for name, value in new.items() if there[name] != value}
        _propose(plan, file, RULE_COLUMNS, RULE_KEY, there, what, differences, row)


def _why_not(rule_id: str, others: Mapping[str, str], severity: str) -> str | None:
    """Why a rule of a page is no row of ours; nothing where it follows from the dictionary with the same severity."""
    if rule_id not in others:
        return "a page tells the rule in prose; its condition, its fix and its examples have to be written"
    if others[rule_id] != severity:
        return f"follows from the dictionary with severity {others[rule_id]}; correct its template in rule_book/generated.csv"
    return None


def _propose(
    plan: ImportPlan,
    file: Path,
    columns: tuple[str, ...],
    key: tuple[str, ...],
    there: DataRow,
    what: str,
    differences: Mapping[str, tuple[str, str]],
    row: PageRow,
) -> None:
    if not differences:
        plan.same += 1
        return
    new = {name: there[name] for name in columns} | {name: after for name, (_, after) in differences.items()}
    plan.proposals.append(Proposal(file, columns, key, _sourced(new, row), what, differences, row.place))


def _sourced(values: Mapping[str, str], row: PageRow) -> dict[str, str]:
    """The row with the page as its newest source."""
    return {**values, "source": "; ".join(filter(None, (f"saved page {row.file}", values["source"])))}


def _in_force(dictionary: Dictionary, file: Path, columns: tuple[str, ...], key: str) -> Iterator[DataRow]:
    shipped = read_rows(DATA_FOLDER / file, columns) if (DATA_FOLDER / file).is_file() else []
    overlay = dictionary.overlay
    corrections = read_overlay(overlay / file, columns, lambda row: row[key]) if overlay else []
    yield from with_overlay(shipped, corrections, lambda row: row[key])
