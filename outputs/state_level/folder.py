"""``outbox/<district>/state_level/<date>/``: the page and the table of a day; a later run of the day writes them anew."""

from pathlib import Path

from outputs.disclosure_log import Disclosure
from outputs.state_level.content import PURPOSE, DistrictFindings
from outputs.state_level.csv_file import state_level_csv
from outputs.state_level.page import state_level_html
from schemas.directory import Directory
from schemas.files import make_folder, write_atomic
from schemas.paths import StateHome

FOLDER, PAGE, TABLE = "state_level", "state_level.html", "state_level.csv"
# Locator fields (data policy of 2007).
_LEVEL = 4
_ACTOR = "pipeline"
_GROUP_FOLDER = 0o750


def write_state_level(home: StateHome, findings: DistrictFindings, directory: Directory) -> Path:
    """Write a district's table, then its page; each file whole or not at all. The folder."""
    outbox = home.outbox_of(findings.district_code)
    folder = outbox / FOLDER / f"{findings.day:%Y-%m-%d}"
    for part in (outbox, folder.parent, folder):
        make_folder(part, _GROUP_FOLDER)
    write_atomic(folder / TABLE, state_level_csv(findings, directory))
    write_atomic(folder / PAGE, state_level_html(findings))
    return folder


def disclosure_of(findings: DistrictFindings) -> Disclosure | None:
    """What the log has to hold before the page is written: of whom it shows another district's record for the first time."""
    if not findings.shown:
        return None
    recipient = f"district {findings.district_code}"
    purpose = f"{PURPOSE}{findings.day:%Y-%m-%d}"
    return Disclosure(_ACTOR, _LEVEL, purpose, recipient, findings.shown, findings.district_code)
