-- alteration: a check goes
create table t (a int, constraint positive check (a > 0));
comment on constraint positive on t is 'why';
-- then
alter table t drop constraint positive;
-- finds: missing constraint positive on public.t

-- alteration: a check says something else
create table t (a int, constraint positive check (a > 0));
-- then
alter table t drop constraint positive, add constraint positive check (a >= 0);
-- finds: differs constraint positive on public.t

-- alteration: a check has never been validated
create table t (a int, constraint positive check (a > 0));
-- then
alter table t drop constraint positive, add constraint positive check (a > 0) not valid;
-- finds: differs constraint positive on public.t

-- alteration: a check does not inherit
create table t (a int, constraint positive check (a > 0));
-- then
alter table t drop constraint positive, add constraint positive check (a > 0) no inherit;
-- finds: differs constraint positive on public.t

-- alteration: a check is not enforced
-- since 18
create table t (a int, constraint positive check (a > 0));
-- then
alter table t drop constraint positive, add constraint positive check (a > 0) not enforced;
-- finds: differs constraint positive on public.t

-- alteration: a unique constraint comes back as an index
create table t (a int, b int, constraint one_each unique (a, b));
-- then
alter table t drop constraint one_each;
create unique index one_each on t (a, b);
-- finds: missing constraint one_each on public.t
-- finds: unexpected index one_each on public.t

-- alteration: a unique constraint with a foreign key on it has other columns
create table t (a int, b int, constraint one_each unique (a));
create table u (a int references t (a));
-- then
alter table u drop constraint u_a_fkey;
alter table t drop constraint one_each;
alter table t add constraint one_each unique (a, b);
-- finds: differs constraint one_each on public.t
-- finds: missing constraint u_a_fkey on public.u

-- alteration: a unique constraint is made anew under a foreign key
create table t (a int, constraint one_each unique (a));
create table u (a int references t (a));
-- then
alter table u drop constraint u_a_fkey;
alter table t drop constraint one_each;
alter table t add constraint one_each unique (a) deferrable;
alter table t drop constraint one_each;
alter table t add constraint one_each unique (a) include (a);
alter table u add foreign key (a) references t (a);
-- finds: differs constraint one_each on public.t

-- alteration: nulls are no longer distinct
create table t (a int, constraint one_each unique (a));
-- then
alter table t drop constraint one_each, add constraint one_each unique nulls not distinct (a);
-- finds: differs constraint one_each on public.t

-- alteration: a primary key is another
create table t (a int, b int, primary key (a));
alter table t alter column b set not null;
-- then
alter table t drop constraint t_pkey, add constraint t_other primary key (b);
-- finds: missing constraint t_pkey on public.t
-- finds: unexpected constraint t_other on public.t

-- alteration: the index behind a key has parameters and a comment
create table t (a int primary key);
-- then
alter index t_pkey set (fillfactor = 50);
comment on index t_pkey is 'why';
-- finds: differs constraint t_pkey on public.t

-- alteration: a table is clustered on its key
create table t (a int primary key);
-- then
alter table t cluster on t_pkey;
-- finds: differs constraint t_pkey on public.t

-- alteration: a foreign key cascades
create table o (id int primary key);
create table t (o_id int constraint fk references o);
-- then
alter table t drop constraint fk, add constraint fk foreign key (o_id) references o on delete cascade;
-- finds: differs constraint fk on public.t

-- alteration: a foreign key is deferrable
create table o (id int primary key);
create table t (o_id int constraint fk references o);
-- then
alter table t alter constraint fk deferrable initially deferred;
-- finds: differs constraint fk on public.t

-- alteration: a foreign key is not valid
create table o (id int primary key);
create table t (o_id int constraint fk references o);
-- then
alter table t drop constraint fk, add constraint fk foreign key (o_id) references o not valid;
-- finds: differs constraint fk on public.t

-- alteration: a foreign key is not enforced
-- since 18
create table o (id int primary key);
create table t (o_id int constraint fk references o);
-- then
alter table t alter constraint fk not enforced;
-- finds: differs constraint fk on public.t

-- alteration: the triggers that enforce a foreign key are disabled
create table o (id int primary key);
create table t (o_id int constraint fk references o);
-- then
alter table t disable trigger all;
-- finds: differs constraint fk on public.t
-- unseen by pg_dump
-- one way: no statement of a repair disables them

-- alteration: an exclusion goes
create table t (during int4range, constraint apart exclude using gist (during with &&) where (not isempty(during)));
alter index apart set (fillfactor = 60);
-- then
alter table t drop constraint apart;
-- finds: missing constraint apart on public.t

-- alteration: a foreign key goes with the key that it refers to
create table o (id int primary key);
create table t (o_id int constraint fk references o);
-- then
alter table o drop constraint o_pkey cascade;
-- finds: missing constraint fk on public.t
-- finds: missing constraint o_pkey on public.o

-- alteration: a check goes from above one of the child's own
create table t (a int, constraint k check (a > 0));
create table low (constraint k check (a > 0)) inherits (t);
-- then
alter table t drop constraint k;
-- finds: missing constraint k on public.t

-- alteration: a check is handed down
create table t (a int, constraint k check (a > 0) no inherit);
create table low () inherits (t);
-- then
alter table t drop constraint k;
alter table t add constraint k check (a > 0);
-- finds: differs constraint k on public.t

-- alteration: triggers are disabled on both sides of a foreign key
create table o (id int primary key);
create table t (o_id int constraint fk references o);
alter table t disable trigger all;
-- then
alter table o disable trigger all;
alter table t enable trigger all;
-- finds: differs constraint fk on public.t
-- unseen by pg_dump
-- leaves: differs constraint fk on public.t

-- alteration: the trigger of a deferrable key is disabled
create table t (a int constraint once unique deferrable);
-- then
alter table t disable trigger all;
-- finds: differs constraint once on public.t
-- unseen by pg_dump
-- one way: no statement of a repair disables it

-- alteration: an exclusion has a statistics target
create table t (a int, b int, constraint apart exclude using btree ((a + b) with =));
-- then
alter index apart alter column 1 set statistics 77;
-- finds: differs constraint apart on public.t
-- unseen by pg_dump

-- alteration: an exclusion with a statistics target goes
create table t (a int, b int, constraint apart exclude using btree ((a + b) with =));
alter index apart alter column 1 set statistics 77;
-- then
alter table t drop constraint apart;
-- finds: missing constraint apart on public.t

-- alteration: a check is no longer the child's own as well
create table p (a int, constraint c check (a > 0));
create table t (constraint c check (a > 0)) inherits (p);
-- then
drop table t;
create table t () inherits (p);
-- finds: differs constraint c on public.t
-- one way: only what is handed down can be dropped with it
