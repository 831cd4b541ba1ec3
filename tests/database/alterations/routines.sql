-- alteration: a function's body is another
create function f(x int) returns int language sql as 'select x';
-- then
create or replace function f(x int) returns int language sql as 'select x + 1';
-- finds: differs function public.f(integer)

-- alteration: a function has other qualities
create function f(x int) returns int language sql as 'select x';
-- then
alter function f immutable strict leakproof security definer parallel safe cost 7;
alter function f set search_path = a, "B c";
alter function f set work_mem = '7MB';
-- finds: differs function public.f(integer)

-- alteration: a function goes
create function f(x int, out y int, variadic z text[] default '{a,b}') returns int stable language sql as 'select x';
comment on function f is 'why';
revoke execute on function f from public;
grant execute on function f to cat_a;
-- then
drop function f;
-- finds: missing function public.f(integer,text[])

-- alteration: a function under a policy, a default and a trigger returns something else
create function f(x int) returns int language sql as 'select x';
create table t (a int default f(1), b int check (f(b) > 0));
create policy p on t using (f(a) > 0);
create view v as select f(a) as a from t;
create index i on t (abs(a));
grant select on v to cat_a;
-- then
drop view v;
drop policy p on t;
alter table t alter column a drop default, drop constraint t_b_check;
drop function f;
create function f(x int) returns bigint language sql as 'select x::bigint';
alter table t alter column a set default f(1), add constraint t_b_check check (f(b) > 0);
create policy p on t using (f(a) > 0);
create view v as select f(a) as a from t;
grant select on v to cat_a;
-- finds: differs function public.f(integer)
-- finds: differs view public.v

-- alteration: an argument has another name
create function f(x int) returns int language sql as 'select 1';
-- then
drop function f;
create function f(y int) returns int language sql as 'select 1';
-- finds: differs function public.f(integer)

-- alteration: an argument has a default
create function f(x int) returns int language sql as 'select 1';
-- then
create or replace function f(x int default 1) returns int language sql as 'select 1';
-- finds: differs function public.f(integer)

-- alteration: a function has other types
create function f(x int) returns int language sql as 'select 1';
-- then
drop function f;
create function f(x bigint) returns int language sql as 'select 1';
-- finds: missing function public.f(integer)
-- finds: unexpected function public.f(bigint)

-- alteration: a function with a body of SQL goes, with its table
create table t (a int);
create function f() returns bigint begin atomic select count(*) from t; end;
-- then
drop function f();
drop table t;
-- finds: missing function public.f()
-- finds: missing table public.t

-- alteration: a function that a policy needs goes, and the table that its text names
create table t (a int, who text);
create function mine(who text) returns boolean language sql as 'select exists (select from public.t where t.who = $1)';
create policy p on t using (mine(who));
-- then
drop table t;
drop function mine;
-- finds: missing function public.mine(text)
-- finds: missing table public.t

-- alteration: a function becomes a procedure
create function f(x int) returns void language sql as 'select';
-- then
drop function f;
create procedure f(x int) language sql as 'select';
-- finds: missing function public.f(integer)
-- finds: unexpected procedure public.f(integer)

-- alteration: a procedure says something else
create procedure p(inout x int) language plpgsql as 'begin x := 1; end';
comment on procedure p is 'why';
grant execute on procedure p to cat_a;
-- then
create or replace procedure p(inout x int) language plpgsql as 'begin x := 2; end';
revoke execute on procedure p from cat_a;
-- finds: differs procedure public.p(integer)
-- finds: missing grant execute on procedure public.p(integer) to cat_a

-- alteration: a window function goes
create function w() returns bigint language internal window as 'window_row_number';
-- then
drop function w;
-- finds: missing function public.w()

-- alteration: aggregates go
create aggregate total(int) (sfunc = int4pl, stype = int, initcond = '0', parallel = safe, combinefunc = int4pl);
create aggregate every_thing(*) (sfunc = int8inc, stype = bigint, initcond = '0');
create aggregate middle(float8 order by anyelement) (sfunc = ordered_set_transition, stype = internal, finalfunc = percentile_disc_final, finalfunc_extra);
create aggregate greatest_of(int) (sfunc = int4larger, stype = int, sortop = >, msfunc = int4pl, minvfunc = int4mi, mstype = int);
comment on aggregate total(int) is 'why';
grant execute on function total(int) to cat_a;
alter aggregate total(int) owner to cat_owner;
-- then
drop aggregate total(int);
drop aggregate every_thing(*);
drop aggregate middle(float8 order by anyelement);
drop aggregate greatest_of(int);
-- finds: missing aggregate public.total(integer)
-- finds: missing aggregate public.every_thing(*)
-- finds: missing aggregate public.middle(double precision ORDER BY anyelement)
-- finds: missing aggregate public.greatest_of(integer)

-- alteration: an aggregate starts from something else
create aggregate total(int) (sfunc = int4pl, stype = int, initcond = '0');
-- then
create or replace aggregate total(int) (sfunc = int4pl, stype = int, initcond = '1');
-- finds: differs aggregate public.total(integer)

-- alteration: a trigger goes
create table t (a int);
create function stamp() returns trigger language plpgsql as 'begin return new; end';
create trigger stamp after update on t referencing new table as fresh old table as stale for each statement execute function stamp();
-- then
drop trigger stamp on t;
-- finds: missing trigger stamp on public.t

-- alteration: a trigger fires at another time
create table t (a int);
create function stamp() returns trigger language plpgsql as 'begin return new; end';
create trigger stamp before insert on t for each row execute function stamp();
-- then
create or replace trigger stamp before insert or update on t for each row execute function stamp();
-- finds: differs trigger stamp on public.t

-- alteration: a trigger is disabled
create table t (a int);
create function stamp() returns trigger language plpgsql as 'begin return new; end';
create trigger stamp before insert on t for each row execute function stamp();
-- then
alter table t disable trigger stamp;
-- finds: differs trigger stamp on public.t

-- alteration: a trigger fires on replicas only
create table t (a int);
create function stamp() returns trigger language plpgsql as 'begin return new; end';
create trigger stamp before insert on t for each row execute function stamp();
-- then
alter table t enable replica trigger stamp;
comment on trigger stamp on t is 'why';
-- finds: differs trigger stamp on public.t
-- finds: unexpected comment trigger stamp on public.t

-- alteration: a constraint trigger is put off
create table t (a int);
create function stamp() returns trigger language plpgsql as 'begin return new; end';
create constraint trigger stamp after insert on t for each row execute function stamp();
-- then
drop trigger stamp on t;
create constraint trigger stamp after insert on t deferrable initially deferred for each row execute function stamp();
-- finds: differs trigger stamp on public.t

-- alteration: an event trigger goes
create function watch() returns event_trigger language plpgsql as 'begin end';
create event trigger watch on ddl_command_end when tag in ('CREATE TABLE', 'DROP TABLE') execute function watch();
comment on event trigger watch is 'why';
-- then
drop event trigger watch;
-- finds: missing event trigger watch

-- alteration: an event trigger is disabled
create function watch() returns event_trigger language plpgsql as 'begin end';
create event trigger watch on sql_drop execute function watch();
-- then
alter event trigger watch disable;
-- finds: differs event trigger watch

-- alteration: a function depends on an extension
create function f() returns int language sql as 'select 1';
-- then
alter function f() depends on extension plpgsql;
-- finds: unexpected dependency function public.f() on extension plpgsql

-- alteration: a function goes with all that stands on it
create function f(x int) returns int immutable language sql as 'select x';
create function stamp() returns trigger language plpgsql as 'begin return new; end';
create table t (a int default f(1), b int check (f(b) > 0), c int generated always as (f(1)) stored);
create index i on t (f(a));
create policy p on t using (f(a) > 0);
create trigger stamp before insert on t for each row execute function stamp();
create view v as select f(a) as a from t;
-- then
drop function f cascade;
drop function stamp cascade;
-- finds: missing function public.f(integer)
-- finds: missing function public.stamp()
-- finds: differs column public.t.a
-- finds: missing column public.t.c
-- finds: missing constraint t_b_check on public.t
-- finds: missing index i on public.t
-- finds: missing policy p on public.t
-- finds: missing trigger stamp on public.t
-- finds: missing view public.v

-- alteration: functions call each other in their arguments
create function one() returns int language sql as 'select 1';
create function two(x int default one()) returns int language sql as 'select x';
create function three() returns int begin atomic select two(); end;
-- then
drop function three();
drop function two(int);
drop function one();
-- finds: missing function public.one()
-- finds: missing function public.two(integer)
-- finds: missing function public.three()

-- alteration: a default of one of two arguments goes
create function f(x int default 1, y text default 'a, b') returns int language sql as 'select 1';
-- then
drop function f;
create function f(x int, y text default 'a, b') returns int language sql as 'select 1';
-- finds: differs function public.f(integer,text)

-- alteration: a function has other lines
create function f() returns int language plpgsql as $$
begin
    -- why
    return 1;
end
$$;
-- then
create or replace function f() returns int language plpgsql as $$
begin
    return 1;
end
$$;
-- finds: differs function public.f()

-- alteration: an aggregate starts from null, no longer from an empty text
create aggregate joined(text) (sfunc = textcat, stype = text, initcond = '');
-- then
create or replace aggregate joined(text) (sfunc = textcat, stype = text);
-- finds: differs aggregate public.joined(text)
