"""What holds for every parser, whatever it is given; and the strings to give it."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# The fixture keeps no state, so examples may share it; each example is a query over many values.
LAW = settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ODD = (
    "\x00\t\n\r \u3000\u200b\ufeff\xa0'\"\\$%{}()（）[]、，,;；/·•.-—*?？"
    "□\ufffd\ue000\U00020164&#;<>ß①㈱…"
)

any_text = st.text(st.characters(codec="utf-8"), max_size=12)


def texts_of(alphabet: str) -> st.SearchStrategy[list[str]]:
    """Batches of strings: of the element's own characters, of odd ones, and of anything."""
    own = st.text(st.sampled_from(alphabet), max_size=14)
    mixed = st.text(st.sampled_from(alphabet + ODD), max_size=14)
    return st.lists(st.one_of(own, mixed, any_text), min_size=1, max_size=40)


def outcomes(clean, parser, texts):
    """Each text with what became of it; one query for all of them."""
    texts = list(texts)
    return dict(zip(texts, clean(parser, texts), strict=True))


def is_total(clean, parser, values):
    """No string makes the query fail; a value that breaks an error rule is NULL; none is lost."""
    outcome = clean(parser, [*values, None, ""])
    assert len(outcome) == len(values) + 2
    assert [(o.value, o.rules) for o in outcome[-2:]] == [(None, set())] * 2
    return outcome


def is_idempotent(clean, parser, values):
    """A clean value comes out as it went in, and nothing worse than a warning is said of it."""
    once = [o.value for o in clean(parser, values) if o.value is not None]
    assert [o.value for o in clean(parser, once)] == once


def widened(text: str) -> str:
    """Every ASCII character as its full-width twin."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def spaced(text: str) -> str:
    """White space at both ends."""
    return f"\u3000 {text}\t\ufeff\xa0"
