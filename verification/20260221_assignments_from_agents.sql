-- check: agents.vapi_phone_number_id says that assignments have taken its place
select
    'agents.vapi_phone_number_id' as subject,
    'no comment' as detail
where
    not exists (
        select
        from pg_attribute as a
        where
            a.attrelid = to_regclass('public.agents')
            and a.attname = 'vapi_phone_number_id'
            and col_description(a.attrelid, a.attnum) like '%agent_phone_assignments%'
    );

-- check after: every assignment points to an active credential that can do the direction
select
    s.agent_id::text as subject,
    s.direction || ' through credential ' || s.credential_id as detail
from public.agent_phone_assignments as s
left join public.org_credentials as c
    on
        s.org_id = c.org_id
        and s.credential_id = c.id
where
    (c.is_active and c.phone_number is not null) is not true
    or (s.direction = 'inbound' and not c.can_inbound)
    or (s.direction = 'outbound' and not c.can_outbound);
