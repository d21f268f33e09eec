"""Certification: a trial without errors is frozen under a manifest of hashes; only certified data feed later steps.

Nothing here commits. ``against`` says what stands in the way, ``manifest`` what is frozen, ``freezing`` changes the tables,
``forms`` are the files that districts sign, ``built_on`` what a certificate carries, ``kept_rules`` what it was judged by.
"""

from outputs.certification.against import find_certifiable, trials_to_certify
from outputs.certification.freezing import Signature, freeze, take_back
from outputs.certification.manifest import hash_rows, make_manifests

__all__ = [
    "Signature",
    "find_certifiable",
    "freeze",
    "hash_rows",
    "make_manifests",
    "take_back",
    "trials_to_certify",
]
