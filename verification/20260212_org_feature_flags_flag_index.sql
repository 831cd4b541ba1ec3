-- check: the organizations that override a flag are found by index
select
    'idx_org_feature_flags_flag_key' as subject,
    coalesce(pg_get_indexdef(i.indexrelid), 'missing') as detail
from (values ('public.idx_org_feature_flags_flag_key')) as expected (name)
left join pg_index as i
    on i.indexrelid = to_regclass(expected.name)
where
    i.indisvalid is not true
    or pg_get_indexdef(i.indexrelid) not like '% USING btree (flag_key)';
