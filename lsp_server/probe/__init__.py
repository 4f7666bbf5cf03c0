"""This room asks an endpoint some fifteen small questions and says what it can do, with the evidence.

`questions.py` has what is asked, `asker.py` asks within limits, `abilities.py` and `limits.py`
read what the answers show, one ability each, and `endpoint_probe.py` has the order. `report.py` writes the
report. To look for another ability: a question, a reading, and a row of the tests
(`tests/probe/test_dialects.py`). What a run does with an endpoint is in `models`.
"""
