"""The public page of a release: pick a table and a place, see the counts, a star where a count is withheld.

Made from the published tables alone; the audit holds its data against them.
"""

import base64
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import polars as pl
from markupsafe import Markup

from outputs.aggregates.products import TOTAL, UNKNOWN, categories_of
from outputs.pages import Assets, embedded_json
from outputs.publish.engine.suppress import SMALL
from outputs.publish.tables import PublishedTable
from schemas.directory import Directory

_FOLDER = Path(__file__).parent
# How the page's data write a withheld cell; no count is below zero.
WITHHELD_SMALL = -1
WITHHELD_OTHER = -2


def render_release_page(
    name: str, description: bytes, tables: list[PublishedTable], directory: Directory | None
) -> bytes:
    """The page as bytes; the same release gives the same bytes."""
    release = json.loads(description)
    places = tables[0].rows.select("district_code", "school_code").unique(maintain_order=True)
    data = {
        "places": [[*place, place_name(directory, *place)] for place in places.iter_rows()],
        "tables": [_table_data(table) for table in tables],
    }
    page = _template().render(
        title=f"Enrollment, {release['cycle']} {release['school_year']}",
        release=release,
        threshold=max(table.threshold for table in tables),
        titles=[(table.product.title, table.file) for table in tables],
        assets=_assets(),
        data=embedded_json(data),
    )
    return page.encode("utf-8")


def place_name(directory: Directory | None, district_code: str, school_code: str) -> str:
    """The name of a place; its code where no directory knows it."""
    if district_code == TOTAL:
        return "Missouri"
    if school_code == TOTAL:
        return directory.district_name(district_code) if directory else district_code
    return directory.school_name(district_code, school_code) if directory else school_code


def _table_data(table: PublishedTable) -> dict[str, Any]:
    axis = table.product.axis
    meanings = {TOTAL: "Total", **categories_of(table.product), UNKNOWN: "Not reported"}
    # The code set's own order, the total last.
    order = [code for code in (*categories_of(table.product), UNKNOWN, TOTAL) if code in table.rows[axis]]
    withheld = pl.when(pl.col("status") == SMALL).then(WITHHELD_SMALL).otherwise(WITHHELD_OTHER)
    counts = table.rows.with_columns(pl.col("student_count").fill_null(withheld))
    wide = counts.pivot(axis, index=["district_code", "school_code"], values="student_count", maintain_order=True)
    return {
        "name": table.product.name,
        "title": table.product.title,
        "categories": [[code, meanings[code]] for code in order],
        "counts": [list(row) for row in wide.select(order).iter_rows()],
    }


@cache
def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader([_FOLDER, _FOLDER.parents[1]])
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("release.html.j2")


@cache
def _assets() -> Assets:
    style = (_FOLDER.parents[1] / "style.css").read_text("utf-8") + (_FOLDER / "release.css").read_text("utf-8")
    script = (_FOLDER / "release.js").read_text("utf-8")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    return Assets(Markup(style), Markup(script), policy)


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
