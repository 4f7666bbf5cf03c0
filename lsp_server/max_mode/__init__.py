"""Max Mode: several candidates for a step, one of them done.

Here belongs how candidates are drawn, compared, tried without effect and judged.
What a tool does, what is allowed and what the run knows comes in from outside, as
callables and the Protocol `DryRunTools`. Nothing here runs a tool, writes a file or
knows the agent's loop: `MaxMode` is a Model that holds a Model.
To add a strategy: a case in `MaxMode._waves`, and its name in the settings.
"""
