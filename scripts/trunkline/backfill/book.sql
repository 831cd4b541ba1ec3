-- The bookkeeping of backfills. Made by the first run of one, so a second must find it:
-- hence `if not exists`.
create schema if not exists trunkline;

create table if not exists trunkline.backfill_run (
    id bigint generated always as identity,
    name text not null,
    state text not null default 'running',
    definition text not null,
    started_at timestamptz not null default now(),
    started_by text not null,
    finished_at timestamptz,
    estimate bigint not null,
    frontier text[],
    all_cut boolean not null default false,
    allowance bigint,
    written_table text not null,
    written_key text[] not null,
    restored text[] not null,
    compared text[] not null,
    total bigint,
    migrated bigint,
    skipped bigint,
    errors bigint,
    constraint backfill_run_pkey primary key (id),
    constraint the_state_is_known check (
        state in (
            'running', 'paused', 'finished', 'undoing', 'undone', 'forgotten'
        )
    ),
    constraint an_open_run_is_not_finished check (
        finished_at is null or state not in ('running', 'paused')
    ),
    constraint counted_exactly_when_finished check (
        num_nulls(finished_at, total, migrated, skipped, errors) in (0, 5)
    ),
    constraint every_row_is_accounted_for check (
        total = migrated + skipped + errors
    )
);

create unique index if not exists one_open_run_per_backfill
on trunkline.backfill_run (name)
where state in ('running', 'paused', 'undoing');

create index if not exists idx_backfill_run_name
on trunkline.backfill_run (name, id);

comment on table trunkline.backfill_run is
'One row for each time that a backfill goes through its source, however often killed.';
comment on column trunkline.backfill_run.name is
'The name of the backfill.';
comment on column trunkline.backfill_run.state is
'Workers take a batch only while it is running.';
comment on column trunkline.backfill_run.definition is
'What the backfill said of its source and what it writes: a run is finished with the '
'definition that it began with.';
comment on column trunkline.backfill_run.started_by is
'The operating-system user and host that began it, as user@host.';
comment on column trunkline.backfill_run.finished_at is
'When the last row had been gone through; null: there are rows left.';
comment on column trunkline.backfill_run.estimate is
'The planner''s guess of the source''s rows at the start.';
comment on column trunkline.backfill_run.frontier is
'The last key that has been cut into a chunk; null: none yet.';
comment on column trunkline.backfill_run.all_cut is
'Whether no source row was found behind the frontier.';
comment on column trunkline.backfill_run.allowance is
'How many rows may still be gone through, of --limit; null: any number.';
comment on column trunkline.backfill_run.written_table is
'The table that it writes, as schema.table.';
comment on column trunkline.backfill_run.written_key is
'The columns of that table by which backfill_written names rows.';
comment on column trunkline.backfill_run.restored is
'The columns that undo sets back; empty: rows are inserted, and undo deletes them.';
comment on column trunkline.backfill_run.compared is
'The columns that the table had at the start: undo leaves a row alone in which one of '
'them has changed. A column that was added since does not count.';
comment on column trunkline.backfill_run.total is
'Source rows gone through; null, like the other counts: not finished.';
comment on column trunkline.backfill_run.migrated is
'Rows written.';
comment on column trunkline.backfill_run.skipped is
'Rows for which there was nothing to do.';
comment on column trunkline.backfill_run.errors is
'Rows that could not be migrated, each in backfill_error.';
comment on constraint every_row_is_accounted_for on trunkline.backfill_run is
'A row that is in none of the three counts has been lost.';
comment on index trunkline.one_open_run_per_backfill is
'Whoever runs a backfill that is open joins in, and begins no second run.';

create table if not exists trunkline.backfill_chunk (
    run_id bigint not null,
    chunk integer not null,
    after text[],
    upto text[] not null,
    reached text[],
    done boolean not null default false,
    total bigint not null default 0,
    migrated bigint not null default 0,
    skipped bigint not null default 0,
    errors bigint not null default 0,
    constraint backfill_chunk_pkey primary key (run_id, chunk),
    constraint backfill_chunk_run_id_fkey
    foreign key (run_id) references trunkline.backfill_run (id),
    constraint every_row_is_accounted_for check (
        total = migrated + skipped + errors
    )
);

create index if not exists idx_backfill_chunk_open
on trunkline.backfill_chunk (run_id, chunk)
where not done;

comment on table trunkline.backfill_chunk is
'A range of keys. A worker holds the lock on the row while its batch is open, and writes '
'how far it came in the transaction of the batch.';
comment on column trunkline.backfill_chunk.chunk is
'Numbered from 1 in the order of the keys.';
comment on column trunkline.backfill_chunk.after is
'The range begins behind this key; null: with the first row.';
comment on column trunkline.backfill_chunk.upto is
'The last key of the range.';
comment on column trunkline.backfill_chunk.reached is
'The last key that has been gone through; null: none yet.';
comment on column trunkline.backfill_chunk.done is
'Whether every row of the range has been gone through.';
comment on column trunkline.backfill_chunk.total is
'Source rows gone through; the other counts say what became of them.';
comment on constraint every_row_is_accounted_for on trunkline.backfill_chunk is
'Holds at the commit of each batch: a row that is in none of the three counts has been '
'lost.';

create table if not exists trunkline.backfill_error (
    run_id bigint not null,
    key text[] not null,
    reason text not null,
    detail text not null,
    at timestamptz not null default now(),
    constraint backfill_error_pkey primary key (run_id, key)
);

comment on table trunkline.backfill_error is
'The source rows that a run could not migrate. No foreign key to the run: it would be '
'looked up once a row.';
comment on column trunkline.backfill_error.key is
'The key of the source row, each value as text.';
comment on column trunkline.backfill_error.reason is
'A stable code: of the backfill, or the name of the server''s error condition.';
comment on column trunkline.backfill_error.detail is
'A sentence for people, without secrets; empty: the reason says all.';

create table if not exists trunkline.backfill_written (
    run_id bigint not null,
    id bigint generated always as identity,
    key text[] not null,
    before text[],
    fingerprint bigint not null,
    kept text,
    constraint backfill_written_pkey primary key (run_id, id)
);

comment on table trunkline.backfill_written is
'The rows that a run has written, until they are undone or forgotten. No foreign key to '
'the run: it would be looked up once a row.';
comment on column trunkline.backfill_written.key is
'The key of the written row, each value as text.';
comment on column trunkline.backfill_written.before is
'What the restored columns held, each as text; null: the row was inserted.';
comment on column trunkline.backfill_written.fingerprint is
'Hash of the compared columns as the batch left them, after all triggers.';
comment on column trunkline.backfill_written.kept is
'Why an undo left the row as it is: changed, gone, or the server''s error condition and '
'sentence; null: not tried yet.';
