ALTER TABLE quality.expectation_result
    ADD COLUMN indicator text NOT NULL DEFAULT '', -- of GB/T 36344; '' where findings count already
    ADD COLUMN bad       bigint,                   -- rows that fail it, of
    ADD COLUMN judged    bigint;                   -- rows; NULL where it judges a table as a whole

CREATE TABLE quality.indicator_count (
    scope       text   NOT NULL CHECK (scope IN ('source', 'department', 'library')),
    subject     text   NOT NULL,
    run         text   NOT NULL,
    column_name text   NOT NULL, -- '' for records as a whole
    element     text   NOT NULL,
    indicator   text   NOT NULL,
    a           bigint NOT NULL,
    b           bigint NOT NULL CHECK (b > 0), -- what judged nothing is not applicable, and not here
    x           double precision GENERATED ALWAYS AS (a::double precision / b) STORED,
    PRIMARY KEY (scope, subject, run, column_name, element, indicator),
    CHECK (a BETWEEN 0 AND b)
);
COMMENT ON TABLE quality.indicator_count IS '质量指标（GB/T 36344）：每批次、每列的 A、B 和 X = A/B';

CREATE TABLE quality.score (
    scope       text        NOT NULL CHECK (scope IN ('source', 'department', 'library')),
    subject     text        NOT NULL,
    run         text        NOT NULL,
    column_name text        NOT NULL, -- '' for the subject as a whole
    score       double precision NOT NULL CHECK (score BETWEEN 0 AND 100),
    grade       text        NOT NULL,
    rating      text        NOT NULL,
    dimensions  jsonb       NOT NULL, -- number of the dimension -> 0..100; absent: not applicable
    weights     jsonb       NOT NULL, -- after redistribution
    scored_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, subject, run, column_name)
);
COMMENT ON TABLE quality.score IS '质量得分：每批次一分，及每列一分';
