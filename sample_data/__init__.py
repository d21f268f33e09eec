"""The synthetic state: a directory and extracts of successive school years, with the truth beside them."""
