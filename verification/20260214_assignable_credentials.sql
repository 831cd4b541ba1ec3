-- check: an assignment can point to a credential with its directions
select
    'idx_org_credentials_assignable' as subject,
    coalesce(pg_get_indexdef(i.indexrelid), 'missing') as detail
from (
    values
    ('public.idx_org_credentials_assignable')
) as expected (name)
left join pg_index as i
    on i.indexrelid = to_regclass(expected.name)
where
    (i.indisvalid and i.indisunique) is not true
    or pg_get_indexdef(i.indexrelid) not like
    '% USING btree (org_id, id, is_active, can_inbound, can_outbound)';
