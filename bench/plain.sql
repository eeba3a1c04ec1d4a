-- Beside us in the table: what a plain join costs that only looks up which rules stand in scope on the day.
-- A rough classification, then an equi-join on State and role with date, heading and entry beside it. No three-valued
-- logic, no conditions on facts, no papers, no layers, no reasons: less than a decision, by far.
-- Variables: file (shipments), rules (Parquet of bench/work.py), output.
COPY (
    WITH shipments AS (
        SELECT
            file_row_number AS row, id, "export", "import", transit, replace(hs, '.', '') AS hs, "date",
            coalesce("events.declared", "date") AS declared,
            coalesce("events.departed", "date") AS departed,
            coalesce("events.bill_of_lading", "date") AS bill_of_lading,
            coalesce("events.arrived", "date") AS arrived,
            coalesce("events.import_completed", "date") AS import_completed,
            CASE
                WHEN waste = false OR operation = 'product' THEN NULL
                WHEN material = 'household refuse' THEN 'Y46'
                WHEN material = 'incinerator ash' THEN 'Y47'
                WHEN material = 'shredder light fraction' THEN 'A3120'
                WHEN material = 'clinical waste' THEN 'A4020'
                WHEN material = 'contaminated packaging' THEN 'A4130'
                WHEN material IN ('electronics', 'circuit boards') THEN
                    CASE WHEN coalesce("events.departed", "date") >= DATE '2025-01-01'
                        THEN if(hazardous, 'A1181', 'Y49') ELSE if(hazardous, 'A1180', 'B1110') END
                WHEN material = 'cable' THEN if(hazardous, 'A1190', 'B1115')
                WHEN material = 'paper' THEN 'B3020'
                WHEN material = 'textiles' THEN 'B3030'
                WHEN material = 'rubber' THEN 'B3080'
                WHEN material = 'tyres' THEN 'B3140'
                WHEN coalesce("events.departed", "date") < DATE '2021-01-01' THEN
                    if("facts.to_specification", 'B3010', NULL)
                WHEN hazardous THEN 'A3210'
                WHEN operation = 'R3' AND contamination_pct <= 2 AND greatest(
                    coalesce("polymers.PE", 0) + coalesce("polymers.HDPE", 0) + coalesce("polymers.LDPE", 0),
                    coalesce("polymers.PP", 0), coalesce("polymers.PET", 0),
                    coalesce("polymers.PS", 0) + coalesce("polymers.EPS", 0), coalesce("polymers.ABS", 0),
                    coalesce("polymers.PC", 0), coalesce("polymers.PA", 0) + coalesce("polymers.PA66", 0),
                    coalesce("polymers.PMMA", 0), coalesce("polymers.POM", 0), coalesce("polymers.PUR", 0)
                ) >= 98 THEN 'B3011'
                ELSE 'Y48'
            END AS entry
        FROM read_parquet(getvariable('file'), file_row_number = true)
    ),
    legs AS (
        SELECT *, 'export' AS role, "export" AS state FROM shipments
        UNION ALL SELECT *, 'import', "import" FROM shipments
        UNION ALL SELECT *, 'transit', unnest(string_split(transit, ';')) FROM shipments WHERE transit IS NOT NULL
        UNION ALL SELECT *, '', '' FROM shipments
    ),
    bound AS (
        SELECT legs.row, rules.number
        FROM legs JOIN read_parquet(getvariable('rules')) AS rules
            ON legs.state = rules.state AND legs.role = rules.role
            AND CASE rules.event
                WHEN 'declared' THEN declared WHEN 'departed' THEN departed WHEN 'arrived' THEN arrived
                WHEN 'bill_of_lading' THEN bill_of_lading ELSE import_completed END
                BETWEEN rules.first AND rules.last
            AND (rules.hs = '' OR starts_with(legs.hs, rules.hs))
            AND (rules.entry = '' OR rules.entry = legs.entry)
    ),
    found AS (SELECT row, list(DISTINCT number) AS rules FROM bound GROUP BY row)
    SELECT shipments.row, id, entry, rules FROM shipments LEFT JOIN found USING (row)
) TO (getvariable('output')) (FORMAT parquet, COMPRESSION zstd);
