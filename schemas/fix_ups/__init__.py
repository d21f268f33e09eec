"""Fix-up files: the failing records of a trial alone, corrected, and merged with the rest of the file that stands.

A fix-up file begins with the columns SubmissionID and Line, which no extract has: it can never be taken for a whole file,
nor a whole file for a fix-up.
"""
