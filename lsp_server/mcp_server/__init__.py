"""This room lends goals and memory to other agents, as a server of the Model Context Protocol.

`server.py` speaks the protocol with the official SDK, over standard streams.
`workspace_choice.py` finds the folder that is meant and opens its session when the first
tool is called. `lent_tool.py` says what a lent tool is; `memory_tools.py` and
`goal_tools.py` have them, and `answers.py` what they answer with, within bounds. What is
done is done by the session, with the rules that hold everywhere: a check that nobody
approved does not run, and what a model claims is not verified by that.

To add a tool: a function in the file of its subject, and a `LentTool` in its list.
"""
