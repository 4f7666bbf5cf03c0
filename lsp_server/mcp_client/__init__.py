"""This room speaks the Model Context Protocol to servers that a person or a project named.

`server_spec.py` says what a server is and `project_files.py` reads those of a checkout;
`connection.py` keeps one connection with the official SDK, which is imported when the
first server is connected and not before; `tool.py` makes Tools of what a server offers.
What a server says of itself is data: its hints are shown and never believed.
"""
