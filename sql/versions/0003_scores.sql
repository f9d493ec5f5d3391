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

CREATE TABLE quality.drift (
    source      text    NOT NULL,
    batch       text    NOT NULL,
    measure     text    NOT NULL,
    column_name text    NOT NULL,
    code        text    NOT NULL, -- '' where the measure is not about a code
    value       double precision NOT NULL,
    low         double precision, -- usual bounds by the batches before; NULL: too few of them
    high        double precision,
    distance    double precision, -- from the median, in widths of the band: above 1 is unusual
    history     integer NOT NULL, -- batches that it was compared with
    PRIMARY KEY (source, batch, measure, column_name, code),
    FOREIGN KEY (source, batch) REFERENCES quality.batch ON DELETE CASCADE
);
COMMENT ON TABLE quality.drift IS '漂移：每批次的空值率、代码分布等，及与本来源历史相比是否异常';
