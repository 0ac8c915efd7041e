-- migrate:up

-- One parcel for one confirmed order. `due_at` is when a worker looks at the row next; a worker that takes a row moves it
-- into the future, which is its lease. `label_in_doubt` says that the carrier may have made a label that we know nothing of.
CREATE TABLE shipments (
    id              uuid PRIMARY KEY,
    order_id        uuid NOT NULL UNIQUE,
    user_id         text NOT NULL,
    state           text NOT NULL CHECK (state IN ('pending', 'labelled', 'dispatched', 'delivered', 'voided')),
    speed           text NOT NULL CHECK (speed IN ('standard', 'express')),
    weight_grams    integer NOT NULL CHECK (weight_grams BETWEEN 1 AND 1000000),
    destination     jsonb NOT NULL,
    tracking_number text UNIQUE,
    label_url       text NOT NULL DEFAULT '',
    tracking_events jsonb NOT NULL DEFAULT '[]',
    label_attempts  integer NOT NULL DEFAULT 0,
    label_in_doubt  boolean NOT NULL DEFAULT false,
    void_requested  boolean NOT NULL DEFAULT false,
    due_at          timestamptz NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    CHECK (state NOT IN ('labelled', 'dispatched', 'delivered') OR tracking_number IS NOT NULL)
);
CREATE INDEX shipments_by_user ON shipments (user_id, id DESC);
CREATE INDEX shipments_to_label ON shipments (due_at) WHERE state = 'pending' AND NOT void_requested;
CREATE INDEX shipments_to_track ON shipments (due_at) WHERE state IN ('labelled', 'dispatched') AND NOT void_requested;
CREATE INDEX shipments_to_void ON shipments (due_at) WHERE void_requested;
CREATE INDEX shipments_unlabelled_age ON shipments (created_at) WHERE state = 'pending';

-- Orders that were cancelled before their shipment was made: none will be.
CREATE TABLE stopped_orders (
    order_id   uuid PRIMARY KEY,
    stopped_at timestamptz NOT NULL
);

-- The customer as a recipient of parcels.
CREATE TABLE recipients (
    customer_id   text PRIMARY KEY,
    addresses     jsonb NOT NULL,
    speed         text CHECK (speed IN ('standard', 'express')),
    leave_at_door boolean NOT NULL,
    instructions  text NOT NULL,
    updated_at    timestamptz NOT NULL
);

-- migrate:down

DROP TABLE recipients;
DROP TABLE stopped_orders;
DROP TABLE shipments;
