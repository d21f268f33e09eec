"""What ``mosis dictionary`` shows and writes."""

import json
from collections.abc import Sequence
from pathlib import Path

from flows.session import open_reader
from outputs.dictionary_diff import compare_years, difference_page, difference_text
from outputs.dictionary_diff.text import difference_json
from outputs.dictionary_docs.manual import manual_page
from outputs.dictionary_docs.use import rule_use
from outputs.dictionary_docs.write import write_docs
from outputs.dictionary_import_text import gap_list
from outputs.dictionary_show import collection_rows, field_rows, show_collections, show_field, show_layout
from outputs.templates_of_layouts import template_csv, template_xlsx
from schemas.clock import Clock, missouri_day, rfc3339
from schemas.corrections import correct_rule, overlay_content, try_out_overlay, write_overlay
from schemas.data_files import PROVENANCE_COLUMNS
from schemas.dictionary import Dictionary, load_dictionary
from schemas.dictionary_import import ImportPlan, compare_pages, read_pages
from schemas.errors import DictionaryError, UsageError
from schemas.files import write_atomic
from schemas.lock import hold_lock
from schemas.overlay import TO_BE_WRITTEN, check_overlay
from schemas.paths import StateHome
from schemas.rule_examples import ExampleFault, Trial, breaking_record, example_faults, try_out
from schemas.rules import load_rule_book


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


def correct(
    home: StateHome,
    rule_id: str,
    changes: dict[str, str],
    *,
    cycles: str | None,
    retire: bool,
    reason: str,
    actor: str,
    clock: Clock,
    is_dry_run: bool,
) -> str:
    """Correct a rule in the home's dictionary, once it is known to work; says what it touches and what to do next.

    Raises:
        RuleBookError: the corrected rule cannot work. UnknownName, UsageError. Busy: a run is at work.
    """
    if not reason.strip() or not actor.strip():
        raise UsageError("A correction needs a reason and a name; they stand beside the rule on every page.")
    with hold_lock(home):
        found = correct_rule(
            load_dictionary(home.dictionary),
            rule_id,
            changes,
            cycles=cycles,
            retire=retire,
            reason=reason.strip(),
            actor=actor.strip(),
            today=missouri_day(clock.now()),
        )
        lines = [f"{rule_id} is {'withdrawn' if retire else 'corrected'} in {len(found.collections)} collections."]
        lines += [f"It takes the place of today's earlier correction: {reason}" for reason in found.replaced]
        if is_dry_run:
            return "\n".join(["Tried out; nothing was written.", *lines])
        (path,) = write_overlay(home.dictionary, {found.file: found.content})
        with (home.logs / f"{clock.now():%Y-%m}.log").open("a", encoding="utf-8") as log:
            log.write(
                f"{rfc3339(clock.now())} rule {rule_id} {'withdrawn' if retire else 'corrected'} by {actor}: {reason}\n"
            )
    lines += [f"Written to {path}.", "Judge what is stored anew, for each collection that has files:"]
    lines += [f"  mosis violations revalidate {each.version}" for each in found.collections]
    return "\n".join(lines)


def verify(home: Path | None, *, clock: Clock) -> list[str]:
    """What is wrong with the dictionary, the rule books and a home's corrections; nothing where all is well."""
    try:
        dictionary = open_dictionary(home)
        if home is not None:
            check_overlay(dictionary, missouri_day(clock.now()))
    except DictionaryError as error:
        return [str(error)]
    found: dict[str, None] = {}
    for collection in (*dictionary.collections, dictionary.id_batch):
        try:
            book = load_rule_book(dictionary, collection)
        except DictionaryError as error:
            found[str(error)] = None
            continue
        written = [rule for rule in book.rules if rule.kind == "written"]
        implied = [rule for rule in book.rules if rule.kind != "written"]
        found |= {f"{rule.place}: {rule.rule_id}: {fault}": None for rule, fault in example_faults(book, written)}
        answers = try_out(book, [Trial(rule, breaking_record(rule, book)) for rule in implied])
        for rule, answer in zip(implied, answers, strict=True):
            if isinstance(answer, ExampleFault) or not any(answer):
                found[f"{rule.place}: {rule.key} can never fire in {collection.version}"] = None
    return list(found)


def plan_import(home: StateHome, pages: Sequence[Path], collection: str | None) -> ImportPlan:
    """What saved pages change in the dictionary as the home has it.

    Raises:
        DictionaryError: a page that is not what it claims.
    """
    return compare_pages(load_dictionary(home.dictionary), read_pages(pages), collection)


def carry_out_import(home: StateHome, plan: ImportPlan, *, reason: str, actor: str, clock: Clock) -> str:
    """Write the rows of an import into the home's dictionary, once all of them together are known to work.

    Raises:
        DictionaryError: with these rows the dictionary would be refused; nothing is written. Busy: a run is at work.
    """
    today = missouri_day(clock.now())
    signed = dict(zip(PROVENANCE_COLUMNS, (today.isoformat(), actor, reason), strict=True))
    with hold_lock(home):
        contents = {}
        for file in dict.fromkeys(each.file for each in plan.proposals):
            rows = [each for each in plan.proposals if each.file == file]
            new = [{**each.row, **signed} for each in rows]
            contents[file], _ = overlay_content(home.dictionary, file, rows[0].columns, rows[0].key, new)
        try_out_overlay(home.dictionary, contents, today)
        if plan.gaps:
            contents[Path(TO_BE_WRITTEN)] = gap_list(plan)
        written = write_overlay(home.dictionary, contents)
        with (home.logs / f"{clock.now():%Y-%m}.log").open("a", encoding="utf-8") as log:
            log.write(f"{rfc3339(clock.now())} dictionary import of {len(plan.proposals)} rows by {actor}: {reason}\n")
    return "\n".join(["Written:", *(f"  {path}" for path in written)])
