-- alteration: an extension goes
create extension vector schema public;
create table t (v vector(3));
-- then
drop table t;
drop extension vector;
-- finds: missing extension vector
-- finds: missing table public.t

-- alteration: an extension is in another schema
create schema s;
create extension vector schema public;
-- then
alter extension vector set schema s;
comment on extension vector is 'why';
-- finds: differs extension vector
-- finds: differs comment extension vector

-- alteration: publications change
create table t (a int primary key, b int);
create table u (a int primary key);
create schema s;
create publication p for table t (a) where (a > 0), u with (publish = 'insert, delete');
create publication q for tables in schema s;
create publication r for all tables with (publish_via_partition_root = true);
comment on publication p is 'why';
-- then
drop publication q;
alter publication p drop table u;
alter publication p set table t where (a > 1);
alter publication r set (publish = 'insert', publish_via_partition_root = false);
-- finds: missing publication q
-- finds: differs publication p
-- finds: differs publication r

-- alteration: a publication is for all
create publication p;
-- then
drop publication p;
create publication p for all tables;
-- finds: differs publication p

-- alteration: a subscription goes, another differs
create subscription s connection 'host=nowhere dbname=x' publication a, b with (connect = false, slot_name = none);
create subscription u connection 'host=nowhere' publication a with (connect = false, slot_name = none);
-- then
drop subscription s;
alter subscription u set publication b with (refresh = false);
alter subscription u connection 'host=elsewhere';
alter subscription u set (synchronous_commit = 'remote_apply', streaming = on);
comment on subscription u is 'why';
-- finds: missing subscription s
-- finds: differs subscription u
-- finds: unexpected comment subscription u

-- alteration: foreign things go
create foreign data wrapper w options (debug 'true');
create server far type 't' version '1' foreign data wrapper w options (host 'a', "Port" '1');
create user mapping for cat_a server far options (user 'u');
create user mapping for public server far;
create foreign table ft (a int options (column_name 'x') not null, b text default 'z') server far options (name 'it''s');
grant usage on foreign server far to cat_a;
grant usage on foreign data wrapper w to cat_b;
grant select on ft to cat_a;
comment on server far is 'why';
comment on foreign table ft is 'what';
alter server far owner to cat_owner;
-- then
drop foreign data wrapper w cascade;
-- finds: missing foreign data wrapper w
-- finds: missing server far
-- finds: missing foreign table public.ft
-- finds: missing user mapping for public server far
-- finds: missing user mapping for cat_a server far

-- alteration: options of foreign things differ
create foreign data wrapper w options (debug 'true');
create server far version '1' foreign data wrapper w options (host 'a', port '1');
create user mapping for cat_a server far options (user 'u');
create foreign table ft (a int options (column_name 'x')) server far options (name 'n');
-- then
alter foreign data wrapper w options (drop debug, add x '1');
alter server far version '2' options (set host 'b', drop port);
alter user mapping for cat_a server far options (set user 'v');
alter foreign table ft options (set name 'm');
alter foreign table ft alter column a options (set column_name 'y');
-- finds: differs foreign data wrapper w
-- finds: differs server far
-- finds: differs user mapping for cat_a server far
-- finds: differs foreign table public.ft
-- finds: differs column public.ft.a

-- alteration: a foreign table is elsewhere
create foreign data wrapper w;
create server near foreign data wrapper w;
create server far foreign data wrapper w;
create foreign table ft (a int) server near;
-- then
drop foreign table ft;
create foreign table ft (a int) server far;
-- finds: differs foreign table public.ft

-- alteration: operators go
create operator === (leftarg = int, rightarg = int, function = int4eq, commutator = ===, negator = !==, restrict = eqsel, join = eqjoinsel, hashes, merges);
create operator !== (leftarg = int, rightarg = int, function = int4ne, negator = ===);
create operator !!! (rightarg = int, function = int4abs);
comment on operator === (int, int) is 'why';
alter operator !!! (none, int) owner to cat_owner;
create table t (a int, check (a operator(public.===) 1));
-- then
drop table t;
drop operator !!! (none, int);
drop operator === (int, int), !== (int, int);
-- finds: missing operator public.=== (integer, integer)
-- finds: missing operator public.!== (integer, integer)
-- finds: missing operator public.!!! (none, integer)
-- finds: missing table public.t

-- alteration: an operator is estimated otherwise
create operator === (leftarg = int, rightarg = int, function = int4eq, restrict = eqsel);
-- then
alter operator === (int, int) set (restrict = none, join = eqjoinsel);
-- finds: differs operator public.=== (integer, integer)

-- alteration: an operator class goes, with an index on it
create operator class by_size for type int using btree as
    operator 1 <, operator 2 <=, operator 3 =, operator 4 >=, operator 5 >, function 1 btint4cmp(int, int);
create operator family sizes using btree;
comment on operator class by_size using btree is 'why';
comment on operator family sizes using btree is 'what';
alter operator class by_size using btree owner to cat_owner;
create table t (a int);
create index i on t (a by_size);
-- then
drop index i;
drop operator family by_size using btree;
drop operator family sizes using btree;
-- finds: missing operator class public.by_size using btree
-- finds: missing operator family public.by_size using btree
-- finds: missing operator family public.sizes using btree
-- finds: missing index i on public.t

-- alteration: an operator family has members more
create operator family sizes using btree;
-- then
alter operator family sizes using btree add
    operator 1 < (int, bigint), operator 5 > (int, bigint), function 1 (int, bigint) btint48cmp(int, bigint);
-- finds: differs operator family public.sizes using btree

-- alteration: an operator class has other members
create operator class by_size for type int using hash as operator 1 =, function 1 hashint4(int);
-- then
drop operator family by_size using hash;
create operator class by_size for type int using hash as operator 1 =, function 1 hashint4(int), function 2 hashint4extended(int, bigint);
-- finds: differs operator family public.by_size using hash

-- alteration: casts go and change
create type pair as (a int, b int);
create type couple as (a int, b int);
create function as_text(pair) returns text language sql immutable as 'select ''x''';
create cast (pair as text) with function as_text(pair) as assignment;
create cast (couple as text) with inout as implicit;
comment on cast (pair as text) is 'why';
-- then
drop cast (pair as text);
drop cast (couple as text);
create cast (couple as text) with inout as assignment;
-- finds: missing cast (public.pair as text)
-- finds: differs cast (public.couple as text)

-- alteration: a transform goes
create type pair as (a int, b int);
create function to_it(internal) returns internal language internal immutable as 'numeric_avg_serialize';
create transform for pair language sql (from sql with function to_it(internal));
comment on transform for pair language sql is 'why';
-- then
drop transform for pair language sql;
-- finds: missing transform for public.pair language sql

-- alteration: a collation goes
create collation mine (provider = libc, locale = 'C');
comment on collation mine is 'why';
alter collation mine owner to cat_owner;
create table t (a text collate mine);
-- then
drop table t;
drop collation mine;
-- finds: missing collation public.mine
-- finds: missing table public.t

-- alteration: a conversion goes, another is the default
create conversion c for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
create conversion d for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
comment on conversion c is 'why';
-- then
drop conversion c;
drop conversion d;
create default conversion d for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
-- finds: missing conversion public.c
-- finds: differs conversion public.d

-- alteration: text search objects go
create text search template tmpl (init = dsimple_init, lexize = dsimple_lexize);
create text search parser pars (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype);
create text search dictionary dict (template = tmpl, stopwords = english);
create text search configuration conf (parser = pars);
alter text search configuration conf add mapping for asciiword, word with dict, simple;
comment on text search template tmpl is 'a';
comment on text search parser pars is 'b';
comment on text search dictionary dict is 'c';
comment on text search configuration conf is 'd';
alter text search dictionary dict owner to cat_owner;
-- then
drop text search configuration conf;
drop text search dictionary dict;
drop text search parser pars;
drop text search template tmpl;
-- finds: missing text search template public.tmpl
-- finds: missing text search parser public.pars
-- finds: missing text search dictionary public.dict
-- finds: missing text search configuration public.conf

-- alteration: text search objects differ
create text search dictionary dict (template = simple, accept = false);
create text search configuration conf (copy = pg_catalog.english);
-- then
alter text search dictionary dict (accept, stopwords = english);
alter text search configuration conf drop mapping for word;
alter text search configuration conf alter mapping for asciiword with dict, simple;
-- finds: differs text search dictionary public.dict
-- finds: differs text search configuration public.conf

-- alteration: a language goes
create language mine handler plpgsql_call_handler inline plpgsql_inline_handler validator plpgsql_validator;
comment on language mine is 'why';
alter language mine owner to cat_owner;
create function f() returns int language mine as 'begin return 1; end';
-- then
drop function f();
drop language mine;
-- finds: missing language mine
-- finds: missing function public.f()

-- alteration: a language is trusted
create language mine handler plpgsql_call_handler;
-- then
create or replace trusted language mine handler plpgsql_call_handler;
-- finds: differs language mine
-- unseen by pg_dump

-- alteration: an access method goes, with a table on it
create access method pile type table handler heap_tableam_handler;
comment on access method pile is 'why';
create table t (a int) using pile;
-- then
drop table t;
drop access method pile;
-- finds: missing access method pile
-- finds: missing table public.t

-- alteration: a table is kept by another access method
create access method pile type table handler heap_tableam_handler;
create table t (a int);
-- then
alter table t set access method pile;
-- finds: differs table public.t

-- alteration: the version of a server is empty, no longer unknown
create foreign data wrapper w;
create server s foreign data wrapper w;
-- then
alter server s version '';
-- finds: differs server s
-- unseen by pg_dump

-- alteration: a collation for all encodings goes
create collation plain from "C";
create collation other (provider = libc, locale = 'C');
-- then
drop collation plain;
drop collation other;
-- finds: missing collation public.plain
-- finds: missing collation public.other
