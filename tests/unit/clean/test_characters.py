"""Characters: against the standard library's own NFKC, on every engine."""

import unicodedata

import pytest
from cleaning_laws import LAW, ODD, any_text
from hypothesis import given
from hypothesis import strategies as st

from pipelines.clean import characters
from pipelines.clean.parsing.parser import Derive, Parsed, Parser

TIDY = Parser(characters.TEXT_STEPS, lambda s: Parsed(s.text))

COMPATIBLE = {
    "ＡＢＣ（１２３）": "ABC(123)",
    "⽊⼀㊣": "木一正",
    "①⑩㈱Ⅲ½": "110(株)III1⁄2",
    "豈\u3000\xa0": "豈  ",
    "李\ue863": "李䶮",  # private use of GBK
    # Those that got a code point only with GB 18030-2005 and -2022, as the standard prints them.
    "\ue816\ue817\ue818\ue81e\ue826\ue82b\ue82c": "𠂇𠂉𠃌龴龵龶龷",
    "\ue831\ue832\ue83b\ue843\ue854\ue855\ue864": "𡗗龸𢦏龹龺𤇾龻",
    "张三·abc": "张三·abc",
    "\U00020164": "\U00020164",
    None: None,
}
STRIPPED = {
    " 张 三 ": "张 三",
    "a\t\r\n b": "a b",
    "\ufeff\u200babc\u200d": "abc",
    "\u3000\u3000": "",
    "\x00a\x07": "a",
    "abc": "abc",
    "": "",
    None: None,
}
REMOVED = {" 1101\u300005 1949\ufeff1231\t002X\n": "11010519491231002X", "": "", None: None}
DECODED = {
    "阿依仙&#8226;肉孜别克": "阿依仙•肉孜别克",
    "买买提&middot;艾力&nbsp;": "买买提·艾力 ",
    "买买提&amp;middot;艾力": "买买提·艾力",
    "&#x4DAE;&#131428;": "䶮\U00020164",
    "A&T&amp;B": "A&T&B",
    "lt;a&lt;b": "lt;a<b",
    "&;&&bogus;&#xD800;&#1114112;&#0;": "&;&&bogus;&#xD800;&#1114112;&#0;",
    "a&b;c": "a&b;c",
    None: None,
}
SAYS_NOTHING = ["无", "不详", "NULL", "n/a", "N/A", "-", "—", "/", "***", "。。", "\\N"]
SAYS_SOMETHING = ["", "无锡", "张无忌", "?", "0", "a-b", "空军", "nullable", "无\n"]


def derived(function, *, kind="string") -> Parser:
    """A parser that does nothing but apply one function."""
    step = Derive(lambda s: {"made": function(s.raw)})
    return Parser((step,), lambda s: Parsed(s.made), kind)


@pytest.mark.parametrize(
    ("function", "examples"),
    [
        (characters.nfkc, COMPATIBLE),
        (characters.strip_spaces, STRIPPED),
        (characters.remove_spaces, REMOVED),
        (characters.decode_entities, DECODED),
    ],
)
def test_by_example(clean, function, examples):
    outcome = clean(derived(function), list(examples))
    assert dict(zip(examples, [o.value for o in outcome], strict=True)) == examples


def test_placeholders(clean):
    expected = dict.fromkeys(SAYS_NOTHING, True) | dict.fromkeys(SAYS_SOMETHING, False)
    outcome = clean(derived(characters.is_placeholder, kind="boolean"), list(expected))
    assert dict(zip(expected, [o.value for o in outcome], strict=True)) == expected


def test_every_single_character_as_unicodedata_has_it(clean):
    private_use = {chr(code) for code in range(0xE815, 0xE865)}
    every = [c for c in map(chr, range(0x30000)) if not 0xD800 <= ord(c) <= 0xDFFF]
    changed = [c for c in every if not unicodedata.is_normalized("NFKC", c)]
    changed = [c for c in changed if c not in private_use]
    # Twenty to a text: a character must come out right beside others, too.
    texts = ["\u0001".join(changed[i : i + 20]) for i in range(0, len(changed), 20)]
    outcome = clean(derived(characters.nfkc), texts)
    assert [o.value for o in outcome] == [unicodedata.normalize("NFKC", t) for t in texts]


@LAW
@given(st.lists(st.integers(0xA0, 0x2FFFF).filter(lambda c: not 0xD800 <= c < 0xE000), min_size=1))
def test_numeric_entities_become_their_characters(clean_fast, codes):
    texts = [f"x&#{code};y&#x{code:X};" for code in codes]
    outcome = clean_fast(derived(characters.decode_entities), texts)
    assert [o.value for o in outcome] == [f"x{chr(code)}y{chr(code)}" for code in codes]


@LAW
@given(st.lists(st.one_of(any_text, st.text(st.sampled_from(ODD + "ab中文"))), min_size=1))
def test_tidy_text_is_normal_and_has_no_needless_space(clean_fast, texts):
    for before, (after, _, _) in zip(texts, clean_fast(TIDY, texts), strict=True):
        assert after == after.strip(" "), before
        assert "  " not in after
        assert all(unicodedata.is_normalized("NFKC", c) for c in after)
