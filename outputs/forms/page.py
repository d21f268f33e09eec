"""One form of one district as a self-contained page: every field, code and length comes from the data dictionary.

The page checks what is typed as the state will, and saves a file that the inbox takes: an ID batch of one record, or a
locator request. It sends nothing anywhere. The Social Security number is never asked for.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

from markupsafe import Markup

from outputs.pages import render_page
from schemas.dictionary import ID_BATCH, Dictionary, Field
from schemas.directory import STANDING_SCHOOLS, Directory
from schemas.locator.request import purposes, request_columns

_FOLDER = Path(__file__).parent
NEW_STUDENT, LOCATE = "new_student", "locate"
TITLES = {NEW_STUDENT: "Ask for a state ID", LOCATE: "Look a student up"}
# Columns of a saved file that nobody types: always the same for a district, or always blank.
NEVER_ASKED = ("record_type", "ssn", "current_district_code", "reference")

Options = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class FormField:
    """A field as it stands on the page; ``options`` are (code, words) of a choice or list."""

    name: str
    label: str
    hint: str
    control: str
    is_required: bool
    length: int
    pattern: str
    pattern_message: str
    section: str
    options: Options = ()


@dataclass(frozen=True)
class Places:
    """What every district's form says of the state, worked out once."""

    dictionary: Dictionary
    directory: Directory
    districts: Options

    @classmethod
    def of(cls, dictionary: Dictionary, directory: Directory) -> "Places":
        rows = _open(directory.districts.iter_rows(named=True), dictionary)
        return cls(dictionary, directory, sorted((row["district_code"], row["name"]) for row in rows))

    @cached_property
    def district_options(self) -> Markup:
        """The list of districts as markup: the same, and the longest part, of every page."""
        return Markup("\n").join(
            Markup('<option value="{}">{} ({})</option>').format(code, name, code) for code, name in self.districts
        )

    @cached_property
    def _schools(self) -> dict[str, list[tuple[str, str]]]:
        found: dict[str, list[tuple[str, str]]] = {}
        for row in _open(self.directory.schools.iter_rows(named=True), self.dictionary):
            found.setdefault(row["district_code"], []).append((row["school_code"], row["name"]))
        return found

    def schools(self, district_code: str) -> Options:
        """Schools of a district, the standing ones last."""
        return [*sorted(self._schools.get(district_code, [])), *sorted(STANDING_SCHOOLS.items())]


def form_page(form: str, district_code: str, places: Places) -> bytes:
    """The page of a form for a district."""
    fields = form_fields(form, district_code, places)
    sections = [(title, list(group)) for title, group in groupby(fields, key=lambda field: field.section)]
    district_name = places.directory.district_name(district_code)
    data = {
        "form": form,
        "district": district_code,
        "columns": saved_columns(form, places.dictionary),
        "fields": [_for_script(field) for field in fields],
    }
    return render_page(
        f"{form}.html.j2",
        title=f"{TITLES[form]}: {district_name}",
        data=data,
        script="forms/form.js",
        style="forms/form.css",
        heading=TITLES[form],
        district_code=district_code,
        district_name=district_name,
        sections=sections,
        district_options=places.district_options,
    )


def form_fields(form: str, district_code: str, places: Places) -> list[FormField]:
    """Every field of a form, in the order of the page."""
    known = _batch_facts(places.dictionary) if form == NEW_STUDENT else _locator_facts()
    fields = []
    for row in form_rows():
        if row["form"] == form:
            is_required, length, code_set = known[row["standard_name"]]
            options = _options(row, code_set, district_code, places)
            fields.append(
                FormField(
                    row["standard_name"], row["label"], row["hint"], row["control"], is_required, length,
                    row["pattern"], row["pattern_message"], row["section"], options,
                )
            )  # fmt: skip
    return fields


def saved_columns(form: str, dictionary: Dictionary) -> list[list[str]]:
    """Columns of the saved file, in its order: [standard name, name in the header]."""
    if form == NEW_STUDENT:
        return [[field.standard_name, field.column] for field in dictionary.layout(ID_BATCH).fields]
    return [[column.standard_name, column.column] for column in request_columns()]


@cache
def form_rows() -> list[dict[str, str]]:
    with (_FOLDER / "fields.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def _batch_facts(dictionary: Dictionary) -> dict[str, tuple[bool, int, str | None]]:
    def facts(field: Field) -> tuple[bool, int, str | None]:
        return field.requirement(None) == "Required", field.length, field.code_set

    return {field.standard_name: facts(field) for field in dictionary.layout(ID_BATCH).fields}


def _locator_facts() -> dict[str, tuple[bool, int, str | None]]:
    return {column.standard_name: (column.is_needed, column.length, None) for column in request_columns()}


def _options(row: dict[str, str], code_set: str | None, district_code: str, places: Places) -> Options:
    if row["control"] == "school":
        return places.schools(district_code)
    if row["control"] == "year":
        years = reversed(places.dictionary.school_years)
        return [(str(year), f"{year - 1}–{year % 100:02}") for year in years]
    if row["standard_name"] == "purpose":
        return list(purposes().items())
    if row["control"] in ("select", "wide", "choice") and code_set:
        spellings = places.dictionary.code_spellings(code_set)
        meanings = places.dictionary.code_meanings(code_set)
        return [(code, words) for code, words in meanings.items() if code not in spellings]
    return ()


def _for_script(field: FormField) -> dict[str, Any]:
    facts = asdict(field)
    return {
        name: facts[name]
        for name in ("name", "label", "control", "is_required", "length", "pattern", "pattern_message")
    }


def _open(rows: Iterable[dict[str, Any]], dictionary: Dictionary) -> Iterable[dict[str, Any]]:
    """Places open in one of the years for which IDs are asked."""
    first, last = dictionary.school_years[0], dictionary.school_years[-1]
    return (row for row in rows if (row["opened_year"] or last) <= last and (row["closed_year"] or last) >= first)
