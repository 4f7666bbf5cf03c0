"""This room works on plain text: words, lines, excerpts, differences and Markdown."""
