"""The room for work on plain text: words, lines, excerpts and differences."""
