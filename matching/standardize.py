"""First step of matching: one spelling for every name, so that equal means equal.

Case, accents, punctuation and blanks are taken out; a suffix goes into a field of its own; a placeholder counts as
missing. Each distinct spelling is worked on once and joined back, so the cost follows the number of different names.
The keys are stored in ``identity.record``: raise STANDARDIZE_VERSION when a key of any name changes.
"""

import csv
from collections.abc import Callable
from functools import cache
from pathlib import Path

import polars as pl

STANDARDIZE_VERSION = 1
NAME_TABLES = Path(__file__).parent / "names"

NAME_FIELDS = ("last_name", "first_name", "middle_name", "suffix", "guardian_last_name", "guardian_first_name")
KEY_SCHEMA: dict[str, pl.DataType] = {
    "last_name_key": pl.String(),
    "first_name_key": pl.String(),
    "middle_name_key": pl.String(),
    "suffix_key": pl.String(),
    "last_name_sound": pl.String(),
    "first_name_sound": pl.String(),
    "surname_tokens": pl.List(pl.String()),
    "guardian_key": pl.String(),
}

# Spellings of one spoken name that English and Spanish mix up. Applied in this order to a whole key.
SOUND_STEPS = (
    (r"^(?:kn|gn|pn)", "n"),
    (r"^wr", "r"),
    (r"^wh", "w"),
    (r"^x", "s"),
    (r"^mac", "mc"),
    (r"tch|sch|sh|ch", "x"),
    (r"ph", "f"),
    (r"gh(t|n|$)", "$1"),
    (r"gh", "g"),
    (r"ck|q", "k"),
    (r"c([eiy])", "s$1"),
    (r"c", "k"),
    (r"z", "s"),
    (r"v", "b"),
    (r"y", "i"),
    (r"j", "g"),
)
SOUND_LENGTH = 6


def standardize(requests: pl.DataFrame) -> pl.DataFrame:
    """The same rows in the same order, with the columns of KEY_SCHEMA added (or made anew).

    Args:
        requests: the columns NAME_FIELDS in any spelling, null where nothing was sent.

    Returns:
        last_name_key, first_name_key: letters a-z and digits only; ``''`` where the name names nobody (a placeholder).
        middle_name_key, suffix_key, sounds, guardian_key (``last|first``): null where nothing is known.
        surname_tokens: the words of the last name without particles, sorted, each once.
    """
    last = _parts_of(requests["last_name"], _surname_parts)
    first = _parts_of(requests["first_name"], _given_name_parts("first"))
    first, middle = _split_given_names(first, _parts_of(requests["middle_name"], _given_name_parts("middle")))
    suffix = _parts_of(requests["suffix"], _suffix_parts)
    guardian_last = _parts_of(requests["guardian_last_name"], _surname_parts)
    guardian_first = _parts_of(requests["guardian_first_name"], _given_name_parts("first"))
    keys = pl.DataFrame(
        {
            "last_name_key": last["key"].fill_null(""),
            "first_name_key": first["key"].fill_null(""),
            "middle_name_key": middle,
            "suffix_key": suffix["key"].fill_null(last["suffix"]).fill_null(first["suffix"]),
            "last_name_sound": last["sound"],
            "first_name_sound": first["sound"],
            "surname_tokens": last["tokens"],
            "guardian_key": guardian_last["key"] + "|" + guardian_first["key"].fill_null(""),
        },
        schema=KEY_SCHEMA,
    )
    return requests.drop(*KEY_SCHEMA, strict=False).hstack(keys)


@cache
def placeholder_birth_dates() -> tuple[str, ...]:
    """Dates (ISO) that systems write where no birth date is known."""
    return tuple(row["birth_date"] for row in _name_table("placeholder_birth_dates"))


@cache
def nickname_groups() -> pl.DataFrame:
    """name, groups: the formal names a first name is used for, sorted. A name in no group has no row."""
    names = pl.read_csv(NAME_TABLES / "nicknames.csv")
    return names.group_by("name").agg(pl.col("formal_name").unique().sort().alias("groups")).sort("name")


def fold_name(name: pl.Expr) -> pl.Expr:
    """Words of a-z and 0-9 with one blank between them; null where nothing is left."""
    letters = _name_table("letters")
    folded = (
        name.str.to_lowercase()
        .str.normalize("NFKD")
        .str.replace_all(r"\p{M}", "")
        .str.replace_many([row["letter"] for row in letters], [row["replacement"] for row in letters])
        .str.replace_all(r"['’`´.]", "")
        .str.replace_all(r"[^a-z0-9]+", " ")
        .str.strip_chars(" ")
    )
    return pl.when(folded != "").then(folded)


def name_sound(key: pl.Expr) -> pl.Expr:
    """A short code that the spellings of one spoken name share: its first letter and the consonants after it."""
    spoken = key
    for pattern, sound in SOUND_STEPS:
        spoken = spoken.str.replace_all(pattern, sound)
    # One letter for all vowels in front: Elijah and Alijah are one spoken name.
    code = spoken.str.slice(0, 1).str.replace(r"[aeiou]", "a") + spoken.str.slice(1).str.replace_all(r"[aeiouhw]", "")
    for letter in "bdfgklmnprstx":
        code = code.str.replace_all(f"{letter}{letter}+", letter)
    return pl.when(code != "").then(code.str.slice(0, SOUND_LENGTH))


def _name_table(name: str) -> list[dict[str, str]]:
    with (NAME_TABLES / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


Parts = Callable[[pl.DataFrame], pl.DataFrame]


def _parts_of(values: pl.Series, parts: Parts) -> pl.DataFrame:
    """The parts of each value in the order of the values; worked out once for each distinct spelling."""
    written = pl.DataFrame({"written": values.cast(pl.String)})
    distinct = written.drop_nulls().unique()
    known = parts(distinct.with_columns(fold_name(pl.col("written")).alias("words")))
    return written.join(known, on="written", how="left", maintain_order="left")


def _surname_parts(names: pl.DataFrame) -> pl.DataFrame:
    particles = [row["particle"] for row in _name_table("surname_particles")]
    words = pl.col("words").str.split(" ")
    telling = words.list.set_difference(pl.lit(particles, pl.List(pl.String())))
    tokens = pl.when(telling.list.len() > 0).then(telling).otherwise(words)
    named = _without_placeholders(_without_suffix(names), "last")
    return named.with_columns(
        pl.col("words").str.replace_all(" ", "").alias("key"),
        pl.when(pl.col("words").is_not_null()).then(tokens.list.unique().list.sort()).alias("tokens"),
    ).with_columns(name_sound(pl.col("key")).alias("sound"))


def _given_name_parts(part: str) -> Parts:
    def parts(names: pl.DataFrame) -> pl.DataFrame:
        named = _without_placeholders(_without_suffix(names), part)
        return named.with_columns(pl.col("words").str.replace_all(" ", "").alias("key")).with_columns(
            name_sound(pl.col("key")).alias("sound")
        )

    return parts


def _split_given_names(first: pl.DataFrame, middle: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """First names of two words where no middle name was sent: the second word is the middle name.

    One district writes MARY ANN into the first name, the next one ANN into the middle name; both come out alike.
    """
    given = first.select(
        "key", "sound", "suffix", middle=middle["key"],
        head=pl.col("words").str.extract(r"^([a-z]{2,}) ", 1), rest=pl.col("words").str.extract(r"^[a-z]{2,} (.+)$", 1),
    )  # fmt: skip
    is_split = pl.col("middle").is_null() & pl.col("rest").is_not_null()
    given = given.with_columns(
        key=pl.when(is_split).then("head").otherwise("key"),
        middle=pl.when(is_split).then(pl.col("rest").str.replace_all(" ", "")).otherwise("middle"),
    )
    sounds = _parts_of(given["key"], _given_name_parts("first"))
    return given.with_columns(sounds["sound"]), given["middle"]


def _suffix_parts(names: pl.DataFrame) -> pl.DataFrame:
    table = _name_table("suffixes")
    forms = {row["written"]: row["suffix"] for row in table}
    return names.with_columns(pl.col("words").str.replace_all(" ", "").replace_strict(forms, default=None).alias("key"))


def _without_suffix(names: pl.DataFrame) -> pl.DataFrame:
    """The suffix at the end of a name in a column of its own; a name that is only a suffix stays a name."""
    forms = {row["written"]: row["suffix"] for row in _name_table("suffixes") if row["in_name"] == "true"}
    pattern = rf"^(.+) ({'|'.join(forms)})$"
    return names.with_columns(
        pl.col("words").str.extract(pattern, 2).replace_strict(forms, default=None).alias("suffix"),
        pl.col("words").str.replace(pattern, "$1"),
    )


def _without_placeholders(names: pl.DataFrame, part: str) -> pl.DataFrame:
    placeholders = [row["name"] for row in _name_table("placeholder_names") if row["part"] in (part, "any")]
    is_placeholder = pl.col("words").str.replace_all(" ", "").is_in(placeholders)
    return names.with_columns(pl.when(~is_placeholder).then(pl.col("words")).alias("words"))
