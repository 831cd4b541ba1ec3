-- planted: a changed function body
create function fee(minutes int) returns int language sql as 'select minutes * 2';
-- up
create or replace function fee(minutes int) returns int
language sql as 'select minutes * 3';
-- down
create or replace function fee(minutes int) returns int
language sql as 'select 2 * minutes';
-- finds: differs function public.fee(integer)

-- planted: a function with its owner's rights
create function fee() returns int language sql as 'select 2';
-- up
alter function fee() security definer set search_path = '';
-- down
alter function fee() reset search_path;
-- finds: differs function public.fee()

-- planted: the settings of a function
create function fee() returns int language sql set search_path = '' as 'select 2';
-- up
create or replace function fee() returns int language sql as 'select 3';
-- down
create or replace function fee() returns int language sql as 'select 2';
-- finds: differs function public.fee()

-- planted: another overload is left
create function fee(minutes int) returns int language sql as 'select 2';
-- up
create function fee(minutes bigint) returns int language sql as 'select 3';
-- down
drop function if exists fee(text);
-- finds: unexpected function public.fee(bigint)

-- planted: everybody may execute it again
create function fee() returns int language sql as 'select 2';
revoke execute on function fee() from public;
-- up
drop function fee();
-- down
create function fee() returns int language sql as 'select 2';
-- finds: unexpected grant execute on function public.fee() to public

-- planted: a view with its owner's rights
create table visits (id int primary key);
create view all_visits with (security_invoker = true) as select id from visits;
-- up
drop view all_visits;
-- down
create view all_visits as select id from visits;
-- finds: differs view public.all_visits

-- planted: a view with another condition
create table visits (id int primary key);
create view some_visits as select id from visits where id > 0;
grant select on some_visits to pg_monitor;
-- up
create or replace view some_visits as select id from visits;
-- down
create or replace view some_visits as select id from visits where id >= 0;
-- finds: differs view public.some_visits

-- planted: a materialized view without its index
create table visits (id int primary key, day date);
create materialized view days as select day, count(*) as n from visits group by day;
create unique index one_row_a_day on days (day);
-- up
drop materialized view days;
-- down
create materialized view days as select day, count(*) as n from visits group by day;
-- finds: missing index one_row_a_day on public.days

-- planted: an aggregate is left
select 'nothing was here';
-- up
create aggregate longest(text) (sfunc = textcat, stype = text, initcond = '');
-- down
drop aggregate if exists longest(int);
-- finds: unexpected aggregate public.longest(text)

-- planted: an event trigger is off
create function watch() returns event_trigger language plpgsql as 'begin null; end';
create event trigger watch on sql_drop execute function watch();
-- up
alter event trigger watch enable always;
-- down
alter event trigger watch disable;
-- finds: differs event trigger watch

-- planted: an operator is left
select 'nothing was here';
-- up
create operator public.<=>= (function = int4mi, leftarg = int, rightarg = int);
-- down
select 'nobody uses it';
-- finds: unexpected operator public.<=>= (integer, integer)

-- planted: a cast that is no longer implicit
create type place as (floor int, door int);
create cast (place as text) with inout as implicit;
-- up
drop cast (place as text);
-- down
create cast (place as text) with inout;
-- finds: differs cast (public.place as text)

-- planted: a text search configuration without a mapping
create text search configuration words (copy = simple);
-- up
drop text search configuration words;
-- down
create text search configuration words (copy = simple);
alter text search configuration words drop mapping for url;
-- finds: differs text search configuration public.words
