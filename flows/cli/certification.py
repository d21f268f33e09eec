"""``mosis certify``, ``mosis decertify`` and ``mosis certificate``: freeze what districts have sent, take it back, prove it."""

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.options import HomeOption, JsonOption, open_home
from flows.cli.options import actor as login_name

if TYPE_CHECKING:
    from flows.certification import TakenBack
    from outputs.certification.register import Certificate

certificate = typer.Typer(help="Show and verify certificates.", no_args_is_help=True)

ActorOption = Annotated[
    str | None, typer.Option("--actor", help="Who decides; the login name when left out.", show_default=False)
]
DistrictsOption = Annotated[
    list[str] | None, typer.Option("--district", help="This district; may be repeated.", show_default=False)
]
WhichOption = Annotated[
    list[str] | None,
    typer.Argument(help="COLLECTION, or DISTRICT COLLECTION, or a submission.", show_default=False),
]


def register(app: typer.Typer) -> None:
    app.command()(certify)
    app.command()(decertify)
    app.add_typer(certificate, name="certificate")


def certify(
    names: Annotated[list[str], typer.Argument(metavar="[DISTRICT] COLLECTION", help="CollectionVersion literal.")],
    district: DistrictsOption = None,
    all_ready: Annotated[bool, typer.Option("--all-ready", help="Every district that nothing stands against.")] = False,
    actor: ActorOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Freeze trials that nothing stands against; otherwise say what does (exit 1). Districts certify by their certificate file.

    Example: mosis certify 2026Oct1.0StuCore --district 048078 --actor "R. Ames"
    """
    from flows.certification import certify_many
    from flows.cli.show import progress_display
    from flows.progress import Stopwatch
    from flows.reporting import write_overview
    from flows.session import open_session
    from schemas.clock import SystemClock
    from schemas.errors import UsageError

    if len(names) > 2:
        raise UsageError("Name one collection: mosis certify COLLECTION --district DISTRICT")
    districts = [*names[:-1], *(district or [])]
    if not districts and not all_ready:
        raise UsageError("Say whose trial: --district DISTRICT (again for each), or --all-ready.")
    with (
        progress_display(quiet=as_json) as progress,
        open_session(open_home(home), SystemClock(), Stopwatch(progress)) as session,
    ):
        session.dictionary.collection(names[-1])
        outcomes = certify_many(session, names[-1], districts, all_ready=all_ready, actor=actor or login_name())
        write_overview(session)
    if as_json:
        body = [
            {
                "district_code": each.district_code,
                "is_certified": each.certified is not None,
                "records": each.certified.record_count if each.certified else None,
                "text": each.text,
            }
            for each in outcomes
        ]
        print(json.dumps({"format_version": 1, "collection_version": names[-1], "districts": body}, indent=2))
    else:
        for each in outcomes:
            print(each.text)
        if not outcomes:
            print(f"No trial of {names[-1]} is ready to certify. See: mosis status --collection {names[-1]}")
    if any(each.certified is None for each in outcomes):
        raise typer.Exit(1)


def decertify(
    collection: Annotated[str | None, typer.Argument(help="CollectionVersion literal.", show_default=False)] = None,
    district: Annotated[str | None, typer.Option("--district", help="Whose certificate.", show_default=False)] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; the district reads it.", show_default=False)] = "",
    requests: Annotated[bool, typer.Option("--requests", help="List what districts asked for.")] = False,
    approve: Annotated[
        str | None, typer.Option("--approve", help="Do what this request asks for.", show_default=False)
    ] = None,
    refuse: Annotated[
        str | None, typer.Option("--refuse", help="Refuse this request, with --reason.", show_default=False)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Take it back although something was built on it.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what was built on it; change nothing.")] = False,
    actor: ActorOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a certified collection of a district a trial again; what was built on it is listed first.

    Example: mosis decertify 2026Oct1.0StuCore --district 048078 --reason "Grades of one school were shifted" --dry-run
    """
    from flows.certification import (
        approve_request,
        look_at_certificate,
        refuse_request,
        requested_certificate,
        take_certificate_back,
    )
    from flows.reporting import write_overview
    from flows.session import open_reader, open_session
    from outputs.certification.requests import load_requests
    from schemas.clock import SystemClock
    from schemas.errors import UsageError

    state, who = open_home(home), actor or login_name()
    if requests:
        with open_reader(state) as reader:
            found = load_requests(reader.con)
        _print_requests([request.to_json() for request in found], as_json)
        return
    if not (approve or refuse) and not (collection and district):
        raise UsageError("Name the certificate: mosis decertify COLLECTION --district DISTRICT --reason TEXT")
    with open_session(state, SystemClock()) as session:
        if refuse:
            refuse_request(session, refuse, actor=who, reason=reason)
            print(f"Refused: {refuse}. The certificate stands; the district finds the reason in its outbox.")
            return
        look = (
            requested_certificate(session, approve)
            if approve
            else look_at_certificate(session, district or "", collection or "")
        )
        is_held_up = look.built.is_any and not yes
        _print_look(look, as_json, is_taken_back=not dry_run and not is_held_up)
        if dry_run:
            return
        if is_held_up:
            print(
                "Nothing was changed. To take the certificate back all the same, give the command again with --yes.",
                file=sys.stderr if as_json else sys.stdout,
            )
            raise typer.Exit(1)
        if approve:
            approve_request(session, approve, actor=who)
        else:
            take_certificate_back(session, district or "", collection or "", actor=who, reason=reason)
        write_overview(session)
        if not as_json:
            print("The certificate was taken back; the file is a trial again, and the districts concerned were told.")


def _print_look(look: "TakenBack", as_json: bool, *, is_taken_back: bool) -> None:
    """What was built on a certificate, before anything is done to it."""
    if as_json:
        print(json.dumps({"format_version": 1, "is_taken_back": is_taken_back, **look.to_json()}, indent=2))
        return
    print(f"{look.district_code} {look.collection_version}, {', '.join(f['submission_id'] for f in look.files)}:")
    for sentence in look.built.sentences():
        print(f"  {sentence}")


def _print_requests(found: list[dict[str, object]], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"format_version": 1, "requests": found}, indent=2))
    elif not found:
        print("No district has asked to have a certificate taken back.")
    for request in () if as_json else found:
        print(f"{request['request_submission_id']}  {request['status']}")
        print(f"  {request['district_code']} {request['collection_version']}: {request['reason']}")
        print(f"  signed by {request['signed_by']}, {request['title']}, on {request['signed_on']}")


@certificate.command("show")
def show(
    names: Annotated[list[str], typer.Argument(metavar="DISTRICT COLLECTION", help="Or one submission.")],
    rule: Annotated[
        str | None, typer.Option("--rule", help="Also show this rule as it stood.", show_default=False)
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the certificates of a district and collection: who signed, what was frozen, how they ended.

    Example: mosis certificate show 048078 2026Oct1.0StuCore --rule STC00602
    """
    from flows.session import open_reader
    from outputs.certification.showing import certificate_lines, rule_lines
    from schemas.errors import UnknownName

    state = open_home(home)
    with open_reader(state) as reader:
        found = _named(reader.con, names)
    if not found:
        raise UnknownName(f"There is no certificate of {' '.join(names)}. Certified districts: mosis status --all")
    if as_json:
        print(json.dumps({"format_version": 1, "certificates": [one.to_json() for one in found]}, indent=2))
        return
    for one in found:
        print("\n".join(certificate_lines(one)))
        if rule:
            print("\n".join(rule_lines(state.archive, one, rule)))


@certificate.command("verify")
def verify(
    names: WhichOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the hashes of standing certificates again from what the home keeps; exit 1 where one differs.

    Example: mosis certificate verify 048078 2026Oct1.0StuCore
    """
    from flows.session import open_reader
    from outputs.certification.verification import verify_certificate

    state = open_home(home)
    with open_reader(state) as reader:
        found = [one for one in _named(reader.con, names or []) if one.ended is None]
        verified = [verify_certificate(reader.con, state.archive, one) for one in found]
    if as_json:
        print(json.dumps({"format_version": 1, "certificates": [one.to_json() for one in verified]}, indent=2))
    else:
        for one in verified:
            for finding in one.findings:
                print(f"{one.submission_id}: {finding}")
        sound = sum(not one.findings for one in verified)
        print(f"{sound:,} of {len(verified):,} standing certificates hold what they say.")
    if any(one.findings for one in verified):
        raise typer.Exit(1)


def _named(con: object, names: list[str]) -> "list[Certificate]":
    from outputs.certification.register import load_certificates

    if not names:
        return load_certificates(con)  # type: ignore[arg-type]
    if len(names) == 2:
        return load_certificates(con, district_code=names[0], collection_version=names[1])  # type: ignore[arg-type]
    by_submission = load_certificates(con, submission_id=names[0])  # type: ignore[arg-type]
    return by_submission or load_certificates(con, collection_version=names[0])  # type: ignore[arg-type]
