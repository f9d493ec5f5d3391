-- What is wrong with which record, and what its owner did about it. No table but quality.correction
-- and quality.dispute holds a value or a record's key: a record and a value are known by keyed digests.

-- Roles belong to the whole server; see 0001.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'quality_reader') THEN
        BEGIN
            EXECUTE 'CREATE ROLE quality_reader NOLOGIN NOINHERIT';
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END IF;
END
$$;

CREATE TABLE quality.issue (
    fingerprint    text        COLLATE "C" PRIMARY KEY,
    source         text        NOT NULL,
    department     text        NOT NULL,
    layer          text        NOT NULL CHECK (layer IN ('batch', 'library', 'dispute')),
    record         text        COLLATE "C" NOT NULL, -- keyed digest of source and key
    column_name    text        NOT NULL,             -- '' for the row as a whole
    rule           text        NOT NULL,
    severity       text        NOT NULL CHECK (severity IN ('error', 'warning')),
    state          text        NOT NULL CHECK (state IN
        ('open', 'sent', 'answered', 'fixed', 'confirmed_correct', 'not_fixed')),
    first_batch    text        COLLATE "C" NOT NULL,
    last_batch     text        COLLATE "C" NOT NULL,
    batch          text        COLLATE "C",          -- batch, file and line: where it was seen last
    file           text,
    line           bigint,
    is_quarantined boolean     NOT NULL DEFAULT false,
    value_digest   text        COLLATE "C" NOT NULL, -- of the value that was found last
    told_digest    text        COLLATE "C",          -- of the value that the owner was told of
    found_at       timestamptz NOT NULL,             -- opened, or opened again
    sent_at        timestamptz,
    due_date       date,
    answered_at    timestamptz,
    closed_at      timestamptz,
    closed_batch   text        COLLATE "C",
    closed_how     text        CHECK (closed_how IN ('repaired', 'record_gone', 'confirmed')),
    reopened       integer     NOT NULL DEFAULT 0,
    CONSTRAINT closed_is_closed CHECK ((closed_at IS NOT NULL) = (state IN ('fixed', 'confirmed_correct')))
);
CREATE INDEX issue_by_source ON quality.issue (source, state);
CREATE INDEX issue_by_record ON quality.issue (record, column_name);
COMMENT ON TABLE quality.issue IS '问题台账：每条记录的每个问题一行，从发现到解决';
COMMENT ON COLUMN quality.issue.fingerprint IS '问题编号：同一记录同一问题在各批次中不变，不含个人信息';
COMMENT ON COLUMN quality.issue.due_date IS '答复期限：告知次日起 10 个工作日（《政务数据共享条例》第二十六条）';

CREATE TABLE quality.issue_event (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fingerprint text        COLLATE "C" NOT NULL,
    kind        text        NOT NULL,
    from_state  text,
    to_state    text,
    batch       text        COLLATE "C",
    at          timestamptz NOT NULL,
    who         text,
    note        text
);
CREATE INDEX issue_event_by_issue ON quality.issue_event (fingerprint, id);
CREATE INDEX issue_event_by_time ON quality.issue_event (at);
COMMENT ON TABLE quality.issue_event IS '问题台账流水：每次状态变化，只增不改';

CREATE TABLE quality.correction (
    id            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fingerprint   text        COLLATE "C" NOT NULL REFERENCES quality.issue,
    source        text        NOT NULL,
    record        text        COLLATE "C" NOT NULL,
    column_name   text        NOT NULL,
    rule          text        NOT NULL,
    kind          text        NOT NULL CHECK (kind IN ('correction', 'confirmation')),
    guard         text        COLLATE "C" NOT NULL, -- keyed digest of the delivered text it is for
    new_value     text,                             -- '' if the right value is none
    since_batch   text        COLLATE "C" NOT NULL,
    made_by       text        NOT NULL CHECK (made_by <> ''),
    reason        text        NOT NULL,
    made_at       timestamptz NOT NULL,
    retired_batch text        COLLATE "C",
    retired_at    timestamptz,
    retired_why   text        CHECK (retired_why IN
        ('source_repaired', 'source_changed', 'record_gone', 'replaced', 'withdrawn')),
    CONSTRAINT a_correction_has_a_value CHECK ((kind = 'correction') = (new_value IS NOT NULL)),
    CONSTRAINT a_confirmation_has_a_reason CHECK (kind = 'correction' OR reason <> ''),
    CONSTRAINT retired_with_a_reason CHECK ((retired_batch IS NULL) = (retired_why IS NULL))
);
CREATE UNIQUE INDEX correction_live ON quality.correction (record, column_name)
    WHERE kind = 'correction' AND retired_batch IS NULL;
CREATE UNIQUE INDEX confirmation_live ON quality.correction (fingerprint)
    WHERE kind = 'confirmation' AND retired_batch IS NULL;
CREATE INDEX correction_by_source ON quality.correction (source);
COMMENT ON TABLE quality.correction IS '更正台账：数源部门的更正与“确认无误”，数源自行更正后自动失效；含个人信息，不授权查询';

CREATE TABLE quality.repair_import (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest       text        NOT NULL, -- SHA-256 of the file
    made_by      text        NOT NULL,
    imported_at  timestamptz NOT NULL,
    counts       jsonb       NOT NULL,
    UNIQUE (digest, made_by)
);
COMMENT ON TABLE quality.repair_import IS '回收的更正表：文件摘要、提交人、各类行数';

CREATE TABLE quality.dispute (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entity       text        NOT NULL,
    entity_id    text        COLLATE "C" NOT NULL,
    column_name  text        NOT NULL,
    reason       text        NOT NULL CHECK (reason <> ''),
    raised_by    text        NOT NULL CHECK (raised_by <> ''),
    raised_at    timestamptz NOT NULL,
    due_date     date        NOT NULL,
    source       text        NOT NULL, -- whose value it is
    fingerprint  text        COLLATE "C" NOT NULL,
    value_digest text        COLLATE "C" NOT NULL, -- of the published value
    state        text        NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'corrected', 'confirmed', 'withdrawn')),
    closed_by    text,
    closed_at    timestamptz,
    answer       text,
    CONSTRAINT answered_by_somebody CHECK (
        (state = 'open') = (closed_at IS NULL) AND (state = 'open') = (closed_by IS NULL))
);
CREATE UNIQUE INDEX dispute_open ON quality.dispute (entity_id, column_name, raised_by) WHERE state = 'open';
CREATE INDEX dispute_by_issue ON quality.dispute (fingerprint);
COMMENT ON TABLE quality.dispute IS '异议：使用部门对已发布数据的校核申请，数源部门答复前标注“异议”';

CREATE TABLE quality.dispute_event (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dispute_id bigint      NOT NULL REFERENCES quality.dispute,
    kind       text        NOT NULL CHECK (kind IN ('raised', 'corrected', 'confirmed', 'withdrawn')),
    at         timestamptz NOT NULL,
    who        text        NOT NULL,
    note       text        NOT NULL
);
COMMENT ON TABLE quality.dispute_event IS '异议流水，只增不改';

CREATE TABLE quality.owner_month (
    month         date    NOT NULL CHECK (extract(day FROM month) = 1),
    source        text    NOT NULL,
    department    text    NOT NULL,
    found         bigint  NOT NULL,
    sent          bigint  NOT NULL,
    answered      bigint  NOT NULL,
    fixed         bigint  NOT NULL,
    confirmed     bigint  NOT NULL,
    overdue       bigint  NOT NULL,
    still_open    bigint  NOT NULL,
    median_days   double precision,
    computed_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (month, source)
);
COMMENT ON TABLE quality.owner_month IS '每月每数据源：发现、告知、答复、解决、逾期问题数和解决天数中位数';

-- Figures and states, for whoever watches over quality; no value, no key, no free text.
GRANT USAGE ON SCHEMA quality TO quality_reader;
GRANT SELECT ON quality.issue, quality.owner_month TO quality_reader;
GRANT SELECT (id, fingerprint, kind, from_state, to_state, batch, at) ON quality.issue_event TO quality_reader;
GRANT SELECT (id, entity, entity_id, column_name, raised_by, raised_at, due_date, source, fingerprint,
    state, closed_at) ON quality.dispute TO quality_reader;
