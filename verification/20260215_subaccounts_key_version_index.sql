-- check: the token sealed under a key is found by index
select
    'idx_twilio_subaccounts_key_version_sealed' as subject,
    coalesce(pg_get_indexdef(i.indexrelid), 'missing') as detail
from (
    values
    ('public.idx_twilio_subaccounts_key_version_sealed')
) as expected (name)
left join pg_index as i
    on i.indexrelid = to_regclass(expected.name)
where
    i.indisvalid is not true
    or pg_get_indexdef(i.indexrelid) not like
    '% USING btree (org_id, key_version) WHERE (key_version IS NOT NULL)';
