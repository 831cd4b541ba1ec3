-- The auditor reads what happened to an organization, and whether the chain is whole.
--
-- since: 20260226_audited
-- weight: 1

begin;

-- The auditor has been asked about an organization.
select
    count(*) as found,
    max(one.org_id::text) as org_id
from (
    select h.org_id
    from audit.heads as h
    where h.org_id is not null
    order by random()
    limit 1
) as one \gset

\if :found
set local role telephony_auditor;

select
    e.at,
    e.actor,
    e.action,
    e.changes
from audit.events as e
where e.org_id = ':org_id'
order by e.seq desc
limit 20;

select audit.verify_chain(':org_id');
\endif

commit;
