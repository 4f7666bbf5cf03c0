"""This room plays scripts in the place of a model, over real HTTP on loopback.

The demo, the benchmarks and the tests use it. `scenario.py` is what a script
looks like, `script_player.py` decides which turn comes next, `endpoint.py`
writes it as chat completions do, `messages_form.py` and `responses_form.py` as the other wires
do, and `server.py` is the process.
Faults of an endpoint are no part of it: tests add them with
`tests/fakes/faulty_server.py`.
"""
