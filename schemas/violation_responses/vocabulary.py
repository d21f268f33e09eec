"""What a district may answer to a violation: a small closed vocabulary, as data."""

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class ResponseWord:
    """One answer; ``effect`` is the state that approving it gives the violation, ``none`` where it changes nothing."""

    response: str
    effect: str
    meaning: str
    also: tuple[str, ...]


@cache
def response_words() -> dict[str, ResponseWord]:
    """All answers by their word."""
    return {
        row["response"]: ResponseWord(row["response"], row["effect"], row["meaning"], tuple(row["also"].split(";")))
        for row in _rows("vocabulary")
    }


@cache
def response_reasons() -> dict[str, str]:
    """Why a row was not taken: code -> sentence for the district."""
    return {row["reason"]: row["sentence"] for row in _rows("reasons")}


@cache
def _spellings() -> dict[str, str]:
    words = response_words().values()
    return {_folded(text): word.response for word in words for text in (word.response, *word.also)}


def response_meant(text: str) -> str | None:
    """The word that a clerk wrote, whatever its case, blanks and signs; null where it is none of ours."""
    return _spellings().get(_folded(text))


def _folded(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.casefold())


def _rows(name: str) -> list[dict[str, str]]:
    with (_FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))
