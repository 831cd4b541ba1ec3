-- check: an organization has one active credential of its own for each integration
select
    'idx_org_credentials_one_active_per_integration' as subject,
    coalesce(pg_get_indexdef(i.indexrelid), 'missing') as detail
from (
    values
    ('public.idx_org_credentials_one_active_per_integration')
) as expected (name)
left join pg_index as i
    on i.indexrelid = to_regclass(expected.name)
where
    (i.indisvalid and i.indisunique) is not true
    or pg_get_indexdef(i.indexrelid) not like
    '% USING btree (org_id, provider) WHERE ((NOT is_managed)'
    || ' AND (is_active = true) AND (provider <> ''twilio''::text))';
