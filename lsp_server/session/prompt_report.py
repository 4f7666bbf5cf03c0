"""This module writes down of what a run's prompt is made and what the run will cost, as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lsp_server.agent.journal import replay
from lsp_server.agent.rewinding import counted
from lsp_server.domain.messages import Prices
from lsp_server.domain.prompt_sections import PromptSectionKind
from lsp_server.session.cost_forecast import CostForecast, added_tokens, forecast
from lsp_server.session.prompt_makeup import PromptMakeup, prompt_makeup
from lsp_server.session.run_store import RunStore
from lsp_server.session.run_summary import RunSummary
from lsp_server.settings.sections import Settings
from lsp_server.text.count import count_of
from lsp_server.text.markdown import safe_markdown
from lsp_server.wording.run_texts import usage_text

FORECAST_STEPS = (10, 50)
"""How far a forecast looks, in steps, besides the limit of the settings."""

_RECALLED: Mapping[PromptSectionKind, tuple[str, str]] = {
    "fact": ("fact", ""),
    "code": ("piece", " of code"),
    "action": ("action", ""),
}


@dataclass(frozen=True, slots=True)
class PromptReport:
    """A `PromptReport` is a run with the makeup of its prompt, and what it will take."""

    run: RunSummary
    makeup: PromptMakeup
    forecasts: tuple[CostForecast, ...]


def prompt_report(store: RunStore, run: RunSummary, settings: Settings) -> PromptReport:
    """Reads what a run did and looks ahead. Blocking. Raises JournalDamaged, OSError."""
    events = (record.event for record in counted(replay(store.journal(run.run_id))))
    makeup = prompt_makeup(events)
    return PromptReport(
        run, makeup, _forecasts(makeup, settings.run.steps_max - run.step, settings.model.prices)
    )


def _forecasts(makeup: PromptMakeup, left: int, prices: Prices) -> tuple[CostForecast, ...]:
    """Looks ahead some steps, and at all that are left."""
    ahead = [steps for steps in FORECAST_STEPS if steps < left] + [left] * (left > 0)
    return tuple(filter(None, (forecast(makeup, steps, prices) for steps in ahead)))


def report_markdown(report: PromptReport) -> str:
    """Returns the report as Markdown."""
    run, makeup = report.run, report.makeup
    heading = f"# The prompt of run `{run.run_id}`\n\n{safe_markdown(run.title)}\n"
    if not makeup.cycle:
        return f"{heading}\nIt has no prompt of its own yet.\n"
    sections = (
        "\n".join(_table(makeup)),
        "\n".join(_taken(run, makeup)),
        "\n".join(_ahead(makeup, report.forecasts)),
    )
    return "\n".join((heading, *(f"{section}\n" for section in sections if section)))


def _table(makeup: PromptMakeup) -> Iterator[str]:
    limit, tokens = makeup.limit_tokens, makeup.tokens
    yield (
        f"Cycle {makeup.cycle}: {tokens:,} of the {count_of(limit, 'token')} "
        f"at which the next one begins ({round(100 * tokens / max(1, limit))} %).\n"
    )
    yield "| part | tokens | share |"
    yield "|---|---:|---:|"
    for part, size in makeup.parts.items():
        yield f"| {part} | {size:,} | {round(100 * size / max(1, tokens))} % |"
    kinds = Counter(section.kind for section in makeup.recalled)
    named = ((number, *_RECALLED[kind]) for kind, number in kinds.items())
    recalled = [f"{count_of(number, noun)}{more}" for number, noun, more in named]
    if recalled or makeup.left_out:
        left = f"; left out for want of room: {makeup.left_out}" if makeup.left_out else ""
        yield f"\nMemory gave {', '.join(recalled) or 'nothing'}{left}."


def _taken(run: RunSummary, makeup: PromptMakeup) -> Iterator[str]:
    if not makeup.steps:
        return
    yield f"So far: {count_of(run.step, 'step')}, {usage_text(run.usage, run.cost_usd)}."
    rates = [step.billed.cache_hit_rate or 0.0 for step in makeup.steps]
    lowest = min(range(len(rates)), key=rates.__getitem__)
    yield (
        f"From the endpoint's cache: {rates[-1]:.0%} of the last step's prompt, least at step "
        f"{lowest + 1} ({rates[lowest]:.0%}).".replace("%", " %")
    )


def _ahead(makeup: PromptMakeup, forecasts: Sequence[CostForecast]) -> Iterator[str]:
    if not forecasts:
        return
    added = added_tokens(makeup.steps)
    yield f"A step adds about {count_of(added, 'token')}. If it goes on like that:\n"
    for one in forecasts:
        begun = f", {count_of(one.cycles, 'new cycle')}" if one.cycles else ""
        yield f"- {count_of(one.steps, 'more step')}: {usage_text(one.usage, one.cost_usd)}{begun}"
