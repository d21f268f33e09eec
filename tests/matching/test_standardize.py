import polars as pl
import pytest

from matching.standardize import (
    KEY_SCHEMA,
    NAME_FIELDS,
    name_sound,
    nickname_groups,
    placeholder_birth_dates,
    standardize,
)


def keys_of(**names: str | None) -> dict[str, object]:
    sent = pl.DataFrame(
        {field: [names.get(field)] for field in NAME_FIELDS}, schema=dict.fromkeys(NAME_FIELDS, pl.String)
    )
    return standardize(sent).select(*KEY_SCHEMA).row(0, named=True)


@pytest.mark.parametrize(
    "last_name, key, tokens",
    [
        ("García-López", "garcialopez", ["garcia", "lopez"]),
        ("LOPEZ GARCIA", "lopezgarcia", ["garcia", "lopez"]),
        ("De La Cruz", "delacruz", ["cruz"]),
        ("O'Brien", "obrien", ["obrien"]),
        ("Nguyễn", "nguyen", ["nguyen"]),
        ("Strauß", "strauss", ["strauss"]),
        ("De La", "dela", ["de", "la"]),
        ("Unknown", "", None),
        ("---", "", None),
        (None, "", None),
    ],
)
def test_last_name(last_name: str | None, key: str, tokens: list[str] | None) -> None:
    keys = keys_of(last_name=last_name)
    assert (keys["last_name_key"], keys["surname_tokens"]) == (key, tokens)


@pytest.mark.parametrize(
    "names, suffix",
    [
        ({"last_name": "Smith Jr."}, "jr"),
        ({"first_name": "John III"}, "iii"),
        ({"suffix": "2nd"}, "ii"),
        ({"suffix": "Sr.", "last_name": "Smith Jr"}, "sr"),
        ({"last_name": "Jr"}, None),
        ({"suffix": "Esq"}, None),
        ({"first_name": "Henry V"}, None),
    ],
)
def test_suffix_has_a_field_of_its_own(names: dict[str, str], suffix: str | None) -> None:
    assert keys_of(**names)["suffix_key"] == suffix


def test_suffix_is_taken_out_of_the_name() -> None:
    assert keys_of(last_name="Smith Jr.")["last_name_key"] == keys_of(last_name="Smith")["last_name_key"]


@pytest.mark.parametrize(
    "field, name, key",
    [
        ("first_name", "BABY BOY", ""),
        ("middle_name", "NMN", None),
        ("middle_name", "X", "x"),
        ("last_name", "Baby", "baby"),
    ],
)
def test_placeholder_counts_as_missing_in_its_own_field(field: str, name: str, key: str | None) -> None:
    assert keys_of(**{field: name})[f"{field}_key"] == key


@pytest.mark.parametrize(
    "names, first, middle",
    [
        ({"first_name": "Mary Ann"}, "mary", "ann"),
        ({"first_name": "Mary", "middle_name": "Ann"}, "mary", "ann"),
        ({"first_name": "Mary Ann", "middle_name": "Lee"}, "maryann", "lee"),
        ({"first_name": "José Luis Jr"}, "jose", "luis"),
        ({"first_name": "J Robert"}, "jrobert", None),
    ],
)
def test_second_word_of_the_first_name_is_the_middle_name(
    names: dict[str, str], first: str, middle: str | None
) -> None:
    keys = keys_of(**names)
    assert (keys["first_name_key"], keys["middle_name_key"]) == (first, middle)


def test_guardian_key_needs_a_last_name() -> None:
    assert keys_of(guardian_last_name="García", guardian_first_name="Ana")["guardian_key"] == "garcia|ana"
    assert keys_of(guardian_last_name="García")["guardian_key"] == "garcia|"
    assert keys_of(guardian_first_name="Ana")["guardian_key"] is None


@pytest.mark.parametrize(
    "one, other, alike",
    [
        ("elijah", "alijah", True),
        ("smith", "smyth", True),
        ("katherine", "catherine", True),
        ("gonzalez", "gonsales", True),
        ("philip", "fillip", True),
        ("jaden", "aiden", False),
        ("smith", "jones", False),
    ],
)
def test_sound(one: str, other: str, alike: bool) -> None:
    sounds = pl.DataFrame({"key": [one, other]}).select(name_sound(pl.col("key")).alias("sound"))["sound"]
    assert (sounds[0] == sounds[1]) is alike


def test_rows_keep_their_order_and_other_columns() -> None:
    sent = pl.DataFrame(
        {"line_number": [3, 1, 2], **{f: ["B", None, "A"] for f in NAME_FIELDS}},
    )
    result = standardize(sent)
    assert result["line_number"].to_list() == [3, 1, 2]
    assert result["first_name_key"].to_list() == ["b", "", "a"]
    assert result.select(*KEY_SCHEMA).schema == KEY_SCHEMA


def test_an_empty_frame_has_the_columns() -> None:
    assert (
        standardize(pl.DataFrame(schema=dict.fromkeys(NAME_FIELDS, pl.String))).select(*KEY_SCHEMA).schema == KEY_SCHEMA
    )


def test_standardizing_twice_changes_nothing() -> None:
    once = standardize(pl.DataFrame({field: ["Peña Jr"] for field in NAME_FIELDS}))
    assert standardize(once).equals(once)


def test_nicknames_name_their_formal_names() -> None:
    groups = dict(nickname_groups().iter_rows())
    assert {"robert"} <= set(groups["bob"])
    assert groups["robert"] == ["robert"]
    assert set(groups["alex"]) >= {"alexander", "alexandra"}


def test_every_nickname_is_written_as_keys_are() -> None:
    names = nickname_groups()["name"]
    assert names.str.contains("^[a-z]+$").all()


def test_placeholder_birth_dates_hold_the_zero_dates() -> None:
    assert {"1900-01-01", "1970-01-01"} <= set(placeholder_birth_dates())
