"""How files come in: what waits (``waiting``), how it is taken (``claim``), what it is (``recognise``), and what is set
aside unopened or unrecognised (``quarantine``). Paths, moments and known codes are handed in; no database is needed.
"""
