-- check: a number is live once in an organization
select
    'idx_managed_phone_numbers_one_live_per_number' as subject,
    coalesce(pg_get_indexdef(i.indexrelid), 'missing') as detail
from (
    values
    ('public.idx_managed_phone_numbers_one_live_per_number')
) as expected (name)
left join pg_index as i
    on i.indexrelid = to_regclass(expected.name)
where
    (i.indisvalid and i.indisunique) is not true
    or pg_get_indexdef(i.indexrelid) not like
    '% USING btree (org_id, phone_number)'
    || ' WHERE (status = ANY (ARRAY[''provisioning''::text, ''active''::text]))';
