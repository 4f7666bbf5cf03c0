"""An answer that only says what will be done is told from one that says what was done."""

from __future__ import annotations

import pytest

from lsp_server.agent.announcement import READ_CHARS_MAX, only_announces

ANNOUNCED = (
    "I'll now read a.py and fix it:",
    "I\u2019ll read the file first.",
    "I will now run the tests.",
    "Let me look at the file.",
    "Let me first check the parser\u2026",
    "First, I will read a.py.",
    "Okay, let's start by reading it:",
    "The parser is broken. Let me fix it.",
    "I understand the task.\n\nNext, I'm going to search for the callers.",
    "Here is the change:",
    "**Reading the file:**",
    "Now let me run the tests",
    "Ich werde jetzt die Datei lesen.",
    "Zuerst lese ich die Datei:",
    "Lass mich die Tests ansehen.",
    "Ich schaue mir a.py an.",
    "\u8ba9\u6211\u770b\u770b\u8fd9\u4e2a\u6587\u4ef6\u3002",
    "\u6211\u5148\u8bfb\u53d6 a.py\u3002",
    "\u73b0\u5728\u6211\u6765\u4fee\u590d\u5b83\uff1a",
    "Je vais lire le fichier :",
)

ANSWERS = (
    "",
    "I read a.py and fixed the parser.",
    "The parser is fixed. Let me know if you need more.",
    "Let me know what you think.",
    "I'll be happy to help with more.",
    "I will not change the tests, as you asked.",
    "The tests pass: 4 of 4.",
    "Run it with `make test`.",
    "It calls `read`, and then it will run the tests.",
    "The server will start the index.",
    "Should I fix it?",
    "Let me know: should I run it?",
    "Ich habe die Datei gelesen.",
    "Die Tests laufen durch.",
    "\u6211\u4fee\u590d\u4e86\u89e3\u6790\u5668\u3002",
    "- read: looks at a file\n- write: writes one",
    "I'll now read it. Done: the file is empty.",
    "42",
)


@pytest.mark.parametrize("text", ANNOUNCED)
def test_what_will_be_done_is_an_announcement(text: str) -> None:
    assert only_announces(text)


@pytest.mark.parametrize("text", ANSWERS)
def test_what_was_done_is_none(text: str) -> None:
    assert not only_announces(text)


def test_only_the_end_of_a_long_answer_counts() -> None:
    assert not only_announces("I will read it. " + "x" * READ_CHARS_MAX + " is done.")
