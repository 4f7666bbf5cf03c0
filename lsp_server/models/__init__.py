"""Implementations of the Model seam, and all that speaks HTTP to a model.

Belongs here: asking an endpoint (`chat_completions`), a Model that holds a Model
(`retrying`, `repetition`), finding an endpoint and its key (`discovery`,
`api_key`), and the scripted models. What to ask and what to do with an answer
does not. A provider's quirk goes where its kind lives: a parameter it refuses
into `dialect`, a wording of its errors into `refusals`, a shape of its answers
into `from_wire`; each with a row in the tests.
"""
