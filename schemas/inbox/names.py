"""File names are bytes of any kind; here is how they are told apart and how they are shown."""

import os

# A client writes under such a name and renames when the upload is whole; editors and spreadsheets leave the others.
UNFINISHED_SUFFIXES = (".part", ".filepart", ".tmp", "~")
CHECKSUM_SUFFIX = ".sha256"
CLAIMED = ".claimed"


def is_upload_in_progress(name: str) -> bool:
    """Whether a name says that the file is not whole yet; it waits until it is renamed."""
    return name.lower().endswith(UNFINISHED_SUFFIXES) or name.startswith("~")


def is_hidden(name: str) -> bool:
    return name.startswith(".")


def is_checksum(name: str) -> bool:
    return name.lower().endswith(CHECKSUM_SUFFIX)


def printable_name(name: str) -> str:
    """A file name for receipts and the database: anything that cannot be printed as an escape, such as ``\\x0a``.

    Line ends, control characters, marks that turn the direction of writing and bytes that are no UTF-8 would let a name
    pose as something else.
    """
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(character if character.isprintable() else _escape(character) for character in text)


def _escape(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
