create table accounts (
    id            blob    not null primary key,
    name          text    not null,
    status        text    not null check (status in ('active', 'suspended', 'closed')),
    -- Projections of the ledger; they move in the transaction that writes the entries.
    available     integer not null default 0 check (available >= 0),
    held          integer not null default 0 check (held >= 0),
    created_at_ms integer not null
) strict;

create table api_keys (
    id             blob    not null primary key,
    account_id     blob    not null references accounts (id),
    public_id      text    not null unique,
    secret_hash    blob    not null unique check (length(secret_hash) = 32),
    label          text    not null,
    selection_mode text,
    pool_mode      text,
    status         text    not null check (status in ('active', 'revoked')),
    created_at_ms  integer not null,
    expires_at_ms  integer
) strict;

create index api_keys_account_idx on api_keys (account_id);

create table providers (
    id            text    not null primary key,
    base_url      text,
    time_scale    integer not null default 1 check (time_scale >= 1),
    loopback      integer not null default 0 check (loopback in (0, 1)),
    status        text    not null check (status in ('active', 'disabled')),
    created_at_ms integer not null
) strict;

create table credentials (
    id               blob    not null primary key,
    provider_id      text    not null references providers (id),
    pool             text    not null check (pool in ('platform', 'community')),
    owner_account_id blob    references accounts (id),
    label            text    not null,
    sealed           blob    not null,
    binding          text    not null,
    fingerprint      blob    not null unique,
    status           text    not null check (status in ('active', 'disabled', 'rejected', 'depleted')),
    created_at_ms    integer not null,
    check ((pool = 'community') = (owner_account_id is not null))
) strict;

create index credentials_provider_idx on credentials (provider_id);

create table price_books (
    version       integer not null primary key check (version > 0),
    -- Who publishes names the book, so that a publication said twice is one version.
    id            blob    not null unique,
    created_at_ms integer not null
) strict;

create table prices (
    version     integer not null references price_books (version),
    provider_id text    not null references providers (id),
    family      text    not null,
    pool        text    not null check (pool in ('platform', 'community')),
    price_nanos integer not null check (price_nanos > 0),
    share_bp    integer not null check (share_bp between 0 and 10000),
    primary key (version, provider_id, family, pool)
) strict, without rowid;

create trigger price_books_no_update before update on price_books begin select raise(abort, 'price books are append-only'); end;
create trigger price_books_no_delete before delete on price_books begin select raise(abort, 'price books are append-only'); end;
create trigger prices_no_update before update on prices begin select raise(abort, 'prices are append-only'); end;
create trigger prices_no_delete before delete on prices begin select raise(abort, 'prices are append-only'); end;

create table site_rules (
    pattern text not null primary key,
    action  text not null check (action in ('deny')),
    note    text not null
) strict, without rowid;
