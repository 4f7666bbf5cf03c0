"""Secrets as services and people write them, drawn from a seed when they are asked for.

A template is a line; between double angle quotation marks is what must not be found any
more. `{w20}` stands for 20 characters of an alphabet: letters and digits (w), the same
with `-` and `_` (s), base64 (b), lower case (l), upper case (u), hexadecimal (h), digits (d),
those of age (k) and base32 (t).
So no line of this file looks like a secret.
"""

from __future__ import annotations

import random
import re
import string
from collections.abc import Mapping
from types import MappingProxyType

from tests.data.planted import Planted

_ALPHABETS = {
    "w": string.ascii_letters + string.digits,
    "s": string.ascii_letters + string.digits + "-_",
    "b": string.ascii_letters + string.digits + "+/",
    "l": string.ascii_lowercase + string.digits,
    "u": string.ascii_uppercase + string.digits,
    "h": "0123456789abcdef",
    "d": string.digits,
    "k": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",  # age
    "t": string.ascii_uppercase + "234567",  # base32
}

TEMPLATES: Mapping[str, str] = MappingProxyType(
    {
        "AWS, a signature in an address": "?X-Amz-Signature=«{h64}»&x=1",
        "Azure DevOps": "AZURE_DEVOPS_PAT=«{l52}»",
        "AWS session, long": "aws_session_token = «{b300}»",
        "Cerebras": "x «csk-{l48}» y",
        "cookie of a session, in code": "cookies = {'sessionid': '«{l32}»'}",
        "crates.io": "x «cio{w32}» y",
        "Django, with brackets": "SECRET_KEY = '«k({l20})x%{l25}»'",
        "Docker login, short": '{"auths": {"a.io": {"auth": "«dXNlcjpwYXNzVzByZHgx»"}}}',
        "Doppler service": "x «dp.st.prd.{w43}» y",
        "ElevenLabs": "x «sk_{h48}» y",
        "Fernet": "Fernet(b'«{s43}=»')",
        "Firebase": "x «AAAA{s7}:APA91b{s134}» y",
        "Flask": "app.secret_key = b'«{w24}»'",
        "Google, a signature in an address": "?X-Goog-Signature=«{h128}»",
        "Jina": "x «jina_{w60}» y",
        "JSON web key": '{"kty": "oct", "k": "«{s43}»"}',
        "LangSmith": "x «lsv2_pt_{h32}_{h10}» y",
        "Laravel": "APP_KEY=base64:«{b43}=»",
        "Mailgun, bare": "x «key-{h32}» y",
        "mnemonic": "mnemonic = '«abandon ability able about above absent absorb abstract absurd abuse access accident»'",
        "MySQL, on a command line": "mysql -h db -u root -p«{w12}3» main",
        "Netlify, new": "x «nfp_{w36}» y",
        "netrc": "machine a.io login me password «{w14}»",
        "Notion, old": "x «secret_{w43}» y",
        "npm, basic": "//registry.example/:_auth=«{b30}==»",
        "NuGet key": "x «oy2{l43}» y",
        "NVIDIA": "x «nvapi-{s64}» y",
        "Oracle": "jdbc:oracle:thin:scott/«{w12}4»@//db:1521/main",
        "password in an element": "<password>«{w12}3a»</password>",
        "password of a service": "smtp_pass = «{w12}3»",
        "PayPal": "x «access_token$production${l16}${h32}» y",
        "pgpass": "db.internal:5432:main:app:«{w14}9»",
        "Pinecone": "x «pcsk_{w68}» y",
        "Plaid": "x «access-sandbox-{h8}-{h4}-{h4}-{h4}-{h12}» y",
        "Rails": "RAILS_MASTER_KEY=«{h32}»",
        "Render": "x «rnd_{w28}» y",
        "Slack cookie": "d=«xoxd-{w60}»",
        "Sonar": "x «sqp_{h40}» y",
        "SSH 2": (
            "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n«{b64}»\n{b40}\n"
            "---- END SSH2 ENCRYPTED PRIVATE KEY ----"
        ),
        "sshpass": "sshpass -p «{w12}3» ssh me@a.io",
        "WireGuard, shared": "PresharedKey = «{b42}c=»",
        "WordPress": "define('AUTH_KEY', '«x9{w20}[{w20}}}{w10}|<»');",
        "YAML, folded": "api_key: >-\n  «{w32}»",
        "1Password": "x «A3-{u6}-{u11}-{u5}-{u5}-{u5}» y",
        "age": "«AGE-SECRET-KEY-1{k58}»",
        "Airtable": "airtable.connect('«pat{w14}.{h64}»')",
        "Alibaba": "x «LTAI{w20}» y",
        "Anthropic": "x «sk-ant-api03-{s93}AA» y",
        "Atlassian": "x «ATATT3{s186}» y",
        "authorization, Basic": "Authorization: Basic «{w30}==»",
        "authorization, token": '"Authorization": "token «{h40}»"',
        "authorization, Bot": "-H 'Authorization: Bot «{w50}»'",
        "AWS": "x «AKIA{t16}» y",
        "AWS Bedrock": "x «ABSK{b132}» y",
        "AWS session": "AWS_SESSION_TOKEN=«{b200}==»",
        "Azure account key": "AccountName=a;AccountKey=«{b86}==»;EndpointSuffix=core",
        "Azure shared access key": "Endpoint=sb://a/;SharedAccessKey=«{b43}=»",
        "Azure client secret": "x «{w3}8Q~{s34}» y",
        "Azure shared access signature": "https://a.blob.core/c?sv=2022-11-02&sig=«{w43}%3D»&se=1",
        "Clojars": "x «CLOJARS_{l60}» y",
        "Cloudflare": 'cloudflare_api = "«{s40}»"',
        "cookie": "Cookie: theme=dark; sessionid=«{l32}»; lang=en",
        "cookie that is set": "Set-Cookie: sid=«{w40}»; Path=/; HttpOnly",
        "Databricks": "x «dapi{h32}» y",
        "Datadog": "datadog: '«{l40}»'",
        "DigitalOcean": "x «dop_v1_{h64}» y",
        "DigitalOcean OAuth": "x «doo_v1_{h64}» y",
        "Discord hook": "https://discord.com/api/webhooks/{d18}/«{s68}»",
        "Discord token": "client.run('«MTk4{w21}.{s6}.{s38}»')",
        "Django": "SECRET_KEY = 'django-insecure-«{l12}(w%{l32}#$&»'",
        "Docker Hub": "x «dckr_pat_{s27}» y",
        "Docker login": '{"auths": {"a.io": {"auth": "«{w30}==»"}}}',
        "Doppler": "x «dp.pt.{w43}» y",
        "Dropbox": "dropbox = 'sl.«{w135}»'",
        "Dynatrace": "x «dt0c01.{u24}.{u64}» y",
        "encryption key": "encryption_key: «{w32}»",
        "Facebook": "x «EAAC{w120}» y",
        "Figma": "x «figd_{s40}» y",
        "Fly": "x «fo1_{s43}» y",
        "GitHub": "x «ghp_{w36}» y",
        "GitHub, a file name": "name_«ghs_{w36}»_backup.py",
        "GitHub, fine-grained": "x «github_pat_{w22}_{w59}» y",
        "GitLab": "x «glpat-{s20}» y",
        "GitLab deploy": "x «gldt-{s20}» y",
        "GitLab feed": "x «glft-{s20}» y",
        "GitLab runner": "x «glrt-{s20}» y",
        "GitLab trigger": "x «glptt-{h40}» y",
        "GitLab, a file name": "name_«glpat-{w20}».py",
        "GitLab, routable": "x «glpat-{s27}.01.{l9}» y",
        "Google": "x «AIza{s35}» y",
        "Google OAuth access": "x «ya29.{s60}» y",
        "Google OAuth refresh": "x «1//0{s60}» y",
        "Google OAuth secret": "x «GOCSPX-{s28}» y",
        "Grafana": "x «glsa_{w32}_{h8}» y",
        "Grafana Cloud": "x «glc_{b60}=» y",
        "Groq": "x «gsk_{w52}» y",
        "HashiCorp Terraform": "x «{w14}.atlasv1.{w64}» y",
        "Heroku": "x «HRKU-AA{s58}» y",
        "htpasswd": "admin:«$apr1${w8}${w22}»",
        "htpasswd, bcrypt": "admin:«$2y$10${w53}»",
        "Hugging Face": "x «hf_{w34}» y",
        "Infracost": "x «ico-{w32}» y",
        "JSON web token": "x «eyJhbGciOiJIUzI1NiJ9.eyJ{w30}.{s43}» y",
        "kubeconfig": "    client-key-data: «LS0t{b200}==»",
        "Linear": "x «lin_api_{w40}» y",
        "Mailchimp": "mailchimp_key: «{h32}-us12»",
        "Mailgun": "mailgun = 'key-«{h32}»'",
        "MaxMind": "x «{w6}_{w29}_mmk» y",
        "MongoDB": "mongodb+srv://app:«{w9}@{w4}/{w6}»@cluster0.a.net/db",
        "MySQL": "mysql://root:«{w6}/{w6}»@db.internal:3306/main",
        "Netlify": "netlify: «{s42}»",
        "New Relic": "x «NRAK-{u27}» y",
        "Notion": "x «ntn_{d11}{w35}» y",
        "npm": "x «npm_{w36}» y",
        "NuGet": '<add key="ClearTextPassword" value="«{w12}5z»" />',
        "Octopus": "x «API-{u26}» y",
        "OpenAI": "x «sk-proj-{s74}T3BlbkFJ{s74}» y",
        "OpenShift": "x «sha256~{s43}» y",
        "password, short and bare": "password: «{w6}7a{w3}»",
        "password of a connection": "Server=a;User Id=b;Password=«{w5}3b{w4}»;",
        "password, pwd of a connection": "Server=a;Uid=b;Pwd=«{w5}3b{w4}»;",
        "password in an address": "https://app:«p%40{w8}»@git.internal/a.git",
        "Perplexity": "x «pplx-{w48}» y",
        "PlanetScale": "x «pscale_tkn_{s43}» y",
        "Postgres": "postgres://app:«{w6}@{w6}»@db.internal/main",
        "Postman": "x «PMAK-{h24}-{h34}» y",
        "private key, encrypted": (
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
            "DEK-Info: AES-128-CBC,{h32}\n\n{b64}\n«{b64}»\n{b40}==\n-----END RSA PRIVATE KEY-----"
        ),
        "private key, cut off": "-----BEGIN OPENSSH PRIVATE KEY-----\n{b70}\n«{b70}»\n{b30}",
        "private key, in base64": "key: «LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVkt{b200}»",
        "private key, of PGP": (
            "-----BEGIN PGP PRIVATE KEY BLOCK-----\nComment: a-b\n\n{b64}\n«{b64}»\n"
            "-----END PGP PRIVATE KEY BLOCK-----"
        ),
        "Pulumi": "x «pul-{h40}» y",
        "PuTTY": "Private-Lines: 2\n«{b64}»\n{b40}\nPrivate-MAC: {h40}",
        "PyPI": "x «pypi-AgEIcHlwaS5vcmc{s140}» y",
        "RapidAPI": "rapidapi-key: «{w50}»",
        "Replicate": "x «r8_{w37}» y",
        "RubyGems": "x «rubygems_{h48}» y",
        "SendGrid": "x «SG.{s22}.{s43}» y",
        "Sendinblue": "x «xkeysib-{h64}-{w16}» y",
        "Sentry": "x «sntryu_{h64}» y",
        "Sentry address": "dsn: https://«{h32}»@o447951.ingest.sentry.io/5429219",
        "Shippo": "x «shippo_live_{h40}» y",
        "Shopify": "x «shpat_{h32}» y",
        "Shopify, shared": "x «shpss_{h32}» y",
        "Slack": "x «xoxb-{d12}-{d12}-{w24}» y",
        "Slack app": "x «xapp-1-A{u10}-{d13}-{h64}» y",
        "Slack hook": "https://hooks.slack.com/services/«T{u9}/B{u9}/{w24}»",
        "Snyk": "snyk_token: «{h8}-{h4}-{h4}-{h4}-{h12}»",
        "Sourcegraph": "x «sgp_{h40}» y",
        "Square": "x «sq0atp-{s22}» y",
        "Stripe": "x «rk_live_{w24}» y",
        "Stripe hook": "x «whsec_{w32}» y",
        "Supabase": "x «sbp_{h40}» y",
        "Tavily": "x «tvly-dev-{w32}» y",
        "Teams": (
            "https://a.«webhook.office.com/webhookb2/{h8}-{h4}-{h4}-{h4}-{h12}@{h8}-{h4}-{h4}-{h4}-"
            "{h12}/IncomingWebhook/{h32}/{h8}-{h4}-{h4}-{h4}-{h12}»"
        ),
        "Telegram": "x {d10}:«AA{s33}» y",
        "Twilio": "x «SK{h32}» y",
        "Twitter": "twitter_api_secret = '«{w50}»'",
        "Typeform": "x «tfp_{s59}» y",
        "user of curl": "curl -u admin:«{w12}7b» https://a.internal",
        "Vault": "x «hvs.{s24}» y",
        "Vault, long": "x «hvs.{s95}» y",
        "xAI": "x «xai-{w80}» y",
        "XML": '<add key="Password" value="«{w10}5z»"/>',
        "Zendesk": "zendesk: '«{w40}»'",
    }
)


def issued(seed: int = 0) -> list[Planted]:
    """One of each."""
    chance = random.Random(seed)
    return [_filled(name, template, chance) for name, template in TEMPLATES.items()]


def _filled(name: str, template: str, chance: random.Random) -> Planted:
    line = re.sub(
        r"\{([a-z])(\d+)\}",
        lambda match: "".join(chance.choices(_ALPHABETS[match[1]], k=int(match[2]))),
        template,
    )
    before, _, rest = line.partition("«")
    secret, _, after = rest.partition("»")
    return Planted(name, secret, before + secret + after)
