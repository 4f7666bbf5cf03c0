"""This package holds what the model may do: a file per tool, the `Toolbox`, the `Approval`.

It turns a model's call into an effect, and the effect back into text that the model can
act on. How files and processes work is the business of `workspace`, who is asked and how
that of `session`. To add a tool: write its file with a class that follows
`domain.ports.Tool`, list its spec in `builtin.py`, and make it in `assemble/toolbox.py`.
Nothing else has to know its name: its kind and what its calls need say how it is treated.
"""
