"""The state home: one folder that holds everything, and its settings (design 3.1)."""

import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.errors import NoStateHome, UsageError
from schemas.testing_windows import AssessmentWindow

SETTINGS_FILE = "mosis.toml"
FOLDERS = (
    "inbox", "outbox", "work", "archive", "quarantine", "journal", "models", "keys", "dictionary",
    "directory", "precode", "published", "reports", "backup", "logs",
)  # fmt: skip
# Folders that hold student data or keys in the clear are for the service account alone.
PRIVATE_FOLDERS = ("work", "archive", "quarantine", "journal", "models", "keys", "precode", "backup", "logs", "reports")


class Settings(BaseModel):
    """What an operator may set in ``mosis.toml``; never a secret. Unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state_name: str = "Missouri"
    inbox: Path | None = None
    settle_seconds: float = Field(60.0, ge=0)
    max_file_bytes: int = Field(512 * 1024**2, gt=0)
    records_per_batch: int = Field(150_000, gt=0)
    records_per_group: int = Field(150_000, gt=0)
    threads: int = Field(2, gt=0)
    memory_limit: str = "6GB"
    suppression_threshold: int = Field(30, ge=2)
    confirm_drop_share: float = Field(0.20, ge=0, le=1)
    school_drop_share: float = Field(0.20, ge=0, le=1)
    reminder_days: tuple[int, ...] = (14, 7, 3, 1, 0, -1, -7)
    model_version: str | None = None
    review_flag_days: int = Field(5, ge=1)
    review_escalate_days: int = Field(15, ge=1)
    scoring_backend: Literal["duckdb", "spark"] = "duckdb"
    spark_master: str = "local[2]"
    spark_folder: Path | None = None
    locator_shows_placement: bool = False
    second_approver: bool = False
    testing_windows: tuple[AssessmentWindow, ...] = ()


@dataclass(frozen=True)
class StateHome:
    """Paths of one state home. Opening it checks that it is one; it creates nothing."""

    root: Path

    @classmethod
    def open(cls, root: Path) -> "StateHome":
        home = cls(root.absolute())
        if not home.settings_file.is_file():
            raise NoStateHome(
                f"{home.root} is not a state home: {SETTINGS_FILE} was not found there. "
                "Name one with --home or MOSIS_HOME, or make one with: mosis init HOME --directory DIR"
            )
        return home

    @cached_property
    def settings(self) -> Settings:
        return read_settings(self.settings_file)

    @property
    def settings_file(self) -> Path:
        return self.root / SETTINGS_FILE

    @property
    def inbox(self) -> Path:
        return self.settings.inbox or self.root / "inbox"

    @property
    def database(self) -> Path:
        return self.root / "state.duckdb"

    @property
    def lock_file(self) -> Path:
        return self.work / "lock"

    outbox = property(lambda self: self.root / "outbox")
    work = property(lambda self: self.root / "work")
    archive = property(lambda self: self.root / "archive")
    quarantine = property(lambda self: self.root / "quarantine")
    journal = property(lambda self: self.root / "journal")
    models = property(lambda self: self.root / "models")
    keys = property(lambda self: self.root / "keys")
    dictionary = property(lambda self: self.root / "dictionary")
    directory = property(lambda self: self.root / "directory")
    precode = property(lambda self: self.root / "precode")
    published = property(lambda self: self.root / "published")
    reports = property(lambda self: self.root / "reports")
    backup = property(lambda self: self.root / "backup")
    logs = property(lambda self: self.root / "logs")
    analyst = property(lambda self: self.root / "analyst")
    analyst_copy = property(lambda self: self.root / "analyst" / "state_read.duckdb")

    def outbox_of(self, district_code: str) -> Path:
        return self.root / "outbox" / district_code

    def work_of(self, run_id: str) -> Path:
        return self.root / "work" / run_id


def read_settings(path: Path) -> Settings:
    """The settings in a ``mosis.toml``.

    Raises:
        UsageError: the file is no TOML, or a name or value in it is not one of ours.
    """
    try:
        return Settings(**tomllib.loads(path.read_text("utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not valid TOML ({error}). Correct the file.") from None
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{path}: setting {name}: {first['msg']}. See docs/operator.md for the settings.") from None
