"""This package is the vocabulary that all others share: frozen values, errors and four seams.

It imports the standard library alone, does no input or output and reads no clock. A
value that crosses a process border (journal, wire, editor) gets its own shape in the
package that owns the border; nothing here knows how it is written down. Start with
`ports.py`, then `tasks.py` and `events.py`.
"""
