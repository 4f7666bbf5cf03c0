"""This package is Max Mode: several candidates for a step are compared, and one is carried out.

Here candidates are sampled, grouped by what they would do, looked at in dry runs and judged.
How tools work, what is allowed and what the run knows comes in from outside, as
callables and the Protocol `DryRunTools`. Nothing here runs a tool, writes a file or
knows the agent's loop: `MaxMode` is a Model that holds a Model.
To add a strategy: a case in `MaxMode._waves`, and its name in the settings.
"""
