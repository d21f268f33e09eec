"""The page of a rule number: what it says, how to fix it, where it holds, examples, how often it fires."""

from collections.abc import Sequence

from outputs.dictionary_diff.names import layout_title
from outputs.dictionary_docs.catalogue import SCOPES, RuleEntry, where_valid
from outputs.dictionary_docs.links import layout_page
from outputs.dictionary_docs.use import RuleUse
from outputs.pages import render_page
from schemas.dictionary import Dictionary

ON_NULL = {"pass": "the record is left alone", "violation": "the record breaks the rule"}


def rule_html(dictionary: Dictionary, entries: Sequence[RuleEntry], use: Sequence[RuleUse] | None) -> bytes:
    """A page for one rule number.

    Args:
        entries: all of this number; of one layout those that differ by column stand in one table.
        use: figures of a state home; None where no home was named.
    """
    layouts: dict[str, list[RuleEntry]] = {}
    for entry in entries:
        layouts.setdefault(entry.layout, []).append(entry)
    return render_page(
        "dictionary_rule.html.j2",
        title=f"MOSIS rule {entries[0].rule_id}: {entries[0].title}",
        data=None,
        style="dictionary_docs/docs.css",
        version=dictionary.version,
        rule_id=entries[0].rule_id,
        head=entries[0],
        layouts=[(name, layout_title(name), group) for name, group in layouts.items()],
        where={entry: where_valid(entry, dictionary) for entry in entries},
        scopes=SCOPES,
        on_null=ON_NULL,
        use=use,
        titles={each.version: each.title for each in (*dictionary.collections, dictionary.id_batch)},
        layout_page=layout_page,
        column_link=lambda entry, name: column_link(dictionary, entry, name),
    )


def column_link(dictionary: Dictionary, entry: RuleEntry, standard_name: str) -> str:
    """Where a column of a rule is described: in the newest school year that still has it."""
    newest = dictionary.layout(entry.layout)
    if standard_name in newest.by_standard_name:
        return f"{layout_page(entry.layout)}#{standard_name}"
    year = max(each.school_year for each in entry.collections)
    return f"{layout_page(entry.layout, year)}#{standard_name}"
