-- What operators look at: attempts that ended without anybody's word on what they cost.
create index attempts_unknown_idx on attempts (ended_at_ms) where state = 'failed' and charged = 'unknown';
