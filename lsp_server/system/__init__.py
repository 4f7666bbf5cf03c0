"""This room offers what the operating system and the event loop have, in one form each.

Files that are replaced as a whole, private folders, locks between processes,
tasks with an owner, and the tricks of a quick start. The rooms above use these
and do not write their own.
"""
