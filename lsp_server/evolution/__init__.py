"""This room learns from past runs: what is true of a project, and what is not any more.

`past_run.py` is what it looks at, made of the rows that memory has of a run too. Each file
`*_lessons.py` finds one kind of `Lesson`; `fact_review.py` looks over the facts that are kept, and
`project.py` over the files that both name. `material.py` is what a model is shown, and `model_lessons.py` believes of its answer what runs bear
out, within what `day_budget.py` leaves. `dream.py` makes suggestions of all this, and
`inbox.py` keeps them until a person accepts or rejects them. `inbox_document.py` is the text in
which they are read.

`procedures.py` finds what runs do again and again, in the steps that `run_steps.py` makes of them;
`distillation.py` makes a `Draft` of a skill or command of it, and `replayed_case.py` decides by
figures whether one is worth keeping.

To add a kind of lesson: a file `*_lessons.py` with a function from runs to lessons, its name in
`LessonKind`, its place in `dream.py`, and planted runs in `tests/evolution`. A lesson's text comes
from a fixed form of words.
"""
