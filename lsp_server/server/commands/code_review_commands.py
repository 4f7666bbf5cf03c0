"""This module has the commands about what a person changed: review it, write its commit message."""

from __future__ import annotations

from lsp_server.server.commands.command import CommandContext, ServerCommand
from lsp_server.server.commands.targets import locate
from lsp_server.server.params.base import Reply
from lsp_server.server.params.review_params import CommitMessageParams, ReviewRunParams
from lsp_server.server.protocol import CommandName
from lsp_server.session.code_review.code_review import ReviewRun, result_text
from lsp_server.session.session import Session


class CodeReviewCommands:
    """`CodeReviewCommands` has the commands about what a person changed."""

    def __init__(self, context: CommandContext) -> None:
        self._context = context

    def commands(self) -> tuple[ServerCommand, ...]:
        """Returns the commands of this subject."""
        return (
            ServerCommand(CommandName.REVIEW_RUN, ReviewRunParams, self._review),
            ServerCommand(CommandName.COMMIT_MESSAGE, CommitMessageParams, self._message),
        )

    async def _review(self, arguments: ReviewRunParams) -> Reply:
        folder, path = locate(arguments.uri, self._context.folders)
        session = folder.require_session()
        named = folder.relative(path) if path is not None and path != folder.root else None

        async def work() -> Reply:
            budget = session.settings.run.budget
            review = await session.code_review.start(budget, arguments.base, named)
            self._context.folders.use(folder)
            watch = self._context.show_errors(self._show_result(session, review))
            self._context.tasks.start(watch, "the result of a review")
            run = review.run.summary()
            return Reply(state=run.state, message=f"started: {run.title}", run_id=run.run_id)

        return await self._context.work_soon(work(), "the change is read and then reviewed")

    async def _message(self, arguments: CommitMessageParams) -> Reply:
        folder, _ = locate(arguments.uri, self._context.folders)
        session = folder.require_session()

        async def work() -> Reply:
            run = (await session.code_review.write_message(session.settings.run.budget)).summary()
            self._context.folders.use(folder)
            return Reply(state=run.state, message=f"started: {run.title}", run_id=run.run_id)

        return await self._context.work_soon(work(), "the change is read; a run writes its message")

    async def _show_result(self, session: Session, review: ReviewRun) -> None:
        result = await session.code_review.result(review)
        text = result_text(result, review.left_out)
        self._context.client.show("warning" if result.findings else "info", f"review: {text}")
