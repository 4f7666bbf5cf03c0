"""What the operating system and the event loop offer, in one form each.

Files that are replaced as a whole, folders that are private, locks between
processes, and tasks that somebody owns. The rooms above use these and do not
write their own.
"""
