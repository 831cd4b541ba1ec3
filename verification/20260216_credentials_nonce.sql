-- check: a sealed value that is copied is refused, in any organization
select
    'idx_org_credentials_nonce' as subject,
    coalesce(pg_get_indexdef(i.indexrelid), 'missing') as detail
from (
    values
    ('public.idx_org_credentials_nonce')
) as expected (name)
left join pg_index as i
    on i.indexrelid = to_regclass(expected.name)
where
    (i.indisvalid and i.indisunique) is not true
    or pg_get_indexdef(i.indexrelid) not like
    '% USING btree ((%CASE%WHEN (encrypted_config ~~ ''v2:%''::text)'
    || '%THEN split_part(encrypted_config, '':''::text, 3)'
    || '%ELSE lower(split_part(encrypted_config, '':''::text, 1))%END))';
