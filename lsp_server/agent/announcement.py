"""This module recognises an answer that says what will be done and does nothing of it.

Weak models end a turn so, and often with the colon behind which their call should have stood.
What counts is the last sentence alone: it has to begin in the first person, without a no or a
condition in it, and once something was done it has to be about this very moment.
"""

from __future__ import annotations

import re

READ_CHARS_MAX = 400
"""Only the end of an answer is looked at."""

_BETWEEN_SENTENCES = re.compile(r"(?<=[.!?\u2026])\s+|\n+|(?<=[\u3002\uff01\uff1f])")
_AROUND = " \t\r*_#>-\u2022"
_LABEL = re.compile(r"^\w{1,20}(?: \d{1,3})?: +")
_GOES_ON = (":", "\uff1a", "...", "\u2026")

_SOON = re.compile(
    r"""^(?:[^,.:;?]{0,60}[,:]\s*(?:so\s+)?|(?:[^\W\d]\w*[.!]?\s+){0,2})(?:
      i['\u2019]?ll | i\ (?:will|shall|must|(?:need|have|want)\ to) | let\ (?:me|us) | let['\u2019]s
    | (?:i['\u2019]?m|i\ am)\ (?:now\ )?(?:going|about)\ to | i['\u2019]d\ like\ to
    | ich\ (?:werde|muss|sehe|schaue|lese|pr\xfcfe|suche|\xf6ffne|\xe4ndere|korrigiere|starte|f\xfchre|beginne|fange|untersuche)
    | (?:werde|muss|sehe|schaue|lese|pr\xfcfe|suche|\xf6ffne|\xe4ndere|korrigiere|starte|f\xfchre|beginne|fange|untersuche)\ ich
    | lass(?:en\ sie|t)?\ (?:mich|uns)
    | je\ (?:vais|dois|commence|lis|regarde) | laissez?[-\ ]moi | commen\xe7ons
    | voy\ a | vamos\ a | d\xe9jame | perm\xedtame | necesito | vou | deixe-me | preciso
    | sto\ per | lasciami | fammi | vado\ a | devo | ora\ (?:leggo|controllo|guardo) | jag\ ska | l\xe5t\ mig | najpierw | zaraz | ik\ (?:ga|zal|moet) | ga\ ik | laat\ me | laten\ we
    | \u0441\u0435\u0439\u0447\u0430\u0441 | \u0441\u043d\u0430\u0447\u0430\u043b\u0430 | \u0434\u0430\u0432\u0430\u0439\u0442\u0435 | \u0442\u0435\u043f\u0435\u0440\u044c\ \u044f | \u044f\ (?:\u0431\u0443\u0434\u0443|\u043f\u043e\u0441\u043c\u043e\u0442\u0440\u044e|\u043f\u0440\u043e\u0447\u0438\u0442\u0430\u044e|\u043f\u0440\u043e\u0432\u0435\u0440\u044e)
    )\b(?=\W+\w)
    | ^.{0,12}?(?:\u8ba9\u6211|\u6211(?:\u4eec)?(?:\u5c06|\u4f1a|\u6765|\u5148|\u73b0\u5728|\u51c6\u5907|\u8981|\u9700\u8981)).{0,4}?[\u770b\u8bfb\u67e5\u68c0\u641c\u8fd0\u4fee\u6253\u6267\u5206\u7f16\u521b]
    | [\u8aad\u78ba\u5b9f\u8abf\u4fee\u898b\u958b\u691c].{0,8}(?:\u307e\u3059|\u307e\u3057\u3087\u3046)\W*$ | \uaca0\uc2b5\ub2c8\ub2e4\W*$
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""How a sentence begins that says what its speaker is about to do."""
_SHOWS = re.compile(r"(?:here(?:['\u2019]s|\ is|\ are)|[a-z]+ing)\b", re.IGNORECASE)
"""How a sentence begins that a colon or dots at its end turn into the same."""
_UNLESS = re.compile(
    r"""\b(?:not|n['\u2019]t|never|nothing|no|if|unless|only|would|whenever|be|know|leave|keep|happy|glad|wait|wart\w*|remain|explain|say|admit|assume|answer|thank|please|confirm
    |as\ soon\ as|(?:once|after|when|until)\ (?:you|they)|(?:give|send|tell|show|share|paste)\ (?:me|it|the|your)|nicht|nichts|kein\w*|nie|wenn|falls|sobald|nur|pas|rien|jamais|si|seulement|nunca|nada
    |solo|non|se|niet|geen|indien|\u043d\u0435|\u0435\u0441\u043b\u0438)\b | n['\u2019]t\b | :\s+\S | \?\W*$ | \u4e0d | \u5982\u679c | \u6ca1 | \u307e\u305b\u3093
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""What makes a promise, an offer or a question of such a sentence, or says the thing itself."""
_NOW = re.compile(
    r"\b(?:now|let me|next|jetzt|nun|als n\xe4chstes|maintenant|ahora|agora|ora|nu|\u0441\u0435\u0439\u0447\u0430\u0441)\b"
    r"|\u73b0\u5728|\u63a5\u4e0b\u6765|\u8ba9\u6211|\u4eca|[:\uff1a]$",
    re.IGNORECASE,
)


def only_announces(text: str, *, nothing_done: bool = True) -> bool:
    """Returns whether an answer ends with what will be done next.

    `nothing_done` says that no call was carried out since the task or the person's last message.

    >>> only_announces("I'll now read a.py and fix it:")
    True
    >>> only_announces("The parser is fixed. Let me know if you need more.")
    False
    """
    sentences = [one.strip(_AROUND) for one in _BETWEEN_SENTENCES.split(text[-READ_CHARS_MAX:])]
    last = _LABEL.sub("", next((one for one in reversed(sentences) if one), ""))
    says_soon = _SOON.search(last) or (last.endswith(_GOES_ON) and _SHOWS.match(last))
    if not says_soon or _UNLESS.search(last):
        return False
    return nothing_done or _NOW.search(last) is not None
