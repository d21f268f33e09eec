"""What ``mosis dictionary`` shows and writes."""

import json
from pathlib import Path

from flows.session import open_reader
from outputs.dictionary_diff import compare_years, difference_page, difference_text
from outputs.dictionary_diff.text import difference_json
from outputs.dictionary_docs.manual import manual_page
from outputs.dictionary_docs.use import rule_use
from outputs.dictionary_docs.write import write_docs
from outputs.dictionary_show import collection_rows, field_rows, show_collections, show_field, show_layout
from outputs.templates_of_layouts import template_csv, template_xlsx
from schemas.dictionary import Dictionary, load_dictionary
from schemas.errors import UsageError
from schemas.files import write_atomic
from schemas.paths import StateHome


def open_dictionary(home: Path | None) -> Dictionary:
    """The shipped dictionary, with a home's overlay where a home is named."""
    return load_dictionary(StateHome.open(home).dictionary if home else None)


def show_dictionary(collection: str | None, field: str | None, home: Path | None, *, as_json: bool) -> str:
    """Collections, a layout or one field, as text or JSON."""
    dictionary = open_dictionary(home)
    if collection is None:
        return json.dumps(collection_rows(dictionary), indent=2) if as_json else show_collections(dictionary)
    found = dictionary.collection(collection)
    if as_json:
        return json.dumps(field_rows(dictionary, found), indent=2)
    return show_field(dictionary, found, field) if field else show_layout(dictionary, found)


def write_template(collection: str, out: Path | None, home: Path | None) -> str:
    """An empty file with the header row; to the terminal where no file is named.

    Raises:
        UsageError: a file that exists or of another kind than .csv and .xlsx.
    """
    dictionary = open_dictionary(home)
    layout = dictionary.layout_of(dictionary.collection(collection))
    if out is None:
        return template_csv(layout).decode("utf-8-sig").rstrip("\r\n")
    if out.suffix.lower() not in (".csv", ".xlsx"):
        raise UsageError(f"{out}: a template is a .csv or .xlsx file.")
    if out.exists():
        raise UsageError(f"{out} exists already; name another file.")
    write_atomic(out, template_xlsx(layout) if out.suffix.lower() == ".xlsx" else template_csv(layout))
    return f"Wrote {out}: {len(layout.fields)} columns of {collection}."


def diff_years(before: int, after: int, html: Path | None, home: Path | None, *, as_json: bool) -> str:
    """What changes between two school years, as text or JSON; as a page too where a file is named."""
    difference = compare_years(open_dictionary(home), before, after)
    if html is not None:
        write_atomic(html, difference_page(difference))
    if as_json:
        return json.dumps(difference_json(difference), indent=2)
    text = difference_text(difference).rstrip("\n")
    return f"{text}\n\nWrote {html}." if html else text


def docs(to: Path, home: Path | None) -> str:
    """Write the pages of the dictionary; with a home also its corrections and how often each rule fires there.

    Raises:
        UsageError: the folder holds other files. Busy: a run is at work in the home.
    """
    if home is None:
        pages = write_docs(load_dictionary(), to, None)
    else:
        with open_reader(StateHome.open(home)) as reader:
            pages = write_docs(reader.dictionary, to, rule_use(reader.con))
    return f"Wrote {pages:,} pages. Begin with {to / 'index.html'}."


def manual(school_year: int, to: Path, home: Path | None) -> str:
    """Write the manual of a school year as one page to print."""
    write_atomic(to, manual_page(open_dictionary(home), school_year))
    return f"Wrote {to}."
