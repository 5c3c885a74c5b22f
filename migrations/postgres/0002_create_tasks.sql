-- A shard without a node has an epoch of 0 and has always expired.
create table shards (
    shard         bigint  not null primary key check (shard between 0 and 255),
    node          text    not null default '',
    epoch         bigint  not null default 0,
    expires_at_ms bigint  not null default 0
);

insert into shards (shard) select n from generate_series(0, 255) as n;

-- What a client asked to be solved is never stored: only what routes, prices and explains it.
create table tasks (
    id                 uuid    not null primary key,
    number             bigint  not null unique check (number > 0 and number < 4503599627370496),
    shard              bigint  not null references shards (shard),
    epoch              bigint  not null,
    account_id         uuid    not null references accounts (id),
    api_key_id         uuid    not null references api_keys (id),
    family             text    not null,
    task_type          text    not null,
    with_proxy         boolean not null,
    selection_mode     text    not null,
    pool_mode          text    not null,
    site               text,
    site_key           text,
    price_book_version bigint  not null references price_books (version),
    state              text    not null check (state in ('submitting', 'running', 'in_doubt', 'solved', 'failed')),
    solver_provider    text,
    cost_nanos         bigint  check (cost_nanos >= 0),
    error_code         text,
    error_description  text,
    solution           bytea,
    created_at_ms      bigint  not null,
    deadline_at_ms     bigint  not null,
    ended_at_ms        bigint,
    check ((state in ('solved', 'failed')) = (ended_at_ms is not null)),
    check ((state = 'solved') = (cost_nanos is not null)),
    check ((state = 'failed') = (error_code is not null)),
    check (solution is null or state = 'solved')
);

create index tasks_open_idx on tasks (shard) where state in ('submitting', 'running', 'in_doubt');
create index tasks_account_idx on tasks (account_id, created_at_ms);
create index tasks_solution_idx on tasks (ended_at_ms) where solution is not null;

create table attempts (
    id                  uuid    not null primary key,
    task_id             uuid    not null references tasks (id),
    seq                 bigint  not null check (seq > 0),
    provider_id         text    not null references providers (id),
    credential_id       uuid    not null references credentials (id),
    pool                text    not null check (pool in ('platform', 'community')),
    adapter_digest      bytea   not null,
    state               text    not null
        check (state in ('submitting', 'running', 'in_doubt', 'solved', 'failed', 'refused')),
    price_nanos         bigint  not null check (price_nanos > 0),
    share_bp            bigint  not null check (share_bp between 0 and 10000),
    contributor_id      uuid    references accounts (id),
    provider_cost_nanos bigint  check (provider_cost_nanos >= 0),
    reference           bytea,
    fault_class         text,
    fault_code          text,
    charged             text    check (charged in ('yes', 'no', 'unknown')),
    explanation         text    not null,
    created_at_ms       bigint  not null,
    accepted_at_ms      bigint,
    ended_at_ms         bigint,
    unique (task_id, seq)
);

create index attempts_credential_idx on attempts (credential_id, created_at_ms);
