ALTER TABLE quality.resolution
    DROP COLUMN mode,
    DROP COLUMN reason,
    DROP COLUMN changed,
    DROP COLUMN looked_at,
    DROP COLUMN state;
COMMENT ON TABLE quality.resolution IS '身份解析：每次运行的记录数、规则摘要与时间；verify 据此重放';
COMMENT ON COLUMN quality.resolution.rules IS '声明、模型与代码的摘要；不符则重放不能证明什么';
