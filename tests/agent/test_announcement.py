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
    "Let me take a look at the file.",
    "I need to read the file first.",
    "I'll start by reading a.py.",
    "I will now proceed to fix it.",
    "I'm now going to read it.",
    "Let me go ahead and read the file.",
    "I'd like to look at a.py first.",
    "Now I'll quickly check.",
    "I'll get started.",
    "Let me dig into the code.",
    "I'll do that now.",
    "First I'll read it, then fix it.",
    "To do this, I'll read a.py.",
    "Let me read `a.py`...",
    "The parser is broken, so I'll fix it.",
    "Sure! I'll get right on it.",
    "- I will read a.py",
    "**Let me look at the file.**",
    "I'm about to edit a.py.",
    "Let's start by exploring the code.",
    "Thought: I need to read the file.",
    "Step 1: I'll read the file",
    "Running the tests...",
    "I will create `a.py` with the following content:",
    "Als Erstes lese ich a.py.",
    "Gut, ich lese zuerst die Datei.",
    "Va bene, ora controllo il file.",
    "Ich werde nun a.py lesen.",
    "Ich sehe mir die Datei an.",
    "Jetzt f\xfchre ich die Tests aus.",
    "Zuerst muss ich die Datei lesen.",
    "Je vais d'abord lire le fichier.",
    "Laissez-moi regarder le code.",
    "Voy a leer el archivo.",
    "D\xe9jame revisar el c\xf3digo.",
    "Vou ler o arquivo.",
    "Lasciami leggere il file.",
    "Ik ga het bestand lezen.",
    "\u0421\u0435\u0439\u0447\u0430\u0441 \u044f \u043f\u0440\u043e\u0447\u0438\u0442\u0430\u044e \u0444\u0430\u0439\u043b.",
    "\u6211\u5c06\u8bfb\u53d6\u6587\u4ef6",
    "\u63a5\u4e0b\u6765\u6211\u4f1a\u8fd0\u884c\u6d4b\u8bd5\u3002",
    "\u6211\u9700\u8981\u5148\u67e5\u770b\u6587\u4ef6\u3002",
    "\u307e\u305a\u30d5\u30a1\u30a4\u30eb\u3092\u8aad\u307f\u307e\u3059\u3002",
    "\uba3c\uc800 \ud30c\uc77c\uc744 \uc77d\uaca0\uc2b5\ub2c8\ub2e4.",
)

ABOUT_NOW = (
    "I'll now read a.py and fix it:",
    "a.py is read. Let me fix it.",
    "Now I'll run the tests.",
    "The test fails. Next, I'm going to search for the callers.",
    "Jetzt f\xfchre ich die Tests aus.",
    "\u63a5\u4e0b\u6765\u6211\u4f1a\u8fd0\u884c\u6d4b\u8bd5\u3002",
    "Here is the change:",
)

SOME_DAY = (
    "I'll start with the parser, then the tests.",
    "Let's use tabs.",
    "First, I will read a.py.",
    "Ich werde a.py lesen.",
    "Je vais lire le fichier.",
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
    "Please tell me which file you mean:",
    "To install, run:",
    "You can call it like this:",
    "There are three ways:",
    "Which of these do you mean:",
    "Here are the files:\n\n- a.py\n- b.py",
    "Here is what the tests say: all pass",
    "The commands are:\n\n```\nmake\n```",
    "I'll leave it as it is.",
    "I'll keep that in mind.",
    "I will be careful.",
    "I'll wait for your answer.",
    "I use a list here.",
    "I need no tool for that.",
    "I won't touch it.",
    "I will read it only if you say so.",
    "I will do it once you confirm.",
    "If you want, I will add a test.",
    "I would run the tests next, but you asked me not to.",
    "Let's see: 4 + 4 = 8.",
    "Let me explain: the loop runs twice.",
    "Shall I run the tests?",
    "I have to say, the code is fine.",
    "I'll answer in German from now on.",
    "Give me the path, I'll read it.",
    "Please confirm, then I'll run it.",
    "I'm ready. I'll start as soon as you tell me.",
    "Yes, I will.",
    "Looking at it, the code is fine.",
    "Caching is enabled now.",
    "Warnings:",
    "Usage:",
    "Ich werde warten, bis Sie antworten.",
    "We should use Postgres.",
    "The function will read the file.",
    'It says "I will read it".',
    "Ich werde nichts \xe4ndern.",
    "Ich f\xfchre keine Tests aus.",
    "Wenn Sie m\xf6chten, werde ich das \xe4ndern.",
    "Je ne vais pas le changer.",
    "No voy a cambiar nada.",
    "\u6211\u4f1a\u8bf4\u4e2d\u6587\u3002",
    "\u6211\u4e0d\u4f1a\u4fee\u6539\u6587\u4ef6\u3002",
    "\u30c6\u30b9\u30c8\u306f\u901a\u308a\u307e\u3057\u305f\u3002",
)


@pytest.mark.parametrize("text", ANNOUNCED)
def test_what_will_be_done_is_an_announcement(text: str) -> None:
    assert only_announces(text)


@pytest.mark.parametrize("text", ANSWERS)
def test_what_was_done_is_none(text: str) -> None:
    assert not only_announces(text)
    assert not only_announces(text, nothing_done=False)


@pytest.mark.parametrize("text", ABOUT_NOW)
def test_once_something_was_done_an_announcement_is_about_now(text: str) -> None:
    assert only_announces(text, nothing_done=False)


@pytest.mark.parametrize("text", SOME_DAY)
def test_once_something_was_done_other_promises_are_answers(text: str) -> None:
    assert only_announces(text)
    assert not only_announces(text, nothing_done=False)


def test_only_the_end_of_a_long_answer_counts() -> None:
    assert not only_announces("I will read it. " + "x" * READ_CHARS_MAX + " is done.")
