-- planted: a grant is left
create table visits (id int primary key);
-- up
grant select, insert on visits to pg_monitor;
-- down
revoke insert on visits from pg_monitor;
-- finds: unexpected grant select on table public.visits to pg_monitor

-- planted: a grant is lost
create table visits (id int primary key);
grant select on visits to pg_monitor;
-- up
revoke select on visits from pg_monitor;
-- down
grant select on visits to pg_read_all_stats;
-- finds: unexpected grant select on table public.visits to pg_read_all_stats
-- finds: missing grant select on table public.visits to pg_monitor

-- planted: a grant on one column
create table visits (id int primary key, kind text);
-- up
grant update (kind) on visits to pg_monitor;
-- down
revoke update (id) on visits from pg_monitor;
-- finds: unexpected grant update on column public.visits.kind to pg_monitor

-- planted: a grant that may be passed on
create table visits (id int primary key);
grant select on visits to pg_monitor;
-- up
grant select on visits to pg_monitor with grant option;
-- down
grant select on visits to pg_monitor;
-- finds: differs grant select on table public.visits to pg_monitor

-- planted: default privileges
create schema rooms;
-- up
alter default privileges in schema rooms grant select on tables to pg_monitor;
-- down
alter default privileges in schema rooms revoke select on sequences from pg_monitor;
-- finds: unexpected grant select on tables to pg_monitor, by default for role postgres in schema rooms

-- planted: everybody may create in a schema
create schema rooms;
-- up
grant usage, create on schema rooms to public;
-- down
revoke usage on schema rooms from public;
-- finds: unexpected grant create on schema rooms to public

-- planted: an owner
create table visits (id int primary key);
-- up
alter table visits owner to pg_monitor;
-- down
alter table visits owner to pg_read_all_stats;
-- finds: differs owner table public.visits

-- planted: a comment
create table visits (id int primary key);
comment on table visits is 'Who came, and when.';
-- up
comment on table visits is 'Who came.';
-- down
comment on table visits is null;
-- finds: missing comment table public.visits

-- planted: a comment on a column, misspelt
create table visits (id int primary key);
comment on column visits.id is 'Counted from one; never used again.';
-- up
comment on column visits.id is null;
-- down
comment on column visits.id is 'Counted from one: never used again.';
-- finds: differs comment column public.visits.id

-- planted: a role
select 'nothing was here';
-- up
create role planted_reader nologin;
-- down
select 'roles are for all databases';
-- finds: unexpected role planted_reader

-- planted: what a role may do
create role planted_writer login connection limit 3;
grant pg_monitor to planted_writer;
alter role planted_writer set statement_timeout = '5s';
-- up
drop role planted_writer;
-- down
create role planted_writer createdb;
-- finds: differs role planted_writer

-- planted: a setting of the database
do $$ begin
    execute format('alter database %I set work_mem = ''8MB''', current_database());
end $$;
-- up
do $$ begin
    execute format('alter database %I set work_mem = ''32MB''', current_database());
end $$;
-- down
do $$ begin
    execute format('alter database %I reset work_mem', current_database());
end $$;
-- finds: missing database setting work_mem

-- planted: a schema is left
select 'nothing was here';
-- up
create schema rooms;
create table rooms.visits (id int);
-- down
drop table rooms.visits;
-- finds: unexpected schema rooms

-- planted: a publication of less
create table visits (id int primary key);
create publication news for table visits;
-- up
alter publication news drop table visits;
-- down
alter publication news set (publish = 'insert, delete');
-- finds: differs publication news

-- planted: the options of a server
create foreign data wrapper far;
create server elsewhere foreign data wrapper far options (host 'here', port '1');
-- up
alter server elsewhere options (set host 'there');
-- down
alter server elsewhere options (drop host);
-- finds: differs server elsewhere

-- planted: a user mapping
create foreign data wrapper far;
create server elsewhere foreign data wrapper far;
create user mapping for public server elsewhere options (name 'me');
-- up
drop user mapping for public server elsewhere;
-- down
create user mapping for current_user server elsewhere options (name 'me');
-- finds: unexpected user mapping for postgres server elsewhere
-- finds: missing user mapping for public server elsewhere

-- planted: the limits of a sequence
create sequence tickets maxvalue 1000;
-- up
alter sequence tickets maxvalue 9000 cycle;
-- down
alter sequence tickets maxvalue 1000;
-- finds: differs sequence public.tickets

-- planted: a sequence that belongs to nobody
create table visits (id int primary key);
create sequence tickets owned by visits.id;
-- up
alter sequence tickets owned by none;
-- down
select 'it counts on';
-- finds: differs sequence public.tickets

-- planted: a chain of grants
create table visits (id int primary key);
grant select on visits to pg_read_all_stats with grant option;
set role pg_read_all_stats;
grant select on visits to pg_monitor;
reset role;
-- up
revoke select on visits from pg_read_all_stats cascade;
-- down
select 'they will ask for it';
-- finds: missing grant select on table public.visits to pg_read_all_stats with grant option
-- finds: missing grant select on table public.visits to pg_monitor by pg_read_all_stats

-- planted: a chain of grants is left
create table visits (id int primary key);
-- up
grant select on visits to pg_monitor with grant option;
set role pg_monitor;
grant select on visits to pg_read_all_stats;
reset role;
-- down
select 'they may keep it';
-- finds: unexpected grant select on table public.visits to pg_read_all_stats by pg_monitor
-- finds: unexpected grant select on table public.visits to pg_monitor with grant option

-- planted: a schema with default privileges is left
select 'nothing was here';
-- up
create schema rooms;
alter default privileges in schema rooms grant select on tables to pg_monitor;
-- down
drop schema if exists romos;
-- finds: unexpected schema rooms

-- planted: a template among databases
select 1;
-- up
do $$ begin
    execute format('alter database %I is_template true', current_database());
end $$;
-- down
select 'it stays one';
-- finds: differs database of the connection

-- planted: what all roles are set
select 'nothing was here';
-- up
alter role all set statement_timeout = '1h';
-- down
alter role all reset lock_timeout;
-- finds: differs role all

-- planted: the comment on a role
create role planted_reader;
comment on role planted_reader is 'Reads.';
-- up
comment on role planted_reader is 'Reads, at night.';
-- down
comment on role planted_reader is 'Reads at night.';
-- finds: differs role planted_reader

-- planted: a subscription is left
select 'nothing was here';
-- up
create subscription news connection 'host=127.0.0.1 port=1' publication news
with (connect = false, slot_name = none, enabled = false);
-- down
select 'nobody sends anything';
-- finds: unexpected subscription news

-- planted: a role keeps its new name
create role "planted Old";
create role planted_member in role "planted Old";
create table visits (id int);
alter table visits owner to "planted Old";
create table rooms (id int);
grant select on rooms to "planted Old" with grant option;
alter default privileges for role "planted Old" grant select on tables to public;
-- up
alter role "planted Old" rename to planted_new;
-- down
select 'not the old one';
-- finds: differs role planted Old

-- planted: comments on what is the system's
comment on function pg_catalog.pi() is null;
-- up
comment on function pg_catalog.now() is 'when the call came in';
comment on column pg_catalog.pg_class.relname is 'a name';
comment on function pg_catalog.pi() is 'ours';
-- down
comment on function pg_catalog.now() is null;
comment on function pg_catalog.pi() is null;
-- finds: missing comment function pg_catalog.now()
-- finds: unexpected comment column pg_catalog.pg_class.relname

-- planted: comments on what is the system's come back
select 'nothing was here';
-- up
comment on function pg_catalog.now() is 'when the call came in';
-- down
comment on function pg_catalog.now() is 'current transaction time';
-- verdict: unverified

-- planted: what the server is told by alter system
select 'nothing was here';
-- up
-- transactional: false
alter system set log_min_duration_statement = '1s';
alter system set search_path = 'it''s', public;
-- down
alter system reset log_min_duration_statement;
-- finds: unexpected setting of the server search_path
