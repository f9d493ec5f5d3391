"""The question whether a run may change published ids: a table of changes, as Markdown.

Counts, names of rules, sources and consumers; nothing of a record.
"""

from collections.abc import Sequence

from pipelines.identity.ids.id_changes import Budget, IdStability

_KINDS = {
    "merged": "合并 merged",
    "moved": "移动 moved",
    "split": "拆分 split",
    "vanished": "消失 vanished",
}
_HELD = """\
**上次发布已回退，回退后的首次发布须经批准。**

*The last publication was rolled back; the next one has to be approved.*"""
_CHOICE = """\
批准（Approve）后仅发布所示的这一次结果；驳回（Reject）后保留上次发布的内容。两者都须写明理由，并记入批准记录。

*Approve publishes exactly this result; Reject keeps what was published last. Give a reason: it is \
kept with your name.*"""


def render_question(
    found: IdStability, budget: Budget, readers: Sequence[str], *, held: bool = False
) -> str:
    """What would become of the published ids, by whom they were read, and what an answer means.

    Args:
        found: What the run would change.
        budget: What it may change without being asked.
        readers: One line for each consumer that has read ids which would change.
        held: The last publication was rolled back.
    """
    parts = [_HELD, _head(found, budget)] if held else [_head(found, budget)]
    if found.changes:
        rows = [(_KINDS.get(one.kind, one.kind), f"{one.ids:,}", one.rule) for one in found.changes]
        parts.append(_table(("变化 Change", "标识数 Ids", "规则 Rule"), rows))
    if losses := budget.excessive(found):
        lost = [(one.source, f"{one.gone:,} / {one.records:,}") for one in losses]
        parts.append(_table(("数据源 Source", "消失的记录 Records gone"), lost))
    if readers:
        parts.append("\n".join(f"* {line}" for line in readers))
    return "\n\n".join([*parts, _CHOICE])


def _head(found: IdStability, budget: Budget) -> str:
    return (
        f"已发布标识 {found.ids:,} 个，将变化 {found.changed:,} 个（{found.share:.3%}，"
        f"限额 {budget.ids:.3%}），将消失 {found.vanished:,} 个。 *Of {found.ids:,} published ids "
        f"{found.changed:,} would change and {found.vanished:,} would vanish.*"
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
