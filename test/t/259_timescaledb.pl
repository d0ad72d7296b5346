# TimescaleDB, where it is installed: hypertables and compressed chunks give what a
# plain table gives, and a continuous aggregate keeps states that roll up to what one
# state of all rows is. Its jobs run in a process of their own, whose time zone is
# nobody's: there a call without one is an error (docs/scale.md).
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Installed;

plan skip_all => 'TimescaleDB is not installed (no package of Debian has it)'
  unless is_installed('timescaledb');

my $node = PostgreSQL::Test::Cluster->new('timescale');

$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'timescaledb'
timescaledb.telemetry_level = off
max_worker_processes = 16
max_parallel_workers = 4
TimeZone = 'Asia/Tokyo'
});
$node->start;

sub sql
{
	return $node->safe_psql('postgres', "SET client_min_messages = error; SET timezone = 'Europe/Paris'; " . shift);
}

sub said
{
	my ($code, $out, $err) = $node->psql('postgres', "SET timezone = 'Europe/Paris'; " . shift);

	return $err;
}

sql(q{
	CREATE EXTENSION timescaledb;
	CREATE EXTENSION affinity;
	CREATE TABLE events (user_id bigint NOT NULL, at timestamptz NOT NULL, item text NOT NULL, step int NOT NULL, amount float8 NOT NULL);
	CREATE TABLE plain (LIKE events);
	SELECT create_hypertable('events', 'at', chunk_time_interval => interval '10 days');
	INSERT INTO plain
	SELECT i * 7919 % 700, timestamptz '2025-01-01 UTC' + (h >> 20 & 127) * interval '1 day' + (h & 65535) * interval '1 second',
		'item ' || (i * 7 + (h >> 9 & 15)) % 40, (h >> 40 & 3)::int, (h >> 30 & 1023) / 8.0
	FROM generate_series(1, 12000) i, LATERAL (SELECT hashint8extended(i, 7) & 9007199254740991 AS h) e;
	INSERT INTO events SELECT * FROM plain;
	CREATE INDEX ON events (user_id);
	CREATE INDEX ON plain (user_id);
	ANALYZE events;
	ANALYZE plain;
});
cmp_ok(sql(q{SELECT count(*) FROM show_chunks('events')}), '>', 10, 'there are many chunks');

my @calls = (
	q{affinity.activity_agg(user_id, at, 'day', 'UTC')},
	q{affinity.activity_agg(user_id, at, 'week')},
	q{affinity.activity_agg(user_id, at, 'month', 'Europe/Berlin', step = 0, step > 0)},
	q{affinity.value_agg(user_id, at, amount, 'month', 'UTC')},
	q{affinity.funnel_agg(user_id, at, interval '7 days', step = 0, step = 1, step = 2)},
	q{affinity.basket_agg(item, amount, at)},
	q{affinity.series_agg(at, amount, 'day')},
	q{affinity.attribution_agg(user_id, at, item, step = 3, amount)},
	q{affinity.metric_agg(amount, step)});

sub same
{
	my ($what) = @_;

	foreach my $call (@calls)
	{
		is(sql("SELECT md5(($call)::text) FROM events"), sql("SELECT md5(($call)::text) FROM plain"), "$call of $what");
	}
	return;
}

same('a hypertable');
my $parallel = q{SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET enable_partitionwise_aggregate = on; };
foreach my $call (@calls)
{
	is(sql("$parallel SELECT md5(($call)::text) FROM events"), sql("SELECT md5(($call)::text) FROM plain"), "$call in parts");
}
like(sql("$parallel EXPLAIN SELECT $calls[0] FROM events"), qr/Partial/, 'there are partial aggregates');

# ---- models -------------------------------------------------------------

foreach my $table (qw(events plain))
{
	sql("SELECT FROM affinity.create_model('m_$table', 'SELECT user_id, item, amount, at FROM $table', 'item_knn')");
}
is(sql(q{SELECT md5(string_agg(i::text, ' ' ORDER BY item_no)) FROM m_events.items i}),
	sql(q{SELECT md5(string_agg(i::text, ' ' ORDER BY item_no)) FROM m_plain.items i}), 'a model of a hypertable has the same items');
is(sql(q{SELECT md5(string_agg(concat(u, r::text), ' ' ORDER BY u, r::text)) FROM generate_series(1, 40) u, LATERAL m_events.recommend(u) r}),
	sql(q{SELECT md5(string_agg(concat(u, r::text), ' ' ORDER BY u, r::text)) FROM generate_series(1, 40) u, LATERAL m_plain.recommend(u) r}),
	'and recommends the same');

# ---- what is not of the Apache license ----------------------------------

SKIP:
{
	skip 'this TimescaleDB has no continuous aggregates (Apache license)', 1 if sql('SHOW timescaledb.license') eq 'apache';

	sql(q{
		CREATE MATERIALIZED VIEW states WITH (timescaledb.continuous) AS
		SELECT time_bucket('1 day', at) AS day, affinity.activity_agg(user_id, at, 'day', 'UTC') AS a, affinity.funnel_agg(user_id, at, interval '7 days', step = 0, step = 1) AS f,
			affinity.value_agg(user_id, at, amount, 'month', 'UTC') AS v
		FROM events GROUP BY 1 WITH NO DATA;
	});
	sql(q{CALL refresh_continuous_aggregate('states', NULL, NULL)});

	my $kept = q{SELECT count(*) || ' ' || md5(affinity.rollup(a)::text || affinity.rollup(f)::text || affinity.rollup(v)::text) FROM };
	my $made = q{(SELECT date_trunc('day', at, 'UTC') AS day, affinity.activity_agg(user_id, at, 'day', 'UTC') AS a, affinity.funnel_agg(user_id, at, interval '7 days', step = 0, step = 1) AS f,
		affinity.value_agg(user_id, at, amount, 'month', 'UTC') AS v FROM plain GROUP BY 1) s};

	is(sql("$kept states"), sql("$kept $made"), 'states of a continuous aggregate roll up to the same bytes');
	is(sql(q{SELECT affinity.rollup(a)::text = (SELECT affinity.activity_agg(user_id, at, 'day', 'UTC') FROM plain)::text FROM states}), 't', 'those of one state of all rows');
	is(sql(q{SELECT md5(string_agg(r::text, ' ' ORDER BY r::text)) FROM affinity.retention((SELECT affinity.rollup(a) FROM states)) r}),
		sql(q{SELECT md5(string_agg(r::text, ' ' ORDER BY r::text)) FROM affinity.retention((SELECT affinity.activity_agg(user_id, at, 'day', 'UTC') FROM plain)) r}), 'and so are reports');

	# Rows that come late, first beside what is kept, then in it.
	foreach my $table (qw(events plain))
	{
		sql("INSERT INTO $table SELECT u, timestamptz '2025-02-03 10:00 UTC' + u * interval '1 hour', 'item 1', 0, 2 FROM generate_series(1, 50) u");
	}
	isnt(sql("$kept states"), sql("$kept $made"), 'late rows are not there before a refresh');
	sql(q{CALL refresh_continuous_aggregate('states', '2025-02-01 UTC', '2025-02-10 UTC')});
	is(sql("$kept states"), sql("$kept $made"), 'and are after it');
	sql(q{ALTER MATERIALIZED VIEW states SET (timescaledb.materialized_only = false)});
	foreach my $table (qw(events plain))
	{
		sql("INSERT INTO $table SELECT u, timestamptz '2025-06-01 10:00 UTC' + u * interval '1 hour', 'item 1', 0, 2 FROM generate_series(1, 50) u");
	}
	is(sql("$kept states"), sql("$kept $made"), 'newer ones are added to what is kept, in one query');

	# Without a zone: the caller's where somebody calls, an error in a job.
	sql(q{
		CREATE MATERIALIZED VIEW loose WITH (timescaledb.continuous) AS
		SELECT time_bucket('1 day', at) AS day, affinity.activity_agg(user_id, at, 'day') AS a FROM events GROUP BY 1 WITH NO DATA;
	});
	sql(q{CALL refresh_continuous_aggregate('loose', NULL, NULL)});
	is(sql(q{SELECT affinity.rollup(a)::text = (SELECT affinity.activity_agg(user_id, at, 'day', 'Europe/Paris') FROM plain)::text FROM loose}), 't',
		'refreshed by hand: the zone of who does it');
	# beside them, one that has nothing of affinity
	sql(q{
		CREATE MATERIALIZED VIEW bare WITH (timescaledb.continuous) AS
		SELECT time_bucket('1 day', at) AS day, sum(amount) FROM events GROUP BY 1 WITH NO DATA;
		INSERT INTO events VALUES (1, '2025-03-01 10:00 UTC', 'item 1', 0, 1);
		SELECT add_continuous_aggregate_policy(v, NULL, NULL, interval '1 hour') FROM unnest(ARRAY['bare', 'states', 'loose']::regclass[]) v;
	});
	my $jobs = q{FROM timescaledb_information.job_stats s JOIN timescaledb_information.jobs j USING (job_id)
		JOIN timescaledb_information.continuous_aggregates c ON c.materialization_hypertable_name = j.hypertable_name};
	ok($node->poll_query_until('postgres', "SELECT count(*) = 3 $jobs WHERE total_runs > 0 AND last_run_status IN ('Success', 'Failed')"), 'the jobs ran');
	my $errors = q{SELECT string_agg(err_message, '; ') FROM timescaledb_information.job_errors e JOIN timescaledb_information.jobs j USING (job_id)
		JOIN timescaledb_information.continuous_aggregates c ON c.materialization_hypertable_name = j.hypertable_name WHERE view_name = };
	like(sql("$errors 'loose'"), qr/zone/, 'a job says that it has no zone');
	is(sql("SELECT last_run_status $jobs WHERE view_name = 'states'") . ' ' . sql("$errors 'states'"),
		sql("SELECT last_run_status $jobs WHERE view_name = 'bare'") . ' ' . sql("$errors 'bare'"), 'one that names its zone ends as one without affinity does');
	note(sql("SELECT view_name, last_run_status $jobs") . "\n" . sql("$errors 'bare'"));

	sql(q{
		DROP MATERIALIZED VIEW bare;
		DROP MATERIALIZED VIEW loose;
		DROP MATERIALIZED VIEW states;
		TRUNCATE plain;
		INSERT INTO plain SELECT * FROM events;
		ALTER TABLE events SET (timescaledb.compress, timescaledb.compress_segmentby = 'user_id');
		SELECT count(compress_chunk(c)) FROM show_chunks('events') c;
	});
	same('compressed chunks');
	is(sql(q{SELECT md5(string_agg(r::text, ' ' ORDER BY r::text)) FROM m_events.recommend(7) r}), sql(q{SELECT md5(string_agg(r::text, ' ' ORDER BY r::text)) FROM m_plain.recommend(7) r}),
		'a model reads them');
}

done_testing();
