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


def test_a_date_can_be_hidden(module_settings):
    statement = text(f"SELECT {mask_sql('d', 'all')} FROM (VALUES (date '2000-01-01')) AS t(d)")
    with connect(module_settings).connect() as connection:
        assert connection.execute(statement).scalar() == "***"
