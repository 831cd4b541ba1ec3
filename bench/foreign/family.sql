-- What the pairs work on: made once for each number, in the place of {n}.

-- pair: family | exact
create table stock_{n} (
    id bigint generated always as identity primary key,
    code text not null default 'none',
    title text,
    amount numeric(12, 2) default 0,
    quantity int not null default 1,
    number int,
    state text default 'new',
    note text,
    spare text default 'spare',
    owner_name varchar(40) collate "C",
    place_id bigint,
    during tstzrange,
    tags text[] not null default '{}',
    facts jsonb,
    made_at timestamptz not null default '2026-01-01 00:00:00+00',
    doubled int generated always as (quantity * 2) stored,
    constraint stock_{n}_code_once unique (code, id),
    constraint stock_{n}_quantity_counts check (quantity >= 0),
    constraint stock_{n}_once_at_a_time exclude using gist (during with &&),
    constraint stock_{n}_of_place foreign key (place_id) references places
        on delete set null deferrable initially deferred
) with (autovacuum_vacuum_scale_factor = 0.05);
create index stock_{n}_title on stock_{n} (title) where title is not null;
create index stock_{n}_amount on stock_{n} (amount desc nulls last) include (code);
create index stock_{n}_pattern on stock_{n} (code text_pattern_ops);
create index stock_{n}_lower on stock_{n} (lower(title));
create statistics stock_{n}_code_state (ndistinct, dependencies) on code, state from stock_{n};
create sequence stock_{n}_number owned by stock_{n}.number;
alter table stock_{n} alter column number set default nextval('stock_{n}_number');
comment on table stock_{n} is 'Things, number {n}.';
comment on column stock_{n}.title is 'What it is called; null: it has no name.';
comment on constraint stock_{n}_quantity_counts on stock_{n} is 'Nobody owes a thing.';
grant select on stock_{n} to pg_read_all_stats;
create trigger stamp before update on stock_{n}
for each row when (old.code is distinct from new.code) execute function stamp();
insert into stock_{n}
    (code, title, amount, quantity, spare, owner_name, place_id, tags)
select
    'code ' || i, 'title ' || i, i * 1.25, i, 'spare ' || i, 'owner ' || i % 2,
    1 + i % 3, array['tag', i::text]
from generate_series(1, 6) as i;

create table guarded_{n} (
    id uuid primary key default gen_random_uuid(),
    who name not null default current_user
);
alter table guarded_{n} enable row level security;
alter table guarded_{n} force row level security;
create policy own_rows on guarded_{n} to pg_monitor using (who = current_user);

create function total_{n}(a int, b int) returns int
language sql immutable set search_path = pg_catalog as $$ select a + b $$;
comment on function total_{n}(int, int) is 'Adds, no more.';

create view seen_{n} with (security_invoker = true) as
select id, code, state from stock_{n} where quantity > 0;
create rule quiet as on delete to seen_{n} do instead nothing;
create materialized view counted_{n} as
select state, count(*) as number from stock_{n} group by state;
create unique index counted_{n}_state on counted_{n} (state);

create type mood_{n} as enum ('sad', 'fine', 'glad');
create type point_{n} as (x int, y int);
create domain code_{n} as text default '' constraint short check (length(value) < 9);

create table measured_{n} (at int not null, value float8) partition by range (at);
create table measured_{n}_1 partition of measured_{n} for values from (0) to (100);
create index measured_{n}_at on measured_{n} (at);
insert into measured_{n} values (1, 1.5), (99, 'NaN'), (50, -0.0);
-- down
drop table measured_{n};
drop domain code_{n};
drop type point_{n};
drop type mood_{n};
drop materialized view counted_{n};
drop view seen_{n};
drop function total_{n}(int, int);
drop table guarded_{n};
drop table stock_{n};
