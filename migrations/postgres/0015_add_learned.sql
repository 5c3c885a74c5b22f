-- What routing has learned, as each node last wrote it: a tally of a provider or a credential for a family of tasks.
create table learned (
    node     text not null,
    kind     text not null check (kind in ('provider', 'credential')),
    subject  text not null,
    family   text not null,
    tally    text not null,
    at_ms    bigint not null,
    primary key (node, kind, subject, family)
);
