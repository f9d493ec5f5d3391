"""The one root of all errors that a user can meet."""


class BaselibError(Exception):
    """The root: something that a person can put right, said so that he can."""
