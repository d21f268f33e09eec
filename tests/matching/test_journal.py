"""The journal: what was written can be read, and nothing can be changed unnoticed."""

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from matching.journal import ENTRY_SCHEMA, GENESIS, BlockFile, Head, Journal
from schemas.errors import JournalMismatch

AT = datetime(2025, 10, 6, 14, 0, tzinfo=UTC)
FILES = (BlockFile("S1", "001090", None, "a" * 64), BlockFile("S2", "001091", "1050", "b" * 64))


def entries(*rows: tuple[int, int, int | None, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=ENTRY_SCHEMA, orient="row")


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path)


@pytest.fixture
def three_blocks(journal: Journal) -> Journal:
    journal.append(
        "group",
        run_id="r1",
        at=AT,
        group=1,
        files=FILES,
        entries=entries((0, 2, 7, "1000000008"), (1, 3, 7, "1000000008")),
    )
    journal.append("void", run_id="r1", at=AT, group=1, facts={"block": 1})
    journal.append("group", run_id="r1", at=AT, group=1, files=FILES[:1], entries=entries((0, 2, 7, "1000000008")))
    return journal


def test_an_empty_journal_begins_at_genesis(journal: Journal) -> None:
    assert journal.head() == journal.verify() == GENESIS == Head(0, "0" * 64)
    assert list(journal.blocks_after(0)) == []


def test_a_block_is_read_as_it_was_written(journal: Journal) -> None:
    given = entries((0, 2, 7, "1000000008"), (1, 4_000_000_000, None, "0000000001"))
    written = journal.append("group", run_id="r1", at=AT, group=3, files=FILES, entries=given, facts={"retired": ["1"]})
    found = journal.read(1)
    assert found == written
    assert found.entries.equals(given) and written.entries.equals(given)
    assert (found.number, found.kind, found.run_id, found.at, found.group) == (
        1,
        "group",
        "r1",
        "2025-10-06T14:00:00Z",
        3,
    )
    assert found.files == FILES and found.facts == {"retired": ["1"]}


def test_blocks_chain(three_blocks: Journal) -> None:
    first, second, third = three_blocks.blocks_after(0)
    assert first.previous_hash == GENESIS.hash
    assert (second.previous_hash, third.previous_hash) == (first.hash, second.hash)
    assert three_blocks.head() == three_blocks.verify() == third.head == Head(3, third.hash)
    assert [block.number for block in three_blocks.blocks_after(1)] == [2, 3]


def test_what_the_last_block_says_is_not_written_again(three_blocks: Journal) -> None:
    last = three_blocks.read(3)
    later = datetime(2026, 1, 1, tzinfo=UTC)
    again = three_blocks.append("group", run_id="r1", at=later, group=1, files=FILES[:1], entries=last.entries)
    assert again == last and three_blocks.head() == last.head


@pytest.mark.parametrize(
    "changed",
    [
        {"run_id": "r2"},
        {"group": 2},
        {"files": FILES[1:]},
        {"entries": entries((0, 2, 7, "1000000015"))},
        {"facts": {"retired": ["1"]}},
    ],
)
def test_anything_else_is_a_new_block(three_blocks: Journal, changed: dict[str, object]) -> None:
    same = {"run_id": "r1", "group": 1, "files": FILES[:1], "entries": three_blocks.read(3).entries}
    assert three_blocks.append("group", at=AT, **{**same, **changed}).number == 4  # type: ignore[arg-type]


def rewrite(journal: Journal, number: int, old: bytes, new: bytes) -> None:
    path = journal.folder / f"{number:06d}.jsonl"
    content = path.read_bytes()
    assert old in content
    path.chmod(0o600)
    path.write_bytes(content.replace(old, new, 1))


@pytest.mark.parametrize(
    "number, old, new",
    [
        (1, b'"1000000008"', b'"1000000015"'),
        (1, b'[0,2,7,"1000000008"]\n', b""),
        (1, b'[0,2,7,"1000000008"]', b'[0, 2,7,"1000000008"]'),
        (1, b'"run_id":"r1"', b'"run_id":"r2"'),
        (1, b'"run_id":"r1"', b'"run_id": "r1"'),
        (2, b'"kind":"void"', b'"kind":"group"'),
        (2, b'"number":2', b'"number":3'),
        (2, b'"hash":"', b'"hash":"0'),
        (3, b"{", b"["),
        (3, b"\n", b""),
    ],
)
def test_any_change_is_named(three_blocks: Journal, number: int, old: bytes, new: bytes) -> None:
    rewrite(three_blocks, number, old, new)
    with pytest.raises(JournalMismatch, match=f"journal block {number:06d}"):
        three_blocks.verify()


def test_a_missing_block_is_named(three_blocks: Journal) -> None:
    (three_blocks.folder / "000002.jsonl").unlink()
    with pytest.raises(JournalMismatch, match="block 000002: it is missing"):
        three_blocks.verify()


def test_a_block_of_another_journal_is_named(three_blocks: Journal, tmp_path: Path) -> None:
    other = Journal(tmp_path / "other")
    other.folder.mkdir()
    other.append("void", run_id="r0", at=AT)
    other.append("void", run_id="r1", at=AT, group=1, facts={"block": 1})
    (three_blocks.folder / "000002.jsonl").unlink()
    (other.folder / "000002.jsonl").rename(three_blocks.folder / "000002.jsonl")
    with pytest.raises(JournalMismatch, match="block 000002: it does not follow block 000001"):
        three_blocks.verify()


def test_a_rehashed_change_breaks_the_next_block(three_blocks: Journal) -> None:
    """Whoever can compute hashes can forge one block, but not without all that follow."""
    path = three_blocks.folder / "000002.jsonl"
    path.unlink()
    forged = Journal(three_blocks.folder)
    (third := three_blocks.folder / "000003.jsonl").rename(three_blocks.folder / "kept")
    forged.append("void", run_id="r1", at=AT, group=1, facts={"block": 99})
    (three_blocks.folder / "kept").rename(third)
    with pytest.raises(JournalMismatch, match="block 000003: it does not follow"):
        three_blocks.verify()


def test_a_newer_format_is_refused(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matching.journal.FORMAT_VERSION", 2)
    journal.append("void", run_id="r1", at=AT)
    monkeypatch.undo()
    with pytest.raises(JournalMismatch, match="its format is 2, this version of mosis reads 1"):
        journal.verify()


def test_files_of_another_name_are_no_blocks(three_blocks: Journal) -> None:
    head = three_blocks.head()
    for name in (".000004.jsonl.tmp", "4.jsonl", "000004.json", "notes.txt"):
        (three_blocks.folder / name).write_text("x")
    assert three_blocks.head() == three_blocks.verify() == head


def test_blocks_are_read_only_json_lines(three_blocks: Journal) -> None:
    path = three_blocks.folder / "000001.jsonl"
    assert path.stat().st_mode & 0o777 == 0o400
    header, *lines = [json.loads(line) for line in path.read_text("ascii").splitlines()]
    assert header["entry_count"] == 2
    assert lines == [[0, 2, 7, "1000000008"], [1, 3, 7, "1000000008"]]


def test_an_entry_without_an_id_is_a_defect(journal: Journal) -> None:
    with pytest.raises(ValueError, match="a journal entry names"):
        journal.append("group", run_id="r1", at=AT, entries=entries((0, 2, 7, None)))  # type: ignore[arg-type]
    assert journal.head() == GENESIS
