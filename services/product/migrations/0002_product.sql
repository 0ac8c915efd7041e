-- migrate:up

-- For name_contains: a trigram index serves ILIKE '%word%'.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE category (
    category_id uuid PRIMARY KEY,
    slug        text NOT NULL UNIQUE,
    name        text NOT NULL
);

CREATE TABLE product (
    product_id   uuid PRIMARY KEY,
    name         text NOT NULL CHECK (name <> ''),
    description  text NOT NULL,
    category_id  uuid NOT NULL REFERENCES category,
    price_minor  bigint NOT NULL CHECK (price_minor BETWEEN 1 AND 100000000),
    currency     text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    weight_grams integer NOT NULL CHECK (weight_grams BETWEEN 1 AND 100000),
    attributes   jsonb NOT NULL DEFAULT '{}',
    revision     bigint NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL
);

-- One index for each order that a list can have; the id breaks ties, so that a page ends at one exact row.
CREATE INDEX product_by_name ON product (name, product_id);
CREATE INDEX product_by_price ON product (price_minor, product_id);
CREATE INDEX product_by_age ON product (created_at, product_id);
CREATE INDEX product_by_category ON product (category_id, name, product_id);
CREATE INDEX product_name_words ON product USING gin (name gin_trgm_ops);

-- migrate:down

DROP TABLE product;
DROP TABLE category;
