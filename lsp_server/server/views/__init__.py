"""What an editor shows: progress, diagnostics, code actions, lenses, symbols and messages."""
