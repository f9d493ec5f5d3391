"""Validation of an owner's answers before they enter the correction ledger.

A corrected value goes through the very parsers that found the fault, together with everything else
that was answered about its row: it is taken if the fault is gone and no other has come.
"""

import ibis
import ibis.expr.types as ir

from pipelines.quality.issues import CLOSED

ANSWER_SCHEMA = {
    "place": "string",
    "sheet": "string",
    "position": "int64",
    "fingerprint": "string",
    "correction": "string",
    "confirmed": "boolean",
    "note": "string",
    "problem": "string",
    "for_all": "boolean",
}
ANSWERED_ISSUE_SCHEMA = {
    "fingerprint": "string",
    "source": "string",
    "layer": "string",
    "record": "string",
    "column_name": "string",
    "rule": "string",
    "state": "string",
    "batch": "string",
    "file": "string",
    "line": "int64",
    "value_digest": "string",
    "told_digest": "string",
    "shared": "int64",
}
# Where the issue is one of two columns, an answer may be about the other: ``target``; ``stated`` is
# the column of which a note says that it is wrong.
ROUTED_SCHEMA = {**ANSWER_SCHEMA, "target": "string", "stated": "string"}
# Verdict -> the sentence that its sender reads; the first four are applied.
VERDICTS = {
    "accepted": "更正已采纳",
    "confirmed": "“确认无误”已登记",
    "promised": "说明已登记，等待数源系统更正",
    "unchanged": "未填写",
    "same_value": "更正值与报送的原值相同；原值无误的，请选“确认无误”并写明理由",
    "still_wrong": "更正值仍不符合要求",
    "made_worse": "更正后该行出现新的问题",
    "still_differs": "更正值与对方部门的登记仍不一致；认为本部门正确的，请在“说明”写明依据",
    "doubtful": "疑似填错位置，请核对",
    "needs_reason": "填写“确认无误”时必须在“说明”中写明理由",
    "contradictory": "同一问题或同一字段有互相矛盾的答复",
    "not_correctable": "整行问题或无主键的行无法在表中更正，请在业务系统更正后重新报送",
    "overtaken": "数源在告知之后已报送了另外的值，请以新的报告为准",
    "already_closed": "该问题已经解决",
    "unreadable": "该行无法读取",
    "unknown_row": "问题编号不存在，请勿改动问题编号或新增行",
}
VERDICTS_EN = {
    "accepted": "Correction taken",
    "confirmed": "Noted that the value is right",
    "promised": "Statement noted; your system is to be corrected",
    "unchanged": "Not filled in",
    "same_value": "The corrected value is the one that was delivered; if it is right,"
    " choose 确认无误 and say why",
    "still_wrong": "The corrected value is still wrong",
    "made_worse": "With the correction the row has another problem",
    "still_differs": "The corrected value still differs from the other department;"
    " if yours is right, say why in 说明",
    "doubtful": "It may stand in the wrong place; please check",
    "needs_reason": "Say in 说明 why the value is right",
    "contradictory": "Answers about one problem or one value contradict each other",
    "not_correctable": "A whole row, or one without a key, cannot be corrected in the sheet:"
    " deliver it again",
    "overtaken": "Another value was delivered since; see the newer report",
    "already_closed": "The problem is solved already",
    "unreadable": "The line cannot be read",
    "unknown_row": "No such 问题编号: leave it as it is, and add no lines",
}
# Two columns contradict each other, and the issue stands at one of them: who confirms it because
# the other is wrong has not said that all is right, so the issue stays open until that is repaired.
_OF_TWO_COLUMNS = ("BIRTH_MISMATCH", "SEX_MISMATCH", "USCC_ORG_CODE_MISMATCH")
_OTHER_IS_WRONG = "(号码|身份证|证件号|代码)[^，。；无没不未]{0,8}(错|误|不对|不符|更正|改)"
APPLIED = ("accepted", "confirmed", "promised")
STATED = "stated"  # in the ledger: an owner has said that the value of a column is wrong


def first_verdicts(answers: ir.Table, issues: ir.Table) -> ir.Table:
    """The verdicts that need no look at the delivered row.

    Args:
        answers: ``ROUTED_SCHEMA``; without the last two, an answer is about its issue's column.
        issues: ``ANSWERED_ISSUE_SCHEMA``, the issues that they name.

    Returns:
        Both joined, and ``verdict``; NULL where the corrected value has to be looked at.
        ``target`` is the column that is answered.
    """
    lacking = {n: ibis.null("string") for n in ("target", "stated") if n not in answers.columns}
    routed = answers.mutate(**lacking)
    joined = routed.left_join(issues, "fingerprint").drop("fingerprint_right")
    joined = joined.mutate(target=ibis.coalesce(joined.target, joined.column_name))
    answered = joined.correction.notnull() | joined.confirmed | (joined.note != "")
    content = ibis.ifelse(joined.confirmed, "\x1e", joined.correction)
    issue, value = [joined.fingerprint, joined.target], [joined.record, joined.target]
    order = [answered.desc(), joined.place]
    joined = joined.mutate(
        answered=answered,
        differ=_differ(content, issue),
        values=_differ(joined.correction, value),
        repeat=ibis.row_number().over(group_by=issue, order_by=order),
    )
    contradicts = (joined.confirmed & joined.correction.notnull()) | joined.differ
    contradicts |= joined.correction.notnull() & joined["values"]
    value_changed = joined.told_digest.notnull() & (joined.told_digest != joined.value_digest)
    other_is_wrong = joined.rule.isin(_OF_TWO_COLUMNS) & joined.note.re_search(_OTHER_IS_WRONG)
    other_is_wrong |= joined.stated.notnull()
    verdict = ibis.cases(
        (joined.problem.notnull(), "unreadable"),
        (joined.source.isnull(), "unknown_row"),
        (~joined.answered, "unchanged"),
        (contradicts, "contradictory"),
        (joined.repeat > 0, "unchanged"),
        (joined.state.isin(CLOSED), "already_closed"),
        (value_changed | joined.file.isnull(), "overtaken"),
        (joined.confirmed & (joined.note == ""), "needs_reason"),
        (joined.confirmed & other_is_wrong, "promised"),
        (joined.correction.notnull() & (joined.column_name == ""), "not_correctable"),
        (joined.confirmed, "confirmed"),
        (joined.correction.isnull(), "promised"),
        else_=ibis.null("string"),
    )
    return joined.mutate(verdict=verdict).drop("answered", "differ", "repeat", "values")


def row_findings(parsed: ir.Table) -> ir.Table:
    """``file, line, column_name, rule``: findings that count, and reasons for quarantine."""
    each = parsed.select("_file", "_line", finding=parsed.findings.unnest())
    found = each.filter(each.finding["severity"] != "info").select(
        file="_file",
        line=each["_line"].cast("int64"),
        column_name=each.finding["column"],
        rule=each.finding["rule"],
    )
    reasons = parsed.select("_file", "_line", rule=parsed.reject_reasons.unnest())
    rejected = reasons.select(
        file="_file",
        line=reasons["_line"].cast("int64"),
        column_name=ibis.literal(""),
        rule=reasons.rule,
    )
    return found.union(rejected, distinct=True)


def judge_corrections(
    candidates: ir.Table,
    delivered: ir.Table,
    before: ir.Table,
    after: ir.Table,
    agreement: ir.Table | None = None,
) -> ir.Table:
    """Give each corrected value of one batch its verdict.

    Args:
        candidates: Rows of ``first_verdicts`` with a correction.
        delivered: ``file, line, column_name, text, has_key``: what the department delivered there.
        before: ``row_findings`` without the corrections.
        after: ``row_findings`` with all of them.
        agreement: ``fingerprint, target, agrees``: of what differed from another department,
            whether the corrected value does no longer.

    Returns:
        ``fingerprint, target, verdict, because`` (the rule that speaks against it).
    """
    spot, answer = ["file", "line", "column_name"], ["fingerprint", "target"]
    new = after.anti_join(before, [*spot, "rule"])
    asked = candidates.select(*answer, *spot, "rule")
    still = asked.semi_join(after, [*spot, "rule"]).select(*answer, because="rule")
    typed = candidates.select(*answer, "correction", "note", "file", "line", column_name="target")
    wrong = typed.inner_join(new, spot).select(*answer, because="rule")
    elsewhere = new.anti_join(typed, spot).select("file", "line", because="rule")
    worse = asked.drop("rule").inner_join(elsewhere, ["file", "line"]).select(*answer, "because")
    judged = (
        typed.left_join(delivered, spot)
        .drop("file_right", "line_right", "column_name_right")
        .left_join(_first(still.union(wrong), "bad"), answer)
        .drop("fingerprint_right", "target_right")
        .left_join(_first(worse, "harm"), answer)
        .drop("fingerprint_right", "target_right")
    )
    if agreement is None:
        judged = judged.mutate(agrees=ibis.null("boolean"))
    else:
        judged = judged.left_join(agreement, answer).drop("fingerprint_right", "target_right")
    differs = (~judged.agrees).fill_null(False) & (judged.note == "")
    verdict = ibis.cases(
        (~judged.has_key.fill_null(False), "not_correctable"),
        (judged.text.fill_null("").strip() == judged.correction, "same_value"),
        (judged.bad.notnull(), "still_wrong"),
        (judged.harm.notnull(), "made_worse"),
        (differs, "still_differs"),
        else_="accepted",
    )
    because = ibis.cases(
        (verdict == "still_wrong", judged.bad),
        (verdict == "made_worse", judged.harm),
        else_=ibis.null("string"),
    )
    return judged.select(*answer, verdict=verdict, because=because)


def _differ(value: ir.Value, group_by: list[ir.Value]) -> ir.BooleanValue:
    """Whether the rows of a group have more than one value; an absent one is none."""
    within = ibis.window(group_by=group_by)
    return (value.min().over(within) != value.max().over(within)).fill_null(False)


def _first(reasons: ir.Table, name: str) -> ir.Table:
    return reasons.group_by("fingerprint", "target").agg(**{name: reasons.because.min()})
