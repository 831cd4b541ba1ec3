-- check: nothing stops a managed credential beside a BYOC one of the same provider
select
    i.indexrelid::regclass::text as subject,
    pg_get_indexdef(i.indexrelid) as detail
from pg_index as i
where
    i.indrelid = to_regclass('public.org_credentials')
    and i.indisunique
    and i.indpred is null
    and pg_get_indexdef(i.indexrelid) like '%(org_id, provider)%';

-- check: the column and its indexes say what they are for
select
    expected.name as subject,
    'no comment' as detail
from (
    values
    (
        'org_credentials.is_managed',
        col_description(
            to_regclass('public.org_credentials'),
            (
                select a.attnum
                from pg_attribute as a
                where
                    a.attrelid = to_regclass('public.org_credentials')
                    and a.attname = 'is_managed'
            )
        )
    ),
    (
        'idx_org_credentials_managed',
        obj_description(to_regclass('public.idx_org_credentials_managed'), 'pg_class')
    ),
    (
        'idx_org_credentials_one_managed_per_org',
        obj_description(
            to_regclass('public.idx_org_credentials_one_managed_per_org'), 'pg_class'
        )
    ),
    (
        'idx_org_credentials_one_managed_telephony_per_org',
        obj_description(
            to_regclass('public.idx_org_credentials_one_managed_telephony_per_org'),
            'pg_class'
        )
    ),
    (
        'idx_org_credentials_one_active_per_integration',
        obj_description(
            to_regclass('public.idx_org_credentials_one_active_per_integration'),
            'pg_class'
        )
    ),
    (
        'idx_org_credentials_any_of_org',
        obj_description(
            to_regclass('public.idx_org_credentials_any_of_org'), 'pg_class'
        )
    )
) as expected (name, comment)
where expected.comment is null;

-- check after: an organization has at most one active managed credential
select
    c.org_id::text as subject,
    count(*) || ' active managed credentials' as detail
from public.org_credentials as c
where c.is_managed and c.is_active
group by c.org_id
having count(*) > 1;
