"""A call that a model printed as text is told from an answer, and prose about such calls is one."""

from __future__ import annotations

import pytest

from lsp_server.agent.printed_calls import is_printed_call

TOOLS = ("read", "write", "edit", "list", "search", "shell", "plan", "finish")
BAR, LOW = "\uff5c", "\u2581"

PRINTED = {
    "Hermes": '<tool_call>\n{"name": "read", "arguments": {"path": "a.py"}}\n</tool_call>',
    "Hermes on one line": '<tool_call>{"name": "read", "arguments": {}}</tool_call>',
    "Hermes, cut off": '<tool_call>\n{"name": "read", "argum',
    "Hermes behind words": 'I read the file first.\n\n<tool_call>\n{"name": "read"}\n</tool_call>',
    "Hermes on the line of words": 'I read it: <tool_call>{"name": "read"}</tool_call>',
    "several": '<tool_call>{"name": "read"}</tool_call>\n<tool_call>{"name": "list"}</tool_call>',
    "with a result made up": '<tool_call>{"name": "x"}</tool_call>\n<tool_response>ok</tool_response>',
    "Qwen coder": "<tool_call>\n<function=read>\n<parameter=path>\na.py\n</parameter>\n</function>",
    "Qwen coder without the frame": "<function=read>\n<parameter=path>a.py</parameter>\n</function>",
    "Llama function": '<function=read>{"path": "a.py"}</function>',
    "Llama python tag": '<|python_tag|>{"name": "read", "parameters": {"path": "a.py"}}',
    "Llama JSON": '{"name": "read", "parameters": {"path": "a.py"}}',
    "Mistral": '[TOOL_CALLS][{"name": "read", "arguments": {"path": "a.py"}}]',
    "Mistral, newer": '[TOOL_CALLS]read{"path": "a.py"}',
    "Mistral with arguments": '[TOOL_CALLS]read[ARGS]{"path": "a.py"}',
    "DeepSeek": f'<{BAR}tool{LOW}calls{LOW}begin{BAR}><{BAR}tool{LOW}call{LOW}begin{BAR}>function'
                f'<{BAR}tool{LOW}sep{BAR}>read\n```json\n{{"path": "a.py"}}\n```',
    "DeepSeek, newer": f'<{BAR}DSML{BAR}function_calls>\n<{BAR}DSML{BAR}invoke name="read">',
    "Kimi": '<|tool_calls_section_begin|><|tool_call_begin|>functions.read:0'
            '<|tool_call_argument_begin|>{"path": "a.py"}<|tool_call_end|>',
    "GLM": "<tool_call>read\n<arg_key>path</arg_key>\n<arg_value>a.py</arg_value>\n</tool_call>",
    "GLM, older": 'read\n{"path": "a.py"}',
    "harmony": '<|channel|>commentary to=functions.read <|constrain|>json<|message|>{"path": "a.py"}',
    "harmony without its tokens": 'commentary to=functions.read json{"path": "a.py"}',
    "XML": '<function_calls>\n<invoke name="read">\n<parameter name="path">a.py</parameter>\n'
           "</invoke>\n</function_calls>",
    "XML with a name space": '<ns:function_calls>\n<ns:invoke name="read">\n</ns:invoke>',
    "MiniMax": '<minimax:tool_call>\n<invoke name="read">\n</invoke>\n</minimax:tool_call>',
    "tool_use": '<tool_use>\n<name>read</name>\n<arguments>{"path": "a.py"}</arguments>\n</tool_use>',
    "Nemotron": '<TOOLCALL>[{"name": "read", "arguments": {}}]</TOOLCALL>',
    "Granite": '<|tool_call|>[{"name": "read", "arguments": {"path": "a.py"}}]',
    "Hunyuan": '<tool_calls>[{"name": "read", "arguments": {}}]</tool_calls>',
    "Gemma": "<start_function_call>call:read{path:a.py}<end_function_call>",
    "InternLM": '<|action_start|><|plugin|>{"name": "read", "parameters": {}}<|action_end|>',
    "Cohere": '<|START_ACTION|>[{"tool_name": "read", "parameters": {}}]<|END_ACTION|>',
    "Functionary": '>>>read\n{"path": "a.py"}',
    "Qwen-Agent": '\u273fFUNCTION\u273f: read\n\u273fARGS\u273f: {"path": "a.py"}',
    "LM Studio": '[TOOL_REQUEST]{"name": "read", "arguments": {}}[END_TOOL_REQUEST]',
    "ReAct": 'Thought: I have to look.\nAction: read\nAction Input: {"path": "a.py"}',
    "ReAct alone": 'Action: read\nAction Input: {"path": "a.py"}',
    "JSON": '{"name": "read", "arguments": {"path": "a.py"}}',
    "JSON of an unknown tool": '{"name": "open_file", "arguments": {"path": "a.py"}}',
    "JSON list": '[{"name": "read", "arguments": {}}, {"name": "list", "arguments": {}}]',
    "JSON as in the API": '{"type": "function", "function": {"name": "read", "arguments": "{}"}}',
    "JSON tool and input": '{"tool": "shell", "tool_input": {"command": "ls"}}',
    "JSON action": '{"action": "read", "action_input": {"path": "a.py"}}',
    "JSON by name": '{"read": {"path": "a.py"}}',
    "JSON in a fence": '```json\n{"name": "read", "arguments": {"path": "a.py"}}\n```',
    "JSON in a fence behind words": 'I look at it.\n\n```json\n{"name": "read", "arguments": {}}\n```',
    "markup in a fence": '```xml\n<tool_call>{"name": "read"}</tool_call>\n```',
    "tool_code": '```tool_code\nprint(default_api.read(path="a.py"))\n```',
    "as in Python": 'read(path="a.py")',
    "list as in Python": '[read(path="a.py"), list()]',
    "functions.": 'functions.read({"path": "a.py"})',
    "finish": 'finish(summary="done")',
    "name and object": 'read {"path": "a.py"}',
    "functools": 'functools[{"name": "read", "arguments": {"path": "a.py"}}]',
    "label": 'TOOL_CALL: {"name": "read", "arguments": {"path": "a.py"}}',
    "label in brackets": '[Tool call: {"name": "read", "arguments": {"path": "a.py"}}]',
    "label and name in brackets": '[Tool call: read {"path": "a.py"}]',
    "label and name": 'Tool call: read({"path": "a.py"})',
    "label in bold": '**Tool call:** `read({"path": "a.py"})`',
    "calling": 'Calling read: {"path": "a.py"}',
    "call": 'call: read {"path": "a.py"}',
    "invoke": 'Invoke tool read {"path": "a.py"}',
    "name with a colon": 'functions.read: {"path": "a.py"}',
    "name with a number": 'functions.read:0 {"path": "a.py"}',
    "arrow": 'read -> {"path": "a.py"}',
    "await": 'await read({"path": "a.py"})',
    "await with a semicolon": 'await tools.read({ path: "a.py" })',
    "print": 'print(read(path="a.py"))',
    "return": 'return functions.read({"path": "a.py"})',
    "to": 'to=functions.read {"path": "a.py"}',
    "assistant": 'assistant to=read {"path": "a.py"}',
    "element": "<read><path>a.py</path></read>",
    "element on lines": "<read>\n<path>a.py</path>\n</read>",
    "element behind words": "I read the file first.\n\n<read>\n<path>a.py</path>\n</read>",
    "element with text": "<shell>ls -la</shell>",
    "Action with an object": 'Action: {"name": "read", "arguments": {}}',
}  # fmt: skip

ANSWERS = {
    "nothing": "",
    "a sentence": "I read a.py and fixed the parser.",
    "names of tools": "read, write and edit are the tools. I did not call finish(…) yet.",
    "markup in a sentence": "The server printed <tool_call> where it should have called a tool.",
    "markup in a sentence at its end": "Qwen writes its calls between <tool_call> and </tool_call>",
    "markup in code": 'Hermes calls are `<tool_call>{"name": "read"}</tool_call>`',
    "markup in a fence with words behind": 'As in\n```\n<tool_call>{"name": "read"}</tool_call>\n```\nabove.',
    "markup in a fence with words before": 'The test now has\n\n```\n<tool_call>{"name": "x"}</tool_call>\n```',
    "markup, then a sentence": 'Now <tool_call>{"name": "read"}</tool_call> is parsed.',
    "tokens in a sentence": "I added <|python_tag|> and [TOOL_CALLS] to the list of markers.",
    "harmony in a sentence": "The line `commentary to=functions.read` is recognised now.",
    "a fence of the result": 'The file is now\n\n```json\n{"name": "holdfast", "version": "1.0"}\n```',
    "a fence of an example": 'Call it with\n\n```json\n{"name": "fetch", "arguments": {"url": "x"}}\n```',
    "JSON alone": '{"name": "holdfast", "version": "1.0"}',
    "a JSON list alone": "[1, 2, 3]",
    "a package file": '{"name": "list", "version": "1.0", "dependencies": {}}x',
    "Python code": "```python\ndef read(path):\n    return open(path).read()\n```",
    "a call in a fence": "Use\n\n```python\nread(path)\n```",
    "a call in a sentence": "read(path) returns the text.",
    "another function": "print(total)",
    "action items": "Action: none\nAction items are listed above.",
    "a heading": "Action:\n\n- read the file\n- write the test",
    "HTML": "<div>\n<p>The page is fixed.</p>\n</div>",
    "an XML element": "<function>square</function> is an element of the schema now.",
    "type parameters": "Vec<tool> and Option<function> compile now.",
    "a link": "[tool](https://example.org/tool) is documented.",
    "a list": "- read: looks at a file\n- write: writes one",
    "a mapping of functions": 'functools.partial is used, see {"a": 1}',
    "a call that was made": 'I called read({"path": "a.py"}) and it gave the text.',
    "a sentence with a bracket": "Tool calls are counted now (see a.py)",
    "words that label": "Tool call: the parser takes it now (a.py)",
    "an element in a sentence": "The element is written as <read>text</read>",
    "an element of HTML": "<main>\n<p>Fixed.</p>\n</main>",
    "an object behind words": 'The tool gives {"name": "x"}',
    "a use": 'Use {"strict": true}',
    "quoted": '> {"name": "read", "arguments": {}}\n\nis what the log has.',
}


@pytest.mark.parametrize("text", PRINTED.values(), ids=PRINTED.keys())
def test_a_printed_call_is_no_answer(text: str) -> None:
    assert is_printed_call(text, TOOLS)


@pytest.mark.parametrize("text", ANSWERS.values(), ids=ANSWERS.keys())
def test_an_answer_is_no_printed_call(text: str) -> None:
    assert not is_printed_call(text, TOOLS)


@pytest.mark.parametrize(
    "text",
    ["<tool_call>" * 20_000, "`" * 100_000, "```\n" * 50_000, "[" * 100_000, "<" * 100_000,
     "to=" * 50_000, "</read>" * 20_000, "tool " * 40_000 + "}", "read: " * 30_000 + "}", "Action: read\n" * 20_000, '{"a":' * 50_000, "x" * 200_000, "a.b:" * 50_000],
    ids=range(13),
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    is_printed_call(text, TOOLS)
