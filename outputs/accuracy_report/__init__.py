"""How often identity is wrong, as one page."""
