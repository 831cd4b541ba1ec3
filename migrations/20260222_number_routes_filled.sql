-- transactional: false
-- depends: 20260222_number_routes
--
-- The credentials that are there already get their routes.
--
-- A thousand credentials at a time, each batch committed: whoever changes one of them
-- meanwhile waits for its batch at most. A route that a trigger has made before is newer
-- than what is read here, and stays; so the change can also be run again.
--
-- Locks: row locks on the credentials of a batch, which can be read meanwhile.
-- Duration: about ten seconds for each million credentials.
-- Rollback: empties the table at once; applied again, it fills from the same rows.

do $$
declare
    done_org uuid := '00000000-0000-0000-0000-000000000000';
    done_credential uuid := '00000000-0000-0000-0000-000000000000';
    last_org uuid;
    last_credential uuid;
begin
    loop
        select
            batch.org_id,
            batch.id
        into last_org, last_credential
        from (
            select
                c.org_id,
                c.id
            from public.org_credentials as c
            where (c.org_id, c.id) > (done_org, done_credential)
            order by c.org_id, c.id
            limit 1000
        ) as batch
        order by batch.org_id desc, batch.id desc
        limit 1;

        exit when not found;

        insert into public.number_routes (
            org_id,
            credential_id,
            phone_number,
            is_managed,
            can_inbound,
            can_outbound,
            account_status,
            inbound_agent_id,
            key_version
        )
        select
            c.org_id,
            c.id,
            c.phone_number,
            c.is_managed,
            c.can_inbound,
            c.can_outbound,
            case
                when c.is_managed then coalesce(s.status, 'closed')
                else 'active'
            end,
            a.id,
            c.key_version
        from public.org_credentials as c
        left join public.twilio_subaccounts as s
            on c.org_id = s.org_id
        left join public.agent_phone_assignments as p
            on
                c.org_id = p.org_id
                and c.id = p.credential_id
                and p.direction = 'inbound'
        left join public.agents as a
            on
                p.org_id = a.org_id
                and p.agent_id = a.id
                and a.is_active is not false
        where
            (c.org_id, c.id) > (done_org, done_credential)
            and (c.org_id, c.id) <= (last_org, last_credential)
            and c.is_active
            and c.phone_number is not null
        -- Whoever switches one off meanwhile must find its route, to take it away.
        for share of c
        on conflict (org_id, credential_id) do nothing;

        commit;
        done_org := last_org;
        done_credential := last_credential;
    end loop;
end
$$;
