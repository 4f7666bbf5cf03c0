"""This module has the commands about skills, custom commands, servers, and trust in what a project brings."""

from __future__ import annotations

from collections.abc import Sequence

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.permissions import visible
from lsp_server.mcp_client.server import STATE_WORDS
from lsp_server.server import to_lsp
from lsp_server.server.commands.command import CommandContext, ServerCommand
from lsp_server.server.commands.targets import locate, task_of
from lsp_server.server.commands.workflow_commands import begun_reply
from lsp_server.server.params.base import NoParams, Reply
from lsp_server.server.params.run_params import RunStart
from lsp_server.server.params.skill_params import (
    CustomCommandRun,
    ServerEntryPayload,
    ServerListReply,
    SkillChoice,
    SkillEntry,
    SkillListReply,
    TrustAnswer,
    TrustEntry,
    TrustReply,
)
from lsp_server.server.protocol import CommandName
from lsp_server.session.begin_workflow import begin_invoked
from lsp_server.session.command_names import known_commands
from lsp_server.session.mcp_prompts import ServerPrompt
from lsp_server.session.session import Session
from lsp_server.session.skills import FoundItem
from lsp_server.session.trust import TrustItem
from lsp_server.skills.custom_agent import CustomAgent
from lsp_server.skills.custom_command import CustomCommand
from lsp_server.skills.skill import Skill
from lsp_server.text.count import count_of
from lsp_server.text.markdown import code_block, code_span

TRUST, REFUSE = "Trust", "Refuse"
PAGE = "trust.md"


class SkillCommands:
    """`SkillCommands` has the commands about what people write down for the agent."""

    def __init__(self, context: CommandContext) -> None:
        self._context = context

    def commands(self) -> tuple[ServerCommand, ...]:
        """Returns the commands of this subject."""
        return (
            ServerCommand(CommandName.COMMAND_RUN, CustomCommandRun, self._run),
            ServerCommand(CommandName.SKILL_LIST, NoParams, self._list),
            ServerCommand(CommandName.SKILL_SHOW, SkillChoice, self._show),
            ServerCommand(CommandName.MCP_LIST, NoParams, self._list_servers),
            ServerCommand(CommandName.TRUST, TrustAnswer, self._trust),
        )

    async def _run(self, arguments: CustomCommandRun) -> Reply:
        folder, path = locate(arguments.uri, self._context.folders)
        session = folder.require_session()
        name = (arguments.name or "").removeprefix("/")
        prompt = f"/{name} {arguments.arguments}".strip()
        if name and (invoked := await begin_invoked(session, prompt, "build")) is not None:
            self._context.folders.use(folder)
            return begun_reply(invoked)
        is_command = await session.skills.invoked(prompt) or await session.server_prompts.server_of(
            prompt
        )
        if not name or not is_command:
            known = await known_commands(session)
            raise HoldfastError(f"pass the `name` of a custom command; known: {_named(known)}")
        start = RunStart(prompt=prompt, uri=arguments.uri, range=arguments.range)
        task = await task_of(start, folder, path, self._context.client.can.encoding)
        self._context.folders.use(folder)
        run = session.runs.start(task).summary()
        return Reply(state=run.state, message=f"started: {run.title}", run_id=run.run_id)

    async def _list(self, _: NoParams) -> SkillListReply:
        found = await self._session.skills.found()
        skills = [_entry(one) for one in found if isinstance(one.item, Skill)]
        commands = [_entry(one) for one in found if _is_command(one)]
        commands += map(_prompt_entry, await self._session.server_prompts.known())
        lines = [f"{each.name} ({each.state}): {each.description}" for each in skills]
        lines += [f"/{each.name} ({each.state}): {each.description}" for each in commands]
        agents = [_entry(one) for one in found if isinstance(one.item, CustomAgent)]
        lines += [f"agent {each.name} ({each.state}): {each.description}" for each in agents]
        message = "\n".join(lines) or "there are no skills, custom commands and agents"
        self._context.show_message(message)
        return SkillListReply(
            state=self._context.state,
            message=message,
            skills=tuple(skills),
            commands=tuple(commands),
            agents=tuple(agents),
        )

    async def _show(self, arguments: SkillChoice) -> Reply:
        found = [one.item for one in await self._session.skills.found()]
        named = next((item for item in found if item.name == arguments.name), None)
        if named is None:
            known = [item.name for item in found]
            raise HoldfastError(
                f"pass the `name` of a skill, command or agent; known: {_named(known)}"
            )
        uri = self._context.show_document(named.path)
        return Reply(state=self._context.state, message=named.description, uri=uri)

    async def _list_servers(self, _: NoParams) -> ServerListReply:
        servers = self._session.servers
        entries = [
            ServerEntryPayload(
                name=one.spec.name,
                place=one.spec.place,
                origin=one.spec.origin,
                trust=one.trust,
                state=one.state,
                version=one.version,
                problem=one.problem,
            )
            for one in await servers.found()
        ]
        lines = [
            f"{one.name} ({one.trust}, {STATE_WORDS[one.state]}): {one.place}" for one in entries
        ]
        message = "\n".join([*lines, *servers.problems]) or "there are no MCP servers"
        self._context.show_message(message)
        return ServerListReply(
            state=self._context.state,
            message=message,
            servers=tuple(entries),
            problems=servers.problems,
        )

    async def _trust(self, arguments: TrustAnswer) -> TrustReply:
        session = self._session
        choices = await session.trust.choices()
        # By its id also what was decided: a person may think again.
        asks_all = arguments.what in (None, "all")
        meant = [
            one.item
            for one in choices
            if (one.waits if asks_all else one.item.id == arguments.what)
        ]
        if not asks_all and not meant:
            ids = _named([one.item.id for one in choices])
            raise HoldfastError(
                f"the project brings nothing with the id {arguments.what!r}; known: {ids}"
            )
        uri = None
        if meant and arguments.answer is None:
            uri = self._context.show_page(session, PAGE, _page(meant))
            if self._context.client.can.waiting_questions:
                return await self._trust_reply(session, uri)  # It asks by itself.
            work = self._context.show_errors(self._ask(session, meant))
            self._context.tasks.start(work, "a question about trust")
        elif meant:
            await session.decide_trust(meant, trusted=arguments.answer == "yes")
        return await self._trust_reply(session, uri)

    async def _ask(self, session: Session, items: Sequence[TrustItem]) -> None:
        named = "; ".join(one.summary for one in items)
        things = count_of(len(items), "thing")
        text = f"this project brings {things} for the agent. Trust them? {named}"
        picked = await self._context.client.choose(text, (TRUST, REFUSE))
        if picked is not None:
            await session.decide_trust(items, trusted=picked == TRUST)

    async def _trust_reply(self, session: Session, uri: str | None) -> TrustReply:
        left = await session.trust.waiting()
        message = "\n".join(one.summary for one in left) or "nothing waits for your trust"
        return TrustReply(
            state=self._context.state,
            message=message,
            uri=uri,
            waiting=tuple(TrustEntry(id=one.id, summary=one.summary) for one in left),
        )

    @property
    def _session(self) -> Session:
        return locate(None, self._context.folders)[0].require_session()


def _is_command(one: FoundItem) -> bool:
    return isinstance(one.item, CustomCommand)


def _entry(one: FoundItem) -> SkillEntry:
    item = one.item
    return SkillEntry(
        name=item.name,
        description=item.description,
        origin=item.origin,
        state=one.state,
        uri=to_lsp.uri(item.path),
        hint=item.hint if isinstance(item, CustomCommand) else "",
    )


def _prompt_entry(prompt: ServerPrompt) -> SkillEntry:
    return SkillEntry(
        name=prompt.name,
        description=prompt.offered.description,
        origin=prompt.server.spec.origin,
        state="trusted",
        uri="",
        hint=prompt.offered.hint,
        server=prompt.server.spec.name,
    )


def _page(items: Sequence[TrustItem]) -> str:
    """Returns what a person reads before the answer; texts of others stand in blocks of code."""
    parts = [
        "# What this project brings for the agent",
        "Once you trust a text, the agent follows it in this folder until it changes.",
    ]
    for one in items:
        parts += [f"## {code_span(one.id)}", code_span(one.summary), code_block(one.detail)]
    return visible("\n\n".join(parts))


def _named(names: Sequence[str]) -> str:
    return ", ".join(names) or "there are none"
