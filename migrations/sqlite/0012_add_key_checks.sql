-- By what a node sees at its start that its master key is the one that everything here is sealed under. A keyed digest, which
-- tells nothing of the key.
create table key_checks (
    name          text    not null primary key,
    value         blob    not null check (length(value) = 32),
    created_at_ms integer not null
) strict, without rowid;
