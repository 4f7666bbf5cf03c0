"""Command lines by chance, and a throw-away tree to run the free ones in."""
