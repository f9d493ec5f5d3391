CREATE SCHEMA IF NOT EXISTS base;
CREATE SCHEMA IF NOT EXISTS share;
CREATE SCHEMA IF NOT EXISTS quality;
CREATE SCHEMA IF NOT EXISTS audit;
COMMENT ON SCHEMA base IS '基础库：人口库、法人库、电子证照库（全量，限 base_reader）';
COMMENT ON SCHEMA share IS '共享视图：按数据元敏感程度脱敏（限 share_reader）';
COMMENT ON SCHEMA quality IS '数据质量：批次、问题、检查结果、发布记录、报告邮件';
COMMENT ON SCHEMA audit IS '审计：读取记录与数据库版本';

-- Roles belong to the whole server and other databases of it may make them at the same moment.
-- They cannot log in: a site grants them to its own login roles.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['base_reader', 'share_reader'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', wanted);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;
            END;
        END IF;
    END LOOP;
END
$$;

GRANT USAGE ON SCHEMA base TO base_reader;
GRANT USAGE ON SCHEMA share TO share_reader;

CREATE TABLE quality.batch (
    source           text NOT NULL,
    batch            text NOT NULL,
    library          text NOT NULL,
    landed           bigint,
    staged           bigint,
    superseded       bigint,
    quarantined      bigint,
    findings         bigint,
    files            text[] NOT NULL DEFAULT '{}',
    fingerprint      text,
    encoding         text,
    unmapped_columns text[] NOT NULL DEFAULT '{}',
    remarks          text[] NOT NULL DEFAULT '{}',
    landed_at        timestamptz,
    staged_at        timestamptz,
    PRIMARY KEY (source, batch),
    -- what the run has checked already, said once more where nobody can leave it out
    CONSTRAINT no_row_lost CHECK (landed = staged + superseded + quarantined)
);
COMMENT ON TABLE quality.batch IS '批次：接收、入库、被新版取代、隔离的行数';

CREATE TABLE quality.finding_count (
    source      text   NOT NULL,
    batch       text   NOT NULL,
    column_name text   NOT NULL, -- '' for a reason that concerns the whole row
    element     text   NOT NULL,
    rule        text   NOT NULL,
    severity    text   NOT NULL CHECK (severity IN ('error', 'warning', 'info')),
    row_count   bigint NOT NULL CHECK (row_count > 0),
    PRIMARY KEY (source, batch, column_name, element, rule),
    FOREIGN KEY (source, batch) REFERENCES quality.batch ON DELETE CASCADE
);
COMMENT ON TABLE quality.finding_count IS '问题统计：每批次、每列、每条规则的行数';

CREATE TABLE quality.expectation_result (
    subject     text        NOT NULL,
    run         text        NOT NULL,
    layer       text        NOT NULL,
    suite       text        NOT NULL,
    name        text        NOT NULL,
    expectation text        NOT NULL,
    column_name text,
    severity    text        NOT NULL CHECK (severity IN ('critical', 'warning', 'info')),
    success     boolean     NOT NULL,
    observed    text        NOT NULL,
    expected    text        NOT NULL,
    note_zh     text        NOT NULL,
    exception   text,
    checked_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (subject, run, layer, suite, name)
);
COMMENT ON TABLE quality.expectation_result IS '检查结果：subject 为数据源或基础库，run 为批次或运行';

CREATE TABLE quality.publication (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    library      text        NOT NULL,
    run          text        NOT NULL,
    snapshot_ids jsonb       NOT NULL,
    row_counts   jsonb       NOT NULL,
    fingerprint  text        NOT NULL,
    status       text        NOT NULL CHECK (status IN ('published', 'unchanged')),
    published_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX publication_by_library ON quality.publication (library, published_at DESC);
COMMENT ON TABLE quality.publication IS '发布记录：与所发布的数据在同一事务中写入';

CREATE TABLE quality.stage_timing (
    subject    text             NOT NULL,
    run        text             NOT NULL,
    stage      text             NOT NULL,
    seconds    double precision NOT NULL,
    row_count  bigint,
    started_at timestamptz      NOT NULL,
    PRIMARY KEY (subject, run, stage)
);
COMMENT ON TABLE quality.stage_timing IS '耗时：每个数据源或基础库、每个阶段最近一次的秒数';

CREATE TABLE quality.mail (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source          text        NOT NULL,
    batch           text        NOT NULL,
    recipient       text        NOT NULL,
    subject         text        NOT NULL,
    path            text        NOT NULL,
    state           text        NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'failed')),
    attempts        integer     NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    sent_at         timestamptz,
    last_error      text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (source, batch, recipient)
);
CREATE INDEX mail_to_send ON quality.mail (next_attempt_at) WHERE state = 'pending';
COMMENT ON TABLE quality.mail IS '发件箱：每批次、每收件人一封；path 为 .eml 文件名';

CREATE TABLE audit.declared_schema (
    name       text        PRIMARY KEY,
    digest     text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE audit.declared_schema IS '由基础库声明生成的表和视图：所用声明的摘要，未变则不重建';
