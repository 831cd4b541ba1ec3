-- planted: a unique constraint comes back as an index
create table visits (id int primary key, day date, room int);
alter table visits add constraint one_a_day unique (room, day);
-- up
alter table visits drop constraint one_a_day;
-- down
create unique index one_a_day on visits (room, day);
-- finds: unexpected index one_a_day on public.visits
-- finds: missing constraint one_a_day on public.visits

-- planted: a check that has never been validated
create table visits (id int primary key, minutes int);
alter table visits add constraint takes_time check (minutes > 0);
-- up
alter table visits drop constraint takes_time;
-- down
alter table visits add constraint takes_time check (minutes > 0) not valid;
-- finds: differs constraint takes_time on public.visits

-- planted: a check that lets more through
create table visits (id int primary key, minutes int);
alter table visits add constraint takes_time check (minutes > 0);
-- up
alter table visits drop constraint takes_time;
-- down
alter table visits add constraint takes_time check (minutes >= 0);
-- finds: differs constraint takes_time on public.visits

-- planted: a foreign key that has never been validated
create table rooms (id int primary key);
create table visits (id int primary key, room int references rooms);
-- up
alter table visits drop constraint visits_room_fkey;
-- down
alter table visits add foreign key (room) references rooms not valid;
-- finds: differs constraint visits_room_fkey on public.visits

-- planted: a foreign key without its action
create table rooms (id int primary key);
create table visits (
    id int primary key, room int references rooms on delete cascade
);
-- up
alter table visits drop constraint visits_room_fkey;
-- down
alter table visits add foreign key (room) references rooms;
-- finds: differs constraint visits_room_fkey on public.visits

-- planted: a foreign key that is no longer deferred
create table rooms (id int primary key);
create table visits (
    id int primary key, room int references rooms deferrable initially deferred
);
-- up
alter table visits drop constraint visits_room_fkey;
-- down
alter table visits add foreign key (room) references rooms deferrable;
-- finds: differs constraint visits_room_fkey on public.visits

-- planted: an exclusion constraint is lost
create table visits (id int primary key, during tstzrange);
alter table visits add constraint one_at_a_time exclude using gist (during with &&);
-- up
alter table visits drop constraint one_at_a_time;
-- down
create index one_at_a_time on visits using gist (during);
-- finds: unexpected index one_at_a_time on public.visits
-- finds: missing constraint one_at_a_time on public.visits

-- planted: the comment on a constraint
create table visits (id int primary key, minutes int);
alter table visits add constraint takes_time check (minutes > 0);
comment on constraint takes_time on visits is 'Who only looks in does not count.';
-- up
alter table visits drop constraint takes_time;
-- down
alter table visits add constraint takes_time check (minutes > 0);
-- finds: missing comment constraint takes_time on public.visits

-- planted: a partial index goes with its column
create table visits (id int primary key, day date, deleted_at timestamptz);
create unique index one_live_visit_a_day on visits (day) where deleted_at is null;
-- up
alter table visits drop column deleted_at;
-- down
alter table visits add column deleted_at timestamptz;
-- finds: missing index one_live_visit_a_day on public.visits

-- planted: an index without its predicate
create table visits (id int primary key, day date, paid boolean);
create index idx_visits_unpaid on visits (day) where not paid;
-- up
drop index idx_visits_unpaid;
-- down
create index idx_visits_unpaid on visits (day);
-- finds: differs index idx_visits_unpaid on public.visits

-- planted: an index in another order
create table visits (id int primary key, day date);
create index idx_visits_newest on visits (day desc nulls last);
-- up
drop index idx_visits_newest;
-- down
create index idx_visits_newest on visits (day);
-- finds: differs index idx_visits_newest on public.visits

-- planted: an invalid index
-- It is on the partitioned table alone, and its partition's was forgotten.
create table visits (id int, year int) partition by list (year);
create table visits_2026 partition of visits for values in (2026);
create index idx_visits_id on visits (id);
-- up
drop index idx_visits_id;
-- down
create index idx_visits_id on only visits (id);
-- finds: differs index idx_visits_id on public.visits

-- planted: a disabled trigger
create table visits (id int primary key);
create function look() returns trigger language plpgsql as 'begin return new; end';
create trigger look before insert on visits for each row execute function look();
-- up
alter table visits disable trigger look;
-- down
alter table visits enable replica trigger look;
-- finds: differs trigger look on public.visits

-- planted: a trigger without its condition
create table visits (id int primary key, kind text);
create function look() returns trigger language plpgsql as 'begin return new; end';
create trigger look before update on visits for each row
when (old.kind is distinct from new.kind) execute function look();
-- up
drop trigger look on visits;
-- down
create trigger look before update on visits for each row execute function look();
-- finds: differs trigger look on public.visits

-- planted: a policy is lost
create table visits (id int primary key, guest name);
alter table visits enable row level security;
create policy own_visits on visits using (guest = current_user);
-- up
drop policy own_visits on visits;
-- down
select 'row-level security is on, so nobody sees anything';
-- finds: missing policy own_visits on public.visits

-- planted: a policy for more roles
create table visits (id int primary key, guest name);
create policy own_visits on visits for select to pg_monitor using (guest = current_user);
-- up
drop policy own_visits on visits;
-- down
create policy own_visits on visits for select using (guest = current_user);
-- finds: differs policy own_visits on public.visits

-- planted: row-level security is left on
create table visits (id int primary key);
-- up
alter table visits enable row level security, force row level security;
-- down
alter table visits no force row level security;
-- finds: differs table public.visits

-- planted: a rule is lost
create table visits (id int primary key);
create rule kept as on delete to visits do instead nothing;
-- up
drop rule kept on visits;
-- down
select 'rules are old-fashioned';
-- finds: missing rule kept on public.visits

-- planted: a domain that lets all through
create domain code as text constraint short check (length(value) < 9);
create table visits (id int primary key, code code);
-- up
alter domain code drop constraint short;
-- down
alter domain code add constraint short check (length(value) < 9) not valid;
-- finds: differs constraint short on domain public.code

-- planted: a label of an enum is left over
create type kind as enum ('short', 'long');
create table visits (id int primary key, kind kind default 'short');
create index idx_visits_long on visits (id) where kind = 'long';
insert into visits values (1), (2);
-- up
alter type kind add value 'endless';
-- down
select 'a label cannot be dropped';
-- finds: unexpected enum label public.kind 'endless'

-- planted: labels of an enum in another order
create type kind as enum ('short', 'long');
-- up
drop type kind;
-- down
create type kind as enum ('long', 'short');
-- finds: differs type public.kind

-- planted: an attribute of a type is left over
create type place as (floor int, door int);
-- up
alter type place add attribute shelf int;
-- down
alter type place drop attribute if exists shlef;
-- finds: differs type public.place
