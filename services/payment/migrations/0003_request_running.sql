-- migrate:up

-- Until when the first request may still run; its repeats are refused meanwhile. NULL: it has its answer, or was made before this column.
ALTER TABLE idempotency ADD COLUMN running_until timestamptz;

-- migrate:down

ALTER TABLE idempotency DROP COLUMN running_until;
