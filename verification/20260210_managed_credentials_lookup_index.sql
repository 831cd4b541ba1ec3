-- check: active credentials are found by organization, provider and kind
select
    'idx_org_credentials_managed' as subject,
    coalesce(pg_get_indexdef(i.indexrelid), 'missing') as detail
from (values ('public.idx_org_credentials_managed')) as expected (name)
left join pg_index as i
    on i.indexrelid = to_regclass(expected.name)
where
    i.indisvalid is not true
    or pg_get_indexdef(i.indexrelid) not like
    '% USING btree (org_id, provider, is_managed) WHERE (is_active = true)';
