"""Options that several commands share."""

import os
from pathlib import Path
from typing import Annotated

import typer

from schemas.errors import NoStateHome
from schemas.paths import StateHome

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", envvar="MOSIS_HOME", help="The state home; MOSIS_HOME names it too.", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def open_home(home: Path | None) -> StateHome:
    """The state home that was named.

    Raises:
        NoStateHome: none was named, or the folder is none.
    """
    if home is None:
        raise NoStateHome(
            "No state home was named. Name one with --home HOME or set MOSIS_HOME; make one with: mosis init"
        )
    return StateHome.open(home)


def actor() -> str:
    """Who gives the command, for the journal: the login name."""
    return os.environ.get("SUDO_USER") or os.environ.get("USER") or os.environ.get("LOGNAME") or "operator"
