"""This module asks a person for permission through the client."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias

from acp import schema
from acp.exceptions import RequestError

from lsp_server.acp import tool_updates
from lsp_server.acp.client import AcpClient
from lsp_server.domain.permissions import Answer, Answered, Question
from lsp_server.wording.permission_texts import ANSWERS

OptionKind: TypeAlias = Literal["allow_once", "allow_always", "reject_once"]

_KINDS: Mapping[Answer, OptionKind] = {
    "once": "allow_once",
    "run": "allow_always",
    "always": "allow_always",
    "everywhere": "allow_always",
    "sandboxed": "allow_once",
    "deny": "reject_once",
}


async def ask(
    client: AcpClient, session_id: str, question: Question, call_id: str, root: Path
) -> Answered:
    """Asks, and denies what was not plainly allowed: dismissed, or answered with no option of ours."""
    options = [
        schema.PermissionOption(option_id=each, name=ANSWERS[each], kind=_KINDS[each])
        for each in question.answers
    ]
    shown = tool_updates.asked(question, call_id, root)
    try:
        response = await client.asking.request_permission(session_id, shown, options)
    except (RequestError, ConnectionError, ValueError) as error:
        why = str(error) or type(error).__name__
        return Answered("deny", f"the client could not ask: {why}", by_person=False)
    outcome = response.outcome
    if isinstance(outcome, schema.DeniedOutcome):
        return Answered("deny", "the question was dismissed", by_person=False)
    for answer in question.answers:
        if answer == outcome.option_id:
            return Answered(answer)
    return Answered(
        "deny", f"the client answered {outcome.option_id!r}, which was not offered", by_person=False
    )
