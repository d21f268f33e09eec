"""Returned near-match worklists: the district's decisions, read out of whatever a spreadsheet made of our answer file.

A return is known by its 33 fields; TH and TT may be missing, and spreadsheets drop leading zeros, add quotation marks
and pad or cut the ends of lines. Only four fields are read; whether the others were altered is for the matching side
to judge.
"""

from collections.abc import Iterator, Sequence

from schemas.reading.decoding import decode, physical_lines, unreadable_lines
from schemas.reading.delimited import MOST_FIELDS, RawRecord, raw_records, unreadable_record
from schemas.reading.extract import Extract, account, text_columns, without_blanks
from schemas.reading.id_batch import is_frame_record
from schemas.reading.recognition import NEAR_MATCH_RETURN, Recognition
from schemas.reading.refusals import RefusedRecord, refused_record

FIELD_COUNT = 33
# Place of each field that is read, counted from 1 as the answer files print them (design 3.3).
RETURN_FIELDS = {"near_match_id": 22, "candidate_rank": 23, "candidate_state_id": 24, "decision": 33}
OUTCOME = 19
ANSWER_FIELD_COUNT = 21
ANSWER_FILES = {
    "CONFIRMED": "ids_assigned.txt",
    "REUSED": "ids_assigned.txt",
    "NEW": "ids_assigned.txt",
    "ERROR": "errors_to_fix.txt",
    "CANCELED": "canceled_records.txt",
}


def read_near_match_return(content: bytes, recognition: Recognition) -> Extract:
    """The decisions of a returned worklist.

    Returns:
        ``records``: line_number, near_match_id, candidate_rank, candidate_state_id, decision, all but the first as
        text, as sent but trimmed; a decision that was left open is null. Lines are accounted for as in every extract.
    """
    decoded = decode(content)
    lines = physical_lines(decoded.text)
    unreadable = unreadable_lines(lines, decoded.data)
    rows: list[list[str]] = []
    numbers: list[int] = []
    refused: list[RefusedRecord] = []
    header_lines = blank_lines = 0
    for record in answer_records(lines):
        number, span, fields = record.line_number, record.line_span, record.fields
        if unusable := record.first_unreadable(unreadable):
            refused.append(unreadable_record(number, span, unusable, decoded.encoding))
        elif record.fault is not None:
            refused.append(refused_record(number, span, record.fault, most=MOST_FIELDS))
        elif record.is_empty:
            blank_lines += span
        elif is_frame_record(fields[0]):
            header_lines += span
        elif len(fields) != FIELD_COUNT:
            refused.append(refused_record(number, span, "RETURN_FIELD_COUNT", found=len(fields), expected=FIELD_COUNT))
        else:
            rows.append([fields[place - 1] for place in RETURN_FIELDS.values()])
            numbers.append(number)
    return account(
        without_blanks(text_columns(rows, list(RETURN_FIELDS), numbers)),
        refused,
        header_lines=header_lines,
        blank_lines=blank_lines,
        line_count=len(lines),
        encoding=decoded.encoding,
    )


def answer_records(lines: Sequence[str]) -> Iterator[RawRecord]:
    """The records of an answer file or of what a spreadsheet made of it: no fields for a blank line, 33 where it was
    33.

    Our own files are tab delimited without quoting, so a quotation mark in one is part of a value; with commas the
    usual rules hold. Empty columns that a spreadsheet added behind the last are cut.
    """
    if any(line.count("\t") >= ANSWER_FIELD_COUNT - 1 for line in lines[:50]):
        for number, line in enumerate(lines, start=1):
            fields = [value.strip().strip('"') for value in line.rstrip("\r\n").split("\t", MOST_FIELDS)]
            yield RawRecord(number, 1, _without_added_columns(fields))
        return
    for record in raw_records(lines, ",", FIELD_COUNT):
        fields = [value.strip() for value in record.fields]
        yield RawRecord(record.line_number, record.line_span, _without_added_columns(fields), record.fault)


def _without_added_columns(fields: list[str]) -> list[str]:
    if not any(fields):
        return []
    while len(fields) > FIELD_COUNT and not fields[-1]:
        fields.pop()
    return fields


def answer_kind(lines: Sequence[str]) -> str | None:
    """``near_match_return`` for a returned worklist, the outcome for another of our answer files, else null."""
    for record in answer_records(lines):
        if len(record.fields) == FIELD_COUNT and record.fields[OUTCOME - 1].upper() == "NEAR_MATCH":
            return NEAR_MATCH_RETURN
        if len(record.fields) == ANSWER_FIELD_COUNT and record.fields[OUTCOME - 1] in ANSWER_FILES:
            return ANSWER_FILES[record.fields[OUTCOME - 1]]
    return None
