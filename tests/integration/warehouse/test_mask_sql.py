"""PostgreSQL masks like Python does: the third tongue of one rule."""

import pytest
from sqlalchemy import text

from pipelines.clean.masking import mask_sql, mask_text
from pipelines.warehouse import connect

KINDS = ["none", "identity_number", "person_name", "phone", "address", "last4", "all"]
VALUES = [
    *(
        "",
        "1",
        "张三",
        "张三丰",
        "买买提·吐尔逊",
        "11010519491231002X",
        "13800138000",
        "0571-87654321",
    ),
    *(
        "浙江省杭州市余杭区仓前街道文一西路969号",
        "文一路9号3幢502室",
        "9号",
        "贵州省平塘县掌布乡开花寨村",
    ),
    *("江苏省镇江市丹徒区高桥镇1号", "新乡市", "a" * 30, "O'Neil \\ {v} %s"),
]


@pytest.mark.parametrize("kind", KINDS)
def test_postgres_and_python_agree(module_settings, kind):
    statement = text(f"SELECT {mask_sql('v', kind)} FROM unnest(CAST(:v AS text[])) AS t(v)")
    with connect(module_settings).connect() as connection:
        shown = connection.execute(statement, {"v": [*VALUES, None]}).scalars().all()
    assert shown == [*(mask_text(value, kind) for value in VALUES), None]


# Written out, for what PostgreSQL is compared with above has the same constants.
SHOWN = {
    ("none", "张三"): "张三",
    ("identity_number", "11010519491231002X"): "1101*************X",
    ("identity_number", "1234567"): "*******",
    ("person_name", "张三"): "*三",
    ("person_name", "买买提·吐尔逊"): "买*****逊",
    ("phone", "13800138000"): "138****8000",
    ("phone", "0571876543"): "**********",
    ("address", "浙江省杭州市余杭区仓前街道文一西路969号"): "浙江省杭州市余杭区仓前街道***",
    ("last4", "6222020000001234"): "************1234",
    ("last4", "1234567"): "*******",
    ("all", "张三"): "***",
}


def test_what_postgres_shows_by_example(module_settings):
    with connect(module_settings).connect() as connection:
        for (kind, value), expected in SHOWN.items():
            statement = text(f"SELECT {mask_sql('v', kind)} FROM (VALUES (CAST(:v AS text))) t(v)")
            assert connection.execute(statement, {"v": value}).scalar() == expected, (kind, value)


def test_a_date_can_be_hidden(module_settings):
    statement = text(f"SELECT {mask_sql('d', 'all')} FROM (VALUES (date '2000-01-01')) AS t(d)")
    with connect(module_settings).connect() as connection:
        assert connection.execute(statement).scalar() == "***"
