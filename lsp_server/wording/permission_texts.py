"""This module words the answers to a question, and what the wider ones would allow."""

from __future__ import annotations

from collections.abc import Mapping

from lsp_server.domain.permissions import Answer, Question

ANSWERS: Mapping[Answer, str] = {
    "once": "Approve once",
    "run": "For this run",
    "always": "Always",
    "everywhere": "Always, in all projects",
    "sandboxed": "Go on in the sandbox",
    "deny": "Deny",
}
"""What a person chooses from. Titles are compared as text, as some clients send nothing else back."""


def allowed_text(question: Question) -> str:
    """Returns in one line what a yes to more than this call would allow; "" where there is none.

    >>> allowed_text(Question("q", "write", "", "", rule="edit(src/**)", run_rule="edit"))
    'for this run: edit; always, in this project: edit(src/**)'
    >>> allowed_text(Question("q", "shell", "", "", rule="shell(make)", run_rule="shell(make)"))
    'for this run, or always in this project: shell(make)'
    """
    rule, run_rule = question.rule, question.run_rule
    if rule is not None and rule == run_rule:
        return f"for this run, or always in this project: {rule}"
    parts = [f"for this run: {run_rule}"] if run_rule is not None else []
    parts += [f"always, in this project: {rule}"] if rule is not None else []
    return "; ".join(parts)
