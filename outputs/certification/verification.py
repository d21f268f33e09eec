"""Whether a certificate still holds what it says: every hash is made again from what the home keeps."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from outputs.certification.counts import count_by_school
from outputs.certification.kept_rules import kept_sha256
from outputs.certification.manifest import hash_rows
from outputs.certification.register import Certificate
from schemas.files import sha256_of


@dataclass(frozen=True)
class Verified:
    """A certificate with what was found wrong; nothing where it holds."""

    submission_id: str
    district_code: str
    collection_version: str
    findings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "submission_id": self.submission_id, "district_code": self.district_code,
            "collection_version": self.collection_version, "is_sound": not self.findings,
            "findings": list(self.findings),
        }  # fmt: skip


def verify_certificate(con: duckdb.DuckDBPyConnection, archive: Path, certificate: Certificate) -> Verified:
    """Hash the archived bytes, the stored rows and the kept rules again, and count anew."""
    found = tuple(_findings(con, archive, certificate))
    return Verified(certificate.submission_id, certificate.district_code, certificate.collection_version, found)


def _findings(con: duckdb.DuckDBPyConnection, archive: Path, certificate: Certificate) -> Iterator[str]:
    manifest, name = certificate.manifest, certificate.submission_id
    layout = manifest.get("layout") or _layout_of(con, name)
    bytes_kept = archive / manifest["file_sha256"][:2] / manifest["file_sha256"]
    if not bytes_kept.is_file():
        yield f"the bytes of the file are missing: {bytes_kept}"
    elif sha256_of(bytes_kept) != manifest["file_sha256"]:
        yield f"the archived bytes are not those that were certified: {bytes_kept}"
    count, rows_sha256 = hash_rows(con, layout, name, manifest["columns"])
    if count != manifest["records"]:
        yield f"{count:,} records are stored where the certificate says {manifest['records']:,}"
    elif rows_sha256 != manifest["rows_sha256"]:
        yield "the stored records are not those that were certified"
    elif "counts" in manifest:
        counts = count_by_school(con, {layout: [name]}).filter(pl.col("submission_id") == name).drop("submission_id")
        if counts.to_dicts() != manifest["counts"]:
            yield "the counts by school and grade are not those of the certificate"
    if manifest.get("rules_sha256"):
        kept = kept_sha256(
            archive, certificate.collection_version, manifest["dictionary_version"], manifest["rule_book_version"]
        )
        if kept != manifest["rules_sha256"]:
            yield "the dictionary and rules that judged it are missing from archive/versions, or were changed"


def _layout_of(con: duckdb.DuckDBPyConnection, submission_id: str) -> str:
    return con.execute("SELECT layout FROM intake.submission WHERE submission_id = ?", [submission_id]).fetchall()[0][0]
