from __future__ import annotations

import json

import pytest

from lsp_server.domain.errors import ToolError
from lsp_server.domain.events import Event, ModelAnswered, ToolReturned, Warned
from lsp_server.domain.messages import Message, Usage
from lsp_server.domain.tools import Malformed, ToolCall, ToolResult
from lsp_server.redaction.dotenv_secrets import secrets_in_file
from lsp_server.redaction.redactor import Redactor
from lsp_server.redaction.secrets import Secrets, secrets_in_environment

TOKEN = "ghp_" + "a8Kd03jfLq9ZmX71bVnR5tYw2cEsUoPh64gT"
VALUE = "q9ZmX71bVnR5tY"
SOURCE = f'url = "https://example.com"\npassword = "{VALUE}"\ntoken = "{TOKEN}"\n'

redactor = Redactor(lambda: Secrets(("a known value",), b"a person's own"))


def answered(arguments: str) -> ModelAnswered:
    call = ToolCall("c1", "shell", arguments)
    message = Message("assistant", f"I use {TOKEN}", tool_calls=(call,))
    return ModelAnswered(1, message, "tool_calls", Usage(), Usage(), 0.0)


@pytest.mark.parametrize(
    "event",
    [
        Warned(f"{TOKEN} was refused"),
        ToolReturned(1, "c1", "shell", ToolResult(f"exit status 0\n{TOKEN}\n"), 0.1),
        ToolReturned(1, "c1", "shell", ToolResult("it is a known value"), 0.1),
        answered(json.dumps({"command": f"curl -H 'Authorization: {TOKEN}'"})),
        answered(json.dumps({"command": f'export API_TOKEN="{VALUE}"'})),
        answered(f'{{"command": "{TOKEN}'),
    ],
    ids=lambda event: event.kind,
)
def test_an_event_keeps_its_shape_and_no_secret(event: Event) -> None:
    clean = redactor.about(event)
    assert type(clean) is type(event)
    assert "redacted:" in repr(clean)
    assert not any(secret in repr(clean) for secret in (TOKEN, VALUE, "a known value"))


def test_arguments_stay_json_and_what_holds_no_secret_stays_itself() -> None:
    event = answered(json.dumps({"command": f'export API_TOKEN="{VALUE}"'}))
    call = redactor.about(event).message.tool_calls[0]
    assert not isinstance(call.parsed, Malformed)
    harmless = ToolReturned(1, "c1", "read", ToolResult("1\tpassword = getpass()"), 0.1)
    assert redactor.about(harmless) is harmless


@pytest.mark.parametrize("text", [SOURCE, f"a {TOKEN}\n\n\nb", "nothing"])
def test_marks_go_back_into_the_text_that_they_came_from(text: str) -> None:
    assert redactor.restored(redactor(text), "a.py", text) == text


def test_a_mark_of_another_text_is_refused() -> None:
    with pytest.raises(ToolError, match=r"hidden from you and is not in b\.py"):
        redactor.restored(redactor(SOURCE), "b.py", "nothing")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("# a comment", "# a comment"),
        ("", ""),
        ("NAME=", "NAME="),
        ("export NAME=value", "export NAME=\u2039redacted:value:"),
        ("NAME=short", "NAME=\u2039redacted:value:"),
        ("machine example.com login me", "\u2039redacted:value:"),
    ],
)
def test_of_a_file_for_secrets_only_names_and_comments_are_shown(line: str, shown: str) -> None:
    text = redactor.of_file("config/.env", f"A=1\n{line}\n")
    assert text.split("\n")[1].startswith(shown)
    assert "short" not in text
    assert "value\n" not in text


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ("password", "url-password"),
        ("redacted", "known"),
        ("github-token", "github-token"),
        ("12345678", "value"),
    ],
)
def test_a_mark_stays_whole_though_a_word_of_it_is_a_secret(secret: str, text: str) -> None:
    mark = f"\u2039redacted:{text}:12345678\u203a"
    seen = Redactor(lambda: Secrets((secret,)))(f"{mark}, {secret}, {mark}")
    assert seen.startswith(f"{mark}, \u2039redacted:known:")
    assert seen.endswith(f"\u203a, {mark}")


def test_names_of_ours_stay_and_what_announces_itself_goes_from_them_too() -> None:
    knows = Redactor(lambda: Secrets(("finish", "pattern", "12345678")))
    call = ToolCall("c-finish", "finish", '{"pattern": "a finish", "limit": 12345678}')
    clean = knows.about(call)
    assert (clean.id, clean.name) == ("c-finish", "finish")
    assert list(json.loads(clean.arguments)) == ["pattern", "limit"]
    assert not any(word in clean.arguments for word in ("finish", "12345678"))
    assert TOKEN not in knows.about(ToolCall("c1", TOKEN, "{}")).name


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        (
            {"reasoning_details": [{"type": "reasoning.text", "text": "It is a known value."}]},
            False,
        ),
        ({"reasoning_details": [{"type": "reasoning.summary", "summary": "a known value"}]}, False),
        ({"items": [{"content": [{"text": 'say "a known value"'}]}]}, False),
        (
            {"reasoning_details": [{"type": "reasoning.text", "text": "Hm", "signature": "EqQ"}]},
            True,
        ),
        ({"a known value": 1, "reasoning_details": [{"data": "a known value"}]}, True),
        ({"messages_blocks": [{"type": "text"}, {"type": "thinking", "thinking": 4}]}, True),
    ],
)
def test_thoughts_of_a_vendor_stay_to_the_letter_or_go(fields: object, kept: bool) -> None:
    text = json.dumps(fields)
    message = Message(
        "assistant", "", vendor_fields=text, tool_calls=(ToolCall("1", "a", "{}", text),)
    )
    clean = redactor.about(message)
    wanted = text if kept else ""
    assert (clean.vendor_fields, clean.tool_calls[0].vendor_fields) == (wanted, wanted)


def test_many_marks_go_back_at_once() -> None:
    source = "".join(f'token = "{VALUE}{number:04}"\n\n' for number in range(3_000))
    assert redactor.restored(redactor(source), "a.py", source) == source


def test_variables_are_secret_by_their_name() -> None:
    environment = {"API_KEY": "12345678", "A_TOKEN": "longer than it", "KEYBOARD": "a keyboard"}
    environment |= {"SSH_KEY": "/home/me/.ssh/id", "DB_PASSWORD": "short", "PWD": "/a/b/c1/d/e"}
    environment |= {"PASS": "hunter2", "A_KEY": "vscode", "OLDPWD": "/a"}
    environment |= {"PGPASSWORD": "Wq81kkaa", "SLASH_TOKEN": "/q8Zr71bVn"}
    environment |= {"OPENAI_API_KEY": "not-needed"}
    assert secrets_in_environment(environment) == (
        "longer than it",
        "/q8Zr71bVn",
        "12345678",
        "Wq81kkaa",
        "hunter2",
    )


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("DB_PASSWORD=hunter2\nMODE=development\nPORT=8080\n", {"hunter2"}),
        ("export ADMIN_PASS='rosebud'\n# PASSWORD=none\n", {"rosebud"}),
        ("X=q9ZmX71bVnR5tY\n", {"q9ZmX71bVnR5tY"}),
        ("database:\n  password: correct-horse\n  host: db.internal\n", {"correct-horse"}),
        ('{"api_token": "letmein-please", "name": "a name"}', {"letmein-please"}),
        ("machine example.com login me password swordfish\n", {"swordfish"}),
        ("KEY_FILE=/etc/ssl/private/a.key\n", set()),
        ("A_PASSWORD=correct horse battery\n", {"correct horse battery"}),
        ('B_PASSWORD="correct horse staple" # old\n', {"correct horse staple"}),
        ("C_PASSWORD=Summer(2024)!\nD_PASSWORD=mytest-pass\n", {"Summer(2024)!", "mytest-pass"}),
        (
            'H_SECRET="line one\\nline two porcupine"\n',
            {
                "line one\\nline two porcupine",
                "line one\nline two porcupine",
                "line one",
                "line two porcupine",
            },
        ),
        (
            'I_SECRET="first line\nsecond line"\nX=1',
            {"first line\nsecond line", "first line", "second line"},
        ),
        ("# J_SECRET=old-but-valid-key\n# the key = see the wiki page\n", {"old-but-valid-key"}),
        ("DATABASE_URL=postgres://admin:p%40ss-word@db/x\n", {"p%40ss-word", "p@ss-word"}),
        ("K_PASSWORD='a\"b\\c d'\n", {'a"b\\c d'}),
        ("E_PASSWORD=Fall...2024\nF_TOKEN=changeme\n", {"Fall...2024"}),
        ("OPENAI_API_KEY=lm-studio\nMY_API_KEY=not-needed-here\n", set()),
        ('{"api_key": "ollama-local", "apikey": "Zk4TnbQ8"}', {"Zk4TnbQ8"}),
    ],
)
def test_the_values_of_files_for_secrets_are_known(text: str, values: set[str]) -> None:
    assert set(secrets_in_file(text)) == values
