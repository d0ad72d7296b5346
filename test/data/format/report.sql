-- What test/pgtap/format.sql asks of stored states and models, and what `make`
-- asked when it stored them: functions pg_temp.<type>_reports(state) and
-- pg_temp.model_reports(schema), with a name and a text for each report.
CREATE FUNCTION pg_temp.report(query text, state text) RETURNS text LANGUAGE plpgsql
SET search_path = pg_catalog SET timezone = 'UTC' SET datestyle = 'ISO' SET intervalstyle = 'postgres' AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format('SELECT string_agg(r::text, E''\n'' ORDER BY n) FROM (SELECT r, row_number() OVER () AS n FROM (%s) AS r) r', query)
		INTO result USING state;
	RETURN coalesce(result, '');
EXCEPTION WHEN feature_not_supported OR invalid_parameter_value THEN
	RETURN 'error ' || SQLSTATE;
END $$;

CREATE FUNCTION pg_temp.activity_reports(state text, OUT report text, OUT result text) RETURNS SETOF record
LANGUAGE sql BEGIN ATOMIC
	SELECT name, pg_temp.report(query, state) FROM (VALUES
		('describe', 'SELECT d.* FROM affinity.describe($1::affinity.activity) d'),
		('retention', 'SELECT r.cohort, r.cohort_size, r.period, r.eligible, r.retained FROM affinity.retention($1::affinity.activity, max_period => 3) r
			WHERE r.retained > 0 AND r.period > 0 LIMIT 12'),
		('recurring', 'SELECT r.* FROM affinity.retention_curve($1::affinity.activity, mode => ''recurring'', criterion => ''on_or_after'', max_period => 4) r'),
		('lifecycle', 'SELECT count(*), sum(l.active), sum(l.new_users), sum(l.returning_users), sum(l.resurrecting_users), sum(l.dormant_users)
			FROM affinity.lifecycle($1::affinity.activity) l'),
		('active_users', 'SELECT sum(u.active), sum(u.active_short), sum(u.active_long), sum(u.churned_users) FROM affinity.active_users($1::affinity.activity, NULL, 7, 28) u'),
		('frequency', 'SELECT f.* FROM affinity.frequency($1::affinity.activity) f'),
		('time_to_return', 'SELECT t.* FROM affinity.time_to_return($1::affinity.activity) t'),
		('coarsen', 'SELECT md5(affinity.coarsen($1::affinity.activity, ''year'')::text)'),
		('rollup', 'SELECT affinity.rollup(a)::text = $1 FROM unnest(ARRAY[$1, $1]::affinity.activity[]) a')) v (name, query);
END;

CREATE FUNCTION pg_temp.value_reports(state text, OUT report text, OUT result text) RETURNS SETOF record
LANGUAGE sql BEGIN ATOMIC
	SELECT name, pg_temp.report(query, state) FROM (VALUES
		('describe', 'SELECT d.users, d.unit, d.time_zone, d.first_at, d.last_at, d.entries, d.value, d.bytes FROM affinity.describe($1::affinity.value) d'),
		('revenue_retention', 'SELECT r.* FROM affinity.revenue_retention($1::affinity.value, max_period => 2) r WHERE r.payers > 0 LIMIT 12'),
		('coarsen', 'SELECT md5(affinity.coarsen($1::affinity.value, ''year'')::text)'),
		('rollup', 'SELECT md5(affinity.rollup(v)::text) FROM unnest(ARRAY[$1, $1]::affinity.value[]) v')) v (name, query);
END;

-- of many users
CREATE FUNCTION pg_temp.funnel_reports(state text, OUT report text, OUT result text) RETURNS SETOF record
LANGUAGE sql BEGIN ATOMIC
	SELECT name, pg_temp.report(query, state) FROM (VALUES
		('funnel_steps', 'SELECT s.* FROM affinity.funnel_steps($1::affinity.funnel) s'),
		('twice', 'SELECT s.step, s.users FROM affinity.funnel_steps((SELECT affinity.rollup(f) FROM unnest(ARRAY[$1, $1]::affinity.funnel[]) f)) s'),
		('rollup', 'SELECT md5((SELECT affinity.rollup(f) FROM (SELECT $1::affinity.funnel AS f) x)::text)')) v (name, query);
END;

-- of one user: the state within window_funnel and funnel_times
CREATE FUNCTION pg_temp.funnel_user_reports(state text, OUT report text, OUT result text) RETURNS SETOF record
LANGUAGE sql BEGIN ATOMIC
	SELECT name, pg_temp.report(query, state) FROM (VALUES
		('window_funnel', 'SELECT affinity.window_funnel_final($1::affinity.funnel)'),
		('funnel_times', 'SELECT affinity.funnel_times_bigint_final($1::affinity.funnel)')) v (name, query);
END;

CREATE FUNCTION pg_temp.sequence_reports(state text, OUT report text, OUT result text) RETURNS SETOF record
LANGUAGE sql BEGIN ATOMIC
	SELECT name, pg_temp.report(query, state) FROM (VALUES
		('sequence_match', 'SELECT affinity.sequence_match_final($1::affinity.sequence)'),
		('sequence_count', 'SELECT affinity.sequence_count_final($1::affinity.sequence)'),
		('twice', 'SELECT affinity.sequence_count_final(affinity.sequence_combine($1::affinity.sequence, $1::affinity.sequence))')) v (name, query);
END;

-- of sequence_next_node, whose functions work in an aggregate only
CREATE AGGREGATE pg_temp.next_node(bytea) (
	SFUNC = affinity.sequence_next_combine, STYPE = bytea, FINALFUNC = affinity.sequence_next_final);
CREATE FUNCTION pg_temp.sequence_next_reports(state text, OUT report text, OUT result text) RETURNS SETOF record
LANGUAGE sql BEGIN ATOMIC
	SELECT 'sequence_next_node', pg_temp.next_node(s) FROM (VALUES (state::bytea)) v (s)
	UNION ALL SELECT 'twice', pg_temp.next_node(s) FROM (VALUES (state::bytea), (state::bytea)) v (s);
END;

-- A model's users and items come from its own view and table.
CREATE FUNCTION pg_temp.model_reports(model text, OUT report text, OUT result text) RETURNS SETOF record
LANGUAGE plpgsql AS $$
DECLARE
	users text[];
	items text[];
BEGIN
	EXECUTE format('SELECT array_agg(u ORDER BY u) FROM (SELECT DISTINCT user_id::text COLLATE "C" AS u FROM %I.interactions ORDER BY 1 LIMIT 3) u', model)
		INTO users;
	EXECUTE format('SELECT array_agg(item_id::text ORDER BY item_no) FROM %I.items WHERE item_no IN (0, 7, 13)', model)
		INTO items;
	FOR report, result IN
		SELECT name, pg_temp.report(format('SELECT r.* FROM ' || query, model), NULL) FROM (
			SELECT format('recommend %s', u), format('%%I.recommend(%L, 6) r', u) FROM unnest(users) u
			UNION ALL
			SELECT format('recommend_for %s', i), format('%%I.recommend_for(%L, 4) r', ARRAY[i]) FROM unnest(items) i
			UNION ALL
			SELECT format('similar_items %s', i), format('%%I.similar_items(%L, 5) r', i) FROM unnest(items) i
			UNION ALL
			SELECT format('score %s', u), format('%%I.score(%L, %L) r', u, items) FROM unnest(users) u
			UNION ALL
			SELECT format('explain %s', i), format('%%I.explain(%L, %L, 3) r', users[1], i) FROM unnest(items) i
			UNION ALL
			SELECT format('audience %s', i), format('%%I.audience(%L, 4) r', i) FROM unnest(items) i
			UNION ALL
			SELECT format('similar_users %s', u), format('%%I.similar_users(%L, 4) r', u) FROM unnest(users) u
			UNION ALL
			SELECT 'recommend_all', '%I.recommend_all(2) r'
			UNION ALL
			SELECT 'neighbors', '%I.neighbors r WHERE r.rank = 2'
			UNION ALL
			SELECT 'models', '(SELECT algorithm, options, users, items, interactions, source_rows, skipped_rows, dropped_pairs, version FROM affinity.models WHERE name = %L) r') v (name, query)
	LOOP
		RETURN NEXT;
	END LOOP;
END $$;
