-- Communities, influence and reciprocity: published graphs, graphs with a known answer, and plain SQL on random ones (fixed seeds).
BEGIN;
SET LOCAL jit = off;
SELECT plan(73);

-- 1. Published graphs. The karate club: Zachary, J. Anthropological Research 33 (1977), who was with whom, and in how many contexts. Les Miserables: Knuth, The
-- Stanford GraphBase (1993), characters by number in the order of their names, and in how many chapters together. Best modularity, proven: Aloise et al., Phys.
-- Rev. E 82 (2010), table I. With weights: the best of 100 runs of leidenalg 0.9.1; CPM too.
CREATE TEMP TABLE karate AS
SELECT split_part(e, '-', 1)::int AS a, split_part(e, '-', 2)::int AS b, w::int FROM ROWS FROM (regexp_split_to_table('1-2 1-3 1-4 1-5 1-6 1-7 1-8 1-9 1-11 1-12 1-13 1-14 1-18 1-20 1-22 1-32 2-3 2-4 2-8 2-14 2-18 2-20 2-22 2-31 3-4 3-8 3-9 3-10 3-14 3-28 3-29 3-33 4-8 4-13 4-14 5-7
	5-11 6-7 6-11 6-17 7-17 9-31 9-33 9-34 10-34 14-34 15-33 15-34 16-33 16-34 19-33 19-34 20-34 21-33 21-34 23-33 23-34 24-26 24-28 24-30 24-33 24-34 25-26 25-28 25-32
	26-32 27-30 27-34 28-34 29-32 29-34 30-33 30-34 31-33 31-34 32-33 32-34 33-34', '\s+'),
	regexp_split_to_table('4 5 3 3 3 3 2 2 2 3 1 3 2 2 2 2 6 3 4 5 1 2 2 2 3 4 5 1 3 2 2 2 3 3 3 2 3 5 3 3 3 3 3 4 2 3 3 2 3 4 1 2 1 3 1 2 3 5 4 3 5 4 2 3 2 7 4 2 4 2 2 4 2 3 3 4 4 5', ' ')) t (e, w);
CREATE TEMP TABLE miserables AS
SELECT split_part(e, '-', 1)::bigint AS a, split_part(e, '-', 2)::bigint AS b, split_part(e, '-', 3)::bigint AS w FROM regexp_split_to_table('0-25-2 0-58-1 0-70-2 1-9-3 1-15-4 1-25-1 1-31-1 1-37-6 1-39-2 1-58-1 1-59-2 1-70-6 1-73-1 2-6-4 2-17-5 2-21-6 2-24-4 2-30-3 2-31-5 2-35-1 2-40-5 2-46-2 2-49-1 2-55-1
	2-67-2 3-8-1 3-10-2 3-12-1 3-16-1 3-27-1 3-39-1 3-42-2 3-73-2 4-34-1 4-49-1 5-23-3 5-26-4 5-27-3 5-29-4 5-44-4 5-71-4 5-76-3 6-17-9 6-21-12 6-24-10 6-30-6 6-31-5 6-35-3
	6-40-7 6-46-1 6-49-5 6-55-1 6-67-2 6-73-1 7-70-1 8-10-2 8-12-2 8-16-2 8-42-2 8-73-2 9-15-1 9-25-1 9-31-1 9-37-3 9-59-1 9-70-3 10-12-2 10-16-2 10-42-3 10-73-3 11-62-1
	12-16-2 12-42-2 12-73-2 13-14-3 13-31-2 14-31-2 15-24-1 15-25-1 15-37-4 15-39-1 15-58-1 15-59-2 15-70-4 15-73-1 16-42-2 16-73-2 17-21-13 17-24-15 17-30-5 17-31-6 17-35-1
	17-40-5 17-46-2 17-49-5 17-67-2 18-34-3 18-39-1 18-45-1 18-49-21 18-51-2 18-58-4 18-70-1 18-71-1 18-72-2 18-73-31 18-75-1 19-62-2 20-62-1 21-24-17 21-25-1 21-30-6 21-31-7
	21-35-2 21-40-5 21-46-2 21-49-9 21-55-1 21-67-3 22-62-1 23-26-3 23-27-4 23-29-5 23-44-3 23-71-3 23-76-4 24-30-6 24-31-7 24-35-3 24-39-6 24-40-5 24-46-1 24-49-7 24-55-1
	24-67-4 24-73-4 25-37-1 25-46-1 25-49-5 25-58-2 25-59-1 25-70-3 26-27-3 26-29-3 26-44-4 26-71-4 26-76-3 27-29-4 27-39-5 27-44-3 27-48-2 27-58-2 27-65-1 27-69-2 27-70-1
	27-71-3 27-73-9 27-76-4 28-36-2 28-39-1 28-60-3 28-73-8 29-44-3 29-71-3 29-76-4 30-31-2 30-35-1 30-40-5 30-46-1 30-49-1 30-67-2 31-35-1 31-37-1 31-39-1 31-40-3 31-46-1
	31-49-4 31-53-2 31-55-1 31-59-1 31-67-1 31-70-1 31-73-1 32-62-1 33-73-1 34-45-1 34-47-1 34-49-12 34-51-9 34-73-2 35-40-2 35-55-1 35-67-1 37-39-1 37-58-1 37-59-2 37-70-5
	37-73-1 38-73-1 39-58-1 39-59-1 39-69-1 39-70-5 39-72-1 39-73-17 39-74-1 39-75-1 40-46-1 40-49-2 40-55-1 40-67-2 41-53-1 42-73-3 43-73-1 44-71-4 44-76-3 45-49-1 45-51-2
	46-49-1 46-61-3 47-58-1 48-73-1 49-51-6 49-66-1 49-70-2 49-71-1 49-73-19 50-56-6 50-62-8 50-73-3 51-52-1 51-57-1 51-73-2 54-73-1 56-62-10 56-73-3 57-66-1 58-70-13 58-73-7
	59-70-1 59-73-1 60-73-1 62-63-1 62-64-1 62-73-5 65-69-2 66-70-1 68-73-1 69-73-3 70-73-12 71-76-3 72-73-1 73-74-2 73-75-3', '\s+') e;
SELECT is((SELECT count(*) || ' ' || sum(w) FROM karate) || ' ' || (SELECT count(*) || ' ' || sum(w) FROM miserables), '78 231 254 820', 'the graphs are whole');
CREATE FUNCTION pg_temp.best(edges text, resolution float8 DEFAULT 1) RETURNS text LANGUAGE sql AS $$
	SELECT round(m::numeric, 5) || ' ' || n FROM (SELECT max(modularity) AS m, max(community) AS n FROM generate_series(1, 20) s,
		affinity.communities(edges, NULL::bigint, resolution, seed => s) GROUP BY s ORDER BY 1 DESC LIMIT 1) q $$;
SELECT is(pg_temp.best('SELECT a, b FROM karate'), '0.41979 4', 'karate club: the best modularity there is, 0.4198 in 4 communities');
SELECT is(pg_temp.best('SELECT a, b FROM miserables'), '0.56001 6', 'Les Miserables: 0.5600 in 6');
SELECT is(pg_temp.best('SELECT a, b, w FROM karate'), '0.44490 4', 'karate club with weights: leidenalg''s best');
SELECT is(pg_temp.best('SELECT a, b, w FROM miserables'), '0.56669 6', 'Les Miserables with weights');
SELECT is(pg_temp.best('SELECT a, b FROM karate', 0.5) || '; ' || pg_temp.best('SELECT a, b FROM karate', 2), '0.62179 2; 0.16453 7', 'with a resolution');
CREATE FUNCTION pg_temp.cpm(resolution float8) RETURNS numeric LANGUAGE sql AS $$
	SELECT max(h) FROM (SELECT s, round(sum((SELECT count(*) FROM karate k WHERE k.a = ANY (members) AND k.b = ANY (members)) - resolution * n * (n - 1) / 2)::numeric, 9) AS h
		FROM (SELECT s, community, count(*) AS n, array_agg(member) AS members FROM generate_series(1, 20) s,
			affinity.communities('SELECT a, b FROM karate', NULL::int, resolution, quality => 'cpm', seed => s) GROUP BY 1, 2) c GROUP BY 1) q $$;
SELECT is(pg_temp.cpm(r), x::numeric(12, 9), 'CPM at ' || r || ': leidenalg''s best') FROM (VALUES (0.05, 54.4), (0.1, 43.1), (0.3, 22.1)) x (r, x);
SELECT is(round(affinity.modularity('SELECT a, b FROM karate', 'SELECT m, m NOT IN (1,2,3,4,5,6,7,8,11,12,13,14,17,18,20,22) FROM generate_series(1, 34) m')::numeric, 12), 0.371466140697,
	'the club as it split: igraph''s modularity');
SELECT is((SELECT array_agg(member ORDER BY member) FROM affinity.communities('SELECT a, b FROM karate', NULL::int) WHERE community = (SELECT community FROM
	affinity.communities('SELECT a, b FROM karate', NULL::int) WHERE member = 5)), '{5,6,7,11,17}', 'the instructor''s five who know nobody else');

-- 2. Graphs whose answer is known.
CREATE TEMP TABLE ring AS SELECT c * 5 + i AS a, c * 5 + j AS b FROM generate_series(0, 29) c, generate_series(0, 4) i, generate_series(i + 1, 4) j
	UNION ALL SELECT c * 5, (c + 1) % 30 * 5 + 1 FROM generate_series(0, 29) c;
SELECT is(pg_temp.best('SELECT a, b FROM ring'), '0.88788 15', 'a ring of 30 cliques of 5: modularity joins pairs of them (Fortunato and Barthelemy, PNAS 104, 2007)');
SELECT is((SELECT count(DISTINCT community) || ' ' || count(*) FILTER (WHERE size = 5) FROM affinity.communities('SELECT a, b FROM ring', NULL::int, 0.5, quality => 'cpm')), '30 150',
	'CPM does not');
SELECT is((SELECT count(DISTINCT community) || ' ' || count(*) FILTER (WHERE size = 5) FROM affinity.communities('SELECT a, b FROM ring', NULL::int, 4)), '30 150', 'nor a larger resolution');
SELECT is((SELECT count(DISTINCT community) || ' ' || count(*) FILTER (WHERE size = 5) FROM affinity.communities('SELECT a, b FROM ring', NULL::int, method => 'label_propagation', seed => s)),
	'30 150', 'nor labels, seed ' || s) FROM generate_series(1, 2) s;
SELECT setseed(0.14);
CREATE TEMP TABLE planted AS SELECT a, b FROM generate_series(1, 400) a, generate_series(1, 400) b WHERE a < b AND random() < CASE WHEN a % 20 = b % 20 THEN 0.6 ELSE 0.02 END;
SELECT is((SELECT count(*) FROM (SELECT community FROM affinity.communities('SELECT a, b FROM planted', NULL::int, method => m, seed => s) GROUP BY 1
	HAVING count(*) = 20 AND count(DISTINCT member % 20) = 1) q), 20::bigint, 'planted groups come back: ' || m || ', seed ' || s)
FROM unnest('{leiden,label_propagation}'::text[]) m, generate_series(1, 2) s;

-- 3. Random graphs with weights, loops, both directions, duplicates and members alone, beside plain SQL.
CREATE TEMP TABLE random_edge AS SELECT g, (random() * 60)::int AS a, (random() ^ 2 * 60)::int AS b, CASE WHEN random() < 0.05 THEN 0 ELSE round((random() * 10)::numeric, 2) END AS w
	FROM generate_series(1, 40) g, generate_series(1, 20 + g * 10) i;
CREATE TEMP TABLE found AS SELECT g, m, c.* FROM generate_series(1, 40) g, unnest('{leiden,label_propagation}'::text[]) m,
	affinity.communities(format('SELECT a, b, w FROM random_edge WHERE g = %s', g), NULL::int, 0.5 + g % 3, method => m, seed => g) c;
CREATE TEMP TABLE half AS SELECT g, a AS x, b AS y, w FROM random_edge UNION ALL SELECT g, b, a, w FROM random_edge;
CREATE TEMP TABLE near AS SELECT g, m, x, c.community, sum(w) AS strength, coalesce(sum(w) FILTER (WHERE c.community = d.community), 0) AS inside
	FROM half h JOIN found c USING (g) JOIN found d USING (g, m) WHERE c.member = x AND d.member = y GROUP BY 1, 2, 3, 4;
SELECT is((SELECT count(*) FROM (SELECT g, m, max(modularity) AS a FROM found GROUP BY 1, 2) f JOIN (
	SELECT g, m, sum(inside / total - (0.5 + g % 3) * (strength / total) ^ 2) AS b FROM (SELECT g, m, community, sum(strength) AS strength, sum(inside) AS inside FROM near GROUP BY 1, 2, 3) c
		JOIN (SELECT g, sum(w) AS total FROM half GROUP BY 1) t USING (g) GROUP BY 1, 2) s USING (g, m) WHERE abs(a - b) < 1e-12), 80::bigint, 'modularity of 80 groupings: plain SQL''s');
SELECT is_empty($$SELECT g, m FROM found GROUP BY g, m HAVING abs(max(modularity) - affinity.modularity(format('SELECT b, a, w FROM random_edge WHERE g = %s', g),
	format('SELECT member, community FROM found WHERE g = %s AND m = %L', g, m), 0.5 + g % 3)) > 1e-13$$, 'modularity() says the same');
SELECT is_empty($$SELECT * FROM found f LEFT JOIN near n ON n.g = f.g AND n.m = f.m AND n.x = f.member
	WHERE NOT coalesce(abs(f.strength - n.strength) < 1e-9 AND CASE WHEN n.strength = 0 THEN f.inside IS NULL ELSE abs(f.inside - n.inside / n.strength) < 1e-12 END, false)$$, 'strength and inside of each member');
SELECT is((SELECT count(*) FROM found), 2 * (SELECT count(*) FROM (SELECT DISTINCT g, x FROM half) q), 'every member is there, once');
SELECT is_empty($$SELECT * FROM (SELECT *, count(*) OVER (PARTITION BY g, m, community) AS n FROM found) f WHERE n <> size$$, 'sizes');
SELECT is_empty($$SELECT g, m FROM (SELECT g, m, community, min(size) AS s, min(member) AS f FROM found GROUP BY 1, 2, 3) q GROUP BY 1, 2 HAVING max(community) <> count(*)
	OR array_agg(community ORDER BY s DESC, f) <> array_agg(community ORDER BY community)$$, 'numbered from 1, the largest first, then by the first member');
SELECT is_empty($$WITH RECURSIVE reach AS (SELECT g, m, community, min(member) AS member FROM found GROUP BY 1, 2, 3
		UNION SELECT r.g, r.m, r.community, f.member FROM reach r JOIN half h ON h.g = r.g AND h.x = r.member AND h.w > 0 JOIN found f ON f.g = r.g AND f.m = r.m AND f.member = h.y AND f.community = r.community)
	SELECT g, m, member FROM found EXCEPT SELECT g, m, member FROM reach$$, 'each community hangs together');
SELECT is_empty($$SELECT g FROM found WHERE m = 'leiden' GROUP BY g HAVING max(modularity) < (SELECT max(modularity) FROM found l WHERE l.g = found.g AND l.m = 'label_propagation') - 1e-9$$,
	'Leiden is never behind labels');

-- 4. Nothing depends on the order of rows, on directions, on how weights are scaled, or on the type of ids.
CREATE FUNCTION pg_temp.print(query text, method text DEFAULT 'leiden') RETURNS text LANGUAGE sql AS $$
	SELECT md5(string_agg(member || ' ' || community || ' ' || inside || ' ' || modularity, ',' ORDER BY member COLLATE "C")) FROM affinity.communities(query, NULL::text, method => method) $$;
SELECT is((SELECT count(DISTINCT p) || ' ' || count(p) FROM (SELECT pg_temp.print(q, m) AS p FROM (VALUES ('SELECT a, b, w FROM random_edge WHERE g > 30'), ('SELECT a, b, w FROM random_edge WHERE g > 30 ORDER BY random()'),
	('SELECT b, a, w FROM random_edge WHERE g > 30 ORDER BY w DESC'), ('SELECT a::smallint, b::bigint, w::float8 FROM random_edge WHERE g > 30 ORDER BY b'),
	('SELECT a, b, w::float8 * 1099511627776 FROM random_edge WHERE g > 30 -- a comment')) x (q)) y), '1 5', m) FROM unnest('{leiden,label_propagation}'::text[]) m;
SELECT is(pg_temp.print('SELECT lpad(a::text, 3, ''0''), lpad(b::text, 3, ''0'') FROM karate'),
	(SELECT md5(string_agg(lpad(member::text, 3, '0') || ' ' || community || ' ' || inside || ' ' || modularity, ',' ORDER BY member)) FROM affinity.communities('SELECT a, b FROM karate', NULL::int)), 'ids of text');
SELECT is((SELECT array_agg(community ORDER BY member) FROM affinity.communities('SELECT lpad(a::text, 32, ''0'')::uuid, lpad(b::text, 32, ''0'')::uuid FROM karate', NULL::uuid)),
	(SELECT array_agg(community ORDER BY member) FROM affinity.communities('SELECT a, b FROM karate', NULL::bigint)), 'of uuid');
SELECT is((SELECT pg_typeof(member)::text FROM affinity.communities('SELECT 1, 2', NULL::smallint) LIMIT 1), 'smallint', 'in the type that is named');
SELECT is((SELECT array_agg(community ORDER BY member) FROM affinity.communities(format('SELECT a, b, %s FROM karate', w), NULL::int)),
	(SELECT array_agg(community ORDER BY member) FROM affinity.communities('SELECT a, b FROM karate', NULL::int)), 'weights of ' || w) FROM unnest('{1e-300,1e300,5e-324::float8}'::text[]) w;
SELECT is((SELECT string_agg(member || ':' || community || ':' || (strength > 0), ' ' ORDER BY member) FROM affinity.communities('VALUES (1, 2, 1e-300), (3, 4, 1e300), (4, 5, 1e-300), (6, 6, 0)', NULL::int)),
	'1:2:true 2:2:true 3:1:true 4:1:true 5:1:true 6:3:false', 'very small ones beside very large ones');
SELECT is((SELECT count(*) FROM affinity.communities('SELECT a, b FROM karate WHERE a < 0', NULL::int)), 0::bigint, 'no edges, no rows');
SELECT is((SELECT string_agg(member || ':' || community || ':' || coalesce(modularity::text, '-'), ' ') FROM affinity.communities('VALUES (7, 7, 0.0), (8, 8, 0)', NULL::int)), '7:1:- 8:2:-', 'members and no edge');
SELECT is((SELECT string_agg(member || ':' || community || ':' || inside || ':' || modularity, ' ') FROM affinity.communities('VALUES (7, 7)', NULL::int)), '7:1:1:0', 'one loop');
SELECT is((SELECT string_agg(member || ':' || community, ' ' ORDER BY member) FROM affinity.communities('VALUES (1, 2), (NULL, 2), (3, NULL), (4, 4)', NULL::int)), '1:1 2:1 4:2', 'rows with a NULL are left out');

-- 5. Influence: networkx 2.8.8's pagerank and core_number.
CREATE FUNCTION pg_temp.near(a float8, b float8) RETURNS boolean LANGUAGE sql AS $$ SELECT coalesce(abs(a - b) <= 1e-11, false) $$;
SELECT is((SELECT count(*) FROM affinity.influence('SELECT a, b FROM karate', NULL::int, directed => false) i
	JOIN regexp_split_to_table('0.096997285388 0.052876924061 0.057078509488 0.035859857786 0.021977952365 0.029111154678 0.029111154678 0.024490497035 0.029766056081 0.014309397129 0.021977952365
	0.009564745492 0.014644892012 0.029536456152 0.014535993998 0.014535993998 0.016784005444 0.014558677209 0.014535993998 0.019604636326 0.014535993998 0.014558677209
	0.014535993998 0.031522514777 0.021076033559 0.021006197394 0.015044038083 0.025639767483 0.019573459464 0.026288537695 0.024590155249 0.037158087069 0.071693226006
	0.100919182333', '\s+') WITH ORDINALITY p (x, no) ON no = member WHERE pg_temp.near(influence, x::float8)), 34::bigint, 'the karate club''s');
SELECT is((SELECT string_agg(core::text, ' ' ORDER BY member) FROM affinity.influence('SELECT a, b FROM karate', NULL::int)), '4 4 4 4 3 3 3 4 4 2 3 1 2 4 2 2 2 2 2 3 2 2 2 3 3 3 2 3 3 3 4 3 4 4', 'cores');
SELECT is((SELECT count(*) FROM affinity.influence('VALUES (1,2,2.0),(2,3,1.0),(3,1,1.0),(3,2,0.5),(4,3,3.0),(5,4,1.0),(4,6,1.0),(1,1,1.0)', NULL::int, d) i
	JOIN unnest(x) WITH ORDINALITY p (x, no) ON no = member WHERE pg_temp.near(influence, p.x)), 6::bigint, 'directions, weights, a loop, a dead end, damping ' || d)
FROM (VALUES (0.85, '{0.28442453551676694,0.27866629032273876,0.3047477538486334,0.05762230138799665,0.03114718993945765,0.04339192898440694}'::float8[]),
	(0.5, '{0.209452567154029,0.20333219993199603,0.24617477048622927,0.13872832369942195,0.09248554913294797,0.10982658959537572}')) x (d, x);
SELECT is_empty($$WITH e AS (SELECT g, a, b, sum(w) AS w FROM random_edge WHERE w > 0 GROUP BY 1, 2, 3), o AS (SELECT g, a, sum(w) AS w FROM e GROUP BY 1, 2
	), i AS MATERIALIZED (SELECT g, i.* FROM generate_series(1, 40) g, affinity.influence(format('SELECT a, b, w FROM random_edge WHERE g = %s ORDER BY random()', g), NULL::int, 0.3 + 0.01 * g) i
	), n AS (SELECT g, count(*) AS n, coalesce(sum(influence) FILTER (WHERE NOT EXISTS (SELECT FROM o WHERE o.g = i.g AND o.a = i.member)), 0) AS idle FROM i GROUP BY 1
	), s AS (SELECT e.g, e.b AS member, sum(j.influence * e.w / o.w) AS got FROM e JOIN o USING (g, a) JOIN i j ON j.g = e.g AND j.member = e.a GROUP BY 1, 2)
	SELECT i.g, i.member FROM i JOIN n USING (g) LEFT JOIN s USING (g, member)
	WHERE abs(influence - ((0.7 - 0.01 * g + (0.3 + 0.01 * g) * idle) / n + (0.3 + 0.01 * g) * coalesce(got, 0))) > 1e-12$$,
	'random graphs: what a member gets is what others give');
SELECT is((SELECT string_agg(member || ':' || influence, ' ' ORDER BY member) FROM affinity.influence('SELECT a, a % 4 + 1 FROM generate_series(1, 4) a', NULL::int, 0)), '1:0.25 2:0.25 3:0.25 4:0.25', 'where no link is followed all are equal');

-- 6. Reciprocity.
SELECT results_eq($$SELECT g::int, r.members, r.links, r.returned, round(r.reciprocity::numeric, 12), round(r.weighted::numeric, 12) FROM generate_series(1, 40) g,
		affinity.reciprocity(format('SELECT a, b, w FROM random_edge WHERE g = %s', g)) r$$,
	$$WITH e AS (SELECT g, a, b, sum(w) AS w FROM random_edge WHERE w > 0 AND a <> b GROUP BY 1, 2, 3)
	SELECT e.g, (SELECT count(DISTINCT x) FROM half h WHERE h.g = e.g), count(*), count(r.w), round(count(r.w)::numeric / count(*), 12), round(coalesce(sum(least(e.w, r.w)) FILTER (WHERE r.w > 0), 0) / sum(e.w), 12)
	FROM e LEFT JOIN e r ON r.g = e.g AND r.a = e.b AND r.b = e.a GROUP BY 1 ORDER BY 1$$, 'random graphs: plain SQL''s');
SELECT results_eq($$SELECT g::int, r.member, r.given, r.received, r.mutual, round(r.reciprocity::numeric, 12), round(r.weighted::numeric, 12) FROM generate_series(1, 40) g,
		affinity.reciprocity_by_member(format('SELECT a, b, w FROM random_edge WHERE g = %s', g), NULL::int) r$$,
	$$WITH e AS (SELECT g, a, b, sum(w) AS w FROM random_edge WHERE w > 0 AND a <> b GROUP BY 1, 2, 3)
	SELECT v.g, v.x, count(e.w), (SELECT count(*) FROM e i WHERE i.g = v.g AND i.b = v.x), count(r.w), round(count(r.w)::numeric / nullif(count(e.w), 0), 12),
		round(coalesce(sum(least(e.w, r.w)) FILTER (WHERE r.w > 0), CASE WHEN count(e.w) > 0 THEN 0 END) / sum(e.w), 12)
	FROM (SELECT DISTINCT g, x FROM half) v LEFT JOIN e ON e.g = v.g AND e.a = v.x LEFT JOIN e r ON r.g = e.g AND r.a = e.b AND r.b = e.a GROUP BY 1, 2 ORDER BY 1, 2$$, 'by member');
SELECT is((SELECT r::text FROM affinity.reciprocity('SELECT 1, 1') r), '(1,0,0,,)', 'no link');

-- 7. What is wrong.
SELECT throws_ok('SELECT * FROM affinity.communities(' || arguments || ')', code, message) FROM (VALUES
	('''SELECT 1, 2, -0.5'', NULL::int', '22023', 'the row from 1 to 2 has the weight -0.5, which is below 0'),
	('''SELECT 1, 2, ''''NaN''''::float8'', NULL::int', '22000', 'the row from 1 to 2 has the weight NaN'),
	('''SELECT 1, 2, ''''inf''''::float4'', NULL::int', '22000', 'the row from 1 to 2 has an infinite weight'),
	('''VALUES (1, 2, 1.7e308::float8), (3, 4, 1.7e308)'', NULL::int', '22003', 'the sum of the weights is beyond the range of double precision'),
	('''SELECT 1'', NULL::int', '42601', 'edges must be one SELECT of two members, and maybe a weight'),
	('''SELECT 1, 2, 3, 4'', NULL::int', '42601', 'edges must be one SELECT of two members, and maybe a weight'),
	('''SELECT 1, 2; SELECT 3, 4'', NULL::int', '42601', 'edges must be one SELECT of two members, and maybe a weight'),
	('''DROP TABLE karate'', NULL::int', '42601', 'edges must be one SELECT of two members, and maybe a weight'),
	('NULL, NULL::int', '22004', 'edges must not be null'),
	('''SELECT 1, 2'', NULL::uuid', '42804', 'members of these rows are of type bigint, not uuid'),
	('''SELECT 1, 40000'', NULL::smallint', '22003', 'member 40000 is out of range for type smallint'),
	('''SELECT 1, 2.5'', NULL::int', '42804', 'column "?column?" of edges is of type numeric, which cannot be an id'),
	('''SELECT 1, ''''x'''''', NULL::int', '42804', 'members of edges are of type bigint in one column and of type text in the other'),
	('''SELECT 1, 2, ''''x'''''', NULL::int', '42804', 'the weight of edges is of type text, not a number'),
	('''SELECT 1, 2'', NULL::int, method => ''louvain''', '22023', 'unknown method "louvain"'),
	('''SELECT 1, 2'', NULL::int, quality => ''surprise''', '22023', 'unknown quality "surprise"'),
	('''SELECT 1, 2'', NULL::int, ''NaN''', '22023', 'resolution must be a finite number above 0, not NaN'),
	('''SELECT 1, 2'', NULL::int, 0', '22023', 'resolution must be a finite number above 0, not 0'),
	('''SELECT 1, 2'', NULL::int, seed => NULL', '22004', 'seed must not be null'),
	('''SELECT 1, 2'', NULL::int, iterations => 0', '22023', 'iterations must be at least 1, not 0')) x (arguments, code, message);
SELECT throws_ok($$SELECT affinity.modularity('SELECT 1, 2', 'VALUES (1, ''a''), (1, ''b'')')$$, '22023', 'member 1 is in two communities');
SELECT throws_ok($$SELECT * FROM affinity.influence('SELECT 1, 2', NULL::int, 1)$$, '22023', 'damping must be at least 0 and below 1, not 1');
SET LOCAL maintenance_work_mem = '1MB';
SELECT throws_like($$SELECT count(*) FROM affinity.communities('SELECT i, i % 1000 FROM generate_series(1, 100000) i', NULL::int)$$,
	'100000 edges need % bytes of memory, but maintenance_work_mem allows 1048576', 'what would take too much memory');
SELECT * FROM finish();
ROLLBACK;
