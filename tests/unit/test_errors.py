"""Every error survives the way from one process to another, and says the same there."""

import pickle
from dataclasses import fields, is_dataclass

import pytest

from pipelines import errors


def kinds(root=errors.BaselibError):
    yield root
    for kind in root.__subclasses__():
        yield from kinds(kind)


def example(kind):
    if not is_dataclass(kind):
        return kind()
    values = {"int": 7, "float": 0.5, "Sequence[str]": ["a", "b"], "date": None}
    return kind(**{each.name: values.get(str(each.type), "words") for each in fields(kind)})


@pytest.mark.parametrize("kind", sorted(set(kinds()), key=lambda kind: kind.__name__))
def test_an_error_is_the_same_in_another_process(kind):
    error = example(kind)
    there = pickle.loads(pickle.dumps(error))
    assert type(there) is kind
    assert vars(there) == vars(error)
    assert repr(there) == repr(error)
