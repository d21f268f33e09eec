"""First step of matching: one spelling for every name, so that equal means equal.

Case, accents, punctuation and blanks are taken out; a suffix goes into a field of its own; a placeholder counts as
missing. Each distinct spelling is worked on once and joined back, so the cost follows the number of different names.
The keys are stored in ``identity.record``: raise STANDARDIZE_VERSION when a key of any name changes.
"""

import csv
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
    if requests.is_empty():
        return requests.drop(*KEY_SCHEMA, strict=False).hstack(pl.DataFrame(schema=KEY_SCHEMA))
    spelled = _spellings(requests)
    last = _parts_of(requests["last_name"], spelled, "last")
    first, middle = _split_given_names(
        _parts_of(requests["first_name"], spelled, "first"), _parts_of(requests["middle_name"], spelled, "middle")
    )
    guardian_last = _parts_of(requests["guardian_last_name"], spelled, "last")
    guardian_first = _parts_of(requests["guardian_first_name"], spelled, "first")
    suffix = _sent_suffix(requests["suffix"], spelled)
    # A head like "boy" stays a key, but has no sound that a search would meet.
    sounds = _sounds_of(last["key"], _without_placeholders(first.rename({"key": "words"}), "first")["words"])
    keys = pl.DataFrame(
        {
            "last_name_key": last["key"].fill_null(""),
            "first_name_key": first["key"].fill_null(""),
            "middle_name_key": middle,
            "suffix_key": suffix.fill_null(last["suffix"]).fill_null(first["suffix"]),
            "last_name_sound": sounds[0],
            "first_name_sound": sounds[1],
            "surname_tokens": _surname_tokens(last["words"]),
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


@cache
def _name_table(name: str) -> tuple[dict[str, str], ...]:
    with (NAME_TABLES / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines))


def _spellings(requests: pl.DataFrame) -> pl.DataFrame:
    """Each distinct spelling of any name once: ``written``, ``whole`` (folded), ``words`` (without a suffix), ``suffix``.

    One frame for all fields, because to compile the patterns takes longer than to fold a district's names with them.
    """
    fields = [requests[name].cast(pl.String).alias("written") for name in NAME_FIELDS]
    written = pl.concat(fields).drop_nulls().unique().to_frame()
    folded = written.with_columns(fold_name(pl.col("written")).alias("words"))
    return _without_suffix(folded.with_columns(pl.col("words").alias("whole")))


def _parts_of(values: pl.Series, spelled: pl.DataFrame, part: str) -> pl.DataFrame:
    """``words``, ``suffix`` and ``key`` of each value, in the order of the values; null for a placeholder of this part."""
    named = _without_placeholders(spelled, part).with_columns(pl.col("words").str.replace_all(" ", "").alias("key"))
    return _looked_up(values, named.rename({"written": "value"})).select("words", "suffix", "key")


def _looked_up(values: pl.Series, known: pl.DataFrame) -> pl.DataFrame:
    """The rows of ``known`` (by its column ``value``) for each value, in the order of the values."""
    asked = pl.DataFrame({"value": values.cast(pl.String)})
    return asked.join(known, on="value", how="left", maintain_order="left")


def _surname_tokens(words: pl.Series) -> pl.Series:
    particles = [row["particle"] for row in _name_table("surname_particles")]
    split = pl.col("value").str.split(" ")
    telling = split.list.set_difference(pl.lit(particles, pl.List(pl.String())))
    tokens = pl.when(telling.list.len() > 0).then(telling).otherwise(split)
    distinct = words.alias("value").drop_nulls().unique().to_frame()
    return _looked_up(words, distinct.with_columns(tokens.list.unique().list.sort().alias("tokens")))["tokens"]


def _sounds_of(*keys: pl.Series) -> list[pl.Series]:
    distinct = pl.concat([key.alias("value") for key in keys]).drop_nulls().unique().to_frame()
    known = distinct.with_columns(name_sound(pl.col("value")).alias("sound"))
    return [_looked_up(key, known)["sound"] for key in keys]


def _split_given_names(first: pl.DataFrame, middle: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """First names of two words where no middle name was sent: the second word is the middle name.

    One district writes MARY ANN into the first name, the next one ANN into the middle name; both come out alike.
    """
    given = first.select(
        "key", "suffix", middle=middle["key"],
        head=pl.col("words").str.extract(r"^([a-z]{2,}) ", 1), rest=pl.col("words").str.extract(r"^[a-z]{2,} (.+)$", 1),
    )  # fmt: skip
    is_split = pl.col("middle").is_null() & pl.col("rest").is_not_null()
    given = given.with_columns(
        key=pl.when(is_split).then("head").otherwise("key"),
        middle=pl.when(is_split).then(pl.col("rest").str.replace_all(" ", "")).otherwise("middle"),
    )
    return given, given["middle"]


def _sent_suffix(values: pl.Series, spelled: pl.DataFrame) -> pl.Series:
    forms = {row["written"]: row["suffix"] for row in _name_table("suffixes")}
    key = pl.col("whole").str.replace_all(" ", "").replace_strict(forms, default=None).alias("key")
    return _looked_up(values, spelled.select(pl.col("written").alias("value"), key))["key"]


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
