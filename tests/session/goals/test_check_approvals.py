"""A check command runs once a person has approved its text."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.domain.permissions import Answer, Answered, PermissionMode, Question
from lsp_server.session.goals.check_approvals import CheckApprovals
from lsp_server.settings.sections import PermissionSettings
from lsp_server.tools.approval import Allow, Deny
from lsp_server.workspace.files.paths import Workspace


class Person:
    """Answers always the same and counts the questions."""

    def __init__(self, answer: Answer) -> None:
        self.answer: Answer = answer
        self.asked: list[Question] = []

    async def __call__(self, question: Question) -> Answered:
        self.asked.append(question)
        return Answered(self.answer)


def check_approvals(project: Path) -> CheckApprovals:
    return CheckApprovals(project.parent / "data" / "approved.json", Workspace(project))


async def test_a_text_is_asked_about_once_across_restarts(project: Path) -> None:
    person, rules = Person("once"), PermissionSettings()
    assert await check_approvals(project).decide("make check", rules, person) == Allow()
    assert await check_approvals(project).decide("make check", rules, person) == Allow()
    assert [question.detail for question in person.asked] == ["make check"]
    assert await check_approvals(project).decide("make check ", rules, person) == Allow()
    assert len(person.asked) == 2, "another text is another check"


@pytest.mark.parametrize(
    ("mode", "rules", "command", "asked"),
    [
        ("full", {}, "make check", 0),
        ("ask", {}, "make check", 1),
        ("auto-edit", {}, "make check", 1),
        ("read-only", {}, "make check", 1),
        ("ask", {}, "grep -q x a.txt", 0),
        ("ask", {}, "printf x | uniq - .git/config", 1),
        ("ask", {}, "pytest --version", 1),
        ("ask", {"allow": ("shell(pytest *)",)}, "pytest --basetemp=/precious", 1),
        ("ask", {"allow": ("shell(make *)",)}, "make check", 0),
    ],
)
async def test_the_rules_for_commands_hold(
    project: Path, mode: PermissionMode, rules: dict[str, tuple[str, ...]], command: str, asked: int
) -> None:
    person = Person("once")
    settings = PermissionSettings(mode=mode, allow=rules.get("allow", ()))
    assert await check_approvals(project).decide(command, settings, person) == Allow()
    assert len(person.asked) == asked


async def test_a_deny_rule_wins_over_an_approval(project: Path) -> None:
    person, approved = Person("once"), check_approvals(project)
    approved.approve(["rm -rf build"])
    rules = PermissionSettings(mode="full", deny=("shell(rm *)",))
    decision = await approved.decide("rm -rf build", rules, person)
    assert isinstance(decision, Deny)
    assert "shell(rm *)" in decision.reason
    assert not person.asked


async def test_no_is_no_and_is_asked_again_next_time(project: Path) -> None:
    person, rules = Person("deny"), PermissionSettings()
    for asked, reason in ((person, "denied"), (person, "denied"), (None, "not approved yet")):
        decision = await check_approvals(project).decide("make", rules, asked)
        assert isinstance(decision, Deny)
        assert reason in decision.reason
    assert len(person.asked) == 2


async def test_a_persons_own_commands_are_approved_as_they_come(project: Path) -> None:
    approved = check_approvals(project)
    approved.approve(["make"])
    assert await approved.decide("make", PermissionSettings(), None) == Allow()
