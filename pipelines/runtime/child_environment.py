"""The environment of child processes: secrets go only to those that need them.

What is in a process's environment is readable for as long as it runs, and inherited by whatever it
starts. Sources' passwords are needed where deliveries are fetched, and nowhere else.
"""

import os

_SECRET = "BASELIB_SECRET_"  # noqa: S105 - the beginning of the variables' names


def without_secrets() -> dict[str, str]:
    """This process's environment without the secrets of sources."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_SECRET)}


def drop_secrets() -> None:
    """Forget the secrets of sources, for this process and all that it will start."""
    for name in [*os.environ]:
        if name.startswith(_SECRET):
            del os.environ[name]
