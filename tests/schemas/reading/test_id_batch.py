"""ID batches: the frame rejects the file, a detail only itself."""

import pytest

from schemas.errors import FileRefused
from schemas.reading import BatchHeader
from tests.schemas.reading.small_state import adds_up, read, refusals

DETAIL = "ID,1050,048078,Smith,Ann,,,F,05/01/2015,05,17,123456789,W,,048078,2026,Smith,Joe"
SHORT_DETAIL = DETAIL.removesuffix(",Smith,Joe")


def batch(
    *details: str,
    header: str = "TH 10/06/2025 08:15:00 0000000042 1.0 delimiter=0x2C",
    trailer: str | None = None,
    newline: str = "\n",
) -> str:
    trailer = f"TT {len(details)} 0000000042" if trailer is None else trailer
    return newline.join([line for line in (header, *details, trailer) if line]) + newline


def names(text: str) -> list[tuple[int, str | None, str | None]]:
    records = read(text).records
    return list(records.select("line_number", "legallastname", "guardianfirstname").iter_rows())


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_details_with_and_without_guardian(newline: str) -> None:
    text = batch(DETAIL, SHORT_DETAIL, newline=newline)
    extract = read(text)
    assert names(text) == [(2, "Smith", "Joe"), (3, "Smith", None)]
    assert extract.batch == BatchHeader("10/06/2025", "08:15:00", "0000000042", "1.0", ",")
    assert (extract.header_lines, extract.record_count) == (2, 2)
    assert adds_up(extract, 4)
    assert "ssn" not in extract.records.columns
    assert extract.records["ssn_hash"].to_list() == ["9", "9"]


@pytest.mark.parametrize("split", ["\t", " "])
@pytest.mark.parametrize("code, delimiter", [("0x2C", ","), ("0x2c", ","), ("0x09", "\t")])
def test_declared_delimiter_splits_the_details(split: str, code: str, delimiter: str) -> None:
    frame = f"TH 10/06/2025 08:15:00 42 1.0 delimiter={code}".replace(" ", split)
    text = batch(DETAIL.replace(",", delimiter), header=frame, trailer="TT 1 42".replace(" ", split))
    assert names(text) == [(2, "Smith", "Joe")]


@pytest.mark.parametrize("bad", [DETAIL + ",x", SHORT_DETAIL + ",x", SHORT_DETAIL.removesuffix(",2026"), "ID"])
def test_detail_of_another_length_is_refused_and_counts(bad: str) -> None:
    extract = read(batch(DETAIL, bad, SHORT_DETAIL))
    assert refusals(extract) == [(3, 1, "FIELD_COUNT")]
    assert "18 or 16 are expected" in extract.refused["message"][0]
    assert extract.records["line_number"].to_list() == [2, 4]
    assert adds_up(extract, 5)


def test_batch_of_refused_details_only_is_still_answered() -> None:
    extract = read(batch("ID,x", "ID,y"))
    assert (extract.records.height, extract.refused.height) == (0, 2)


def test_quoted_detail_may_span_lines() -> None:
    extract = read(batch(DETAIL.replace("Smith,Ann", '"Smith,\nJones",Ann'), DETAIL))
    assert extract.records["legallastname"].to_list() == ["Smith,\nJones", "Smith"]
    assert extract.records["line_number"].to_list() == [2, 4]
    assert extract.line_count == 5


def test_blank_lines_around_and_between_are_counted() -> None:
    extract = read("\n" + batch(DETAIL, "  ", DETAIL, trailer="TT 2 0000000042") + "\n\n\x1a")
    assert extract.records["line_number"].to_list() == [3, 5]
    assert (extract.header_lines, extract.blank_lines, extract.line_count) == (2, 5, 9)


def test_empty_batch_is_read() -> None:
    assert read(batch()).record_count == 0


HEADER = "TH 10/06/2025 08:15:00 42 1.0 delimiter=0x2C"


@pytest.mark.parametrize(
    "text, reason, line",
    [
        (batch(DETAIL, header=""), "BATCH_HEADER_MISSING", 1),
        (batch(DETAIL, header=HEADER.replace("10/06/2025", "2025-10-06")), "BATCH_HEADER_MALFORMED", 1),
        (batch(DETAIL, header=HEADER.replace("10/06/2025", "13/06/2025")), "BATCH_HEADER_MALFORMED", 1),
        (batch(DETAIL, header=HEADER.replace("10/06/2025", "1/6/2025")), "BATCH_HEADER_MALFORMED", 1),
        (batch(DETAIL, header=HEADER.replace("08:15:00", "25:15:00")), "BATCH_HEADER_MALFORMED", 1),
        (batch(DETAIL, header=HEADER.replace("1.0", "2.0")), "BATCH_HEADER_MALFORMED", 1),
        (batch(DETAIL, header=HEADER.replace("0x2C", "0x3B")), "BATCH_HEADER_MALFORMED", 1),
        (batch(DETAIL, header=HEADER.replace(" 42", " 12345678901")), "BATCH_HEADER_MALFORMED", 1),
        (batch(DETAIL, header=HEADER.replace(" ", ",")), "BATCH_HEADER_MALFORMED", 1),
        (batch(DETAIL, header=HEADER.replace(" ", "  ")), "BATCH_HEADER_MALFORMED", 1),
        (batch(DETAIL, header="TH"), "BATCH_HEADER_MALFORMED", 1),
        (batch(DETAIL, header=HEADER.replace("42", "4\x002")), "BATCH_HEADER_MALFORMED", 1),
        (batch(DETAIL, trailer=""), "BATCH_TRAILER_MISSING", 2),
        (batch(trailer=""), "BATCH_TRAILER_MISSING", 1),
        (batch(DETAIL, trailer="TT 1"), "BATCH_TRAILER_MALFORMED", 3),
        (batch(DETAIL, trailer="TT one 0000000042"), "BATCH_TRAILER_MALFORMED", 3),
        (batch(DETAIL, trailer="TT 1 12345678901"), "BATCH_TRAILER_MALFORMED", 3),
        (batch(DETAIL, trailer="TT,1,0000000042"), "BATCH_TRAILER_MALFORMED", 3),
        (batch(DETAIL, trailer="TT 2 0000000042"), "BATCH_COUNT_WRONG", 3),
        (batch(DETAIL, trailer="TT 0 0000000042"), "BATCH_COUNT_WRONG", 3),
        (batch(DETAIL, trailer="TT 1 42"), "BATCH_TRANSMISSION_DIFFERS", 3),
        (batch(DETAIL) + batch(DETAIL), "BATCH_FRAME_DOUBLED", 3),
        (batch(DETAIL, HEADER, DETAIL), "BATCH_FRAME_DOUBLED", 3),
        (batch(DETAIL, trailer="TT 1 0000000042\n" + DETAIL), "BATCH_TRAILER_MISSING", 4),
    ],
)
def test_broken_frame_rejects_the_whole_batch(text: str, reason: str, line: int) -> None:
    with pytest.raises(FileRefused) as refused:
        read(text)
    assert (refused.value.outcome, refused.value.reason, refused.value.line) == ("rejected", reason, line)


def test_header_message_names_every_fault() -> None:
    with pytest.raises(FileRefused, match=r"ExtractDate is no date.*Version must be 1\.0.*Delimiter must be"):
        read(batch(DETAIL, header="TH 2025 08:15:00 42 1.1 delimiter=;"))


@pytest.mark.parametrize("count, right", [(1, True), (2, True), (3, False)])
def test_number_of_details_counts_refused_ones(count: int, right: bool) -> None:
    text = batch(DETAIL, "ID,x", trailer=f"TT {count} 0000000042") if count > 1 else batch(DETAIL)
    if right:
        assert read(text).record_count == count
    else:
        with pytest.raises(FileRefused, match="counts 3 detail records; the file has 2"):
            read(text)
