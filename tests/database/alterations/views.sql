-- alteration: a view has a column more
create table t (a int, b int);
create view v as select a from t;
create view w as select a from v;
-- then
create or replace view v as select a, b from t;
-- finds: differs view public.v

-- alteration: a view has another condition
create table t (a int);
create view v as select a from t where a > 0;
-- then
create or replace view v as select a from t where a > 1;
-- finds: differs view public.v

-- alteration: a view goes, with another on it
create table t (a int);
create view v as select a from t;
create view w as select a from v;
comment on view v is 'why';
comment on column v.a is 'what';
grant select on w to cat_a;
-- then
drop view w, v;
-- finds: missing view public.v
-- finds: missing view public.w

-- alteration: a view is secured otherwise
create table t (a int);
create view v with (security_barrier) as select a from t where a > 0;
-- then
alter view v reset (security_barrier);
alter view v set (security_invoker = true, check_option = 'local');
-- finds: differs view public.v

-- alteration: a recursive view goes
create recursive view v (n) as select 1 union all select n + 1 from v where n < 5;
-- then
drop view v;
-- finds: missing view public.v

-- alteration: a view has triggers
create table t (a int);
create view v as select a from t;
create function stamp() returns trigger language plpgsql as 'begin return new; end';
create trigger stamp instead of insert on v for each row execute function stamp();
create rule r as on update to v do instead nothing;
-- then
drop view v;
-- finds: missing view public.v

-- alteration: a table becomes a view
create table t (a int);
create table other (a int);
-- then
drop table other;
create view other as select a from t;
-- finds: missing table public.other
-- finds: unexpected view public.other

-- alteration: a materialized view goes
create table t (a int);
create materialized view m with (fillfactor = 80) as select a, a + 1 as b from t;
create unique index m_a on m (a);
alter materialized view m alter column b set statistics 33;
comment on materialized view m is 'why';
-- then
drop materialized view m;
-- finds: missing materialized view public.m

-- alteration: a materialized view asks something else
create table t (a int);
create materialized view m as select a from t;
create index m_a on m (a);
create view on_it as select a from m;
-- then
drop view on_it;
drop materialized view m;
create materialized view m as select a from t where a > 0;
create index m_a on m (a);
create view on_it as select a from m;
-- finds: differs materialized view public.m

-- alteration: a materialized view holds nothing
create table t (a int);
create materialized view m as select a from t;
-- then
refresh materialized view m with no data;
-- finds: differs materialized view public.m
-- unseen by pg_dump

-- alteration: a rule goes
create table t (a int);
create rule quiet as on insert to t where new.a > 5 do instead nothing;
-- then
drop rule quiet on t;
-- finds: missing rule quiet on public.t

-- alteration: a rule is disabled and another one differs
create table t (a int);
create rule one as on insert to t do also notify x;
create rule two as on update to t do instead nothing;
-- then
alter table t disable rule one;
create or replace rule two as on update to t do also notify y;
-- finds: differs rule one on public.t
-- finds: differs rule two on public.t

-- alteration: a policy goes
create table t (a int);
create policy p on t for insert to cat_a, cat_b with check (a > 0);
-- then
drop policy p on t;
-- finds: missing policy p on public.t

-- alteration: a policy is for others and about something else
create table t (a int);
create policy p on t for select to cat_a using (a > 0);
-- then
alter policy p on t to public using (a > 1);
-- finds: differs policy p on public.t

-- alteration: a policy checks nothing any more
create table t (a int);
create policy p on t for all using (a > 0) with check (a > 1);
-- then
drop policy p on t;
create policy p on t for all using (a > 0);
-- finds: differs policy p on public.t

-- alteration: a policy restricts
create table t (a int);
create policy p on t using (a > 0);
-- then
drop policy p on t;
create policy p on t as restrictive using (a > 0);
-- finds: differs policy p on public.t

-- alteration: a column goes with the views on it
create table t (a int primary key, b int);
create view v as select a, b from t;
create view w as select a, count(*) over () as n from v;
create view grouped as select a, b from t group by a;
-- then
alter table t drop column b cascade;
-- finds: missing column public.t.b
-- finds: missing view public.v
-- finds: missing view public.w
-- finds: missing view public.grouped

-- alteration: a view stands on a primary key that goes
create table t (a int primary key, b int);
create view grouped as select a, b from t group by a;
-- then
alter table t drop constraint t_pkey cascade;
alter table t alter column a drop not null;
-- finds: differs column public.t.a
-- finds: missing constraint t_pkey on public.t
-- finds: missing view public.grouped

-- alteration: a function stands on a view, and a view on the function
create table t (a int);
create view v as select a from t;
create function f() returns setof v language sql as 'select * from public.v';
create view w as select a from f();
-- then
drop view w;
drop function f;
drop view v;
create view v as select a, a as b from t;
create function f() returns setof v language sql as 'select * from public.v';
create view w as select a from f();
-- finds: differs view public.v
-- finds: differs view public.w

-- alteration: a view, and the type of its column, and a policy beside it, differ
create function f() returns int language sql as 'select 1';
create table t (a int, b int);
create view v as select a from t;
create view w as select a from v;
create materialized view m as select a, b from t;
create policy p on t using (a > 0);
-- then
drop materialized view m;
drop view w, v;
drop policy p on t;
alter table t alter a type bigint, alter b type bigint;
create view v as select a, b from t;
create view w as select b as a from v;
create materialized view m as select b from t;
create policy p on t using (b > 0);
-- finds: differs column public.t.a
-- finds: differs column public.t.b
-- finds: differs materialized view public.m
-- finds: differs policy p on public.t
-- finds: differs view public.v
-- finds: differs view public.w

-- alteration: a column of a materialized view is stored otherwise
create table t (a int, b text);
create materialized view m as select a, b from t;
-- then
alter materialized view m alter b set storage external;
-- finds: differs column public.m.b

-- alteration: a column with a default goes from under a view
create table t (a varchar(20));
create view v as select a from t;
create view w as select upper(a) as b from v;
alter view v alter column a set default 'x';
-- then
drop view w;
drop view v;
alter table t alter column a type text;
create view v as select a from t;
create view w as select upper(a) as b from v;
-- finds: differs column public.t.a
-- finds: differs column public.v.a
-- finds: differs view public.v
-- finds: differs view public.w

-- alteration: a column of a view with a comment has another name
create table t (a int);
create view v as select a from t;
comment on column v.a is 'First.';
-- then
alter view v rename column a to b;
-- finds: differs view public.v
-- finds: missing comment column public.v.a
