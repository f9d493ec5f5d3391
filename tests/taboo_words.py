"""Words that no reader of an output meets: each stands beside what is said instead.

Owners, stewards and leaders read official Chinese and none of the project's own terms. The table is
the one that was agreed with them; what is left out of a text deliberately is named where it is.
"""

import re
from collections.abc import Mapping, Sequence

INSTEAD: Mapping[str, str] = {
    "质量关卡": "质量校验（门禁）",
    "数据契约": "数据对接约定（报送目录）",
    "被新版取代": "同批重复，已采用较新的一条",
    "不能使用": "无法入库",
    "被隔离": "无法入库",
    r"请对照(?:该数据元的)?代码表": "请填写：10 未婚、20 已婚、…",
    r"登记为：\*{3}(?!\w)": "双方登记不一致（如何不一致）",
    "与权威部门不一致": "与该项的数源部门（××局）登记不一致，基础库暂以数源部门为准",
    "请附依据提出异议": "认为本部门正确的，请在“确认无误”选“是”，并在“说明”写明依据",
    "（文本）": "证照编号（ZZBH）",
    "实测": "实际 49.0 %",
    "要求 ?[≤≥]": "上限 20 %",
    "匹配权重": "证据强弱",
    "比特": "证据强弱",
    "实体": "归并结果，自然人、法人……",
    "founding_record": "首条记录",
    "冲突": "证据矛盾",
    "待定": "疑似同一人",
}


def taboo_words(text: str, allowed: Sequence[str] = ()) -> list[str]:
    """What of a text should be said otherwise, each with its neighbourhood and what to say."""
    return [
        f"…{text[max(found.start() - 12, 0) : found.end() + 12]}… → {instead}"
        for words, instead in INSTEAD.items()
        if words not in allowed
        for found in re.finditer(words, text)
    ]
