-- Run by whoever owns the database:
--   psql --dbname payloads --file schema.sql
CREATE TABLE cloakroom_objects (
    key text PRIMARY KEY,
    value bytea NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT now()
);

-- The driver's user needs no more than this. UPDATE mends a damaged row when its object is stored again.
GRANT SELECT, INSERT, UPDATE ON cloakroom_objects TO cloakroom;
