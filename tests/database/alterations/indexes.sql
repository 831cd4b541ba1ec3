-- alteration: an index goes
create table t (a int, b text);
create index i on t using btree (b text_pattern_ops desc, a) include (a) with (fillfactor = 50) where a > 1;
comment on index i is 'why';
-- then
drop index i;
-- finds: missing index i on public.t

-- alteration: an index is partial no more
create table t (a int, managed boolean);
create index i on t (a) where managed;
-- then
drop index i;
create index i on t (a);
-- finds: differs index i on public.t

-- alteration: an index is on another table
create table t (a int);
create table u (a int);
create index i on t (a);
-- then
drop index i;
create index i on u (a);
-- finds: missing index i on public.t
-- finds: unexpected index i on public.u

-- alteration: an index has another name
create table t (a int);
create index i on t (a);
-- then
alter index i rename to j;
-- finds: differs index i on public.t

-- alteration: a table is clustered on an index
create table t (a int);
create index i on t (a);
-- then
alter table t cluster on i;
-- finds: differs index i on public.t

-- alteration: an index has a statistics target
create table t (a int, b text);
create index i on t (a, lower(b));
-- then
alter index i alter column 2 set statistics 77;
-- finds: differs index i on public.t

-- alteration: extended statistics go
create table t (a int, b int);
create statistics s (dependencies) on a, b from t;
alter statistics s set statistics 99;
comment on statistics s is 'why';
-- then
drop statistics s;
-- finds: missing statistics public.s

-- alteration: extended statistics have another target
create table t (a int, b int);
create statistics s on a, b from t;
-- then
alter statistics s set statistics 99;
-- finds: differs statistics public.s

-- alteration: extended statistics are of other kinds
create table t (a int, b int);
create statistics s (ndistinct) on a, b from t;
-- then
drop statistics s;
create statistics s (ndistinct, mcv) on a, b from t;
-- finds: differs statistics public.s

-- alteration: an index of a partitioned table has nothing below it
create table p (a int) partition by list (a);
create table p1 partition of p for values in (1);
create table p2 partition of p for values in (2) partition by list (a);
create table p21 partition of p2 for values in (2);
create index i on p (a);
-- then
drop index i;
create index i on only p (a);
-- finds: differs index i on public.p

-- alteration: an index of a partitioned table lacks one below it
create table p (a int) partition by list (a);
create table p1 partition of p for values in (1);
create table p2 partition of p for values in (2);
create index i on p (a);
-- then
drop index i;
create index i on only p (a);
create index p1_a_idx on p1 (a);
alter index i attach partition p1_a_idx;
-- finds: differs index i on public.p

-- alteration: a table is clustered on another index
create table t (a int);
create index i on t (a);
create index j on t (a desc);
alter table t cluster on j;
-- then
alter table t cluster on i;
-- finds: differs index i on public.t
-- finds: differs index j on public.t

-- alteration: an index in another place says where more than once
create table t (a text);
create index i on t ((a || ' WHERE ')) tablespace cat_space where a <> ' WHERE ';
-- then
drop index i;
-- finds: missing index i on public.t
