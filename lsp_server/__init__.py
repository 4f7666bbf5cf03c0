"""Holdfast is a coding agent for long tasks that lives in a language server."""

__version__ = "0.1.0"
