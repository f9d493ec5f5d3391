ALTER TABLE quality.batch
    ADD COLUMN equal_to text,
    ADD COLUMN judged_by text,
    ADD COLUMN judged_again_on date,
    ADD FOREIGN KEY (source, equal_to) REFERENCES quality.batch ON DELETE CASCADE;
CREATE INDEX batch_equal_to ON quality.batch (source, equal_to) WHERE equal_to IS NOT NULL;
COMMENT ON COLUMN quality.batch.equal_to IS '内容与哪一批次完全相同；为空则本批次有自己的数据行';
COMMENT ON COLUMN quality.batch.judged_by IS '入库时所用约定、解析程序、代码表等的摘要；不同则须重新解析';
COMMENT ON COLUMN quality.batch.judged_again_on IS '同样的数据自哪一天起判断可能不同（如将来的日期届时不再是将来）；为空则不会';

-- Until now every verb ended well or left its task failed; here it is told, too.
ALTER TABLE quality.stage_timing ADD COLUMN is_done boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN quality.stage_timing.is_done IS '是否正常结束';

CREATE TABLE quality.library_input (
    library     text        PRIMARY KEY,
    run         text        NOT NULL,
    digest      text        NOT NULL,
    finished_at timestamptz
);
COMMENT ON TABLE quality.library_input IS '基础库最近一次运行所依据的全部输入的摘要；未变则无须再运行';
COMMENT ON COLUMN quality.library_input.finished_at IS '该次运行全部完成的时间；为空则未完成';

CREATE TABLE quality.comparison_due (
    library text NOT NULL,
    source  text NOT NULL,
    day     date NOT NULL,
    PRIMARY KEY (library, source)
);
COMMENT ON TABLE quality.comparison_due IS '比对结果自哪一天起可能不同（如证照届时到期），按所涉数据源';
