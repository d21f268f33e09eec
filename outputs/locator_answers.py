"""``located.csv``: what became of each look-up of a locator request, for a spreadsheet; level-4 fields only.

One row a look-up and child, best first; a look-up without a child has one row that says why. Placement stands there only
where the state's settings switch it on, so the columns themselves do not tell more than the policy allows.
"""

from pathlib import Path

import polars as pl

from outputs.formula_safety import neutralise, one_line
from outputs.next_steps import counted
from schemas.files import write_atomic
from schemas.locator.request import FOUND, NOT_ANSWERED, NOT_FOUND, TOO_MANY, answer_reasons

LOCATED = "located.csv"
# Column of the file -> column of the frames.
_CHILD = {
    "StateID": "state_id", "LegalLastName": "last_name", "LegalFirstName": "first_name",
    "LegalMiddleName": "middle_name", "Suffix": "suffix", "DateOfBirth": "birth_date", "Gender": "gender",
}  # fmt: skip
_PLACEMENT = {
    "StudentGradeLevel": "grade", "CurrentDistrictCode": "district_code", "CurrentSchoolCode": "school_code",
}  # fmt: skip
_BOM = b"\xef\xbb\xbf"


def located_csv(
    lookups: pl.DataFrame, answers: pl.DataFrame, candidates: pl.DataFrame, *, shows_placement: bool
) -> bytes:
    """The file: UTF-8 with BOM, CRLF, safe against spreadsheet formulas.

    Args:
        lookups: line_number and reference of every look-up of one request.
        answers: line_number, reason, fitting_count.
        candidates: line_number, rank, state_id, explanation and the fields shown.
    """
    columns = _CHILD | (_PLACEMENT if shows_placement else {})
    told = (
        lookups.select("line_number", "reference")
        .join(with_results(answers), on="line_number", how="left")
        .join(candidates, on="line_number", how="left")
        .sort("line_number", "rank")
    )
    rows = told.select(
        LocatorRequest="reference",
        RequestLine="line_number",
        Result="result",
        Rank="rank",
        **{column: _text(name) for column, name in columns.items()},
        Note=pl.concat_str([pl.col("explanation") + ".", "sentence"], separator=" ", ignore_nulls=True),
    )
    safe = rows.with_columns(neutralise(one_line(pl.col(pl.String))))
    return _BOM + safe.write_csv(line_terminator="\r\n").encode("utf-8")


def write_located(folder: Path, content: bytes) -> None:
    write_atomic(folder / LOCATED, content)


def with_results(answers: pl.DataFrame) -> pl.DataFrame:
    """The answers with ``result`` and ``sentence``, by their reason; an empty sentence is null."""
    words = answer_reasons()
    return answers.with_columns(
        result=pl.col("reason").replace_strict({code: result for code, (result, _) in words.items()}),
        sentence=pl.col("reason").replace_strict(
            {code: sentence or None for code, (_, sentence) in words.items()}, return_dtype=pl.String
        ),
    )


def located_message(answers: pl.DataFrame) -> str:
    """One sentence about a request: how many look-ups came to what."""
    found = dict(with_results(answers).group_by("result").len().iter_rows())
    words = {
        FOUND: "found", NOT_FOUND: "not found", TOO_MANY: "fit too many children", NOT_ANSWERED: "could not be looked up",
    }  # fmt: skip
    parts = [f"{found[result]:,} {word}" for result, word in words.items() if found.get(result)]
    return f"{counted(answers.height, 'look-up')} answered: {', '.join(parts)}."


def _text(name: str) -> pl.Expr:
    return pl.col(name).dt.strftime("%m/%d/%Y") if name == "birth_date" else pl.col(name)
