"""This room puts into words what happens in a run, for every front door alike."""
