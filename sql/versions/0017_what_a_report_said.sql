-- A score is computed again when other sources come, and issues change between two reports: the next
-- report compares with what its reader was told, not with what is known of that batch today.
ALTER TABLE quality.mail_about
    ADD COLUMN score double precision,
    ADD COLUMN dimensions jsonb,
    ADD COLUMN last_event bigint;
COMMENT ON COLUMN quality.mail_about.score IS '报告中写明的质量评分；为空：没有评分，或早于本版本';
COMMENT ON COLUMN quality.mail_about.dimensions IS '报告中写明的各维度得分';
COMMENT ON COLUMN quality.mail_about.last_event IS '撰写报告时该数据源最新的问题流水号：此前的变化已告知';

-- An owner who answers for one column may say that another one is wrong: that is an issue there.
ALTER TABLE quality.correction
    DROP CONSTRAINT correction_kind_check,
    ADD CONSTRAINT correction_kind_check CHECK (kind IN ('correction', 'confirmation', 'statement'));
CREATE UNIQUE INDEX statement_live ON quality.correction (record, column_name)
    WHERE kind = 'statement' AND retired_batch IS NULL;
COMMENT ON COLUMN quality.correction.kind IS
    'correction 更正；confirmation 确认无误；statement 数源部门在答复另一问题时说明该项有误';

-- So that the figures of a month add up: 上月未结 + 发现 − 解决 − 确认无误 − 未再报送 = 未结.
ALTER TABLE quality.owner_month
    ADD COLUMN carried bigint NOT NULL DEFAULT 0,
    ADD COLUMN gone bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN quality.owner_month.carried IS '上月末尚未解决的问题数';
COMMENT ON COLUMN quality.owner_month.gone IS '记录未再报送而了结的问题数（不计为解决）';
