-- A generation may be on trial: it gets this many percent of its provider's new tasks, and the newest that is on no trial gets the rest.
alter table adapter_generations add column trial_share bigint check (trial_share between 1 and 99);
-- Why it began, where no operator said so.
alter table adapter_generations add column why text;
