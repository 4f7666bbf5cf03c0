"""Skills of many kinds, good and bad."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

GOOD: Mapping[str, str] = {
    "pdf": "---\nname: pdf\ndescription: Reads PDF files.\n---\nDo it.",
    "two-words": "---\nname: two-words\ndescription: x\n---\n",
    "x9": "---\nname: x9\ndescription: 'quoted: text'\n---\n",
    "über": "---\nname: über\ndescription: letters of any script\n---\n",
    "all-fields": "---\nname: all-fields\ndescription: x\nlicense: MIT\ncompatibility: git\n"
    "metadata:\n  author: me\n  version: '1.0'\nallowed-tools: Bash(git:*) Read\n---\nbody",
    "folded": "---\nname: folded\ndescription: >\n  over two\n  lines\n---\nbody",
    "literal": "---\nname: literal\ndescription: |\n  over two\n  lines\n---\nbody",
    "long": "---\nname: long\ndescription: " + "d" * 1024 + "\n---\nbody",
    "n" * 64: f"---\nname: {'n' * 64}\ndescription: x\n---\nbody",
    "numbers": "---\nname: numbers\ndescription: 42\n---\nbody",
    "empty-body": "---\nname: empty-body\ndescription: x\n---",
    "comment": "---\n# a remark\nname: comment\ndescription: x\n---\nbody",
    "dates": "---\nname: dates\ndescription: 2020-01-01\nlicense: yes\n---\nbody",
    "rule": "---\nname: rule\ndescription: x\n---\nbody\n\n***\n\nmore",
}

BAD: Mapping[str, str] = {
    "no-front-matter": "# Just text",
    "no-end": "---\nname: no-end\ndescription: x\n",
    "broken-yaml": "---\nname: broken-yaml\ndescription: when: now\n---\n",
    "a-list": "---\n- name\n- description\n---\n",
    "no-name": "---\ndescription: x\n---\n",
    "no-description": "---\nname: no-description\n---\n",
    "blank-description": "---\nname: blank-description\ndescription: '  '\n---\n",
    "empty-name": "---\nname: ''\ndescription: x\n---\n",
    "other-name": "---\nname: another\ndescription: x\n---\n",
    "Upper": "---\nname: Upper\ndescription: x\n---\n",
    "under_score": "---\nname: under_score\ndescription: x\n---\n",
    "with space": "---\nname: with space\ndescription: x\n---\n",
    "-first": "---\nname: -first\ndescription: x\n---\n",
    "last-": "---\nname: last-\ndescription: x\n---\n",
    "two--hyphens": "---\nname: two--hyphens\ndescription: x\n---\n",
    "n" * 65: f"---\nname: {'n' * 65}\ndescription: x\n---\n",
    "too-long": "---\nname: too-long\ndescription: " + "d" * 1025 + "\n---\n",
    "compatible": "---\nname: compatible\ndescription: x\ncompatibility: " + "c" * 501 + "\n---\n",
    "unknown-field": "---\nname: unknown-field\nversion: '1'\ndescription: x\n---\n",
    "flow": "---\nname: flow\ndescription: x\nmetadata: {a: b}\n---\n",
    "anchor": "---\nname: &a anchor\ndescription: *a\n---\n",
    "twice": "---\nname: twice\nname: twice\ndescription: x\n---\n",
    "list-description": "---\nname: list-description\ndescription:\n  - x\n---\n",
    "map-name": "---\nname:\n  a: b\ndescription: x\n---\n",
}


def write_skill(place: Path, name: str) -> Path:
    """Writes one of the samples and returns its folder."""
    folder = place / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "SKILL.md").write_text({**GOOD, **BAD}[name], "utf-8")
    return folder
