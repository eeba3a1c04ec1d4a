-- The law in plain SQL: which Basel entry the content of a load falls under, and which rules of the States on its route
-- bind it. Written by hand from the fact files, for loads of which everything is known, and independent of the evaluator
-- and of the bulk path: it shares no code with either, and reads the rulebook's YAML as rows (tables.py).
--
-- Each section is one SELECT, kept under the name in its first line. DuckDB runs it as it stands; for Spark the text is
-- carried over by SQLGlot, so nothing here is peculiar to DuckDB. Truth is 2, not known 1, false 0.

-- name: mix
-- Polymers of a load: grades count as their polymer, an unknown code is one more polymer.
SELECT s.id,
       COALESCE(g.code, CASE WHEN f.code IS NOT NULL THEN lower(s.code) ELSE upper(s.code) END) AS code,
       SUM(s.pct) AS pct
FROM share s
LEFT JOIN polymer_grade g ON g.grade = upper(s.code)
LEFT JOIN polymer_family f ON f.family = 'cured' AND f.code = lower(s.code)
WHERE s.pct > 0
GROUP BY s.id, COALESCE(g.code, CASE WHEN f.code IS NOT NULL THEN lower(s.code) ELSE upper(s.code) END);

-- name: part
-- Each polymer with the families that decision BC-14/12 tells apart.
SELECT m.id, m.code, m.pct,
       MAX(CASE WHEN f.family = 'non_halogenated' THEN 1 ELSE 0 END) AS plain,
       MAX(CASE WHEN f.family = 'halogenated' THEN 1 ELSE 0 END) AS halogen,
       MAX(CASE WHEN f.family = 'cured' THEN 1 ELSE 0 END) AS cured,
       MAX(CASE WHEN f.family = 'fluoro' THEN 1 ELSE 0 END) AS fluoro,
       MAX(CASE WHEN f.family = 'mixable' THEN 1 ELSE 0 END) AS mixable,
       MAX(CASE WHEN f.family = 'b3010_excluded' THEN 1 ELSE 0 END) AS barred
FROM mix m
LEFT JOIN polymer_family f ON f.code = m.code
GROUP BY m.id, m.code, m.pct;

-- name: member
-- Which groups the exporting and the importing State belong to on the day of departure.
SELECT DISTINCT s.id, w.role, m.grp
FROM shipment s
CROSS JOIN (SELECT 'export' AS role UNION ALL SELECT 'import' AS role) w
JOIN membership m
  ON m.state = CASE WHEN w.role = 'export' THEN s.export ELSE s.import_ END
 AND (m.start_day IS NULL OR m.start_day <= s.departed)
 AND (m.end_day IS NULL OR s.departed <= m.end_day);

-- name: limit_own
-- Figures of a group that a State of the route belongs to: the strictest.
SELECT s.id, p.name, MIN(p.value) AS value
FROM shipment s
JOIN parameter p
  ON p.grp IS NOT NULL
 AND (p.start_day IS NULL OR p.start_day <= s.departed)
 AND (p.end_day IS NULL OR s.departed <= p.end_day)
LEFT JOIN member m ON m.id = s.id AND m.grp = p.grp
WHERE m.id IS NOT NULL OR p.grp = s.export OR p.grp = s.import_
GROUP BY s.id, p.name;

-- name: limit_general
-- The figure published last before the day; before the first, the first.
SELECT id, name, value
FROM (
    SELECT s.id, p.name, p.value,
           ROW_NUMBER() OVER (
               PARTITION BY s.id, p.name
               ORDER BY CASE WHEN p.start_day IS NULL OR p.start_day <= s.departed THEN 0 ELSE 1 END,
                        CASE WHEN p.start_day <= s.departed THEN p.start_day END DESC NULLS LAST,
                        p.start_day NULLS FIRST
           ) AS place
    FROM shipment s
    JOIN parameter p ON p.grp IS NULL
) ranked
WHERE place = 1;

-- name: figure
SELECT g.id,
       MAX(CASE WHEN g.name = 'b3011_non_target_pct' THEN COALESCE(o.value, g.value) END) AS b3011,
       MAX(CASE WHEN g.name = 'eu3011_non_target_pct' THEN COALESCE(o.value, g.value) END) AS eu3011,
       MAX(CASE WHEN g.name = 'b3010_non_target_pct' THEN COALESCE(o.value, g.value) END) AS b3010,
       MAX(CASE WHEN g.name = 'almost_exclusively_pct' THEN COALESCE(o.value, g.value) END) AS single_resin,
       MAX(CASE WHEN g.name = 'household_refuse_min_pct' THEN g.value END) AS refuse
FROM limit_general g
LEFT JOIN limit_own o ON o.id = g.id AND o.name = g.name
GROUP BY g.id;

-- name: stated
-- Facts that the classification asks for, one row a load.
SELECT s.id,
       MAX(CASE WHEN f.fact = 'separate_recycling' AND f.word = 'true' THEN 1 ELSE 0 END) AS apart,
       MAX(CASE WHEN f.fact = 'to_specification' AND f.word = 'true' THEN 1 ELSE 0 END) AS specified,
       MAX(CASE WHEN f.fact = 'r3_documented' AND f.word = 'true' THEN 1 ELSE 0 END) AS papered,
       MAX(CASE WHEN f.fact = 'storage_steps' THEN f.num END) AS steps,
       COALESCE(MAX(CASE WHEN f.fact = 'household_refuse_pct' THEN f.num END), 0) AS refuse
FROM shipment s
LEFT JOIN fact f ON f.id = s.id
GROUP BY s.id;

-- name: content
-- Totals of the mix, and whether the operation is recycling (table 1.3, test 2).
SELECT s.id,
       COUNT(p.code) AS polymers,
       COALESCE(SUM(p.pct), 0) AS total,
       COALESCE(MAX(p.pct), 0) AS largest,
       COALESCE(SUM(CASE WHEN p.mixable = 1 THEN p.pct END), 0) AS mixable,
       MAX(p.barred) AS barred,
       MAX(CASE WHEN p.plain + p.halogen + p.cured + p.fluoro = 0 THEN 1 ELSE 0 END) AS strange,
       CASE WHEN s.operation = 'R3' THEN 1
            WHEN s.operation = 'R13' AND MAX(t.steps) <= 1 AND MAX(t.papered) = 1 THEN 1
            ELSE 0 END AS recycled
FROM shipment s
JOIN stated t ON t.id = s.id
LEFT JOIN part p ON p.id = s.id
GROUP BY s.id, s.operation;

-- name: target
-- Every share that may be "the" polymer of the load, and whether it may be (tests 4a to 4d; EU3011 in its own column).
SELECT p.id, p.pct,
       CASE WHEN p.fluoro = 1 THEN CASE WHEN s.consumer = 'pre' THEN 1 ELSE 0 END
            WHEN p.halogen = 1 THEN 0
            WHEN p.plain = 1 OR p.cured = 1 THEN 1
            WHEN s.halogenated THEN 0 ELSE 1 END AS strict,
       CASE WHEN p.code IN ('PVC', 'PTFE') THEN 1
            WHEN p.fluoro = 1 THEN CASE WHEN s.consumer = 'pre' THEN 1 ELSE 0 END
            WHEN p.halogen = 1 THEN 0
            WHEN p.plain = 1 OR p.cured = 1 THEN 1
            WHEN s.halogenated THEN 0 ELSE 1 END AS union_
FROM part p
JOIN shipment s ON s.id = p.id
UNION ALL
SELECT p.id, SUM(p.pct), MAX(t.apart), MAX(t.apart)
FROM part p JOIN stated t ON t.id = p.id WHERE p.mixable = 1 GROUP BY p.id
UNION ALL
SELECT p.id, SUM(p.pct), 0, 1 FROM part p WHERE p.plain = 1 GROUP BY p.id
UNION ALL
SELECT p.id, SUM(p.pct), 0, 1 FROM part p WHERE p.cured = 1 GROUP BY p.id
UNION ALL
SELECT p.id, SUM(p.pct), 0, MAX(CASE WHEN s.consumer = 'pre' THEN 1 ELSE 0 END)
FROM part p JOIN shipment s ON s.id = p.id WHERE p.code IN ('PFA', 'MFA') GROUP BY p.id HAVING COUNT(*) > 1;

-- name: clean
-- What is not the target is foreign matter, other polymers and other material: all that lacks to 100.
SELECT t.id,
       MAX(CASE WHEN t.strict = 1 AND 100 - t.pct <= f.b3011 THEN 1 ELSE 0 END) AS b3011,
       MAX(CASE WHEN t.union_ = 1 AND 100 - t.pct <= f.eu3011 THEN 1 ELSE 0 END) AS eu3011
FROM target t
JOIN figure f ON f.id = t.id
GROUP BY t.id;

-- name: stream_of
-- The stream that has entries of its own: refuse from the share on at which it counts as refuse, else what it is called.
SELECT s.id, CASE WHEN t.refuse >= f.refuse THEN 'household refuse' ELSE m.material END AS material
FROM shipment s
JOIN stated t ON t.id = s.id
JOIN figure f ON f.id = s.id
JOIN content c ON c.id = s.id
LEFT JOIN waste_stream m ON m.material = s.material AND m.plastic = 0 AND c.total <= m.most
WHERE t.refuse >= f.refuse OR m.material IS NOT NULL;

-- name: stream_entry_of
SELECT o.id, MIN(e.entry) AS entry
FROM stream_of o
JOIN shipment s ON s.id = o.id
JOIN stream_entry e ON e.material = o.material AND (e.hazardous IS NULL OR e.hazardous = s.hazardous)
JOIN entry_force f ON f.entry = e.entry
 AND (f.start_day IS NULL OR f.start_day <= s.departed)
 AND (f.end_day IS NULL OR s.departed <= f.end_day)
LEFT JOIN stream_bar b ON b.material = e.material AND b.entry = e.entry AND b.class = substr(s.operation, 1, 1)
WHERE b.class IS NULL OR s.operation = 'product'
GROUP BY o.id;

-- name: edition_of
SELECT s.id, COALESCE(s.edition, MAX(e.edition)) AS edition
FROM shipment s
JOIN edition e ON e.start_day <= s.arrived OR e.first_one = 1
GROUP BY s.id, s.edition;

-- name: stream_code
-- The heading that a stream deserves in the edition of the day, whatever was declared.
SELECT id, code
FROM (
    SELECT o.id, h.code, ROW_NUMBER() OVER (PARTITION BY o.id ORDER BY h.edition DESC) AS place
    FROM stream_of o
    JOIN edition_of e ON e.id = o.id
    JOIN stream_hs h ON h.material = o.material AND h.edition <= e.edition
) ranked
WHERE place = 1;

-- name: main_code
-- The subheading of 39.15 that the main polymer deserves.
SELECT id, hs
FROM (
    SELECT p.id, COALESCE(h.hs, d.hs) AS hs, ROW_NUMBER() OVER (PARTITION BY p.id ORDER BY p.pct DESC) AS place
    FROM part p
    LEFT JOIN polymer_hs h ON h.code = p.code
    CROSS JOIN (SELECT hs FROM polymer_hs WHERE code = 'default') d
) ranked
WHERE place = 1;

-- name: classified
SELECT s.id,
       CASE WHEN NOT s.waste THEN NULL
            WHEN o.id IS NOT NULL THEN x.entry
            WHEN c.polymers = 0 THEN NULL
            WHEN s.departed < DATE '2021-01-01' THEN
                CASE WHEN s.hazardous THEN NULL
                     WHEN t.specified = 1 AND c.barred = 0 AND NOT (c.strange = 1 AND s.halogenated)
                          AND s.contamination <= f.b3010
                          AND s.departed BETWEEN b.start_day AND b.end_day THEN 'B3010'
                     ELSE NULL END
            WHEN s.hazardous THEN 'A3210'
            WHEN c.recycled = 1 AND k.b3011 = 1 THEN 'B3011'
            ELSE 'Y48' END AS entry,
       CASE WHEN NOT s.waste OR o.id IS NOT NULL OR c.polymers = 0 OR s.departed < DATE '2021-01-01' THEN NULL
            WHEN s.hazardous THEN
                CASE WHEN xe.id IS NOT NULL AND ie.id IS NOT NULL THEN 'AC300'
                     WHEN xe.id IS NOT NULL AND io.id IS NOT NULL THEN 'AC300'
                     WHEN ie.id IS NOT NULL AND xo.id IS NOT NULL THEN 'AC300'
                     ELSE NULL END
            WHEN xe.id IS NULL OR ie.id IS NULL THEN NULL
            WHEN c.recycled = 1 AND k.eu3011 = 1 THEN 'EU3011'
            ELSE 'EU48' END AS eu_entry,
       CASE WHEN NOT s.waste THEN NULL WHEN o.id IS NOT NULL THEN sc.code ELSE mc.hs END AS deserved
FROM shipment s
JOIN stated t ON t.id = s.id
JOIN content c ON c.id = s.id
JOIN figure f ON f.id = s.id
LEFT JOIN stream_of o ON o.id = s.id
LEFT JOIN stream_entry_of x ON x.id = s.id
LEFT JOIN stream_code sc ON sc.id = s.id
LEFT JOIN main_code mc ON mc.id = s.id
LEFT JOIN clean k ON k.id = s.id
LEFT JOIN entry_force b ON b.entry = 'B3010'
LEFT JOIN member xe ON xe.id = s.id AND xe.role = 'export' AND xe.grp = 'eu'
LEFT JOIN member ie ON ie.id = s.id AND ie.role = 'import' AND ie.grp = 'eu'
LEFT JOIN member xo ON xo.id = s.id AND xo.role = 'export' AND xo.grp = 'oecd_decision'
LEFT JOIN member io ON io.id = s.id AND io.role = 'import' AND io.grp = 'oecd_decision';

-- name: fits
-- Words of a rule's Basel scope that the load fits.
SELECT s.id, w.word
FROM shipment s
JOIN classified c ON c.id = s.id
CROSS JOIN (SELECT DISTINCT word FROM entry_word) w
WHERE w.word = 'any'
   OR (s.waste AND (w.word = c.entry OR w.word = c.eu_entry))
   OR (s.waste AND w.word = 'A-list'
       AND (substr(c.entry, 1, 1) = 'A' OR ((c.entry IS NULL OR c.entry IN ('Y46', 'Y47')) AND s.hazardous)))
   OR (s.waste AND w.word = 'controlled' AND (substr(c.entry, 1, 1) IN ('A', 'Y') OR (c.entry IS NULL AND s.hazardous)))
   OR (s.waste AND w.word = 'B-list' AND substr(c.entry, 1, 1) = 'B')
   OR (s.waste AND w.word = 'unlisted' AND c.entry IS NULL)
   OR (s.waste AND w.word = 'hazardous-unlisted' AND c.entry IS NULL AND s.hazardous);

-- name: code_of
-- The codes under which a load is looked at: the one declared, and the one deserved unless the declared one refines it.
SELECT s.id, s.hs AS code FROM shipment s WHERE s.hs IS NOT NULL
UNION ALL
SELECT s.id, c.deserved
FROM shipment s
JOIN classified c ON c.id = s.id
WHERE c.deserved IS NOT NULL AND (s.hs IS NULL OR substr(s.hs, 1, length(c.deserved)) <> c.deserved);

-- name: under
-- How a load stands to every prefix that rules name: 2 under it, 1 a shorter code may be under it.
SELECT o.id, p.prefix,
       MAX(CASE WHEN substr(o.code, 1, length(p.prefix)) = p.prefix THEN 2
                WHEN substr(p.prefix, 1, length(o.code)) = o.code THEN 1 ELSE 0 END) AS truth
FROM code_of o
CROSS JOIN (SELECT DISTINCT prefix FROM prefix_word) p
GROUP BY o.id, p.prefix;

-- name: look
-- The layers of a route.
SELECT id, export AS state, 'export' AS role FROM shipment
UNION
SELECT id, import_ AS state, 'import' AS role FROM shipment
UNION
SELECT id, state, 'transit' AS role FROM stop;

-- name: called
-- Rules in force on the day of their own event, in whose scope of entries and codes the load lies.
SELECT l.id, l.state, l.role, r.rule, r.kind, r.binds, e.day, h.truth AS scope
FROM look l
JOIN rule r ON r.state = l.state AND r.role = l.role
JOIN event_day e ON e.id = l.id AND e.event = r.event
 AND (r.start_day IS NULL OR r.start_day <= e.day)
 AND (r.end_day IS NULL OR e.day <= r.end_day)
JOIN (SELECT DISTINCT b.rule, f.id FROM rule_basel b JOIN fits f ON f.word = b.word) b ON b.rule = r.rule AND b.id = l.id
JOIN (
    SELECT x.rule, x.id, MAX(x.truth) AS truth
    FROM (
        SELECT p.rule, s.id, 2 AS truth FROM rule_prefix p CROSS JOIN shipment s WHERE p.prefix = 'any'
        UNION ALL
        SELECT p.rule, f.id, 2 FROM rule_prefix p JOIN fact f ON f.fact = 'listed_item' AND f.word = 'true'
        WHERE p.prefix = 'listed'
        UNION ALL
        SELECT p.rule, u.id, u.truth FROM rule_prefix p JOIN under u ON u.prefix = p.prefix
    ) x
    GROUP BY x.rule, x.id
) h ON h.rule = r.rule AND h.id = l.id AND h.truth > 0;

-- name: known
-- Every fact of a load that a condition may ask for, those worked out among them.
SELECT id, fact, word, num FROM fact
UNION ALL
SELECT id, 'waste', CASE WHEN waste THEN 'true' ELSE 'false' END, NULL FROM shipment
UNION ALL
SELECT id, 'hazardous', CASE WHEN hazardous THEN 'true' ELSE 'false' END, NULL FROM shipment
UNION ALL
SELECT id, 'halogenated', CASE WHEN halogenated THEN 'true' ELSE 'false' END, NULL FROM shipment WHERE halogenated IS NOT NULL
UNION ALL
SELECT id, 'consumer', consumer, NULL FROM shipment
UNION ALL
SELECT id, 'operation', operation, NULL FROM shipment
UNION ALL
SELECT id, 'operation', substr(operation, 1, 1), NULL FROM shipment WHERE operation <> 'product'
UNION ALL
SELECT id, 'net_kg', NULL, net_kg FROM shipment WHERE net_kg IS NOT NULL
UNION ALL
SELECT id, 'contamination_pct', NULL, contamination FROM shipment
UNION ALL
SELECT s.id, 'material', COALESCE(s.material, 'plastic'), NULL
FROM shipment s JOIN content c ON c.id = s.id WHERE s.material IS NOT NULL OR c.polymers > 0
UNION ALL
SELECT s.id, 'foreign_matter_pct', NULL, s.contamination + CASE WHEN s.material = 'paper' THEN c.total ELSE 0 END
FROM shipment s JOIN content c ON c.id = s.id
WHERE NOT EXISTS (SELECT 1 FROM fact f WHERE f.id = s.id AND f.fact = 'foreign_matter_pct')
UNION ALL
SELECT c.id, 'target_purity_pct', NULL, 100 * GREATEST(c.largest, c.mixable) / c.total
FROM content c
WHERE c.polymers > 0 AND NOT EXISTS (SELECT 1 FROM fact f WHERE f.id = c.id AND f.fact = 'target_purity_pct')
UNION ALL
SELECT c.id, 'polymer_mix',
       CASE WHEN 100 * (c.total - c.largest) <= f.single_resin * c.total THEN 'single'
            WHEN 100 * (c.total - c.mixable) <= f.single_resin * c.total THEN 'pe_pp_pet'
            ELSE 'other' END, NULL
FROM content c JOIN figure f ON f.id = c.id WHERE c.polymers > 0
UNION ALL
SELECT s.id, 'direct_shipment', CASE WHEN EXISTS (SELECT 1 FROM stop t WHERE t.id = s.id) THEN 'false' ELSE 'true' END, NULL
FROM shipment s
WHERE NOT EXISTS (SELECT 1 FROM fact f WHERE f.id = s.id AND f.fact = 'direct_shipment')
UNION ALL
SELECT id, 'contains', code, NULL FROM mix
UNION ALL
SELECT id, 'entry', word, NULL FROM fits;

-- name: side
-- The States that a condition may ask for, as a layer sees them.
SELECT l.id, l.state, l.role, 'export' AS fact, s.export AS place FROM look l JOIN shipment s ON s.id = l.id
UNION ALL
SELECT l.id, l.state, l.role, 'import', s.import_ FROM look l JOIN shipment s ON s.id = l.id
UNION ALL
SELECT l.id, l.state, l.role, 'origin', s.origin FROM look l JOIN shipment s ON s.id = l.id
UNION ALL
SELECT l.id, l.state, l.role, 'counterpart', CASE WHEN l.role = 'export' THEN s.import_ ELSE s.export END
FROM look l JOIN shipment s ON s.id = l.id;

-- name: place_atom
SELECT c.id, c.state, c.role, c.rule, a.part, a.branch, a.atom,
       MAX(CASE WHEN w.word = d.place OR m.state IS NOT NULL THEN 1 ELSE 0 END) AS inside
FROM called c
JOIN clause a ON a.rule = c.rule AND a.fact IN ('export', 'import', 'origin', 'counterpart')
JOIN side d ON d.id = c.id AND d.state = c.state AND d.role = c.role AND d.fact = a.fact
JOIN clause_word w ON w.rule = a.rule AND w.part = a.part AND w.branch = a.branch AND w.atom = a.atom
LEFT JOIN membership m ON m.state = d.place AND m.grp = w.word
 AND (m.start_day IS NULL OR m.start_day <= c.day) AND (m.end_day IS NULL OR c.day <= m.end_day)
GROUP BY c.id, c.state, c.role, c.rule, a.part, a.branch, a.atom;

-- name: paper_atom
SELECT c.id, c.state, c.role, c.rule, a.part, a.branch, a.atom, MAX(CASE WHEN p.id IS NOT NULL THEN 1 ELSE 0 END) AS held
FROM called c
JOIN clause a ON a.rule = c.rule AND a.fact = 'holds'
JOIN clause_word w ON w.rule = a.rule AND w.part = a.part AND w.branch = a.branch AND w.atom = a.atom
LEFT JOIN paper p ON p.id = c.id AND p.kind = w.word AND (p.issued IS NULL OR p.issued <= c.day)
 AND (a.day IS NULL OR p.issued < a.day)
 AND (a.text IS NULL OR p.standard = a.text)
GROUP BY c.id, c.state, c.role, c.rule, a.part, a.branch, a.atom;

-- name: code_atom
SELECT c.id, c.state, c.role, c.rule, a.part, a.branch, a.atom, MAX(u.truth) AS truth
FROM called c
JOIN clause a ON a.rule = c.rule AND a.fact = 'hs'
JOIN clause_word w ON w.rule = a.rule AND w.part = a.part AND w.branch = a.branch AND w.atom = a.atom
JOIN under u ON u.id = c.id AND u.prefix = w.word
GROUP BY c.id, c.state, c.role, c.rule, a.part, a.branch, a.atom;

-- name: word_atom
-- Facts with words: known at all, and one of the words named.
SELECT c.id, c.state, c.role, c.rule, a.part, a.branch, a.atom,
       MAX(CASE WHEN k.id IS NULL THEN 0 ELSE 1 END) AS told,
       MAX(CASE WHEN w.word IS NULL THEN 0 ELSE 1 END) AS inside
FROM called c
JOIN clause a ON a.rule = c.rule AND a.op IN ('in', 'not_in')
 AND a.fact NOT IN ('export', 'import', 'origin', 'counterpart', 'hs', 'holds')
LEFT JOIN known k ON k.id = c.id AND k.fact = a.fact AND k.word IS NOT NULL
LEFT JOIN clause_word w ON w.rule = a.rule AND w.part = a.part AND w.branch = a.branch AND w.atom = a.atom AND w.word = k.word
GROUP BY c.id, c.state, c.role, c.rule, a.part, a.branch, a.atom;

-- name: atom_truth
SELECT c.id, c.state, c.role, c.rule, a.part, a.branch, a.atom,
       CASE WHEN a.fact = 'event_before' THEN CASE WHEN (c.day < a.day) = (a.op = 'in') THEN 2 ELSE 0 END
            WHEN p.inside IS NOT NULL THEN CASE WHEN (p.inside = 1) = (a.op = 'in') THEN 2 ELSE 0 END
            WHEN h.held IS NOT NULL THEN CASE WHEN (h.held = 1) = (a.op = 'in') THEN 2 ELSE 0 END
            WHEN d.truth IS NOT NULL THEN CASE WHEN a.op = 'in' THEN d.truth ELSE 2 - d.truth END
            WHEN a.op IN ('gt', 'ge', 'lt', 'le') THEN
                CASE WHEN k.num IS NULL THEN 1
                     WHEN a.op = 'gt' AND k.num > a.num THEN 2
                     WHEN a.op = 'ge' AND k.num >= a.num THEN 2
                     WHEN a.op = 'lt' AND k.num < a.num THEN 2
                     WHEN a.op = 'le' AND k.num <= a.num THEN 2
                     ELSE 0 END
            WHEN v.told IS NULL OR (v.told = 0 AND a.fact <> 'entry') THEN 1
            WHEN (v.inside = 1) = (a.op = 'in') THEN 2
            ELSE 0 END AS truth
FROM called c
JOIN clause a ON a.rule = c.rule
LEFT JOIN place_atom p ON p.id = c.id AND p.state = c.state AND p.role = c.role AND p.rule = c.rule
 AND p.part = a.part AND p.branch = a.branch AND p.atom = a.atom
LEFT JOIN paper_atom h ON h.id = c.id AND h.state = c.state AND h.role = c.role AND h.rule = c.rule
 AND h.part = a.part AND h.branch = a.branch AND h.atom = a.atom
LEFT JOIN code_atom d ON d.id = c.id AND d.state = c.state AND d.role = c.role AND d.rule = c.rule
 AND d.part = a.part AND d.branch = a.branch AND d.atom = a.atom
LEFT JOIN word_atom v ON v.id = c.id AND v.state = c.state AND v.role = c.role AND v.rule = c.rule
 AND v.part = a.part AND v.branch = a.branch AND v.atom = a.atom
LEFT JOIN known k ON k.id = c.id AND k.fact = a.fact AND k.num IS NOT NULL AND a.op IN ('gt', 'ge', 'lt', 'le');

-- name: part_truth
-- A part of a rule is a choice of branches, each of which asks for all of its atoms.
SELECT id, state, role, rule, part, MAX(truth) AS truth
FROM (
    SELECT id, state, role, rule, part, branch, MIN(truth) AS truth
    FROM atom_truth
    GROUP BY id, state, role, rule, part, branch
) branches
GROUP BY id, state, role, rule, part;

-- name: weighed
SELECT c.id, c.state, c.role, c.rule, c.kind, c.binds,
       LEAST(c.scope, COALESCE(w.truth, 2)) AS applies,
       f.truth AS fails,
       CASE WHEN u.truth = 2 THEN 1 ELSE 0 END AS excused
FROM called c
LEFT JOIN part_truth w ON w.id = c.id AND w.state = c.state AND w.role = c.role AND w.rule = c.rule AND w.part = 'when'
LEFT JOIN part_truth f ON f.id = c.id AND f.state = c.state AND f.role = c.role AND f.rule = c.rule AND f.part = 'fails'
LEFT JOIN part_truth u ON u.id = c.id AND u.state = c.state AND u.role = c.role AND u.rule = c.rule AND u.part = 'unless'
WHERE COALESCE(w.truth, 2) > 0;

-- name: verdict
-- Each rule that applies, with its effect: prohibit, allow (an exception that is shown), other, alert, or unknown.
SELECT w.id, w.state, w.role, w.rule,
       CASE WHEN w.applies = 1 THEN 'unknown'
            WHEN w.binds = 0 AND w.excused = 1 THEN 'none'
            WHEN w.binds = 0 AND w.kind IN ('standard', 'port', 'quota') AND w.fails = 0 THEN 'none'
            WHEN w.binds = 0 THEN 'alert'
            WHEN w.excused = 1 OR w.kind = 'exemption' THEN 'allow'
            WHEN w.kind = 'prohibition' THEN 'prohibit'
            WHEN w.kind IN ('standard', 'port', 'quota') AND w.fails = 2 THEN 'prohibit'
            WHEN w.kind IN ('standard', 'port', 'quota') AND w.fails = 1 THEN 'unknown'
            ELSE 'other' END AS effect
FROM weighed w
LEFT JOIN (
    SELECT DISTINCT x.id, x.state, x.role, e.exempted
    FROM weighed x
    JOIN rule_exempts e ON e.rule = x.rule
    WHERE x.applies = 2 AND x.excused = 0
) o ON o.id = w.id AND o.state = w.state AND o.role = w.role AND o.exempted = w.rule
WHERE o.exempted IS NULL;
