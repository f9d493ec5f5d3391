"""Functions that both engines have and Ibis does not name."""

import ibis


@ibis.udf.scalar.builtin(name="url_decode")  # type: ignore[untyped-decorator]
def url_decode(text: str) -> str:  # type: ignore[empty-body]
    """The engines' own function; the only way to make a character that all of them share."""
