"""What goes wrong with the service."""


class ApiError(Exception):
    """The service refused, or answered what nobody understands; `status` is that of its answer."""

    def __init__(self, message, status):
        super().__init__(message)
        self.status = status
