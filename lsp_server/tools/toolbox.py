"""This module carries out the calls of a run: it finds the tool, asks for permission, and calls it.

The tools say themselves what they are and what a call needs; nothing here
knows one by its name. Errors that a model can correct become results, so that only faults
of Holdfast itself leave `dispatch` as exceptions.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, assert_never

from lsp_server.domain.edits import PlannedEdit
from lsp_server.domain.errors import ToolError
from lsp_server.domain.permissions import (
    NO_VERDICT,
    Answered,
    AskPerson,
    HookVerdict,
    Question,
)
from lsp_server.domain.ports import Editor, EditTool, LastingTool, Tool
from lsp_server.domain.tasks import Mode
from lsp_server.domain.tools import (
    LOOKING_KINDS,
    Denial,
    Malformed,
    Needs,
    NeedsCommand,
    NeedsNothing,
    NeedsPath,
    NeedsRun,
    NeedsServer,
    NeedsUnknown,
    NeedsUrl,
    ToolCall,
    ToolKind,
    ToolResult,
    ToolSpec,
)
from lsp_server.text.truncate import one_line
from lsp_server.tools.approval import Allow, Approval, Ask, Decision, Deny
from lsp_server.tools.hook_verdict import after_hooks
from lsp_server.tools.read_only import is_read_only
from lsp_server.tools.sandbox_offer import DescribeSandbox, SandboxOffer
from lsp_server.tools.shell_syntax import parse
from lsp_server.tools.step_review import AskedEdit, StepReview, joint_question
from lsp_server.tools.tool_list import ToolList

TITLE_CHARS_MAX = 100
DETAIL_CHARS_MAX = 20_000


class Toolbox:
    """A `Toolbox` carries out calls of the tools of one run.

    `tools` are offered in their order, which is part of the prompt's cached start; those
    that are given as a sequence are all there are, fewer in `plan` mode. Each call is decided by `approval`,
    and where that says so `ask` asks a person, who is offered the sandbox for the rest of
    the run where `describe_sandbox` knows one. With `editor`, which has the texts of the
    files, edits of one step are asked about together.

    >>> import asyncio, tempfile
    >>> from pathlib import Path
    >>> from lsp_server.settings.sections import PermissionSettings
    >>> from lsp_server.tools.finish import Finish
    >>> from lsp_server.workspace.files.paths import Workspace
    >>> async def nobody(question):
    ...     return Answered("deny")
    >>> approval = Approval(PermissionSettings(), Workspace(Path(tempfile.mkdtemp())))
    >>> toolbox = Toolbox([Finish()], approval, nobody)
    >>> call = ToolCall("call-1", "finish", '{"summary": "Done."}')
    >>> asyncio.run(toolbox.dispatch(call)).text
    'Done.'
    >>> asyncio.run(toolbox.dispatch(ToolCall("call-2", "finsh", "{}"))).text
    "there is no tool 'finsh'; did you mean 'finish'? there are: finish"
    """

    def __init__(
        self,
        tools: Sequence[Tool] | ToolList,
        approval: Approval,
        ask: AskPerson,
        mode: Mode = "build",
        describe_sandbox: DescribeSandbox | None = None,
        editor: Editor | None = None,
    ) -> None:
        self.tools = tools if isinstance(tools, ToolList) else ToolList(tools, mode)
        self._approval = approval
        self._ask = ask
        self._editor = editor
        self._sandbox = SandboxOffer(describe_sandbox, approval.mode)

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """Returns what the model is shown, in the order in which the tools were given."""
        return self.tools.specs

    async def dispatch(self, call: ToolCall, verdict: HookVerdict = NO_VERDICT) -> ToolResult:
        """Carries out a call as `carry_out` does, and returns its result alone."""
        return (await self.carry_out(call, verdict))[0]

    async def carry_out(
        self,
        call: ToolCall,
        verdict: HookVerdict = NO_VERDICT,
        review: StepReview | None = None,
    ) -> tuple[ToolResult, float]:
        """Carries out a call; an error that the model can correct is returned as a result.

        `verdict` is what hooks decided on it, which comes after a rule that denies. With the
        `review` of its step, edits behind it are asked about with it. The seconds
        are those of the work, without the time that a person took to answer.
        """
        started = time.monotonic()
        try:
            tool, arguments = self.tool(call), _check_arguments(call)
            planned = await self._permit(call, tool, arguments, verdict, review or StepReview())
            started = time.monotonic()
            # The change that a person agreed to is made, not one that is computed again.
            if planned is not None and isinstance(tool, EditTool):
                result = await tool.apply(planned)
            elif isinstance(tool, LastingTool):
                result = await tool.call_as(call.id, arguments)
            else:
                result = await tool.call(arguments)
            result = await self._sandbox.add_news(result, self._approval.mode)
        except _NotAllowed as error:
            return ToolResult(str(error), is_error=True, denial=error.denial), 0.0
        except ToolError as error:
            result = ToolResult(str(error), is_error=True)
        return result, time.monotonic() - started

    def tool(self, call: ToolCall) -> Tool:
        """Returns the tool that the call names. Raises ToolError when there is none."""
        return self.tools.need(call.name)

    def decide(self, call: ToolCall) -> Decision:
        """Decides on a call as `dispatch` would. Raises ToolError when it cannot be carried out."""
        tool = self.tool(call)
        return self._approval.decide(tool.spec, tool.needs(_check_arguments(call)))

    def kind(self, call: ToolCall) -> ToolKind:
        """Says how the call's tool acts; `other` where there is no such tool."""
        tool = self.tools.get(call.name)
        return tool.spec.kind if tool is not None else "other"

    def needs(self, call: ToolCall) -> Needs:
        """Says what the call needs, unknown where its tool or its arguments do not say."""
        tool = self.tools.get(call.name)
        if tool is None or isinstance(call.parsed, Malformed):
            return NeedsUnknown()
        try:
            return tool.needs(call.parsed)
        except ToolError:
            return NeedsUnknown()

    def read_only(self, call: ToolCall) -> bool:
        """Says whether the call changes nothing, so that it may run beside others."""
        match self.needs(call):
            case NeedsPath(writes=writes):
                return not writes
            case NeedsCommand(command):
                return is_read_only(parse(command))
            case NeedsNothing():
                # What ends a program needs no permission and has an effect all the same.
                return self.kind(call) != "execute"
            case NeedsRun():
                return False
            case NeedsUrl() | NeedsServer() | NeedsUnknown():
                # A call with wrong arguments fails before it does anything.
                return self.kind(call) in LOOKING_KINDS

    def only_looks(self, call: ToolCall) -> bool:
        """Says whether the call changes nothing and ends nothing: a wrong end is expensive."""
        return self.read_only(call) and self.kind(call) != "finish"

    def title(self, call: ToolCall) -> str:
        """Shows the call in one line for people, whatever its arguments look like."""
        tool = self.tools.get(call.name)
        title = call.name if tool is None else tool.describe(call.values)
        return one_line(title, TITLE_CHARS_MAX)

    async def _permit(
        self,
        call: ToolCall,
        tool: Tool,
        arguments: Mapping[str, object],
        verdict: HookVerdict,
        review: StepReview,
    ) -> PlannedEdit | None:
        """Returns the edit that a person was shown, if one was, so that it is that one that is made.

        Raises ToolError unless the call is allowed.
        """
        match self._decide(tool, arguments, verdict):
            case Deny(reason, advice, by):
                text = f"refused: {reason}" + (f"; {advice}" if advice else "")
                raise _NotAllowed(text, Denial(by, reason))
            case Allow():
                return review.agreed(call)
            case Ask() as asked:
                if (agreed := review.agreed(call)) is not None:
                    return agreed
                planned, question = await _shown(tool, arguments, asked)
                edits: list[AskedEdit] = []
                if planned is not None and self._editor is not None:
                    first = AskedEdit(call, planned, question)
                    edits = await review.gather(
                        first, self._editor, self._ask_about, self.only_looks
                    )
                    question = joint_question(edits)
                question = await self._sandbox.beside(question)
                # Meanwhile the answer to another question may have freed the call.
                if not isinstance(self._decide(tool, arguments, verdict), Allow):
                    with review.settling(edits):
                        await self._wait_for(question)
                return planned
            case unknown:
                assert_never(unknown)

    async def _ask_about(self, call: ToolCall, editor: Editor) -> AskedEdit | None:
        """Returns the edit of a call, on the texts of `editor`, if a person is asked about it."""
        tool, arguments = self.tool(call), _check_arguments(call)
        decision = self._decide(tool, arguments, NO_VERDICT)
        if not isinstance(decision, Ask) or decision.outside or not isinstance(tool, EditTool):
            return None
        planned = await tool.plan(arguments, editor)
        return AskedEdit(call, planned, replace(decision.question, detail=planned.diff))

    def _decide(
        self, tool: Tool, arguments: Mapping[str, object], verdict: HookVerdict
    ) -> Decision:
        decision = self._approval.decide(tool.spec, tool.needs(arguments))
        return after_hooks(decision, verdict, tool, arguments)

    async def _wait_for(self, question: Question) -> None:
        """Waits for an answer and does what follows from it. Raises ToolError for a denial."""
        answered = await self._ask(question)
        match answered.answer:
            case "deny":
                by: Literal["person", "nobody"] = "person" if answered.by_person else "nobody"
                denial = Denial(by, answered.reason, question.rule)
                raise _NotAllowed(_denial(question, answered), denial)
            case "once" | "run" | "sandboxed":
                pass
            case "always" | "everywhere":
                # Others read it from where it is kept; this run has read its rules already.
                if rule := answered.rule or question.rule_of(answered.answer):
                    self._approval.allow(rule)
            case _:
                assert_never(answered.answer)


async def _shown(
    tool: Tool, arguments: Mapping[str, object], asked: Ask
) -> tuple[PlannedEdit | None, Question]:
    """Returns the question with what would be done, and the edit that it shows."""
    if isinstance(tool, EditTool) and not asked.outside:
        # A person sees what would happen, and is not asked when it cannot.
        planned = await tool.plan(arguments)
        return planned, replace(asked.question, detail=planned.diff)
    detail = asked.question.detail or _format_arguments(arguments)
    return None, replace(asked.question, detail=detail)


class _NotAllowed(ToolError):
    """The call was not allowed, by the settings or by a person."""

    def __init__(self, message: str, denial: Denial) -> None:
        super().__init__(message)
        self.denial = denial


def _denial(question: Question, answered: Answered) -> str:
    why = f": {answered.reason}" if answered.reason else ""
    return (
        f"refused: it was not allowed ({question.summary}){why}; find another way, "
        "or finish and say what you need"
    )


def _check_arguments(call: ToolCall) -> Mapping[str, object]:
    """Returns the arguments of a call. Raises ToolError when they are no JSON object."""
    if isinstance(call.parsed, Malformed):
        raise ToolError(call.parsed.problem)
    return call.parsed


def _format_arguments(arguments: Mapping[str, object]) -> str:
    return json.dumps(dict(arguments), indent=2, ensure_ascii=False)[:DETAIL_CHARS_MAX]
