-- Issues and disputes as work orders that a department's own system pulls and answers. A dispute
-- about a value that comes from no single record is answered by the department that its library names.
ALTER TABLE quality.dispute ADD COLUMN department text NOT NULL DEFAULT '';
UPDATE quality.dispute SET department = split_part(source, '__', 1);
COMMENT ON COLUMN quality.dispute.department IS '负责答复的部门：数源部门；融合得出的值由基础库声明的责任部门答复';
COMMENT ON COLUMN quality.dispute.source IS '该值的数据源；融合得出的值为“library 基础库名”';

CREATE TABLE serve.work_order_answer (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    grant_name  text        NOT NULL,
    key         text        NOT NULL,
    order_id    text        COLLATE "C" NOT NULL,
    how         text        NOT NULL CHECK (how IN ('corrected', 'confirmed', 'explained')),
    note        text        NOT NULL CHECK (btrim(note) <> ''),
    answered_by text        NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    taken_at    timestamptz,
    outcome     text,
    UNIQUE (grant_name, key)
);
CREATE INDEX work_order_waiting ON serve.work_order_answer (order_id) WHERE taken_at IS NULL;
COMMENT ON TABLE serve.work_order_answer IS '部门系统经服务接口对工单的答复，由 baselib dispute take 转入台账；含自由文本，不授权查询';

CREATE FUNCTION serve.work_orders(department text, after text, most integer)
RETURNS TABLE (order_id text, kind text, state text, source text, column_name text, rule text,
    severity text, batch text, file text, line bigint, opened_at timestamptz, due_date date,
    entity_id text, reason text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT * FROM (
        SELECT ('issue-' || issue.fingerprint) COLLATE "C", 'issue', issue.state, issue.source,
            issue.column_name, issue.rule, issue.severity, issue.batch, issue.file, issue.line,
            issue.found_at, issue.due_date, NULL::text, NULL::text
        FROM quality.issue AS issue
        WHERE issue.department = $1 AND issue.closed_at IS NULL AND issue.state <> 'answered'
        UNION ALL
        SELECT ('dispute-' || dispute.id) COLLATE "C", 'dispute', dispute.state, dispute.source,
            dispute.column_name, 'DISPUTED_BY_USER', 'warning', issue.batch, issue.file, issue.line,
            dispute.raised_at, dispute.due_date, dispute.entity_id, dispute.reason
        FROM quality.dispute AS dispute LEFT JOIN quality.issue AS issue USING (fingerprint)
        WHERE dispute.department = $1 AND dispute.state = 'open'
    ) AS listed (order_id, kind, state, source, column_name, rule, severity, batch, file, line,
        opened_at, due_date, entity_id, reason)
    WHERE listed.order_id > $2 AND NOT EXISTS (
        SELECT FROM serve.work_order_answer AS answer
        WHERE answer.order_id = listed.order_id AND answer.taken_at IS NULL)
    ORDER BY listed.order_id LIMIT $3
$$;

REVOKE ALL ON FUNCTION serve.work_orders FROM PUBLIC;
GRANT EXECUTE ON FUNCTION serve.work_orders TO serve_login;
GRANT INSERT (grant_name, key, order_id, how, note, answered_by),
    SELECT (id, grant_name, key, order_id, how) ON serve.work_order_answer TO serve_login;
