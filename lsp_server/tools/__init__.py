"""What the model may do: one file per tool, the box that calls them, the approval.

Here belongs what turns a model's call into an effect and back into text that it
can act on. What does not: how files and processes work (`workspace`), who is
asked and how (`session`). To add a tool: write its file, hand it to `Toolbox`
in the composition root, give it a line in `Toolbox.title`, and teach
`approval.py` its name when it touches paths or runs something.
"""
