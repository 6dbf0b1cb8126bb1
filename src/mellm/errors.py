"""The errors a person may meet, each one sentence that says what to do.

The command line prints an error's text alone (no traceback) and exits with its `exit_code`.
"""


class MellmError(Exception):
    """Something failed that the user should hear about in one sentence."""

    exit_code = 1


class InputError(MellmError):
    """The input cannot be used as it is; the message says why and what to do next."""

    exit_code = 2
