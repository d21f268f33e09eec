"""Forms in every outbox, written anew when what they are made of has changed, and not otherwise."""

import hashlib
import os
from pathlib import Path

from schemas.dictionary import Dictionary
from schemas.directory import Directory
from schemas.files import GROUP_FILE, make_folder, write_atomic
from schemas.paths import StateHome

FORMS = {"new_student.html": "new_student", "locate.html": "locate"}
FOLDER = "forms"
STAMP = "forms.sha256"
_OUTBOX_FOLDER = 0o750
_OUTPUTS = Path(__file__).parents[1]


def refresh_forms(home: StateHome, dictionary: Dictionary, directory: Directory) -> int:
    """Write the forms of every district where dictionary, directory or pages have changed; those that are missing always.

    Returns:
        How many districts got new forms.
    """
    stamp = home.reports / STAMP
    made_of = _made_of(dictionary, directory)
    is_current = stamp.is_file() and stamp.read_text("utf-8").strip() == made_of
    stale = [code for code in directory.district_codes if not (is_current and _has_forms(home, code))]
    if not stale:
        return 0
    # A run that finds the forms as they should be does without the page and what it is made with.
    from outputs.forms.page import Places, form_page

    places = Places.of(dictionary, directory)
    for code in stale:
        make_folder(home.outbox_of(code), _OUTBOX_FOLDER)
        folder = home.outbox_of(code) / FOLDER
        make_folder(folder, _OUTBOX_FOLDER)
        for name, form in FORMS.items():
            _put(folder / name, form_page(form, code, places))
    write_atomic(stamp, made_of + "\n")
    return len(stale)


def _has_forms(home: StateHome, district_code: str) -> bool:
    folder = home.outbox_of(district_code) / FOLDER
    try:
        return all((folder / name).stat().st_size for name in FORMS)
    except OSError:
        return False


def _put(path: Path, content: bytes) -> None:
    """Whole or not at all, but not waited for: a form that a power cut takes away is written again."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    temporary.chmod(GROUP_FILE)
    temporary.replace(path)


def _made_of(dictionary: Dictionary, directory: Directory) -> str:
    """A hash of everything that a form shows or does."""
    digest = hashlib.sha256(dictionary.version.encode())
    for frame in (directory.districts, directory.schools):
        digest.update(frame.write_csv().encode())
    pages = sorted((_OUTPUTS / FOLDER).glob("*"))
    locator = sorted((_OUTPUTS.parent / "schemas" / "locator").glob("*.csv"))
    for path in [*pages, *locator, _OUTPUTS / "style.css", _OUTPUTS / "page.html.j2"]:
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()
