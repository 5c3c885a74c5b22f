create table holds (
    task_id       blob    not null primary key references tasks (id),
    account_id    blob    not null references accounts (id),
    amount_nanos  integer not null check (amount_nanos > 0),
    state         text    not null check (state in ('open', 'captured', 'released')),
    created_at_ms integer not null,
    settled_at_ms integer,
    check ((state = 'open') = (settled_at_ms is null))
) strict;

create index holds_open_idx on holds (account_id) where state = 'open';

create table moves (
    id            blob    not null primary key,
    kind          text    not null check (kind in ('topup', 'hold', 'capture', 'release', 'late_cost')),
    task_id       blob    references tasks (id),
    external_ref  text    unique,
    created_at_ms integer not null,
    check ((kind = 'topup') = (task_id is null))
) strict;

create unique index moves_hold_uk on moves (task_id) where kind = 'hold';
create unique index moves_settlement_uk on moves (task_id) where kind in ('capture', 'release');
create unique index moves_late_cost_uk on moves (task_id) where kind = 'late_cost';

create table ledger_entries (
    move_id      blob    not null references moves (id),
    line         integer not null check (line >= 0),
    account      text    not null,
    amount_nanos integer not null check (amount_nanos <> 0),
    primary key (move_id, line)
) strict, without rowid;

create index ledger_entries_account_idx on ledger_entries (account);

create trigger moves_no_update before update on moves begin select raise(abort, 'moves are immutable'); end;
create trigger moves_no_delete before delete on moves begin select raise(abort, 'moves are immutable'); end;
create trigger ledger_entries_no_update before update on ledger_entries
begin select raise(abort, 'ledger entries are immutable'); end;
create trigger ledger_entries_no_delete before delete on ledger_entries
begin select raise(abort, 'ledger entries are immutable'); end;
