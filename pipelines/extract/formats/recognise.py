"""What a file is, by what is in it and not by what it is called.

Departments save a web page as ``.xls``, rename text to ``.xlsx`` and the reverse; what can be read
is read for what it is, and what cannot is called by its name.
"""

import re
import tarfile
from pathlib import Path
from typing import Literal
from zipfile import BadZipFile, ZipFile

from pipelines.contracts.source import Source
from pipelines.extract.formats.encodings import open_plain

Kind = Literal[
    "text", "json", "xlsx", "xlsb", "ods", "xls", "locked", "html", "spreadsheet_xml", "xml",
    "zip", "tar", "parquet", "sqlite", "dbf", "pdf", "word", "rar", "7z", "image", "empty",
]  # fmt: skip
NAMES = {
    "xlsx": "an Excel workbook (.xlsx)", "xlsb": "a binary Excel workbook (.xlsb)",
    "ods": "an OpenDocument spreadsheet (.ods)", "xls": "an old Excel workbook (.xls)",
    "locked": "a workbook under a password", "html": "a web page with a table",
    "spreadsheet_xml": "an Excel 2003 XML spreadsheet", "xml": "XML", "text": "plain text",
    "json": "JSON", "zip": "a zip archive", "tar": "a tar archive", "parquet": "a Parquet file",
    "sqlite": "an SQLite database", "dbf": "a dBase table (.dbf)", "pdf": "a PDF document",
    "word": "a text document", "rar": "a RAR archive", "7z": "a 7z archive",
    "image": "a picture", "empty": "empty",
}  # fmt: skip
NAMES_ZH = {
    "xlsx": "Excel 工作簿（.xlsx）", "xlsb": "Excel 二进制工作簿（.xlsb）",
    "ods": "OpenDocument 电子表格（.ods）", "xls": "旧版 Excel 工作簿（.xls）",
    "locked": "加了密码的工作簿", "html": "含表格的网页", "spreadsheet_xml": "Excel 2003 XML 表格",
    "xml": "XML", "text": "纯文本", "json": "JSON", "zip": "zip 压缩包", "tar": "tar 压缩包",
    "parquet": "Parquet 文件", "sqlite": "SQLite 数据库", "dbf": "dBase 表（.dbf）",
    "pdf": "PDF 文档", "word": "文字处理文档", "rar": "RAR 压缩包", "7z": "7z 压缩包",
    "image": "图片", "empty": "空文件",
}  # fmt: skip

_HEAD = 4096
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # a stream of a locked .xlsx
_MANIFEST = "META-INF/manifest.xml"  # of OpenDocument: what is in it, and how it is encrypted
MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"PAR1", "parquet"), (b"SQLite format 3\0", "sqlite"), (b"%PDF", "pdf"),
    (b"Rar!\x1a\x07", "rar"), (b"7z\xbc\xaf\x27\x1c", "7z"), (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"), (b"{\\rtf", "word"),
)  # fmt: skip
_HTML = re.compile(
    rb"(?is)\s*(?:<\?xml[^>]*\?>\s*|<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|table|meta|style|div)\b"
)
_SPREADSHEET_XML = b"urn:schemas-microsoft-com:office:spreadsheet"
_XML = re.compile(rb"\s*<(?:\?xml\b|[A-Za-z_][\w.:-]*[\s/>])")
_DBF_VERSIONS = frozenset(b"\x02\x03\x04\x05\x30\x31\x32\x43\x63\x83\x8b\x8e\xcb\xf5\xfb")


def form_name(source: Source, kind: Kind) -> str:
    """What a file is, in its owner's language."""
    return (NAMES if source.reporting.language == "en" else NAMES_ZH)[kind]


def recognise(file: Path) -> Kind:
    """What a file is; ``text`` where nothing else is recognised. Gzip is looked through.

    Raises:
        OSError, EOFError, zlib.error: the file is damaged.
    """
    with open_plain(file) as stream:
        head = stream.read(_HEAD)
    if not head:
        return "empty"
    for magic, kind in MAGIC:
        if head.startswith(magic):
            return kind
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _kind_of_zip(file)
    if head.startswith(_OLE):
        return _kind_of_ole(file)
    if head[257:262] == b"ustar" and tarfile.is_tarfile(file):
        return "tar"
    return _kind_of_text(head) if b"\0" not in head[:32] else _kind_of_binary(file, head)


def _kind_of_zip(file: Path) -> Kind:
    try:
        with ZipFile(file) as archive:
            names = {name.lower() for name in archive.namelist()}
            if "mimetype" in names and b"opendocument" in archive.read("mimetype")[:200]:
                if _is_encrypted(archive):
                    return "locked"
                return "ods" if b"spreadsheet" in archive.read("mimetype") else "word"
    except (BadZipFile, OSError, RuntimeError, KeyError, NotImplementedError):
        return "xlsx" if file.suffix.lower() == ".xlsx" else "zip"
    if any(name.startswith("xl/") for name in names):
        return "xlsb" if "xl/workbook.bin" in names else "xlsx"
    return "word" if any(name.startswith("word/") for name in names) else "zip"


def _is_encrypted(document: ZipFile) -> bool:
    """Whether an OpenDocument file is under a password."""
    if _MANIFEST not in document.namelist():
        return False
    with document.open(_MANIFEST) as manifest:
        return b"encryption-data" in manifest.read(1 << 16)


def _kind_of_ole(file: Path) -> Kind:
    """An OLE container: an old workbook, an old text document, or a workbook under a password."""
    content = file.read_bytes() if file.stat().st_size < 1 << 26 else file.open("rb").read(1 << 26)
    if _ENCRYPTED in content:
        return "locked"
    return "word" if "WordDocument".encode("utf-16-le") in content else "xls"


def _kind_of_binary(file: Path, head: bytes) -> Kind:
    """Zeroes stand in UTF-16 too, and in a dBase header."""
    if _is_dbf(head):
        return "dbf"
    return "tar" if tarfile.is_tarfile(file) else "text"


def _is_dbf(head: bytes) -> bool:
    """Version, a date, and a header that ends where it says."""
    if len(head) < 33 or head[0] not in _DBF_VERSIONS:
        return False
    length = int.from_bytes(head[8:10], "little")
    ends = length > len(head) or b"\r" in head[32:length:32]
    return 1 <= head[2] <= 12 and 1 <= head[3] <= 31 and length > 32 and ends


def _kind_of_text(head: bytes) -> Kind:
    text = head.removeprefix(b"\xef\xbb\xbf")
    if _SPREADSHEET_XML in text:
        return "spreadsheet_xml"
    if _HTML.match(text):
        return "html"
    if _XML.match(text):
        return "xml"
    return "json" if text.lstrip()[:1] in (b"[", b"{") else "text"
