"""Bytes and JSON-RPC messages between the editor and the server."""
