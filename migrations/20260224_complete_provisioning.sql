-- depends: 20260224_provider_calls
--
-- The number and its credential are written together, or not at all.
--
-- The dual write, in one transaction: number, credential, request. The worker makes the
-- credential's id, since the sealed value is bound to it. Completing twice, after an
-- answer that got lost, is completing once.
--
-- Locks: none that anyone could notice.
-- Duration: milliseconds.
-- Rollback: loses nothing.

create function worker.complete_provisioning(
    org_id uuid,
    request_id uuid,
    attempt integer,
    credential_id uuid,
    sealed_config text,
    twilio_phone_sid text,
    vapi_phone_id text,
    vapi_credential_id text,
    twilio_account_sid text default null,
    sealed_token text default null
)
returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    request public.provisioning_requests;
    subaccount public.twilio_subaccounts;
    number_id pg_catalog.uuid;
    broken_constraint pg_catalog.text;
    broken_column pg_catalog.text;
begin
    select n.id into number_id
    from public.provisioning_requests as r
    inner join public.org_credentials as c
        on
            r.org_id = c.org_id
            and r.pinned_number = c.phone_number
            and c.id = complete_provisioning.credential_id
    inner join public.managed_phone_numbers as n
        on
            c.org_id = n.org_id
            and c.phone_number = n.phone_number
            and n.twilio_phone_sid = complete_provisioning.twilio_phone_sid
    where
        r.org_id = complete_provisioning.org_id
        and r.id = complete_provisioning.request_id
        and r.state = 'completed';

    if found then
        return number_id;
    end if;

    request := private.keep_lease(
        complete_provisioning.org_id,
        complete_provisioning.request_id,
        complete_provisioning.attempt
    );

    if not exists (
        select
        from public.provider_operations as o
        where
            o.org_id = request.org_id
            and o.request_id = request.id
            and o.kind = 'buy_number'
            and o.subject = request.pinned_number
            and o.state = 'done'
    ) then
        perform private.refuse('nothing_was_bought', format('request %s', request.id));
    end if;

    if (complete_provisioning.twilio_phone_sid ~ '^PN[0-9a-f]{32}$') is not true then
        perform private.refuse('argument_is_malformed', 'twilio_phone_sid');
    end if;

    begin
        select s.* into subaccount
        from public.twilio_subaccounts as s
        where s.org_id = request.org_id
        for share;

        if not found then
            if (
                complete_provisioning.twilio_account_sid ~ '^AC[0-9a-f]{32}$'
            ) is not true then
                perform private.refuse('account_is_malformed');
            end if;

            insert into public.twilio_subaccounts as s (
                org_id, twilio_account_sid, twilio_auth_token_encrypted, friendly_name
            )
            select
                g.id,
                complete_provisioning.twilio_account_sid,
                complete_provisioning.sealed_token,
                left(g.name, 64)
            from public.organizations as g
            where g.id = request.org_id
            returning s.* into subaccount;
        elsif subaccount.status <> 'active' then
            perform private.refuse('subaccount_' || subaccount.status);
        end if;

        insert into public.managed_phone_numbers as n (
            org_id,
            subaccount_id,
            phone_number,
            twilio_phone_sid,
            country_code,
            number_type,
            vapi_phone_id,
            vapi_credential_id
        )
        values (
            request.org_id,
            subaccount.id,
            request.pinned_number,
            complete_provisioning.twilio_phone_sid,
            request.country_code,
            request.number_type,
            complete_provisioning.vapi_phone_id,
            complete_provisioning.vapi_credential_id
        )
        returning n.id into number_id;

        update public.managed_phone_numbers as n
        set
            status = 'active',
            provisioned_at = now()
        where n.org_id = request.org_id and n.id = number_id;

        insert into public.org_credentials (
            org_id, id, provider, encrypted_config, is_managed, phone_number
        )
        values (
            request.org_id,
            complete_provisioning.credential_id,
            'twilio',
            complete_provisioning.sealed_config,
            true,
            request.pinned_number
        );
    exception
        when
            unique_violation
            or check_violation
            or not_null_violation
            or foreign_key_violation
        then
            get stacked diagnostics
                broken_constraint = constraint_name, broken_column = column_name;
            perform private.refuse(
                'argument_is_malformed',
                coalesce(nullif(broken_constraint, ''), broken_column)
            );
    end;

    update public.provisioning_requests as r
    set
        state = 'completed',
        lease_until = null
    where r.org_id = request.org_id and r.id = request.id;

    perform private.tell(
        request.org_id,
        'number_ready',
        'number_ready ' || number_id,
        jsonb_build_object('phone_number', request.pinned_number)
    );

    return number_id;
end
$$;

comment on function worker.complete_provisioning(
    uuid, uuid, integer, uuid, text, text, text, text, text, text
) is
'Writes the bought number and its sealed credential, both or neither, and completes '
'the request. Account and token are asked for when the organization has no subaccount '
'yet. Answers the id of the managed number.';

grant execute on function worker.complete_provisioning(
    uuid, uuid, integer, uuid, text, text, text, text, text, text
) to telephony_worker;
