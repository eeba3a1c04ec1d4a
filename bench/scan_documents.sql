-- The same for the nested column `documents` of profile B: run after scan.sql, and counted with it.
WITH papers AS (
    SELECT unnest(documents) AS paper
    FROM read_parquet(getvariable('file'))
    WHERE documents IS NOT NULL
)
SELECT
    count(*) AS papers,
    sum(length(paper.kind)) AS kind,
    sum(length(paper.standard)) AS standard,
    sum(paper.issued - DATE '1970-01-01') AS issued,
    sum(paper.valid_from - DATE '1970-01-01') AS valid_from,
    sum(paper.valid_to - DATE '1970-01-01') AS valid_to,
    sum(paper.value) AS value,
    sum(list_sum(list_transform(paper.renewals, lambda renewal: renewal.days))) AS renewal_days,
    sum(list_sum(list_transform(paper.renewals, lambda renewal: renewal."from" - DATE '1970-01-01'))) AS renewal_from
FROM papers;
