"""Read custom properties of a contract: typed values, each wrong one a fault with its remedy."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from open_data_contract_standard.model import CustomProperty

from pipelines.contracts.faults import Faults, close_match

_MISSPELT = 0.8  # likeness of a name of ours with a letter or two wrong
Scalar = str | int | float | bool


@dataclass(frozen=True)
class Options:
    """Custom properties of one place of a contract, and where faults about them are noted."""

    where: str  # path of the place, e.g. servers[0]
    faults: Faults
    values: Mapping[str, object] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def text(self, name: str) -> str | None:
        """A text; numbers and truth values as YAML reads them, written out."""
        value = self.values.get(name)
        if value is None or isinstance(value, Scalar):
            return None if value is None else str(value)
        self._refuse(name, value, "There must be one value here.", "Write a text.")
        return None

    def line(self, name: str) -> str | None:
        """A text of one line that is not blank."""
        text = self.text(name)
        if text is None or (text.strip() and text.isprintable()):
            return text
        self._refuse(name, text, "This is blank or has line breaks.", "Write it in one line.")
        return None

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; one text is a list of one."""
        value = self.values.get(name)
        listed = value if isinstance(value, list) else [] if value is None else [value]
        if all(isinstance(each, Scalar) and str(each).strip() for each in listed):
            return tuple(str(each) for each in listed)
        self._refuse(name, value, "There must be a list of texts here.", "Write [A, B].")
        return ()

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number between ``low`` and ``high``."""
        value = self.values.get(name, default)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        remedy = f"Write a whole number from {low} to {high}."
        self._refuse(name, value, "This number cannot be meant.", remedy)
        return default

    def choice(self, name: str, allowed: Collection[str], what: str) -> str | None:
        """One of a few words, None where nothing is written."""
        text = self.text(name)
        if text is None or self.faults.one_of(self._path(name), text, allowed, what):
            return text
        return None

    def require(self, name: str, other: str) -> None:
        """Note that ``name`` says nothing without ``other``."""
        if name in self.values and other not in self.values:
            value = self.values[name]
            self._refuse(name, value, f"It says nothing without {other}.", f"Add {other}.")

    def _path(self, name: str) -> str:
        return f"{self.where}.customProperties.{name}"

    def _refuse(self, name: str, value: object, problem: str, remedy: str) -> None:
        self.faults.add(self._path(name), value, problem, remedy)


def read_options(
    given: Sequence[CustomProperty] | None,
    allowed: Collection[str],
    where: str,
    faults: Faults,
    *,
    others: bool = False,
) -> Options:
    """Custom properties; one that is not ``allowed``, comes twice or says nothing is a fault.

    With ``others`` there may be properties for other readers, if they are not like one of ours.
    """
    values: dict[str, object] = {}
    for index, each in enumerate(given or []):
        path, name = f"{where}.customProperties[{index}]", each.property or ""
        if others and name not in allowed and close_match(name, allowed, _MISSPELT) is None:
            continue
        if faults.one_of(f"{path}.property", each.property, allowed, "a property known here"):
            if name in values:
                faults.add(path, name, "This property is given twice.", "Keep one of them.")
            if each.value is None:
                faults.add(path, name, "This property has no value.", "Write one, or remove it.")
            else:
                values[name] = each.value
    return Options(where, faults, values)
