create table accounts (
    id            uuid    not null primary key,
    name          text    not null,
    status        text    not null check (status in ('active', 'suspended', 'closed')),
    -- Projections of the ledger; they move in the transaction that writes the entries.
    available     bigint  not null default 0 check (available >= 0),
    held          bigint  not null default 0 check (held >= 0),
    created_at_ms bigint  not null
);

create table api_keys (
    id             uuid    not null primary key,
    account_id     uuid    not null references accounts (id),
    public_id      text    not null unique,
    secret_hash    bytea   not null unique check (length(secret_hash) = 32),
    label          text    not null,
    selection_mode text,
    pool_mode      text,
    status         text    not null check (status in ('active', 'revoked')),
    created_at_ms  bigint  not null,
    expires_at_ms  bigint
);

create index api_keys_account_idx on api_keys (account_id);

create table providers (
    id            text    not null primary key,
    base_url      text,
    time_scale    bigint  not null default 1 check (time_scale >= 1),
    loopback      boolean not null default false,
    status        text    not null check (status in ('active', 'disabled')),
    created_at_ms bigint  not null
);

create table credentials (
    id               uuid    not null primary key,
    provider_id      text    not null references providers (id),
    pool             text    not null check (pool in ('platform', 'community')),
    owner_account_id uuid    references accounts (id),
    label            text    not null,
    sealed           bytea   not null,
    binding          text    not null,
    fingerprint      bytea   not null unique,
    status           text    not null check (status in ('active', 'disabled', 'rejected', 'depleted')),
    created_at_ms    bigint  not null,
    check ((pool = 'community') = (owner_account_id is not null))
);

create index credentials_provider_idx on credentials (provider_id);

create table price_books (
    version       bigint  not null primary key check (version > 0),
    -- Who publishes names the book, so that a publication said twice is one version.
    id            uuid    not null unique,
    created_at_ms bigint  not null
);

create table prices (
    version     bigint  not null references price_books (version),
    provider_id text    not null references providers (id),
    family      text    not null,
    pool        text    not null check (pool in ('platform', 'community')),
    price_nanos bigint  not null check (price_nanos > 0),
    share_bp    bigint  not null check (share_bp between 0 and 10000),
    primary key (version, provider_id, family, pool)
);

create function refuse_price_change() returns trigger language plpgsql as $$ begin raise exception 'prices are append-only'; end $$;

create trigger price_books_no_update before update on price_books for each row execute function refuse_price_change();
create trigger price_books_no_delete before delete on price_books for each row execute function refuse_price_change();
create trigger price_books_no_truncate before truncate on price_books for each statement execute function refuse_price_change();
create trigger prices_no_update before update on prices for each row execute function refuse_price_change();
create trigger prices_no_delete before delete on prices for each row execute function refuse_price_change();
create trigger prices_no_truncate before truncate on prices for each statement execute function refuse_price_change();

create table site_rules (
    pattern text    not null primary key,
    action  text    not null check (action in ('deny')),
    note    text    not null
);
