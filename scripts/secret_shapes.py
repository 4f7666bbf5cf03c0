"""Writes `lsp_server/redaction/secret_shapes.py` from the rules of gitleaks.

    python scripts/secret_shapes.py gitleaks.toml VERSION

The file is `config/gitleaks.toml` of that version. Its expressions are RE2's, which is
linear for each of them; here every repetition gets a bound instead. What may stand around
a secret is wider than in a source file, since it is also looked for in logs, in JSON inside
of JSON and in addresses. A rule that cannot be translated stops the script by its name.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

TARGET = Path(__file__).parents[1] / "lsp_server" / "domain" / "secret_shapes.py"

LEFT_OUT: Mapping[str, str] = {
    "generic-api-key": "the values that a name calls secret are found without it",
    "curl-auth-header": "given_values.py has the header wherever it stands",
    "curl-auth-user": "given_values.py has the flag of any command",
    "sidekiq-sensitive-url": "given_values.py has the password of any address",
    **dict.fromkeys(
        [
            "anthropic-admin-api-key",
            "anthropic-api-key",
            "github-app-token",
            "github-fine-grained-pat",
            "github-oauth",
            "github-pat",
            "github-refresh-token",
            "gitlab-pat",
            "gitlab-pat-routable",
            "huggingface-access-token",
            "jwt",
            "npm-access-token",
            "openai-api-key",
            "private-key",
            "pypi-upload-token",
            "sendgrid-api-token",
            "slack-bot-token",
            "slack-config-access-token",
            "slack-config-refresh-token",
            "slack-legacy-bot-token",
            "slack-legacy-token",
            "slack-legacy-workspace-token",
            "slack-user-token",
            "slack-webhook-url",
            "telegram-bot-api-token",
            "vault-batch-token",
            "vault-service-token",
        ],
        "own_shapes.py has a wider row",
    ),
}
PUBLIC = re.compile(r"client-id|-pub-|public-key|browser-api-token")
"""Parts of the names of rules for what anybody may see."""
KINDS: Mapping[str, str] = {
    "airtable-personnal-access-token": "airtable-personal-access-token",
    "aws-access-token": "aws-key",
    "gcp-api-key": "google-key",
    "stripe-access-token": "stripe-key",
}
"""Other names for marks."""
INSTEAD: Mapping[str, str] = {
    # All that it may begin with is base64 of the same three characters.
    "jwt-base64": r"\bZXlK[a-zA-Z0-9/_+-]{60,2000}={0,2}",
    # The name of the tenant before it is of any length.
    "microsoft-teams-webhook": (
        r"webhook\.office\.com/webhookb2/[a-z0-9-]{36}@[a-z0-9-]{36}"
        r"/IncomingWebhook/[a-z0-9]{32}/[a-z0-9-]{36}"
    ),
    # Three spellings of one word would have to be looked for in the middle.
    "sentry-org-token": r"\bsntrys_eyJpYXQiO[a-zA-Z0-9+/=_]{60,500}",
    # Numbers in base64 begin as these do, with fewer characters.
    "square-access-token": r"\b(?:EAAA[\w-]{56,60}|sq0atp-[\w-]{22,60})\b",
    # Any 40 hexadecimal digits would be one, as soon as the name is in the text.
    "sourcegraph-access-token": r"\bsgp_(?:(?:[a-fA-F0-9]{16}|local)_)?[a-fA-F0-9]{40}",
}
FOLLOWED_BY: Mapping[str, str] = {
    "airtable-personnal-access-token": r"[a-z0-9]{14}\.",
    "harness-api-key": r"[a-z0-9_-]{22}\.",
    "lob-api-key": "[0-9a-f]{35}",
    "twilio-api-key": "[0-9a-f]{32}",
}
"""What a keyword that is common needs behind it, in lower case."""
NAMED_BY_KEYWORD = ("facebook-access-token",)
"""Their keyword is anywhere in the text, and nothing else announces them."""

OPERATOR = r"""(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'"\s=]{0,5}"""
ENDS = (
    r"""(?:[\x60'"\s;]|\\[nr]|$)""",
    r"""(?:[\x60'"\s;]|\\[nr]|$|\b)""",
    r"""(?:$|[\\'"\x60\s<),])""",
    r"(?:[^\w-]|\z)",
    r"\b",
)
BEGINNINGS = (r"""(?:^|[\\'"\x60\s>=:(,)])""", r"(?i)\b", r"\b")
NAME = re.compile(
    r"^(?:\(\?i\))?(?:\[\\w\.-\]\{0,50\}\?)(?P<local>\(\?i:\[\\w\.-\]\{0,50\}\?)?"
    r"(?P<name>.*)\(\?:\[ \\t\\w\.-\]\{0,20\}\)\[\\s'\"\]\{0,3\}(?(local)\))$"
)

WIDER_BY = 200
"""Characters that a token may have more than today: those of several services have grown."""
REPEATED_MAX = 2_000
FEW_MAX = 200
WIDTH_MAX = 10_000
PREFIXES_MAX = 40
KEYWORD_CHARS_MIN = 3


class NotTranslated(Exception):
    """A rule that needs a decision, by its name."""


@dataclass(frozen=True)
class Row:
    """A line of the table; `form` is the function that makes a Shape of it."""

    form: str
    kind: str
    keywords: tuple[str, ...]
    parts: tuple[str, ...]
    entropy: float
    offset: int = 0
    followed_by: str = ""

    def __str__(self) -> str:
        parts = ", ".join(quoted(part) for part in self.parts)
        given = [f"{self.form}({json.dumps(self.kind)}, {json.dumps(' '.join(self.keywords))}"]
        given += [parts, f"{self.entropy:g}"]
        given += [f"offset={self.offset}"] if self.offset else []
        given += [f"followed_by={quoted(self.followed_by)}"] if self.followed_by else []
        return ", ".join(given) + "),"


def quoted(pattern: str) -> str:
    """As a raw string."""
    if '"' not in pattern:
        return f'r"{pattern}"'
    assert "'" not in pattern, pattern
    return f"r'{pattern}'"


def rows(rules: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    """One for each rule that is of use; the same thing under two names once."""
    seen: set[tuple[str, ...]] = set()
    for rule in rules:
        if rule["id"] in LEFT_OUT or PUBLIC.search(rule["id"]) or "path" in rule:
            continue  # Of a file's path nothing is known here.
        row = row_of(rule)
        if row.parts not in seen:
            yield row
        seen.add(row.parts)


def row_of(rule: Mapping[str, Any]) -> Row:
    """Raises NotTranslated."""
    regex = INSTEAD.get(rule["id"], rule["regex"])
    kind = KINDS.get(rule["id"], rule["id"])
    entropy = rule.get("entropy", 0)
    if rule["id"] in NAMED_BY_KEYWORD:
        value = stripped(regex)[1]
        return Row("named", kind, tuple(rule["keywords"]), (rule["keywords"][0], value), entropy)
    if OPERATOR in regex:
        name, _, value = regex.partition(OPERATOR)
        value = translated(value.partition(ENDS[0])[0], ignore_case="(?i)" in name)
        if not announced(rule, value):
            made = named(rule, name)
            return Row("named", kind, keywords_of(made, rule), (made, value), entropy)
        begins = True
    else:
        begins, value = stripped(regex)
    value = wider(value)
    return placed(rule, Row("token" if begins else "inside", kind, (), (value,), entropy))


def announced(rule: Mapping[str, Any], value: str) -> bool:
    """Whether the value says by its beginning what it is, whatever its name."""
    prefixes = set(prefixes_of(parser.parse(value)))
    return begun_by(rule["keywords"], prefixes) == set(rule["keywords"])


def named(rule: Mapping[str, Any], regex: str) -> str:
    """The name without what may stand before and behind it."""
    match = NAME.match(regex)
    if match is None:
        raise NotTranslated(f"{rule['id']}: {regex}")
    return translated(match["name"].replace(",", ""))


def keywords_of(name: str, rule: Mapping[str, Any]) -> tuple[str, ...]:
    """Those of the name; a rule may have others."""
    return tuple(word for word in rule["keywords"] if re.search(name, word, re.IGNORECASE)) or (
        tuple(rule["keywords"])
    )


def stripped(regex: str) -> tuple[bool, str]:
    """Whether it begins at a boundary, and the secret alone."""
    ignore_case = regex.startswith("(?i)")
    begins = False
    for beginning in BEGINNINGS:
        if regex.startswith(beginning):
            begins, regex = True, regex.removeprefix(beginning)
            break
    regex = regex.removeprefix("(?i)")
    for end in ENDS:
        if regex.endswith(end):
            regex = regex.removesuffix(end)
            break
    return begins, translated(regex, ignore_case=ignore_case)


def translated(regex: str, *, ignore_case: bool = False) -> str:
    """For Python, with bounds, and without groups: all of it is the secret."""
    regex = regex.replace("[[:alnum:]]", "[A-Za-z0-9]").replace(r"\z", r"\Z")
    regex = regex.replace(r"\x60", "`").replace(r"\/", "/")
    regex = scoped(regex)
    regex = re.sub(r"(?<!\\)\((?!\?)", "(?:", regex)
    regex = re.sub(r"\(\?P<\w+>", "(?:", regex)
    regex = re.sub(r"\{(\d+),\}", rf"{{\1,{REPEATED_MAX}}}", regex)
    regex = re.sub(r"(?<=[\]dw])\+", f"{{1,{FEW_MAX}}}", regex)
    regex = re.sub(r"(?<=[\]dw])\*", f"{{0,{FEW_MAX}}}", regex)
    regex = without_parentheses(regex)
    regex = f"(?i:{regex})" if ignore_case else regex
    if parser.parse(regex).getwidth()[1] > WIDTH_MAX:
        raise NotTranslated(f"has no bound: {regex}")
    return regex


def scoped(regex: str) -> str:
    """A flag in the middle counts up to the end of its group; Python wants that said."""
    while (at := regex.find("(?i)")) >= 0:
        end = closing(regex, at + 4)
        regex = f"{regex[:at]}(?i:{regex[at + 4 : end]}){regex[end:]}"
    return regex


def without_parentheses(regex: str) -> str:
    """Less those around the whole of it."""
    while regex.startswith("(?:") and closing(regex, 3) == len(regex) - 1:
        regex = regex[3:-1]
    return regex


def closing(regex: str, at: int) -> int:
    """Where the group ends that a place is in."""
    depth = 0
    for part in re.finditer(r"\\.|\[\^?.[^\]]*\]|[()]", regex[at:]):
        depth += {"(": 1, ")": -1}.get(part.group(), 0)
        if depth < 0:
            return at + part.start()
    return len(regex)


def wider(regex: str) -> str:
    """What begins with letters and a mark may be longer; all else must end where it should."""
    strong = all(
        len(prefix) > KEYWORD_CHARS_MIN and not prefix.isalnum()
        for prefix in prefixes_of(parser.parse(regex))
    )
    if not strong:
        return regex + "(?![A-Za-z0-9])"
    last = re.search(r"(?<=\])\{(\d+)\}(\)*)$", regex)
    if last and int(last[1]) > KEYWORD_CHARS_MIN:
        most = int(last[1]) + WIDER_BY
        return f"{regex[: last.start()]}{{{last[1]},{most}}}{last[2]}"
    return regex


def placed(rule: Mapping[str, Any], row: Row) -> Row:
    """With its keywords: how the secret begins, or else what stands in it at a fixed place."""
    parsed = parser.parse(row.parts[0])
    prefixes = set(prefixes_of(parsed))
    keywords = begun_by(rule["keywords"], prefixes) or prefixes
    followed_by = FOLLOWED_BY.get(rule["id"], "")
    if followed_by or min(map(len, keywords)) >= KEYWORD_CHARS_MIN:
        return replace(row, keywords=tuple(sorted(keywords)), followed_by=followed_by)
    for keyword in rule["keywords"]:
        if (offset := offset_of(keyword, parsed)) is not None:
            return replace(row, keywords=(keyword,), offset=offset)
    raise NotTranslated(f"{rule['id']}: no keyword for {row.parts[0]}")


def begun_by(keywords: Iterable[str], prefixes: set[str]) -> set[str]:
    """The keywords with which these begin, none if there is another beginning."""
    used = {word for word in keywords if any(prefix.startswith(word) for prefix in prefixes)}
    return used if all(prefix.startswith(tuple(used)) for prefix in prefixes) else set()


def prefixes_of(parsed: Any) -> Iterator[str]:
    """With which letters it may begin, in lower case."""
    for text in beginnings(parsed):
        yield text.rstrip("\0")


def beginnings(parsed: Any) -> list[str]:
    """The same, with a NUL behind those that are all of it."""
    found = [""]
    for code, argument in parsed:
        following = beginnings_of(code, argument)
        if following is None or len(found) * len(following) > PREFIXES_MAX:
            return found
        found = [one + other.rstrip("\0") for one in found for other in following]
        if not all(other.endswith("\0") for other in following):
            return found
    return [text + "\0" for text in found]


def beginnings_of(code: Any, argument: Any) -> list[str] | None:
    """Of one part of an expression; None when it may be too many things."""
    if code is codes.LITERAL:
        return [chr(argument).lower() + "\0"]
    if code is codes.IN and all(one is codes.LITERAL for one, _ in argument):
        return sorted({chr(letter).lower() + "\0" for _, letter in argument})
    if code is codes.SUBPATTERN:
        return beginnings(argument[3])
    if code is codes.BRANCH:
        return [text for branch in argument[1] for text in beginnings(branch)]
    return None


def offset_of(keyword: str, parsed: Any) -> int | None:
    """How many characters stand before a keyword, where that is certain."""
    for place, (code, argument) in enumerate(parsed):
        before, most = parsed[:place].getwidth()
        if before != most:
            return None
        if any(text.startswith(keyword) for text in prefixes_of(parsed[place:])):
            return int(before)
        inner = argument[3] if code is codes.SUBPATTERN else ()
        if (within := offset_of(keyword, inner)) is not None:
            return int(before) + within
    return None


def module(version: str, made: Sequence[Row]) -> str:
    head = f'''"""Secrets that announce themselves, or that a service's name announces.

Generated by scripts/secret_shapes.py from the rules of gitleaks {version} (MIT, see NOTICE).
"""

from __future__ import annotations

from lsp_server.redaction.shapes import Shape, inside, named, token

# fmt: off
GITLEAKS: tuple[Shape, ...] = (
'''
    return head + "".join(f"    {row}\n" for row in made) + ")\n"


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    rules = tomllib.loads(Path(sys.argv[1]).read_text("utf-8"))["rules"]
    try:
        made = list(rows(rules))
    except NotTranslated as error:
        sys.exit(f"not translated: {error}")
    TARGET.write_text(module(sys.argv[2], made), "utf-8")
    print(f"{len(made)} of {len(rules)} rules")


if __name__ == "__main__":
    main()
