"""Registry files as text rows: headers, delimiters, encodings, pieces; every line is a row or a refusal."""

import pytest

from matching.registry_import import reading
from matching.registry_import.reading import TextRows, open_registry_file, read_text_rows, registry_columns
from schemas.errors import UsageError
from tests.matching.registry_import.registry_files import MARIA, ONE, TWO, registry_text


def read(content: bytes) -> list[TextRows]:
    return list(read_text_rows(open_registry_file(content)))


@pytest.mark.parametrize("delimiter", [",", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(delimiter: str, newline: str) -> None:
    text = registry_text({}, {"state_id": TWO}, delimiter=delimiter).replace("\n", newline)
    (chunk,) = read(text.encode())
    assert chunk.rows.select("line_number", "state_id").rows() == [(2, ONE), (3, TWO)]
    assert chunk.rows.columns == ["line_number", *registry_columns()]
    assert chunk.rows["guardian_last_name"].to_list() == [None, None]


def test_windows_1252_is_read() -> None:
    (chunk,) = read(registry_text({"last_name": "Nuñez"}).encode("windows-1252"))
    assert chunk.rows["last_name"].to_list() == ["Nuñez"]


@pytest.mark.parametrize(
    "header, said",
    [
        ("state_id,status", "missing: last_name, first_name, birth_date, district_code"),
        (",".join([*MARIA, "shoe_size"]), "unknown: shoe_size"),
        (",".join([*MARIA, "firstname"]), r"firstname \(do you mean first_name\?\)"),
        (",".join([*MARIA, "status"]), "more than once: status"),
        ("", "unknown: \\(blank\\); missing"),
    ],
)
def test_a_header_that_is_none_is_refused(header: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        open_registry_file(f"{header}\n".encode())


def test_a_damaged_row_takes_no_other_with_it() -> None:
    text = registry_text({}, {"last_name": 'O"Brien'}, {"state_id": TWO}, {"last_name": '"Smith\nJones"'}, {})
    (chunk,) = read(text.encode())
    assert chunk.rows["line_number"].to_list() == [2, 4, 5, 7]
    assert [(row.line_number, row.reason) for row in chunk.refused] == [(3, "QUOTE_OPEN")]
    assert chunk.line_count == 6


@pytest.mark.parametrize("size", [200, 1_000, 10_000])
def test_pieces_make_the_same_rows(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    rows = [
        {"state_id": f"{number:010d}", "last_name": '"Two\nlines"' if number % 3 else "One"} for number in range(40)
    ]
    whole = read(registry_text(*rows).encode())
    monkeypatch.setattr(reading, "CHUNK_BYTES", size)
    parts = read(registry_text(*rows).encode())
    assert [row for part in parts for row in part.rows.rows()] == whole[0].rows.rows()
    assert sum(part.line_count for part in parts) == whole[0].line_count
    assert (len(parts) > 1) == (size < 10_000)
