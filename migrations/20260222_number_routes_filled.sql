-- transactional: false
-- depends: 20260222_number_routes
--
-- The credentials that are there already get their routes.
--
-- A thousand numbers at a time, each batch committed: whoever changes one of their
-- credentials meanwhile waits for its batch at most. They are found by the index of
-- numbers in use, so no other credential is read or locked. A route that a trigger has
-- made before is newer than what is read here, and stays; so the change can also be run
-- again. What belongs to a credential is looked up for each by index: joined, whole
-- tables would be read for every batch.
--
-- Locks: row locks on the credentials of a batch, which can be read meanwhile.
-- Duration: about half a minute for each million numbers.
-- Rollback: empties the table at once; applied again, it fills from the same rows.

do $$
declare
    done_org uuid := '00000000-0000-0000-0000-000000000000';
    done_number text := '';
    last_org uuid;
    last_number text;
begin
    loop
        with batch as (
            select
                c.org_id,
                c.id,
                c.phone_number,
                c.is_managed,
                c.can_inbound,
                c.can_outbound,
                c.key_version
            from public.org_credentials as c
            where
                c.is_active
                and c.phone_number is not null
                and (c.org_id, c.phone_number) > (done_org, done_number)
            order by c.org_id, c.phone_number
            limit 1000
            -- Whoever switches one off meanwhile must find its route, to take it away.
            for share
        ),

        made as (
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
                    when not c.is_managed then 'active'
                    else coalesce(
                        (
                            select s.status
                            from public.twilio_subaccounts as s
                            where s.org_id = c.org_id
                        ),
                        'closed'
                    )
                end,
                (
                    select a.id
                    from public.agent_phone_assignments as p
                    inner join public.agents as a
                        on
                            p.org_id = a.org_id
                            and p.agent_id = a.id
                            and a.is_active is not false
                    where
                        p.org_id = c.org_id
                        and p.credential_id = c.id
                        and p.direction = 'inbound'
                ),
                c.key_version
            from batch as c
            on conflict (org_id, credential_id) do nothing
        )

        select
            b.org_id,
            b.phone_number
        into last_org, last_number
        from batch as b
        order by b.org_id desc, b.phone_number desc
        limit 1;

        exit when not found;

        commit;
        done_org := last_org;
        done_number := last_number;
    end loop;
end
$$;
