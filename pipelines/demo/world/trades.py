"""Trades, organisation forms and made-up trade names (字号) of the city's legal entities."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.demo.text import Ints
from pipelines.demo.world.words import words


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

SIGNS: str = words("trade_name_characters")
INSTITUTION_KINDS: list[str] = words("institutions")
ASSOCIATION_KINDS: list[tuple[str, str]] = words("associations")
ORGANS: list[str] = words("organs")  # the first four issue licences


def trade_names(order: Ints) -> pa.Array:
    """A different 字号 for each number: two signs while they last, then three.

    Neighbouring numbers give names that look unlike each other.
    """
    base = len(SIGNS)
    signs = np.array(list(SIGNS))
    place = order * 769 % base**2
    two = np.char.add(signs[place // base], signs[place % base])
    more = order // base**2
    third = np.where(more > 0, signs[(more - 1) % base], "")
    return pa.array(np.char.add(two, third), pa.string())
