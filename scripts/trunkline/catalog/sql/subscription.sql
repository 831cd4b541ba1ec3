-- Subscriptions of this database. Only a superuser may read where the publisher is.
select
    'subscription' as kind,
    quote_ident(s.subname) as name,
    'pg_subscription'::regclass::oid as class,
    s.oid,
    s.subowner::regrole::text as owner,
    s.subconninfo as connection, -- superuser
    array(
        select quote_ident(publication)
        from unnest(s.subpublications) as publication
        order by 1
    ) as publications,
    s.subenabled as enabled,
    quote_ident(s.subslotname) as slot,
    nullif(s.subsynccommit, 'off') as synchronous_commit,
    s.subbinary as binary,
    case when s.substream then 'on' else 'off' end as streaming, -- until 15
    case s.substream -- since 16
        when 't' then 'on' -- since 16
        when 'p' then 'parallel' -- since 16
        else 'off' -- since 16
    end as streaming, -- since 16
    case when s.subtwophasestate <> 'd' then true end as two_phase,
    nullif(s.suborigin, 'any') as origin, -- since 16
    not s.subpasswordrequired as password_not_required, -- since 16
    s.subrunasowner as run_as_owner, -- since 16
    s.subfailover as failover, -- since 17
    s.subdisableonerr as disable_on_error,
    case when not current_setting('is_superuser')::boolean
        then '{connection}'::text[]
    end as unread
from pg_subscription s
where s.subdbid = (
    select d.oid
    from pg_database d
    where d.datname = current_database()
);
