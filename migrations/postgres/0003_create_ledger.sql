create table holds (
    task_id       uuid    not null primary key references tasks (id),
    account_id    uuid    not null references accounts (id),
    amount_nanos  bigint  not null check (amount_nanos > 0),
    state         text    not null check (state in ('open', 'captured', 'released')),
    created_at_ms bigint  not null,
    settled_at_ms bigint,
    check ((state = 'open') = (settled_at_ms is null))
);

create index holds_open_idx on holds (account_id) where state = 'open';

create table moves (
    id            uuid    not null primary key,
    kind          text    not null check (kind in ('topup', 'hold', 'capture', 'release', 'late_cost')),
    task_id       uuid    references tasks (id),
    external_ref  text    unique,
    created_at_ms bigint  not null,
    check ((kind = 'topup') = (task_id is null))
);

create unique index moves_hold_uk on moves (task_id) where kind = 'hold';
create unique index moves_settlement_uk on moves (task_id) where kind in ('capture', 'release');
create unique index moves_late_cost_uk on moves (task_id) where kind = 'late_cost';

create table ledger_entries (
    move_id      uuid    not null references moves (id),
    line         bigint  not null check (line >= 0),
    account      text    not null,
    amount_nanos bigint  not null check (amount_nanos <> 0),
    primary key (move_id, line)
);

create index ledger_entries_account_idx on ledger_entries (account);

create function refuse_ledger_change() returns trigger language plpgsql as $$ begin raise exception 'the ledger is immutable'; end $$;

create trigger moves_no_update before update on moves for each row execute function refuse_ledger_change();
create trigger moves_no_delete before delete on moves for each row execute function refuse_ledger_change();
create trigger moves_no_truncate before truncate on moves for each statement execute function refuse_ledger_change();
create trigger ledger_entries_no_update before update on ledger_entries for each row execute function refuse_ledger_change();
create trigger ledger_entries_no_delete before delete on ledger_entries for each row execute function refuse_ledger_change();
create trigger ledger_entries_no_truncate before truncate on ledger_entries for each statement execute function refuse_ledger_change();
