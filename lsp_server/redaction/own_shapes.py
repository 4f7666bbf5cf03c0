"""This module lists shapes of secrets for which gitleaks has no rule, or a narrower one.

To add a kind: add a row here and one to `tests/data/issued.py`.
"""

from __future__ import annotations

from lsp_server.redaction.shapes import BEGINS, Shape, inside, token

_BREAK = r"(?:\s|\\{1,7}[nr])"
"""Between lines, in a string of a string too."""
_BEGIN = r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?![^-]{0,40}-----)"
_END = r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_UP_TO_DASHES = r"[^-]{0,40000}+(?:-(?!-{4})[^-]{0,40000}+){0,2000}+"
"""Lines of a diff begin with one, and headers have some."""
_HEADERS = rf"(?:{_BREAK}|[\w-]{{1,30}}: [^\n\\]{{1,120}}\n){{0,20}}"
_LINE_OF_PUTTY = rf"[A-Za-z0-9+/=]{{4,80}}{_BREAK}{{1,4}}"
_HAS_DIGIT = r"(?=[A-Za-z_-]{0,200}\d)"

_KEYS = (
    inside(
        "private-key",
        "begin",
        rf"{_BEGIN}(?:{_UP_TO_DASHES}{_END}|{_HEADERS}[A-Za-z0-9+/=\s\\]{{16,40000}})",
        offset=5,
    ),
    inside(
        "private-key",
        "private-lines:",
        rf"Private-Lines: \d{{1,4}}{_BREAK}{{1,4}}((?:{_LINE_OF_PUTTY}){{1,400}})",
    ),
    inside(
        "private-key",
        "client-key-data",
        r"client-key-data[\"']?:\s{0,4}[\"']?([A-Za-z0-9+/]{40,20000}={0,2})",
    ),
    inside(
        # What begins with five hyphens, in base64.
        "private-key",
        "ls0tls1crudjtib",
        r"LS0tLS1CRUdJTiB(?:QUklWQVRF|SU0Eg|FQyBQ|PUEVOU1NI|FTkNSWVBU)"
        r"[A-Za-z0-9+/]{40,20000}={0,2}",
    ),
    inside(
        "private-key",
        "---- begin ssh2",
        r"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----([^-]{16,20000})----",
    ),
    inside(
        "private-key",
        '"d" "k" "d\\ "k\\',
        r"\"[dk]\\{0,7}\"\s{0,4}:\s{0,4}\\{0,7}\"([\w-]{43,2000})\\{0,7}\"",
        4,
    ),
    inside("private-key", "fernet(", r"Fernet\(b?[\"']([\w-]{43}=)[\"']\)", 4),
    inside(
        "private-key",
        "mnemonic seed",
        r"(?i:mnemonic|seed[ _-]?(?:phrase|words))[\"']?\s{0,4}[:=]\s{0,4}[\"']?"
        r"((?:[a-z]{3,8} ){11,23}[a-z]{3,8})",
    ),
    inside("azure-key", "accountkey", r"AccountKey\s?=\s?([A-Za-z0-9+/]{40,100}={0,2})", 3),
    inside("azure-key", "sharedaccesskey", r"AccessKey\s?=\s?([A-Za-z0-9+/]{40,100}={0,2})", 3),
    inside("azure-signature", "sig=", r"(?<=[?&;\"'\s])sig=([A-Za-z0-9%+/]{40,200}={0,2})", 3),
    inside(
        "django-key",
        "secret_key",
        r"(?i:SECRET_KEY)[\"']{0,2}\]?\s{0,3}[:=]\s{0,3}[\"']?"
        r"((?:django-insecure-)?[a-z0-9!@#$%^&*(\-_=+)]{50})(?![a-z0-9])",
        3.5,
    ),
    inside(
        "password-hash",
        "$apr1$ $1$ $2a$ $2b$ $2x$ $2y$ $5$ $6$ $y$ $argon2",
        r"\$(?:(?:apr1|1)\$[./0-9A-Za-z]{1,8}\$[./0-9A-Za-z]{22}|2[abxy]\$\d\d\$[./0-9A-Za-z]{53}"
        r"|[56]\$(?:rounds=\d{1,9}\$)?[./0-9A-Za-z]{1,16}\$[./0-9A-Za-z]{43,86}"
        r"|y\$[./0-9A-Za-z]{1,10}\$[./0-9A-Za-z]{1,86}\$[./0-9A-Za-z]{43}"
        r"|argon2(?:id|i|d)\$v=\d\d\$[a-z0-9,=]{1,60}\$[A-Za-z0-9+/]{8,64}\$[A-Za-z0-9+/]{16,128})",
    ),
    inside("password-hash", "{sha} {ssha}", r"\{S?SHA\}[A-Za-z0-9+/]{27,64}={0,2}"),
    inside("signature", "x-amz-signature=", r"X-Amz-Signature=([0-9a-f]{64})", 3),
    inside("signature", "x-goog-signature=", r"X-Goog-Signature=([0-9a-f]{64,1024})", 3),
    inside(
        "wordpress-key",
        "define(",
        r"define\(\s{0,4}[\"']\w{1,60}_(?:KEY|SALT)[\"'],\s{0,8}[\"']([^\"'\n]{40,120})[\"']",
        3.5,
    ),
    inside("sentry-key", "://", r"://([0-9a-f]{32}(?::[0-9a-f]{32})?)@[\w.-]{1,100}/\d{1,20}"),
)

_TOKENS = (
    token("atlassian-token", "atatt3 atctt3", r"AT[AC]TT3[A-Za-z0-9_=-]{40,400}", 3.5),
    token("atlassian-token", "atbb", r"ATBB[A-Za-z0-9]{24,100}", 3.5),
    inside("discord-hook", "/api/webhooks/", r"/api/webhooks/\d{17,20}/([A-Za-z0-9_-]{60,80})"),
    Shape(
        # Its first part is a number in base64, and nothing announces it.
        "discord-token",
        ("md", "mt", "mj", "mz", "nd", "nt", "nj", "nz", "od", "ot"),
        rf"{BEGINS}[MNO][DTjz][\w-]{{22,26}}\.[\w-]{{6}}\.[\w-]{{27,38}}",
        3.5,
        followed_by=r"[a-z0-9_-]{22,26}\.[a-z0-9_-]{6}\.",
    ),
    inside("firebase-key", ":apa91b", r"AAAA[\w-]{7}:APA91b[\w-]{100,300}", 3, offset=11),
    token("figma-token", "figd_", r"figd_[\w-]{20,200}", 3),
    token("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{36,255}", 3),
    token("github-token", "github_pat_", r"github_pat_\w{60,255}", 3),
    inside("gitlab-token", "glpat-", r"glpat-[\w.-]{20,300}", 3),
    token("google-oauth-secret", "gocspx-", r"GOCSPX-[\w-]{20,100}", 3),
    token("google-oauth-token", "1//0", r"1//0[\w-]{30,300}", 3),
    token("google-oauth-token", "ya29.", r"ya29\.[\w-]{20,2000}", 3),
    token("hugging-face-token", "hf_", r"hf_[A-Za-z0-9]{30,100}", 3),
    token(
        "json-web-token",
        "eyj",
        r"eyJ[\w-]{10,2000}+(?:\.[\w-]{10,8000}+){1,3}(?:\.[\w-]{0,8000}+)?",
    ),
    token("mail-key", "key-", r"key-[0-9a-f]{32}(?![0-9a-z])", 3),
    token("mail-key", "sg.", r"SG\.[\w-]{16,100}\.[\w-]{16,100}", 2),
    token("model-key", "csk-", rf"csk-{_HAS_DIGIT}[a-z0-9]{{40,100}}", 3),
    token("model-key", "jina_", r"jina_[\w-]{40,100}", 3),
    token("model-key", "lsv2_", r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}", 3),
    token("model-key", "nvapi-", r"nvapi-[\w-]{40,200}", 3),
    token("model-key", "pcsk_", r"pcsk_[\w-]{40,200}", 3),
    token("model-key", "sk_", r"sk_[0-9a-f]{48}(?![0-9a-z])", 3),
    token("model-key", "gsk_ xai-", rf"(?:gsk_|xai-){_HAS_DIGIT}[A-Za-z0-9]{{20,200}}", 3),
    token("model-key", "r8_ fw_", r"(?:r8_|fw_)[A-Za-z0-9]{20,100}", 3),
    token("model-key", "sk-", rf"sk-{_HAS_DIGIT}[\w-]{{20,300}}", 3),
    token("model-key", "tvly-", rf"tvly-(?:dev-|prod-)?{_HAS_DIGIT}[A-Za-z0-9]{{20,200}}", 3),
    token("netlify-token", "nfp_", r"nfp_[A-Za-z0-9]{36,100}", 3),
    token("notion-token", "secret_", rf"secret_{_HAS_DIGIT}[A-Za-z0-9]{{43}}(?![A-Za-z0-9])", 3.5),
    token("package-token", "cio", rf"cio{_HAS_DIGIT}[A-Za-z0-9]{{32}}(?![A-Za-z0-9])", 3.5),
    token("package-token", "oy2", r"oy2[a-z0-9]{43}(?![a-z0-9])", 3),
    inside("package-token", "_auth=", r"_auth=([A-Za-z0-9+/]{12,2000}={0,2})", 3),
    token("package-token", "dckr_", r"dckr_[a-z]{2,5}_[\w-]{20,200}", 3),
    token("package-token", "npm_", r"npm_[A-Za-z0-9]{36,255}", 2),
    token("package-token", "pypi-", r"pypi-[\w-]{50,1000}", 3),
    token(
        "payment-token",
        "access-",
        r"access-(?:sandbox|development|production)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    ),
    token(
        "payment-token",
        "access_token$",
        r"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}",
    ),
    token("render-token", "rnd_", r"rnd_[A-Za-z0-9]{28,100}", 3),
    inside(
        "slack-hook",
        "hooks.slack",
        r"hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/([A-Za-z0-9+/]{20,100})",
    ),
    token("slack-token", "xox", r"xox[abdeoprs][.-][A-Za-z0-9.-]{10,250}", 2),
    token("sonar-token", "sqp_ squ_ sqa_", r"sq[pua]_[0-9a-f]{40}", 3),
    token("supabase-token", "sb_secret_", r"sb_secret_[\w-]{20,200}", 3),
    token("supabase-token", "sbp_", r"sbp_[a-f0-9]{40,200}", 3),
    inside("telegram-token", ":aa", r"(?<=\d{8}):(AA[\w-]{33})(?![\w-])", 3),
    token(
        "doppler-token",
        "dp.",
        r"dp\.(?:st|ct|sa|scim|audit)\.(?:[\w-]{1,60}\.)?[A-Za-z0-9]{40,60}",
        3,
    ),
    token("vault-token", "hvs. hvb. hvr.", r"hv[sbr]\.[\w-]{24,400}", 3),
    token("webhook-secret", "whsec_", r"whsec_[A-Za-z0-9+/]{24,100}={0,2}", 3),
)

OWN: tuple[Shape, ...] = (*_KEYS, *_TOKENS)
