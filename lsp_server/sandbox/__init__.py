"""This room bounds what a process may do, by the system and not by reading its command.

A `Policy` says what may be written, read and reached. A `Sandbox` holds it:
bubblewrap where it is installed, Landlock with seccomp by system calls of our own,
Seatbelt on macOS, or none. `choose` takes the strongest that a probe shows to hold
on this machine. To add a mechanism: a class with the shape of `Sandbox`, and its
place in `choice.py`.
"""
