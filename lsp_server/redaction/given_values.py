"""This module finds values that are secret by what precedes them: a name, header, flag, address.

Anybody may write such names, so most of the values must also look random.
"""

from __future__ import annotations

from lsp_server.redaction.randomness import LONE_VALUE_ENTROPY_BITS_MIN, VALUE_ENTROPY_BITS_MIN
from lsp_server.redaction.shapes import ENDS, Shape, inside, token

_PASSWORDS = ("password", "passwd", "passphrase")
_KEYS_OF = (
    *("api", "access", "private", "auth", "encryption", "signing"),
    *("master", "app", "preshared"),
)
_SECRETS = (
    *_PASSWORDS,
    "secret",
    "token",
    "credential",
    *(f"{what}{mark}key" for what in _KEYS_OF for mark in ("", "_", "-")),
)
"""One of them is in every name that calls its value a secret."""
_SECRET = (
    r"(?i:password|passwd|passphrase|secret|token|credential"
    rf"|(?:{'|'.join(_KEYS_OF)})[_-]?key)(?u:[\w-]{{0,20}})"
)
_IS = (
    r"[\\\"'\]]{0,16}\s{0,40}(?:=>|:=|:\s{0,40}[\w.|\[\] ]{1,30}+=|[:=>])\s{0,40}"
    r"(?:[>|][+-]?(?:\n\+?|\\{1,7}n)\s{1,40}|base64:)?"
)
_IN_XML = r"\\{0,7}[\"']\s{1,3}(?i:value)\s?=\s?"
_HEADER_IS = r"[\\\"'\]]{0,16}\s{0,8}[:=,]\s{0,8}[\\\"'`]{0,8}"

_OF_NAMES = (
    Shape(
        "value",
        _SECRETS,
        rf"{_SECRET}(?:{_IS}|{_IN_XML})[bru]?(\\{{0,7}}[\"'`])([^\"'`\s]{{8,200}})\1",
        VALUE_ENTROPY_BITS_MIN,
        random=True,
    ),
    Shape(
        "value",
        _SECRETS,
        rf"{_SECRET}{_IS}([A-Za-z0-9+/_~.!@#$%^&*-]{{16,4000}}={{0,2}})(?=[\s\"'\\<,;&|)]|$)",
        LONE_VALUE_ENTROPY_BITS_MIN,
        random=True,
    ),
    Shape(
        # What people choose is shorter.
        "value",
        (*_PASSWORDS, "pwd"),
        r"(?i:password|passwd|passphrase|pwd)[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?!(?i:pass|pwd))"
        rf"([^\s\"'`;,<>(){{}}\[\]&\\]{{8,40}}){ENDS}",
        2.5,
        random=True,
    ),
    Shape(
        "value",
        ("_pass", "_pwd", "_pat"),
        r"_(?i:pass|pwd|pat)[\"']?\s{0,3}[:=]\s{0,3}[\"']?"
        rf"([^\s\"'`;,<>(){{}}\[\]&\\]{{8,100}}){ENDS}",
        2.5,
        random=True,
    ),
    Shape(
        "value",
        _PASSWORDS,
        r"(?i:password|passwd|passphrase)>([^<>\s{}$]{6,200})</",
        2.0,
    ),
    Shape(
        "cookie",
        ("sessionid", "session_id", "sessid", "connect.sid", "csrftoken"),
        rf"(?i:sessionid|session_id|sessid|connect\.sid|csrftoken){_IS}[\"']([\w%.+/-]{{20,400}})[\"']",
        VALUE_ENTROPY_BITS_MIN,
        random=True,
    ),
    inside(
        "value", "login", r"(?<![\w-])login\s{1,8}\S{1,100}\s{1,8}password\s{1,8}(\S{4,200})", 2
    ),
    inside("value", ":5432:", r":5432:[\w*-]{1,60}:[\w*-]{1,60}:([^\s:]{4,200})", 2.5),
)

_OF_FLAGS = (
    Shape(
        "value",
        (*_SECRETS, "-pass ", "-pass="),
        r"(?<=-)(?i:pass(?:word|wd|phrase)?|secret|token|(?:api|access)-?key)"
        r"[ =][\\\"']{0,8}([^\s\"'\\]{8,200})",
        VALUE_ENTROPY_BITS_MIN,
        random=True,
    ),
    Shape(
        "value",
        ("-u ", "-u=", "--user"),
        r"(?<![^\s\"'])(?:-u|--user)[ =][\\\"']{0,8}[\w.@+-]{1,60}:([^\s\"':\\]{8,200})",
        VALUE_ENTROPY_BITS_MIN,
        random=True,
    ),
)

_OF_PROGRAMS = (
    inside(
        "value",
        "mysql mariadb",
        r"(?:mysql|mysqldump|mysqladmin|mariadb)\s(?:[^\n|;]{0,200}?\s)?-p([^\s\"'$<{]{6,200})",
        2.5,
    ),
    inside("value", "sshpass", r"sshpass\s{1,4}-p\s{0,4}[\"']?([^\s\"'$<{]{4,200})", 2),
    inside("url-password", "jdbc:oracle", r"jdbc:oracle:\w{1,10}:\w{1,60}/([^\s@\"'${<]{3,100})@"),
)

_USER = r"(?<=[a-z0-9+])://[^\s:/@'\"<>{}$%()\\\u2039]{0,100}:"
_NOT_A_WORD = r"(?!(?i:pass(?:word|wd)?|pwd|secret|tiger)@)"
_HOST = r"@(?=[\w\[])"

_OF_ADDRESSES = (
    inside(
        "url-password",
        "://",
        rf"{_USER}{_NOT_A_WORD}((?:[^\s:/@'\"<>{{}}$%()\\\u2039]|%[0-9A-Fa-f]{{2}}"
        rf"|@(?=[^\s/'\"<>{{}}$()\\]{{1,100}}@)){{3,200}}){_HOST}",
    ),
    inside(
        # Of a database, where people do not quote what has a meaning in addresses.
        "url-password",
        "://",
        rf"(?<!http)(?<!https)(?<!git)(?<!ssh)(?<!npm){_USER}{_NOT_A_WORD}(?!\d{{1,5}}/)"
        rf"([^\s'\"<>{{}}$()\\\u2039]{{3,200}}){_HOST}",
    ),
)

_OF_HEADERS = (
    token("bearer-token", "bearer", r"[Bb]earer\s{1,8}([A-Za-z0-9_~+/.-]{20,4000}={0,2})"),
    Shape(
        "authorization",
        ("authorization",),
        rf"(?i:authorization){_HEADER_IS}(?i:basic|token|bot|api-?key|negotiate|digest|key)"
        r"[\s=]{1,4}([A-Za-z0-9+/=_.~:-]{8,4000})",
        2.5,
        random=True,
    ),
    Shape(
        # Behind short ones, such as a language, come those that say who one is.
        "cookie",
        ("cookie",),
        rf"(?i:cookie){_HEADER_IS}(?:[\w.%-]{{1,60}}+=[^\s;\"',\\]{{0,15}}+;\s{{0,2}}){{0,12}}"
        r"[\w.%-]{1,60}=([^\s;\"',\\]{22,2000}(?:;\s{0,2}[\w.%-]{1,60}=[^\s;\"',\\]{16,2000}){0,12})",
        VALUE_ENTROPY_BITS_MIN,
        random=True,
    ),
    Shape(
        # Of a login at a registry of images.
        "docker-auth",
        ('auth"', "auth\\"),
        # Base64 goes from small letters to capital ones and back more often than words do.
        r"auth\\{0,7}\"\s{0,4}:\s{0,4}\\{0,7}\"(?=(?:[a-z0-9+/]{0,40}[A-Z]){4}[a-z0-9+/A-Z=]{0,2000}\\{0,7}\")"
        r"([A-Za-z0-9+/]{12,2000}={0,2})",
        VALUE_ENTROPY_BITS_MIN,
    ),
)

GIVEN_VALUES: tuple[Shape, ...] = (
    *(*_OF_ADDRESSES, *_OF_HEADERS, *_OF_NAMES),
    *(*_OF_FLAGS, *_OF_PROGRAMS),
)
