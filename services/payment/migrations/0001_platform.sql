-- migrate:up

-- Events wait here, written in the transaction of the state they tell of, until the relay has the broker's acknowledgement.
CREATE TABLE outbox (
    position     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id           uuid NOT NULL UNIQUE,
    subject      text NOT NULL,
    type         text NOT NULL,
    entity_id    text NOT NULL,
    data         bytea NOT NULL,
    headers      jsonb NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz
);
CREATE INDEX outbox_unpublished ON outbox (position) WHERE published_at IS NULL;

-- One row for each event whose effect has been committed, in the transaction of that effect.
CREATE TABLE inbox (
    consumer    text NOT NULL,
    event_id    uuid NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, event_id)
);

-- The first answer to each (caller, method, request_id), written in the transaction of its effect.
CREATE TABLE idempotency (
    caller       text NOT NULL,
    method       text NOT NULL,
    request_id   text NOT NULL,
    request_hash bytea NOT NULL,
    response     bytea NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (caller, method, request_id)
);
CREATE INDEX idempotency_age ON idempotency (created_at);

-- migrate:down

DROP TABLE idempotency;
DROP TABLE inbox;
DROP TABLE outbox;
