-- check: an organization has one active credential for each of its numbers
select
    'idx_org_credentials_one_active_per_number' as subject,
    coalesce(pg_get_indexdef(i.indexrelid), 'missing') as detail
from (
    values
    ('public.idx_org_credentials_one_active_per_number')
) as expected (name)
left join pg_index as i
    on i.indexrelid = to_regclass(expected.name)
where
    (i.indisvalid and i.indisunique) is not true
    or pg_get_indexdef(i.indexrelid) not like
    '% USING btree (org_id, phone_number)'
    || ' WHERE (is_active AND (phone_number IS NOT NULL))';
