"""Mount file, registration of interfaces, connection status, registration of public data resources.

Forms of the platforms are not public in full; the columns are those of the catalogue guide and of
what registers of interfaces usually ask. Columns that are ours are named in each note.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pipelines.governance.resources.entry import Entry
from pipelines.governance.tables import OutputTable

_MODES = {"数据库": "库表", "文件下载": "文件", "服务接口": "接口"}


@dataclass(frozen=True)
class Live:
    """What was measured of an entry's resource.

    Attributes:
        last: Day of its last batch, publication or edition, ISO.
        rows: Records of that.
        score: Of its quality.
        edition: Of an open data set.
    """

    last: str
    rows: int
    score: float | None = None
    edition: str = ""


def mount_table(entries: Sequence[Entry], live: Mapping[str, Live], base: str) -> OutputTable:
    """资源挂接: which resource hangs on which entry, how it is reached, and whether it is there."""
    return OutputTable(
        "政务信息资源挂接清单",
        (
            *("信息资源代码", "信息资源名称", "提供方", "挂接方式", "资源地址", "资源格式"),
            *("更新周期", "挂接状态", "最近更新", "记录数"),
        ),
        [
            (
                e.code, e.name, e.provider, _MODES.get(e.share_submode, e.share_submode),
                _address(e, base), "、".join(e.formats), e.cycle,
                "已挂接" if e.origin in live else "未挂接",
                live[e.origin].last if e.origin in live else "",
                live[e.origin].rows if e.origin in live else None,
            )
            for e in entries
        ],
        "资源地址为本系统内的名称或接口路径，接入平台时按平台分配的地址替换。",
    )  # fmt: skip


def _address(entry: Entry, base: str) -> str:
    kind, _, name = entry.origin.partition(" ")
    if kind == "grant":
        return f"{base}/v1（授权 {name}）"
    if kind == "library":
        return f"base（基础库 {name}）"
    return f"open_data/{name}" if kind == "open" else name


def interface_table(openapi: Mapping[str, Any], base: str, provider: str) -> OutputTable:
    """接口登记表: a row per operation of the service's own description (OpenAPI 3.1)."""
    return OutputTable(
        "服务接口登记表",
        (
            *("接口名称", "接口说明", "接口标识", "请求方式", "接口地址", "请求参数", "请求体"),
            *("返回格式", "认证方式", "提供方", "接口版本"),
        ),
        [
            (
                *_called(method, path, operation), operation.get("operationId", path),
                method.upper(), f"{base}{path}", _parameters(operation), _body(operation),
                _answers(operation),
                "OAuth 2.0 客户端断言（RFC 7523，ES256）", provider, openapi["info"]["version"],
            )
            for path, method, operation in _operations(openapi)
        ],
        "由服务自身的 OpenAPI 描述生成，接口名称和说明为本系统自定；"
        "请求须注明经办人（Baselib-Actor）和事由（Baselib-Case）。",
    )  # fmt: skip


def _operations(openapi: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


@cache
def interface_words() -> Mapping[str, Mapping[str, str]]:
    """Name and purpose of each interface in Chinese, by method and path."""
    text = Path(__file__).with_name("interfaces.yml").read_text("utf-8")
    words: Mapping[str, Mapping[str, str]] = yaml.safe_load(text)
    return words


def _called(method: str, path: str, operation: Mapping[str, Any]) -> tuple[str, str]:
    words = interface_words().get(f"{method.upper()} {path}")
    if words is None:
        return operation.get("operationId", path), _first_line(operation)
    return words["name"], words["is"]


def _first_line(operation: Mapping[str, Any]) -> str:
    return str(operation.get("description") or operation.get("summary", "")).split("\n")[0]


def _parameters(operation: Mapping[str, Any]) -> str:
    return "；".join(
        f"{each['name']}（{each['in']}{'，必填' if each.get('required') else ''}）"
        for each in operation.get("parameters", ())
    )


def _body(operation: Mapping[str, Any]) -> str:
    return "、".join(operation.get("requestBody", {}).get("content", {}))


def _answers(operation: Mapping[str, Any]) -> str:
    good = [each for code, each in operation["responses"].items() if code.startswith("2")]
    return "、".join(dict.fromkeys(form for each in good for form in each.get("content", {})))


def status_table(entries: Sequence[Entry], live: Mapping[str, Live], today: str) -> OutputTable:
    """接入情况: a row per department: entries, connected ones, rows, score.

    What is granted is rows of a library that are counted there; the score is weighted by rows, as
    that of the evaluation (E5) is.
    """
    departments = sorted({each.provider for each in entries})
    rows = []
    for department in departments:
        mine = [each for each in entries if each.provider == department]
        there = [each for each in mine if each.origin in live]
        own = [live[each.origin] for each in there if not each.origin.startswith("grant ")]
        share = f"{len(there) / len(mine):.1%}"
        last = max((each.last for each in own), default="")
        count = sum(each.rows for each in own)
        rows.append((department, len(mine), len(there), share, count, last, _weighted(own)))
    return OutputTable(
        "接入统一共享平台情况",
        ("部门", "目录条目数", "已接入数", "接入率", "记录数", "最近更新", "数据质量得分"),
        rows,
        f"截至 {today}。已接入：最近一批数据已收到，或库表、数据集已发布；"
        "记录数不重复计入授权使用的条目；数据质量得分按记录数加权平均。",
    )


def _weighted(live: Sequence[Live]) -> float | None:
    scored = [(each.score, each.rows) for each in live if each.score is not None]
    rows = sum(count for _, count in scored)
    return round(sum(score * count for score, count in scored) / rows, 1) if rows else None


def registration_table(entries: Sequence[Entry], live: Mapping[str, Live]) -> OutputTable:
    """公共数据资源登记: what is open or authorised; fields that were not confirmed say so."""
    wanted = [each for each in entries if each.is_open or each.origin.startswith("grant ")]
    return OutputTable(
        "公共数据资源登记表",
        (
            *("资源名称", "资源代码", "登记主体", "登记主体代码", "资源摘要", "数据项", "资源格式"),
            *("更新频率", "数据规模（条）", "利用方式", "使用条件", "数据分类分级", "最近更新"),
            "资源来源（待确认字段）",
        ),
        [
            (
                e.name, e.code, e.provider, e.provider_code, e.summary,
                "、".join(item.name for item in e.items), "、".join(e.formats), e.cycle,
                live[e.origin].rows if e.origin in live else None,
                "开放" if e.is_open else "授权使用", e.open_condition or e.share_condition,
                e.grade, live[e.origin].last if e.origin in live else "",
                "依法履职过程中收集、产生",
            )
            for e in wanted
        ],
        "字段参照《公共数据资源登记管理暂行办法》公开内容整理；登记平台的填报格式未公开，"
        "“待确认字段”以平台要求为准。",
    )  # fmt: skip
