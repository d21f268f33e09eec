"""The folders of an outbox that hold no answer to a file: what districts are told beside, newest first."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from outputs.outbox_index.latest import FOLDER as LATEST
from outputs.outbox_index.listing import Link

# What stands in each folder, in the order in which it is listed; unknown ones come after them under their own name.
WORDS = {
    "state_level": ("Compared with other districts", "These never stop your certification. Call the other district; the page says whom."),
    "reminders": ("Reminders", "What is due and when."),
    "notices": ("Notices", "What happened to certificates of your district, or of files yours are compared with."),
    "id_changes": ("Changed state IDs", "Bring your student system in line with these lists."),
    "precode": ("Pre-code files", "Students as they were sent to the test vendor, with your own labels."),
    "forms": ("Forms", "Look up a state ID, or ask for a new one, without an export."),
}  # fmt: skip
# So many files of a folder are linked; all of them stand in it.
_LINKED = 40


@dataclass(frozen=True, slots=True)
class Folder:
    """``links`` name files relative to the outbox; ``more`` others are not linked."""

    name: str
    title: str
    about: str
    links: list[Link]
    more: int


def other_folders(outbox: Path, submission_ids: frozenset[str]) -> list[Folder]:
    """Folders with at least one file."""
    with os.scandir(outbox) as entries:
        names = {
            entry.name for entry in entries if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")
        }
    others = names - submission_ids - {LATEST}
    ordered = [name for name in WORDS if name in others] + sorted(others - set(WORDS))
    found = (_folder(outbox, name) for name in ordered)
    return [folder for folder in found if folder.links]


def _folder(outbox: Path, name: str) -> Folder:
    title, about = WORDS.get(name, (name.replace("_", " ").capitalize(), ""))
    files = sorted(_files(outbox / name), reverse=name != "forms")
    links = [Link(_label(path), quote(f"{name}/{path.as_posix()}")) for path in files[:_LINKED]]
    return Folder(name, title, about, links, max(0, len(files) - _LINKED))


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if not each.startswith(".")]
        yield from (Path(parent, each).relative_to(folder) for each in names if not each.startswith("."))


def _label(path: Path) -> str:
    return path.as_posix().replace("/", " · ")
