-- check: the numbers of a subaccount are found by index
select
    'idx_managed_phone_numbers_org_subaccount' as subject,
    coalesce(pg_get_indexdef(i.indexrelid), 'missing') as detail
from (
    values ('public.idx_managed_phone_numbers_org_subaccount')
) as expected (name)
left join pg_index as i
    on i.indexrelid = to_regclass(expected.name)
where
    i.indisvalid is not true
    or pg_get_indexdef(i.indexrelid) not like '% USING btree (org_id, subaccount_id)';
