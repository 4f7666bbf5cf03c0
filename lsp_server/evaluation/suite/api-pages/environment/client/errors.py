"""What goes wrong with the service."""


class ApiError(Exception):
    pass
