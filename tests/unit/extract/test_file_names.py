"""A file's name goes everywhere, so what looks like a person in it goes nowhere."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.extract.connections.files import copy_files, fingerprint
from pipelines.extract.file_names import known_name

NUMBER, OLD, MOBILE = "110105194912310021", "110105491231002", "13800138000"


@pytest.mark.parametrize(
    ("delivered", "known"),
    [
        (f"王小明_{NUMBER}.xlsx", "王xx_1101xxxxxxxxxxxxx1.xlsx"),
        (f"户籍-欧阳娜娜-{MOBILE}.csv", "户籍-欧阳xx-1380xxxxxx0.csv"),
        (f"{OLD}x.csv".replace("x.", "."), "1101xxxxxxxxxx2.csv"),
        (f"户口迁移变更登记{NUMBER[:-1]}X.CSV", "户口迁移变更登记1101xxxxxxxxxxxxxX.CSV"),
        ("王小明.xlsx", "王小明.xlsx"),
        ("scztxx_20260630.csv", "scztxx_20260630.csv"),
        ("hj_20260630123000123456.csv", "hj_20260630123000123456.csv"),
        ("91110105PDY0000121.csv", "91110105PDY0000121.csv"),
    ],
)
def test_what_looks_like_a_person_is_hidden_and_all_else_stays(delivered: str, known: str):
    assert known_name(delivered) == known
    assert known_name(known) == known


@given(st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), max_size=40))
def test_a_known_name_stays_as_it_is(name: str):
    assert known_name(known_name(name)) == known_name(name)


def test_copies_have_known_names_and_say_the_same(tmp_path: Path):
    delivered = [tmp_path / f"{n}.csv" for n in (NUMBER, "110105200001010021", "0", "2", "a1")]
    for file in delivered:
        file.write_text(file.name)
    copy_files(delivered, tmp_path / "landed")
    copies = sorted((tmp_path / "landed").iterdir())
    names = ["0.csv", "1101xxxxxxxxxxxxx1-2.csv", "1101xxxxxxxxxxxxx1.csv", "2.csv", "a1.csv"]
    assert [file.name for file in copies] == names
    assert fingerprint(copies) == fingerprint(delivered)
