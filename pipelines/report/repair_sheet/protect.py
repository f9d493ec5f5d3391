"""Lock a workbook with a password, as Excel does (ECMA-376 agile encryption), and open it."""

from io import BytesIO
from pathlib import Path
from uuid import uuid4


def lock_workbook(path: Path, password: str) -> None:
    """Replace the workbook by its locked form; a reader never finds half of it."""
    from msoffcrypto.format.ooxml import OOXMLFile  # here: few contracts ask for it

    draft = path.with_name(f".{path.name}.{uuid4().hex}")
    with path.open("rb") as plain, draft.open("wb") as locked:
        OOXMLFile(plain).encrypt(password, locked)
    draft.replace(path)


def unlock_workbook(path: Path, password: str | None) -> BytesIO:
    """The workbook's content, opened with ``password`` if it is locked.

    Raises:
        ValueError: it is locked, and the password is missing or wrong.
    """
    import msoffcrypto
    from msoffcrypto.exceptions import InvalidKeyError

    content = BytesIO(path.read_bytes())
    if content.getvalue()[:2] == b"PK":  # a plain workbook is a ZIP file
        return content
    if password is None:
        raise ValueError(f"{path.name} is locked with a password, and none is given.")
    opened = BytesIO()
    try:
        file = msoffcrypto.OfficeFile(content)
        file.load_key(password=password, verify_password=True)
        file.decrypt(opened)
    except InvalidKeyError:
        raise ValueError(f"{path.name} does not open with the password of its contract.") from None
    opened.seek(0)
    return opened
