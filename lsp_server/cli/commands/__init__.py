"""This room has the commands and their flags, a file for each subject; the work is in the files of `cli/`.

To add a command: a function with its flags in the file of its subject, or a new file whose `commands`
are added in `cli/app.py`. The work is imported in the function, so that no command pays for another.
"""
