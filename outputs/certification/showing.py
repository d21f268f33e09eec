"""A certificate in words, for the terminal."""

from collections.abc import Iterator
from pathlib import Path

from outputs.certification.kept_rules import kept_path, load_kept
from outputs.certification.register import Certificate
from outputs.next_steps import counted
from schemas.clock import rfc3339


def certificate_lines(certificate: Certificate) -> Iterator[str]:
    """What was certified, by whom, under which hashes, and how it ended."""
    manifest = certificate.manifest
    yield f"{certificate.district_code} {certificate.collection_version}  {certificate.submission_id}"
    signed = f", signed on {certificate.signed_on}" if certificate.signed_on else ""
    yield f"  certified        {rfc3339(certificate.at)} by {certificate.who}{signed}"
    if certificate.ended and certificate.ended_at:
        why = f": {certificate.end_reason}" if certificate.end_reason else ""
        yield f"  ended            {certificate.ended} {rfc3339(certificate.ended_at)} by {certificate.ended_by}{why}"
    yield f"  records          {manifest['records']:,}, {counted(manifest['warnings'] or 0, 'warning')}"
    if manifest.get("is_pilot"):
        yield "  pilot            nothing of it is counted"
    yield f"  file             sha256 {manifest['file_sha256']}"
    yield f"  accepted rows    sha256 {manifest['rows_sha256']}"
    yield f"  dictionary       {manifest['dictionary_version']}, rule book {manifest['rule_book_version']}"
    if manifest.get("rules_sha256"):
        yield f"  rules as kept    sha256 {manifest['rules_sha256']}"
    if amends := manifest.get("amends"):
        yield (
            f"  replaced         {amends['submission_id']}: {amends['added']:,} added, {amends['removed']:,} removed, "
            f"{amends['changed']:,} changed ({counted(amends['changed_cells'], 'cell')})"
        )
    yield from _count_lines(manifest.get("counts", []))


def _count_lines(counts: list[dict[str, object]]) -> Iterator[str]:
    by_school: dict[str, list[str]] = {}
    for row in counts:
        by_school.setdefault(str(row["school_code"]) or "none", []).append(f"{row['grade'] or '-'} {row['records']:,}")
    for school, grades in by_school.items():
        yield f"  school {school:9} {', '.join(grades)}"


def rule_lines(archive: Path, certificate: Certificate, rule_id: str) -> Iterator[str]:
    """A rule as it stood when the certified file was judged."""
    manifest = certificate.manifest
    path = kept_path(
        archive, certificate.collection_version, manifest["dictionary_version"], manifest["rule_book_version"]
    )
    kept = load_kept(path, manifest.get("rules_sha256"))
    if kept is None:
        yield f"  The rules that judged it were not kept, or were changed since: {path}"
        return
    found = [rule for rule in (*kept["rules"], *kept["across"]) if rule["rule_id"] == rule_id]
    for rule in found:
        yield f"  {rule['rule_id']} ({rule['severity']}, {rule['scope']}) {rule['title']}"
        yield f"    fields     {', '.join(rule['fields'])}"
        yield f"    condition  {rule.get('condition') or rule.get('sql')}"
        yield f"    message    {rule['message']}"
        yield f"    fix        {rule['fix']}"
    if not found:
        yield f"  No rule {rule_id} judged it."
