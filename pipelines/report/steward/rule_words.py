"""Reasons of the identity ledger in a steward's words: which rule, what contradicts what.

Matching rules are named by what they claim (``same_name_and_mobile``), so their words are made of
the parts of the name; what is no claim has words of its own.
"""

from collections.abc import Mapping
from typing import Final

from pipelines.libraries import Library

_PARTS: Final[Mapping[str, str]] = {
    "name": "名称", "full_name": "全称", "unique_name": "名称（全库唯一）", "mobile": "手机号码",
    "birth_date": "出生日期", "address": "地址", "employer": "工作单位", "school": "就读学校",
    "sex": "性别", "region": "行政区划", "citizen_id": "公民身份号码", "uscc": "统一社会信用代码",
    "organization_code": "组织机构代码", "registration_number": "注册号", "phone": "联系电话",
    "legal_representative": "法定代表人", "establishment_date": "成立日期", "type": "证照类型",
    "number": "证照编号", "issuer": "颁发机构", "issuer_name": "颁发机构名称",
    "license_identifier": "电子证照标识",
}  # fmt: skip
_HOW: Final[Mapping[str, str]] = {"same": "相同", "similar": "相近", "damaged": "有缺字"}
WORDS: Final[Mapping[str, str]] = {
    "founding_record": "首条记录",
    "match_by_score": "综合比对",
    "score": "综合比对",
    "decided_same": "人工判定为同一",
    "same_person_under_two_numbers": "疑似一人两号",
    "published_ids_merge": "已发布的两个标识将合并",
    "published_id_splits": "已发布的标识将拆分",
    "other_name_and_birth_date": "号码相同，但姓名、出生日期均不同",
    "other_name_and_no_birth_date": "号码相同，但姓名完全不同，又无出生日期可核对",
    "other_birth_date_and_no_name": "号码相同，但出生日期不同，又无姓名可核对",
    "two_persons_with_one_number": "两人同号：其他各项均不相同",
    "id_belongs_to_another_person": "号码属于另一人：姓名、出生日期与该人一致",
    "branch_filed_under_the_code_of_its_parent": "分支机构误用了上级机构的代码",
    "other_name_and_nothing_in_common": "代码相同，但名称不同，其他各项也无一相同",
    "code_of_an_earlier_registration": "代码属于此前的另一次登记",
    "code_belongs_to_another_organization": "代码属于另一机构：其他各项与该机构一致",
    "code_of_one_of_two_registrations": "代码属于两次登记中的一次，无法确定是哪一次",
    "first_record_of_its_entity": "首次出现的记录",
    "its_records_now_belong_together": "所属记录现归并为一个",
    "further_records_belong_to_it": "有新的记录归入",
    "its_records_no_longer_belong_together": "所属记录不再归并为一个",
    "all_its_records_are_gone": "全部记录已不再报送",
    "its_record_came_back": "记录重新报送",
    "its_record_came_back_to_another_entity": "记录重新报送，归入另一标识",
    "unexplained": "原因不明",
    "conflict": "证据矛盾",
    "potential_match": "疑似同一对象",
    "budget": "标识变化超出限额",
    "audit": "抽查",
    "unmerge": "人工拆出",
    "move": "人工移动",
}
# As what an entity is linked to one of another library.
LINKS: Final[Mapping[str, str]] = {"holder": "持证主体", "legal_representative": "法定代表人"}
_NO_LONGER: Final = "no_longer_"


def rule_words(code: str | None, library: Library) -> str:
    """A reason in Chinese; one that nobody has put into words, by its name.

    Args:
        code: Of a matching rule, a contradiction, a cause or an event.
        library: Says what a name is of: of a person or of an organisation.
    """
    if not code:
        return ""
    if code in WORDS:
        return WORDS[code]
    if code.startswith(_NO_LONGER):
        return f"不再成立：{rule_words(code.removeprefix(_NO_LONGER), library)}"
    return _claim_words(code, library) or code


def _claim_words(code: str, library: Library) -> str:
    """``same_name_and_mobile_and_similar_birth_date``: 姓名、手机号码相同，出生日期相近."""
    how, groups = "same", list[tuple[str, list[str]]]()
    for part in code.split("_and_"):
        word, _, rest = part.partition("_")
        if word in _HOW and rest:
            how, part = word, rest
        title = _PARTS.get(part)
        if title is None:
            return ""
        if part.endswith("name") and library.entity == "person":
            title = title.replace("名称", "姓名").replace("全称", "姓名")
        if not groups or groups[-1][0] != how:
            groups.append((how, []))
        groups[-1][1].append(title)
    return "，".join(f"{'、'.join(titles)}{_HOW[how]}" for how, titles in groups)
