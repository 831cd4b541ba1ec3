"""`--crash`: runs are ended at every statement boundary and at every commit.

In three ways: kill -9 of the client, a process of its own; pg_terminate_backend; kill
-9 of the whole server, where it is embedded. After each the same command is run again,
and must come to what an undisturbed run leaves. All is tried on copies of the database
as each change meets it.
"""
