"""The words of the house: frozen values and the four seams.

Standard library only, no input or output, no clock. What crosses a process
border (journal, wire, editor) gets its own shape in the room that owns the
border; nothing here knows how it is written down.
"""
