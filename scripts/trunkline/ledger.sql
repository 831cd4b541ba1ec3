-- The tables of yoyo-migrations 9.0.0 (its internal schema, version 2), as yoyo makes
-- them, so that `yoyo list` and `trunkline status` agree; and the engine's own. Made on
-- the first `apply`, so a second run must find them: hence `if not exists`.
create table if not exists {yoyo_schema}.{migration_table} (
    migration_hash varchar(64),
    migration_id varchar(255),
    applied_at_utc timestamp,
    primary key (migration_hash)
);

create table if not exists {yoyo_schema}._yoyo_log (
    id varchar(36),
    migration_hash varchar(64),
    migration_id varchar(255),
    operation varchar(10),
    username varchar(255),
    hostname varchar(255),
    comment varchar(255),
    created_at_utc timestamp,
    primary key (id)
);

create table if not exists {yoyo_schema}._yoyo_version (
    version int not null primary key,
    installed_at_utc timestamp
);

insert into {yoyo_schema}._yoyo_version
values (2, now() at time zone 'utc')
on conflict (version) do nothing;

create schema if not exists trunkline;

comment on schema trunkline is
'The ledger of trunkline: which changes this database has, and how to undo them.';

create table if not exists trunkline.applied (
    id text primary key,
    migration_sha256 text not null,
    rollback_sha256 text,
    verification_sha256 text,
    rollback_sql text,
    transactional boolean not null,
    applied_at timestamptz not null,
    applied_by text not null,
    took interval not null,
    server_version text not null,
    failing text[] not null default '{{}}'
);

comment on table trunkline.applied is
'One row for each change that trunkline has applied. It counts while yoyo''s table has
the same time: yoyo may have rolled the change back, and applied it again.';
comment on column trunkline.applied.id is
'The name of the change: migrations/ID.sql, rollbacks/ID.sql, verification/ID.sql.';
comment on column trunkline.applied.migration_sha256 is
'Of the bytes of the migration file as it was run.';
comment on column trunkline.applied.rollback_sha256 is
'Of the rollback file at that time; null: there was none.';
comment on column trunkline.applied.verification_sha256 is
'Of the verification file at that time; null: there was none.';
comment on column trunkline.applied.rollback_sql is
'The rollback itself, so that a checkout that no longer has the file can roll back.';
comment on column trunkline.applied.transactional is
'Whether the change, and so its rollback, is one transaction.';
comment on column trunkline.applied.applied_at is
'When it was recorded, just before the commit; the same in yoyo''s table.';
comment on column trunkline.applied.applied_by is
'The operating-system user and host that ran trunkline, as user@host.';
comment on column trunkline.applied.took is
'From the first statement to the last check before commit.';
comment on column trunkline.applied.server_version is
'server_version of the server that ran it.';
comment on column trunkline.applied.failing is
'The checks that found a violation when they ran after commit; empty: none.';

create table if not exists trunkline.progress (
    id text not null,
    direction text not null,
    statement int not null,
    statement_sha256 text not null,
    begun_at timestamptz not null default now(),
    finished_at timestamptz,
    strangers oid[] not null default '{{}}',
    constraint progress_pkey primary key (id, direction, statement),
    constraint direction_is_up_or_down check (direction in ('up', 'down')),
    constraint statements_count_from_one check (statement > 0)
);

comment on table trunkline.progress is
'The statements of a change that is not transactional and not yet finished.';
comment on column trunkline.progress.id is
'The name of the change.';
comment on column trunkline.progress.direction is
'up: it is being applied. down: it is being rolled back.';
comment on column trunkline.progress.statement is
'Its number in the file, from 1.';
comment on column trunkline.progress.statement_sha256 is
'Of its text: a file that was edited meanwhile cannot be gone on with.';
comment on column trunkline.progress.begun_at is
'For one that cannot be in a transaction: when it was begun the first time.';
comment on column trunkline.progress.finished_at is
'null: it was begun, and what it has left unfinished is ours to finish or to drop.';
comment on column trunkline.progress.strangers is
'The invalid indexes that were there when it was begun, so somebody else has left them.';
