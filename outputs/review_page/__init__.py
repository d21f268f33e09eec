"""``worklist.html``: open questions side by side, for the operator to decide."""

from outputs.review_page.page import Candidate, Group, Proposal, Question, Worklist, worklist_html

__all__ = ["Candidate", "Group", "Proposal", "Question", "Worklist", "worklist_html"]
