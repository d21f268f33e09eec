"""The data dictionary and rule book as HTML: a page for each layout, code set and rule, and a printable manual."""

from outputs.dictionary_docs.links import code_set_page, layout_page, rule_anchor

__all__ = ["code_set_page", "layout_page", "rule_anchor"]
