-- since: 20260216_living_keys

-- check after: whatever is in use is sealed under a key that lives
select
    used.subject,
    format(
        'key %s of %s: %s', used.key_version, used.org_id, coalesce(k.state, 'missing')
    )
        as detail
from (
    select
        'credential ' || c.id as subject,
        c.org_id,
        c.key_version
    from public.org_credentials as c
    where c.key_version is not null and c.is_active
    union all
    select
        'subaccount ' || s.id as subject,
        s.org_id,
        s.key_version
    from public.twilio_subaccounts as s
    where s.key_version is not null and s.status <> 'closed'
) as used
left join public.org_data_keys as k
    on
        used.org_id = k.org_id
        and used.key_version = k.version
where k.state is null or k.state = 'destroyed';

-- check after: every sealed value has a known form
select
    kept.subject,
    'neither v2 nor the form of before' as detail
from (
    select
        'credential ' || c.id as subject,
        c.encrypted_config as sealed
    from public.org_credentials as c
    union all
    select
        'subaccount ' || s.id as subject,
        s.twilio_auth_token_encrypted as sealed
    from public.twilio_subaccounts as s
) as kept
where
    not case
        when kept.sealed like 'v2:%'
            then
                kept.sealed
                ~ '^v2:[1-9][0-9]{0,8}:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/]+={0,2}$'
        else
            kept.sealed ~ '^[0-9A-Fa-f]+:[0-9A-Fa-f]+:[0-9A-Fa-f]*$'
            and strpos(kept.sealed, ':') = 25
            and substr(kept.sealed, 58, 1) = ':'
            and octet_length(kept.sealed) % 2 = 0
    end;

-- The values are read only where the unique index does not say so already; that it is
-- the right one is asked by its change.
-- check after: no sealed value is a copy of another
select
    'credentials of ' || string_agg(distinct c.org_id::text, ', ') as subject,
    'one nonce: ' || string_agg(c.id::text, ', ') as detail
from (
    select
        o.org_id,
        o.id,
        case
            when o.encrypted_config like 'v2:%'
                then split_part(o.encrypted_config, ':', 3)
            else lower(split_part(o.encrypted_config, ':', 1))
        end as nonce
    from public.org_credentials as o
    where
        not exists (
            select
            from pg_index as i
            where
                i.indexrelid = to_regclass('public.idx_org_credentials_nonce')
                and i.indisunique
                and i.indisvalid
                and i.indpred is null
        )
) as c
group by c.nonce
having count(*) > 1;
