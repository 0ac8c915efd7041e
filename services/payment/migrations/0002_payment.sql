-- migrate:up

-- One row per order that was ever charged or closed. It is locked before the order's payment, so that a charge and the closing of its order can't pass each other.
CREATE TABLE order_gates (
    order_id     uuid PRIMARY KEY,
    closed_at    timestamptz,
    close_reason text,
    CHECK ((closed_at IS NULL) = (close_reason IS NULL))
);

-- One charge per order. The card token is not here: `fingerprint` is a SHA-256 over what was asked for, the token's own SHA-256 included.
CREATE TABLE payments (
    payment_id         uuid PRIMARY KEY,
    order_id           uuid NOT NULL UNIQUE REFERENCES order_gates (order_id),
    user_id            uuid NOT NULL,
    fingerprint        text NOT NULL,
    state              text NOT NULL CHECK (state IN ('PENDING', 'SUCCEEDED', 'DECLINED', 'FAILED')),
    amount_minor       bigint NOT NULL CHECK (amount_minor BETWEEN 1 AND 100000000),
    currency_code      text NOT NULL CHECK (currency_code ~ '^[A-Z]{3}$'),
    refunded_minor     bigint NOT NULL DEFAULT 0 CHECK (refunded_minor BETWEEN 0 AND amount_minor),
    provider_charge_id text NOT NULL DEFAULT '',
    decline_code       text NOT NULL DEFAULT '',
    -- How the provider's answer is pursued: requests sent, the last one, and the last one that may still take effect.
    attempts           integer NOT NULL DEFAULT 0,
    sent_at            timestamptz,
    doubt_since        timestamptz,
    -- When a worker looks at it next; NULL when there is nothing left to do.
    next_at            timestamptz,
    lease_owner        uuid,
    lease_until        timestamptz,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    CHECK (state <> 'SUCCEEDED' OR provider_charge_id <> ''),
    CHECK (refunded_minor = 0 OR provider_charge_id <> '')
);
CREATE INDEX payments_of_user ON payments (user_id, payment_id DESC);
CREATE INDEX payments_due ON payments (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX payments_pending ON payments (payment_id) WHERE state = 'PENDING';

-- Money paid back; its id is the provider's idempotency key.
CREATE TABLE refunds (
    refund_id          uuid PRIMARY KEY,
    payment_id         uuid NOT NULL REFERENCES payments (payment_id),
    state              text NOT NULL CHECK (state IN ('PENDING', 'SUCCEEDED', 'FAILED')),
    amount_minor       bigint NOT NULL CHECK (amount_minor > 0),
    reason             text NOT NULL,
    provider_refund_id text NOT NULL DEFAULT '',
    attempts           integer NOT NULL DEFAULT 0,
    sent_at            timestamptz,
    doubt_since        timestamptz,
    next_at            timestamptz,
    lease_owner        uuid,
    lease_until        timestamptz,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL
);
CREATE INDEX refunds_of_payment ON refunds (payment_id, refund_id);
CREATE INDEX refunds_due ON refunds (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX refunds_pending ON refunds (refund_id) WHERE state = 'PENDING';

-- migrate:down

DROP TABLE refunds;
DROP TABLE payments;
DROP TABLE order_gates;
