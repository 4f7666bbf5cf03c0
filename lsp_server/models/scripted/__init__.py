"""The scripted model: scenarios, a Model that plays them in process, and an HTTP server that plays them on loopback."""
