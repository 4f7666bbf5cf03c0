"""This module writes what a probe found, for people and for programs."""

from __future__ import annotations

from typing import Any

from lsp_server.domain.messages import FREE
from lsp_server.probe.address import shown_address
from lsp_server.probe.asker import PROBE_SECONDS_MAX
from lsp_server.probe.endpoint_probe import REQUESTS_MAX, largest_usage
from lsp_server.probe.finding import ProbeReport, Role
from lsp_server.settings.sections import ModelSettings
from lsp_server.text.count import count_of
from lsp_server.wording.run_texts import usage_text


def announcement(role: Role, settings: ModelSettings) -> str:
    """Returns what a probe of an endpoint will take, said before it begins."""
    most = largest_usage(settings)
    cost = "at prices that are not set"
    if settings.prices != FREE:
        cost = f"${settings.prices.cost_usd(most):.2f}"
    return (
        f"probing the {role}, {_line(settings.name or '')} at {shown_address(settings.base_url or '')}: "
        f"about {REQUESTS_MAX} requests, at most {count_of(most.prompt_tokens, 'token')} in, "
        f"{most.completion_tokens:,} out, {cost}, {PROBE_SECONDS_MAX:.0f} s"
    )


def as_markdown(report: ProbeReport, version: str) -> str:
    """Returns a report as a section of Markdown."""
    rows = [
        f"| {each.ability} | {each.answer} | {_cell(each.evidence)} |" for each in report.findings
    ]
    means = [f"- {each.ability}: {each.advice}" for each in report.findings if each.advice]
    parts = [
        f"## The {report.role}: {_line(report.model)} at {report.address}",
        f"Holdfast {version}, wire `{report.wire}`.",
        "\n".join(["| ability | found | evidence |", "|---|---|---|", *rows]),
        "\n".join(["What that means:", "", *(means or ["- nothing has to be set"])]),
        _use(report),
        _spent(report),
    ]
    return "\n\n".join(parts) + "\n"


def as_json(report: ProbeReport, version: str) -> dict[str, Any]:
    """Returns a report as a value of JSON."""
    return {
        "kind": "endpoint_probed",
        "version": version,
        "role": report.role,
        "model": report.model,
        "address": report.address,
        "wire": report.wire,
        "findings": [
            {
                "ability": each.ability,
                "answer": each.answer,
                "evidence": each.evidence,
                "advice": each.advice,
            }
            for each in report.findings
        ],
        "missing": list(report.missing),
        "requests": report.requests,
        "usage": {
            "input": report.billed.prompt_tokens,
            "cached": report.billed.cached_tokens,
            "output": report.billed.completion_tokens,
        },
        "cost_usd": report.cost_usd,
        "seconds": round(report.seconds, 1),
    }


def _use(report: ProbeReport) -> str:
    if report.missing:
        return f"**It cannot be used as the {report.role} as it is:** {', '.join(report.missing)}."
    return f"It can be used as the {report.role}."


def _spent(report: ProbeReport) -> str:
    tokens = usage_text(report.billed, report.cost_usd)
    return f"It took {count_of(report.requests, 'request')}, {tokens}, {report.seconds:.0f} s."


def _cell(text: str) -> str:
    """A text that cannot end its cell."""
    return _line(text).replace("|", "\\|")


def _line(text: str) -> str:
    return " ".join(text.split())
