-- Nothing is decided here, and a row that is lost costs nobody more than a question seen twice.
CREATE TABLE quality.question_claim (
    question   text        PRIMARY KEY,
    library    text        NOT NULL,
    claimed_by text        NOT NULL CHECK (btrim(claimed_by) <> ''),
    until      timestamptz NOT NULL
);
COMMENT ON TABLE quality.question_claim IS '人工判定的领取：哪位数据管理员正在看哪个问题，到何时为止';
