"""Pre-code: the test vendor's file and each district's own labels, from certified Student Core."""

from outputs.precode.delivery import Delivery, build_precode

__all__ = ["Delivery", "build_precode"]
