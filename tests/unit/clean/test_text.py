"""Free text: tidy, and nothing else."""

from cleaning_laws import LAW, is_idempotent, is_total, outcomes, texts_of
from hypothesis import given

from pipelines.clean.text import text

TIDIED = {
    "第一 中学": "第一 中学",
    "\u3000食品经营许可证　": "食品经营许可证",
    "JY１３３０１": "JY13301",
    "云州&middot;一中": "云州·一中",
    "": None,
    None: None,
}


def test_tidied(clean):
    found = outcomes(clean, text(), TIDIED)
    assert {t: o.value for t, o in found.items()} == TIDIED
    assert [t for t, o in found.items() if o.rules] == []


def test_nothing_said(clean):
    found = outcomes(clean, text(), ["无", "-", "N/A", "不详"])
    assert {(o.value, *o.rules) for o in found.values()} == {(None, "NO_VALUE")}


@LAW
@given(texts_of("第一中学AB12 "))
def test_total_and_idempotent(clean_fast, texts):
    is_total(clean_fast, text(), texts)
    is_idempotent(clean_fast, text(), texts)


def test_a_lost_character_is_marked_and_told(clean):
    texts = ["\ufffd\ufffd中学", "字\ue005典", "中学\U000f0001", "谁？", "\ufffd"]
    found = outcomes(clean, text(), texts)
    assert [(o.value, *o.rules) for o in found.values()] == [
        ("??中学", "LOST_CHARACTER"),
        ("字?典", "LOST_CHARACTER"),
        ("中学?", "LOST_CHARACTER"),
        ("谁?",),
        ("?", "LOST_CHARACTER"),
    ]
