"""The language server: the protocol in, the protocol out, and nothing else.

It turns messages into Tasks and Events into messages. What an agent does lives
below; what an editor can do is asked once (`capabilities.py`) and used through
one door (`client.py`). `server.py` answers `initialize` before anything heavy
is imported; `editor_services.py` is what comes after. To add a command: name it in
`protocol.py`, shape its argument in `params.py`, handle it in `commands.py`.
"""
