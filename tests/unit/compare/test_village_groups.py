"""Village groups in addresses: one spelling, wherever they are written."""

import ibis
import pytest

from pipelines.compare.values import normal_form
from pipelines.compare.village_groups import with_plain_groups


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("马家湾村三组", "马家湾村3组"),
        ("马家湾村第3村民小组", "马家湾村3组"),
        ("马家湾村3队", "马家湾村3组"),
        ("马家湾村三社", "马家湾村3组"),
        ("马家湾村第十二村民小组8号", "马家湾村12组8号"),
        ("马家湾村二十组", "马家湾村20组"),
        ("马家湾村03组15号", "马家湾村3组15号"),
        ("南张村6组106号", "南张村6组106号"),
        ("迎春路3社区12号", "迎春路3社区12号"),  # a community, no group
        ("消防队", "消防队"),
        ("迎春路1号", "迎春路1号"),
    ],
)
def test_groups_have_one_spelling(con, written, plain):
    assert con.execute(with_plain_groups(ibis.literal(written))) == plain


def test_addresses_of_one_group_have_one_key(con):
    whole = "示范省示范市示范县红旗镇马家湾村第三村民小组12号"
    key = con.execute(normal_form(ibis.literal(whole), "address"))
    assert con.execute(normal_form(ibis.literal("红旗镇马家湾村3社12号"), "address")) == key
