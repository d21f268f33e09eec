"""``outbox/<district>/reminders/<day>_<collection>.txt`` and ``.html``: when it is due, where the district stands, what to do."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from outputs.next_steps import PILOT, counted, long_date
from outputs.pages import render_page
from outputs.reminders.choosing import DueReminder
from schemas.files import make_folder, write_atomic

FOLDER = "reminders"


def write_reminder(outbox: Path, reminder: DueReminder, day: date) -> Path:
    """Write both files into the district's outbox; gives the text file. The page is written first."""
    folder = outbox / reminder.district_code
    for each in (folder, folder / FOLDER):
        make_folder(each, 0o750)
    stem = f"{day:%Y-%m-%d}_{reminder.collection_version}"
    headline, paragraphs = headline_of(reminder), list(paragraphs_of(reminder))
    page = render_page(
        "reminder.html.j2", title=headline, data=None, reminder=reminder, headline=headline, paragraphs=paragraphs,
        written_on=long_date(day), kind="error" if reminder.days_left < 0 else "warning",
    )  # fmt: skip
    write_atomic(folder / FOLDER / f"{stem}.html", page)
    lines = [headline, "", f"{reminder.district_name} ({reminder.district_code}), {long_date(day)}", ""]
    text = folder / FOLDER / f"{stem}.txt"
    write_atomic(text, "\r\n".join([*lines, *paragraphs, ""]))
    return text


def headline_of(reminder: DueReminder) -> str:
    """One line: what, and how long."""
    left = reminder.days_left
    if left > 1:
        when = f"is due in {left} days"
    elif left >= 0:
        when = "is due tomorrow" if left else "is due today"
    else:
        when = f"was due {counted(-left, 'day')} ago"
    return f"{reminder.collection_title} {when}"


def paragraphs_of(reminder: DueReminder) -> Iterator[str]:
    """Short and human: the day, where the district stands, the one thing to do next."""
    was = "was due" if reminder.days_left < 0 else "is due"
    yield f"It {was} {long_date(reminder.due_date)}, at the end of the day in Missouri."
    yield _where(reminder)
    if reminder.days_left < 0:
        yield "A file is still taken and marked late. If you need more time, ask the state's MOSIS desk for an extension."
    if reminder.is_pilot:
        yield PILOT


def _where(reminder: DueReminder) -> str:
    state = reminder.state
    if state in ("missing", "not_due"):
        return "We have no file from you yet. Export it from your student system and drop it into your inbox folder."
    if state == "refused":
        return "Your last file could not be used; its receipt says why. Correct that and drop the file again."
    if state == "waiting":
        return "Your last file waits for you: it has far fewer records than the one before. Drop it once more if it is complete."
    if state == "errors":
        return (
            f"Your file has {counted(reminder.errors, 'error')}. Open violations.html in its folder: it says what to correct "
            "first. Then drop the whole file again."
        )
    if state == "near_matches":
        return (
            f"{counted(reminder.near_matches, 'student waits', 'students wait')} for your decision: open "
            "matches_to_resolve.txt in the folder of your file."
        )
    if state == "recertify":
        return (
            "Your newest file is not certified yet; the one before still counts. Look at amendment.html, then sign the "
            "certificate beside it and drop it into your inbox folder."
        )
    return "Nothing stands against certification. Sign the certificate beside your last report and drop it into your inbox folder."
