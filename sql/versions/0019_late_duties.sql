-- A mail to a department about its late duties: its source is the department, its batch a Monday.
ALTER TABLE quality.mail
    DROP CONSTRAINT mail_period_check,
    ADD CONSTRAINT mail_period_check CHECK (
        period IN ('batch', 'daily', 'weekly', 'monthly', 'reminder', 'duty') OR period LIKE 'failed %');
COMMENT ON COLUMN quality.mail.period IS
    '报告周期；reminder：到期未报送的提醒；failed 加原因：报送的文件未能读取的告知；duty：逾期工作的提醒';
