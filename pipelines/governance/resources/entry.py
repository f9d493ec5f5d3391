"""One entry of the information resource catalogue, with the core items of the national guide.

政务信息资源目录编制指南（试行）, 发改高技〔2017〕1272号, and article 13 of 政务数据共享条例
(国令第809号). For grades (数据分类分级) no list of the state was found: the names are ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal

from pipelines.standards.elements import Sensitivity

ShareType = Literal["unconditional", "conditional", "none"]

# Official names, with the digits that the guide gives them where it gives any.
SHARE_TYPES: Mapping[ShareType, str] = {
    "unconditional": "无条件共享",
    "conditional": "有条件共享",
    "none": "不予共享",
}
DATA_TYPES: Mapping[str, str] = {
    "C": "字符型", "N": "数值型", "Y": "货币型", "D": "日期型", "T": "日期时间型", "L": "逻辑型",
    "M": "备注型", "G": "通用型", "B": "双精度型", "I": "整型", "F": "浮点型",
}  # fmt: skip
FORMATS: Mapping[str, Sequence[str]] = {
    "电子文件": ("OFD", "wps", "xml", "txt", "doc", "docx", "html", "pdf", "ppt"),
    "电子表格": ("et", "xls", "xlsx"),
    "数据库": ("Dm", "KingbaseES", "access", "dbf", "dbase", "sysbase", "oracle", "sql server",
             "db2", "mysql", "postgresql", "sqlite"),
    "图形图像": ("jpg", "gif", "bmp", "png"),
    "流媒体": ("swf", "rm", "mpg"),
    "自描述格式": ("csv", "json", "jsonl", "parquet"),
    "服务接口": ("webservice", "http", "rest"),
}  # fmt: skip
SHARE_MODES: Mapping[str, Sequence[str]] = {
    "共享平台": ("数据库", "文件下载", "服务接口"),
    "邮件": (),
    "拷盘": (),
    "介质交换": (),
}
CYCLES = ("实时", "每日", "每周", "每月", "每季度", "每年", "其他")
GRADES = ("一般数据1级", "一般数据2级", "一般数据3级", "一般数据4级", "重要数据", "核心数据")
CLASSES: Mapping[str, str] = {"1": "基础信息资源", "2": "主题信息资源", "3": "部门信息资源"}


@dataclass(frozen=True)
class Item:
    """One information item (信息项): ``length`` in characters, "" where the element sets none."""

    name: str
    data_type: str  # key of DATA_TYPES
    length: str = ""
    physical_name: str = ""
    standard: str = ""  # of the data element
    sensitivity: Sensitivity = "public"


@dataclass(frozen=True)
class Entry:
    """One information resource: all items of the guide as the texts that are filled in.

    ``origin`` says what it is derived from: ``source <name>`` or ``library <name>``; the code never
    changes while that does not. ``open`` is "1" or "0".
    """

    origin: str
    code: str
    classification: Sequence[str]  # 类, 项, 目, 细目
    name: str
    provider: str
    provider_code: str
    summary: str
    format_class: str
    formats: Sequence[str]
    items: Sequence[Item]
    share_type: str
    share_condition: str  # of what is not shared: the legal basis
    share_mode: str
    share_submode: str
    open: str
    open_condition: str
    cycle: str
    published_on: str
    related: Sequence[str]
    grade: str
    responsible: str

    @property
    def is_open(self) -> bool:
        """Whether it is open to society (是否向社会开放)."""
        return self.open == "1"


TITLES: Mapping[str, str] = {
    "classification": "信息资源分类",
    "name": "信息资源名称",
    "code": "信息资源代码",
    "provider": "信息资源提供方",
    "provider_code": "信息资源提供方代码",
    "summary": "信息资源摘要",
    "format_class": "信息资源格式分类",
    "formats": "信息资源格式类型",
    "share_type": "共享类型",
    "share_condition": "共享条件",
    "share_mode": "共享方式分类",
    "share_submode": "共享方式类型",
    "open": "是否向社会开放",
    "open_condition": "开放条件",
    "cycle": "更新周期",
    "published_on": "发布日期",
    "related": "关联资源代码",
    "grade": "数据分类分级",
    "responsible": "责任人",
}
ITEM_TITLES: Mapping[str, str] = {
    "name": "信息项名称",
    "data_type": "数据类型",
    "length": "数据长度",
    "physical_name": "字段名",
    "standard": "数据元标准",
}
JOINED_BY = "、"


def texts_of(entry: Entry) -> Mapping[str, str]:
    """The items of an entry as texts by their official titles, in the order of the guide."""
    values = {each.name: getattr(entry, each.name) for each in fields(entry)}
    return {title: _text(name, values[name]) for name, title in TITLES.items()}


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    parts: Sequence[str] = value  # type: ignore[assignment]
    return ("/" if name == "classification" else JOINED_BY).join(parts)
