"""This room runs commands: with a deadline, bounded output, an end for all they started, in a sandbox."""
