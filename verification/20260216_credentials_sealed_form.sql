-- check: credentials are sealed in a known form, under a key of the organization
select
    expected.name as subject,
    coalesce(pg_get_constraintdef(con.oid), 'missing') as detail
from (
    values
    (
        'sealed_in_a_known_form',
        'CHECK (((octet_length(encrypted_config) <= 65536) AND CASE'
        || ' WHEN (encrypted_config ~~ ''v2:%''::text) THEN (encrypted_config ~ '
        || '''^v2:[1-9][0-9]{0,8}:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/]+={0,2}$''::text)'
        || ' ELSE ((encrypted_config ~ '
        || '''^[0-9A-Fa-f]+:[0-9A-Fa-f]+:[0-9A-Fa-f]*$''::text)'
        || ' AND (strpos(encrypted_config, '':''::text) = 25)'
        || ' AND (substr(encrypted_config, 58, 1) = '':''::text)'
        || ' AND ((octet_length(encrypted_config) % 2) = 0)) END))'
    ),
    (
        'key_version_is_the_sealed_one',
        'CHECK ((NOT (key_version IS DISTINCT FROM CASE'
        || ' WHEN (encrypted_config ~~ ''v2:%''::text)'
        || ' THEN ("substring"(encrypted_config,'
        || ' ''^v2:([1-9][0-9]{0,8}):''::text))::integer ELSE NULL::integer END)))'
    ),
    (
        'sealed_under_a_key_of_the_org',
        'FOREIGN KEY (org_id, key_version)'
        || ' REFERENCES public.org_data_keys(org_id, version)'
    )
) as expected (name, definition)
left join pg_constraint as con
    on
        con.conrelid = to_regclass('public.org_credentials')
        and con.conname = expected.name
where
    con.convalidated is not true
    or replace(
        regexp_replace(pg_get_constraintdef(con.oid), '\s+', ' ', 'g'),
        'REFERENCES org_data_keys',
        'REFERENCES public.org_data_keys'
    ) <> expected.definition;
