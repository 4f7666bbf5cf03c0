"""This module names the JSON-RPC errors, so that only this room imports pygls."""

from __future__ import annotations

from pygls.exceptions import JsonRpcException as RpcError
from pygls.exceptions import JsonRpcInvalidParams as InvalidParams
from pygls.exceptions import JsonRpcMethodNotFound as MethodNotFound

__all__ = ["InvalidParams", "MethodNotFound", "RpcError"]
