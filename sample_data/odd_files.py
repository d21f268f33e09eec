"""Files that a district drops by mistake, each with what the system should make of it.

They lie in ``<year>/odd/<district>/`` apart from the good ones and change nothing that was accepted before.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sample_data.damage import pdf_bytes, utf16_text, with_header, workbook_bytes

NOTES = b"Dear DESE,\nour export will come on Friday. The new secretary starts on Thursday.\nThank you\n"


@dataclass(frozen=True)
class OddFile:
    """One file, the place of the district that drops it (None: the one whose file it was), and what should happen."""

    case: str
    name: str
    content: bytes
    place: int | None
    outcome: str
    reason: str
    note: str


def odd_files(core: bytes, batch: bytes, literal: str) -> Iterator[OddFile]:
    """Mistaken drops.

    Args:
        core: a plain comma extract with LF line ends; ``literal`` is its CollectionVersion.
        batch: an ID batch with tabs and LF line ends, or nothing.
    """
    yield from _foreign()
    yield from _broken_core(core, literal)
    if batch:
        yield from _broken_batches(batch)
    yield OddFile("wrong_district", "our_students.csv", core, 0, "rejected", "WRONG_DISTRICT", "of another district")
    yield OddFile("duplicate", "october_again.csv", core, None, "duplicate", "", "the bytes of the core file once more")


def _foreign() -> Iterator[OddFile]:
    yield OddFile("pdf", "october_core.csv", pdf_bytes(), 0, "quarantined", "DOCUMENT_FILE", "a PDF under a csv name")
    yield OddFile(
        "workbook", "StudentCore.xlsx", workbook_bytes(), 1, "quarantined", "SPREADSHEET_FILE", "not exported"
    )
    yield OddFile("empty", "export.csv", b"", 2, "quarantined", "EMPTY_FILE", "the export broke off at once")
    yield OddFile("blank_lines", "export2.txt", b"\r\n\r\n  \r\n", 0, "quarantined", "EMPTY_FILE", "blank lines only")
    yield OddFile("letter", "note to dese.txt", NOTES, 3, "quarantined", "NOT_RECOGNISED", "a letter")


def _broken_core(core: bytes, literal: str) -> Iterator[OddFile]:
    names, records = core.split(b"\n", 1)
    header = names + b"\n"
    unknown = core.replace(literal.encode(), b"2031Oct9.0StuCore")
    yield OddFile(
        "utf16", "unicode_text.txt", utf16_text(core), None, "quarantined", "UTF16_FILE", "saved as Unicode text"
    )
    yield OddFile(
        "unknown_literal", "core_2031.csv", unknown, None, "rejected", "COLLECTION_UNKNOWN", "no such collection"
    )
    yield OddFile(
        "no_records", "header_only.csv", header, None, "rejected", "NO_RECORDS", "column names and nothing else"
    )
    renamed = with_header(core, lambda names: [b"Zip" if name == b"ZipCode" else name for name in names])
    yield OddFile(
        "unknown_column", "core_zip.csv", renamed, None, "rejected", "HEADER_UNKNOWN_COLUMN", "ZipCode named Zip"
    )
    missing = b"\n".join(line.rsplit(b",", 1)[0] for line in core.split(b"\n"))
    yield OddFile(
        "missing_column", "core_113.csv", missing, None, "rejected", "HEADER_MISSING_COLUMN", "the last column left out"
    )
    # A spreadsheet's copied column: one more name, one more empty field in each record.
    doubled = header.rstrip(b"\n") + b",LastName\n" + records.replace(b"\n", b",\n")
    yield OddFile(
        "doubled_column", "core_names.csv", doubled, None, "rejected", "HEADER_DOUBLED_COLUMN", "LastName twice"
    )


def _broken_batches(batch: bytes) -> Iterator[OddFile]:
    lines = batch.rstrip(b"\n").split(b"\n")
    kind, count, transmission = lines[-1].split(b"\t")
    cut = b"\n".join(lines[:-1]) + b"\n"
    yield OddFile("batch_cut", "ids_cut.txt", cut, None, "rejected", "BATCH_TRAILER_MISSING", "the trailer is missing")
    miscounted = b"\n".join([*lines[:-1], b"\t".join([kind, b"%d" % (int(count) + 3), transmission])]) + b"\n"
    yield OddFile(
        "batch_count", "ids_count.txt", miscounted, None, "rejected", "BATCH_COUNT_WRONG", "three details lost"
    )
    other = b"\n".join([*lines[:-1], b"\t".join([kind, count, b"9" * 10])]) + b"\n"
    yield OddFile(
        "batch_ids_differ",
        "ids_pasted.txt",
        other,
        None,
        "rejected",
        "BATCH_TRANSMISSION_DIFFERS",
        "two halves of two batches",
    )
