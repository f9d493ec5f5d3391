"""Tables and views of ``base``, derived from the library declarations.

Per entity: ``base.<entity>`` (golden record), ``_source`` (crosswalk: which source records it is
made of), ``_redirect`` (ids of the past), and the view ``_value`` (where each value comes from).
A column added to a declaration is added to the table; nothing is ever dropped automatically.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import ibis.expr.datatypes as dt

from pipelines.libraries import Library, libraries_in_order, load_libraries

_POSTGRES_TYPES = {
    "string": "text",
    "boolean": "boolean",
    "int8": "smallint",
    "int16": "smallint",
    "int32": "integer",
    "int64": "bigint",
    "float64": "double precision",
    "date": "date",
    "timestamp": "timestamp",
}
_INDEXED = ("identifiers.", "names.")  # parsers of the elements that people search by
_LOOKED_UP = ("birth_date", "mobile", "phone")  # and further elements that they do
# Of the transaction that publishes: the number that each row it touches is stamped with.
PUBLICATION_SETTING = "baselib.publication"
PUBLICATION_NUMBER = f"nullif(current_setting('{PUBLICATION_SETTING}', true), '')::bigint"
_STAMP = f"bigint DEFAULT {PUBLICATION_NUMBER}"
_STAMPED = "最后改动该行的发布编号（quality.publication.id）"
_ID = 'text COLLATE "C"'  # ids are compared, never sorted for a reader


@dataclass(frozen=True)
class Column:
    """One column: PostgreSQL type and column comment."""

    type: str
    comment: str


@dataclass(frozen=True)
class BaseTable:
    """One table of ``base``. ``key`` identifies a row across publications."""

    name: str
    library: str
    comment: str
    columns: Mapping[str, Column]
    key: Sequence[str]
    constraints: Mapping[str, str] = field(default_factory=dict)  # created with the table
    late_constraints: Mapping[str, str] = field(
        default_factory=dict
    )  # created after the first load
    references: Mapping[str, str] = field(default_factory=dict)  # foreign keys: column -> entity
    links: Mapping[str, str] = field(default_factory=dict)  # those of them to other libraries
    indexes: Sequence[str] = ()  # columns
    is_stamped: bool = False  # has a column with the number of the publication that wrote the row


def base_tables(library: Library) -> list[BaseTable]:
    """The tables of one library; the golden record first."""
    return [_golden_table(library), _source_table(library), _redirect_table(library)]


def create_statements(libraries: Mapping[str, Library]) -> Iterator[str]:
    """SQL statements that create ``base``; idempotent."""
    for library in libraries_in_order(libraries):
        for table in base_tables(library):
            yield _create_table(table)
            yield from _add_columns(table)
            yield from _comments(table)
        yield _value_view(library)
        yield from _dispute_view(library)


def late_constraints(table: BaseTable) -> dict[str, str]:
    """Constraint name -> definition, of those that are created after the first load.

    Foreign keys are deferred: entities and what refers to them change in one transaction.
    """
    return dict(table.late_constraints) | {
        f"{table.name}_{column}_fkey": (
            f'FOREIGN KEY ("{column}") REFERENCES base."{entity}" ("entity_id")'
            " DEFERRABLE INITIALLY DEFERRED"
        )
        for column, entity in table.references.items()
    }


def index_statements(table: BaseTable) -> dict[str, str]:
    """Index name -> statement."""
    names = {f"{table.name}_{column}_idx": column for column in table.indexes}
    return {
        name: f'CREATE INDEX IF NOT EXISTS "{name}" ON base."{table.name}" ("{column}")'
        for name, column in names.items()
    }


def postgres_type(kind: str) -> str:
    """PostgreSQL's name of an Ibis type.

    Raises:
        KeyError: a type that no golden column may have.
    """
    decimal = re.fullmatch(r"decimal\((\d+), ?(\d+)\)", kind)
    return f"numeric({decimal[1]},{decimal[2]})" if decimal else _POSTGRES_TYPES[kind]


def ibis_type(postgres: str) -> dt.DataType:
    """The Ibis type that is stored in a column of this PostgreSQL type."""
    bare = postgres.removesuffix(_ID.removeprefix("text"))
    if numeric := re.fullmatch(r"numeric\((\d+),(\d+)\)", bare):
        return dt.Decimal(int(numeric[1]), int(numeric[2]))
    kinds = {stored: kind for kind, stored in _POSTGRES_TYPES.items()}
    return dt.dtype(kinds[bare])


def _golden_table(library: Library) -> BaseTable:
    columns = {"entity_id": Column(_ID, f"{library.entity_title}标识，不含个人信息，永久有效")}
    for golden in library.columns.values():
        element = golden.element
        standard = f"（{element.standard}）" if element.standard else ""
        columns[golden.name] = Column(postgres_type(golden.type), f"{golden.title}{standard}")
        for name, kind in golden.companion_types.items():
            columns[name] = Column(postgres_type(kind), f"{golden.title}附列：{name}")
        columns[f"{golden.name}_record"] = Column(
            "smallint", f"{golden.title}取自 base.{library.entity}_source 的哪个 record_no"
        )
    for name, target in library.link_columns.items():
        columns[name] = Column(_ID if target else "text", link_title(library, name))
    entities = {one.name: one.entity for one in load_libraries().values()}
    references = {n: entities[t] for n, t in library.link_columns.items() if t in entities}
    looked_up = [
        golden.name
        for golden in library.columns.values()
        if golden.element.parser.startswith(_INDEXED)
        or golden.element_name in _LOOKED_UP
        or golden.name in library.identity.known_by
    ]
    return BaseTable(
        name=library.entity,
        library=library.name,
        comment=f"{library.title}：{library.entity_title}",
        columns=columns,
        key=("entity_id",),
        constraints={f"{library.entity}_pkey": 'PRIMARY KEY ("entity_id")'},
        references=references,
        links=references,
        indexes=[*looked_up, *references],
        is_stamped=True,
    )


def _source_table(library: Library) -> BaseTable:
    name = f"{library.entity}_source"
    columns = {
        "entity_id": Column(_ID, f"{library.entity_title}标识"),
        "record_no": Column("smallint", "来源记录在该归并结果内的序号"),
        "source": Column("text", "数据源"),
        "source_key": Column("text", "数据源内的记录主键"),
        "rule": Column("text", "归入该处的依据"),
        "linked_source": Column("text", "依据所指的另一条来源记录：数据源"),
        "linked_key": Column("text", "依据所指的另一条来源记录：主键"),
        "withheld": Column("text", "因证据矛盾而未采信的标识列"),
        "since_batch": Column("text", "首次归入该处的批次"),
    }
    return BaseTable(
        name=name,
        library=library.name,
        comment=f"{library.entity_title}来源对照：每条来源记录归入哪个归并结果，依据是什么",
        columns=columns,
        key=("source", "source_key"),
        late_constraints={
            # numbers move between records when an entity gains one: checked at commit
            f"{name}_pkey": 'PRIMARY KEY ("entity_id", "record_no") DEFERRABLE INITIALLY DEFERRED',
            # the key first: it sorts three times as fast, as PostgreSQL compares eight bytes
            # of the first column at once, and sources differ later than that
            f"{name}_source_key_source_key": 'UNIQUE ("source_key", "source")',
        },
        references={"entity_id": library.entity},
    )


def _redirect_table(library: Library) -> BaseTable:
    name = f"{library.entity}_redirect"
    return BaseTable(
        name=name,
        library=library.name,
        comment=f"{library.entity_title}旧标识的去向",
        columns={
            "entity_id": Column(_ID, "已停用的标识"),
            "current_id": Column(_ID, "现行标识；为空表示已不存在"),
        },
        key=("entity_id",),
        constraints={f"{name}_pkey": 'PRIMARY KEY ("entity_id")'},
        references={"current_id": library.entity},
        indexes=["current_id"],
    )


def _create_table(table: BaseTable) -> str:
    key = {*table.key, *(("entity_id", "record_no") if "record_no" in table.columns else ())}
    parts = [
        f'"{name}" {column.type}{" NOT NULL" if name in key else ""}'
        for name, column in table.columns.items()
    ]
    parts += [f'"publication" {_STAMP}'] if table.is_stamped else []
    parts += [f'CONSTRAINT "{name}" {what}' for name, what in table.constraints.items()]
    body = ",\n    ".join(parts)
    return f'CREATE TABLE IF NOT EXISTS base."{table.name}" (\n    {body}\n)'


def _add_columns(table: BaseTable) -> Iterator[str]:
    additions = ", ".join(
        f'ADD COLUMN IF NOT EXISTS "{name}" {column.type}' for name, column in table.columns.items()
    )
    additions += f', ADD COLUMN IF NOT EXISTS "publication" {_STAMP}' if table.is_stamped else ""
    yield f'ALTER TABLE base."{table.name}" {additions}'


def _comments(table: BaseTable) -> Iterator[str]:
    yield f'COMMENT ON TABLE base."{table.name}" IS {quoted(table.comment)}'
    for name, column in table.columns.items():
        yield f'COMMENT ON COLUMN base."{table.name}"."{name}" IS {quoted(column.comment)}'
    if table.is_stamped:
        yield f'COMMENT ON COLUMN base."{table.name}"."publication" IS {quoted(_STAMPED)}'


def _value_view(library: Library) -> str:
    """Provenance view: one row per golden value with the source record that it comes from."""
    values = ",\n        ".join(
        f'(\'{name}\', golden."{name}"::text, golden."{name}_record")' for name in library.columns
    )
    entity = library.entity
    return f"""CREATE OR REPLACE VIEW base."{entity}_value" AS
SELECT golden.entity_id, cell.column_name, cell.value, record.source, record.source_key
FROM base."{entity}" AS golden
CROSS JOIN LATERAL (VALUES
        {values}
    ) AS cell (column_name, value, record_no)
LEFT JOIN base."{entity}_source" AS record
    ON record.entity_id = golden.entity_id AND record.record_no = cell.record_no
WHERE cell.value IS NOT NULL"""  # noqa: S608 - names of the declarations


def link_title(library: Library, column: str) -> str:
    """Column comment of a link column of the golden record."""
    target = library.link_columns[column]
    if target:
        pointed = load_libraries()[target]
        return f"关联的{pointed.entity_title}标识（{pointed.title}）"
    claims = [one.claim for one in library.links if f"{one.name}_rule" == column]
    return f"关联依据：{'、'.join(claims)}；为空表示没有足够的依据"


def _dispute_view(library: Library) -> Iterator[str]:
    """Dispute view: one row per golden value with an open dispute (异议标注)."""
    name = f'base."{library.entity}_dispute"'
    entity = library.entity
    yield f"""CREATE OR REPLACE VIEW {name} AS
SELECT coalesce(old.current_id, dispute.entity_id) AS entity_id, dispute.column_name,
    min(dispute.raised_at AT TIME ZONE 'Asia/Shanghai')::date AS disputed_since,
    min(dispute.due_date) AS due_date, count(*) AS disputes
FROM quality.dispute AS dispute
LEFT JOIN base."{entity}_redirect" AS old ON old.entity_id = dispute.entity_id
WHERE dispute.state = 'open' AND dispute.entity = '{entity}'
GROUP BY 1, 2"""  # noqa: S608 - names of the declarations
    title = quoted(f"{library.entity_title}异议标注：使用部门有异议、数源部门尚未答复的值")
    yield f"COMMENT ON VIEW {name} IS {title}"


def quoted(text: str) -> str:
    """``text`` as a SQL literal, for statements that take no parameters."""
    return "'" + text.replace("'", "''") + "'"
