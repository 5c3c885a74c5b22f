-- The components of adapters that were installed. A task that one has accepted is polled by the same one, whatever came since.
create table adapters (
    -- SHA-256 of the component.
    digest          bytea  not null primary key check (length(digest) = 32),
    provider_id     text   not null,
    version         text   not null,
    -- Null where it was out of force for so long that no task can need it.
    component       bytea,
    installed_at_ms bigint not null,
    in_force_ms     bigint not null
);

-- Which of them a provider has in force: the newest generation. One without an adapter says that none is.
create table adapter_generations (
    provider_id text   not null,
    number      bigint not null check (number > 0),
    digest      bytea  references adapters (digest),
    began_at_ms bigint not null,
    primary key (provider_id, number)
);
