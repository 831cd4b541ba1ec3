-- Writes a missing flag as off again, instead of refusing it.

create function private.missing_flag_is_off()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
    new.is_active := coalesce(new.is_active, false);
    return new;
end
$$;

comment on function private.missing_flag_is_off() is
'Writes a missing is_active as false until the column forbids NULL.';

create trigger a_missing_flag_is_off
before insert or update on public.org_credentials
for each row execute function private.missing_flag_is_off();

comment on trigger a_missing_flag_is_off on public.org_credentials is
'Programs of before may still write NULL; goes when the column forbids it.';
