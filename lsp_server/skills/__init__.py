"""This room reads what people write down for the agent: skills, custom commands and agents.

All are Markdown with front matter, in folders that other agents read too. Reading one
runs nothing. What a checkout brings is used only after a person trusted its text, which
`session/trust.py` keeps; `fingerprint` is what the trust is bound to.
"""
