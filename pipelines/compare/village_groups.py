"""Village groups (村民小组) in addresses: one spelling for 三组, 3组, 第3村民小组, 3队 and 三社."""

import ibis
import ibis.expr.types as ir

_NUMBER = "[0-9一二三四五六七八九十]{1,3}"
# 社 is a group in the north-west and south-west; 3社区 is a community, and no group.
_UNIT = "(?:村民小组|村民组|生产小组|生产队|小组|组|队|社)"
_GROUP = f"第?({_NUMBER}){_UNIT}([^区]|$)"
_DIGITS = "一二三四五六七八九", "123456789"


def with_plain_groups(address: ir.StringValue) -> ir.StringValue:
    """An address with its village group written as ``<digits>组``; others stay as they are."""
    found = address.re_extract(_GROUP, 0)
    said = address.re_extract(f"第?{_NUMBER}{_UNIT}", 0)
    is_group = (found != "") & (said != "") & found.startswith(said)
    plain = _digits(address.re_extract(_GROUP, 1)) + "组"
    return ibis.ifelse(is_group.fill_null(False), address.replace(said, plain), address)


def _digits(number: ir.StringValue) -> ir.StringValue:
    """二十三 is 23, 十 is 10, 十二 is 12, 二十 is 20; leading zeros are left out."""
    ones = number.translate(*_DIGITS)
    ten = ones.re_replace("^十$", "10").re_replace("^十", "1").re_replace("十$", "0")
    return ten.replace("十", "").re_replace("^0+([0-9])", r"\1")
