"""The difference of two school years as one self-contained page."""

from outputs.dictionary_diff.compare import YearDifference
from outputs.dictionary_diff.names import year_name
from outputs.dictionary_diff.text import KINDS, headline, layout_line
from outputs.next_steps import long_date
from outputs.pages import render_page

# Colour of each kind of change: what needs work is not coloured as an error, it only stands out.
BADGES = {
    "added": "accent", "dropped": "warning", "expired": "warning", "renamed": "accent", "shortened": "warning",
    "lengthened": "good", "requirement": "accent", "changed": "accent", "moved": "warning", "new": "accent",
}  # fmt: skip


def difference_page(difference: YearDifference) -> bytes:
    """For a district data manager: what to change in the extracts, file by file."""
    return render_page(
        "dictionary_difference.html.j2",
        title=f"MOSIS: what changes for {year_name(difference.after)}",
        data=None,
        style="dictionary_docs/docs.css",
        difference=difference,
        years=(year_name(difference.before), year_name(difference.after)),
        headline=headline(difference),
        kinds=KINDS,
        badges=BADGES,
        layout_line=layout_line,
        long_date=long_date,
    )
