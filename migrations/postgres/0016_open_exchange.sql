-- The Provider Exchange: credentials that accounts contribute, on their own terms, and earn from.

-- Why credentials of this provider may be contributed: the clause or the agreement. Null forbids it.
alter table providers add column contribution_note text check (contribution_note <> '');

alter table credentials alter column fingerprint drop not null;
alter table credentials drop constraint credentials_status_check;
alter table credentials
    add check (status in ('pending', 'active', 'paused', 'depleted', 'rejected', 'disabled', 'withdrawn')),
    add check (fingerprint is not null or status = 'withdrawn');

create index credentials_owner_idx on credentials (owner_account_id) where owner_account_id is not null;

-- What a contributor has signed and lends a credential for, and how it is looked after.
create table contributions (
    credential_id     uuid    not null primary key references credentials (id),
    statement_version bigint  not null check (statement_version > 0),
    statement_hash    bytea   not null check (length(statement_hash) = 32),
    signed_by         text    not null check (signed_by <> ''),
    signed_at_ms      bigint  not null,
    -- What is shown of its secret.
    mask              text    not null,
    daily_cap_nanos   bigint  check (daily_cap_nanos > 0),
    most_open         bigint  check (most_open > 0),
    -- JSON arrays: families that it is lent for (null means every one), sites that it is not lent for.
    families          text,
    excluded_sites    text    not null,
    reserve_nanos     bigint  not null check (reserve_nanos >= 0),
    -- Why it is not in use, for its owner.
    reason            text,
    -- When its provider is asked for its balance next (null means never), and how many times in a row it was found unfit.
    look_at_ms        bigint,
    unfit_looks       bigint  not null default 0 check (unfit_looks >= 0),
    -- Somebody else has proved to own it; what it has earned and is pending does not mature.
    is_evicted        boolean not null default false,
    earnings_held     boolean not null default false,
    destroyed_at_ms   bigint,
    withdrawn_at_ms   bigint,
    -- The fingerprint of a secret that may not be contributed again: the operator had disabled it, or (only by the same account)
    -- somebody else has proved to own it.
    barred            bytea
);

create index contributions_look_idx on contributions (look_at_ms) where look_at_ms is not null;
create index contributions_barred_idx on contributions (barred) where barred is not null;
create index contributions_undestroyed_idx on contributions (credential_id) where destroyed_at_ms is null;

-- What happened to a contributed credential, in words for its owner.
create table credential_events (
    id            uuid    not null primary key,
    credential_id uuid    not null references credentials (id),
    at_ms         bigint  not null,
    kind          text    not null,
    -- A JSON object; never a secret, nothing of what was solved.
    detail        text    not null
);

create index credential_events_credential_idx on credential_events (credential_id, at_ms);

create function refuse_event_change() returns trigger language plpgsql as $$ begin raise exception 'events are append-only'; end $$;

create trigger credential_events_no_update before update on credential_events for each row execute function refuse_event_change();
create trigger credential_events_no_delete before delete on credential_events for each row execute function refuse_event_change();
create trigger credential_events_no_truncate before truncate on credential_events for each statement execute function refuse_event_change();

-- What a contributor authenticates with: never a client key, which sits in scripts.
create table exchange_tokens (
    id            uuid    not null primary key,
    account_id    uuid    not null references accounts (id),
    public_id     text    not null unique,
    secret_hash   bytea   not null unique check (length(secret_hash) = 32),
    label         text    not null,
    status        text    not null check (status in ('active', 'revoked')),
    created_at_ms bigint  not null,
    expires_at_ms bigint
);

create index exchange_tokens_account_idx on exchange_tokens (account_id);

-- Matured earnings that a contributor asks to have paid out. What is asked for cannot be spent meanwhile.
create table payouts (
    id            uuid    not null primary key,
    account_id    uuid    not null references accounts (id),
    -- What the contributor calls it; said again it is the same one.
    reference     text    not null,
    amount_nanos  bigint  not null check (amount_nanos > 0),
    -- Where to, sealed.
    destination   bytea   not null,
    -- A keyed hash of it: another destination is another payout.
    destination_hash bytea not null,
    state         text    not null check (state in ('requested', 'paid', 'refused', 'cancelled')),
    reason        text,
    move_id       uuid    unique references moves (id),
    created_at_ms bigint  not null,
    ended_at_ms   bigint,
    unique (account_id, reference),
    check ((state = 'requested') = (ended_at_ms is null)),
    check ((state = 'paid') = (move_id is not null))
);

create index payouts_open_idx on payouts (account_id) where state = 'requested';

-- Somebody says that a credential which another account has contributed is theirs.
create table credential_claims (
    id            uuid    not null primary key,
    credential_id uuid    not null references credentials (id),
    account_id    uuid    not null references accounts (id),
    evidence      text    not null,
    state         text    not null check (state in ('open', 'granted', 'refused')),
    reason        text,
    created_at_ms bigint  not null,
    decided_at_ms bigint,
    check ((state = 'open') = (decided_at_ms is null))
);

create unique index credential_claims_open_uk on credential_claims (credential_id, account_id) where state = 'open';
