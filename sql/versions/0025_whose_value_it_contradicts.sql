-- A contradiction is not settled because one of the two records is not delivered any more.
ALTER TABLE quality.issue ADD COLUMN other_record text COLLATE "C";
COMMENT ON COLUMN quality.issue.other_record IS
    '与之不一致的另一来源记录的指纹；该记录不再报送而本记录的值未变时，问题不因此关闭；为空表示不涉及其他来源';
