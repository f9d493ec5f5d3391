"""A font with simplified Chinese glyphs, for charts and printed pages.

The wheel's font is a collection whose first face is Japanese; a program given the collection
draws 关 and 直 in the Japanese form. So the face for simplified Chinese becomes a file of its own.
"""

from pathlib import Path
from uuid import uuid4

FAMILY = "Noto Sans CJK SC"


def chinese_font(cache: Path) -> Path:
    """The OpenType file of ``FAMILY`` in ``cache``; made on the first call (0.6 s, 16 MB).

    Several processes may ask at once: each writes a draft, and a whole file takes its place.
    """
    path = cache / "NotoSansCJKsc-Regular.otf"
    if path.exists():
        return path
    # Here and not above: needed once in the life of a home folder.
    from fontTools.ttLib import TTCollection
    from noto_cjk_sans_otc import FONT_PATH

    cache.mkdir(parents=True, exist_ok=True)
    draft = cache / f".{path.name}.{uuid4().hex}"
    with TTCollection(FONT_PATH, lazy=True) as faces:
        face = next(each for each in faces.fonts if each["name"].getDebugName(1) == FAMILY)
        face.save(draft)
    draft.replace(path)
    return path
