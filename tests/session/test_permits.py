"""A check command runs once a person has approved its text."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.domain.permissions import Answer, Question
from lsp_server.session.goals.check_approvals import CheckApprovals
from lsp_server.settings.sections import PermissionMode, PermissionSettings
from lsp_server.workspace.paths import Workspace


class Person:
    """Answers always the same and counts the questions."""

    def __init__(self, answer: Answer) -> None:
        self.answer: Answer = answer
        self.asked: list[Question] = []

    async def __call__(self, question: Question) -> Answer:
        self.asked.append(question)
        return self.answer


def check_approvals(project: Path) -> CheckApprovals:
    return CheckApprovals(project.parent / "data" / "approved.json", Workspace(project))


async def test_a_text_is_asked_about_once_across_restarts(project: Path) -> None:
    person, rules = Person("once"), PermissionSettings()
    assert await check_approvals(project).permit("make check", rules, person) is None
    assert await check_approvals(project).permit("make check", rules, person) is None
    assert [question.detail for question in person.asked] == ["make check"]
    assert await check_approvals(project).permit("make check ", rules, person) is None
    assert len(person.asked) == 2, "another text is another check"


@pytest.mark.parametrize(
    ("mode", "rules", "command", "asked"),
    [
        ("full", {}, "make check", 0),
        ("ask", {}, "make check", 1),
        ("auto-edit", {}, "make check", 1),
        ("read-only", {}, "make check", 1),
        ("ask", {}, "grep -q x a.txt", 0),
        ("ask", {"allow": ("shell(make *)",)}, "make check", 0),
    ],
)
async def test_the_rules_for_commands_hold(
    project: Path, mode: PermissionMode, rules: dict[str, tuple[str, ...]], command: str, asked: int
) -> None:
    person = Person("once")
    settings = PermissionSettings(mode=mode, allow=rules.get("allow", ()))
    assert await check_approvals(project).permit(command, settings, person) is None
    assert len(person.asked) == asked


async def test_a_deny_rule_wins_over_an_approval(project: Path) -> None:
    person, approved = Person("once"), check_approvals(project)
    approved.approve(["rm -rf build"])
    rules = PermissionSettings(mode="full", deny=("shell(rm *)",))
    refusal = await approved.permit("rm -rf build", rules, person)
    assert refusal is not None
    assert "shell(rm *)" in refusal
    assert not person.asked


async def test_no_is_no_and_is_asked_again_next_time(project: Path) -> None:
    person, rules = Person("deny"), PermissionSettings()
    assert "denied" in (await check_approvals(project).permit("make", rules, person) or "")
    assert "denied" in (await check_approvals(project).permit("make", rules, person) or "")
    assert len(person.asked) == 2
    assert "not approved yet" in (await check_approvals(project).permit("make", rules, None) or "")


async def test_a_persons_own_commands_are_approved_as_they_come(project: Path) -> None:
    approved = check_approvals(project)
    approved.approve(["make"])
    assert await approved.permit("make", PermissionSettings(), None) is None
