-- check: an organization has one active managed number, whatever the provider
select
    'idx_org_credentials_one_managed_telephony_per_org' as subject,
    coalesce(pg_get_indexdef(i.indexrelid), 'missing') as detail
from (
    values
    ('public.idx_org_credentials_one_managed_telephony_per_org')
) as expected (name)
left join pg_index as i
    on i.indexrelid = to_regclass(expected.name)
where
    (i.indisvalid and i.indisunique) is not true
    or pg_get_indexdef(i.indexrelid) not like
    '% USING btree (org_id) WHERE (is_managed AND is_active)';
