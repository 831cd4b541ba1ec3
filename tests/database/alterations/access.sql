-- alteration: a grant is left over
create table t (a int);
-- then
grant select, insert on t to cat_a;
-- finds: unexpected grant select, insert on table public.t to cat_a

-- alteration: a grant is lost
create table t (a int);
grant select, insert on t to cat_a;
-- then
revoke insert on t from cat_a;
-- finds: missing grant insert on table public.t to cat_a

-- alteration: a grant may be passed on
create table t (a int);
grant select on t to cat_a;
-- then
grant select on t to cat_a with grant option;
-- finds: differs grant select on table public.t to cat_a

-- alteration: a grant is passed on
create table t (a int);
grant select on t to cat_a with grant option;
-- then
set role cat_a;
grant select on t to cat_b;
reset role;
-- finds: unexpected grant select on table public.t to cat_b by cat_a

-- alteration: a grant comes and goes
create table t (a int);
create function f() returns int language sql as 'select 1';
-- then
grant select on t to cat_a;
revoke select on t from cat_a;
grant select (a) on t to cat_a;
revoke select (a) on t from cat_a;
revoke execute on function f() from public;
grant execute on function f() to public;
-- finds nothing

-- alteration: the owner may do less
create table t (a int);
-- then
revoke delete on t from current_user;
-- finds: missing grant delete on table public.t to postgres

-- alteration: the public may not run a function
create function f() returns int language sql as 'select 1';
-- then
revoke execute on function f() from public;
grant execute on function f() to "Cat C";
-- finds: missing grant execute on function public.f() to public
-- finds: unexpected grant execute on function public.f() to "Cat C"

-- alteration: a column is granted
create table t (a int, b int);
-- then
grant update (b) on t to cat_a;
-- finds: unexpected grant update on column public.t.b to cat_a

-- alteration: schemas, types, sequences and languages are granted
create schema s;
create type mood as enum ('a');
create domain email as text;
create sequence q;
-- then
grant usage, create on schema s to cat_a;
revoke usage on type mood from public;
grant usage on domain email to cat_b;
grant usage on sequence q to cat_a;
revoke usage on language plpgsql from public;
-- finds: unexpected grant usage, create on schema s to cat_a
-- finds: missing grant usage on type public.mood to public
-- finds: unexpected grant usage on domain public.email to cat_b
-- finds: unexpected grant usage on sequence public.q to cat_a
-- finds: missing grant usage on language plpgsql to public

-- alteration: the schema public is open to all
-- then
grant create on schema public to public;
-- finds: unexpected grant create on schema public to public

-- alteration: a function of the system may not be run
-- then
revoke execute on function pg_sleep(double precision) from public;
grant execute on function pg_ls_dir(text) to cat_a;
-- finds: missing grant execute on function pg_catalog.pg_sleep(double precision) to public
-- finds: unexpected grant execute on function pg_catalog.pg_ls_dir(text) to cat_a

-- alteration: a table of the system may be read
-- then
grant select on pg_authid to cat_a;
revoke select on pg_class from public;
grant select (rolpassword) on pg_authid to cat_b;
-- finds: unexpected grant select on table pg_catalog.pg_authid to cat_a
-- finds: missing grant select on table pg_catalog.pg_class to public
-- finds: unexpected grant select on column pg_catalog.pg_authid.rolpassword to cat_b

-- alteration: a part of an extension is granted
create extension vector schema public;
-- then
grant execute on function l2_distance(vector, vector) to cat_a;
-- finds: unexpected grant execute on function public.l2_distance(public.vector, public.vector) to cat_a

-- alteration: an owner is another
create table t (a serial);
grant select on t to cat_a;
create view v as select 1 as a;
create function f() returns int language sql as 'select 1';
create type mood as enum ('a');
-- then
alter table t owner to cat_owner;
alter view v owner to cat_owner;
alter function f() owner to cat_owner;
alter type mood owner to cat_owner;
-- finds: differs owner table public.t
-- finds: differs owner view public.v
-- finds: differs owner function public.f()
-- finds: differs owner type public.mood

-- alteration: an owner and one with a grant change places
create table t (a int);
alter table t owner to cat_a;
grant select on t to cat_b;
-- then
alter table t owner to cat_b;
grant insert on t to cat_a;
-- finds: differs owner table public.t
-- finds: missing grant select on table public.t to cat_b

-- alteration: comments come, go and change
create table t (a int, b int, c int);
comment on table t is 'one';
comment on column t.a is 'two';
-- then
comment on table t is 'another' ;
comment on column t.a is null;
comment on column t.b is 'line
and line';
-- finds: differs comment table public.t
-- finds: missing comment column public.t.a
-- finds: unexpected comment column public.t.b

-- alteration: the comment on the schema public goes
-- then
comment on schema public is null;
-- finds: missing comment schema public

-- alteration: default privileges come
-- then
alter default privileges grant select on tables to cat_a;
alter default privileges for role cat_owner in schema public grant execute on functions to cat_b;
alter default privileges for role cat_owner revoke execute on functions from public;
-- finds: unexpected grant select on tables to cat_a, by default for role postgres
-- finds: unexpected grant execute on functions to cat_b, by default for role cat_owner in schema public
-- finds: missing grant execute on functions to public, by default for role cat_owner

-- alteration: a table goes where default privileges give more than it had
alter default privileges in schema public grant select on tables to cat_b;
create table t (a int);
revoke select on t from cat_b;
grant insert on t to cat_a;
create function f() returns int language sql as 'select 1';
-- then
drop table t;
drop function f();
alter default privileges revoke execute on functions from public;
-- finds: missing table public.t
-- finds: missing function public.f()
-- finds: missing grant execute on functions to public, by default for role postgres

-- alteration: the database has settings
-- then
do $$ begin
    execute format('alter database %I set work_mem = %L', current_database(), '7MB');
    execute format('alter database %I set search_path = a, "B c"', current_database());
    execute format('alter role cat_a in database %I set lock_timeout = %L', current_database(), '3s');
end $$;
-- finds: unexpected database setting work_mem
-- finds: unexpected database setting search_path
-- finds: unexpected database setting lock_timeout for role cat_a
-- unseen by pg_dump

-- alteration: the database may be used otherwise
-- then
do $$ begin
    execute format('revoke connect on database %I from public', current_database());
    execute format('grant create on database %I to cat_a', current_database());
    execute format('comment on database %I is %L', current_database(), 'why');
    execute format('alter database %I owner to cat_owner', current_database());
    execute format('alter database %I connection limit 7', current_database());
    execute format('alter database %I is_template true', current_database());
end $$;
-- finds: differs database of the connection
-- finds: missing grant connect on database of the connection to public
-- finds: unexpected grant create on database of the connection to cat_a
-- finds: unexpected comment database of the connection
-- finds: differs owner database of the connection
-- unseen by pg_dump

-- alteration: an owner had rights of his own before, and passed some on
create table t (a int);
grant select on t to cat_a with grant option;
grant insert on t to cat_a;
-- then
alter table t owner to cat_a;
-- finds: differs owner table public.t
-- finds: missing grant select on table public.t to cat_a with grant option
-- finds: missing grant insert on table public.t to cat_a
-- finds: differs grant select on table public.t to postgres

-- alteration: what was granted on is revoked, and may be granted again
create table t (a int, b int);
grant select on t to "Cat C" with grant option;
set role "Cat C";
grant select on t to cat_b with grant option;
set role cat_b;
grant select on t to cat_a;
reset role;
-- then
revoke select on t from "Cat C" cascade;
-- finds: missing grant select on table public.t to "Cat C" with grant option
-- finds: missing grant select on table public.t to cat_a by cat_b
-- finds: missing grant select on table public.t to cat_b with grant option by "Cat C"

-- alteration: default privileges come with their schema
select 1;
-- then
create schema s;
alter default privileges in schema s grant select on tables to cat_a;
-- finds: unexpected schema s

-- alteration: comments on and grants of what comes with another object
create table t (a int);
create view v as select a from t;
create type n_range as range (subtype = int);
create function f() returns trigger language plpgsql as 'begin return new; end';
create constraint trigger c after insert on t for each row execute function f();
comment on type t is 'one';
comment on constraint c on t is 'one';
comment on type n_multirange is 'one';
-- then
comment on type t is 'another';
comment on type _t is 'an array';
comment on constraint c on t is null;
comment on rule "_RETURN" on v is 'why';
comment on type n_multirange is 'two';
grant usage on type t to cat_a;
revoke usage on type v from public;
create table u (a int);
comment on type u is 'goes with it';
grant usage on type u to cat_a;
-- finds: differs comment type public.t
-- finds: unexpected comment type public._t
-- finds: missing comment constraint c on public.t
-- finds: unexpected comment rule "_RETURN" on public.v
-- finds: differs comment type public.n_multirange
-- finds: unexpected grant usage on type public.t to cat_a
-- finds: missing grant usage on type public.v to public
-- finds: unexpected table public.u

-- alteration: a view whose rule has a comment goes with what it stands on
create view z as select 1 as a;
create view v as select a from z;
comment on rule "_RETURN" on v is 'why';
-- then
drop view v;
drop view z;
-- finds: missing view public.v
-- finds: missing view public.z
-- finds: missing comment rule "_RETURN" on public.v

-- alteration: an enum is made anew, and what was said of its array is lost
create type mood as enum ('sad');
comment on type _mood is 'why';
-- then
alter type mood add value 'happy';
-- finds: unexpected enum label public.mood 'happy'
-- leaves: missing comment type public._mood
