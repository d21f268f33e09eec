"""The districts' forms: made of the dictionary, self-contained, written when something changed and not otherwise."""

import re

import pytest

from outputs.forms.page import NEVER_ASKED, Places, form_fields, form_page, form_rows, saved_columns
from outputs.forms.refresh import FORMS, STAMP, refresh_forms
from schemas.dictionary import Dictionary, load_dictionary
from schemas.directory import Directory, load_directory
from schemas.paths import StateHome
from tests.flows.small_files import HERE, THERE, new_home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> StateHome:
    return new_home(tmp_path_factory.mktemp("forms"))


@pytest.fixture(scope="module")
def dictionary() -> Dictionary:
    return load_dictionary()


@pytest.fixture
def directory(home: StateHome) -> Directory:
    return load_directory(home.directory)


@pytest.mark.parametrize("form", FORMS.values())
def test_every_column_of_the_saved_file_is_asked_for_or_known(form: str, dictionary: Dictionary) -> None:
    columns = {name for name, _ in saved_columns(form, dictionary)}
    asked = {row["standard_name"] for row in form_rows() if row["form"] == form}
    assert asked <= columns
    assert columns - asked <= set(NEVER_ASKED)
    assert "ssn" not in asked


def test_fields_follow_the_dictionary(dictionary: Dictionary, directory: Directory) -> None:
    fields = {field.name: field for field in form_fields("new_student", HERE, Places.of(dictionary, directory))}
    layout = dictionary.layout("id_batch").by_standard_name
    for name, field in fields.items():
        assert (field.length, field.is_required) == (layout[name].length, layout[name].requirement(None) == "Required")
    assert [code for code, _ in fields["gender"].options] == ["F", "M"]
    # Second spellings of a code are for files; a person chooses among the codes.
    assert "03" in dict(fields["grade"].options) and "3" not in dict(fields["grade"].options)
    own = {code for code, _ in fields["current_school_code"].options}
    assert "1050" in own and "4020" not in own and {"1000", "8000"} <= own
    assert {code for code, _ in Places.of(dictionary, directory).districts} >= {HERE, THERE}


@pytest.mark.parametrize("form", FORMS.values())
def test_page_is_self_contained_and_labels_every_control(
    form: str, dictionary: Dictionary, directory: Directory
) -> None:
    page = form_page(form, HERE, Places.of(dictionary, directory)).decode("utf-8")
    assert not re.search(r"(?:https?:)?//[a-z]", page)
    assert "default-src &#39;none&#39;" in page
    ids = re.findall(r'<(?:input id|select id)="([a-z_]+)"', page)
    assert ids and set(ids) <= set(re.findall(r'<label for="([a-z_]+)"', page))
    described = set(" ".join(re.findall(r'aria-describedby="([^"]+)"', page)).split())
    assert described <= set(re.findall(r' id="([^"]+)"', page))


def test_forms_are_written_once_and_again_when_something_changed(
    home: StateHome, dictionary: Dictionary, directory: Directory
) -> None:
    count = len(directory.district_codes)
    assert refresh_forms(home, dictionary, directory) == count
    assert refresh_forms(home, dictionary, directory) == 0
    (home.outbox_of(HERE) / "forms" / "locate.html").unlink()
    assert refresh_forms(home, dictionary, directory) == 1
    (home.reports / STAMP).write_text("another dictionary\n")
    assert refresh_forms(home, dictionary, directory) == count
    forms = home.outbox_of(HERE) / "forms"
    assert sorted(path.name for path in forms.iterdir()) == sorted(FORMS)
    assert {oct((forms / name).stat().st_mode & 0o777) for name in FORMS} == {"0o640"}
