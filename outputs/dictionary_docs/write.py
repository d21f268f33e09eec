"""Writes the pages of the dictionary into a folder: an index, a page for each layout and year, code set and rule."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from outputs.dictionary_docs.catalogue import RuleEntry, gather_rules
from outputs.dictionary_docs.index_page import index_page
from outputs.dictionary_docs.layout_page import code_set_html, layout_html
from outputs.dictionary_docs.links import INDEX, code_set_page, layout_page, rule_page
from outputs.dictionary_docs.rule_page import rule_html
from outputs.dictionary_docs.use import RuleUse
from schemas.dictionary import Dictionary
from schemas.errors import UsageError

# Stands in the folder of pages, so that a folder of anything else is never replaced.
MARK = ".mosis-dictionary"


def write_docs(dictionary: Dictionary, folder: Path, use: Mapping[str, Sequence[RuleUse]] | None) -> int:
    """Replace a folder of pages as a whole; gives the number of pages.

    Args:
        use: figures of a state home by rule number; none where no home was named.

    Raises:
        UsageError: the folder holds something else than an earlier edition of these pages.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise UsageError(f"{folder} holds other files; name an empty folder, or one that this command wrote before.")
    rules = gather_rules(dictionary, (*dictionary.collections, dictionary.id_batch))
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    count = 0
    for name, content in _pages(dictionary, rules, use):
        path = fresh / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        count += 1
    (fresh / MARK).write_text(f"{dictionary.version}\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    return count


def _pages(
    dictionary: Dictionary, rules: Sequence[RuleEntry], use: Mapping[str, Sequence[RuleUse]] | None
) -> Iterator[tuple[str, bytes]]:
    by_number: dict[str, list[RuleEntry]] = {}
    for entry in rules:
        by_number.setdefault(entry.rule_id, []).append(entry)
    yield INDEX, index_page(dictionary, by_number, use)
    for (name, year), layout in dictionary.layouts.items():
        newest = dictionary.layout(name)
        page = layout_page(name) if layout is newest else layout_page(name, year)
        yield page, layout_html(dictionary, layout, [entry for entry in rules if entry.layout == name])
    for code_set in dictionary.code_sets:
        yield code_set_page(code_set), code_set_html(dictionary, code_set)
    for rule_id, entries in by_number.items():
        yield rule_page(rule_id), rule_html(dictionary, entries, None if use is None else use.get(rule_id, ()))
