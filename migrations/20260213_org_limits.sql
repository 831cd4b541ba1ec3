-- depends: 20260213_number_markets
--
-- How much an organization may use; without a row the defaults hold.
--
-- Locks: none that anyone could notice.
-- Duration: milliseconds.
-- Rollback: loses the limits that were set.

create table public.org_limits (
    org_id uuid not null,
    max_byoc_numbers integer not null default 20,
    max_requests_per_day integer not null default 10,
    constraint org_limits_pkey primary key (org_id),
    constraint org_limits_org_id_fkey
    foreign key (org_id) references public.organizations (id) on delete cascade,
    constraint limits_are_not_negative
    check (max_byoc_numbers >= 0 and max_requests_per_day >= 0)
);

comment on table public.org_limits is
'What an organization may use at most; no row means the defaults of the columns.';

comment on column public.org_limits.max_byoc_numbers is
'Active numbers of its own Twilio accounts.';

comment on column public.org_limits.max_requests_per_day is
'Requests for a managed number within 24 hours, failed ones too.';

alter table public.org_limits enable row level security;
alter table public.org_limits force row level security;

create policy org_limits_service_role on public.org_limits
for all
to service_role, current_user
using (true)
with check (true);

comment on policy org_limits_service_role on public.org_limits is
'The backend sets limits; our own functions read them.';

grant select, insert, update, delete on table public.org_limits to service_role;
