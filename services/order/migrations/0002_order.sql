-- migrate:up

-- The customer as sales sees them; amounts are sums over their orders, kept in the transactions of those.
CREATE TABLE customers (
    user_id        text PRIMARY KEY,
    currency       text NOT NULL CHECK (length(currency) = 3),
    credit_limit   bigint NOT NULL CHECK (credit_limit >= 0),
    open_amount    bigint NOT NULL DEFAULT 0 CHECK (open_amount >= 0),
    order_count    integer NOT NULL DEFAULT 0 CHECK (order_count >= 0),
    lifetime_value bigint NOT NULL DEFAULT 0 CHECK (lifetime_value >= 0),
    loyalty_points bigint NOT NULL DEFAULT 0 CHECK (loyalty_points >= 0),
    last_order_at  timestamptz
);

-- Amounts in minor units of `currency`. `lines` and `address` are written once and read whole.
CREATE TABLE orders (
    order_id         uuid PRIMARY KEY,
    user_id          text NOT NULL REFERENCES customers,
    state            text NOT NULL CHECK (state IN
                         ('PENDING', 'CONFIRMED', 'REJECTED', 'CANCELLING', 'CANCELLED', 'FULFILLED')),
    currency         text NOT NULL CHECK (length(currency) = 3),
    lines            jsonb NOT NULL,
    subtotal         bigint NOT NULL CHECK (subtotal > 0),
    shipping_price   bigint NOT NULL CHECK (shipping_price >= 0),
    total            bigint NOT NULL GENERATED ALWAYS AS (subtotal + shipping_price) STORED,
    refunded         bigint NOT NULL DEFAULT 0 CHECK (refunded >= 0),
    address          jsonb NOT NULL,
    speed            text NOT NULL,
    payment_id       text NOT NULL DEFAULT '',
    shipment_id      text NOT NULL DEFAULT '',
    rejection_reason text NOT NULL DEFAULT '',
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    confirmed_at     timestamptz,
    -- One more with each write: a writer that saw an older order changes nothing.
    revision         integer NOT NULL DEFAULT 1,
    CHECK ((state = 'REJECTED') = (rejection_reason <> ''))
) WITH (fillfactor = 80);
CREATE INDEX orders_of_user ON orders (user_id, created_at DESC, order_id DESC);
CREATE INDEX orders_newest ON orders (created_at DESC, order_id DESC);
CREATE INDEX orders_bought ON orders (user_id, confirmed_at DESC) WHERE state IN ('CONFIRMED', 'FULFILLED');

-- The table of order.domain.states once more, so that no writer at all can break it.
CREATE FUNCTION order_state_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.state, NEW.state) NOT IN (
        ('PENDING', 'CONFIRMED'), ('PENDING', 'REJECTED'), ('PENDING', 'CANCELLED'),
        ('CONFIRMED', 'CANCELLING'), ('CONFIRMED', 'FULFILLED'),
        ('CANCELLING', 'CANCELLED')
    ) THEN
        RAISE EXCEPTION 'order %: illegal transition from % to %', OLD.order_id, OLD.state, NEW.state
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER order_state_guard BEFORE UPDATE OF state ON orders
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION order_state_guard();

-- One workflow for each order. A row that is worked on has an owner, and `claimable_at` is the end of the lease;
-- without an owner it is when the next try is due. `lease` is the fencing token: one more with each claim.
CREATE TABLE workflows (
    order_id         uuid PRIMARY KEY REFERENCES orders,
    status           text NOT NULL CHECK (status IN ('active', 'parked', 'done')),
    goal             text NOT NULL,
    step             text NOT NULL,
    attempt          integer NOT NULL CHECK (attempt > 0),
    undo             text[] NOT NULL,
    reason           text NOT NULL,
    parked_reason    text NOT NULL DEFAULT '',
    cancel_requested boolean NOT NULL DEFAULT false,
    -- Sealed by the service; emptied as soon as no charge can be tried any more.
    payment_token    bytea,
    started_at       timestamptz NOT NULL,
    step_started_at  timestamptz NOT NULL,
    lease            bigint NOT NULL,
    lease_owner      text,
    claimable_at     timestamptz NOT NULL,
    CHECK (status = 'active' OR payment_token IS NULL)
) WITH (fillfactor = 70);
CREATE INDEX workflows_due ON workflows (claimable_at) WHERE status = 'active';
CREATE INDEX workflows_parked ON workflows (order_id) WHERE status = 'parked';

-- What was done for an order and what came of it; `state` is the order's after the entry.
CREATE TABLE timeline (
    order_id uuid NOT NULL REFERENCES orders,
    position bigint GENERATED ALWAYS AS IDENTITY,
    step     text NOT NULL,
    outcome  text NOT NULL,
    attempt  integer NOT NULL,
    reason   text NOT NULL,
    state    text NOT NULL,
    time     timestamptz NOT NULL,
    PRIMARY KEY (order_id, position)
);

-- migrate:down

DROP TABLE timeline;
DROP TABLE workflows;
DROP TABLE orders;
DROP FUNCTION order_state_guard();
DROP TABLE customers;
