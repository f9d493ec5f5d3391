CREATE SCHEMA IF NOT EXISTS serve;
COMMENT ON SCHEMA serve IS '对外服务：变更流、历史、代码表、授权视图';

-- Written in the publication's own transaction, from its difference. No value stands here.
CREATE TABLE serve.change (
    publication bigint  NOT NULL,
    seq         bigint  NOT NULL,
    library     text    NOT NULL,
    entity_id   text    COLLATE "C" NOT NULL,
    op          text    NOT NULL CHECK (op IN
        ('created', 'changed', 'merged', 'split', 'restored', 'removed')),
    columns     text[]  NOT NULL DEFAULT '{}',
    related     text[]  NOT NULL DEFAULT '{}',
    PRIMARY KEY (publication, seq)
);
CREATE INDEX change_of_entity ON serve.change (entity_id, publication);
CREATE INDEX change_of_library ON serve.change (library, publication, seq);
COMMENT ON TABLE serve.change IS '变更流：每次发布中新增、变化、合并、拆分、恢复、移除的实体，不含值';
COMMENT ON COLUMN serve.change.publication IS '发布编号（quality.publication.id），按提交先后递增';
COMMENT ON COLUMN serve.change.columns IS '变化的列名';
COMMENT ON COLUMN serve.change.related IS
    'merged：并入的实体；split：分出的新实体；created、restored：其来源记录原属的实体';

CREATE TABLE serve.moved (
    publication bigint NOT NULL,
    library     text   NOT NULL,
    from_id     text   COLLATE "C" NOT NULL,
    to_id       text   COLLATE "C" NOT NULL,
    records     bigint NOT NULL,
    PRIMARY KEY (publication, from_id, to_id)
);
CREATE INDEX moved_from ON serve.moved (from_id);
COMMENT ON TABLE serve.moved IS '来源记录的移动：每次发布中有多少条记录从一个实体移到另一个实体';

CREATE TABLE serve.horizon (
    library     text   PRIMARY KEY,
    publication bigint NOT NULL
);
COMMENT ON TABLE serve.horizon IS '变更流和历史的起点：此编号之前的变化不再提供，须重取全量';

CREATE TABLE serve.code (
    code_table text NOT NULL,
    code       text COLLATE "C" NOT NULL,
    name       text NOT NULL,
    parent     text COLLATE "C",
    valid_from integer, -- years; NULL: from the beginning, until now
    valid_to   integer,
    successor  text COLLATE "C",
    PRIMARY KEY (code_table, code)
);
COMMENT ON TABLE serve.code IS '代码表：基础库中所有代码列的值域';

GRANT USAGE ON SCHEMA serve TO base_reader, share_reader;
GRANT SELECT ON serve.code TO base_reader, share_reader;
GRANT SELECT ON serve.change, serve.moved, serve.horizon TO base_reader;
