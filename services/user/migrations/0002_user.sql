-- migrate:up

CREATE TABLE account (
    user_id       uuid PRIMARY KEY,
    email         text NOT NULL UNIQUE CHECK (email = lower(email)),
    display_name  text NOT NULL,
    locale        text NOT NULL DEFAULT 'en',
    roles         text[] NOT NULL,
    password_hash text NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
);

CREATE TABLE session (
    session_id uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES account,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX session_by_user ON session (user_id);

-- A refresh token is good once; used ones stay, so that a second use is seen.
CREATE TABLE refresh_token (
    token_hash bytea PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES session,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX refresh_token_age ON refresh_token (expires_at);

CREATE TABLE signing_key (
    kid         text PRIMARY KEY,
    private_jwk text NOT NULL,
    created_at  timestamptz NOT NULL,
    retired_at  timestamptz
);

-- migrate:down

DROP TABLE signing_key;
DROP TABLE refresh_token;
DROP TABLE session;
DROP TABLE account;
