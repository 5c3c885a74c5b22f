-- Takes the place of site_rules, which stays for nodes of the release before and which nothing writes any more.
create table policy_rules (
    -- 'global', 'account <id>' or 'key <id>'.
    scope         text    not null check (scope = 'global' or scope like 'account %' or scope like 'key %'),
    origin        text    not null check (origin in ('operator', 'default', 'owner')),
    pattern       text    not null,
    action        text    not null check (action in ('deny', 'allow')),
    -- Why it is there; clients read it.
    note          text    not null,
    -- A default rule that is switched off stays, so that an upgrade does not bring it back.
    is_on         integer not null default 1 check (is_on in (0, 1)),
    created_at_ms integer not null,
    primary key (scope, origin, pattern),
    check (origin = 'operator' or scope = 'global'),
    check (origin = 'operator' or action = 'deny'),
    check (origin = 'default' or is_on)
) strict, without rowid;

-- In the one spelling of patterns, as far as that can be said here: *.example.com is .example.com, and a final dot is none.
insert into policy_rules (scope, origin, pattern, action, note, created_at_ms)
select 'global', 'operator', case when plain like '*.%' then substr(plain, 2) else plain end, action, note, 0
  from (select rtrim(lower(trim(pattern)), '.') as plain, action, note from site_rules) as spelt
 where true on conflict do nothing;

-- A JSON array of site patterns; null means every site.
alter table api_keys add column domains text;
-- Whether a key with domains may send tasks that name no site.
alter table api_keys add column without_url integer not null default 0 check (without_url in (0, 1));

-- What was registered of the site, by the Public Suffix List, so that an abuse report is answered by an index. Tasks before
-- have none: to write it would be to rewrite the table, so they are found by their site.
alter table tasks add column site_domain text;

create index tasks_site_domain_idx on tasks (site_domain, created_at_ms) where site_domain is not null;
create index tasks_site_before_idx on tasks (created_at_ms) where site_domain is null and site is not null;
-- Site keys of tasks before may be longer than an index of PostgreSQL's takes.
create index tasks_site_key_idx on tasks (substr(site_key, 1, 255), created_at_ms) where site_key is not null;
