ALTER TABLE quality.mail
    ADD COLUMN period text NOT NULL DEFAULT 'batch'
        CHECK (period IN ('batch', 'daily', 'weekly', 'monthly')),
    ADD COLUMN part integer NOT NULL DEFAULT 1,
    ADD COLUMN parts integer NOT NULL DEFAULT 1,
    ADD COLUMN message_id text,
    ADD CONSTRAINT part_of_parts CHECK (part BETWEEN 1 AND parts),
    DROP CONSTRAINT mail_state_check,
    ADD CONSTRAINT mail_state_check
        CHECK (state IN ('pending', 'sent', 'failed', 'doubtful', 'closed')),
    DROP CONSTRAINT mail_source_batch_recipient_key,
    ADD CONSTRAINT one_mail UNIQUE (period, source, batch, recipient, part);
COMMENT ON TABLE quality.mail IS
    '发件箱：每封、每收件人一行；path 为 .eml 文件名；汇总报告的 source 为 *，batch 为期末日期';
COMMENT ON COLUMN quality.mail.state IS
    'pending 待发；sent 已发；failed 被永久拒收；doubtful 发出后未得到答复，不再自动重发；closed 人工了结';

CREATE TABLE quality.mail_about (
    mail_id bigint NOT NULL REFERENCES quality.mail ON DELETE CASCADE,
    source  text   NOT NULL,
    batch   text   NOT NULL,
    PRIMARY KEY (mail_id, source, batch)
);
CREATE INDEX mail_about_batch ON quality.mail_about (source, batch);
COMMENT ON TABLE quality.mail_about IS '邮件内容：每封邮件报告了哪些批次';
INSERT INTO quality.mail_about SELECT id, source, batch FROM quality.mail;

CREATE TABLE quality.mail_attempt (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    mail_id        bigint      NOT NULL REFERENCES quality.mail ON DELETE CASCADE,
    started_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    handed_over_at timestamptz, -- the end of the message was about to be sent
    ended_at       timestamptz,
    outcome        text CHECK (outcome IN ('sent', 'refused', 'deferred', 'doubtful')),
    answer         text
);
CREATE INDEX mail_attempt_of ON quality.mail_attempt (mail_id);
COMMENT ON TABLE quality.mail_attempt IS
    '投递记录：handed_over_at 有值而 ended_at 为空，说明进程在等待答复时中断，邮件可能已送达';
