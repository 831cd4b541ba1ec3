-- depends: 20260213_e164
--
-- Where we sell phone numbers, and of which kind.
--
-- Locks: none that anyone could notice.
-- Duration: milliseconds.
-- Rollback: loses the markets, which this file holds, and those added since.

create table public.number_markets (
    country_code text not null,
    number_type text not null,
    area_code_pattern text not null,
    enabled boolean not null,
    constraint number_markets_pkey primary key (country_code, number_type),
    constraint country_code_is_iso check (country_code ~ '^[A-Z]{2}$'),
    constraint number_type_is_known
    check (number_type in ('local', 'toll_free', 'mobile')),
    constraint area_code_pattern_is_anchored
    check (area_code_pattern ~ '^\^.*\$$'),
    constraint area_code_pattern_can_be_read
    check (('' ~ area_code_pattern) is not null)
);

comment on table public.number_markets is
'Countries and types of number that can be requested.';

comment on column public.number_markets.country_code is
'ISO 3166-1, two capital letters.';

comment on column public.number_markets.area_code_pattern is
'Regular expression that an area code must match; without an area code any will do.';

comment on column public.number_markets.enabled is
'False: the market is known, but nothing is sold there at present.';

comment on constraint area_code_pattern_is_anchored on public.number_markets is
'A pattern that matches a part would let anything through.';

comment on constraint area_code_pattern_can_be_read on public.number_markets is
'Whoever opens a market is told what is wrong with its pattern, and not whoever asks '
'for a number there.';

insert into public.number_markets (
    country_code, number_type, area_code_pattern, enabled
)
values
('US', 'local', '^[2-9][0-9]{2}$', true),
('US', 'toll_free', '^8(00|33|44|55|66|77|88)$', true),
('CA', 'local', '^[2-9][0-9]{2}$', true),
('GB', 'mobile', '^7[0-9]{3}$', false);

alter table public.number_markets enable row level security;
alter table public.number_markets force row level security;

create policy number_markets_service_role on public.number_markets
for all
to service_role, current_user
using (true)
with check (true);

comment on policy number_markets_service_role on public.number_markets is
'The backend opens and closes markets; our own functions read them.';

grant select, insert, update, delete on table public.number_markets to service_role;
