-- A batch that was staged and whose check was killed, or never began, is read by no library.
ALTER TABLE quality.batch ADD COLUMN awaits_check boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN quality.batch.awaits_check IS
    '已整理（或整理未完成）而尚未完成质量校验；校验完成前，基础库不读取该批次';
