CREATE TABLE quality.id_comparison (
    library         text             NOT NULL,
    run             text             NOT NULL,
    published_run   text,            -- NULL: nothing was published before
    published_ids   bigint           NOT NULL,
    changed_ids     bigint           NOT NULL,
    vanished_ids    bigint           NOT NULL,
    id_budget       double precision NOT NULL,
    deletion_budget double precision NOT NULL,
    is_within       boolean          NOT NULL,
    candidate       text             NOT NULL,
    compared_at     timestamptz      NOT NULL DEFAULT now(),
    PRIMARY KEY (library, run)
);
COMMENT ON TABLE quality.id_comparison IS '发布前标识比对：候选结果将改变多少已发布的实体标识';
COMMENT ON COLUMN quality.id_comparison.candidate IS '候选结果内容的摘要，批准只对这一结果有效';

CREATE TABLE quality.id_change (
    library text   NOT NULL,
    run     text   NOT NULL,
    kind    text   NOT NULL CHECK (kind IN ('merged', 'split', 'moved', 'vanished')),
    rule    text   NOT NULL,
    ids     bigint NOT NULL CHECK (ids > 0),
    PRIMARY KEY (library, run, kind, rule),
    FOREIGN KEY (library, run) REFERENCES quality.id_comparison ON DELETE CASCADE
);
COMMENT ON TABLE quality.id_change IS '标识变化：合并、拆分、记录移出、消失的已发布标识数，按规则';

CREATE TABLE quality.id_loss (
    library text   NOT NULL,
    run     text   NOT NULL,
    source  text   NOT NULL,
    records bigint NOT NULL,
    gone    bigint NOT NULL CHECK (gone BETWEEN 0 AND records),
    PRIMARY KEY (library, run, source),
    FOREIGN KEY (library, run) REFERENCES quality.id_comparison ON DELETE CASCADE
);
COMMENT ON TABLE quality.id_loss IS '来源删除：每个数据源已发布的记录中已不存在的数目';

CREATE TABLE quality.id_approval (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    library     text        NOT NULL,
    run         text        NOT NULL,
    candidate   text        NOT NULL,
    changed_ids bigint      NOT NULL,
    approved_by text        NOT NULL CHECK (btrim(approved_by) <> ''),
    reason      text        NOT NULL CHECK (btrim(reason) <> ''),
    approved_at timestamptz NOT NULL DEFAULT now(),
    login       text        NOT NULL DEFAULT session_user
);
COMMENT ON TABLE quality.id_approval IS '标识变化的批准：谁、何时、为何放行哪一次运行；只增不改';

CREATE TABLE quality.resolution (
    library     text             NOT NULL,
    run         text             NOT NULL,
    mode        text             NOT NULL CHECK (mode IN ('full', 'increment')),
    reason      text             NOT NULL,
    records     bigint           NOT NULL,
    changed     bigint,          -- NULL: not looked at
    looked_at   bigint           NOT NULL,
    rules       text             NOT NULL,
    state       text             NOT NULL,
    resolved_at timestamptz      NOT NULL DEFAULT now(),
    PRIMARY KEY (library, run)
);
COMMENT ON TABLE quality.resolution IS '身份解析方式：全量或增量、原因、记录数、变化数、重算数';
COMMENT ON COLUMN quality.resolution.rules IS '声明、模型与代码的摘要，变则下次全量';
COMMENT ON COLUMN quality.resolution.state IS '本次留下的身份表的摘要，不符则下次全量';

GRANT SELECT ON quality.id_comparison, quality.id_change, quality.id_loss, quality.id_approval,
    quality.resolution TO quality_reader;

-- Approvals are added to and never changed, whoever is logged in.
CREATE FUNCTION quality.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'quality.% is added to, never changed', TG_TABLE_NAME;
END
$$;
CREATE TRIGGER id_approval_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON quality.id_approval
    FOR EACH STATEMENT EXECUTE FUNCTION quality.refuse_change();
