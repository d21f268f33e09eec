"""Forms for districts that have SFTP and a browser, nothing else: one page asks for an ID, one looks a student up."""

from outputs.forms.page import form_page
from outputs.forms.refresh import FORMS, refresh_forms

__all__ = ["FORMS", "form_page", "refresh_forms"]
