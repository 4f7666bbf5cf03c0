"""This module writes a run down as one page of HTML: no script, nothing from elsewhere, light and dark."""

from __future__ import annotations

from html import escape

from lsp_server.domain.events import (
    Event,
    ModelAnswered,
    RunEnded,
    RunStarted,
    StepStarted,
    Streamed,
    Told,
    ToolCalled,
    ToolReturned,
)
from lsp_server.domain.permissions import visible
from lsp_server.session.export.exported_run import ExportedRun
from lsp_server.wording.event_view import view_of
from lsp_server.wording.shown_event import EventView

OPEN_CHARS_MAX = 400
"""A longer detail of a result is folded."""

STYLE = """\
:root { color-scheme: light dark; --quiet: #666; --line: #ddd; --good: #176b2c; --bad: #a3262b; --back: #f6f6f6 }
@media (prefers-color-scheme: dark) { :root { --quiet: #999; --line: #444; --good: #7ccf90; --bad: #f0938f; --back: #1e1e1e } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 54rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.3rem } h2 { font-size: 1rem; border-top: 1px solid var(--line); padding-top: .8rem; margin-top: 1.6rem }
pre { font: 13px/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; background: var(--back); padding: .6rem; border-radius: 4px; margin: .3rem 0 }
p { margin: .5rem 0; white-space: pre-wrap; overflow-wrap: anywhere }
.quiet { color: var(--quiet) } .good { color: var(--good) } .bad { color: var(--bad) }
.call { font-weight: 600 } blockquote { border-left: 3px solid var(--line); margin: .5rem 0; padding-left: .8rem }
article article { border-left: 3px solid var(--line); padding-left: 1rem; margin: 1.5rem 0 }
"""

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""A page that quotes what a model wrote may load and run nothing."""


def page(run: ExportedRun) -> str:
    """Returns the page of a run, with those that it began behind it."""
    title = _text(view_of(run.start).label if run.start is not None else f"run {run.run_id}")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f"<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
        f"{_article(run)}</body>\n</html>\n"
    )


def _article(run: ExportedRun) -> str:
    begun = run.records[0].at if run.records else ""
    head = f'<p class="quiet">Run {_text(run.run_id)} <time>{_text(begun)}</time></p>\n'
    body = "".join(map(_event, run.events))
    return f"<article>\n{head}{body}{''.join(map(_article, run.children))}</article>\n"


def _event(event: Event) -> str:
    if isinstance(event, Streamed):
        return ""  # The whole answer has its place.
    view = view_of(event)
    if not view.label:
        return ""
    label, detail = _text(view.label), _text(view.detail)
    match event:
        case RunStarted():
            return f"<h1>{label}</h1>\n<p>{detail}</p>\n"
        case StepStarted():
            return f"<h2>{label}</h2>\n"
        case RunEnded():
            return f'<h2 class="{_tone(view)}">{label}</h2>\n<p>{detail}</p>\n'
        case ModelAnswered():
            return f"<p>{detail}</p>\n"
        case Told():
            return f'<blockquote><p class="quiet">{_text(event.origin)}</p><p>{detail}</p></blockquote>\n'
        case ToolCalled():
            return f'<p class="call">{label}</p>\n'
        case ToolReturned():
            is_open = " open" if len(view.detail) <= OPEN_CHARS_MAX else ""
            summary = f'<summary class="{_tone(view)}">{label}</summary>'
            return f"<details{is_open}>{summary}<pre>{detail}</pre></details>\n"
        case _:
            more = f"<pre>{detail}</pre>\n" if view.detail else ""
            return f'<p class="{_tone(view)}">{label}</p>\n{more}'


def _tone(view: EventView) -> str:
    return {"good": "good", "bad": "bad"}.get(view.tone, "quiet")


def _text(text: str) -> str:
    """The text as it may stand in the page: nothing of it is markup, and all of it is seen."""
    return escape(visible(text))
