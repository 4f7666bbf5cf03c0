"""A simple test tells a sentence from a headline: a sentence has a verb of its own.

It knows auxiliaries, common verbs and the place of an `-s` in front of an article. It is wrong
now and then: a plural in front of an article ("The paths a run wrote") passes for a verb, and
a verb that could be a plural ("The till prints money") is missed. `_BASE_FORMS` and
`_ONLY_WITH_S` are where it learns.
"""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _with_s(base: str) -> str:
    """Returns the form after he, she or it: `keeps`, `passes`, `carries`."""
    if re.search(r"[^aeiou]y$", base):
        return f"{base[:-1]}ies"
    return f"{base}es" if re.search(r"(?:s|sh|ch|x|o)$", base) else f"{base}s"


_AUXILIARIES = _words(
    "is are was were am has have had does do did can cannot may might must shall should will would "
    "could isn't aren't doesn't don't can't won't"
)
_BASE_FORMS = _words(
    "accept add agree allow appear apply arrive ask avoid become begin behave belong bring carry "
    "choose come compare connect consist contain convert create decide define deny depend "
    "describe differ emit enforce ensure exist expect explain fail fetch find follow forget gather "
    "get give go happen hear hold ignore implement include keep know learn leave let lose make "
    "obey occur parse perform prevent produce protect provide put raise receive refuse remain "
    "remember remove replace represent respond reuse say see seem send serve speak stay take tell "
    "translate treat warn write"
)
_ONLY_WITH_S = _words(
    "counts ends fits lies lives means measures needs offers opens owns passes pulls reaches refers returns shares "
    "stands starts stops stores ties turns waits wants works"
)
_ORDERS = _words("check edit index list print read report run search show start stop undo")
_PAST = _words(
    "became began broke came chose drew fell gave got grew kept knew lost made met ran said saw "
    "sent spoke stood told took went wrote"
)
_VERBS = frozenset(map(_with_s, _BASE_FORMS)) | _BASE_FORMS | _ONLY_WITH_S | _PAST
_DETERMINERS = _words(
    "a an the its their his her our your my this these those it them they itself themselves each "
    "every all any some no nothing none one two both another what which whether how only"
)
_SUBORDINATORS = _words(
    "that which who whom whose what where when whenever whether if how why as until unless while "
    "because than once whatever whoever"
)
_PRONOUNS = _words("that who it he she nobody everybody somebody code")
_PREPOSITIONS = _words(
    "of in on at by for from to with without within into onto over under about above below after "
    "before between across around through during per against beside besides like near and or but "
    "nor not so"
)
_NO_VERBS = _words("as its this thus always perhaps less unless yes across besides")
_AFTER_A_NOUN = (_PREPOSITIONS | _words("as that which who whose")) - _words("at on into onto")
"""Words before which a first word in `-s` is a plural: "Edits of", not "Looks at"."""
_CODE = re.compile(r"``?[^`]+``?")
_TOKEN = re.compile(r"[a-z]+(?:['\u2019-][a-z]+)*|[,:;.!?()]")
_END = re.compile(r"\n\s*\n|[.!?](?=\s+[A-Z`\"\u201c(])|[.!?]\Z|[:;](?=\s)")


def first_sentence(text: str) -> str:
    """Returns what stands before the first full stop, colon, semicolon or blank line."""
    return " ".join(_END.split(text.strip(), maxsplit=1)[0].split())


def has_verb(sentence: str) -> bool:
    """Says whether a verb stands outside of subordinate clauses.

    "The file is read" has one; "The file that is read" has none, as `that` takes the `is`. A
    last word in `-ed` counts where there is no such clause: "The connection failed".
    """
    words = _TOKEN.findall(_CODE.sub(" code ", sentence).lower())
    pending, is_plain, auxiliary_at = 0, True, -3
    for at, word in enumerate(words):
        if word in _SUBORDINATORS:
            pending, is_plain = pending + 1, False
        elif at - auxiliary_at <= 2 and word not in _AUXILIARIES - {"have", "do"}:
            continue  # "could not be used", "has made": one verb
        elif word in _AUXILIARIES or _is_verb(words, at):
            if not pending:
                return True
            pending -= 1
            auxiliary_at = at if word in _AUXILIARIES else auxiliary_at
        elif pending and word.endswith("ed"):
            pending -= 1
    return is_plain and len(words) > 2 and words[-1].endswith("ed")


def _is_verb(words: list[str], at: int) -> bool:
    word, following = words[at], words[at + 1] if at + 1 < len(words) else "."
    if word in _VERBS:
        return True
    if at > 1 and word.endswith("ed") and following in _DETERMINERS:
        return True  # "A run changed a file"
    ends_in_s = word.endswith("s") and not word.endswith("ss") and word not in _NO_VERBS
    if at == 2 and words[0] == "this" and ends_in_s:
        return True  # "This module runs commands"
    if at > 0:
        return ends_in_s and (following in _DETERMINERS or words[at - 1] in _PRONOUNS)
    if word in _PREPOSITIONS or word in _DETERMINERS:
        return False
    if following in _DETERMINERS:
        return True  # "Read the file"
    return (ends_in_s or word in _ORDERS) and following.isalpha() and following not in _AFTER_A_NOUN
