"""Delimited extracts: which records come out, which are refused with which line; every line is accounted for."""

import pytest

from schemas.inbox.recognise import recognise
from schemas.reading.recognition import Recognition
from tests.schemas.reading.small_state import DICTIONARY, HEADER, LITERAL, adds_up, names, read, refusals, row


def test_records_carry_the_layouts_columns_in_its_order() -> None:
    extract = read(
        f"StudentGradeLevel,SSN,LastName,FirstName,StateID,CollectionVersion\n05,123456789, Smith ,Ann, ,{LITERAL}\n"
    )
    assert extract.records.columns == [
        "line_number", "collection_version", "submitted_state_id", "last_name", "first_name", "grade",
        "ssn_hash", "ssn_near", "ssn_status",
    ]  # fmt: skip
    assert extract.records.row(0) == (2, LITERAL, None, "Smith", "Ann", "05", "9", [], "ok")


def test_ssn_stands_nowhere_in_the_frame() -> None:
    extract = read(f"{HEADER}\n{row(ssn='987-65-4329')}\n")
    assert "987" not in str(extract.records.to_dicts())


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("at_end", [True, False])
def test_each_line_end_ends_a_line(newline: str, at_end: bool) -> None:
    text = newline.join([HEADER, row(last="A"), row(last="B")]) + (newline if at_end else "")
    extract = read(text)
    assert names(extract) == [(2, "A"), (3, "B")]
    assert adds_up(extract, 3)


def test_line_ends_may_be_mixed() -> None:
    extract = read(f"{HEADER}\r\n{row(last='A')}\r{row(last='B')}\n{row(last='C')}\r\n")
    assert names(extract) == [(2, "A"), (3, "B"), (4, "C")]
    assert adds_up(extract, 4)


def test_cr_cr_lf_ends_two_lines() -> None:
    extract = read(f"{HEADER}\r\r\n{row(last='A')}\r\r\n")
    assert names(extract) == [(3, "A")]
    assert (extract.line_count, extract.blank_lines) == (4, 2)


def test_line_separator_of_unicode_ends_no_line() -> None:
    extract = read(f"{HEADER}\n{row(last='A' + chr(0x2028) + 'B')}\n")
    assert names(extract) == [(2, "A\u2028B")]


@pytest.mark.parametrize("delimiter", [",", "\t"])
@pytest.mark.parametrize("blank", ["", "   ", "\t \t", "\u00a0"])
def test_blank_lines_are_counted_and_skipped(delimiter: str, blank: str) -> None:
    lines = [HEADER, blank, row(last="A"), blank, row(last="B"), blank]
    extract = read("".join(line.replace(",", delimiter) + "\n" for line in lines))
    assert names(extract) == [(3, "A"), (5, "B")]
    assert extract.blank_lines == 3
    assert adds_up(extract, 6)


@pytest.mark.parametrize("empty", [",,,,,", ' , ,"",,,', ",,", '"","","","","",""'])
def test_line_of_delimiters_alone_is_blank(empty: str) -> None:
    extract = read(f"{HEADER}\n{row(last='A')}\n{empty}\n{row(last='B')}\n{empty}\n")
    assert names(extract) == [(2, "A"), (4, "B")]
    assert extract.blank_lines == 2
    assert adds_up(extract, 5)


def test_blank_lines_before_the_header_count() -> None:
    extract = read(f"\n\n{HEADER}\n{row(last='A')}\n")
    assert names(extract) == [(4, "A")]
    assert (extract.header_lines, extract.blank_lines, extract.line_count) == (1, 2, 4)


@pytest.mark.parametrize(
    "bad, found", [(row() + ",", 7), (row().removesuffix(",05"), 5), (LITERAL, 1), (row() + ",x,y", 8)]
)
def test_row_of_another_length_is_refused_with_its_line(bad: str, found: int) -> None:
    extract = read("\n".join([HEADER, row(last="A"), bad, row(last="B")]))
    assert names(extract) == [(2, "A"), (4, "B")]
    assert refusals(extract) == [(3, 1, "FIELD_COUNT")]
    assert extract.refused["message"][0].startswith(f"{found} fields where 6 are expected.")
    assert adds_up(extract, 4)


def test_short_and_long_row_do_not_cancel_out() -> None:
    extract = read("\n".join([HEADER, row() + ",", row().removesuffix(",05"), row(last="B")]))
    assert names(extract) == [(4, "B")]
    assert refusals(extract) == [(2, 1, "FIELD_COUNT"), (3, 1, "FIELD_COUNT")]


@pytest.mark.parametrize(
    "field, value",
    [
        ('"Smith, Jr"', "Smith, Jr"),
        ('"O""Neil"', 'O"Neil'),
        ('"Smith\nJones"', "Smith\nJones"),
        ('"Smith\r\nJones"', "Smith\r\nJones"),
        ('""""', '"'),
        ('" Smith "', "Smith"),
        (' "Smith" ', "Smith"),
        ('"a,b\n,""c"""', 'a,b\n,"c"'),
        ("O'Neil", "O'Neil"),
        ("#Smith", "#Smith"),
        ('""', None),
        ('" "', None),
    ],
)
def test_quoted_field(field: str, value: str | None) -> None:
    extract = read(f"{HEADER}\n{row(last=field)}\n{row(last='After')}\n")
    spanned = field.count("\n")
    assert names(extract) == [(2, value), (3 + spanned, "After")]
    assert extract.line_count == 3 + spanned


@pytest.mark.parametrize("field", ['O"Brien', '"Ann" Marie', 'Robert "Bob"', 'Smith"', '5\'10"x"', '"a"b"c"', 'x""y'])
def test_quotation_mark_inside_a_bare_value_refuses_the_record(field: str) -> None:
    extract = read(f"{HEADER}\n{row(last='A')}\n{row(last=field)}\n{row(last='B')}\n")
    assert names(extract) == [(2, "A"), (4, "B")]
    assert [(line, span) for line, span, _ in refusals(extract)] == [(3, 1)]
    assert adds_up(extract, 4)


@pytest.mark.parametrize("after", [[row(last="B")] * 3, [row(last='"B"')] * 3, [row(last='"B,C"')] * 3, []])
def test_open_quote_costs_its_own_line_only(after: list[str]) -> None:
    extract = read("\n".join([HEADER, row(last="A"), row(last='"Smith'), *after]))
    assert refusals(extract) == [(3, 1, "QUOTE_OPEN")]
    assert [line for line, _ in names(extract)] == [2, *range(4, 4 + len(after))]
    assert adds_up(extract, 3 + len(after))


def test_two_open_quotes_in_one_column_do_not_merge_two_children() -> None:
    extract = read("\n".join([HEADER, row(last='"A'), row(last='B"'), row(last="C")]))
    assert names(extract) == [(4, "C")]
    assert [line for line, _, _ in refusals(extract)] == [2, 3]


def test_quoted_field_over_lines_with_text_behind_it_is_one_refused_record() -> None:
    extract = read("\n".join([HEADER, row(last="A"), f'{LITERAL},,"B', 'C"x,Ann,,05', row(last="D")]))
    assert names(extract) == [(2, "A"), (5, "D")]
    assert refusals(extract) == [(3, 2, "QUOTE_STRAY")]
    assert adds_up(extract, 5)


@pytest.mark.parametrize(
    "character, reason",
    [
        ("\x00", "CONTROL_CHARACTER"), ("\x07", "CONTROL_CHARACTER"), ("\x0c", "CONTROL_CHARACTER"),
        ("\x1a", "CONTROL_CHARACTER"), ("\x1f", "CONTROL_CHARACTER"), ("\x7f", "CONTROL_CHARACTER"),
        ("\x85", "CONTROL_CHARACTER"), ("\ufeff", "BYTE_ORDER_MARK"), ("\ufffd", "CHARACTER_LOST"),
    ],
)  # fmt: skip
def test_character_that_no_value_may_have_refuses_its_record(character: str, reason: str) -> None:
    extract = read(f"{HEADER}\n{row(last='A')}\n{row(last=f'Sm{character}ith')}\n{row(last='B')}\n")
    assert names(extract) == [(2, "A"), (4, "B")]
    assert refusals(extract) == [(3, 1, reason)]


def test_tab_inside_a_comma_file_is_kept_and_trimmed_at_the_edges() -> None:
    extract = read(f"{HEADER}\n{row(last='Smith' + chr(9) + 'Jones' + chr(9))}\n")
    assert names(extract) == [(2, "Smith\tJones")]


@pytest.mark.parametrize(
    "tail, blank_lines, lines", [("\n\x1a", 1, 3), ("\x1a", 0, 2), ("\n\x1a\r\n", 1, 3), ("\n\x1a\x1a\x1a", 1, 3)]
)
def test_end_of_file_mark_is_no_record(tail: str, blank_lines: int, lines: int) -> None:
    extract = read(f"{HEADER}\n{row(last='A')}{tail}")
    assert names(extract) == [(2, "A")]
    assert extract.records["grade"].to_list() == ["05"]
    assert (extract.blank_lines, extract.line_count) == (blank_lines, lines)


def test_nul_tail_is_refused_not_read_as_a_child() -> None:
    extract = read(f"{HEADER}\n{row(last='A')}\n" + "\x00" * 40)
    assert names(extract) == [(2, "A")]
    assert refusals(extract) == [(3, 1, "CONTROL_CHARACTER")]


def test_second_header_in_the_middle_stays_a_record_for_the_rules() -> None:
    extract = read(f"{HEADER}\n{row(last='A')}\n{HEADER}\n{row(last='B')}\n")
    assert names(extract) == [(2, "A"), (3, "LastName"), (4, "B")]


def test_refusals_show_no_value() -> None:
    extract = read("\n".join([HEADER, row(last="A"), row(last='"Zebulon'), row(first="Zebulon") + ",Zebulon"]))
    assert extract.refused.height == 2
    assert not extract.refused["message"].str.contains("Zebulon").any()


def test_quoted_header_with_blanks_and_other_case() -> None:
    extract = read('"collectionversion" , STATEID ,"LastName","FirstName","SSN","StudentGradeLevel"\n' + row(last="A"))
    assert names(extract) == [(2, "A")]


def test_header_over_two_lines_counts_both() -> None:
    text = HEADER.replace("LastName", '"LastName\n"') + "\n" + row(last="A")
    extract = read(text)
    assert names(extract) == [(3, "A")]
    assert (extract.header_lines, extract.line_count) == (2, 3)


def test_recognition_says_how_the_file_is_written() -> None:
    content = b"\xef\xbb\xbf" + f"{HEADER}\r\n{row()}\n".encode()
    assert recognise(content, DICTIONARY) == Recognition(
        "student_core", LITERAL, 2026, "Oct", "comma", "utf-8", True, frozenset({"CRLF", "LF"}),
        ("collection_version", "submitted_state_id", "last_name", "first_name", "ssn", "grade"), 1, 1,
    )  # fmt: skip


def test_field_larger_than_any_buffer_is_read() -> None:
    extract = read(
        f"{HEADER}\n{row(last='x' * 3_000_000)}\n" + f"{row(last=chr(34) + 'y' * 3_000_000 + chr(34) * 3)}\n"
    )
    assert extract.records["last_name"].str.len_chars().to_list() == [3_000_000, 3_000_001]


@pytest.mark.parametrize(
    "delimiters, reason",
    [(998, "FIELD_COUNT"), (999, "FIELD_COUNT"), (1000, "TOO_MANY_FIELDS"), (500_000, "TOO_MANY_FIELDS")],
)
@pytest.mark.parametrize("mark", ["", '"'])
def test_flood_of_delimiters_is_not_split(delimiters: int, reason: str, mark: str) -> None:
    extract = read(f"{HEADER}\n{row(last='A')}\n{mark}x{mark}{',' * delimiters}\n{row(last='B')}\n")
    assert names(extract) == [(2, "A"), (4, "B")]
    assert refusals(extract) == [(3, 1, reason)]
