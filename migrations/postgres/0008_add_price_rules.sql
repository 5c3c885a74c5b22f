-- Books of rules. Books of before are in prices, and are read from there as rules with fixed prices; what can be said there
-- is still written there, for nodes of the release before.
create table price_rules (
    version           bigint not null references price_books (version),
    -- In the order in which they were given.
    place             bigint not null check (place > 0),
    -- Null means every family, every provider, both pools.
    family            text,
    provider_id       text    references providers (id),
    pool              text    check (pool in ('platform', 'community')),
    base              text    not null check (base in ('fixed', 'margin', 'not_sold')),
    price_nanos       bigint check (price_nanos > 0),
    margin_bp         bigint check (margin_bp between 0 and 100000),
    least_nanos       bigint check (least_nanos > 0),
    billing           text    not null check (billing in ('fixed', 'cost_plus')),
    billing_margin_bp bigint check (billing_margin_bp between 0 and 100000),
    share_bp          bigint not null check (share_bp between 0 and 10000),
    -- A JSON array of objects with `when` and `add`, as operators write them.
    surcharges        text    not null,
    primary key (version, place),
    check ((base = 'fixed') = (price_nanos is not null)),
    check ((base = 'margin') = (margin_bp is not null)),
    check (base = 'margin' or least_nanos is null),
    check ((billing = 'cost_plus') = (billing_margin_bp is not null)),
    check (share_bp = 0 or pool is null or pool = 'community')
);

create unique index price_rules_selector_uk
    on price_rules (version, coalesce(family, '*'), coalesce(provider_id, '*'), coalesce(pool, 'both'));

create trigger price_rules_no_update before update on price_rules for each row execute function refuse_price_change();
create trigger price_rules_no_delete before delete on price_rules for each row execute function refuse_price_change();
create trigger price_rules_no_truncate before truncate on price_rules for each statement execute function refuse_price_change();

-- What an attempt was agreed at, beside its price: how it is charged, and what its provider lists.
alter table attempts add column billing text not null default 'fixed' check (billing in ('fixed', 'cost_plus'));
alter table attempts add column billing_margin_bp bigint check (billing_margin_bp between 0 and 100000);
alter table attempts add column expected_cost_nanos bigint check (expected_cost_nanos >= 0);

-- How far providers' charges are from what they list.
create index attempts_cost_idx on attempts (created_at_ms) where provider_cost_nanos is not null;
