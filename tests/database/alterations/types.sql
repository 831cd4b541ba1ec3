-- alteration: a label of an enum is left over
create type mood as enum ('sad', 'glad');
create table t (a mood default 'sad', b mood[], c int);
create index i on t (c) where a = 'glad';
create view v as select a from t;
create function f(m mood) returns mood language sql as 'select m';
grant usage on type mood to cat_a;
-- then
alter type mood add value 'neutral' before 'glad';
-- finds: unexpected enum label public.mood 'neutral'

-- alteration: labels of an enum are missing
create type mood as enum ('a', 'b', 'c', 'd');
-- then
drop type mood;
create type mood as enum ('c');
-- finds: missing enum label public.mood 'a'
-- finds: missing enum label public.mood 'b'
-- finds: missing enum label public.mood 'd'

-- alteration: labels of an enum stand in another order
create type mood as enum ('a', 'b');
-- then
drop type mood;
create type mood as enum ('b', 'a');
-- finds: differs type public.mood

-- alteration: a label has another name
create type mood as enum ('a', 'b');
create table t (m mood);
-- then
alter type mood rename value 'b' to 'x';
-- finds: differs enum label public.mood 'b'

-- alteration: a label is gone and another one is left over
create type mood as enum ('a', 'b', 'c');
create table t (m mood);
-- then
drop table t;
drop type mood;
create type mood as enum ('a', 'x');
create table t (m mood);
-- finds: missing enum label public.mood 'b'
-- finds: missing enum label public.mood 'c'
-- finds: unexpected enum label public.mood 'x'

-- alteration: types go
create type pair as (a int, b text collate "C");
create type mood as enum ('it''s');
create type span as range (subtype = float8, subtype_diff = float8mi, multirange_type_name = spans);
comment on type pair is 'why';
comment on column pair.b is 'what';
alter type mood owner to cat_owner;
revoke usage on type span from public;
-- then
drop type pair;
drop type mood;
drop type span;
-- finds: missing type public.pair
-- finds: missing type public.mood
-- finds: missing type public.span

-- alteration: a composite type has other attributes
create type pair as (a int, b text, c date);
create function f() returns pair language sql as 'select null::public.pair';
-- then
alter type pair drop attribute a, alter attribute b type varchar(9), add attribute d int;
-- finds: differs type public.pair

-- alteration: a composite type in a table has its attributes in another order
create type pair as (a int, b text);
create table t (p pair);
-- then
alter type pair drop attribute a cascade;
alter type pair add attribute a int cascade;
-- finds: differs type public.pair
-- unrepaired: the rows of t hold the type

-- alteration: a range is over something else
create type span as range (subtype = int);
create function f(s span) returns int language sql as 'select 1';
-- then
drop type span cascade;
create type span as range (subtype = bigint);
create function f(s span) returns int language sql as 'select 1';
-- finds: differs type public.span

-- alteration: a base type goes, with its functions
create type word;
create function word_in(cstring) returns word language internal immutable strict as 'int4in';
create function word_out(word) returns cstring language internal immutable strict as 'int4out';
create type word (input = word_in, output = word_out, internallength = 4, passedbyvalue, alignment = int4, category = 'N', default = '7');
comment on type word is 'why';
-- then
drop type word cascade;
-- finds: missing type public.word

-- alteration: a shell type goes
create type shell;
-- then
drop type shell;
-- finds: missing type public.shell

-- alteration: a domain goes
create domain email as text collate "C" default 'x@y' not null constraint has_at check (value like '%@%');
comment on domain email is 'why';
comment on constraint has_at on domain email is 'because';
grant usage on domain email to cat_a;
-- then
drop domain email;
-- finds: missing domain public.email

-- alteration: a domain has another default and may be null
create domain email as text default 'x@y' not null;
create table t (e email);
-- then
alter domain email drop default;
alter domain email drop not null;
-- finds: differs domain public.email

-- alteration: a constraint of a domain goes, another is not valid
create domain email as text constraint has_at check (value like '%@%') constraint short check (length(value) < 99);
-- then
alter domain email drop constraint has_at;
alter domain email drop constraint short;
alter domain email add constraint short check (length(value) < 99) not valid;
-- finds: missing constraint has_at on domain public.email
-- finds: differs constraint short on domain public.email

-- alteration: a domain is over another type
create domain email as text;
create function f(e email) returns int language sql as 'select 1';
-- then
drop domain email cascade;
create domain email as varchar(100);
create function f(e email) returns int language sql as 'select 1';
-- finds: differs domain public.email

-- alteration: a sequence goes
create sequence s as smallint increment by -2 minvalue -50 maxvalue 50 start with 9 cache 3 cycle;
comment on sequence s is 'why';
grant usage on sequence s to cat_a;
-- then
drop sequence s;
-- finds: missing sequence public.s

-- alteration: a sequence counts otherwise
create sequence s;
-- then
alter sequence s as integer increment by 5 maxvalue 900 cache 10 cycle;
-- finds: differs sequence public.s

-- alteration: a sequence belongs to no column any more
create table t (id serial);
-- then
alter sequence t_id_seq owned by none;
-- finds: differs sequence public.t_id_seq

-- alteration: a sequence is unlogged
create sequence s;
-- then
alter sequence s set unlogged;
-- finds: differs sequence public.s

-- alteration: a schema goes, with its contents
create schema s authorization cat_owner;
create table s.t (a int);
grant usage on schema s to cat_a;
comment on schema s is 'why';
-- then
drop schema s cascade;
-- finds: missing schema s
-- finds: missing table s.t

-- alteration: the not-null constraint of a domain has another name, and a comment
-- since 17
create domain email as text constraint known not null;
create domain other as text;
create domain third as text constraint third_not_null not null;
-- then
alter domain email rename constraint known to unknown;
comment on constraint unknown on domain email is 'why';
alter domain other add constraint sure not null;
alter domain third drop not null;
-- finds: differs domain public.email
-- finds: differs domain public.other
-- finds: differs domain public.third

-- alteration: a label is left over in an enum that a domain stands on
create type mood as enum ('a', 'b');
create domain good_mood as mood check (value <> 'b');
create table t (m good_mood);
-- then
alter type mood add value 'c';
-- finds: unexpected enum label public.mood 'c'
-- unrepaired: the rows of t hold the domain

-- alteration: a domain in a table is over another type
create domain email as text;
create table t (e email);
-- then
alter table t alter column e type text;
drop domain email;
create domain email as varchar(100);
alter table t alter column e type email;
-- finds: differs domain public.email
-- unrepaired: the rows of t hold the domain

-- alteration: a type goes with the column of it
create type mood as enum ('a', 'b');
create domain email as text;
create table t (a int, m mood[] default '{a}', e email);
create function f(m mood) returns email language sql as 'select null::public.email';
-- then
drop type mood cascade;
drop domain email cascade;
-- finds: missing type public.mood
-- finds: missing domain public.email
-- finds: missing column public.t.m
-- finds: missing column public.t.e
-- finds: missing function public.f(public.mood)

-- alteration: an enum loses a label, and its columns come and go
create type mood as enum ('sad', 'glad');
create table t (a int, b mood default 'sad');
create policy p on t using (b = 'glad');
-- then
drop policy p on t;
alter type mood add value 'fine' before 'sad';
alter table t drop column b, add column c mood default 'glad';
create policy p on t using (c = 'glad');
-- finds: unexpected enum label public.mood 'fine'
-- finds: missing column public.t.b
-- finds: unexpected column public.t.c
-- finds: differs policy p on public.t

-- alteration: labels are missing whose names are in another order
create type mood as enum ('z', 'y', 'x', 'a');
-- then
drop type mood;
create type mood as enum ('a');
-- finds: missing enum label public.mood 'z'
-- finds: missing enum label public.mood 'y'
-- finds: missing enum label public.mood 'x'

-- alteration: a sequence counts down
create sequence s;
-- then
drop sequence s;
create sequence s as smallint increment by -1;
-- finds: differs sequence public.s

-- alteration: an attribute of a type has no comment any more
create type place as (floor int, door text);
comment on column place.floor is 'from 1';
-- then
comment on column place.floor is null;
-- finds: missing comment column public.place.floor

-- alteration: a constraint of a domain has a new name
create domain code as text constraint short check (length(value) < 9);
-- then
alter domain code rename constraint short to brief;
-- finds: differs constraint short on domain public.code

-- alteration: an attribute has a new name
create type place as (floor int, door text);
create table t (place place, other int);
-- then
alter type place rename attribute door to gate;
-- finds: differs type public.place

-- alteration: a type with a table of it has other attributes
create type place as (floor int, door varchar(9), side text);
create table t of place;
-- then
alter type place drop attribute side cascade, alter attribute door type varchar(20) cascade;
alter type place add attribute note text cascade;
-- finds: differs type public.place

-- alteration: an attribute goes from a type with a table of it
create type place as (floor int, door text collate "C");
create table t of place (door default 'left' not null);
-- then
alter type place drop attribute door cascade;
-- finds: differs type public.place
-- finds: differs column public.t.door
