"""A `DraftWording` has a model word drafts, and keeps of its words what is fit."""

from __future__ import annotations

from dataclasses import replace

from lsp_server.domain.errors import ModelMisbehaved, ModelUnavailable
from lsp_server.evolution.draft import Draft
from lsp_server.evolution.draft_words import worded, wording_request
from lsp_server.evolution.suggestion import Suggestion
from lsp_server.redaction.redactor import Redactor
from lsp_server.session.evolution.day_model import DayModel


class DraftWording:
    """A `DraftWording` asks the `model`."""

    def __init__(self, model: DayModel, redactor: Redactor) -> None:
        self._model = model
        self._redactor = redactor

    async def reword(self, one: Suggestion, draft: Draft) -> Suggestion:
        """Returns a suggestion with the draft in a model's words, and its text before as `fixed`.

        Raises BudgetSpent, ConfigurationError, and ModelError where the model does not answer or its
        words are unfit.
        """
        try:
            answer = await self._model.answer(wording_request(draft))
        except TimeoutError:
            raise ModelUnavailable("the model took too long") from None
        text = worded(draft, answer).text
        if self._redactor(text) != text:
            raise ModelMisbehaved("the words of the model hold a secret")
        return replace(one, text=text, fixed=one.fixed or one.text)
