-- Looks at the balances of credentials at their providers, each against what was booked since the one before.
create table balance_looks (
    credential_id   blob not null references credentials (id),
    at_ms           integer not null,
    balance_nanos   integer not null,
    -- What tasks under way may have cost already.
    under_way_nanos integer not null,
    spent_nanos     integer,
    booked_nanos    integer,
    verdict         text not null check (verdict in ('first', 'agrees', 'more', 'less')),
    primary key (credential_id, at_ms),
    check ((verdict = 'first') = (spent_nanos is null)),
    check ((verdict = 'first') = (booked_nanos is null))
) strict, without rowid;
