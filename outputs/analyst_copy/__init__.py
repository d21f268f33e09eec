"""The analysts' copy: ``HOME/analyst/state_read.duckdb`` holds the analyst views and nothing else (design 3.1).

No name, birth date, guardian, local ID, SSN hash, state ID or raw value of a violation is in it. A child is a pseudonym that
only the key in ``HOME/keys`` can make, the same in every copy.
"""

from outputs.analyst_copy.build import CopySummary, Facts, write_analyst_copy
from outputs.analyst_copy.frames import rule_rows
from outputs.analyst_copy.pseudonyms import pseudonym_fingerprint

__all__ = ["CopySummary", "Facts", "pseudonym_fingerprint", "rule_rows", "write_analyst_copy"]
