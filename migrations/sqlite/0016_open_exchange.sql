-- The Provider Exchange: credentials that accounts contribute, on their own terms, and earn from.

-- Why credentials of this provider may be contributed: the clause or the agreement. Null forbids it.
alter table providers add column contribution_note text check (contribution_note <> '');

-- SQLite cannot change a check, so the table is made anew. Rows that point to it are matched again when the new rows come in;
-- the check is put off until the commit.
pragma defer_foreign_keys = on;

create table credentials_before as select * from credentials;
drop table credentials;

create table credentials (
    id               blob    not null primary key,
    provider_id      text    not null references providers (id),
    pool             text    not null check (pool in ('platform', 'community')),
    owner_account_id blob    references accounts (id),
    label            text    not null,
    -- Zeros once it is destroyed.
    sealed           blob    not null,
    binding          text    not null,
    -- Null once it may be contributed again: it was destroyed, or somebody else has proved to own it.
    fingerprint      blob    unique,
    status           text    not null check (status in (
        'pending', 'active', 'paused', 'depleted', 'rejected', 'disabled', 'withdrawn')),
    created_at_ms    integer not null,
    check ((pool = 'community') = (owner_account_id is not null)),
    check (fingerprint is not null or status = 'withdrawn')
) strict;

insert into credentials (id, provider_id, pool, owner_account_id, label, sealed, binding, fingerprint, status, created_at_ms)
select id, provider_id, pool, owner_account_id, label, sealed, binding, fingerprint, status, created_at_ms
  from credentials_before;

drop table credentials_before;

create index credentials_provider_idx on credentials (provider_id);
create index credentials_owner_idx on credentials (owner_account_id) where owner_account_id is not null;

-- What a contributor has signed and lends a credential for, and how it is looked after.
create table contributions (
    credential_id     blob    not null primary key references credentials (id),
    statement_version integer not null check (statement_version > 0),
    statement_hash    blob    not null check (length(statement_hash) = 32),
    signed_by         text    not null check (signed_by <> ''),
    signed_at_ms      integer not null,
    -- What is shown of its secret.
    mask              text    not null,
    daily_cap_nanos   integer check (daily_cap_nanos > 0),
    most_open         integer check (most_open > 0),
    -- JSON arrays: families that it is lent for (null means every one), sites that it is not lent for.
    families          text,
    excluded_sites    text    not null,
    reserve_nanos     integer not null check (reserve_nanos >= 0),
    -- Why it is not in use, for its owner.
    reason            text,
    -- When its provider is asked for its balance next (null means never), and how many times in a row it was found unfit.
    look_at_ms        integer,
    unfit_looks       integer not null default 0 check (unfit_looks >= 0),
    -- Somebody else has proved to own it; what it has earned and is pending does not mature.
    is_evicted        integer not null default 0 check (is_evicted in (0, 1)),
    earnings_held     integer not null default 0 check (earnings_held in (0, 1)),
    destroyed_at_ms   integer,
    withdrawn_at_ms   integer,
    -- The fingerprint of a secret that may not be contributed again: the operator had disabled it, or (only by the same account)
    -- somebody else has proved to own it.
    barred            blob
) strict, without rowid;

create index contributions_look_idx on contributions (look_at_ms) where look_at_ms is not null;
create index contributions_barred_idx on contributions (barred) where barred is not null;
create index contributions_undestroyed_idx on contributions (credential_id) where destroyed_at_ms is null;

-- What happened to a contributed credential, in words for its owner.
create table credential_events (
    id            blob    not null primary key check (length(id) = 16),
    credential_id blob    not null references credentials (id),
    at_ms         integer not null,
    kind          text    not null,
    -- A JSON object; never a secret, nothing of what was solved.
    detail        text    not null
) strict, without rowid;

create index credential_events_credential_idx on credential_events (credential_id, at_ms);

create trigger credential_events_no_update before update on credential_events
begin select raise(abort, 'events are append-only'); end;
create trigger credential_events_no_delete before delete on credential_events
begin select raise(abort, 'events are append-only'); end;

-- What a contributor authenticates with: never a client key, which sits in scripts.
create table exchange_tokens (
    id            blob    not null primary key,
    account_id    blob    not null references accounts (id),
    public_id     text    not null unique,
    secret_hash   blob    not null unique check (length(secret_hash) = 32),
    label         text    not null,
    status        text    not null check (status in ('active', 'revoked')),
    created_at_ms integer not null,
    expires_at_ms integer
) strict;

create index exchange_tokens_account_idx on exchange_tokens (account_id);

-- Matured earnings that a contributor asks to have paid out. What is asked for cannot be spent meanwhile.
create table payouts (
    id            blob    not null primary key,
    account_id    blob    not null references accounts (id),
    -- What the contributor calls it; said again it is the same one.
    reference     text    not null,
    amount_nanos  integer not null check (amount_nanos > 0),
    -- Where to, sealed.
    destination   blob    not null,
    -- A keyed hash of it: another destination is another payout.
    destination_hash blob not null,
    state         text    not null check (state in ('requested', 'paid', 'refused', 'cancelled')),
    reason        text,
    move_id       blob    unique references moves (id),
    created_at_ms integer not null,
    ended_at_ms   integer,
    unique (account_id, reference),
    check ((state = 'requested') = (ended_at_ms is null)),
    check ((state = 'paid') = (move_id is not null))
) strict;

create index payouts_open_idx on payouts (account_id) where state = 'requested';

-- Somebody says that a credential which another account has contributed is theirs.
create table credential_claims (
    id            blob    not null primary key,
    credential_id blob    not null references credentials (id),
    account_id    blob    not null references accounts (id),
    evidence      text    not null,
    state         text    not null check (state in ('open', 'granted', 'refused')),
    reason        text,
    created_at_ms integer not null,
    decided_at_ms integer,
    check ((state = 'open') = (decided_at_ms is null))
) strict;

create unique index credential_claims_open_uk on credential_claims (credential_id, account_id) where state = 'open';
