from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.governance.resources.entry import Entry, Item

GOOD = Entry(
    origin="source market_regulation__signs",
    code="307006/000009",
    classification=("部门信息资源", "省及以下", "市场监督管理"),
    name="户外招牌备案",
    provider="江城市市场监督管理局",
    provider_code="91350100M000100Y43",
    summary="商户悬挂招牌时向市场监督管理部门备案的内容，用于日常巡查。",
    format_class="电子表格",
    formats=("xlsx",),
    items=(Item("招牌名称", "C", "60"), Item("备案日期", "D"), Item("面积", "N", "8,2")),
    share_type="有条件共享",
    share_condition="用于城市管理执法",
    share_mode="共享平台",
    share_submode="文件下载",
    open="0",
    open_condition="",
    cycle="每月",
    published_on="2026-03-02",
    related=(),
    grade="一般数据1级",
    responsible="登记科",
)


@pytest.fixture
def good():
    """An entry without fault, and how one of its fields is changed."""
    return lambda **changed: replace(GOOD, **changed)


@pytest.fixture
def shapes():
    return Path(__file__).parents[2] / "fixtures/dcat_ap"
