CREATE TABLE serve.id_reader (
    library    text        NOT NULL,
    run        text        NOT NULL,
    candidate  text        NOT NULL,
    grant_name text        NOT NULL,
    consumer   text        NOT NULL,
    ids        bigint      NOT NULL, -- of those that would change; 0: it follows changes, and holds copies
    last_read  timestamptz,
    PRIMARY KEY (library, run, candidate, grant_name)
);
COMMENT ON TABLE serve.id_reader IS '影响范围：候选结果将改变的标识中，每个使用方读取过多少个，最近在何时';
GRANT SELECT ON serve.id_reader TO quality_reader;
GRANT USAGE ON SCHEMA serve TO quality_reader;
