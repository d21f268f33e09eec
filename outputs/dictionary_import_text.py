"""What an import of saved pages changes, as text, as JSON, and as the list of what is still to be written."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from outputs.next_steps import counted
from schemas.dictionary_import import ImportPlan


def import_text(plan: ImportPlan) -> str:
    """The difference before anything is written: rows that change, then what a person has to write."""
    head = (
        f"{counted(len(plan.proposals), 'row')} to write, {counted(len(plan.gaps), 'gap')} to fill by hand, "
        f"{counted(plan.same, 'row')} as in the dictionary already."
    )
    return "\n".join([head, *_proposals(plan), *_gaps(plan)])


def import_json(plan: ImportPlan) -> dict[str, Any]:
    """The same as one object."""
    return {
        "format_version": 1,
        "rows": [
            {
                "what": each.what, "place": each.place, "file": str(each.file),
                "differences": {
                    name: {"before": before, "after": after} for name, (before, after) in each.differences.items()
                },
            }
            for each in plan.proposals
        ],
        "gaps": [
            {"what": each.what, "place": each.place, "reason": each.reason, "values": dict(each.values)}
            for each in plan.gaps
        ],
        "same": plan.same,
    }  # fmt: skip


def gap_list(plan: ImportPlan) -> str:
    """CSV of what the pages say and no row can: for a person to write from; the program never reads it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["what", "reason", "page", "values"])
    writer.writerows(
        [each.what, each.reason, each.place, json.dumps(dict(each.values), ensure_ascii=False)] for each in plan.gaps
    )
    return text.getvalue()


def _proposals(plan: ImportPlan) -> Iterator[str]:
    for each in plan.proposals:
        yield f"\n{each.what} ({each.place})"
        for name, (before, after) in each.differences.items():
            yield f"  {name}: {before or 'nothing'} -> {after}"


def _gaps(plan: ImportPlan) -> Iterator[str]:
    if plan.gaps:
        yield "\nTo be written by a person:"
    for each in plan.gaps:
        yield f"  {each.what} ({each.place}): {each.reason}"
