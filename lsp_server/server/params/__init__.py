"""This room has the JSON shapes of our own commands and methods, camelCase on the wire.

A class `…Params` arrives and forbids keys that it does not have; a `Payload` leaves.
The names that they travel under are in `protocol.py`. `scripts/client_protocol.py`
writes the shapes that the VS Code extension reads.
"""
