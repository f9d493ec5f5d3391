-- A run that comes out otherwise is compared again, beside what an earlier candidate was approved on.
ALTER TABLE quality.id_change
    DROP CONSTRAINT id_change_library_run_fkey,
    DROP CONSTRAINT id_change_pkey,
    ADD COLUMN candidate text;
ALTER TABLE quality.id_loss
    DROP CONSTRAINT id_loss_library_run_fkey,
    DROP CONSTRAINT id_loss_pkey,
    ADD COLUMN candidate text;
UPDATE quality.id_change AS part SET candidate = whole.candidate
    FROM quality.id_comparison AS whole WHERE (whole.library, whole.run) = (part.library, part.run);
UPDATE quality.id_loss AS part SET candidate = whole.candidate
    FROM quality.id_comparison AS whole WHERE (whole.library, whole.run) = (part.library, part.run);
ALTER TABLE quality.id_comparison
    DROP CONSTRAINT id_comparison_pkey,
    ADD PRIMARY KEY (library, run, candidate);
ALTER TABLE quality.id_change
    ALTER COLUMN candidate SET NOT NULL,
    ADD PRIMARY KEY (library, run, candidate, kind, rule),
    ADD FOREIGN KEY (library, run, candidate) REFERENCES quality.id_comparison ON DELETE CASCADE;
ALTER TABLE quality.id_loss
    ALTER COLUMN candidate SET NOT NULL,
    ADD PRIMARY KEY (library, run, candidate, source),
    ADD FOREIGN KEY (library, run, candidate) REFERENCES quality.id_comparison ON DELETE CASCADE;
COMMENT ON COLUMN quality.id_change.candidate IS '候选结果内容的摘要，属于哪一次比对';
COMMENT ON COLUMN quality.id_loss.candidate IS '候选结果内容的摘要，属于哪一次比对';

-- What somebody approved a candidate on is evidence: nobody changes or deletes it.
CREATE FUNCTION quality.refuse_change_of_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM quality.id_approval AS given
        WHERE (given.library, given.run, given.candidate) = (OLD.library, OLD.run, OLD.candidate)
    ) THEN
        RAISE EXCEPTION 'quality.% is evidence of an approval and stays as it is', TG_TABLE_NAME;
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;
CREATE TRIGGER id_comparison_is_evidence BEFORE UPDATE OR DELETE ON quality.id_comparison
    FOR EACH ROW EXECUTE FUNCTION quality.refuse_change_of_evidence();
