"""This room keeps a server at work in the background, so that runs outlive their editor.

`front.py` is the process that an editor starts: it finds the server of the workspace, or
starts one, and then only passes bytes on (`relay.py`). `background_server.py` is that
server: one process, with a connection for each editor that is attached and the sessions
that outlive them (`kept_sessions.py`). They meet as `meeting/` says.
"""
