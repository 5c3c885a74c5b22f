-- Why an operator moved money by hand: the account reads it in its statement.
alter table moves add column note text;
