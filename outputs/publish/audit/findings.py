"""What the audit found wrong. Findings name cells by their codes and never carry a count that was worked out."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that forbids publication.

    Args:
        check: short code of the check, never renamed.
        where: file, table or cell.
        message: what is wrong.
    """

    check: str
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.check}: {self.where}: {self.message}"
