"""A call that a model printed as text is told from an answer, and prose about such calls is one.

Each row says when a text is taken for a call: always, never, or only as long as the model did
nothing, where it could as well be an answer.
"""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsp_server.agent.printed_calls import Schemas, is_printed_call
from lsp_server.tools.builtin import BUILTIN_SPECS
from tests.sampling import sampled

TOOLS = {spec.name: spec.parameters for spec in BUILTIN_SPECS if spec.name != "fetch"}
BAR, LOW, ANT = "\uff5c", "\u2581", "antml:"

PRINTED = {
    "Hermes": '<tool_call>\n{"name": "read", "arguments": {"path": "a.py"}}\n</tool_call>',
    "Hermes on one line": '<tool_call>{"name": "read", "arguments": {}}</tool_call>',
    "Hermes, cut off": '<tool_call>\n{"name": "read", "argum',
    "Hermes behind words": 'I read the file first.\n\n<tool_call>\n{"name": "read"}\n</tool_call>',
    "Hermes on the line of words": 'I read it: <tool_call>{"name": "read"}</tool_call>',
    "several": '<tool_call>{"name": "read"}</tool_call>\n<tool_call>{"name": "list"}</tool_call>',
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
    "JSON list": '[{"name": "read", "arguments": {}}, {"name": "list", "arguments": {}}]',
    "JSON as in the API": '{"type": "function", "function": {"name": "read", "arguments": "{}"}}',
    "JSON tool and input": '{"tool": "shell", "tool_input": {"command": "ls"}}',
    "JSON action": '{"action": "read", "action_input": {"path": "a.py"}}',
    "JSON in a fence": '```json\n{"name": "read", "arguments": {"path": "a.py"}}\n```',
    "markup in a fence": '```xml\n<tool_call>{"name": "read"}</tool_call>\n```',
    "tool_code": '```tool_code\nprint(default_api.read(path="a.py"))\n```',
    "as in Python": 'read(path="a.py")',
    "list as in Python": '[read(path="a.py"), list()]',
    "functions.": 'functions.read({"path": "a.py"})',
    "finish": 'finish(summary="done")',
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
    "await": 'await read({"path": "a.py"})',
    "await with a semicolon": 'await tools.read({ path: "a.py" })',
    "print": 'print(read(path="a.py"))',
    "return": 'return functions.read({"path": "a.py"})',
    "to": 'to=functions.read {"path": "a.py"}',
    "assistant": 'assistant to=read {"path": "a.py"}',
    "Action with an object": 'Action: {"name": "read", "arguments": {}}',
    # Llama, Functionary
    "Llama, several": '{"name": "read", "parameters": {"path": "a"}}; {"name": "read", "parameters": {"path": "b"}}',
    "Llama, ended by its token": '{"name": "read", "parameters": {"path": "a.py"}}<|eom_id|>',
    "Llama, as it is asked to": '{"type": "function", "name": "read", "parameters": {"path": "a.py"}}',
    "Llama 4": '<|python_start|>[read(path="a.py")]<|python_end|>',
    "Functionary, older": '<|from|>assistant\n<|recipient|>read\n<|content|>{"path": "a.py"}',
    # Qwen, Hermes, InternLM
    "Qwen in a fence of its own": '```tool_call\n{"name": "read", "arguments": {"path": "a.py"}}\n```',
    "Qwen without an end": '<tool_call>\n{"name": "read", "arguments": {"path": "a.py"}}',
    "Qwen with an end alone": '{"name": "read", "arguments": {"path": "a.py"}}\n</tool_call>',
    "Qwen, two": '<tool_call>\n{"name": "read", "arguments": {"path": "a"}}\n</tool_call>\n'
                 '<tool_call>\n{"name": "list", "arguments": {}}\n</tool_call>',
    "Qwen coder, several lines": "<function=write>\n<parameter=path>\na.py\n</parameter>\n<parameter=text>\nimport os\n\n"
                                 "print(1 < 2)\n</parameter>\n</function>",
    "Qwen coder behind words": "Let me see.\n\n<function=read>\n<parameter=path>\na.py\n</parameter>\n</function>\n</tool_call>",
    "Hermes in tools": '<tools>{"name": "read", "arguments": {}}</tools>',
    "Hermes with thoughts": '<scratch_pad>I need it.</scratch_pad>\n<tool_call>{"name": "read", "arguments": {}}</tool_call>',
    "InternLM behind words": 'I use a tool.\n<|action_start|><|interpreter|>\nread(path="a.py")<|action_end|>',
    # Mistral, DeepSeek, Kimi, GLM, MiniMax
    "Mistral with an id": '[TOOL_CALLS]read[CALL_ID]abc123def[ARGS]{"path": "a.py"}',
    "Mistral behind words": 'I read it.[TOOL_CALLS][{"name": "read", "arguments": {"path": "a.py"}}]',
    "DeepSeek, one": f'<{BAR}tool{LOW}call{LOW}begin{BAR}>read<{BAR}tool{LOW}sep{BAR}>{{"path": "a.py"}}'
                     f"<{BAR}tool{LOW}call{LOW}end{BAR}>",
    "DeepSeek, newer, whole": f'<{BAR}DSML{BAR}function_calls>\n<{BAR}DSML{BAR}invoke name="read">\n'
                              f'<{BAR}DSML{BAR}parameter name="path" string="true">a.py</{BAR}DSML{BAR}parameter>\n'
                              f"</{BAR}DSML{BAR}invoke>\n</{BAR}DSML{BAR}function_calls>",
    "Kimi, the section alone": "<|tool_calls_section_begin|>functions.read:0",
    "Kimi behind words": "Let me look.<|tool_calls_section_begin|><|tool_call_begin|>functions.read:0"
                         '<|tool_call_argument_begin|>{"path": "a.py"}<|tool_call_end|><|tool_calls_section_end|>',
    "Kimi without its tokens": '[Tool call: functions.read:0 {"path": "a.py"}]',
    "GLM on one line": "<tool_call>read<arg_key>path</arg_key><arg_value>a.py</arg_value></tool_call>",
    "GLM, two arguments": "<tool_call>search\n<arg_key>query</arg_key>\n<arg_value>x</arg_value>\n"
                          "<arg_key>limit</arg_key>\n<arg_value>5</arg_value>\n</tool_call>",
    "MiniMax, older": '<tool_calls>\n{"name": "read", "arguments": {"path": "a.py"}}\n</tool_calls>',
    # gpt-oss, Gemma, Phi, Granite, Command R, Nemotron, Claude
    "harmony, the header alone": "assistant<|channel|>commentary to=functions.read",
    "harmony, recipient first": '<|start|>assistant to=functions.read<|channel|>commentary json<|message|>{"path": "a"}<|call|>',
    "harmony, cut off": '<|channel|>commentary to=functions.read <|constrain|>json<|message|>{"path": "a.p',
    "Gemma in a list": '[read(path="a.py")]',
    "Gemma with escapes": "<start_function_call>call:read{path:<escape>a.py<escape>}<end_function_call>",
    "Gemma behind words": 'Okay, I will read it first.\n\n```tool_code\nprint(read(path="a.py"))\n```',
    "Phi": '<|tool_call|>[{"name": "read", "arguments": {"path": "a.py"}}]<|/tool_call|>',
    "Phi with its end": 'functools[{"name": "read", "arguments": {"path": "a.py"}}]<|end|>',
    "Granite, older": '<function_call> {"name": "read", "arguments": {"path": "a.py"}}',
    "Command R": 'Action: ```json\n[\n    {\n        "tool_name": "read",\n        "parameters": {"path": "a.py"}\n    }\n]\n```',
    "Command R with thinking": "<|START_THINKING|>I read it.<|END_THINKING|><|START_ACTION|>"
                               '[{"tool_call_id": "0", "tool_name": "read", "parameters": {"path": "a"}}]<|END_ACTION|>',
    "Nemotron behind words": 'I read it. <TOOLCALL>[{"name": "read", "arguments": {"path": "a.py"}}]</TOOLCALL>',
    "Claude": f'<{ANT}function_calls>\n<{ANT}invoke name="read">\n<{ANT}parameter name="path">a.py</{ANT}parameter>\n'
              f"</{ANT}invoke>\n</{ANT}function_calls>",
    "Claude behind words": f'I read it.\n\n<{ANT}invoke name="read">\n<{ANT}parameter name="path">a.py</{ANT}parameter>\n</{ANT}invoke>',
    "Claude, older": "<function_calls>\n<invoke>\n<tool_name>read</tool_name>\n<parameters>\n<path>a.py</path>\n</parameters>\n"
                     "</invoke>\n</function_calls>",
    "Claude in its own JSON": '{"type": "tool_use", "id": "toolu_1", "name": "read", "input": {"path": "a.py"}}',
    # Agents
    "Cline, a server's tool": "<use_mcp_tool>\n<server_name>docs</server_name>\n<tool_name>read</tool_name>\n"
                              '<arguments>{"path": "a.py"}</arguments>\n</use_mcp_tool>',
    "Cline, without arguments": "<use_mcp_tool><tool_name>read</tool_name></use_mcp_tool>",
    "execute_tool": '<execute_tool>read(path="a")</execute_tool>',
    "ReAct in bold": '**Action:** read\n**Action Input:** {"path": "a.py"}',
    "ReAct with a bracket": "Action: read[a.py]",
    "ReAct as code": 'Action: read(path="a.py")',
    "ReAct with a text": "Action: read\nAction Input: a.py",
    "ReAct in pretty JSON": 'Thought: I look.\nAction: read\nAction Input: {\n  "path": "a.py"\n}',
    "ReAct with a result made up": 'Action: read\nAction Input: {"path": "a.py"}\nObservation: it is empty',
    "ReAct, older": "Thought: I look for it.\nAction: Search[the parser]\nAction: search[the parser]",
    "LangChain": 'Action:\n```json\n{"action": "read", "action_input": {"path": "a.py"}}\n```',
    "LangChain, its steps": 'Question: what is in it?\nThought: I look.\nAction: read\nAction Input: {"path": "a.py"}',
    "labels": 'tool: read\nargs: {"path": "a"}',
    "labels in capitals": 'TOOL: read\nARGUMENTS: {"path": "a.py"}',
    "labels with words": 'Calling tool: read\nArguments: {"path": "a.py"}',
    "Tool call and its arguments": 'Tool call: read\nArguments: {"path": "a.py"}',
    # What the arguments may have in them
    "Hermes with a tag in a command": """<tool_call>{"name": "shell", "arguments": {"command": "echo '<a>'"}}</tool_call>""",
    "Qwen coder with a page": "<function=write>\n<parameter=path>\na.html\n</parameter>\n<parameter=text>\n<div><br>a</div>\n</parameter>\n</function>",
    "Python with a program": 'write(path="a.py", text="""\nimport os\nprint(1)\n""")',
    "JSON with a long text": '{"name": "write", "arguments": {"path": "a.py", "text": "' + "x\\n" * 9000 + '"}}',
    # JSON under other keys
    "JSON tool in an object": '{"tool": {"name": "read", "arguments": {"path": "a.py"}}}',
    "JSON call": '{"call": {"name": "read", "arguments": {"path": "a.py"}}}',
    "JSON actions": '{"actions": [{"name": "read", "arguments": {"path": "a.py"}}]}',
    "JSON tool_args": '{"tool_name": "read", "tool_args": {"path": "a.py"}}',
    "JSON tool_calls": '{"tool_calls": [{"function": {"name": "read", "arguments": "{}"}}]}',
    "JSON tool_calls with ids": '{"tool_calls": [{"id": "1", "type": "function", "function": {"name": "read", "arguments": "{\\"path\\": \\"a\\"}"}}]}',
    "JSON function_call": '{"function_call": {"name": "read", "arguments": {"path": "a.py"}}}',
    "JSON command": '{"command": "read", "arguments": {}}',
    "JSON function": '{"function": "read", "parameters": {"path": "a"}}',
    "JSON params": '{"name": "read", "params": {"path": "a.py"}}',
    "JSON action in an object": '{"thoughts": "I look", "action": {"name": "read", "args": {"path": "a.py"}}}',
    "JSON recipient": '{"recipient_name": "functions.read", "parameters": {"path": "a.py"}}',
    "JSON of several": '{"name": "read", "arguments": {"path": "a"}}\n{"name": "read", "arguments": {"path": "b"}}',
    "JSON, announced": 'I will read it.\n\n{"name": "read", "arguments": {"path": "a.py"}}',
    "JSON in a fence, announced": 'Let me read it first:\n```json\n{"name": "read", "arguments": {"path": "a.py"}}\n```',
    # Code
    "announced, bare": 'I will read it.\n\nread(path="a.py")',
    "announced, on the next line": 'Let me read it:\nread(path="a.py")',
    "announced, with a prefix": 'I will read it.\n\nfunctions.read({"path": "a.py"})',
    "announced, in brackets": 'Let me look.\n\n[Tool call: read {"path": "a.py"}]',
    "announced, with a label": 'Let me look.\n\nTOOL_CALL: {"name": "read", "arguments": {}}',
    "announced, awaited": 'Ich lese sie zuerst.\n\nawait read({"path": "a.py"})',
    "announced, in Python": 'Let me read.\n```python\nread(path="a.py")\n```',
    "announced, in a fence without an end": 'Let me read.\n```python\nread(path="a.py")',
    "assigned": 'r = read(path="a.py")',
    "assigned in JavaScript": 'const r = await read({path: "a.py"});',
    "TypeScript": 'await functions.read({ path: "a.py", start_line: 3 });',
    "on two lines": 'read(path="a.py")\nlist(pattern="*.py")',
    "on several lines": 'edit(\n    path="a.py",\n    old_text="a",\n    new_text="""b\nc""",\n)',
    "run by asyncio": 'asyncio.run(read(path="a.py"))',
    "call_tool": 'call_tool("read", {"path": "a.py"})',
    "session.call_tool": 'await session.call_tool("read", {"path": "a.py"})',
    "with an escape of another language": 'search(query="\\d+", mode="regex")',
    "a label, lower case": 'tool_call: read(path="a.py")',
}  # fmt: skip

DOUBTFUL = {
    "markup, then waiting": '<tool_call>\n{"name": "read", "arguments": {"path": "a.py"}}\n</tool_call>\nI wait for the result.',
    "markup, announced, then a result made up": 'I will read it.\n<tool_call>\n{"name": "read", "arguments": {}}\n</tool_call>\n\nThe file has a bug in line 3.',
    "tokens, then words": '<|tool_call|>[{"name": "read", "arguments": {"path": "a.py"}}]<|/tool_call|>\nNow I know it.',
    "in Python": '```python\nread(path="a.py")\n```',
    "with a result made up": '<tool_call>{"name": "x"}</tool_call>\n<tool_response>ok</tool_response>',
    "GLM, older": 'read\n{"path": "a.py"}',
    "JSON of an unknown tool": '{"name": "open_file", "arguments": {"path": "a.py"}}',
    "JSON by name": '{"read": {"path": "a.py"}}',
    "JSON in a fence behind words": 'I look at it.\n\n```json\n{"name": "read", "arguments": {}}\n```',
    "name and object": 'read {"path": "a.py"}',
    "arrow": 'read -> {"path": "a.py"}',
    "element": "<read><path>a.py</path></read>",
    "element on lines": "<read>\n<path>a.py</path>\n</read>",
    "element behind words": "I read the file first.\n\n<read>\n<path>a.py</path>\n</read>",
    "element with text": "<shell>ls -la</shell>",
    "element with an attribute": '<read path="a.py"/>',
    "element with an attribute and an end": '<read path="a.py"></read>',
    "element, then done": "<read>\n<path>a.py</path>\n</read>\nDone.",
    "element with arguments": "<search>\n<query>parser</query>\n<limit>5</limit>\n</search>",
    "element with a list": '<plan>\n<items>[{"text": "read", "status": "pending"}]</items>\n</plan>',
    "element in a fence": "```xml\n<read>\n<path>a.py</path>\n</read>\n```",
    "JSON flat": '{"name": "read", "path": "a.py"}',
    "JSON flat with a thought": '{"thought": "x", "action": "read", "path": "a"}',
    "JSON flat in a fence": '```json\n{"tool": "read", "path": "a.py"}\n```',
    "JSON by name in a list": '[{"read": {"path": "a"}}]',
    "JSON with an argument that it has not": '{"name": "read", "arguments": {"file": "a.py"}}',
    "a name over its object": '**read**\n```json\n{"path": "a.py"}\n```',
    "element with a program": "<write>\n<path>a.py</path>\n<text>\ndef f(a):\n    return 1 < a > 3\n</text>\n</write>",
    "lines of YAML": "tool: read\npath: a.py",
    "at": '@read {"path": "a"}',
    "slash": '/read {"path": "a"}',
    "use_tool": 'use_tool(name="read", path="a")',
    "an argument without a name": 'read("a.py")',
    "a command without a name": 'shell("ls -la")',
    "a search without a name": '```python\nsearch("parser")\n```',
    "awaited behind a word": 'Sure.\n\nawait read({"path": "a.py"})',
    "behind words": 'The file is needed.\n\nread(path="a.py")',
    "behind words, as JSON": 'This is the call:\n\n{"name": "read", "arguments": {"path": "a.py"}}',
    "behind words, in Python": 'It is called so:\n\n```python\nread(path="a.py")\n```',
    "behind words, markup in a fence": 'Qwen writes\n\n```\n<tool_call>{"name": "read", "arguments": {}}</tool_call>\n```',
    "a name and an object with a colon": 'read: {"path": "a.py"}',
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
    # Programs and data that have the name of a tool
    "the builtin of Python": "list(range(3))",
    "the builtin, printed": "print(list(x))",
    "the builtin in a fence": "```python\nprint(list(range(3)))\n```",
    "the builtin with a text": 'list("abc")',
    "the builtin without anything": "list()",
    "a program with a method": "def list(self):\n    return (self.items)",
    "a program that calls read": 'with open("a.py") as file:\n    text = file.read()\nprint(text)',
    "a program that reads with other arguments": '```python\ndata = client.read(bucket="b", key="k")\n```',
    "a program with a value of its own": "text = read(path=name)",
    "a test": '```python\ndef test_read():\n    assert read(path="a.py") == ""\n```',
    "a decorator": "@plan(items=[])\ndef build(): ...",
    "a query in SQL": "```sql\nSELECT list(a) FROM b\n```",
    "a shell command": "```sh\nfind . -name '*.py' | xargs grep read\n```",
    "C": "```c\nread(fd, buf, sizeof(buf));\n```",
    "Go": '```go\nfiles := list("src")\n```',
    "Rust": "```rust\nlet x = read(&path)?;\n```",
    "an object": '{"answer": 42}',
    "an object with a list": '{"list": [1, 2]}',
    "an object with a plan": '{"plan": "a"}',
    "an object with a search": '{"search": {"index": "x"}}',
    "an object of objects": '{"read": {"timeout": 3}, "write": {"timeout": 5}}',
    "an object with a name": '{"name": "read", "version": 2}',
    "a script of a package": '{"name": "search", "scripts": {"build": "make"}}',
    "a schema": '{"name": "read", "description": "Reads a file.", "type": "object"}',
    "an action": '{"action": "opened", "issue": {"number": 3}}',
    "a command": '{"command": "ls -la"}',
    "a function with an address": '{"function": "main", "args": [1, 2]}x',
    "lines of YAML": 'plan: {"a": 1}',
    "lines of YAML, nested": "search:\n  index: x\n  limit: 3",
    "lines of a report": "Read: 3 files\nWrite: 1 file\nList: none",
    "a version": "shell: bash (5.2)",
    "an element": "<plan>a</plan>",
    "an element of a list": "<list>\n<item>a</item>\n</list>",
    "an element in a fence": "```xml\n<list><item>a</item></list>\n```",
    "an element behind words": "The element is\n\n<list>\n<item>a</item>\n</list>",
    "an element with attributes": '<list type="ordered"/>',
    "a page": '```html\n<search>\n<form action="/find"><input name="q"></form>\n</search>\n```',
    "a pom": "<plugin>\n<name>read</name>\n<version>1</version>\n</plugin>",
    "a link with the name of a tool": "[read](docs/read.md)",
    "a table": '| tool | reads |\n|---|---|\n| `read(path="a.py")` | a.py |',
    "a log": '12:00 INFO call read {"path": "a.py"}\n12:01 INFO done in 3 ms',
    "a doctest": ">>> list(range(3))\n[0, 1, 2]",
    "a server's entry": '{"name": "docs", "command": "npx", "args": ["-y", "docs"]}',
    "a server that is named as a tool": '{"name": "search", "command": "npx", "args": ["-y", "search"]}',
    "a task of an editor": '{"label": "build", "type": "shell", "command": "make"}',
    "a request of JSON-RPC": '{"jsonrpc": "2.0", "id": 1, "method": "read", "params": {}}',
    "services": "services:\n  shell:\n    command: ls",
    "a job": "command: shell\nargs: none",
    "an element of a shop": "<tool>hammer</tool>",
    "an element of a form": "<action>save</action>",
    "an element with a name": '<function name="square">x*x</function>',
    "a promise in JavaScript": 'fetch("https://x.example").then(r => r.json())',
    "a page of a manual": "See read(2) and write(2).",
    "a prompt": "$ shell --help",
    "a template": "{{ read }}",
    # Words about calls
    "a use in a span": 'Use `read(path="a.py")`',
    "a use in a span, with an object": 'Use `read({"path": "a.py"})`.',
    "spans in a list": '- `read(path="a.py")`\n- `list(pattern="*.py")`',
    "brackets of a sentence": "search (in a.py) finds the callers of f()",
    "brackets of a note": "list(x) makes a copy (see the docs)",
    "a word with a bracket": "Plan (as asked)",
    "a word, done": "Finish (done)",
    "a list of letters": "List: (a), (b)",
    "a caller": "search(q) is called by main().",
    "a call and what it gives": 'read(path="a.py") gives the text of a.py.',
    "a call in a fence with words behind": 'The call is:\n\n```json\n{"name":"read","arguments":{"path":"a"}}\n```\nThat is what the log has.',
    "a call with words behind": '{"name": "read", "arguments": {"path": "a.py"}}\n\nis what the server gets.',
    "markup with words behind": '<tool_call>{"name": "read", "arguments": {"path": "a"}}</tool_call> is what Hermes writes.',
    "markup with words around": 'The log has\n<tool_call>{"name": "read", "arguments": {}}</tool_call>\nin its last line.',
    "markup in a fence with words around": 'I will read it:\n```\n<tool_call>{"name": "x", "arguments": {}}</tool_call>\n```\nis in the log.',
    "markup in a fence, a tool": 'Qwen writes\n```\n<tool_call>{"name": "read", "arguments": {}}</tool_call>\n```\nfor that.',
    "an element with words behind": "<read>\n<path>a.py</path>\n</read>\nis how Cline writes it.",
    "the tools of Holdfast": "There are read, list, search, edit, write and shell; shell(command) runs a command.",
    "how a tool is called": 'A call of `shell` has a command and, if need be, `timeout_seconds`: `{"command": "make", "timeout_seconds": 60}`.',
    "tokens of a model": "The model ends its calls with <|tool_call_end|>, and the parser looks for that.",
    "tokens with words behind": '<|tool_call|>[{"name": "read", "arguments": {"path": "a.py"}}] is what Granite writes.',
    "tokens with names behind": "<|tool_call|> read, write and edit have no such token.",
    "tokens with a bracket behind": "<|tool_call|> read (a file) is written so.",
    "tokens at the end": "Kimi begins a call with <|tool_call_begin|>",
    "harmony explained": "The header is assistant to=functions.read, and the body is JSON.",
    "a label of a form": "Action: none\nAction Input: none",
    "a label of a page": "Tool: hammer\nInput: nail",
    "two fences": 'Before:\n\n```python\nread("a.py")\n```\n\nAfter:\n\n```python\nread(path=p, mode="r")\n```',
    "an end token": "The parser is fixed.<|im_end|>",
    "a step of a workflow": "```yaml\n- name: read\n  run: cat a.py\n```",
    "a diff": '```diff\n-read("a.py")\n+read(path="a.py")\n```',
}  # fmt: skip


def check(text: str, *, undone: bool, done: bool) -> None:
    """What a text is taken for as long as nothing was done, and after something was."""
    found = [
        is_printed_call(text, TOOLS, nothing_done=nothing_done) for nothing_done in (True, False)
    ]
    assert found == [undone, done]


@pytest.mark.parametrize("text", PRINTED.values(), ids=PRINTED.keys())
def test_a_printed_call_is_no_answer(text: str) -> None:
    check(text, undone=True, done=True)


@pytest.mark.parametrize("text", DOUBTFUL.values(), ids=DOUBTFUL.keys())
def test_what_may_be_either_is_an_answer_once_something_was_done(text: str) -> None:
    check(text, undone=True, done=False)


@pytest.mark.parametrize("text", ANSWERS.values(), ids=ANSWERS.keys())
def test_an_answer_is_no_printed_call(text: str) -> None:
    check(text, undone=False, done=False)


@pytest.mark.parametrize(
    "text",
    ["<tool_call>" * 20_000, "`" * 100_000, "```\n" * 50_000, "[" * 100_000, "<" * 100_000,
     "to=" * 50_000, "</read>" * 20_000, "tool " * 40_000 + "}", "read: " * 30_000 + "}", "Action: read\n" * 20_000, '{"a":' * 50_000, "x" * 200_000, "a.b:" * 50_000,
     "read(" * 40_000 + ")", "[read(path=1)," * 9_000 + "]", "<a>" * 60_000, "<a b=" * 50_000, "1 " * 90_000, "a: b\n" * 40_000, "`a` " * 50_000, 'read(path="' * 20_000 + ")",
     "Action: read[" * 20_000, "functions.read {" * 9_000, "I will read.\nread(path=1,\n" * 6_000 + ")"],
    ids=range(24),
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    started = time.process_time()
    is_printed_call(text, TOOLS)
    assert time.process_time() - started < 2


PARTS = st.sampled_from(
    ["<", ">", "</", "<tool_call>", "<|", "|>", "[TOOL_CALLS]", "{", "}", "[", "]", "(", ")", '"', "name", "read",
     "odd", "x", "path", ":", "=", ",", " ", "\n", "```", "`", '"name": "odd"', '"arguments": {}', "Action: ",
     "Action Input: ", "await ", "to=", "null", "1e999", "\\", "\ud800", "\0", "<read>", "</read>", "=read>", "/>"]
)  # fmt: skip
ODD: Schemas = {
    **TOOLS,
    "odd": {"properties": {"x": {"type": ["string", "null"]}, "y": True}, "required": None},
    "name": {},
}


@given(st.lists(PARTS, max_size=30).map("".join) | st.text(max_size=60), st.booleans())
@settings(max_examples=sampled(300))
def test_no_text_and_no_schema_is_too_odd(text: str, nothing_done: bool) -> None:
    is_printed_call(text, ODD, nothing_done=nothing_done)
