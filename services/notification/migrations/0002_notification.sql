-- migrate:up

-- This service's own copy of whom to write to, kept from `user.*`. Personal data: never logged, never published.
CREATE TABLE contacts (
    user_id      text PRIMARY KEY,
    email        text NOT NULL,
    display_name text NOT NULL,
    locale       text NOT NULL,
    update_time  timestamptz NOT NULL
);

-- What a person chose; no row means the defaults.
CREATE TABLE preferences (
    user_id         text PRIMARY KEY,
    channels        text[] NOT NULL,
    phone_number    text NOT NULL,
    push_token      text NOT NULL,
    muted_templates text[] NOT NULL,
    update_time     timestamptz NOT NULL
);

-- One message to one person by one channel. The unique pair is what makes an event count once.
CREATE TABLE deliveries (
    id               uuid PRIMARY KEY,
    event_id         uuid NOT NULL,
    user_id          text NOT NULL,
    channel          text NOT NULL CHECK (channel IN ('EMAIL', 'SMS', 'PUSH')),
    template         text NOT NULL,
    order_id         text NOT NULL DEFAULT '',
    title            text NOT NULL,
    -- Address and content; emptied once sent, since the provider has them then.
    recipient        text NOT NULL,
    text_body        text NOT NULL,
    html_body        text NOT NULL DEFAULT '',
    state            text NOT NULL CHECK (state IN ('PENDING', 'SENDING', 'SENT', 'FAILED', 'SUPPRESSED')),
    attempt_count    integer NOT NULL DEFAULT 0 CHECK (attempt_count >= 0),
    -- When a PENDING one is due, and when the claim on a SENDING one ends: the sender that holds it is dead by then.
    due_time         timestamptz NOT NULL,
    lease_id         uuid,
    failure_reason   text NOT NULL DEFAULT '',
    -- W3C trace context of the event, so that the sending belongs to the same trace.
    traceparent      text NOT NULL DEFAULT '',
    create_time      timestamptz NOT NULL,
    send_time        timestamptz,
    UNIQUE (event_id, channel)
);
CREATE INDEX deliveries_due ON deliveries (channel, due_time) WHERE state IN ('PENDING', 'SENDING');
CREATE INDEX deliveries_of_user ON deliveries (user_id, id DESC);

-- migrate:down

DROP TABLE deliveries;
DROP TABLE preferences;
DROP TABLE contacts;
