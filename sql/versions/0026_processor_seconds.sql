-- Seconds by the clock say little on a machine that does other things besides.
ALTER TABLE quality.stage_timing ADD COLUMN cpu_seconds double precision;
COMMENT ON COLUMN quality.stage_timing.cpu_seconds IS
    '处理器时间（秒），含本步骤启动且已结束的子进程，不含数据库服务器；为空则当时未计';
