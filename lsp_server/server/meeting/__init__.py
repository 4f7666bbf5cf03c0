"""This room is where editors and background servers meet: a private folder, a greeting, a census."""
