"""This room has every setting with its unit (`sections`) and finds their values (`layers`).

To add a setting: add a field in `sections` with its unit, and run
`scripts/client_settings.py`. A project may set it only where a table in `project`
says so.
"""
