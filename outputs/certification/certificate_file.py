"""``certificate.json``: the manifest of a certificate, in the folder of the file that it certifies, for the district to keep."""

import json
from collections.abc import Sequence
from pathlib import Path

from outputs.certification.register import Certificate
from schemas.files import write_atomic

CERTIFICATE_FILE = "certificate.json"


def write_certificate(folder: Path, certificate: Certificate) -> Sequence[str]:
    """Write the certificate with its hashes and counts; the name of the file."""
    text = json.dumps(certificate.to_json(), ensure_ascii=False, indent=2)
    write_atomic(folder / CERTIFICATE_FILE, f"{text}\n")
    return (CERTIFICATE_FILE,)
