"""This room has the commands of `workspace/executeCommand`, a file for each subject.

To add one: name it in `protocol.py`, shape its argument in `params/`, add it to the
`commands` of its subject. A subject that is new is listed in `registry.py`. Then
`scripts/client_protocol.py` brings the extension's protocol after (a new file of `params/` is
imported there), and `scripts/command_words.py` says what it
does, for the page that `scripts/reference_pages.py` writes.
"""
