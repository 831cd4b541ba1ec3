-- Somebody signs up: an organization, its administrator, its first agent.
--
-- since: 20260209_telephony_baseline
-- weight: 1

begin;

set local role service_role;

insert into public.organizations (name)
values ('Newcomer')
returning id as org_id \gset

insert into public.user_org_roles (user_id, org_id, role)
values (gen_random_uuid(), ':org_id', 'admin');

insert into public.agents (org_id, name, role, is_active)
values (':org_id', 'Reception', 'inbound', true);

commit;
