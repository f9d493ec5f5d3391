"""The one root of all errors that a user can meet."""


class BaselibError(Exception):
    """The root: something that a person can put right, said so that he can."""

    def __reduce__(self) -> tuple[object, ...]:
        """Errors cross processes; an exception by itself forgets what it was given by name."""
        return _restored, (type(self), self.__dict__)


def _restored(kind: type[BaselibError], facts: dict[str, object]) -> BaselibError:
    error = kind.__new__(kind)
    error.__dict__.update(facts)
    return error
