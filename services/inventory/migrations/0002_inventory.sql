-- migrate:up

CREATE TABLE stock (
    product_id   uuid PRIMARY KEY,
    received     bigint NOT NULL DEFAULT 0,
    on_hand      bigint NOT NULL DEFAULT 0 CHECK (on_hand >= 0),
    reserved     bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    sold         bigint NOT NULL DEFAULT 0 CHECK (sold >= 0),
    restocked    bigint NOT NULL DEFAULT 0 CHECK (restocked >= 0),
    safety_stock bigint NOT NULL DEFAULT 0 CHECK (safety_stock >= 0),
    updated_at   timestamptz NOT NULL,
    -- Whatever a bug does, no unit appears or vanishes.
    CONSTRAINT stock_balances CHECK (received + restocked = on_hand + reserved + sold)
);

CREATE TABLE reservation (
    order_id   uuid PRIMARY KEY,
    state      text NOT NULL CHECK (state IN ('held', 'committed', 'released', 'expired', 'restocked')),
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX reservation_due ON reservation (expires_at) WHERE state = 'held';

CREATE TABLE reservation_line (
    order_id   uuid NOT NULL REFERENCES reservation,
    product_id uuid NOT NULL,
    quantity   bigint NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (order_id, product_id)
);

-- The ledger: why each level is what it is.
CREATE TABLE movement (
    movement_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id  uuid NOT NULL,
    cause       text NOT NULL,
    quantity    bigint NOT NULL,
    order_id    uuid,
    moved_at    timestamptz NOT NULL
);
CREATE INDEX movement_by_product ON movement (product_id, movement_id);

-- migrate:down

DROP TABLE movement;
DROP TABLE reservation_line;
DROP TABLE reservation;
DROP TABLE stock;
