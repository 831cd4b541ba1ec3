-- The exact mirror of the migration, in reverse order, one statement for one.

