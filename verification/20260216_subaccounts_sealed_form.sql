-- check: tokens are sealed in a known form, under a key of the organization
select
    expected.name as subject,
    coalesce(pg_get_constraintdef(con.oid), 'missing') as detail
from (
    values
    (
        'sealed_in_a_known_form',
        'CHECK (((octet_length(twilio_auth_token_encrypted) <= 65536) AND CASE'
        || ' WHEN (twilio_auth_token_encrypted ~~ ''v2:%''::text)'
        || ' THEN (twilio_auth_token_encrypted ~ '
        || '''^v2:[1-9][0-9]{0,8}:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/]+={0,2}$''::text)'
        || ' ELSE ((twilio_auth_token_encrypted ~ '
        || '''^[0-9A-Fa-f]+:[0-9A-Fa-f]+:[0-9A-Fa-f]*$''::text)'
        || ' AND (strpos(twilio_auth_token_encrypted, '':''::text) = 25)'
        || ' AND (substr(twilio_auth_token_encrypted, 58, 1) = '':''::text)'
        || ' AND ((octet_length(twilio_auth_token_encrypted) % 2) = 0)) END))'
    ),
    (
        'key_version_is_the_sealed_one',
        'CHECK ((NOT (key_version IS DISTINCT FROM CASE'
        || ' WHEN (twilio_auth_token_encrypted ~~ ''v2:%''::text)'
        || ' THEN ("substring"(twilio_auth_token_encrypted,'
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
        con.conrelid = to_regclass('public.twilio_subaccounts')
        and con.conname = expected.name
where
    con.convalidated is not true
    or replace(
        regexp_replace(pg_get_constraintdef(con.oid), '\s+', ' ', 'g'),
        'REFERENCES org_data_keys',
        'REFERENCES public.org_data_keys'
    ) <> expected.definition;
