"""Workbooks that people fill in and send back: owners' repair sheets, stewards' questions.

In whatever form they have come to: ``.xlsx``, ``.xls``, ``.xlsb``, ``.ods``, packed, under a known
password. Read in a process of their own, as deliveries are; merged cells stand in each of their
rows.
"""

import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import BadZipFile, ZipFile

import msoffcrypto
from msoffcrypto.exceptions import FileFormatError, InvalidKeyError

from pipelines.errors import BaselibError
from pipelines.extract.formats.encodings import open_plain
from pipelines.extract.formats.sheets.whole import Sheets
from pipelines.extract.returned.guarded_workbook import (
    NO_WORKBOOK,
    WorkbookUnreadable,
    guarded_sheets,
)

_OLE = b"\xd0\xcf\x11\xe0"  # how an old workbook begins, and one under a password
_ZIP = b"PK\x03\x04"
_WORKBOOKS = ("[Content_Types].xml", "mimetype")  # in every .xlsx; in every .ods
_SAVE_AGAIN = "请先在本机打开确认，另存为 .xlsx 后交回；打不开的，请用质量报告所附的清单重新填写。"
_UNPACKED_BYTES = 256 << 20  # no sheet is larger; what says so is made to fill the memory


@dataclass
class AnswersUnreadable(BaselibError):
    """A sheet that came back cannot be read as a repair sheet.

    In Chinese, as everything about an owner's answers: what is wrong is passed on to him. It holds
    no text of the file but titles of columns.
    """

    file: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}：{self.problem}{self.remedy}"


def returned_bytes(file: Path) -> bytes:
    """The content of a file that came back: plain, gzip, or alone in a ``.zip``.

    Raises:
        AnswersUnreadable: there is none, or it cannot be unpacked.
    """
    if not file.is_file():
        raise AnswersUnreadable(str(file), "找不到这个文件。", "请核对文件名和路径。")
    with open_plain(file) as stream:
        content = stream.read(_UNPACKED_BYTES + 1)
    if len(content) > _UNPACKED_BYTES:
        problem = f"文件过大，解压后超过 {_UNPACKED_BYTES >> 20} MB。"
        raise AnswersUnreadable(file.name, problem, "请只交回问题清单本身。")
    return _unpacked(file.name, content)


def is_workbook(content: bytes) -> bool:
    """Whether it is a workbook of any kind, and no text."""
    return content.startswith((_ZIP, _OLE))


def _unpacked(name: str, content: bytes) -> bytes:
    """A packed sheet's own bytes; a workbook is a packed file, too, and stays as it is."""
    if not content.startswith(_ZIP):
        return content
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            inside = [each for each in archive.infolist() if not each.is_dir()]
            if any(each.filename in _WORKBOOKS for each in inside):
                return content
            if len(inside) == 1 and inside[0].file_size <= _UNPACKED_BYTES:
                return archive.read(inside[0])
    except BadZipFile:
        return content  # whoever reads the workbook says that it is damaged
    except RuntimeError:
        problem = "压缩包加了密码，无法解开。"
    except zlib.error:
        problem = "压缩包已损坏，无法解开。"
    else:
        several = f"压缩包里有 {len(inside)} 个文件。"
        problem = several if len(inside) != 1 else "压缩包里的文件过大，不是问题清单。"
    raise AnswersUnreadable(name, problem, "请解压后，把其中的清单逐个交回。")


def workbook_sheets(name: str, content: bytes, passwords: Sequence[str] = ()) -> Sheets:
    """Every cell of every sheet, as a person sees it.

    Args:
        name: Of the file, for messages.
        content: As ``returned_bytes`` gives it.
        passwords: Tried in turn if it is locked.

    Raises:
        AnswersUnreadable: it is no workbook, damaged, or locked.
    """
    if content.startswith(_OLE):
        content = _unlocked(name, content, passwords)
    with TemporaryDirectory(prefix="answers-") as folder:
        file = Path(folder, "sheet")
        file.write_bytes(content)
        try:
            return guarded_sheets(file)
        except WorkbookUnreadable as wrong:
            raise AnswersUnreadable(name, wrong.problem, _SAVE_AGAIN) from None


def _unlocked(name: str, content: bytes, passwords: Sequence[str]) -> bytes:
    try:
        locked = msoffcrypto.OfficeFile(io.BytesIO(content))
        if not locked.is_encrypted():
            return content
        for password in passwords:
            opened = io.BytesIO()
            try:
                locked.load_key(password=password)
                locked.decrypt(opened)
            except InvalidKeyError:
                continue
            return opened.getvalue()
    except FileFormatError:
        raise AnswersUnreadable(name, NO_WORKBOOK, _SAVE_AGAIN) from None
    raise AnswersUnreadable(
        name,
        "文件加了打开密码，用已知的密码都打不开。",
        "请去掉打开密码，或改用发报告时约定的密码后交回；"
        "约定的密码由系统管理员在 BASELIB_SECRET_<名称> 中设置。",
    )
