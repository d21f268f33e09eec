"""The files that a district signs: its certificate, offered while nothing stands against it, and the wish to take one back.

Each is a CSV file for a spreadsheet: the first line is the one to sign, the lines below say plainly what is certified.
It names the submission and a hash of the accepted rows, so a signature can never come to stand under other data.
"""

from collections.abc import Collection as Names
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import polars as pl

from outputs.certification.against import find_clear_trials
from outputs.certification.amendment import Difference, difference_of
from outputs.certification.counts import count_by_school, form_hashes
from outputs.formula_safety import neutralise, one_line
from outputs.next_steps import counted
from schemas.dictionary import Dictionary
from schemas.directory import Directory
from schemas.files import write_atomic
from schemas.reading.signed_forms import CERTIFICATE_COLUMNS, DECERTIFICATION_COLUMNS

STATEMENT = (
    "I certify that I am authorized to sign for this district and that these data are complete and correct to the best of "
    "my knowledge."
)
DECERTIFY_STATEMENT = (
    "I ask the state to take this certificate back. The data become a trial again until they are certified anew."
)
HASH_PREFIX = "sha256:"
_BOM = b"\xef\xbb\xbf"
_MOST_WARNINGS = 30


def certificate_name(submission_id: str) -> str:
    return f"certify_{submission_id}.csv"


def decertification_name(submission_id: str) -> str:
    return f"decertify_{submission_id}.csv"


@dataclass(frozen=True)
class Offer:
    """What a district may sign: one trial that nothing stands against, or one certified file.

    Args:
        counts: school_code, grade, records.
        warnings: rule number, message, how many stand, and whether they are about the file as a whole.
        difference: to the certified file that this one would replace; null where there is none.
    """

    submission_id: str
    district_code: str
    collection_version: str
    rows_hash: str
    records: int
    counts: pl.DataFrame
    warnings: tuple[tuple[str, str, int, bool], ...] = ()
    is_pilot: bool = False
    is_certified: bool = False
    difference: Difference | None = field(default=None, compare=False)


def find_offers(con: duckdb.DuckDBPyConnection, names: Names[str]) -> dict[str, Offer]:
    """What may be signed of some submissions: trials that nothing stands against, and certified files."""
    clear = find_clear_trials(con, names)
    files = con.execute(
        "SELECT submission_id, district_code, collection_version, layout, coalesce(accepted_count, 0), "
        "coalesce(is_pilot, false), status FROM intake.submission "
        "WHERE list_contains(?, submission_id) AND (status = 'certified' OR list_contains(?, submission_id))",
        [sorted(names), sorted(clear)],
    ).fetchall()
    if not files:
        return {}
    layouts: dict[str, list[str]] = {}
    for name, _, _, layout, *_ in files:
        layouts.setdefault(layout, []).append(name)
    hashes, counts = form_hashes(con, layouts), count_by_school(con, layouts)
    warnings = _warnings(con, clear)
    return {
        name: Offer(
            name, district, version, hashes.get(name, ""), records,
            counts.filter(pl.col("submission_id") == name).drop("submission_id"),
            tuple(warnings.get(name, ())), is_pilot, status == "certified",
            difference_of(con, name, layout) if name in clear else None,
        )
        for name, district, version, layout, records, is_pilot, status in files
    }  # fmt: skip


def _warnings(con: duckdb.DuckDBPyConnection, names: Names[str]) -> dict[str, list[tuple[str, str, int, bool]]]:
    rows = con.execute(
        "SELECT submission_id, rule_id, any_value(message), count(*), bool_and(line_number IS NULL) FROM quality.violation "
        "WHERE list_contains(?, submission_id) AND severity = 'W' AND scope <> 'state' "
        "AND status IN ('open', 'reopened', 'contacted') "
        "GROUP BY submission_id, rule_id, CASE WHEN scope = 'file' THEN message END ORDER BY count(*) DESC, rule_id, 3",
        [sorted(names)],
    ).fetchall()
    found: dict[str, list[tuple[str, str, int, bool]]] = {}
    for name, *warning in rows:
        found.setdefault(name, []).append((warning[0], warning[1], warning[2], warning[3]))
    return found


def write_forms(
    folder: Path, offer: Offer | None, submission_id: str, dictionary: Dictionary, directory: Directory
) -> list[str]:
    """Put the form that fits into a submission's folder and take away the other one; the names of what lies there now."""
    certify, decertify = certificate_name(submission_id), decertification_name(submission_id)
    wanted = None if offer is None else decertify if offer.is_certified else certify
    for name in (certify, decertify):
        if name != wanted:
            (folder / name).unlink(missing_ok=True)
    if offer is None or wanted is None:
        return []
    make = decertification_csv if offer.is_certified else certificate_csv
    write_atomic(folder / wanted, make(offer, dictionary, directory))
    return [wanted]


def certificate_csv(offer: Offer, dictionary: Dictionary, directory: Directory) -> bytes:
    """The certificate to be signed: UTF-8 with BOM, CRLF, safe against spreadsheet formulas."""
    title = dictionary.collection(offer.collection_version).title
    name = directory.district_name(offer.district_code)
    pilot = " This is a pilot: nothing of it is counted." if offer.is_pilot else ""
    line = {
        "What": f"SIGN THIS LINE: {name} ({offer.district_code}) certifies {title}: {counted(offer.records, 'record')}, "
        f"{counted(sum(number for _, _, number, _ in offer.warnings), 'warning')}. Fill in SignedBy, Title and Date, save "
        f"as CSV and drop the file into your inbox folder.{pilot}",
        "Statement": STATEMENT,
        "CertifySubmission": offer.submission_id,
        "District": offer.district_code,
        "Collection": offer.collection_version,
        "RowsHash": f"{HASH_PREFIX}{offer.rows_hash}",
    }
    return _csv([line, *_count_lines(offer, directory), *_other_lines(offer)], list(CERTIFICATE_COLUMNS))


def _count_lines(offer: Offer, directory: Directory) -> Iterator[dict[str, str]]:
    for school, grade, records in offer.counts.iter_rows():
        yield {
            "What": "School and grade",
            "School": school or "(no school)",
            "SchoolName": directory.school_name(offer.district_code, school) if school else "",
            "Grade": grade,
            "Records": str(records),
        }


def _other_lines(offer: Offer) -> Iterator[dict[str, str]]:
    for rule_id, message, number, is_whole_file in offer.warnings[:_MOST_WARNINGS]:
        where = "" if is_whole_file else f" on {counted(number, 'record')}"
        yield {"What": f"Warning {rule_id}{where}: {message}"}
    if len(offer.warnings) > _MOST_WARNINGS:
        yield {"What": f"{len(offer.warnings) - _MOST_WARNINGS} more kinds of warnings: see violations.html"}
    if offer.difference is not None:
        yield {"What": f"Changes what was certified: {offer.difference.sentence()} See amendment.html."}


def decertification_csv(offer: Offer, dictionary: Dictionary, directory: Directory) -> bytes:
    """The form by which a superintendent asks to have a certificate taken back."""
    title = dictionary.collection(offer.collection_version).title
    name = directory.district_name(offer.district_code)
    line = {
        "What": f"TO TAKE THE CERTIFICATE BACK: {name} ({offer.district_code}), {title}, {counted(offer.records, 'record')}. "
        "Fill in SignedBy, Title, Date and Reason, save as CSV and drop the file into your inbox folder. The state's "
        "MOSIS desk decides. To correct data you do not need this: drop a corrected file and certify that.",
        "Statement": DECERTIFY_STATEMENT,
        "DecertifySubmission": offer.submission_id,
        "District": offer.district_code,
        "Collection": offer.collection_version,
        "RowsHash": f"{HASH_PREFIX}{offer.rows_hash}",
    }
    return _csv([line], list(DECERTIFICATION_COLUMNS))


def _csv(lines: Sequence[dict[str, str]], columns: Sequence[str]) -> bytes:
    table = pl.DataFrame(
        [[line.get(name, "") for name in columns] for line in lines],
        schema=dict.fromkeys(columns, pl.String),
        orient="row",
    ).with_columns(neutralise(one_line(pl.col(pl.String))))
    return _BOM + table.write_csv(line_terminator="\r\n").encode("utf-8")
