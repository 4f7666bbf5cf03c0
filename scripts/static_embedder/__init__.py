"""These scripts train a static embedder for code from nothing: public packages in, a table out."""
