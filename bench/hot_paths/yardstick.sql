-- The organizations once more, for a select by key that every role may make.

create schema yardstick;

create table yardstick.organizations (like public.organizations including all);

insert into yardstick.organizations table public.organizations;

grant usage on schema yardstick to public;

grant select on table yardstick.organizations to public;
