-- Complaints give money back: what was decided on each, by which move, and how far the provider has been told.

-- When a complaint of this account gives money back; null leaves it to the gateway's rule.
alter table accounts add column refund_rule text check (refund_rule in ('always', 'provider', 'never'));

alter table task_reports
    add column account_id uuid references accounts (id),
    -- Null for a good word, and for what was said before there were refunds.
    add column decision text check (decision in (
        'refunded', 'pending', 'not_judged', 'too_late', 'over_cap', 'switched_off', 'nothing_paid', 'provider_refused',
        'provider_takes_none')),
    add column decided_at_ms bigint,
    -- The move that gives the money back, if it comes to that.
    add column move_id uuid unique,
    add column refund_nanos bigint check (refund_nanos > 0),
    -- Who tells the provider, and since when; null until somebody begins.
    add column told_by uuid,
    add column told_at_ms bigint;

alter table task_reports drop constraint task_reports_passed_on_check;

update task_reports r set account_id = t.account_id, passed_on = coalesce(r.passed_on, 'unknown')
  from tasks t where t.id = r.task_id;

alter table task_reports
    alter column account_id set not null,
    add check (passed_on in ('done', 'refused', 'not_supported', 'unknown', 'withheld')),
    add check ((decision = 'refunded') = (refund_nanos is not null)),
    add check ((decision is null) = (decided_at_ms is null)),
    add check ((told_by is null) = (told_at_ms is null)),
    add check (passed_on is null or decision is null or decision <> 'pending');

create index task_reports_account_idx on task_reports (account_id, created_at_ms);
create index task_reports_created_idx on task_reports (created_at_ms);
create index task_reports_open_idx on task_reports (created_at_ms) where passed_on is null;
