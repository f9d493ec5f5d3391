"""Numbers with their nouns, as commands print them."""


def counted(number: int, one: str, many: str) -> str:
    """``1 source``, ``2 sources``: a number with its noun."""
    return f"{number:,} {one if number == 1 else many}"
