-- The whole life of money: what a contributor earns and gets back, what is given back, given and taken by hand, paid out.

-- Matured earnings; a projection of the ledger like the balances beside it.
alter table accounts add column earned integer not null default 0 check (earned >= 0);

-- Until when a provider is still asked what became of an attempt that was given up; null when there is nothing to ask.
alter table attempts add column watch_until_ms integer;

create index attempts_watch_idx on attempts (watch_until_ms) where watch_until_ms is not null;

-- Moves get more kinds, and name the attempt where a provider's charge is booked. SQLite cannot change a check, so the table
-- is made anew. Rows that point to it are matched again when the new rows come in; the check is put off until the commit.
pragma defer_foreign_keys = on;

create table moves_before as select * from moves;
drop table moves;

create table moves (
    id            blob    not null primary key,
    kind          text    not null check (kind in (
        'topup', 'hold', 'capture', 'release', 'loss', 'reimbursement', 'reversal', 'clawback', 'maturity', 'spending',
        'payout', 'adjustment')),
    task_id       blob    references tasks (id),
    attempt_id    blob    references attempts (id),
    -- What the move is known by outside; the same name twice is one move.
    external_ref  text    unique,
    created_at_ms integer not null,
    check ((kind in ('hold', 'capture', 'release', 'loss', 'reimbursement', 'reversal', 'clawback')) = (task_id is not null)),
    check ((kind in ('loss', 'reimbursement', 'clawback')) = (attempt_id is not null)),
    check ((kind in ('topup', 'spending', 'payout', 'adjustment')) = (external_ref is not null))
) strict;

insert into moves (id, kind, task_id, attempt_id, external_ref, created_at_ms)
select b.id, case b.kind when 'late_cost' then 'loss' else b.kind end, b.task_id,
       case b.kind when 'late_cost' then (select a.id from attempts a where a.task_id = b.task_id order by a.seq desc limit 1) end,
       b.external_ref, b.created_at_ms
  from moves_before b;

drop table moves_before;

create unique index moves_hold_uk on moves (task_id) where kind = 'hold';
create unique index moves_settlement_uk on moves (task_id) where kind in ('capture', 'release');
create unique index moves_reversal_uk on moves (task_id) where kind = 'reversal';
-- What a provider charged for an attempt is borne once.
create unique index moves_charge_uk on moves (attempt_id) where kind in ('loss', 'reimbursement');
create unique index moves_clawback_uk on moves (attempt_id) where kind = 'clawback';

create trigger moves_no_update before update on moves begin select raise(abort, 'moves are immutable'); end;
create trigger moves_no_delete before delete on moves begin select raise(abort, 'moves are immutable'); end;

-- What a contributor has earned by an attempt, or got back for one; pending until the dispute window has passed.
create table earnings (
    attempt_id     blob    not null primary key references attempts (id),
    contributor_id blob    not null references accounts (id),
    kind           text    not null check (kind in ('share', 'reimbursement')),
    amount_nanos   integer not null check (amount_nanos > 0),
    matures_at_ms  integer not null,
    state          text    not null check (state in ('pending', 'matured', 'taken_back'))
) strict, without rowid;

create index earnings_pending_idx on earnings (matures_at_ms) where state = 'pending';
create index earnings_contributor_idx on earnings (contributor_id);

-- Shares of before mature three days after their capture.
insert into earnings (attempt_id, contributor_id, kind, amount_nanos, matures_at_ms, state)
select a.id, a.contributor_id, 'share', e.amount_nanos, m.created_at_ms + 259200000, 'pending'
  from moves m
  join attempts a on a.task_id = m.task_id and a.state = 'solved'
  join ledger_entries e on e.move_id = m.id and e.account like 'contributor:%'
 where m.kind = 'capture';
