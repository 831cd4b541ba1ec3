-- Pairs whose rollback is the exact undo. The first ones make what `family.sql` needs.

-- pair: places | exact
create table places (id bigint generated always as identity primary key, name text);
insert into places (name) values ('here'), ('there'), ('nowhere');
-- down
drop table places;

-- pair: stamp | exact
create function stamp() returns trigger language plpgsql as $body$
begin
    new.made_at := old.made_at;
    return new;
end;
$body$;
-- down
drop function stamp();

-- pair: elsewhere | exact
create foreign data wrapper far;
create server elsewhere type 'x' foreign data wrapper far options (host 'here', port '1');
create user mapping for current_user server elsewhere options (name 'me');
create foreign table far_away (id int, name text) server elsewhere options (table 't');
-- down
drop foreign table far_away;
drop user mapping for current_user server elsewhere;
drop server elsewhere;
drop foreign data wrapper far;

-- pair: news | exact
create publication news with (publish = 'insert, update');
-- down
drop publication news;

-- pair: watch | exact
create function watch() returns event_trigger language plpgsql as 'begin null; end';
create event trigger watch on sql_drop execute function watch();
-- down
drop event trigger watch;
drop function watch();

-- families

-- pair: column_with_a_default | exact
alter table {t} add column added_{k} text not null default 'x';
-- down
alter table {t} drop column added_{k};

-- pair: columns_of_many_types | exact
alter table {t}
    add column t_{k} interval default '1 day', add column b_{k} bytea default '\x00ff',
    add column u_{k} uuid default gen_random_uuid(), add column i_{k} inet,
    add column a_{k} int[][], add column r_{k} int4range, add column j_{k} json,
    add column p_{k} point, add column m_{k} money, add column v_{k} bit varying(3),
    add column x_{k} tsvector, add column o_{k} oid, add column h_{k} macaddr;
-- down
alter table {t}
    drop column t_{k}, drop column b_{k}, drop column u_{k}, drop column i_{k},
    drop column a_{k}, drop column r_{k}, drop column j_{k}, drop column p_{k},
    drop column m_{k}, drop column v_{k}, drop column x_{k}, drop column o_{k},
    drop column h_{k};

-- pair: index_concurrently | exact
-- transactional: false
create index concurrently {t}_places_{k} on {t} (place_id);
-- down
drop index concurrently {t}_places_{k};

-- pair: two_indexes_concurrently | exact
-- transactional: false
create unique index concurrently {t}_numbers_{k} on {t} (number) where number > 0;
create index concurrently {t}_tags_{k} on {t} using gin (tags);
-- down
drop index concurrently {t}_tags_{k};
drop index concurrently {t}_numbers_{k};

-- pair: not_valid_then_valid | exact
alter table {t} add constraint {t}_amount_{k} check (amount is null or amount >= 0) not valid;
alter table {t} validate constraint {t}_amount_{k};
-- down
alter table {t} drop constraint {t}_amount_{k};

-- pair: rename_a_column | exact
alter table {t} rename column facts to facts_{k};
-- down
alter table {t} rename column facts_{k} to facts;

-- pair: rename_a_table | exact
alter table guarded_{n} rename to watched_{k};
-- down
alter table watched_{k} rename to guarded_{n};

-- pair: to_another_schema | exact
create schema attic_{k};
alter type point_{n} set schema attic_{k};
-- down
alter type attic_{k}.point_{n} set schema public;
drop schema attic_{k};

-- pair: plpgsql_in_dollars | exact
create function deep_{k}(a text) returns text language plpgsql as $outer$
declare
    made text;
begin
    execute $inner$select 'it''s; ' || $1$inner$ into made using a;
    -- a comment; with $$ and 'quotes
    return made || $$;$$;
exception when others then
    raise exception using message = 'no; ' || sqlerrm;
end;
$outer$;
-- down
drop function deep_{k}(text);

-- pair: body_in_quotes | exact
create function quoted_{k}() returns text language sql stable as
'select ''it''''s; a "test"'' || E''\\n''';
-- down
drop function quoted_{k}();

-- pair: body_in_escapes | exact
create function escaped_{k}() returns text language sql as E'select \'a;b\\\\c\'';
-- down
drop function escaped_{k}();

-- pair: body_without_quotes | exact
create function atomic_{k}(a int, inout b int, out c int)
language sql
begin atomic
    select a; -- one; two
    select a + b, b * 2;
end;
-- down
drop function atomic_{k}(int, int);

-- pair: returns_without_quotes | exact
create function short_{k}(a int default 3, variadic others int[] default '{}') returns int
language sql immutable parallel safe leakproof cost 5 return a + cardinality(others);
-- down
drop function short_{k}(int, int[]);

-- pair: body_of_an_odd_tag | exact
create function tagged_{k}() returns setof int rows 7 language sql as $ünï$
    select 1 as "odd;name" -- $$ ; $x$
    union all select 2 /* ; /* nested; */ */
$ünï$;
-- down
drop function tagged_{k}();

-- pair: returns_a_table | exact
create function listed_{k}(which text) returns table (id bigint, code text)
language sql stable security definer set search_path = pg_catalog, public
set work_mem = '8MB' as $$ select id, code from {t} where code = which $$;
revoke execute on function listed_{k}(text) from public;
grant execute on function listed_{k}(text) to pg_monitor;
-- down
drop function listed_{k}(text);

-- pair: changes_a_body_and_back | exact
create or replace function total_{n}(a int, b int) returns int
language sql immutable set search_path = pg_catalog as $$ select b + a $$;
-- down
create or replace function total_{n}(a int, b int) returns int
language sql immutable set search_path = pg_catalog as $$ select a + b $$;

-- pair: procedure_with_an_out | exact
create procedure work_{k}(a int, inout done boolean default false)
language plpgsql as $$ begin done := a > 0; end $$;
comment on procedure work_{k}(int, boolean) is 'It''s work.';
-- down
drop procedure work_{k}(int, boolean);

-- pair: aggregate | exact
create function join_{k}(a text, b text) returns text
language sql immutable return coalesce(a || ',', '') || b;
create aggregate joined_{k}(text) (sfunc = join_{k}, stype = text);
-- down
drop aggregate joined_{k}(text);
drop function join_{k}(text, text);

-- pair: data_there_and_back | exact
update {t} set quantity = quantity + 100;
-- down
update {t} set quantity = quantity - 100;

-- pair: copy_a_column | exact
alter table {t} add column code_{k} text;
update {t} set code_{k} = 'copied ' || code;
alter table {t} alter column code_{k} set not null;
create unique index {t}_code_{k} on {t} (code_{k});
-- down
alter table {t} drop column code_{k};

-- pair: split_a_table | exact
create table {t}_parts_{k} (stock_id bigint primary key references {t}, tags text[]);
insert into {t}_parts_{k} select id, tags from {t};
-- down
drop table {t}_parts_{k};

-- pair: rows_by_a_block | exact
do $$
declare
    row record;
begin
    for row in select id from {t} order by id loop
        update {t} set note = 'seen; ' || row.id where id = row.id;
    end loop;
end;
$$;
-- down
update {t} set note = null;

-- pair: enum_and_its_column | exact
create type kind_{k} as enum ('one', 'two; three', 'it''s');
alter table {t} add column kind_{k} kind_{k} not null default 'one';
create index {t}_kind_{k} on {t} (kind_{k}) where kind_{k} <> 'one';
-- down
alter table {t} drop column kind_{k};
drop type kind_{k};

-- pair: label_used_at_once | exact
-- transactional: false
create type level_{k} as enum ('low');
alter type level_{k} add value 'high' after 'low';
create table levels_{k} (level level_{k} default 'high');
insert into levels_{k} values ('high'), ('low');
-- down
drop table levels_{k};
drop type level_{k};

-- pair: text_to_enum | exact
create type state_{k} as enum ('new', 'old');
alter table {t} alter column state drop default;
drop materialized view counted_{n};
drop view seen_{n};
drop statistics {t}_code_state;
alter table {t} alter column state type state_{k} using state::state_{k};
create view seen_{n} with (security_invoker = true) as
select id, code, state from {t} where quantity > 0;
create rule quiet as on delete to seen_{n} do instead nothing;
create materialized view counted_{n} as
select state, count(*) as number from {t} group by state;
create unique index counted_{n}_state on counted_{n} (state);
-- down
drop materialized view counted_{n};
drop view seen_{n};
alter table {t} alter column state type text using state::text;
alter table {t} alter column state set default 'new';
create statistics {t}_code_state (ndistinct, dependencies) on code, state from {t};
create view seen_{n} with (security_invoker = true) as
select id, code, state from {t} where quantity > 0;
create rule quiet as on delete to seen_{n} do instead nothing;
create materialized view counted_{n} as
select state, count(*) as number from {t} group by state;
create unique index counted_{n}_state on counted_{n} (state);
drop type state_{k};

-- pair: views_on_views | exact
create view top_{k} as select id, upper(code) as code from {t};
create view higher_{k} (n, c) as select id, code || ';' from top_{k} where id is not null
with local check option;
create or replace temporary view passing_{k} as select 1;
create recursive view counting_{k} (n) as
select 1 union all select n + 1 from counting_{k} where n < 3;
grant select on higher_{k} to pg_monitor;
-- down
drop view counting_{k};
drop view higher_{k};
drop view top_{k};

-- pair: materialized_and_indexed | exact
create materialized view summed_{k} as
select state, sum(amount) as amount from {t} group by state with no data;
create unique index summed_{k}_state on summed_{k} (state);
-- down
drop materialized view summed_{k};

-- pair: triggers_of_every_sort | exact
create function note_{k}() returns trigger language plpgsql as $$ begin return null; end $$;
create trigger a_{k} after insert or update of code, title on {t}
for each row execute function note_{k}('a', 'b''c');
create trigger b_{k} after delete on {t}
referencing old table as gone for each statement execute function note_{k}();
create constraint trigger c_{k} after insert on {t}
deferrable initially deferred for each row execute function note_{k}();
alter table {t} enable always trigger a_{k};
-- down
drop trigger c_{k} on {t};
drop trigger b_{k} on {t};
drop trigger a_{k} on {t};
drop function note_{k}();

-- pair: row_security | exact
alter table {t} enable row level security;
create policy all_{k} on {t} for all using (true) with check (quantity < 10000);
create policy less_{k} on {t} as restrictive for update to pg_monitor using (id > 0);
-- down
drop policy less_{k} on {t};
drop policy all_{k} on {t};
alter table {t} disable row level security;

-- pair: grants_of_every_sort | exact
grant select (id, code), insert (code) on {t} to pg_monitor;
grant usage on sequence {t}_number to public;
grant usage on type mood_{n} to pg_monitor;
revoke usage on domain code_{n} from public;
-- down
grant usage on domain code_{n} to public;
revoke usage on type mood_{n} from pg_monitor;
revoke usage on sequence {t}_number from public;
revoke select (id, code), insert (code) on {t} from pg_monitor;

-- pair: partitions_of_partitions | exact
create table split_{k} (id int, region text, primary key (id, region)) partition by list (region);
create table split_{k}_eu partition of split_{k} for values in ('de', 'fr')
partition by hash (id);
create table split_{k}_eu_0 partition of split_{k}_eu for values with (modulus 2, remainder 0);
create table split_{k}_eu_1 partition of split_{k}_eu for values with (modulus 2, remainder 1);
create table split_{k}_rest partition of split_{k} default;
insert into split_{k} select i, (array['de', 'fr', 'us'])[1 + i % 3] from generate_series(1, 9) as i;
create index split_{k}_region on split_{k} (region);
-- down
drop table split_{k};

-- pair: another_partition | exact
create table measured_{n}_k{k} partition of measured_{n} for values from (1000) to (2000);
insert into measured_{n} values (1500, 1);
-- down
drop table measured_{n}_k{k};

-- pair: detach_and_attach | exact
alter table measured_{n} detach partition measured_{n}_1;
-- down
alter table measured_{n} attach partition measured_{n}_1 for values from (0) to (100);

-- pair: inheritance | exact
create table child_{k} (more int) inherits ({t});
-- down
drop table child_{k};

-- pair: odd_names | exact
create table "Odd; Table {k}" ("begin" int, "declare" text, "it's" text default 'a"b', "ünï" int);
create index "odd index; {k}" on "Odd; Table {k}" ("begin", "ünï");
comment on column "Odd; Table {k}"."it's" is $c$it's; "so"$c$;
insert into "Odd; Table {k}" values (1, 'x', default, 2);
-- down
drop table "Odd; Table {k}";

-- pair: sequences | exact
create sequence even_{k} as smallint increment 2 minvalue 2 maxvalue 100 start 10 cache 5 cycle;
select nextval('even_{k}');
-- down
drop sequence even_{k};

-- pair: domains_and_ranges | exact
create domain positive_{k} as int not null default 1 check (value > 0);
create type span_{k} as range (subtype = int, multirange_type_name = spans_{k});
create type whole_{k} as (a positive_{k}, b span_{k}[]);
create table using_{k} (p positive_{k}, s span_{k}, w whole_{k});
insert into using_{k} values (2, '[1,3)', row(3, array['[1,2)']::span_{k}[])::whole_{k});
-- down
drop table using_{k};
drop type whole_{k};
drop type span_{k};
drop domain positive_{k};

-- pair: operators_and_casts | exact
create function near_{k}(a int, b int) returns boolean language sql immutable return abs(a - b) < 2;
create operator public.<~> (function = near_{k}, leftarg = int, rightarg = int);
create function mood_number_{k}(mood mood_{n}) returns int
language sql immutable return length(mood::text);
create cast (mood_{n} as int) with function mood_number_{k}(mood_{n});
-- down
drop cast (mood_{n} as int);
drop function mood_number_{k}(mood_{n});
drop operator public.<~> (int, int);
drop function near_{k}(int, int);

-- pair: text_search | exact
create text search dictionary plain_{k} (template = simple, stopwords = english);
create text search configuration words_{k} (copy = english);
alter text search configuration words_{k} alter mapping for asciiword with plain_{k};
-- down
drop text search configuration words_{k};
drop text search dictionary plain_{k};

-- pair: defaults_for_later | exact
alter default privileges grant execute on functions to pg_monitor;
alter default privileges in schema public revoke select on tables from pg_monitor;
-- down
alter default privileges revoke execute on functions from pg_monitor;

-- pair: published | exact
alter publication news add table {t} (id, code) where (quantity > 1);
-- down
alter publication news drop table {t};

-- pair: rule_and_statistics | exact
create rule ignore_{k} as on insert to guarded_{n} where new.who = 'nobody' do instead nothing;
create statistics wide_{k} on (amount * 2), lower(code) from {t};
alter statistics wide_{k} set statistics 50;
-- down
drop statistics wide_{k};
drop rule ignore_{k} on guarded_{n};

-- pair: settings_of_a_table | exact
alter table {t} set (fillfactor = 80, toast.autovacuum_enabled = false);
alter table {t} alter column code set (n_distinct = 5);
alter table {t} alter column tags set storage external;
alter table {t} cluster on {t}_pattern;
-- down
alter table {t} set without cluster;
alter table {t} alter column tags set storage extended;
alter table {t} alter column code reset (n_distinct);
alter table {t} reset (fillfactor, toast.autovacuum_enabled);

-- pair: its_own_transactions | exact
-- transactional: false
begin;
create table staged_{k} (id int);
insert into staged_{k} values (1);
commit;
vacuum staged_{k};
-- down
drop table staged_{k};

-- pair: settings_of_the_session | exact
set local search_path = pg_temp;
create temporary table scratch_{k} (id int) on commit drop;
set local role pg_monitor;
reset role;
create table public.after_{k} (id int);
-- down
drop table after_{k};

-- pair: several_hundred_statements | exact
{many}
-- down
drop table many_{k};
