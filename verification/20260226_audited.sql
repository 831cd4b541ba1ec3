-- check: every change is in the audit log, whatever the replication role
select
    expected.tbl || '.' || expected.name as subject,
    coalesce(pg_get_triggerdef(t.oid), 'missing') as detail
from (
    select
        audited.tbl,
        fires.name,
        fires.type,
        fires.call
    from (
        values
        ('org_credentials'),
        ('managed_phone_numbers'),
        ('twilio_subaccounts'),
        ('agent_phone_assignments'),
        ('org_feature_flags'),
        ('org_data_keys')
    ) as audited (tbl)
    cross join (
        values
        ('audited', 25, 'private.record_event()'),
        ('audited_inserts', 4, 'private.record_inserts()'),
        ('audited_whole', 34, 'private.refuse_row(''history_is_fixed'')')
    ) as fires (name, type, call)
    union all
    select
        'feature_flags',
        fires.name,
        fires.type,
        fires.call
    from (
        values
        ('audited', 29, 'private.record_event()'),
        ('audited_whole', 34, 'private.refuse_row(''history_is_fixed'')')
    ) as fires (name, type, call)
) as expected
left join pg_trigger as t
    on
        t.tgrelid = to_regclass('public.' || expected.tbl)
        and t.tgname = expected.name
where
    (
        t.tgenabled = 'A'
        and t.tgtype = expected.type
        and t.tgqual is null
        and t.tgattr = ''
        and pg_get_triggerdef(t.oid) like '% EXECUTE FUNCTION ' || expected.call
    ) is not true;
