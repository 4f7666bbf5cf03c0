"""Runs the steps of a build."""


class BuildError(Exception):
    pass


def run_in_order(steps, work):
    for name in steps:
        work(name)
