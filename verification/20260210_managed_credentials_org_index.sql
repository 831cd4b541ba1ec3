-- check: an organization's credentials are found whether they are active or not
select
    'idx_org_credentials_any_of_org' as subject,
    coalesce(pg_get_indexdef(i.indexrelid), 'missing') as detail
from (
    values
    ('public.idx_org_credentials_any_of_org')
) as expected (name)
left join pg_index as i
    on i.indexrelid = to_regclass(expected.name)
where
    (i.indisvalid and not i.indisunique) is not true
    or pg_get_indexdef(i.indexrelid) not like
    '% USING btree (org_id, provider)';
