-- Whose keys are believed for packages of adapters, and what was revoked: the document of `capstan adapter trust`, as the operator put it in
-- force last.
create table adapter_trust (
    id       bigint not null primary key check (id = 1),
    document text   not null,
    at_ms    bigint not null
);

-- The id of the publisher's key, where it came in a package whose signature was believed.
alter table adapters add column publisher text;

-- What became of each component that was to be installed, stage by stage.
create table adapter_admissions (
    -- A UUIDv7, so that they are in the order of time.
    id          text    not null primary key,
    at_ms       bigint  not null,
    -- SHA-256 of the component.
    digest      bytea   not null check (length(digest) = 32),
    -- Null where it never said so.
    provider_id text,
    admitted    bigint  not null check (admitted in (0, 1)),
    -- A JSON list of {"stage", "verdict", "detail"}.
    stages      text    not null
);
