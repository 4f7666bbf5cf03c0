"""This module sorts the error answers of endpoints by who can fix them.

Providers agree on little but the status, so wordings decide the rest: a prompt
that does not fit, a quota that is used up, a model that is not there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from types import MappingProxyType

from lsp_server.domain.errors import ModelError, ModelRefused, ModelUnavailable, PromptTooLong
from lsp_server.models.error_body import ProviderError
from lsp_server.models.token_limits import stated_limits
from lsp_server.settings.address import without_credentials
from lsp_server.settings.sections import ModelSettings, Wire


def error_for_status(
    status: int,
    provider_error: ProviderError,
    settings: ModelSettings,
    *,
    retry_after_seconds: float | None = None,
    location: str | None = None,
) -> ModelError:
    """Returns the error of ours for an answer with this status.

    `settings` are those of the endpoint, for the hints in the message; `location` is where a
    redirect points, which is said and never followed: the key is not for another server.
    """
    place, setting = without_credentials(settings.base_url or ""), settings.setting
    said = provider_error.quoted
    # Quota comes first: it is often a 429, and waiting for that would never end.
    if status == 402 or _is_quota(provider_error, status, retry_after_seconds):
        return ModelRefused(
            f"the account at {place} has no quota left{said} ({status}); "
            f"top it up, or for another key {settings.how_to_set_key}"
        )
    if status == 413 or _is_too_long(provider_error, status):
        return PromptTooLong(
            f"the prompt does not fit the window of {settings.name}{said} ({status}); lower "
            f"{setting('context_tokens')} ({settings.context_tokens}) "
            f"or {setting('output_tokens_max')} ({settings.output_tokens_max})",
            prompt_tokens_max=_prompt_tokens_max(provider_error, settings),
        )
    # After the prompt's length, which some servers answer with a 500.
    if status == 500 and (lasting := _lasting(provider_error, place, settings)):
        return lasting
    if status in _WAIT or (status >= 500 and status != 501):
        return _unavailable(status, provider_error, settings, retry_after_seconds)
    return _refused(status, provider_error, settings, location)


def _unavailable(
    status: int,
    provider_error: ProviderError,
    settings: ModelSettings,
    retry_after_seconds: float | None,
) -> ModelUnavailable:
    """The error for what may pass; whoever waits for a reason that nobody knows has to read it."""
    answered = (
        f"{without_credentials(settings.base_url or '')} answered {status}{provider_error.quoted}"
    )
    said = provider_error.words
    if status in _PASSING or not said or _PASSES.search(said) or _NO_REASON.search(said):
        return ModelUnavailable(answered, retry_after_seconds=retry_after_seconds)
    patience = max(settings.silence_timeout_seconds * FAULT_SILENCES, FAULT_SECONDS_MIN)
    return ModelUnavailable(
        f"{answered}; look at its log. A run asks again for {patience:.0f} s "
        f"({FAULT_SILENCES} times {settings.setting('silence_timeout_seconds')})",
        retry_after_seconds=retry_after_seconds,
        patience_seconds=patience,
    )


def _refused(
    status: int, provider_error: ProviderError, settings: ModelSettings, location: str | None
) -> ModelRefused:
    """The error for what a person has to change: key, name, address, another setting."""
    place, said = without_credentials(settings.base_url or ""), provider_error.quoted
    setting = settings.setting
    if status in (401, 403):
        return ModelRefused(
            f"{place} refused the API key ({status}){said}; {settings.how_to_set_key}"
        )
    if status == 404 and not place.partition("://")[2].rstrip("/").count("/"):
        return ModelRefused(
            f"{place} is no {_WIRES[settings.wire]} endpoint (404){said}; "
            f"{setting('base_url')} has to include the version, as in {place.rstrip('/')}/v1"
        )
    if status == 404 or _NO_SUCH_MODEL.search(provider_error.words):
        return ModelRefused(
            f"{place} has no model {settings.name} ({status}){said}; correct {setting('name')}, or "
            f"{setting('base_url')}, which has to include the version, as in /v1, "
            f"or {setting('wire')}"
        )
    if status < 400 or status in (405, 501):
        points = f"; it points to {without_credentials(location)}" if location else ""
        return ModelRefused(
            f"{place} is no {_WIRES[settings.wire]} endpoint ({status}){said}{points}; "
            f"correct {setting('base_url')} or {setting('wire')}"
        )
    if stated_limits(provider_error.words).answer_tokens:
        return ModelRefused(
            f"{place} refused the length of the answer ({status}){said}; "
            f"lower {setting('output_tokens_max')} ({settings.output_tokens_max})"
        )
    if settings.images == "yes" and "image" in provider_error.words.lower():
        return ModelRefused(
            f"{place} refused an image ({status}){said}; set {setting('images')} to auto or no"
        )
    return ModelRefused(
        f"{place} refused the request ({status}){said or ' without a reason'}; "
        f"see the {setting('*')} settings, {setting('extra_body')} first"
    )


def status_of(provider_error: ProviderError) -> int:
    """Returns the status of an error that came without one of its own, inside a stream."""
    for pattern, status in _STATUS_WORDS:
        if found := pattern.search(provider_error.codes):
            return status or int(found.group())
    for words, status in ((_TOO_LONG, 400), (_QUOTA, 402), (_KEY, 401), (_NO_SUCH_MODEL, 404)):
        if words.search(provider_error.words):
            return status
    return 500


def retry_after_seconds(headers: Mapping[str, str], now: float) -> float | None:
    """Returns the wait that the endpoint asks for, None if it asks for none.

    `now` is in seconds since the epoch; header names are in lower case.

    >>> retry_after_seconds({"retry-after": "7"}, now=0.0)
    7.0
    """
    if milliseconds := _number(headers.get("retry-after-ms")):
        return milliseconds / 1000
    value = headers.get("retry-after", "")
    if (seconds := _number(value)) is not None:
        return seconds
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - now)


_WIRES: Mapping[Wire, str] = MappingProxyType(
    {"chat": "chat completions", "messages": "Messages", "responses": "Responses"}
)
_KEY = re.compile(
    r"(?:invalid|incorrect|wrong|missing|expired|no|unknown|bad)\ (?:\w+\ )?(?:api|access|auth)\w*[\ _-]?"
    r"(?:key|token)? | (?:api|access)[\ _-]?(?:key|token)\ (?:is\ )?(?:not|in|missing|required|expired)"
    r" | unauthori[sz]ed | not\ authori[sz]ed | authentication"
    r" | not\ (?:authenticated|logged\ in) | log-?in\ (?:fail|required) | token\ (?:has\ )?expired",
    re.IGNORECASE | re.VERBOSE,
)
_WRONG_KEY = re.compile(
    r"(?:invalid|incorrect|wrong|expired|unknown|bad)\ (?:\w+\ )?(?:api|access|auth)\w*[\ _-]?(?:key|token)"
    r" | (?:api|access)[\ _-]?(?:key|token)\ (?:is\ )?(?:invalid|incorrect|expired|not\ valid)",
    re.IGNORECASE | re.VERBOSE,
)
"""What a 500 may say for certain: gateways answer so in front of a vendor's 401."""
_OUT_OF_MEMORY = re.compile(
    r"out\ of\ memory | \bOOM\b | (?:not\ enough|insufficient|more\ system)\ (?:\w+\ )?memory"
    r" | (?:failed|unable|cannot|can't)\ (?:to\ )?allocate | memory\ allocation | cuda\ error"
    r" | failed\ to\ load\ model | llama\ runner\ process | runner\ process\ (?:has\ )?(?:no|terminated)",
    re.IGNORECASE | re.VERBOSE,
)
"""What ends when others leave the machine, or never."""
OUT_OF_MEMORY_PATIENCE_SECONDS = 40.0
_CANNOT_PASS = re.compile(
    r"template | jinja | conversation\ roles | roles\ must | must\ alternate | raise_exception"
    r" | (?:failed|unable|cannot|could\ not|error)\W+(?:to\ )?(?:pars|decod|deserializ|render|appl)\w*"
    r" | (?:tool|function)[\ _]?calls?\b.*(?:invalid|malformed|unexpected|missing|must|not)"
    r" | (?:invalid|malformed|unsupported|unexpected)\ (?:tool|function|message|role|json|param|request|grammar)"
    r" | does\ not\ support | not\ supported | is\ (?:undefined|not\ callable|required)"
    r" | (?:json|parse|syntax|type|value|key|attribute|index)_?\ ?error\b | jsondecodeerror"
    r" | \[json\.exception | expecting\ (?:value|property) | has\ no\ (?:attribute|method|element)"
    r" | unknown\ field | unexpected\ keyword | only\ (?:one|user)\ | missing\ \W?\w+\W?\ field"
    r" | NoneType | can\ only\ concatenate | not\ iterable | unmarshal | unhandled\ (?:exception|error)",
    re.IGNORECASE | re.VERBOSE,
)
"""A 500 that is about this very request, as servers on one's own machine give it: template of
the prompt, a call of the history that they cannot read, a parameter."""

_WAIT = frozenset({408, 409, 425, 429})
"""Statuses below 500 that pass by themselves."""
_PASSING = _WAIT | {502, 503, 504, *range(520, 525), 529, 530}
"""Statuses that pass by themselves: servers behind a gateway come back."""
_NO_REASON = re.compile(
    r"internal[\ _-]?(?:server[\ _-]?)?error\W*(?:$|\(|request\ id|ref\b|encountered|occurred)"
    r" | \ban\ (?:internal\ |unexpected\ |unknown\ )*error | something\ went\ wrong | provider\ returned"
    r" | rate[\ _-]?limit | too\ many\ requests | (?:is|still|being)\ load(?:ing|ed) | warming\ up"
    r" | starting\ up | unavailable | \b(?:is|are|shutting)\ (?:currently\ )?down\b | offline | maintenance",
    re.IGNORECASE | re.VERBOSE,
)
"""What a 500 says of a fault that passes: nothing at all, or that the server is not up now."""
FAULT_SILENCES = 5
"""How many times the silence that is allowed a fault is waited for that may pass or not."""
FAULT_SECONDS_MIN = 60.0

_TOO_LONG = re.compile(
    r"""
      context_length_exceeded | exceed_context_size | context_window_exceeded | string_above_max
    | (?:prompt|input|request|messages?)\W+(?:\w+\W+){0,4}?(?:too\ (?:long|large)|longer\ than)
    | (?:maximum|max)\ (?:\w+\ )?(?:context|prompt|input)\ length
    | (?:exceed|larger|longer|greater|more|beyond|over|fit|outside)\w*\W+(?:\w+\W+){0,6}?
      context(?:\ |_)?(?:length|window|size|limit)
    | context\ (?:length|window|size|limit)\W+(?:\w+\W+){0,4}?
      (?:exceed|overflow|too\ small|is\ full|was\ reached)
    | input\ (?:length|tokens?|token\ count)\W+(?:.{0,40}\W)?exceed
    | reduce\ the\ (?:length|number\ of\ tokens|size)\ (?:of|in)
    | exceed\w*\ (?:the\ )?model\ token\ limit
    | prompt\ token\ count\ .{0,40}exceeds
    | range\ of\ input\ length
    | too\ many\ (?:input\ |prompt\ )?tokens
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""OpenAI, vLLM, SGLang, llama.cpp, LM Studio, Ollama, Mistral, DeepSeek, Moonshot, xAI,
Google, Anthropic, DashScope, Copilot, OpenRouter: the wordings are rows in the tests."""

_NO_SUCH_MODEL = re.compile(
    r"model_not_found | unknown\ model | invalid\ model(?!\ (?:output|response|param)) | no\ such\ model | model\ not\ (?:found|exist)"
    r" | model\W{1,5}(?:\S{1,100}\s+){1,3}?(?:not\ found|does\ not\ exist|is\ not\ (?:available|loaded))",
    re.IGNORECASE | re.VERBOSE,
)

_QUOTA = re.compile(
    r"insufficient_quota | insufficient\ (?:balance|credit|funds) | credit\ balance"
    r" | exceeded\ your\ current\ quota | out\ of\ credits | billing_hard_limit",
    re.IGNORECASE | re.VERBOSE,
)
_PASSES = re.compile(
    r"retry\ in | try\ again | please\ wait | throttl | per\ (?:minute|hour|day)"
    r" | temporar | overload | capacity | upstream | time[d]?[\ -]?out | busy | loading\ model",
    re.IGNORECASE | re.VERBOSE,
)
"""Wordings of a limit that ends by itself."""

_STATUS_WORDS: tuple[tuple[re.Pattern[str], int | None], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), status)
    for pattern, status in (
        (r"\b[45]\d\d\b", None),
        (r"insufficient_quota|billing", 402),
        (r"rate_?limit", 429),
        (r"overloaded", 529),
        (r"too_large", 413),
        (r"authentication|invalid_api_key|unauthorized", 401),
        (r"permission|forbidden", 403),
        (r"not_?found", 404),
        (r"invalid_?request|bad_?request|validation|exceed_context_size|context_length", 400),
    )
)
"""Words of an error's code and type, and the status that they stand for."""


def _prompt_tokens_max(provider_error: ProviderError, settings: ModelSettings) -> int | None:
    """What a stated window leaves for the prompt."""
    limits = stated_limits(provider_error.words)
    if limits.window_tokens is None:
        return None
    answer = limits.fitting_answer(settings.output_tokens_max) or settings.output_tokens_max
    return max(0, limits.window_tokens - answer)


def _lasting(
    provider_error: ProviderError, place: str, settings: ModelSettings
) -> ModelError | None:
    """The error for a 500 whose reason does not pass by itself; None for one that may."""
    if _PASSES.search(provider_error.sentence):
        return None
    if _OUT_OF_MEMORY.search(provider_error.words):
        return ModelUnavailable(
            f"{place} has not enough memory for the model (500){provider_error.quoted}; "
            "free some, or start the server with a smaller model or window",
            patience_seconds=OUT_OF_MEMORY_PATIENCE_SECONDS,
        )
    if _WRONG_KEY.search(provider_error.words):
        return ModelRefused(
            f"{place} refused the API key (500){provider_error.quoted}; {settings.how_to_set_key}"
        )
    if _CANNOT_PASS.search(provider_error.words):
        return ModelRefused(
            f"{place} cannot work on the request (500){provider_error.quoted}; "
            "look at its log: the chat template and the parser of tool calls have to fit the model"
        )
    return None


def _is_quota(provider_error: ProviderError, status: int, retry_after: float | None) -> bool:
    if status < 400 or status >= 500 or not _QUOTA.search(provider_error.words):
        return False
    if "insufficient_quota" in provider_error.codes:
        return True
    return retry_after is None and not _PASSES.search(provider_error.sentence)


def _is_too_long(provider_error: ProviderError, status: int) -> bool:
    if status in _WAIT or not _TOO_LONG.search(provider_error.words):
        return False
    return status < 500 or not _PASSES.search(provider_error.sentence)


def _number(text: str | None) -> float | None:
    """A number of at least 0; None for anything else."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None
