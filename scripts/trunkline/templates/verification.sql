-- check: {title}
select
    'this check' as subject,
    'it is not written yet: one query, a row for each violation' as detail;
