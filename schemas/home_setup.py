"""``mosis init``: a folder becomes a state home (design 3.1)."""

from pathlib import Path

from schemas.database.collection_tables import sync_collection_tables
from schemas.database.open import open_state
from schemas.dictionary import load_dictionary
from schemas.directory import load_directory
from schemas.errors import UsageError
from schemas.files import PRIVATE_FILE, PRIVATE_FOLDER, copy_file, make_folder, write_atomic
from schemas.key_files import create_ssn_key
from schemas.paths import FOLDERS, PRIVATE_FOLDERS, SETTINGS_FILE, Settings, StateHome

DIRECTORY_FILES = ("districts.csv", "schools.csv")
FIRST_KEY_VERSION = 1
_SETTING_NOTES = {
    "state_name": "shown on reports",
    "inbox": "folder of the districts' inboxes, where it is not HOME/inbox (a chroot for SFTP, say)",
    "settle_seconds": "a file must be quiet this long before it counts as uploaded",
    "max_file_bytes": "a larger file is quarantined unopened",
    "records_per_batch": "records checked in one go",
    "records_per_group": "records committed in one go, whole files",
    "threads": "of the database",
    "memory_limit": "of the database; the rest of a run needs about as much again",
    "suppression_threshold": "counts below it are withheld (policy of 2007: fewer than thirty)",
    "confirm_drop_share": "a correction that drops a larger share of the earlier records waits for confirmation",
    "school_drop_share": "a school with a larger share of its records gone since it was last certified is named in a warning",
    "reminder_days": "days before, and with a minus after, the due date on which districts are reminded; [] for never",
    "review_flag_days": "business days after which an open near match is flagged in mosis status",
    "review_escalate_days": "business days after which it is escalated: the state decides it (mosis review)",
    "model_version": "folder in HOME/models/; the model that ships where it is not set",
    "scoring_backend": "where pairs are compared: duckdb (in the run's own process) or spark (docs/scale.md)",
    "spark_master": "of the spark backend: local[2], spark://host:7077, yarn",
    "spark_folder": "where runs and Spark exchange files; on a cluster a path that every executor sees; HOME/work without",
    "locator_shows_placement": "the locator shows district, school and grade too, which help to place a child (policy of 2007)",
    "second_approver": "true: merge, split, retire and undo of a state ID wait until a second person approves them",
    "testing_windows": "while an assessment is given, corrections of state IDs wait; days in Missouri, both included",
}

# A setting that is off by default is shown with a value it could have.
_EXAMPLES = {
    "inbox": '"/srv/sftp/inbox"',
    "model_version": '"2026-10"',
    "spark_folder": '"/srv/shared/mosis"',
    "reminder_days": "[14, 7, 3, 1, 0, -1, -7]",
    "testing_windows": '[{ assessment = "MAPSPR", opens = 2026-03-30, closes = 2026-05-22 }]',
}
# The districts' own folders: their group is the operator's to set, others see nothing.
_DISTRICT_FOLDER = 0o750


def make_home(root: Path, directory: Path) -> StateHome:
    """Make a state home at ``root`` with the districts and schools of ``directory``.

    The settings file comes last: a folder without it is no home, so an interrupted ``init`` can simply be run again.

    Raises:
        UsageError: there is a home already, or something that is not part of one.
        DictionaryError: the directory disagrees with itself.
    """
    home = StateHome(root.absolute())
    _refuse_what_is_there(home)
    districts = load_directory(directory).districts["district_code"].to_list()
    _make_folders(home)
    for name in DIRECTORY_FILES:
        copy_file(directory / name, home.directory / name, mode=0o644)
    create_ssn_key(home.keys, FIRST_KEY_VERSION)
    for district_code in districts:
        make_folder(home.root / "inbox" / district_code, _DISTRICT_FOLDER)
        make_folder(home.outbox_of(district_code), _DISTRICT_FOLDER)
    _make_database(home)
    write_atomic(home.settings_file, settings_text(), mode=0o644)
    return StateHome.open(home.root)


def _refuse_what_is_there(home: StateHome) -> None:
    if home.settings_file.exists():
        raise UsageError(f"{home.root} is a state home already; it was left as it is.")
    if not home.root.exists():
        return
    if not home.root.is_dir():
        raise UsageError(f"{home.root} is not a folder.")
    ours = {*FOLDERS, home.database.name, f"{home.database.name}.wal", f".{SETTINGS_FILE}.tmp"}
    foreign = sorted(path.name for path in home.root.iterdir() if path.name not in ours)
    if foreign:
        raise UsageError(
            f"{home.root} holds other things ({foreign[0]}). Name a folder that is empty or not there yet."
        )


def _make_folders(home: StateHome) -> None:
    home.root.parent.mkdir(parents=True, exist_ok=True)
    make_folder(home.root)
    for name in FOLDERS:
        make_folder(home.root / name, PRIVATE_FOLDER if name in PRIVATE_FOLDERS else 0o755)


def _make_database(home: StateHome) -> None:
    con = open_state(home, create=True)
    try:
        sync_collection_tables(con, load_dictionary())
    finally:
        con.close()
    home.database.chmod(PRIVATE_FILE)


def settings_text() -> str:
    """``mosis.toml`` as a new home has it: every setting as a comment, with its default or an example."""
    lines = ["# Settings of this state home. Remove the # to change one; never put a secret here.", ""]
    for name, field in Settings.model_fields.items():
        lines += [f"# {_SETTING_NOTES[name]}", f"# {name} = {_EXAMPLES.get(name) or _toml(field.default)}", ""]
    return "\n".join(lines)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
