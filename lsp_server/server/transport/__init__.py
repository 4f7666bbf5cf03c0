"""This room carries bytes and JSON-RPC messages between the editor and the server.

It is the only importer of pygls. Everything that fixes pygls 2.1.1 is in `json_rpc.py`
and `language_server.py`, and `tests/server/transport/test_pygls_fixes.py` has a test for
each fix, which fails as soon as pygls makes it needless.
"""
