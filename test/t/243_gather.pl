# Workers read the rows of a training, in packs: the model is the same to the
# bit, for every type of ids and columns, and whatever the query. What is not
# parallel safe is read by one process.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
fsync = off
autovacuum = off
session_preload_libraries = 'auto_explain'
auto_explain.log_min_duration = 0
auto_explain.log_analyze = on
auto_explain.log_nested_statements = on
parallel_setup_cost = 0
min_parallel_table_scan_size = 0
max_parallel_workers_per_gather = 2
max_parallel_workers = 8
});
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION affinity;
	CREATE ROLE reader;
	CREATE TABLE events AS
	SELECT h % 900 AS u, CASE WHEN n % 97 <> 0 THEN (h / 1009) % (30 + h % 300) END AS i, CASE WHEN n % 89 <> 0 THEN 1 + h % 5 END AS w,
		CASE WHEN n % 83 <> 0 THEN timestamptz '2024-01-01' + h % 400000 * interval '1 minute' END AS at,
		(ARRAY['buy', 'view', NULL, 'other'])[1 + h % 4] AS signal, repeat('x', (h % 900 % 7 * 40)::int) AS long
	FROM generate_series(1, 30000) n, abs(hashint4(n)::bigint) h;
	CREATE TABLE parts (LIKE events) PARTITION BY HASH (u);
	CREATE TABLE part0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
	CREATE TABLE part1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
	INSERT INTO parts TABLE events;
	ANALYZE;
	CREATE FUNCTION unsafe(int) RETURNS int LANGUAGE SQL IMMUTABLE PARALLEL UNSAFE AS 'SELECT $1';
	CREATE FUNCTION restricted(bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE PARALLEL RESTRICTED AS 'BEGIN RETURN $1; END';
	CREATE FUNCTION learned() RETURNS text LANGUAGE SQL AS $$
		SELECT md5(string_agg(md5(i::text), '' ORDER BY item_no)) FROM m.items i
	$$;
	CREATE FUNCTION failed(call text) RETURNS text LANGUAGE plpgsql AS $$
	BEGIN
		EXECUTE call;
		RETURN 'no error';
	EXCEPTION WHEN OTHERS THEN
		RETURN SQLSTATE;
	END $$});

my $in_packs = qr/Gather .*\n.*Workers Launched: [12]\n(?:.*\n)?.*Custom Scan \(affinity rows\)/;

# A model as one process reads it, and as workers do; how the latter was read.
sub both
{
	my ($query, $algorithm, $more) = @_;
	my @learned;
	my $log;

	foreach my $workers (0, 2)
	{
		my $from = -s $node->logfile;

		push @learned, $node->safe_psql('postgres', qq{
			SET client_min_messages = error;
			SET max_parallel_maintenance_workers = $workers;
			SELECT FROM affinity.create_model('m', \$q\$$query\$q\$, '$algorithm'$more);
			RESET max_parallel_maintenance_workers;
			SELECT learned(), users, items, interactions, source_rows, skipped_rows, dropped_pairs FROM affinity.models;
			SELECT FROM affinity.drop_model('m')});
		$log = slurp_file($node->logfile, $from);
	}
	return (@learned, $log);
}

sub is_same
{
	my ($query, $algorithm, $more, $packed) = @_;
	my ($one, $workers, $log) = both($query, $algorithm, $more);
	my $name = "$query, $algorithm";

	is($workers, $one, "the same: $name");
	if ($packed)
	{
		like($log, $in_packs, "in packs: $name");
	}
	else
	{
		unlike($log, qr/affinity rows/, "not in packs: $name");
	}
	return;
}

# ---- types, columns, plans --------------------------------------------------

is_same($_, 'item_knn', '', 1) foreach (
	'SELECT u, i FROM events', 'SELECT u::int, i::smallint, w::real, at::timestamp FROM events',
	q{SELECT 'user ' || u || long, 'item ' || i, w, at FROM events}, 'SELECT md5(u::text)::uuid, md5(i::text)::uuid, w::float8 FROM events',
	'SELECT u, i, w::numeric / 3, at::date FROM parts WHERE w > 1', 'SELECT u, i, w FROM events UNION ALL SELECT u + 10000, i, w FROM parts',
	'SELECT e.u, e.i FROM events e JOIN generate_series(1, 400) g ON g = e.i');
is_same('SELECT u, i, w, at FROM events', 'next_item', '', 1);
is_same('SELECT u, i, w, at FROM events', 'als', q{, '{"users": 0.5}'}, 1);
is_same('SELECT u, i, w, at, signal FROM events', 'item_knn', q{, signals => '{"buy": 1, "view": 0.3}'}, 1);
is_same($_, 'item_knn', '', 0) foreach (
	'SELECT unsafe(u::int), i FROM events', 'SELECT u, i FROM events ORDER BY at',
	'SELECT u, i FROM (SELECT u, i FROM events ORDER BY at, u, i LIMIT 20000) e', 'SELECT u, i FROM events WHERE u < 0 UNION ALL SELECT 1, 2');
# computed above the workers, row by row
is_same('SELECT restricted(u), i FROM events', 'item_knn', '', 0);

# ---- who may see what, and what is wrong ---------------------------------------

$node->safe_psql('postgres', q{
	CREATE TABLE owned AS TABLE events;
	ALTER TABLE owned OWNER TO reader;
	ALTER TABLE owned ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
	CREATE POLICY p ON owned USING (u < 300);
	GRANT CREATE ON DATABASE postgres TO reader;
	ANALYZE owned});
my @users;
foreach my $workers (0, 2)
{
	push @users, $node->safe_psql('postgres', qq{
		SET client_min_messages = error;
		SET max_parallel_maintenance_workers = $workers;
		SET ROLE reader;
		SELECT FROM affinity.create_model('m', 'SELECT u, i FROM owned', 'item_knn');
		RESET ROLE;
		SELECT users, learned() FROM affinity.models;
		SELECT FROM affinity.drop_model('m')});
}
is($users[1], $users[0], 'policies hold in workers');
like($users[1], qr/^300\|/m, 'these');
foreach my $case (
	[ 'SELECT u, i, w / 0.0 FROM events', '22012' ], [ q{SELECT u, i, CASE WHEN u = 7 THEN 'NaN' ELSE 1 END::float8 FROM events}, '22000' ],
	[ q{SELECT u, i, 1, CASE WHEN u = 7 THEN 'infinity' ELSE at END FROM events}, '22023' ])
{
	my ($query, $state) = @$case;

	is($node->safe_psql('postgres', qq{SET client_min_messages = error;
		SELECT failed(format('SELECT affinity.create_model(''bad'', %L, ''item_knn'')', \$q\$$query\$q\$))}), $state, "an error: $query");
}
is($node->safe_psql('postgres', q{
	SET client_min_messages = error;
	SELECT FROM affinity.create_model('m', 'SELECT u, i, w, at FROM events', 'item_knn');
	SELECT (SELECT count(*) FROM affinity.evaluate('m')) > 0, (SELECT count(*) FROM m.recommend_all(3)) = (SELECT 3 * count(DISTINCT u) FROM events WHERE i IS NOT NULL)}),
	't|t', 'evaluate and recommend_all read in the same way');

done_testing();
