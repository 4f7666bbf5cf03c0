"""This module reads the calls that a text consists of, in whichever form a model writes them.

There are four: JSON, elements, code, and lines with labels. Of the tokens around them each family
of models has its own; they are left out. Whether a call is meant is decided elsewhere.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

NESTED_MAX = 4
"""How deep one form may stand in another, as JSON in an element."""
ELEMENTS_DEEP_MAX = 20

Form: TypeAlias = Literal["markup", "object", "code", "data"]
"""`markup` is written by models alone, an `object` has a name and arguments under keys for them,
and `data` has the name where data may have it: as a key or a tag."""


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """A `WrittenCall` is what a text names as a tool, and the arguments beside it.

    The arguments are a text where they have no names, and None where they cannot be read.
    """

    name: str
    arguments: Mapping[str, object] | str | None
    form: Form = "data"


_Calls: TypeAlias = tuple[WrittenCall, ...]

MARKER = re.compile(
    r"""<[|\uff5c][^<>|\uff5c\n]{1,40}[|\uff5c]?> | <[|\uff5c]DSML[|\uff5c] | \u273f | ^>>>(?=\w)
    | <(?:\w+:)?(?:start_)?(?:tool|function|invoke)(?:_?\w+)?[\s=>] | \bto=functions
    | (?-i:\[/?(?:TOOL|FUNCTION)_?[A-Z]*\])""",
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)
"""What stands at the beginning of a call and nowhere else."""

_DSML = re.compile(r"(?<=[</])[|\uff5c]DSML[|\uff5c]")
_TOKEN = re.compile(
    r"""<[|\uff5c][^<>|\uff5c\n]{1,40}[|\uff5c]?> | <\|?/?(?:start_|end_)function_\w+\|?> | <escape>
    | \[CALL_ID\]\w* | \[/?[A-Z]+(?:_[A-Z]+)*\] | \u273f | ^>>>(?=\w) | ^[ ]{0,3}(?:`{3,}|~{3,})\w*[ ]*$""",
    re.VERBOSE | re.MULTILINE,
)
_LABELS = re.compile(
    r"""[\s*_`>@\[]*(?:(?:await|return|print|const|let|var|call(?:s|ing)?|tools?|functions?|functools
    |default_api|api|json|invok\w+|execut\w+|action|request|to(?==)|assistant|commentary|analysis)
    (?=[\W_])(?:[^\w{\[("<]|_)*)+""",
    re.IGNORECASE | re.VERBOSE,
)
_NAMED = re.compile(
    # Possessive, as hyphens fit both parts: a long line of them takes the square of its length.
    r"[@/*]*+([\w.-]++)(?::\d+)?+(?:[\s*`'\")\]:=(>-]|\bcommentary\b|\bjson\b)*+(?=\{)"
)
_BETWEEN = frozenset(" \t\r\n,;")
_CUT_NAME = re.compile(r"[\s\[{\"]*(?:name\"\s*:\s*\")?([\w.-]+)[\"'`]?\s*(?=[{(,:]|\Z)")
_CLOSERS = ")]}`*\"';. \n"
_NAME_KEYS = (
    "name", "tool_name", "tool", "function_name", "function", "action", "command", "recipient_name",
)  # fmt: skip
_ARGUMENT_KEY = re.compile(r"(?:\w+_)?(?:arguments|parameters|args|input|params|kwargs)")
_HOLDERS = (
    "function", "tool", "tool_calls", "tool_call", "function_call", "call", "calls", "action",
    "actions", "tool_use",
)  # fmt: skip
_BESIDE = frozenset((
    "id", "type", "thought", "thoughts", "reasoning", "index", "call_id", "observation", "question",
))  # fmt: skip
"""Keys that stand beside a name and are no arguments."""


def written_calls(text: str, nested: int = 0) -> _Calls:
    """Returns the calls that a text consists of; none where there is anything else in it.

    >>> written_calls('Action: read(path="a.py")')
    (WrittenCall(name='read', arguments={'path': 'a.py'}, form='code'),)
    >>> written_calls("read(path) returns the text.")
    ()
    """
    if nested > NESTED_MAX:
        return ()
    text = text.removesuffix("</tool_call>").strip()
    bare = _TOKEN.sub(" ", _DSML.sub("", text)).strip() if MARKER.search(text) else text
    labels = _LABELS.match(bare)
    unlabelled = bare[labels.end() :] if labels else bare
    calls = (
        _objects(bare, nested)
        or _elements(bare, nested)
        or _code(bare)
        or _objects(unlabelled, nested)
        or _named(unlabelled, "code" if labels else "data")
        or _lines(bare, nested)
        or _code(unlabelled)
        or (_cut_off(unlabelled) if bare != text else ())
    )
    return _marked(calls) if bare != text else calls


def _marked(calls: _Calls) -> _Calls:
    return tuple(replace(call, form="markup") for call in calls)


def _if_all(found: Iterable[_Calls]) -> _Calls:
    """The calls of several parts, each of which has to be one."""
    parts = tuple(found)
    return sum(parts, ()) if all(parts) else ()


# JSON


def _objects(text: str, nested: int) -> _Calls:
    """Reads objects, one after the other, each of them a call."""
    return _if_all(_of_value(value, nested) for value in _values(text)) if text[:1] in "{[" else ()


def _values(text: str) -> list[object]:
    """The values of a text that is nothing but JSON, brackets too many aside; none if it is not."""
    decoder, values, at = json.JSONDecoder(), list[object](), 0
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return [] if text[at:].strip(_CLOSERS) else values
        values += value if isinstance(value, list) else [value]
        while text[at : at + 1] in _BETWEEN:
            at += 1
    return values


def _of_value(value: object, nested: int) -> _Calls:
    """Reads `{"name": …, "arguments": {…}}` under whatever keys, or `{"read": {…}}`."""
    if nested > NESTED_MAX or not isinstance(value, dict | list):
        return ()
    if isinstance(value, list):
        return _if_all(_of_value(each, nested + 1) for each in value)
    if held := next(
        (value[key] for key in _HOLDERS if isinstance(value.get(key), dict | list)), None
    ):
        return _of_value(held, nested + 1)
    name_key = next((key for key in _NAME_KEYS if isinstance(value.get(key), str)), None)
    if name_key is None:
        only = next(iter(value.items())) if len(value) == 1 else ("", None)
        return (WrittenCall(only[0], only[1]),) if isinstance(only[1], dict) else ()
    name = value[name_key].strip(" `*\"'")
    if key := next((key for key in value if _ARGUMENT_KEY.fullmatch(key)), None):
        arguments = _arguments(value[key])
        is_sure = isinstance(arguments, dict) or (arguments and name_key == "action")
        call = WrittenCall(name, arguments, "object" if is_sure else "data")
        return (call,) if is_sure or name_key != "command" else ()
    if found := re.fullmatch(r"([\w.-]+)\[(.*)\]", name):
        return (WrittenCall(found[1], _arguments(found[2]), "object"),)
    if not re.fullmatch(r"[\w.:-]+", name):
        return written_calls(name, nested + 1)
    rest = {key: each for key, each in value.items() if key != name_key and key not in _BESIDE}
    return (WrittenCall(name, rest),)


def _arguments(value: object) -> Mapping[str, object] | str | None:
    """Arguments as an object, or as the text that they are; None for anything else."""
    read = _decoded(value) if isinstance(value, str) else value
    return read if isinstance(read, dict | str) else {} if value is None else None


def _decoded(text: str) -> object:
    """The value of JSON, or the text itself."""
    try:
        return json.loads(text) if text[:1] in ("{", "[") else text
    except (ValueError, RecursionError):
        return text


def _named(text: str, form: Form) -> _Calls:
    """Reads a name with an object behind it: `read {…}`, `functions.read:0 {…}`, `read -> {…}`."""
    found = _NAMED.match(text)
    if found is None:
        return ()
    body = text[found.end() :]
    values = _values(body) or _values(_with_quoted_keys(body))
    if len(values) == 1 and isinstance(values[0], dict):
        return (WrittenCall(found[1], values[0], form),)
    pair = re.fullmatch(r"\{\s*(\w+)\s*:\s*([^{}]*?)\s*\}[^\w{}]*", body)
    return (WrittenCall(found[1], {pair[1]: pair[2]}, form),) if pair else ()


def _with_quoted_keys(text: str) -> str:
    """JSON of an object of JavaScript, as far as its keys go."""
    return re.sub(r"([{,]\s*)([A-Za-z_]\w*)(\s*:)", r'\1"\2"\3', text)


def _cut_off(text: str) -> _Calls:
    """Reads the name alone, where what follows it has no end."""
    found = _NAMED.match(text) or _CUT_NAME.match(text)
    if found is None or not _lacks_end(text, found.end(1)):
        return ()
    return (WrittenCall(found[1], None),)


def _lacks_end(text: str, at: int) -> bool:
    """Returns whether nothing stands behind the name that ends at `at`, or what has no end."""
    begun = re.search(r"[\[{]", text)
    if begun is None:
        return not text[at:].strip(" `\"':0123456789")
    try:
        json.JSONDecoder().raw_decode(text, begun.start())
    except (ValueError, RecursionError):
        return True
    return False


# Code


def _code(text: str) -> _Calls:
    """Reads statements that are nothing but calls with literal arguments."""
    text = re.sub(r"^(?:const|let|var)\s+", "", text.rstrip("`*"))
    if "(" not in text or text[-1:] not in (")", "]", ";"):
        return ()
    for written in (text, _with_quoted_keys(text)):
        try:
            with warnings.catch_warnings():
                # Escapes that Python does not know may be those of another language.
                warnings.simplefilter("ignore")
                statements = ast.parse(written).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        if calls := _if_all(_of_code(getattr(each, "value", None)) for each in statements):
            return calls
    return ()


def _of_code(node: ast.AST | None) -> _Calls:
    match node:
        case ast.Await():
            return _of_code(node.value)
        case ast.List():
            return _if_all(_of_code(each) for each in node.elts)
        case ast.Call(args=[ast.Call() | ast.Await() as inner], keywords=[]):
            return _of_code(inner)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return _of_call(name, node)
        case _:
            return ()


def _of_call(name: str, node: ast.Call) -> _Calls:
    named = {each.arg or "**": _literal(each.value) for each in node.keywords}
    given = [_literal(each) for each in node.args]
    if "**" in named or ... in (*named.values(), *given):
        return ()
    match given:
        case [] if "name" in named and _CALL_TAG.search(name):
            return _of_value(named, 0)
        case []:
            return (WrittenCall(name, named, "code"),)
        case [dict() as arguments]:
            return (WrittenCall(name, {**arguments, **named}, "code"),)
        case [str() as tool, dict() as arguments]:
            return (WrittenCall(tool, arguments, "code"),)
        case [str() as text]:
            return (WrittenCall(name, text),)
        case _:
            return ()


def _literal(node: ast.expr) -> object:
    """The value of a literal, of JSON's own words too; an Ellipsis for anything else."""
    if isinstance(node, ast.Name):
        return {"true": True, "false": False, "null": None}.get(node.id, ...)
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError, MemoryError):
        return ...


# Elements

_TAG = re.compile(r"<(/?)([A-Za-z][\w:.-]*)((?:[=\s(][^<>\n]*)?)(/?)>")
_ATTRIBUTE = re.compile(r"(?<![\w-])([\w-]+)\s*=\s*[\"']?([^\"'<>=]*)[\"']?")
_RESULT_TAG = re.compile(r"response|result|output")
_CALL_TAG = re.compile(r"tool|func|call|invoke|action|execut")


@dataclass(slots=True)
class _Element:
    tag: str
    label: str = ""
    attributes: dict[str, object] = field(default_factory=dict)
    start: int = 0
    text: str = ""
    """All that is in it, as it is written."""
    children: list[_Element] = field(default_factory=list)

    def fields(self) -> dict[str, object]:
        """What stands in it by name: `<path>`, `<parameter name="path">`, `<arg_key>`."""
        named: dict[str, object] = {}
        key = ""
        for child in self.children:
            if child.tag == "arg_key":
                key = child.text
                continue
            name = key if child.tag == "arg_value" else child.label or child.tag
            inner = child.fields() if _ARGUMENT_KEY.fullmatch(name) else {}
            named[name] = inner or child.text
        return named or self.attributes


def _elements(text: str, nested: int) -> _Calls:
    """Reads elements, the first of them a call; results that a model made up may follow."""
    elements = _tree(text) if text[:1] == "<" else ()
    calls = [_of_element(each, nested) for each in elements if not _RESULT_TAG.search(each.tag)]
    return sum(calls, ()) if calls and calls[0] else ()


def _tree(text: str) -> Sequence[_Element]:
    """The elements of a text, whose ends may be missing; none where there is text between them."""
    root = _Element("")
    path, outside = [root], 0
    for found in _TAG.finditer(text):
        tag = found[2].rpartition(":")[2].lower()
        if len(path) == 1 and text[outside : found.start()].strip():
            return ()
        if not found[1]:
            attributes = dict[str, object](_ATTRIBUTE.findall(found[3]))
            label = re.match(r"[=(]\s*[\"']?([\w.-]+)", found[3])
            name = label[1] if label else str(attributes.pop("name", ""))
            path[-1].children.append(_Element(tag, name, attributes, found.end()))
            if not found[4] and not found[3].endswith("/"):
                path.append(path[-1].children[-1])
        elif any(element.tag == tag for element in path):
            _close(path, tag, text, found.start())
        outside = found.end()
        if len(path) > ELEMENTS_DEEP_MAX:
            return ()
    is_open = len(path) > 1
    _close(path, "", text, len(text))
    return root.children if is_open or not text[outside:].strip() else ()


def _close(path: list[_Element], tag: str, text: str, end: int) -> None:
    """Ends the innermost element with that tag, and those in it that have no end."""
    while len(path) > 1:
        element = path.pop()
        element.text = text[element.start : end].strip()
        if element.tag == tag:
            return


def _of_element(element: _Element, nested: int) -> _Calls:
    fields, text = element.fields(), element.text
    says_call = _CALL_TAG.search(element.tag) is not None
    name = element.label or (re.match(r"[\w.-]+(?=\s*(?:<|\Z))", text) or [""])[0]
    if name and (says_call or element.label):
        arguments = fields or _arguments("{}" if text in ("", name) else text)
        call = WrittenCall(name, arguments)
        is_sure = says_call and (fields or element.label or "call" in element.tag)
        return _marked((call,)) if is_sure and isinstance(arguments, Mapping) else (call,)
    if says_call and ({"name", "tool_name"} & fields.keys()):
        calls = _of_value(fields, nested)
        return _marked(calls) if "tool_name" in fields or "call" in element.tag else calls
    if says_call and text[:1] != "<":
        return _marked(written_calls(text, nested + 1) or _cut_off(text))
    inner = sum((_of_element(child, nested) for child in element.children), ())
    if (says_call and inner) or any(call.form == "markup" for call in inner):
        return inner
    return (WrittenCall(element.tag, fields or text),)


# Lines with labels

_LABEL = re.compile(r"^[*_ ]*([A-Za-z][A-Za-z_]*(?: [A-Za-z]+)?)[*_ ]*:[*_]*[ \t]*", re.MULTILINE)


def _lines(text: str, nested: int) -> _Calls:
    """Reads lines such as `Action: read` and `Action Input: {…}`."""
    found = list(_LABEL.finditer(text))
    if not found or found[0].start():
        return ()
    value: dict[str, object] = {}
    for each, end in zip(found, [*(each.start() for each in found[1:]), len(text)], strict=True):
        written = text[each.end() : end].strip("` \t\n").removeprefix("json").strip()
        key = re.sub(r"^calling | calls?$", "", each[1].lower())
        value[key.replace(" ", "_")] = _decoded(written)
    # Forms and reports have such labels too, so the arguments have to be whole.
    calls = _of_value(value, nested)
    return tuple(replace(call, form="code") if call.form == "object" else call for call in calls)
