-- The whole life of money: what a contributor earns and gets back, what is given back, given and taken by hand, paid out.

-- Matured earnings; a projection of the ledger like the balances beside it.
alter table accounts add column earned bigint not null default 0 check (earned >= 0);

-- Until when a provider is still asked what became of an attempt that was given up; null when there is nothing to ask.
alter table attempts add column watch_until_ms bigint;

create index attempts_watch_idx on attempts (watch_until_ms) where watch_until_ms is not null;

-- Moves get more kinds, and name the attempt where a provider's charge is booked.
alter table moves disable trigger moves_no_update;
drop index moves_late_cost_uk;
alter table moves drop constraint moves_kind_check;
alter table moves drop constraint moves_check;
alter table moves add column attempt_id uuid references attempts (id);

update moves m set kind = 'loss',
                   attempt_id = (select a.id from attempts a where a.task_id = m.task_id order by a.seq desc limit 1)
 where kind = 'late_cost';

alter table moves enable trigger moves_no_update;

alter table moves
    add check (kind in (
        'topup', 'hold', 'capture', 'release', 'loss', 'reimbursement', 'reversal', 'clawback', 'maturity', 'spending',
        'payout', 'adjustment')),
    add check ((kind in ('hold', 'capture', 'release', 'loss', 'reimbursement', 'reversal', 'clawback')) = (task_id is not null)),
    add check ((kind in ('loss', 'reimbursement', 'clawback')) = (attempt_id is not null)),
    add check ((kind in ('topup', 'spending', 'payout', 'adjustment')) = (external_ref is not null));

create unique index moves_reversal_uk on moves (task_id) where kind = 'reversal';
-- What a provider charged for an attempt is borne once.
create unique index moves_charge_uk on moves (attempt_id) where kind in ('loss', 'reimbursement');
create unique index moves_clawback_uk on moves (attempt_id) where kind = 'clawback';

-- A statement is read by account in the order of the moves' ids, which is their order in time.
drop index ledger_entries_account_idx;
create index ledger_entries_account_idx on ledger_entries (account, move_id, line);

-- What a contributor has earned by an attempt, or got back for one; pending until the dispute window has passed.
create table earnings (
    attempt_id     uuid    not null primary key references attempts (id),
    contributor_id uuid    not null references accounts (id),
    kind           text    not null check (kind in ('share', 'reimbursement')),
    amount_nanos   bigint  not null check (amount_nanos > 0),
    matures_at_ms  bigint  not null,
    state          text    not null check (state in ('pending', 'matured', 'taken_back'))
);

create index earnings_pending_idx on earnings (matures_at_ms) where state = 'pending';
create index earnings_contributor_idx on earnings (contributor_id);

-- Shares of before mature three days after their capture.
insert into earnings (attempt_id, contributor_id, kind, amount_nanos, matures_at_ms, state)
select a.id, a.contributor_id, 'share', e.amount_nanos, m.created_at_ms + 259200000, 'pending'
  from moves m
  join attempts a on a.task_id = m.task_id and a.state = 'solved'
  join ledger_entries e on e.move_id = m.id and e.account like 'contributor:%'
 where m.kind = 'capture';
