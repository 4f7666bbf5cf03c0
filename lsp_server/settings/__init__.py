"""Every knob with its unit (`sections`), and where its value comes from (`layers`).

To add a knob: add a field in `sections` with its unit; a project may set it only where
a table in `project` says so.
"""
