-- planted: a deleted row
create table visits (id int primary key, kind text);
insert into visits values (1, 'short'), (2, 'long');
-- up
delete from visits where id = 2;
-- down
select 'gone is gone';
-- loses: 1 rows public.visits

-- planted: a row that nobody took back
-- beyond repair: trunkline deletes no rows
create table visits (id int primary key, kind text);
-- up
insert into visits values (1, 'short');
-- down
delete from visits where id = 11;
-- loses: 1 rows public.visits

-- planted: an altered value
create table visits (id int primary key, name text);
insert into visits values (1, 'McCoy'), (2, 'Uhura');
-- up
update visits set name = upper(name);
-- down
update visits set name = initcap(name);
-- loses: 1 values public.visits.name

-- planted: null is not empty
create table visits (id int primary key, notes text);
insert into visits values (1, null), (2, ''), (3, 'late');
-- up
update visits set notes = '' where notes is null;
-- down
update visits set notes = null where notes = '';
-- loses: 1 values public.visits.notes

-- planted: a column comes back without its values
create table visits (id int primary key, notes text default 'none');
insert into visits values (1, 'late'), (2, 'none');
-- up
alter table visits drop column notes;
-- down
alter table visits add column notes text default 'none';
-- loses: 1 values public.visits.notes

-- planted: rows without a key, one of two alike
create table visits (kind text);
insert into visits values ('short'), ('short'), ('long');
-- up
alter table visits add column minutes int;
-- down
delete from visits where ctid = (select min(ctid) from visits where kind = 'short');
alter table visits drop column minutes;
-- loses: 1 rows public.visits

-- planted: a table rounded to cents
create table visits (id int primary key, fee numeric);
insert into visits values (1, 1.005), (2, 2);
-- up
alter table visits alter column fee type numeric(8, 2);
-- down
alter table visits alter column fee type numeric;
-- loses: 2 values public.visits.fee

-- planted: a sequence stands elsewhere
create table visits (id int generated always as identity primary key);
insert into visits default values;
-- up
insert into visits default values;
-- down
delete from visits where id = 2;
-- loses: 1 position public.visits_id_seq

-- planted: a sequence begins again
create sequence tickets;
select nextval('tickets'), nextval('tickets');
-- up
drop sequence tickets;
-- down
create sequence tickets;
-- loses: 1 position public.tickets

-- planted: a large object is left
-- beyond repair: trunkline deletes no rows
select 'nothing was here';
-- up
do $$ begin
    if not exists (select from pg_largeobject_metadata where oid = 4711) then
        perform lo_from_bytea(4711, 'so much');
    end if;
end $$;
-- down
select 'nobody sees it';
-- loses: 1 rows pg_catalog.pg_largeobject
-- loses: 1 rows pg_catalog.pg_largeobject_metadata

-- planted: a large object comes back empty
select lo_from_bytea(4711, 'so much');
-- up
select lo_unlink(4711);
-- down
select lo_create(4711);
-- loses: 1 rows pg_catalog.pg_largeobject

-- planted: a large object comes back with other text
select lo_from_bytea(4711, 'so much');
-- up
select lo_put(4711, 0, 'as');
-- down
select lo_put(4711, 0, 'So');
-- loses: 1 values pg_catalog.pg_largeobject.data

-- planted: what is said of a large object
create role planted_reader;
select lo_from_bytea(4711, 'so much'), lo_from_bytea(4712, 'more');
comment on large object 4711 is 'said before';
-- up
comment on large object 4711 is null;
grant select on large object 4711, 4712 to planted_reader;
-- down
revoke select on large object 4711 from planted_reader;
-- loses: 1 values pg_catalog.pg_largeobject_metadata.comment
-- loses: 1 values pg_catalog.pg_largeobject_metadata.lomacl

-- planted: rows that have no columns
create table visits ();
insert into visits default values;
insert into visits default values;
-- up
delete from visits;
-- down
insert into visits default values;
-- loses: 1 rows public.visits

-- planted: rows that have no key and very many columns
do $$ begin
    execute (
        select format('create table wide (%s)', string_agg(format('c%s int', n), ', '))
        from generate_series(1, 150) as n
    );
end $$;
insert into wide (c1) values (1), (1), (2);
-- up
delete from wide where c1 = 1;
-- down
insert into wide (c1) values (1);
-- loses: 1 rows public.wide

-- planted: rows that would look alike
create table visits (kind text, name text);
insert into visits values ('short', null), ('a, name=b', 'c'), ('null', 'd');
create table rooms (floor text, door text, size int, primary key (floor, door));
insert into rooms values ('2', '3, floor=1', 4), ('1, floor=2', '3', 5);
-- up
delete from visits;
delete from rooms where size = 4;
-- down
insert into visits values ('short', 'null'), ('a', 'b, name=c'), (null, 'd');
-- loses: 1 rows public.rooms
-- loses: 3 rows public.visits
-- loses: 3 rows public.visits
-- beyond repair: trunkline deletes no rows

-- planted: a value of which a cast tells half
create type price as (amount numeric, currency text);
create function amount_of(price) returns text language sql immutable
    return ($1).amount::text;
create cast (price as text) with function amount_of(price);
create table fares (id int primary key, fare price);
insert into fares values (1, row(12, 'EUR'));
-- up
update fares set fare = row(12, 'USD')::price;
-- down
update fares set fare = row(12, 'GBP')::price;
-- loses: 1 values public.fares.fare

-- planted: rows whose key is told by a cast that finds nothing outside its own path
create type deck as enum ('upper', 'lower');
create function letter() returns text language sql immutable return 'd';
create function letter_of(deck) returns text language plpgsql immutable as $$ begin
    return letter();
end $$;
create cast (deck as text) with function letter_of(deck);
create table decks (deck deck primary key, doors int);
insert into decks values ('upper', 1), ('lower', 2);
-- up
update decks set doors = 0;
-- down
update decks set doors = case deck when 'upper' then 2 else 1 end;
-- loses: 2 values public.decks.doors

-- planted: blanks at the end of unpadded character
create table names (id int primary key, name bpchar);
insert into names values (1, 'Worf  ');
-- up
update names set name = 'Data';
-- down
update names set name = 'Worf';
-- loses: 1 values public.names.name

-- planted: rows of a table with an odd name
create schema "Star's Fleet";
create table "Star's Fleet"."Ships, ""old""" (id int primary key);
insert into "Star's Fleet"."Ships, ""old""" values (1701);
-- up
delete from "Star's Fleet"."Ships, ""old""";
-- down
select 'gone is gone';
-- loses: 1 rows "Star's Fleet"."Ships, ""old"""
