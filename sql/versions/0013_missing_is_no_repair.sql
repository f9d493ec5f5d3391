-- A record that is not delivered any more was not repaired: its issues stay open and say since when.
ALTER TABLE quality.issue ADD COLUMN missing_since text COLLATE "C";
COMMENT ON COLUMN quality.issue.missing_since IS
    '记录未再报送：从哪一批起缺少该记录；为空表示最近一批仍有。缺少不等于已修复，问题不因此关闭';

-- What a library was built without: sources that have nothing usable of this time, or are late.
ALTER TABLE quality.publication
    ADD COLUMN without_sources text[] NOT NULL DEFAULT '{}',
    ADD COLUMN late_sources text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN quality.publication.without_sources IS
    '本次发布时最新批次未能使用（读取失败、被门禁退回或从未报送）的数据源，沿用其上一批或缺少其数据';
COMMENT ON COLUMN quality.publication.late_sources IS '本次发布时已超过约定周期未报送的数据源，沿用其上一批';

-- Messages that are no reports: a delivery was not taken (by cause), or did not come.
ALTER TABLE quality.mail
    DROP CONSTRAINT mail_period_check,
    ADD CONSTRAINT mail_period_check CHECK (
        period IN ('batch', 'daily', 'weekly', 'monthly', 'reminder') OR period LIKE 'failed %');
COMMENT ON COLUMN quality.mail.period IS
    '报告周期；reminder：到期未报送的提醒；failed 加原因：报送的文件未能读取的告知';
