"""The dictionary and the rules that judged a collection, kept by their versions so that they can be shown years later.

``archive/versions/<collection>/<dictionary version>-<rule book version>.json`` holds the layout with its code sets, the row of
the calendar and every rule, as they stood. A manifest names the file's sha256, so a change of it is noticed.
"""

import hashlib
import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from schemas.dictionary import Dictionary
from schemas.files import PRIVATE_FILE, PRIVATE_FOLDER, make_folder, sha256_of, write_atomic
from schemas.rules import RuleBook

FOLDER = "versions"
_RULE = ("rule_id", "severity", "scope", "fields", "condition", "on_null", "title", "message", "fix", "source")
_ACROSS = ("rule_id", "severity", "scope", "fields", "query_name", "sql", "title", "message", "fix", "source")


def kept_path(archive: Path, collection_version: str, dictionary_version: str, rule_book_version: str) -> Path:
    return archive / FOLDER / collection_version / f"{dictionary_version}-{rule_book_version}.json"


def kept_sha256(archive: Path, collection_version: str, dictionary_version: str, rule_book_version: str) -> str | None:
    """The hash of what was kept; null where the file was judged before anything was kept."""
    path = kept_path(archive, collection_version, dictionary_version, rule_book_version)
    return sha256_of(path) if path.is_file() else None


def keep_rules(archive: Path, dictionary: Dictionary, book: RuleBook) -> None:
    """Keep what judges a collection now, once for each version; costs nothing where it is kept already."""
    path = kept_path(archive, book.collection.version, dictionary.version, book.version)
    if path.exists():
        return
    for folder in (archive / FOLDER, path.parent):
        make_folder(folder, PRIVATE_FOLDER)
    write_atomic(path, json.dumps(_content(dictionary, book), ensure_ascii=False, default=_plain), PRIVATE_FILE)


def load_kept(path: Path, sha256: str | None) -> dict[str, Any] | None:
    """What was kept, where it is still what it was; null where it is gone or was changed."""
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        return None
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def _content(dictionary: Dictionary, book: RuleBook) -> dict[str, Any]:
    code_sets = sorted({field.code_set for field in book.layout.fields if field.code_set} & dictionary.code_sets.keys())
    return {
        "format_version": 1,
        "dictionary_version": dictionary.version,
        "rule_book_version": book.version,
        "collection": asdict(book.collection),
        "fields": [_field(field) for field in book.layout.fields],
        "code_sets": {name: [asdict(code) for code in dictionary.code_sets[name]] for name in code_sets},
        "rules": [{name: getattr(rule, name) for name in _RULE} for rule in book.rules],
        "across": [{name: getattr(rule.rule, name) for name in _ACROSS} for rule in book.across],
    }


def _field(field: Any) -> dict[str, Any]:
    return {**asdict(field), "requirements": dict(field.requirements)}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return list(value)
