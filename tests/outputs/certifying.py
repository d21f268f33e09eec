"""Certification as the act does it, in one call, for tests that need a certified district."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from outputs.certification import freeze, make_manifests, trials_to_certify
from schemas.dictionary import Dictionary
from schemas.directory import Directory


@dataclass(frozen=True)
class Done:
    manifests: tuple[dict[str, Any], ...]

    @property
    def record_count(self) -> int:
        return sum(manifest["records"] for manifest in self.manifests)


def certify(
    con: duckdb.DuckDBPyConnection,
    district_code: str,
    collection_version: str,
    *,
    dictionary: Dictionary,
    directory: Directory,
    actor: str,
    at: datetime,
) -> Done:
    trials = trials_to_certify(con, district_code, collection_version, dictionary=dictionary, directory=directory)
    manifests = make_manifests(con, trials, collection_version, actor=actor, at=at)
    freeze(con, manifests, actor=actor, at=at, block_number=1)
    return Done(manifests)
