"""This room implements the Model seam, and is all that speaks HTTP to a model.

Belongs here: asking an endpoint (`chat_completions`), a Model that holds a Model
(`retrying`, `repetition`, `wrappers`), finding an endpoint and its key
(`provider`, `discovery`, `api_key`), and the scripted endpoint (`scripted/`).
Prompts, and what is done with an answer, do not.

A provider's quirk goes where its kind lives: a parameter that it refuses into
`dialect`, a message of the history that it refuses into `history_form`, a wording of
its errors into `provider_errors`, a number in them into `token_limits`, a form of its
bodies into `answer_reader` or `error_body`, of its answers into `response_builder`; each with a row
in the tests, and what it checks with one in `scripted/vendor_checks`.

Another wire, such as Anthropic's Messages or OpenAI's Responses, is a file beside
`chat_completions` with a class that has `respond` and `close` (`provider.Wire`),
and a case in `provider.open_wire`, the one place that chooses. `connection`,
`event_stream`, `error_body` and `provider_errors` serve any of them; `request_encoder`,
`response_builder` and `dialect` are chat completions' own.
"""
