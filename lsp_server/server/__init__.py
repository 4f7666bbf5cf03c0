"""This room turns messages of the editor into Tasks, and Events into messages.

The agent's own work lies below. `transport/` carries messages, `commands/` carries out
what a person asks for, `views/` shows what happens. What an editor can do is asked once
(`capabilities.py`) and used through one door (`client.py`). `connection.py` answers
`initialize` before anything heavy is imported; `editor_services.py` is what comes after.
"""
