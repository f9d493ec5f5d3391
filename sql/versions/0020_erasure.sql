-- What was erased: no value, no key, but keyed digests, by which a record that is delivered again is
-- known and taken out before it is staged.
CREATE TABLE quality.erased (
    source    text        NOT NULL, -- '*': a value of the identifying element, from any source
    digest    text        COLLATE "C" NOT NULL,
    erased_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, digest)
);
COMMENT ON TABLE quality.erased IS '已删除记录的带密钥摘要：再次报送时在入库前剔除';
COMMENT ON COLUMN quality.erased.source IS '数据源；* 表示识别要素的值，不论来自何处';

CREATE TABLE quality.erasure (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    library     text        NOT NULL,
    entity_id   text        COLLATE "C" NOT NULL,
    asked_by    text        NOT NULL CHECK (btrim(asked_by) <> ''),
    ground      text        NOT NULL CHECK (btrim(ground) <> ''),
    erased_at   timestamptz NOT NULL DEFAULT now(),
    certificate jsonb       NOT NULL
);
COMMENT ON TABLE quality.erasure IS '删除：应谁的要求、依据什么、删除了哪个实体，附签名的证明；只增不改';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON quality.erasure
    FOR EACH STATEMENT EXECUTE FUNCTION quality.refuse_change();
CREATE TRIGGER is_noted AFTER INSERT ON quality.erasure
    FOR EACH ROW EXECUTE FUNCTION audit.note_row('erasure', 'asked_by', 'id', '');

CREATE TABLE quality.gap (
    id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    why    text        NOT NULL CHECK (why IN ('erasure', 'retention')),
    tables jsonb       NOT NULL -- table of the lake -> snapshot that a replay begins with
);
COMMENT ON TABLE quality.gap IS '重放的起点：删除或到期清理之后，重放验证从此时的身份台账开始';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON quality.gap
    FOR EACH STATEMENT EXECUTE FUNCTION quality.refuse_change();
