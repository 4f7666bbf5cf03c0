"""Which places break a rule of words, shown on small pieces of source."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.house import docstrings, glossary
from scripts.house.english import first_sentence, has_verb
from scripts.house.own_sentences import compared_sentences
from scripts.house.rules import glossary_rules
from scripts.house.sources import package_of
from scripts.house.tool_names import declared_tools, tool_names_elsewhere
from tests.house.snippets import package, said


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Reads it. Raises OSError.", "Reads it"),
        ("Reads `a.b` of v1.2 and\n more", "Reads `a.b` of v1.2 and more"),
        ("One row: a manifest can be there.", "One row"),
        ("May it stop? One place decides.", "May it stop"),
        ("A heading\n\nIt is long.", "A heading"),
    ],
)
def test_the_first_sentence_ends_where_a_reader_pauses(text: str, first: str) -> None:
    assert first_sentence(text) == first


SENTENCES = """
Reads the file
Waits for the endpoint's answer
Read the file
Optimizes tables within a second
The file is read
`prompt_tokens` is an estimate
When the run stops, the loop ends
The call that runs is known
Nobody waits
A worker edits the file that it was given
The connection failed
Some programs write one value
`skipped` counts files by reason
Looks at candidates
Report versions, settings and runs
A run changed a file
Nobody else could have done it
This module runs commands
"""

HEADLINES = """
Files
Events as lines for people
Search over the chunks
An answer that could not be used at all
One thing that the model may do
The names of our own on the wire
The file that is read
The document that compares what a run proposed
A text that goes into a prompt, and the receipt of it
All that its journal holds
Edits of the goals file
Goals, by what is known of them
The files of the workspace
In no order
The parts that were not needed
`read`
One line
"""


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [(line, True) for line in SENTENCES.split("\n") if line]
    + [(line, False) for line in HEADLINES.split("\n") if line],
)
def test_a_sentence_has_a_verb_of_its_own(sentence: str, expected: bool) -> None:
    assert has_verb(sentence) == expected


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Of all.", "headless"),
        ("The same, on a loop.", "headless"),
        ("Whether it is a question.", "headless"),
        ("What is searched.", "headless"),
        ("`read`: a file.", "verbless"),
        ("The exit status. Raises OSError.", "verbless"),
        ("Often, the file is read.", "none"),
        ("Returns the exit status.", "none"),
    ],
)
def test_a_fragment_breaks_one_rule_and_only_in_public(text: str, rule: str) -> None:
    for name in ("pay", "_pay"):
        source = f'"""The till holds money."""\ndef {name}():\n    """{text}"""\n'
        found = docstrings.definitions(package(source))
        broken = {"headless": docstrings.headless(found), "verbless": docstrings.verbless(found)}
        expected = {rule} - {"none"} if name == "pay" else set()
        assert {key for key, offenders in broken.items() if offenders} == expected


GLOSSARY = """
# Glossary

A cell in prose | is none.

| word | not |
|---|:---|
| `Client` | `Peer`, customer (of ours, that is) |
| run | - |
| fix | mend |

| word | not | why |
| --- | --- | --- |
| `Compaction` | `CyclePacked`, mend | one, word |
"""

LITTERED = '''
"""A peer is served; mending is not looked for, but it mends."""
import os.path as mend_path

class PeerList:
    def add(self, customers, cycle_packed):
        self.peer = customers.mend()
        mended = compeer = 1
'''


def test_the_words_of_a_glossary_are_found_in_names_and_docstrings(tmp_path: Path) -> None:
    page = tmp_path / "glossary.md"
    page.write_text(GLOSSARY, "utf-8")
    forbidden = glossary.forbidden_words(page)
    assert forbidden == ["Peer", "customer", "mend", "CyclePacked"]
    in_names, in_docstrings = (
        rule.offenders(package(LITTERED)) for rule in glossary_rules(forbidden)
    )
    assert said(in_names) == [
        "mend_path holds “mend”",
        "PeerList holds “Peer”",
        "customers holds “customer”",
        "cycle_packed holds “CyclePacked”",
        "peer holds “Peer”",
    ]
    assert said(in_docstrings) == [
        "the docstring of till.py holds “Peer”",
        "the docstring of till.py holds “mend”",
    ]
    named_so = package_of({"shop/peer.py": ""})
    assert said(glossary.words_in_names(named_so, forbidden)) == ["peer holds “Peer”"]


WRITES = '''
STATE: Literal["shut down", "asked again"] = "shut down"
def words(status):
    """It begins with the words `timed out`."""
    return f"exit status {status}, or killed by {status}"
'''


@pytest.mark.parametrize(
    ("code", "is_found"),
    [
        ('result.text.startswith("exit status 0")', True),
        ('output.startswith("exit status 0")', True),
        ('text = result.text\n    text.strip().removeprefix("done: ")', True),
        ('row.title.removeprefix("$ ")', True),
        ('str(error).partition("; use ")', True),
        ('"missing" in str(error)', True),
        ('if result.text == "nothing found": ...', True),
        ('re.match("no such", result.text)', True),
        ("text.startswith(FAILED)", True),
        ('match result.text:\n        case "nothing found": ...', True),
        ('result.text.startswith(("x: ", "y"))', True),
        ('result.text.partition("\\n")', False),
        ('word.text.startswith("-")', False),
        ('"```" in result.text', False),
        ('str(path).startswith("exits")', False),
        ('phase == "shut down"', False),
        ('event.reason == "asked again"', False),
        ('line.startswith("diff --git ")', False),
        ('line.startswith("timed out")', False),
        ('print("exit status 0")', False),
        ('text = path.name\n    text.startswith("Makefile")', False),
    ],
)
def test_code_that_reads_our_own_sentences_back_is_found(code: str, is_found: bool) -> None:
    source = f'FAILED = ("killed by", "x")\ndef f(event, text, error):\n    {code}\n'
    found = compared_sentences(package(source, words=WRITES))
    assert bool(found) == is_found, found


TOOLS = {
    "tools__in__read": 'class Read:\n    spec = spec("read", Arguments)\n    is_own = name == "read"\n',
    "tools__in__shell": 'class Shell:\n    spec: ToolSpec = ToolSpec(name="shell", kind="read")\n',
    "tools__in__plan": 'class Plan:\n    spec = spec("plan", Arguments)\n',
    "tools__in__rules": "def decide(tool, path): ...\nclass Question:\n    id: str\n    tool: str\n",
}


def test_a_tool_declares_its_name_in_its_own_file() -> None:
    assert declared_tools(package("", **TOOLS)) == {
        "read": "shop/tools/read.py",
        "shell": "shop/tools/shell.py",
        "plan": "shop/tools/plan.py",
    }
    assert tool_names_elsewhere(package("", **TOOLS)) == []


def test_a_folder_of_tools_without_names_is_an_offence_of_its_own() -> None:
    found = tool_names_elsewhere(package("", tools__in__read="class Read: ...\n"))
    assert said(found) == ["no class declares the name of a tool in its `spec`"]
    assert tool_names_elsewhere(package('A = name == "read"\n')) == []


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ('call.name == "read"', ["is compared"]),
        ('"read" != event.tool', ["is compared"]),
        ('row["tool"] == "read"', ["is compared"]),
        ('"read" in rule.tools', ["is compared"]),
        ('name in ("read",)', ["is compared"]),
        ('name in frozenset({"read"})', ["is compared"]),
        ('READING = ("read", "plan")', ["is collected"] * 2),
        ('TOOLS = {"read": 1, "plan": 2}', ["is collected"] * 2),
        ('(tool, "read")', ["is collected"]),
        ('decide("read", path)', ["is handed over"]),
        ('rules.decide(path=path, tool="read")', ["is handed over"]),
        ('Question("1", "read")', ["is handed over"]),
        ("where = \"tool IN ('read', 'task')\"", ["is a condition"]),
        (
            'match call.name, arguments:\n    case "read" | "plan" as name, _: ...',
            ["is a case"] * 2,
        ),
        ('match tool:\n    case "read": ...', ["is a case"]),
        ('match event:\n    case Called(tool="read"): ...', ["is a case"]),
        ('mode == "plan"', []),
        ('tool.kind == "read"', []),
        ('tool_kind == "read"', []),
        ('match tool_kind, name:\n    case "read", _: ...', []),
        ('spec.kind in ("read", "plan")', []),
        ('READING_KINDS = ("read", "plan")', []),
        ('LOOKING: tuple[ToolKind, ...] = ("read", "plan")', []),
        ('{"object": "list", "read": 1}', []),
        ('open_with(path, "read")', []),
        ('own.get("read")', []),
        ('match kind:\n    case "read": ...', []),
        ('match call.name, "x":\n    case _, "read": ...', []),
        ('"""A tool such as \'read\'."""', []),
        ('name == "mode"', []),
    ],
)
def test_the_name_of_a_tool_is_found_outside_of_its_file(code: str, what: list[str]) -> None:
    found = tool_names_elsewhere(package(code, **TOOLS))
    assert [one.what.partition(" ")[2] for one in found if one.path == "shop/till.py"] == (
        what if "condition" not in str(what) else ["IN ('read', 'task')\" is a condition"]
    )
