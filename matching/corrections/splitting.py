"""Split: records of two children under one number are told apart; the child with the earlier evidence keeps the number."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from matching.corrections.change import Change, Line, Move, NewStanding, Order
from matching.corrections.children import KnownRecord, load_records, records_of_lines
from matching.corrections.lines import StoredLine, load_lines
from matching.corrections.standing import ACTIVE, Standing, require_active
from matching.people_facts import CANNOT
from matching.supplied_ids import HELD
from schemas.errors import UsageError

SELECTED, REST = "selected", "rest"
# Draws the number of the child that leaves; called only when the split is allowed.
DrawId = Callable[[], str]


@dataclass(frozen=True)
class Parted:
    """Records and lines of a number in two heaps."""

    leaving: frozenset[Line]
    staying: frozenset[Line]
    unclear: frozenset[Line]


def plan_split(con: duckdb.DuckDBPyConnection, order: Order, draw_id: DrawId) -> Change:
    """What the split changes.

    Raises:
        UnknownName: the number was never given.
        MosisError: it does not live.
        UsageError: no record or every record was selected, or the number to bring back was not merged into this one.
    """
    state_id = order.state_id or ""
    family = require_active(con, state_id)
    records, lines = load_records(con, family), load_lines(con, family)
    if order.other_id is None:
        selected = frozenset(_require_records(order, records, lines))
        leaves_selected, why = _who_leaves(order, records, selected)
        new = NewStanding(draw_id(), None, (ACTIVE, None))
        own: frozenset[str] = frozenset()
    else:
        revived = _require_merged(family, state_id, order.other_id)
        own = frozenset(_subfamily(family, revived.state_id))
        selected = frozenset(record.key for record in records if record.own_id in own)
        selected |= set(_require_records(order, records, lines)) if order.lines else set()
        leaves_selected, why = True, f"{revived.state_id} comes back with its records; {state_id} keeps the rest."
        new = NewStanding.of(revived, ACTIVE)
    everything = {record.key for record in records}
    _refuse_everything(state_id, records, selected)
    leaving = selected if leaves_selected else frozenset(everything - selected)
    _refuse_whole_number(order, family, state_id, records, leaving)
    parted = _part(con, records, lines, leaving)
    moves = tuple(
        Move(*line.key, line.own_id, new.state_id)
        for line in lines
        if line.key in parted.leaving and line.own_id not in own
    )
    return Change(
        numbers=(state_id, new.state_id),
        standings=(new, *_released(family[state_id])),
        moved=moves,
        links=((CANNOT, state_id, new.state_id),),
        notes=(why, *_unclear_notes(parted.unclear)),
    )


def _released(standing: Standing) -> tuple[NewStanding, ...]:
    """An imported number that was held because it stood for two children is one child's from now on."""
    return (NewStanding.of(standing, ACTIVE),) if standing.status == HELD else ()


def _require_records(order: Order, records: Sequence[KnownRecord], lines: Sequence[StoredLine]) -> Iterable[Line]:
    known, stored = {record.key for record in records}, {line.key for line in lines}
    if not order.lines:
        raise UsageError(
            f"Say which records are the other child's: --line SUBMISSION:LINE (again for each) or --district. "
            f"mosis ids split {order.state_id} lists them."
        )
    for key in order.lines:
        if key not in known:
            where = f"{key[0]}:{key[1]}"
            raise UsageError(
                f"{where} is no record of {order.state_id}. "
                + (
                    "It is a later line that says what an earlier one said; name the record by the line it first came with. "
                    if key in stored
                    else ""
                )
                + f"Its records: mosis ids split {order.state_id}"
            )
    return order.lines


def _who_leaves(order: Order, records: Sequence[KnownRecord], selected: frozenset[Line]) -> tuple[bool, str]:
    """Whether the selected records leave the number, and the sentence that says why."""
    first = min(records, key=lambda record: record.evidence)
    if order.keeps in (SELECTED, REST):
        return order.keeps == REST, f"You chose that the {order.keeps} records keep {order.state_id}."
    keeps_selected = first.key in selected
    heap = "selected" if keeps_selected else "other"
    return not keeps_selected, (
        f"The child of the {heap} records keeps {order.state_id}: its evidence is the earliest (district "
        f"{first.district_code}, {first.submission_id} line {first.line_number}, {first.first_seen_at:%Y-%m-%d}). "
        "--keeps selected or --keeps rest chooses."
    )


def _require_merged(family: Mapping[str, Standing], state_id: str, other_id: str) -> Standing:
    if other_id == state_id or other_id not in family:
        merged = ", ".join(sorted(set(family) - {state_id})) or "none"
        raise UsageError(
            f"--to names {other_id}, which was not merged into {state_id}. Merged into it: {merged}. "
            "Leave --to out to give the other child a new number."
        )
    return family[other_id]


def _subfamily(family: Mapping[str, Standing], state_id: str) -> set[str]:
    found = {state_id}
    while more := {name for name, standing in family.items() if standing.merged_into in found} - found:
        found |= more
    return found


def _refuse_everything(state_id: str, records: Sequence[KnownRecord], selected: frozenset[Line]) -> None:
    if len(selected) < len(records):
        return
    raise UsageError(
        f"All {len(records)} records of {state_id} were selected, so nothing would be left of it. "
        "Select those of one of the two children."
    )


def _refuse_whole_number(
    order: Order,
    family: Mapping[str, Standing],
    state_id: str,
    records: Sequence[KnownRecord],
    leaving: frozenset[Line],
) -> None:
    """A merged number whose records all leave must come back itself: it is the one this child's districts know."""
    for other in sorted(set(family) - {state_id} - {order.other_id}):
        own = {record.key for record in records if record.own_id in _subfamily(family, other)}
        if own and own <= leaving and order.other_id is None:
            raise UsageError(
                f"All records that came with {other} (merged into {state_id}) would leave, but {other} would still lead to "
                f"{state_id}. Bring that number back for this child: add --to {other}"
            )


def _part(
    con: duckdb.DuckDBPyConnection,
    records: Sequence[KnownRecord],
    lines: Sequence[StoredLine],
    leaving: frozenset[Line],
) -> Parted:
    """Every line with the records it belongs to; one that could belong to both heaps stays and is named."""
    brought = records_of_lines(con, lines, records)
    of_district: dict[str | None, set[Line]] = {}
    for record in records:
        of_district.setdefault(record.district_code, set()).add(record.key)
    heaps: dict[str, set[Line]] = {"leaving": set(), "staying": set(), "unclear": set()}
    for line in lines:
        sources = brought.get(line.key) or of_district.get(line.district_code, set())
        if sources and sources <= leaving:
            heaps["leaving"].add(line.key)
        else:
            heaps["unclear" if sources & leaving or not sources else "staying"].add(line.key)
    return Parted(*(frozenset(heaps[name]) for name in ("leaving", "staying", "unclear")))


def _unclear_notes(unclear: frozenset[Line]) -> list[str]:
    if not unclear:
        return []
    named = ", ".join(f"{name}:{line}" for name, line in sorted(unclear)[:5])
    more = f" and {len(unclear) - 5} more" if len(unclear) > 5 else ""
    count = "1 stored line" if len(unclear) == 1 else f"{len(unclear)} stored lines"
    return [f"{count} could be either child's and stays as it is: {named}{more}. The district's next file settles it."]
