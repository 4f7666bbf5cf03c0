"""Reads settings files."""


class SettingsError(Exception):
    """What is wrong with a settings file."""


def read_settings(path):
    raise NotImplementedError
