-- The dialect that a key's clients speak where neither key suffix, path nor listener says; null leaves it to the default.
alter table api_keys add column dialect text check (dialect in ('anysolver', 'anticaptcha', 'capsolver'));
-- For how long a byte-identical createTask gets the first one's answer; null guards against nothing.
alter table api_keys add column duplicate_window_ms bigint check (duplicate_window_ms > 0);

-- What a repeated createTask is known by: a digest of its Idempotency-Key, or of its body. Written in the transaction that
-- places the task, so that there is one without the other at no time.
create table create_guards (
    api_key_id    uuid not null references api_keys (id),
    guard         bytea not null check (length(guard) = 32),
    -- Tells a repetition from another task under the same Idempotency-Key.
    body          bytea not null check (length(body) = 32),
    task_id       uuid not null references tasks (id),
    expires_at_ms bigint not null,
    primary key (api_key_id, guard)
);

create index create_guards_expiry_idx on create_guards (expires_at_ms);

-- What a client said of a solution; the first word on a task counts.
create table task_reports (
    task_id       uuid not null primary key references tasks (id),
    correct       boolean not null,
    -- How the provider took it; null when it was not told, or its answer is not known.
    passed_on     text check (passed_on in ('done', 'refused', 'not_supported')),
    created_at_ms bigint not null
);
