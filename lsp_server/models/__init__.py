"""This room implements the Model seam, and is all that speaks HTTP to a model.

Belongs here: asking an endpoint (`http_model`), a Model that holds a Model
(`retrying`, `repetition`, `wrappers`), finding an endpoint and its key
(`provider`, `discovery`, `api_key`), and the scripted endpoint (`scripted/`).
Prompts, and what is done with an answer, do not.

A provider's quirk goes where its kind lives: a parameter that it refuses into
`dialect`, a message of the history that it refuses into `history_form`, a wording of
its errors into `provider_errors`, a number in them into `token_limits`, a form of its
bodies into `answer_reader` or `error_body`, of its answers into `response_builder`; each with a row
in the tests, and what it checks with one in `scripted/vendor_checks`.

A wire is a subclass of `http_model.HttpModel` with an encoder of requests and a builder of
answers: chat completions (`chat_completions`, `request_encoder`, `response_builder`), Anthropic's
Messages (`messages*`), OpenAI's Responses (`responses*`). The builders of the two hand their pieces
to `response_builder`, so that what is known of odd answers holds for all. Another one is a row in
`provider.WIRES` and a form in `scripted/`. What a vendor wants back of a thought is kept by
`carried_reasoning`.
"""
