-- Composite, base, range and shell types. A table's row type, an array type and a
-- multirange type come and go with their masters.
select
    'type' as kind,
    format_type(t.oid, null) as name,
    t.tableoid as class,
    t.oid,
    t.typowner::regrole::text as owner,
    t.typacl::text[] as acl,
    case
        when t.typacl is not null then acldefault('T', t.typowner)::text[]
    end as acl_default,
    case t.typtype
        when 'c' then 'composite'
        when 'r' then 'range'
        when 'p' then 'shell'
        else 'base'
    end as form,
    case when t.typtype = 'c' then (
        select array_agg(
            array[
                quote_ident(a.attname),
                format_type(a.atttypid, a.atttypmod) || coalesce(
                    ' collate ' || case
                        when a.attcollation <> at.typcollation
                            then a.attcollation::regcollation::text
                    end,
                    ''
                )
            ]
            order by a.attnum
        )
        from pg_attribute a
        join pg_type at on at.oid = a.atttypid
        where a.attrelid = t.typrelid
            and a.attnum > 0
            and not a.attisdropped
    ) end as attributes,
    r.rngsubtype::regtype::text as subtype,
    case when not oc.opcdefault then format('%I.%I', ocn.nspname, oc.opcname) end
        as subtype_opclass,
    case when r.rngcollation <> st.typcollation
        then r.rngcollation::regcollation::text
    end as collation,
    case when r.rngcanonical <> 0 then r.rngcanonical::regproc::text end as canonical,
    case when r.rngsubdiff <> 0 then r.rngsubdiff::regproc::text end as subtype_diff,
    format_type(nullif(r.rngmultitypid, 0), null) as multirange_type_name,
    base.input,
    base.output,
    base.receive,
    base.send,
    base.typmod_in,
    base.typmod_out,
    base.analyze,
    base.subscript,
    base.internallength,
    base.passedbyvalue,
    base.alignment,
    base.storage,
    base.category,
    base.preferred,
    base."default",
    base.element,
    base.delimiter,
    base.collatable,
    t.typrelid as part_oid,
    'pg_class'::regclass::oid as part_class
from pg_type t
join pg_namespace n
    on n.oid = t.typnamespace
    and n.nspname !~ '^(pg_|information_schema$|trunkline$)'
left join pg_class c on c.oid = t.typrelid
left join pg_range r on r.rngtypid = t.oid
left join pg_type st on st.oid = r.rngsubtype
left join pg_opclass oc on oc.oid = r.rngsubopc
left join pg_namespace ocn on ocn.oid = oc.opcnamespace
left join lateral (
    select
        t.typinput::regproc::text as input,
        t.typoutput::regproc::text as output,
        nullif(t.typreceive, 0)::regproc::text as receive,
        nullif(t.typsend, 0)::regproc::text as send,
        nullif(t.typmodin, 0)::regproc::text as typmod_in,
        nullif(t.typmodout, 0)::regproc::text as typmod_out,
        nullif(t.typanalyze, 0)::regproc::text as analyze,
        nullif(t.typsubscript, 0)::regproc::text as subscript,
        t.typlen as internallength,
        t.typbyval as passedbyvalue,
        case t.typalign
            when 'c' then 'char'
            when 's' then 'int2'
            when 'i' then 'int4'
            when 'd' then 'double'
        end as alignment,
        case t.typstorage
            when 'p' then 'plain'
            when 'e' then 'external'
            when 'x' then 'extended'
            when 'm' then 'main'
        end as storage,
        t.typcategory as category,
        t.typispreferred as preferred,
        t.typdefault as default,
        format_type(nullif(t.typelem, 0), null) as element,
        nullif(t.typdelim, ',') as delimiter,
        t.typcollation <> 0 as collatable
    where t.typtype = 'b'
) base on true
where t.oid >= 16384
    and (
        t.typtype in ('b', 'r')
        or t.typtype = 'p' and not t.typisdefined
        or t.typtype = 'c' and c.relkind = 'c'
    )
    and not exists (
        select
        from pg_type element
        where element.oid = t.typelem
            and element.typarray = t.oid
    )
    and not exists (
        select
        from pg_depend d
        where d.classid = t.tableoid
            and d.objid = t.oid
            and d.deptype = 'e'
    );
