"""Districts and schools: look-ups, the two schools every district has, and refused rows."""

import pytest

from schemas.directory import load_directory
from schemas.errors import DictionaryError
from tests.schemas.batches import DISTRICT, OTHER_DISTRICT, write_directory


def test_look_ups(tmp_path):
    directory = write_directory(tmp_path)
    assert directory.has_district(DISTRICT) and not directory.has_district("999999")
    assert directory.has_school(DISTRICT, "1050") and not directory.has_school(OTHER_DISTRICT, "1050")
    assert directory.district_name(DISTRICT) == "Kansas City 33"
    assert directory.district_name("999999") == "999999"
    assert directory.school_name(DISTRICT, "1050") == "Lincoln High"
    assert directory.school_name(OTHER_DISTRICT, "1050") == "1050"
    assert directory.districts["contact_email"].to_list() == [None, None]


@pytest.mark.parametrize("school", ["1000", "8000"])
def test_standing_schools_exist_in_every_known_district(tmp_path, school):
    directory = write_directory(tmp_path)
    assert directory.has_school(DISTRICT, school)
    assert not directory.has_school("999999", school)
    assert school in directory.school_name(DISTRICT, school)


def test_contacts_may_be_there(tmp_path):
    write_directory(tmp_path)
    (tmp_path / "districts.csv").write_text(
        "district_code,name,county,kind,opened_year,closed_year,contact_name,contact_email,contact_phone\n"
        f'{DISTRICT},"Kansas City, 33",048,district,1867,,A. Clerk,clerk@example.org,\n{OTHER_DISTRICT},G,,,,,,,\n'
    )
    districts = load_directory(tmp_path).districts
    assert districts["contact_name"].to_list() == ["A. Clerk", None]
    assert districts["opened_year"].to_list() == [1867, None]


@pytest.mark.parametrize(
    "file, text, reason",
    [
        ("districts.csv", "48078,K,,,,", "line 2: district_code '48078' is not 6 digits"),
        ("districts.csv", "048078,K,,,soon,", "line 2: opened_year is 'soon'"),
        ("districts.csv", "048078,K,,,,\n048078,L,,,,", "line 3: district_code '048078' stands on line 2"),
        ("schools.csv", "048078,105,S,,,,", "line 2: school_code '105' is not 4 digits"),
        ("schools.csv", "048079,1050,S,,,,", "line 2: district_code '048079' is not in districts.csv"),
        ("schools.csv", "048078,1050,S,,,,\n048078,1050,T,,,,", "line 3: school"),
        ("schools.csv", "048078,1050,S", "line 2: 3 values where the header has 7"),
    ],
)
def test_rows_that_disagree_are_refused(tmp_path, file, text, reason):
    write_directory(tmp_path)
    header = (tmp_path / file).read_text().splitlines()[0]
    (tmp_path / file).write_text(f"{header}\n{text}\n")
    with pytest.raises(DictionaryError, match=reason.replace("(", r"\(")):
        load_directory(tmp_path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DictionaryError, match=r"districts\.csv was not found"):
        load_directory(tmp_path)
