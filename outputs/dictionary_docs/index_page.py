"""The first page of the dictionary: collections by due date, layouts, and a search over everything."""

from collections.abc import Mapping, Sequence
from typing import Any

from outputs.dictionary_diff.names import layout_title, year_name
from outputs.dictionary_docs.catalogue import RuleEntry
from outputs.dictionary_docs.links import code_set_page, layout_page, rule_page
from outputs.dictionary_docs.use import RuleUse
from outputs.next_steps import long_date
from outputs.pages import encode_texts, render_page
from schemas.dictionary import Dictionary

_KIND_CLASSES = {"Rule": "accent", "Column": "", "Code": "good", "Layout": "warning"}
_KIND_ORDER = ("Layout", "Rule", "Column", "Code")


def index_page(
    dictionary: Dictionary, rules: Mapping[str, Sequence[RuleEntry]], use: Mapping[str, Sequence[RuleUse]] | None
) -> bytes:
    """The index; its table finds layouts, columns, codes and rules by any word."""
    year = dictionary.school_years[-1]
    dated = [each for each in dictionary.collections if each.school_year == year and each.due_date is not None]
    rows = [*_layouts(dictionary), *_rules(rules, use), *_columns(dictionary), *_codes(dictionary)]
    return render_page(
        "dictionary_index.html.j2",
        title="MOSIS data dictionary and rule book",
        data=_table(rows, has_use=use is not None),
        style="dictionary_docs/docs.css",
        version=dictionary.version,
        years=[year_name(each) for each in dictionary.school_years],
        year=year_name(year),
        collections=sorted(dated, key=lambda each: (each.due_date, each.version)),
        counts=[
            (len(dictionary.layout_names), "layouts"), (len(dictionary.code_sets), "code sets"), (len(rules), "rules"),
            (sum(1 for entries in rules.values() if not entries[0].is_generated), "of them written"),
        ],
        layouts=[(layout_title(name), layout_page(name)) for name in dictionary.layout_names],
        code_sets=[(name, code_set_page(name)) for name in dictionary.code_sets],
        long_date=long_date,
        layout_page=layout_page,
    )  # fmt: skip


# kind, name, link, what it says, where, tried, failed, waived
Row = tuple[str, str, str, str, str, int | None, int | None, int | None]


def _layouts(dictionary: Dictionary) -> list[Row]:
    return [
        ("Layout", layout_title(name), layout_page(name), f"{len(dictionary.layout(name).fields)} columns", "", *_NONE)
        for name in dictionary.layout_names
    ]


def _rules(rules: Mapping[str, Sequence[RuleEntry]], use: Mapping[str, Sequence[RuleUse]] | None) -> list[Row]:
    rows: list[Row] = []
    for rule_id, entries in rules.items():
        places = ", ".join(dict.fromkeys(layout_title(entry.layout) for entry in entries))
        figures = [] if use is None else use.get(rule_id, ())
        counts = tuple(sum(getattr(each, name) for each in figures) for name in ("applicable", "failed", "waived"))
        shown = _NONE if use is None else counts
        rows.append(("Rule", rule_id, rule_page(rule_id), f"{entries[0].title}. {entries[0].message}", places, *shown))
    return rows


def _columns(dictionary: Dictionary) -> list[Row]:
    return [
        (
            "Column",
            field.column,
            f"{layout_page(name)}#{field.standard_name}",
            field.definition,
            layout_title(name),
            *_NONE,
        )
        for name in dictionary.layout_names
        for field in dictionary.layout(name).fields
    ]


def _codes(dictionary: Dictionary) -> list[Row]:
    return [
        ("Code", code.code, f"{code_set_page(name)}#code-{place}", code.meaning, name, *_NONE)
        for name, codes in dictionary.code_sets.items()
        for place, code in enumerate(codes, start=1)
    ]


_NONE = (None, None, None)


def _table(rows: Sequence[Row], *, has_use: bool) -> dict[str, Any]:
    kinds, kind_values = encode_texts([row[0] for row in rows])
    said, said_values = encode_texts([row[3] for row in rows])
    places, place_values = encode_texts([row[4] or None for row in rows])
    figures = [
        {"id": name, "label": label, "kind": "number", "values": [row[place] for row in rows]}
        for place, name, label in ((5, "tried", "Tried"), (6, "failed", "Failed"), (7, "waived", "Waived"))
    ]
    return {
        "size": len(rows),
        "page": 15,
        "columns": [
            {
                "id": "kind", "label": "Kind", "kind": "badge", "values": kind_values, "lookup": kinds,
                "classes": [_KIND_CLASSES[kind] for kind in kinds],
                "order": [_KIND_ORDER.index(kind) for kind in kinds], "filter": "Everything",
            },
            {
                "id": "name", "label": "Name", "kind": "text", "values": list(range(len(rows))),
                "lookup": [row[1] for row in rows], "links": [row[2] for row in rows],
            },
            {"id": "said", "label": "What it says", "kind": "text", "values": said_values, "lookup": said},
            {
                "id": "place", "label": "Where", "kind": "text", "values": place_values, "lookup": places,
                "filter": "Every layout and code set",
            },
            *(figures if has_use else ()),
        ],
    }  # fmt: skip
