ALTER TABLE quality.publication
    ADD COLUMN restores bigint REFERENCES quality.publication,
    ADD COLUMN restored_by text,
    ADD COLUMN reason text,
    ADD CHECK ((restores IS NULL) = (restored_by IS NULL) AND (restores IS NULL) = (reason IS NULL));
COMMENT ON COLUMN quality.publication.restores IS '回退时恢复的是哪一次发布的内容；为空则为通常的发布';
COMMENT ON COLUMN quality.publication.restored_by IS '由谁回退';
COMMENT ON COLUMN quality.publication.reason IS '回退的理由';
