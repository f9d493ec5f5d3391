"""Trades, organisation forms and made-up trade names (字号) of the city's legal entities."""

from dataclasses import dataclass

import numpy as np

from pipelines.demo.text import Ints


@dataclass(frozen=True)
class Trade:
    """A line of business: the words for it, its GB/T 4754-2017 class with the section letter."""

    word: str
    industry: str
    shop: str  # what an individual business of this trade is called
    share: float


TRADES = (
    Trade("商贸", "F5299", "商店", 0.16),
    Trade("科技", "I6513", "电脑维修部", 0.12),
    Trade("建筑工程", "E4790", "装修服务部", 0.08),
    Trade("餐饮管理", "H6210", "餐馆", 0.10),
    Trade("物流", "G5431", "货运服务部", 0.06),
    Trade("食品", "C1419", "食品店", 0.07),
    Trade("医药", "F5251", "药店", 0.03),
    Trade("房地产开发", "K7010", "房屋中介服务部", 0.03),
    Trade("文化传媒", "L7251", "打字复印店", 0.06),
    Trade("农业发展", "A0149", "种植园", 0.05),
    Trade("机械设备", "C3499", "五金店", 0.06),
    Trade("服装", "C1819", "服装店", 0.06),
    Trade("汽车服务", "O8111", "汽车修理店", 0.05),
    Trade("教育咨询", "P8399", "培训中心", 0.04),
    Trade("装饰设计", "E5011", "广告部", 0.03),
)
TRADE_SHARES = np.array([trade.share for trade in TRADES]) / sum(t.share for t in TRADES)

COMPANY_FORMS = ("有限公司", "有限责任公司", "股份有限公司")
PARTNERSHIP = "中心（有限合伙）"

# 字号 are two or three of these: 40 x 40, and 40 times as many when those are used up.
SIGNS = "瑞恒盛泰鑫隆佳远达通华顺诚源宏嘉德润丰康安信和兴盈博腾众海天云翔锦凯正合祥裕昌茂"

INSTITUTION_KINDS = (
    "第{}中学", "第{}小学", "第{}幼儿园", "第{}人民医院", "第{}社区卫生服务中心", "图书馆{}分馆", "文化馆{}分馆",
    "水利管理{}站", "农业技术推广{}站", "不动产登记中心{}所",
)  # fmt: skip
ASSOCIATION_KINDS = (
    ("51", "{}商会"), ("51", "{}行业协会"), ("51", "{}摄影协会"), ("52", "{}养老服务中心"), ("52", "{}幼儿园"),
    ("52", "{}职业培训学校"), ("53", "{}慈善基金会"),
)  # fmt: skip

# Departments of the province and city, whose codes come first in the range (organs, 11). The first
# four issue licences; the last defines their types.
ORGANS = (
    "云州市市场监督管理局", "云州市卫生健康委员会", "云州市交通运输局", "云州市住房和城乡建设局",
    "云州市公安局", "云州市民政局", "云州市教育局", "云州市人力资源和社会保障局", "云州市委机构编制委员会办公室",
    "云州市财政局", "云州市自然资源局", "云州市数据局",
)  # fmt: skip


def trade_names(order: Ints) -> list[str]:
    """A different 字号 for each number: two signs while they last, then three.

    Neighbouring numbers give names that look unlike each other.
    """
    base = len(SIGNS)
    names = []
    for place in (order * 769 % base**2).tolist():
        names.append(SIGNS[place // base] + SIGNS[place % base])
    third = order // base**2
    return [
        name if not more else name + SIGNS[(more - 1) % base]
        for name, more in zip(names, third.tolist(), strict=True)
    ]
