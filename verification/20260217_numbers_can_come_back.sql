-- check: a released number may be bought again by the same organization
select
    i.indexrelid::regclass::text as subject,
    pg_get_indexdef(i.indexrelid) as detail
from pg_index as i
where
    i.indrelid = to_regclass('public.managed_phone_numbers')
    and i.indisunique
    and i.indpred is null
    and pg_get_indexdef(i.indexrelid) like '%(org_id, phone_number)';

-- check: the index says what it is for
select
    'idx_managed_phone_numbers_one_live_per_number' as subject,
    'no comment' as detail
where
    obj_description(
        to_regclass('public.idx_managed_phone_numbers_one_live_per_number'), 'pg_class'
    ) is null;
