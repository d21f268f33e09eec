"""The journal: what was promised, written down before the database knows it.

One file a block, ``NNNNNN.jsonl``: the first line says what the block is, every further line gives one new ID to one line of
one file. Blocks are never changed; each carries the hash of the one before, so that nothing can be altered, taken out or put
in between unnoticed. The database remembers the last block it has taken in (``identity.journal_head``).

No student value stands in the journal except the ID. It is fsynced before the transaction it announces begins.
"""

import hashlib
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import polars as pl

from schemas.clock import rfc3339
from schemas.errors import JournalMismatch
from schemas.files import new_file
from schemas.submission import Submission

BlockKind = Literal["group", "void", "retire", "decision", "merge", "split", "undo", "import"]

FORMAT_VERSION = 1
# Nobody writes to a block again, the service account included.
BLOCK_MODE = 0o400
# file: position in the block's list of files; person_number: of the run's plan, null where no person is meant.
ENTRY_SCHEMA = pl.Schema(
    {"file": pl.UInt32, "line_number": pl.UInt32, "person_number": pl.Int64, "state_id": pl.String}
)
NO_ENTRIES = pl.DataFrame(schema=ENTRY_SCHEMA)
_FILE_NAME = re.compile(r"([0-9]{6,})\.jsonl")


@dataclass(frozen=True, slots=True)
class Head:
    """The last block somebody knows; number 0 stands for an empty journal."""

    number: int
    hash: str


GENESIS = Head(0, "0" * 64)


@dataclass(frozen=True, slots=True)
class BlockFile:
    """A submission as the journal names it. District, school and bytes say which file it is when it is dropped again."""

    submission_id: str
    district_code: str
    school_code: str | None
    sha256: str

    @classmethod
    def of(cls, submission: Submission) -> "BlockFile":
        return cls(submission.submission_id, submission.district_code, submission.school_code, submission.sha256)


@dataclass(frozen=True)
class Block:
    """One block, its hash checked.

    Args:
        group: number of the commit group in the run's plan.
        facts: whatever else the kind needs, plain values.
        entries: ENTRY_SCHEMA, one row a line that is given a new ID.
    """

    number: int
    kind: BlockKind
    run_id: str
    at: str
    group: int | None
    files: tuple[BlockFile, ...]
    facts: dict[str, Any]
    previous_hash: str
    hash: str
    entries_sha256: str
    entries: pl.DataFrame = field(repr=False, compare=False)

    @property
    def head(self) -> Head:
        return Head(self.number, self.hash)


class Journal:
    """The blocks in one folder. Only the holder of the run lock may append."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def head(self) -> Head:
        """The last block there is."""
        number = max(self._numbers(), default=0)
        return Head(number, self.hash_of(number))

    def hash_of(self, number: int) -> str:
        """The hash a block carries.

        Raises:
            JournalMismatch: there is no such block, or its first line is none.
        """
        if number == 0:
            return GENESIS.hash
        with self._open(number) as file:
            return _parse_header(number, file.readline())["hash"]

    def append(
        self,
        kind: BlockKind,
        *,
        run_id: str,
        at: datetime,
        group: int | None = None,
        files: Sequence[BlockFile] = (),
        entries: pl.DataFrame = NO_ENTRIES,
        facts: dict[str, Any] | None = None,
    ) -> Block:
        """Write the next block; on disk when this returns.

        If the last block says exactly this (a run was interrupted right after it), that block is returned instead.
        """
        entries = entries.select(pl.col(name).cast(kind) for name, kind in ENTRY_SCHEMA.items())
        body = _encode(entries)
        head = self.head()
        content = {
            "kind": kind,
            "run_id": run_id,
            "group": group,
            "files": [asdict(file) for file in files],
            "facts": facts or {},
            "entry_count": entries.height,
            "entries_sha256": hashlib.sha256(body).hexdigest(),
        }
        if head.number and self._says(head.number, content):
            return self.read(head.number)
        header = {
            **content,
            "format_version": FORMAT_VERSION,
            "number": head.number + 1,
            "at": rfc3339(at),
            "previous_hash": head.hash,
        }
        header["hash"] = _hash(header)
        with new_file(self._path(head.number + 1), BLOCK_MODE) as temporary, temporary.open("wb") as file:
            file.write(_canonical(header) + b"\n")
            file.write(body)
        return _block(header, entries)

    def read(self, number: int) -> Block:
        """One block.

        Raises:
            JournalMismatch: it is missing, or was changed after it was written.
        """
        with self._open(number) as file:
            header = _parse_header(number, file.readline())
            body = file.read()
        if hashlib.sha256(body).hexdigest() != header["entries_sha256"]:
            raise _broken(number, "its entries do not agree with its hash")
        return _block(header, _decode(body))

    def blocks_after(self, number: int) -> Iterator[Block]:
        """The blocks after one, in order, each checked against the one before.

        Raises:
            JournalMismatch: names the first block that breaks the chain.
        """
        previous = self.hash_of(number)
        for following in range(number + 1, max(self._numbers(), default=0) + 1):
            block = self.read(following)
            if block.previous_hash != previous:
                raise _broken(following, f"it does not follow block {following - 1:06d}")
            previous = block.hash
            yield block

    def verify(self) -> Head:
        """Check every block there is.

        Raises:
            JournalMismatch: names the first block that breaks the chain.
        """
        head = GENESIS
        for block in self.blocks_after(0):
            head = block.head
        return head

    def _says(self, number: int, content: dict[str, Any]) -> bool:
        with self._open(number) as file:
            header = _parse_header(number, file.readline())
        return all(header[name] == value for name, value in content.items())

    def _numbers(self) -> Iterator[int]:
        for path in self.folder.iterdir():
            if match := _FILE_NAME.fullmatch(path.name):
                yield int(match[1])

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.jsonl"

    def _open(self, number: int) -> io.BufferedReader:
        try:
            return self._path(number).open("rb")
        except FileNotFoundError:
            raise _broken(number, "it is missing") from None


def _canonical(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def _hash(header: dict[str, Any]) -> str:
    return hashlib.sha256(_canonical({name: value for name, value in header.items() if name != "hash"})).hexdigest()


def _parse_header(number: int, line: bytes) -> dict[str, Any]:
    """A block's first line, checked to be byte for byte what was written."""
    try:
        header: dict[str, Any] = json.loads(line)
        is_whole = header["number"] == number and header["hash"] == _hash(header) and line == _canonical(header) + b"\n"
    except (ValueError, KeyError, TypeError):
        is_whole = False
    if not is_whole:
        raise _broken(number, "its first line does not agree with its hash")
    if header["format_version"] != FORMAT_VERSION:
        raise _broken(number, f"its format is {header['format_version']}, this version of mosis reads {FORMAT_VERSION}")
    return header


def _block(header: dict[str, Any], entries: pl.DataFrame) -> Block:
    names = ("number", "kind", "run_id", "at", "group", "facts", "previous_hash", "hash", "entries_sha256")
    files = tuple(BlockFile(**file) for file in header["files"])
    return Block(**{name: header[name] for name in names}, files=files, entries=entries)


def _encode(entries: pl.DataFrame) -> bytes:
    """One JSON array a line, all columns at once: a block can hold 900,000."""
    if entries.select("file", "line_number", "state_id").null_count().sum_horizontal().sum():
        raise ValueError("a journal entry names a file, a line and an ID")
    person = pl.col("person_number").cast(pl.String).fill_null("null")
    lines = entries.select(pl.format('[{},{},{},"{}"]\n', "file", "line_number", person, "state_id").str.join(""))
    return lines.item().encode("ascii")


def _decode(body: bytes) -> pl.DataFrame:
    if not body:
        return NO_ENTRIES
    table = io.BytesIO(body.translate(None, b"[]"))
    return pl.read_csv(table, has_header=False, schema=ENTRY_SCHEMA, null_values="null")


def _broken(number: int, why: str) -> JournalMismatch:
    return JournalMismatch(
        f"journal block {number:06d}: {why}. Nothing may be issued until this is clear; compare with the newest backup of the journal."
    )
