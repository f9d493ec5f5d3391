"""How values are compared: what counts as the same, what as excusable, what as another."""

import ibis
import pytest

from pipelines.compare import values as compare


def holds(con, condition):
    return con.execute(condition)


def text(value):
    return ibis.literal(value, type="string")


@pytest.mark.parametrize(
    ("left", "right", "agrees", "compatible", "disjoint"),
    [
        ("王伟", "王伟", True, True, False),
        ("王喆明", "王?明", True, True, False),
        ("王小明", "王小亮", False, True, False),
        ("张三", "李四", False, False, True),
        ("张建国", "张铁柱", False, False, False),
        ("??", "李四", False, False, True),
        ("买买提", "买买提江", False, True, False),
        ("王伟", "伟", False, True, False),
    ],
)
def test_person_names(con, left, right, agrees, compatible, disjoint):
    left, right = text(left), text(right)
    assert holds(con, compare.names_agree(left, right)) == agrees
    assert holds(con, compare.names_compatible(left, right)) == compatible
    assert holds(con, compare.names_disjoint(left, right)) == disjoint


@pytest.mark.parametrize(
    ("left", "right", "similar"),
    [
        ("1990-03-05", "1990-03-05", True),
        ("1990-03-05", "1990-05-03", True),
        ("1990-03-05", "1990-03-06", True),
        ("1990-01-01", "1990-07-19", True),
        ("1990-03-05", "1990-04-24", True),
        ("1990-03-05", "1991-04-06", False),
    ],
)
def test_dates(con, left, right, similar):
    assert holds(con, compare.dates_similar(text(left), text(right))) == similar


@pytest.mark.parametrize(
    ("left", "right", "similar"),
    [
        ("示范市新星贸易有限公司", "新星贸易有限公司", True),
        ("示范市新星贸易有限公司", "示范市新星贸易有线公司", True),
        ("示范市新星贸易有限公司", "示范市老张粮油商行", False),
        ("甲厂", "示范市甲厂", False),
    ],
)
def test_organization_names(con, left, right, similar):
    assert holds(con, compare.organizations_similar(text(left), text(right))) == similar


@pytest.mark.parametrize(
    ("name", "branch"),
    [
        ("示范市超市有限公司海淀分公司", True),
        ("示范市农商银行股份有限公司朝阳支行", True),
        ("示范市超市有限公司", False),
        ("示范市分行业研究所", False),
    ],
)
def test_branches_are_known_by_their_names(con, name, branch):
    assert holds(con, compare.is_branch(text(name))) == branch


@pytest.mark.parametrize(
    ("element", "written", "also"),
    [
        ("person_name", "阿里·买买提", "阿里买买提"),
        ("person_name", "王□明", "王?明"),
        ("organization_name", "示范市（东城）A有限责任公司", "示范市(东城)a有限公司"),
        ("address", "幸福路1号, 2单元", "幸福路1号2单元"),
        ("address", "示范省云州市东湖区幸福路1号", "东湖区幸福路1号"),
        ("address", "云州市幸福小区3号楼", "幸福小区3号楼"),
        ("phone", "010-12345678", "01012345678"),
        (
            "license_identifier",
            "1.2.156.3005.2.T.I.1.001.A",
            "1.2.156.3005.2.T.I.1.002.8",
        ),
    ],
)
def test_two_spellings_have_one_key(con, element, written, also):
    one = holds(con, compare.normal_form(text(written), element))
    assert one == holds(con, compare.normal_form(text(also), element))
    assert one


def test_addresses_with_other_house_numbers_do_not_have_one_key(con):
    one, other = (compare.normal_form(text(a), "address") for a in ("幸福路1-2号", "幸福路12号"))
    assert not holds(con, one == other)
