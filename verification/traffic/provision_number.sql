-- A worker provisions: claims a request, writes down the purchase before it makes it,
-- and completes number and credential together. Each step is a transaction, as between
-- them it talks to providers.
--
-- since: 20260225_request_managed_number
-- weight: 2

begin;

set local role telephony_worker;

select worker.reap_leases();

select
    count(*) as found,
    max(c.org_id::text) as org_id,
    max(c.request_id::text) as request_id,
    max(c.attempt) as attempt
from worker.claim_provisioning(1, '1 minute') as c \gset

commit;

\if :found
begin;

-- The worker knows the key that it seals with.
select
    coalesce(max(k.version), 0) as key_version,
    '+1415' || (2000000 + floor(random() * 7999999)::integer) as phone_number
from public.org_data_keys as k
where k.org_id = ':org_id' and k.state = 'active' \gset

set local role telephony_worker;

select
    b.operation_id,
    b.subject_begun
from worker.begin_operation(
    ':org_id', ':request_id', :attempt, 'buy_number', ':phone_number'
) as b \gset

commit;

begin;

set local role telephony_worker;

select worker.finish_operation(
    ':org_id', ':operation_id', 'done', 'PN' || md5(':operation_id')
);

commit;

begin;

set local role telephony_worker;

select worker.complete_provisioning(
    ':org_id',
    ':request_id',
    :attempt,
    gen_random_uuid(),
    concat_ws(
        ':',
        'v2',
        :key_version,
        encode(decode(left(md5(gen_random_uuid()::text), 24), 'hex'), 'base64'),
        encode(decode(md5(gen_random_uuid()::text), 'hex'), 'base64')
    ),
    'PN' || md5(':operation_id'),
    gen_random_uuid()::text,
    gen_random_uuid()::text,
    'AC' || md5(':org_id'),
    concat_ws(
        ':',
        'v2',
        :key_version,
        encode(decode(left(md5(gen_random_uuid()::text), 24), 'hex'), 'base64'),
        encode(decode(md5(gen_random_uuid()::text), 'hex'), 'base64')
    )
);

commit;
\endif
