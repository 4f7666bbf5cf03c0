"""This room has what a person keeps or takes back of what a run changed, by file and by hunk.

What a run left of a file is compared with what was there before it: the hunks of that
difference are what a person answers (`reviewed_file.py`). The answers are kept beside the run's
journal (`review_marks.py`). Taking back goes through the same undo as that of a whole run, with the
text without some hunks as what was before (`run_review.py`).
"""
