# What postgres_fdw pushes down: aggregates over rows of another server are made
# there, and the states are, byte by byte, those of the rows pulled here. So are
# states of partitions, foreign or not, and of views over there.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my @nodes = map { PostgreSQL::Test::Cluster->new($_) } qw(here one two);
my ($here, @remote) = @nodes;

foreach my $node (@nodes)
{
	$node->init;
	$node->append_conf('postgresql.conf', "shared_buffers = 16MB\nfsync = off\nmax_connections = 20\n");
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION affinity');
}

# Each remote server has the rows of half of the users, in its own time zone.
foreach my $i (0, 1)
{
	$remote[$i]->safe_psql('postgres', qq{
		ALTER SYSTEM SET TimeZone = 'Asia/Tokyo';
		SELECT pg_reload_conf();
		CREATE TABLE events (user_id int, name text, id uuid, at timestamptz NOT NULL, event text, amount float8, day date);
		INSERT INTO events
		SELECT u, 'user ' || u, md5(u::text)::uuid, at, (ARRAY['view', 'cart', 'buy'])[1 + h % 3], h % 50, at::date
		FROM (SELECT u, timestamptz '2024-01-01 UTC' + (u * 37 + n * 11 % 17 * 1000) * interval '7 minutes' AS at,
				abs(hashint4(u * 1000 + n)) AS h
			FROM generate_series(1, 400) u, generate_series(1, 12) n WHERE u % 2 = $i) e;
		ANALYZE events;
		CREATE VIEW states AS
		SELECT affinity.activity_agg(user_id, at, 'week', 'Europe/Berlin') AS activity,
			affinity.value_agg(user_id, at, amount, 'month', 'UTC') AS value,
			affinity.funnel_agg(user_id, at, '2 days', event = 'view', event = 'cart', event = 'buy') AS funnel
		FROM events});
}

$here->safe_psql('postgres', q{
	CREATE EXTENSION postgres_fdw;
	CREATE TABLE events (user_id int, name text, id uuid, at timestamptz NOT NULL, event text, amount float8, day date)
		PARTITION BY LIST (abs(user_id % 2));
	CREATE TABLE pulled (LIKE events)});
foreach my $i (0, 1)
{
	my ($host, $port) = ($remote[$i]->host, $remote[$i]->port);
	$here->safe_psql('postgres', qq{
		CREATE SERVER s$i FOREIGN DATA WRAPPER postgres_fdw
			OPTIONS (host '$host', port '$port', dbname 'postgres', extensions 'affinity', async_capable 'true');
		CREATE USER MAPPING FOR CURRENT_USER SERVER s$i;
		CREATE FOREIGN TABLE events_$i PARTITION OF events FOR VALUES IN ($i) SERVER s$i OPTIONS (table_name 'events');
		CREATE FOREIGN TABLE states_$i (activity affinity.activity, value affinity.value, funnel affinity.funnel)
			SERVER s$i OPTIONS (table_name 'states');
		INSERT INTO pulled SELECT * FROM events_$i});
}
$here->safe_psql('postgres', 'ANALYZE pulled; ALTER DATABASE postgres SET TimeZone = \'America/New_York\'');

my $steps = q{event = 'view', event = 'cart', event = 'buy'};

# [what it is, the query over %s, must it be pushed down]
my @queries = (
	[ 'activity_agg', q{SELECT md5(affinity.activity_agg(user_id, at, 'week', 'Europe/Berlin')::text) FROM %s}, 1 ],
	[ 'activity_agg of texts', q{SELECT md5(affinity.activity_agg(name, at, 'day', 'UTC')::text) FROM %s}, 1 ],
	[ 'activity_agg of uuids and dates', q{SELECT md5(affinity.activity_agg(id, day, 'month', 'UTC')::text) FROM %s}, 1 ],
	[ 'activity_agg with conditions', q{SELECT md5(affinity.activity_agg(user_id, at, 'week', 'UTC', event = 'view', amount > 7)::text) FROM %s}, 1 ],
	[ 'activity_agg by event', q{SELECT event, md5(affinity.activity_agg(user_id, at, 'week', 'UTC')::text) FROM %s GROUP BY event ORDER BY event}, 1 ],
	[ 'value_agg', q{SELECT md5(affinity.value_agg(user_id, at, amount, 'month', 'UTC')::text) FROM %s}, 1 ],
	[ 'value_agg with FILTER', q{SELECT md5((affinity.value_agg(user_id, at, amount, 'month', 'UTC') FILTER (WHERE event = 'buy'))::text) FROM %s}, 1 ],
	[ 'funnel_agg', qq{SELECT md5(affinity.funnel_agg(user_id, at, '2 days', 'strict_increase', $steps)::text) FROM %s}, 1 ],
	[ 'funnel_agg with an array', qq{SELECT md5(affinity.funnel_agg(name, at, interval '2 days', ARRAY[$steps])::text) FROM %s}, 1 ],
	[ 'funnel_agg of a held property', qq{SELECT md5(affinity.funnel_agg(user_id, at, '2 days', 'hold_last', $steps, amount::int % 3)::text) FROM %s}, 1 ],
	[ 'window_funnel', qq{SELECT user_id, affinity.window_funnel('2 days', 'strict_order', at, $steps) FROM %s GROUP BY user_id ORDER BY user_id}, 1 ],
	[ 'funnel_times', qq{SELECT name, affinity.funnel_times(interval '2 days', 'default', at, ARRAY[$steps]) FROM %s GROUP BY name ORDER BY name}, 1 ],
	[ 'sequence_match', qq{SELECT user_id, affinity.sequence_match('(?1).*(?3)', at, $steps) FROM %s GROUP BY user_id ORDER BY user_id}, 1 ],
	[ 'sequence_count', qq{SELECT user_id, affinity.sequence_count('(?1)(?t<=86400)(?2)', at, ARRAY[$steps]) FROM %s GROUP BY user_id ORDER BY user_id}, 1 ],
	[ 'a two-level funnel', qq{SELECT md5(affinity.funnel_agg(t)::text) FROM (SELECT affinity.funnel_times('2 days', 'default', at, $steps) AS t FROM %s GROUP BY user_id) u}, 1 ],
	[ 'attribution_agg', q{SELECT md5(affinity.attribution_agg(user_id, at, event, event = 'buy', amount)::text) FROM %s}, 1 ],
	[ 'the session\'s time zone', q{SELECT md5(affinity.activity_agg(user_id, at, 'day')::text) FROM %s}, 1 ],
	[ 'the session\'s time zone, texts', q{SELECT md5(affinity.activity_agg(name, at, 'day')::text) FROM %s}, 1 ],
	[ 'the session\'s time zone, values', q{SELECT md5(affinity.value_agg(user_id, at, amount, 'day')::text) FROM %s}, 1 ]);

foreach my $query (@queries)
{
	my ($name, $sql, $pushed) = @$query;
	my $of = sub { return sprintf($sql =~ s/%(?!s)/%%/gr, $_[0]) };
	my $plan = $here->safe_psql('postgres', 'EXPLAIN (VERBOSE, COSTS OFF) ' . $of->('events_1'));

	if ($pushed) { like($plan, qr/Remote SQL: SELECT .*affinity\.\w+\(/, "$name is pushed down") }
	else { unlike($plan, qr/Remote SQL: .*affinity\./, "$name is not") }
	is($here->safe_psql('postgres', $of->('events_1')),
		$here->safe_psql('postgres', $of->('(SELECT * FROM pulled WHERE user_id % 2 = 1) e')),
		"$name: as over the rows");
}

# States of a view over there, and of both servers, here.
my $plan = $here->safe_psql('postgres', 'EXPLAIN (VERBOSE, COSTS OFF) SELECT affinity.rollup(activity) FROM states_0');
like($plan, qr/Remote SQL: SELECT affinity\.rollup\(activity\)/, 'rollup is pushed down');
is($here->safe_psql('postgres', q{
		SELECT md5(affinity.rollup(activity)::text), md5(affinity.rollup(value)::text), md5(affinity.rollup(funnel)::text)
		FROM (SELECT * FROM states_0 UNION ALL SELECT * FROM states_1) s}),
	$here->safe_psql('postgres', qq{
		SELECT md5(affinity.activity_agg(user_id, at, 'week', 'Europe/Berlin')::text),
			md5(affinity.value_agg(user_id, at, amount, 'month', 'UTC')::text),
			md5(affinity.funnel_agg(user_id, at, '2 days', $steps)::text)
		FROM pulled}),
	'states of two servers, merged here');

# Partitions that are foreign: by groups, the servers aggregate at once.
my $partitioned = 'SET enable_partitionwise_aggregate = on; SET enable_partitionwise_join = on; ';
$here->safe_psql('postgres', q{
	CREATE TABLE by_side (user_id int, side int, at timestamptz, event text) PARTITION BY LIST (side);
	CREATE VIEW with_side AS SELECT user_id, user_id % 2 AS side, at, event FROM pulled});
foreach my $i (0, 1)
{
	$remote[$i]->safe_psql('postgres', "CREATE VIEW sided AS SELECT user_id, $i AS side, at, event FROM events");
	$here->safe_psql('postgres', "CREATE FOREIGN TABLE by_side_$i PARTITION OF by_side FOR VALUES IN ($i) SERVER s$i OPTIONS (table_name 'sided')");
}
my $sides = qq{SELECT side, md5(affinity.activity_agg(user_id, at, 'week', 'UTC')::text),
		md5(affinity.funnel_agg(user_id, at, '2 days', $steps)::text)
	FROM %s GROUP BY side ORDER BY side};
$plan = $here->safe_psql('postgres', $partitioned . 'EXPLAIN (VERBOSE, COSTS OFF) ' . sprintf($sides, 'by_side'));
like($plan, qr/Async Foreign Scan.*Remote SQL: SELECT side, affinity\.activity_agg.*Async Foreign Scan.*Remote SQL: SELECT side, affinity\.activity_agg/s,
	'both servers aggregate, at the same time');
is($here->safe_psql('postgres', $partitioned . sprintf($sides, 'by_side')),
	$here->safe_psql('postgres', sprintf($sides, 'with_side')),
	'and their states are those of the rows');

# Not by the partitions' key: rows come asynchronously, partial states are merged here.
my $one = qq{SELECT md5(affinity.activity_agg(user_id, at, 'week', 'UTC')::text),
		md5(affinity.funnel_agg(user_id, at, '2 days', $steps)::text)
	FROM %s};
is($here->safe_psql('postgres', $partitioned . sprintf($one, 'by_side')),
	$here->safe_psql('postgres', sprintf($one, 'with_side')), 'one state of the rows of two servers, partition by partition');
is($here->safe_psql('postgres', sprintf($one, 'by_side')),
	$here->safe_psql('postgres', sprintf($one, 'with_side')), 'one state of the rows of two servers');

# Partitions that are here: plain, partition by partition, and by workers.
$here->safe_psql('postgres', q{
	CREATE TABLE local (LIKE pulled) PARTITION BY HASH (user_id);
	SELECT format('CREATE TABLE local_%s PARTITION OF local FOR VALUES WITH (MODULUS 3, REMAINDER %s)', r, r) FROM generate_series(0, 2) r \gexec
	INSERT INTO local SELECT * FROM pulled;
	ANALYZE local});
my $all = qq{SELECT md5(affinity.activity_agg(user_id, at, 'week', 'UTC')::text),
		md5(affinity.value_agg(name, at, amount, 'week', 'UTC')::text),
		md5(affinity.funnel_agg(user_id, at, '2 days', ARRAY[$steps])::text),
		md5(affinity.funnel_agg(user_id, at, '2 days', 'hold_last', $steps, amount::int)::text),
		md5(affinity.attribution_agg(user_id, at, event, event = 'buy')::text),
		(SELECT md5(affinity.funnel_agg(t)::text) FROM (SELECT affinity.funnel_times('2 days', 'default', at, $steps) AS t FROM %s GROUP BY user_id) u)
	FROM %s};
my $local = sprintf($all, 'local', 'local');
my $expected = $here->safe_psql('postgres', sprintf($all, 'pulled', 'pulled'));
my $parallel = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; ';
is($here->safe_psql('postgres', $local), $expected, 'partitions');
like($here->safe_psql('postgres', $partitioned . "EXPLAIN (COSTS OFF) $local"), qr/Partial Aggregate/, 'partial states of partitions');
is($here->safe_psql('postgres', $partitioned . $local), $expected, 'partition by partition');
is($here->safe_psql('postgres', $parallel . $local), $expected, 'by workers');
is($here->safe_psql('postgres', $partitioned . $parallel . $local), $expected, 'by workers, partition by partition');

$_->stop for @nodes;
done_testing();
