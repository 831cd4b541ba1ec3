-- The other queries that would find nothing here: most databases have no operators of
-- their own, and planning a query for them costs more than this look.
select array_remove(
    array[
        case when not exists (select from pg_db_role_setting where setdatabase <> 0)
            then 'database_setting'
        end,
        case when not exists (select from pg_language where oid >= 16384)
            then 'language'
        end,
        case when not exists (select from pg_am where oid >= 16384)
            then 'access_method'
        end,
        case when not exists (select from pg_enum) then 'enum' end,
        case when not exists (
            select
            from pg_type t
            left join pg_class c on c.oid = t.typrelid
            where t.oid >= 16384
                and (
                    t.typtype in ('p', 'r')
                    or t.typtype = 'b' and t.typinput <> 'array_in'::regproc
                    or t.typtype = 'c' and c.relkind = 'c'
                )
        ) then 'type' end,
        case when not exists (
            select
            from pg_type
            where oid >= 16384
                and typtype = 'd'
        ) then 'domain' end,
        case when not exists (
            select
            from pg_constraint
            where oid >= 16384
                and contypid <> 0
        ) then 'domain_constraint' end,
        case when not exists (select from pg_statistic_ext) then 'statistics' end,
        case when not exists (select from pg_policy) then 'policy' end,
        case when not exists (
            select
            from pg_rewrite
            where oid >= 16384
                and rulename <> '_RETURN'
        ) then 'rule' end,
        case when not exists (select from pg_trigger where oid >= 16384)
            then 'trigger'
        end,
        case when not exists (select from pg_sequence) then 'sequence' end,
        case when not exists (
            select
            from pg_aggregate
            where aggfnoid::oid >= 16384
        ) then 'aggregate' end,
        case when not exists (select from pg_operator where oid >= 16384)
            then 'operator'
        end,
        case when not exists (select from pg_opfamily where oid >= 16384)
            then 'operator_family'
        end,
        case when not exists (select from pg_opclass where oid >= 16384)
            then 'operator_class'
        end,
        case when not exists (select from pg_cast where oid >= 16384)
            then 'cast'
        end,
        case when not exists (select from pg_transform where oid >= 16384)
            then 'transform'
        end,
        case when not exists (select from pg_collation where oid >= 16384)
            then 'collation'
        end,
        case when not exists (select from pg_conversion where oid >= 16384)
            then 'conversion'
        end,
        case when not exists (select from pg_ts_parser where oid >= 16384)
            then 'text_search_parser'
        end,
        case when not exists (select from pg_ts_template where oid >= 16384)
            then 'text_search_template'
        end,
        case when not exists (select from pg_ts_dict where oid >= 16384)
            then 'text_search_dictionary'
        end,
        case when not exists (select from pg_ts_config where oid >= 16384)
            then 'text_search_configuration'
        end,
        case when not exists (select from pg_foreign_data_wrapper)
            then 'foreign_data_wrapper'
        end,
        case when not exists (select from pg_foreign_server) then 'server' end,
        case when not exists (select from pg_foreign_server) then 'user_mapping' end,
        case when not exists (select from pg_publication) then 'publication' end,
        case when not exists (select from pg_subscription) then 'subscription' end,
        case when not exists (select from pg_event_trigger) then 'event_trigger' end,
        case when not exists (select from pg_default_acl) then 'default_privilege' end,
        case when not exists (
            select
            from pg_description
            where objoid >= 16384
                and classoid in (
                    'pg_type'::regclass,
                    'pg_constraint'::regclass,
                    'pg_rewrite'::regclass
                )
        ) and not exists (
            select
            from pg_type
            where oid >= 16384
                and typacl is not null
        ) then 'derived' end
    ],
    null
);
