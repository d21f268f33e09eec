"""What changes for a district from one school year to another, from the data dictionary alone."""

from outputs.dictionary_diff.compare import YearDifference, compare_years
from outputs.dictionary_diff.page import difference_page
from outputs.dictionary_diff.text import difference_text

__all__ = ["YearDifference", "compare_years", "difference_page", "difference_text"]
