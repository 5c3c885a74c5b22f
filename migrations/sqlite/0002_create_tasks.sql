-- A shard without a node has an epoch of 0 and has always expired.
create table shards (
    shard         integer not null primary key check (shard between 0 and 255),
    node          text    not null default '',
    epoch         integer not null default 0,
    expires_at_ms integer not null default 0
) strict;

with recursive numbers (n) as (select 0 union all select n + 1 from numbers where n < 255)
insert into shards (shard) select n from numbers;

-- What a client asked to be solved is never stored: only what routes, prices and explains it.
create table tasks (
    id                 blob    not null primary key,
    number             integer not null unique check (number > 0 and number < 4503599627370496),
    shard              integer not null references shards (shard),
    epoch              integer not null,
    account_id         blob    not null references accounts (id),
    api_key_id         blob    not null references api_keys (id),
    family             text    not null,
    task_type          text    not null,
    with_proxy         integer not null check (with_proxy in (0, 1)),
    selection_mode     text    not null,
    pool_mode          text    not null,
    site               text,
    site_key           text,
    price_book_version integer not null references price_books (version),
    state              text    not null check (state in ('submitting', 'running', 'in_doubt', 'solved', 'failed')),
    solver_provider    text,
    cost_nanos         integer check (cost_nanos >= 0),
    error_code         text,
    error_description  text,
    solution           blob,
    created_at_ms      integer not null,
    deadline_at_ms     integer not null,
    ended_at_ms        integer,
    check ((state in ('solved', 'failed')) = (ended_at_ms is not null)),
    check ((state = 'solved') = (cost_nanos is not null)),
    check ((state = 'failed') = (error_code is not null)),
    check (solution is null or state = 'solved')
) strict;

create index tasks_open_idx on tasks (shard) where state in ('submitting', 'running', 'in_doubt');
create index tasks_account_idx on tasks (account_id, created_at_ms);
create index tasks_solution_idx on tasks (ended_at_ms) where solution is not null;

create table attempts (
    id                  blob    not null primary key,
    task_id             blob    not null references tasks (id),
    seq                 integer not null check (seq > 0),
    provider_id         text    not null references providers (id),
    credential_id       blob    not null references credentials (id),
    pool                text    not null check (pool in ('platform', 'community')),
    adapter_digest      blob    not null,
    state               text    not null
        check (state in ('submitting', 'running', 'in_doubt', 'solved', 'failed', 'refused')),
    price_nanos         integer not null check (price_nanos > 0),
    share_bp            integer not null check (share_bp between 0 and 10000),
    contributor_id      blob    references accounts (id),
    provider_cost_nanos integer check (provider_cost_nanos >= 0),
    reference           blob,
    fault_class         text,
    fault_code          text,
    charged             text    check (charged in ('yes', 'no', 'unknown')),
    explanation         text    not null,
    created_at_ms       integer not null,
    accepted_at_ms      integer,
    ended_at_ms         integer,
    unique (task_id, seq)
) strict;

create index attempts_credential_idx on attempts (credential_id, created_at_ms);
