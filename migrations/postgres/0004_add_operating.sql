-- The widest pool that an account's tasks may use, whatever its keys and requests say; null leaves it to them.
alter table accounts add column pool_ceiling text check (pool_ceiling in ('all', 'platformOnly'));

alter table api_keys add column pool_locked boolean not null default false;
-- JSON arrays: of provider ids, of networks such as "203.0.113.0/24".
alter table api_keys add column priority text;
alter table api_keys add column addresses text;
alter table api_keys add column rate_per_s bigint check (rate_per_s > 0);
alter table api_keys add column most_open bigint check (most_open > 0);
alter table api_keys add column daily_cap_nanos bigint check (daily_cap_nanos > 0);
alter table api_keys add column purpose text not null default '';

-- What a key with a daily cap has committed on one day (UTC, counted from 1970): open holds and captures of the tasks that
-- were created on it.
create table key_days (
    api_key_id      uuid    not null references api_keys (id),
    day             bigint  not null,
    committed_nanos bigint  not null check (committed_nanos >= 0),
    primary key (api_key_id, day)
);

create index tasks_api_key_idx on tasks (api_key_id, created_at_ms);

-- The operator's switches for the whole gateway; each name has one reader in `server`.
create table switches (
    name  text not null primary key,
    value text not null
);

create table audit_log (
    seq     bigint  generated always as identity primary key,
    id      uuid    not null unique,
    at_ms   bigint  not null,
    actor   text    not null,
    action  text    not null,
    target  text    not null,
    -- A JSON object; never a secret.
    detail  text    not null
);

create index audit_log_target_idx on audit_log (target, seq);

create function refuse_audit_change() returns trigger language plpgsql as $$ begin raise exception 'the audit log is append-only'; end $$;

create trigger audit_log_no_update before update on audit_log for each row execute function refuse_audit_change();
create trigger audit_log_no_delete before delete on audit_log for each row execute function refuse_audit_change();
create trigger audit_log_no_truncate before truncate on audit_log for each statement execute function refuse_audit_change();
