"""What a report says of a delivery as a whole."""

from types import SimpleNamespace

from pipelines.extract.formats.encodings import Encoding
from pipelines.extract.reading import _encoding_remarks
from pipelines.flows.source.report.content import _remarks

CUT = "b.csv：最后一行不完整，也没有换行符。"


def test_only_another_encoding_is_told_as_one():
    encodings = {"户籍.csv": Encoding("utf-8", "gb18030"), "x": Encoding("utf-8", "auto")}
    record = SimpleNamespace(remarks=(*_encoding_remarks(encodings), CUT), unmapped_columns=())
    other, cut = _remarks(record, "zh")
    assert other.endswith("（约定 → 实际）：户籍.csv: gb18030 → utf-8")
    assert cut == CUT
