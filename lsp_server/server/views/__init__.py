"""The views of an editor: progress, diagnostics, code actions, lenses, symbols, messages."""
