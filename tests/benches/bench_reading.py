"""Reading against its floor: recognise and read_extract beside a plain polars read_csv of the clean file.

Run by hand: python -m pytest -q -s -m bench tests/benches/bench_reading.py. The machine is noisy, so the ratio counts.
"""

import time
from collections.abc import Callable

import polars as pl
import pytest

from schemas.dictionary import load_dictionary
from schemas.inbox.recognise import recognise
from schemas.reading import read_extract

FILES, RECORDS_PER_FILE, LARGE_FILE = 60, 1_600, 100_000
DICTIONARY = load_dictionary()
LAYOUT = DICTIONARY.layout("student_core", 2026)
COLUMNS = [field.column for field in LAYOUT.fields]


def no_ssn(numbers: pl.Series) -> pl.DataFrame:
    raise AssertionError("Student Core has no SSN")


def record(number: int) -> list[str]:
    """A record filled like a real one: codes, names with a blank inside, half of the fields empty."""
    values = [
        "2026Oct1.0StuCore",
        "2026",
        *["048078", "1050"] * 3,
        "SMITH ANN",
        f"{1_000_000_000 + number}",
        f"L{number}",
    ]
    return [
        *values,
        "GARCIA LOPEZ",
        "MARIA",
        "",
        "",
        "01/02/2010",
        *["N"] * 60,
        *[""] * (len(COLUMNS) - len(values) - 65),
    ]


def delimited(records: int, dress: Callable[[list[str]], str] = ",".join) -> str:
    return "\n".join([dress(COLUMNS), *(dress(record(number)) for number in range(records)), ""])


def quoted(values: list[str]) -> str:
    return '"' + '","'.join(values) + '"'


def names_quoted(values: list[str]) -> str:
    return ",".join(f'"{value}"' if value.isalpha() and len(value) > 1 else value for value in values)


def fixed(records: int) -> str:
    widths = [field.length for field in LAYOUT.fields]
    return "".join(
        "".join(value[:width].ljust(width) for value, width in zip(record(number), widths, strict=True)) + "\n"
        for number in range(records)
    )


def forms(records: int) -> dict[str, str]:
    plain = delimited(records)
    return {
        "clean": plain,
        "CRLF": plain.replace("\n", "\r\n"),
        "accents": plain.replace("MARIA", "MARÍA"),
        "tab": plain.replace(",", "\t"),
        "blank at an edge": plain.replace("MARIA", "MARIA ", 1),
        "every field quoted": delimited(records, quoted),
        "names quoted": delimited(records, names_quoted),
        "blank line at the end": plain + "\n",
        "one short row": plain + "x\n",
        "fixed width": fixed(records),
        "newline in one value": delimited(records, quoted).replace("SMITH ANN", "SMITH\nANN", 1),
    }


def seconds(call: Callable[[], object]) -> tuple[float, float]:
    """Processor and wall time, each the best of three runs; where others share the machine only the first says much."""
    processor, wall = [], []
    for _ in range(3):
        started, began = time.process_time(), time.perf_counter()
        call()
        processor.append(time.process_time() - started)
        wall.append(time.perf_counter() - began)
    return min(processor), min(wall)


def read(content: bytes) -> int:
    return read_extract(content, recognise(content, DICTIONARY), DICTIONARY, no_ssn).records.height


def floor(content: bytes) -> int:
    return pl.read_csv(content, infer_schema=False, quote_char=None).height


def measure(records: int, files: int) -> None:
    texts = forms(records)
    clean = texts["clean"].encode()
    plain, _ = seconds(lambda: [floor(clean) for _ in range(files)])
    total = records * files
    print(
        f"\n{files} x {records:,} records, {len(COLUMNS)} columns; floor {total / plain:,.0f} records per processor second"
    )
    for name, text in texts.items():
        content = text.encode()
        processor, wall = seconds(lambda content=content: [read(content) for _ in range(files)])  # type: ignore[misc]
        print(
            f"{name:<24} {total / processor:>9,.0f} a processor second {total / wall:>9,.0f} a second {processor / plain:>6.2f} x floor"
        )


@pytest.mark.bench
def test_many_files_of_the_usual_size() -> None:
    measure(RECORDS_PER_FILE, FILES)


@pytest.mark.bench
def test_one_large_file() -> None:
    measure(LARGE_FILE, 1)
