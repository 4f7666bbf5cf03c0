"""This room has a file for each view of an editor: progress, diagnostics, code actions, …"""
