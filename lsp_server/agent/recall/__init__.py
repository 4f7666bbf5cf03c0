"""The index over journals, and the search that `recall` looks back with."""
