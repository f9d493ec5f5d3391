-- Messages that are no reports: also the receipt for a repair sheet that came back.
ALTER TABLE quality.mail
    DROP CONSTRAINT mail_period_check,
    ADD CONSTRAINT mail_period_check CHECK (
        period IN ('batch', 'daily', 'weekly', 'monthly', 'reminder', 'duty')
        OR period LIKE 'failed %' OR period LIKE 'receipt %');
COMMENT ON COLUMN quality.mail.period IS
    '报告周期；reminder：到期未报送的提醒；failed 加原因：报送的文件未能读取的告知；duty：逾期工作的提醒；receipt 加编号：答复回执';

-- Words that owners and leaders read everywhere: the same for who reads the database.
COMMENT ON TABLE quality.batch IS '批次：接收、可用、同批重复（已采用较新的一条）、无法入库的行数';
COMMENT ON TABLE identity.decision IS '人工结论：两条来源记录说的是否同一对象，谁、何时、为何';
