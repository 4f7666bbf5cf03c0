"""`holdfast trust`, and custom commands on the command line."""

from __future__ import annotations

from pathlib import Path

from tests.harness.command_line import holdfast


def write(project: Path) -> None:
    for path, text in (
        (".holdfast/commands/greet.md", "Greet $1."),
        (".agents/skills/deploy/SKILL.md", "---\nname: deploy\ndescription: How.\n---\nShip it."),
    ):
        (project / path).parent.mkdir(parents=True)
        (project / path).write_text(text)


async def test_nobody_is_asked_without_a_terminal(project: Path) -> None:
    write(project)
    result = await holdfast("trust", folder=project)
    assert result.status == 1
    assert "Ship it." in result.output
    # It is in every prompt, so it is trusted as well.
    assert "skill deploy: How." in result.output
    assert "Greet $1." in result.output
    assert (await holdfast("trust", folder=project)).status == 1, "nothing was decided"


async def test_an_answer_on_the_command_line_is_kept(project: Path) -> None:
    write(project)
    refused = await holdfast("trust", "skill .agents/skills/deploy", "--no", folder=project)
    assert refused.status == 1
    assert (await holdfast("trust", "--yes", folder=project)).status == 0
    left = await holdfast("trust", folder=project)
    assert left.status == 0
    assert left.output.startswith("nothing in this project waits for your trust\n")
    assert "refused: skill .agents/skills/deploy\n" in left.output
    assert "trusted: command .holdfast/commands/greet.md\n" in left.output


async def test_a_person_may_think_again(project: Path) -> None:
    write(project)
    greet = "command .holdfast/commands/greet.md"
    assert (await holdfast("trust", "--no", folder=project)).status == 0
    assert (await holdfast("trust", greet, "--yes", folder=project)).status == 0
    assert f"trusted: {greet}\n" in (await holdfast("trust", folder=project)).output
    assert (await holdfast("trust", greet, "--no", folder=project)).status == 0
    run = await holdfast("run", "/greet Ada", folder=project)
    assert (run.status, "not trusted" in run.errors) == (2, True)


async def test_an_unknown_id_names_those_that_wait(project: Path) -> None:
    write(project)
    result = await holdfast("trust", "x", "--yes", folder=project)
    assert result.status == 2
    assert "skill .agents/skills/deploy" in result.errors


async def test_an_untrusted_command_ends_before_a_model_is_asked(project: Path) -> None:
    write(project)
    result = await holdfast("run", "/greet Ada", folder=project)
    assert result.status == 2
    assert "not trusted" in result.errors
    assert ".holdfast/commands/greet.md" in result.errors
