"""What all HTML pages share: one self-contained file, one style, no request to anywhere, no value becomes markup."""

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Assets:
    """Style and script to inline, and the policy that allows exactly these two and nothing else."""

    style: Markup
    script: Markup
    policy: str


@dataclass(frozen=True, slots=True)
class BarPart:
    """A piece of a bar, in hundredths of its full width."""

    kind: str
    start: float
    width: float


def bar_parts(counts: Sequence[tuple[str, int]], full: int) -> list[BarPart]:
    """Pieces one after the other, each as wide as its count is of ``full``; a count above zero can always be seen."""
    parts, start = [], 0.0
    for kind, count in counts:
        width = max(round(100 * count / full, 2), 0.6) if count and full else 0.0
        parts.append(BarPart(kind, round(start, 2), width))
        start += width
    return parts


def render_page(
    template: str,
    *,
    title: str,
    data: dict[str, Any] | None,
    script: str | tuple[str, ...] = "table.js",
    style: str | None = None,
    **values: Any,
) -> bytes:
    """A page as bytes.

    Args:
        data: what the script shows; a page without it carries no script.
        script: file beside this one, or in a page's own folder; several run in that order.
        style: file with what the page needs beyond the style that all share.
    """
    assets = _assets(script if data is not None else None, style)
    page = _template(template).render(title=title, assets=assets, data=data and embedded_json(data), **values)
    return page.encode("utf-8")


def embedded_json(data: Any) -> Markup:
    """JSON that may stand inside a script element: no sign in it can end the element or start a tag."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # Lone surrogates (a file name of any bytes) have no UTF-8 form.
    text = text.encode("utf-8", "replace").decode("utf-8")
    for sign, escape in (
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("&", "\\u0026"),
        ("\u2028", "\\u2028"),
        ("\u2029", "\\u2029"),
    ):
        text = text.replace(sign, escape)
    return Markup(text)


def encode_texts(texts: Iterable[str | None]) -> tuple[list[str], list[int | None]]:
    """The distinct texts, in order of first sight, and for each text its place among them; null stays null."""
    places: dict[str, int] = {}
    values = [None if text is None else places.setdefault(text, len(places)) for text in texts]
    return list(places), values


@cache
def _environment() -> jinja2.Environment:
    # Not pretty-printed: 560 districts get a page in every run.
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(
            [
                _FOLDER,
                _FOLDER / "violation_report",
                _FOLDER / "outbox_index",
                _FOLDER / "state_page",
                _FOLDER / "state_level",
                _FOLDER / "training_report",
                _FOLDER / "review_page",
                _FOLDER / "accuracy_report",
                _FOLDER / "forms",
                _FOLDER / "dictionary_diff",
                _FOLDER / "dictionary_docs",
            ]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _template(name: str) -> jinja2.Template:
    return _environment().get_template(name)


@cache
def _assets(scripts: str | tuple[str, ...] | None, style_file: str | None) -> Assets:
    style = "".join((_FOLDER / name).read_text("utf-8") for name in ("style.css", style_file) if name)
    script_files = (scripts,) if isinstance(scripts, str) else scripts or ()
    script = "".join((_FOLDER / name).read_text("utf-8") for name in script_files)
    allowed = f"script-src '{_hash(script)}'" if script_files else "script-src 'none'"
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; {allowed}; img-src data:; base-uri 'none'; form-action 'none'"
    )
    return Assets(Markup(style), Markup(script), policy)


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
