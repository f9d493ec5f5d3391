"""File paths in Iceberg metadata: relative to the lake's folder, so that a home can be moved.

A location is ``lake:/<namespace>/<table>/<data or metadata>/<file>``. Homes of earlier versions
have absolute paths in their metadata; only the last four parts of those count, too. So no metadata,
wherever they were copied from, lead to a file outside the lake that is open.
"""

from pathlib import Path, PurePosixPath

from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.typedef import EMPTY_DICT, Properties

WAREHOUSE = "lake:"
ROOT = "baselib.lake-root"  # property of the catalogue: the folder of the lake
_PARTS = 4  # namespace, table, kind of file, file


def table_path(location: str | Path) -> str:
    """``location`` relative to the lake's folder."""
    path = PurePosixPath(str(location).removeprefix(WAREHOUSE))
    return "/".join(path.parts[-_PARTS:])


def lake_location(path: Path) -> str:
    """A file of the lake as metadata name it."""
    return f"{WAREHOUSE}/{table_path(path)}"


class LakeFiles(PyArrowFileIO):
    """Opens files of the lake whose folder is the property ``ROOT``."""

    @staticmethod
    def parse_location(location: str, properties: Properties = EMPTY_DICT) -> tuple[str, str, str]:
        """Scheme, host and path of a location."""
        return "file", "", str(Path(properties[ROOT]) / table_path(location))
