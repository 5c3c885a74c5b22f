-- Complaints give money back: what was decided on each, by which move, and how far the provider has been told.

-- When a complaint of this account gives money back; null leaves it to the gateway's rule.
alter table accounts add column refund_rule text check (refund_rule in ('always', 'provider', 'never'));

-- SQLite cannot change a check, so the table is made anew. Nothing points to it.
create table task_reports_before as select * from task_reports;
drop table task_reports;

create table task_reports (
    task_id       blob    not null primary key references tasks (id),
    account_id    blob    not null references accounts (id),
    correct       integer not null check (correct in (0, 1)),
    created_at_ms integer not null,
    -- Null for a good word, and for what was said before there were refunds.
    decision      text    check (decision in (
        'refunded', 'pending', 'not_judged', 'too_late', 'over_cap', 'switched_off', 'nothing_paid', 'provider_refused',
        'provider_takes_none')),
    decided_at_ms integer,
    -- The move that gives the money back, if it comes to that.
    move_id       blob    unique,
    refund_nanos  integer check (refund_nanos > 0),
    -- Who tells the provider, and since when; null until somebody begins.
    told_by       blob,
    told_at_ms    integer,
    -- How the provider took it; null until that is settled.
    passed_on     text    check (passed_on in ('done', 'refused', 'not_supported', 'unknown', 'withheld')),
    check ((decision = 'refunded') = (refund_nanos is not null)),
    check ((decision is null) = (decided_at_ms is null)),
    check ((told_by is null) = (told_at_ms is null)),
    check (passed_on is null or decision is null or decision <> 'pending')
) strict, without rowid;

insert into task_reports (task_id, account_id, correct, created_at_ms, passed_on)
select b.task_id, t.account_id, b.correct, b.created_at_ms, coalesce(b.passed_on, 'unknown')
  from task_reports_before b join tasks t on t.id = b.task_id;

drop table task_reports_before;

create index task_reports_account_idx on task_reports (account_id, created_at_ms);
create index task_reports_created_idx on task_reports (created_at_ms);
create index task_reports_open_idx on task_reports (created_at_ms) where passed_on is null;
