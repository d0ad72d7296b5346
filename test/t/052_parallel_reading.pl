# Reading in parallel: PostgreSQL's workers take rows in, each with ids of its
# own, and a team sorts and places them. The same models as by one process,
# whatever a source is and whatever the server has left.
use strict;
use warnings;

use Time::HiRes qw(sleep);

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf(
	'postgresql.conf', qq{
fsync = off
autovacuum = off
max_worker_processes = 12
max_parallel_workers = 12
min_parallel_table_scan_size = 0
parallel_setup_cost = 0
jit = off
log_min_messages = info
auto_explain.log_min_duration = 0
auto_explain.log_verbose = on
auto_explain.log_nested_statements = on
});
$node->start;

# Ids of all kinds, NULLs, weights below 0, rows without a time, kinds of
# events; what no user or item has is there too.
$node->safe_psql('postgres', q{
	CREATE EXTENSION affinity;
	CREATE TABLE facts AS
	SELECT CASE WHEN n % 1001 > 0 THEN (hashint8extended(n, 1) & 4095)::int END AS u,
		(hashint8extended(n, 2) & 511) * 1000003 AS i,
		CASE WHEN n % 977 > 0 THEN (hashint8extended(n, 3) & 7) - 1 END::real AS w,
		CASE WHEN n % 13 > 0 THEN timestamptz '2024-01-01' + (hashint8extended(n, 4) & 4194303) * interval '1 s' END AS at,
		(ARRAY['buy', 'view', 'other', NULL])[1 + (hashint8extended(n, 5) & 3)] AS kind
	FROM generate_series(1::bigint, 200000) n;
	ALTER TABLE facts ADD t text, ADD d uuid;
	UPDATE facts SET t = 'u' || u, d = md5(i::text)::uuid;
	VACUUM ANALYZE facts;
	CREATE TABLE halves AS SELECT DISTINCT u FROM facts WHERE u % 2 = 0;
	ANALYZE halves;
	CREATE VIEW ranked AS SELECT u, i, CASE WHEN row_number() OVER () > 0 THEN w END AS w FROM facts;
	CREATE FUNCTION unsafe(v real) RETURNS real LANGUAGE plpgsql VOLATILE AS 'BEGIN RETURN v; END';
	CREATE ROLE tenant;
	GRANT CREATE ON DATABASE postgres TO tenant;
	CREATE TABLE owned AS SELECT u, i, w FROM facts;
	ALTER TABLE owned ENABLE ROW LEVEL SECURITY;
	CREATE POLICY p ON owned USING (u % 3 = 0 AND current_user = 'tenant');
	GRANT SELECT ON owned TO tenant;
	ANALYZE owned;
	CREATE TABLE broken AS SELECT u, i, CASE WHEN u = 77 AND i = 1000003 * 5 THEN 'NaN' ELSE w END AS w FROM facts;
	INSERT INTO broken VALUES (77, 1000003 * 5, 'NaN');
	ANALYZE broken;
});

# create('SELECT …', 'algorithm options', settings…): the model's md5, what was
# said, and whether workers took rows in. A query may be [query, signals].
sub create
{
	my ($given, $what, @settings) = @_;
	my ($query, $signals) = ref $given ? @$given : ($given);
	my ($algorithm, $options) = $what =~ /^(\w+) *(.*)$/;
	my $from = -s $node->logfile;
	my ($status, $out, $err) = $node->psql('postgres',
		join("\n", "LOAD 'auto_explain';", map { "SET $_;" } @settings) . qq{
		BEGIN;
		SELECT FROM affinity.create_model('same', \$q\$$query\$q\$, '$algorithm', '@{[$options || '{}']}'
			@{[$signals ? ", signals => '$signals'" : '']});
		SELECT md5(string_agg(i::text, ',' ORDER BY item_no)) FROM same.items i;
		ROLLBACK;});
	my $log = slurp_file($node->logfile, $from);

	return ($out, $err, $log =~ /Custom Scan \(AffinityRows\)/ ? 1 : 0);
}

sub settings
{
	my ($workers) = @_;

	return ("max_parallel_workers_per_gather = $workers", "max_parallel_maintenance_workers = $workers");
}

# ---- the same bits ----------------------------------------------------------

my %models = (
	'integers' => ['SELECT u, i, w FROM facts', 'item_knn'],
	'no weights' => ['SELECT u, i FROM facts', 'item_knn'],
	'weights' => ['SELECT u, i, w FROM facts', 'item_knn {"weights": "linear"}'],
	'text and uuid' => ['SELECT t, d, w FROM facts', 'item_knn'],
	'times' => ['SELECT t, d, w, at FROM facts', 'item_knn {"half_life": "10 days"}'],
	'events' => ['SELECT t, d, w, at FROM facts', 'next_item'],
	'visits' => ['SELECT u, i, w, at FROM facts', 'buy_again'],
	'popularity' => ['SELECT t, i, w FROM facts', 'popular'],
	'factors' => ['SELECT u, d, w FROM facts', 'ials {"iterations": 2, "factors": 8}'],
	'ratings' => ['SELECT u, d, w FROM facts', 'als {"iterations": 2, "factors": 8}'],
	'histories' => ['SELECT u, i, w FROM facts', 'item_knn {"max_history": 20}'],
	'kinds' => ['SELECT u, i, w, at, kind FROM facts', 'item_knn', '{"buy": 1, "view": 0.3}'],
	'a join' => ['SELECT f.u, f.i, f.w FROM facts f JOIN halves h ON f.u = h.u', 'item_knn']);
foreach my $name (sort keys %models)
{
	my ($query, $what, $signals) = @{ $models{$name} };
	my $given = $signals ? [$query, $signals] : $query;
	my ($serial, $said, $shared) = create($given, $what, settings(0));

	like($serial, qr/^\w{32}$/, "$name: a model") or diag $said;
	is($shared, 0, "$name: one process has no such node");
	foreach my $workers (1, 2, 4)
	{
		(my $parallel, $said, $shared) = create($given, $what, settings($workers));
		is($parallel, $serial, "$name: the same with $workers");
		is($shared, 1, "$name: which took rows in");
		unlike($said, qr/leak|without/, "$name: nothing to remark");
	}
}

# So many rows that a team sorts and places them, and that the matrix stays where
# the team made it, which algorithms change and free.
$node->safe_psql('postgres', q{
	CREATE TABLE many AS
	SELECT (hashint8extended(n, 1) & 32767)::int AS u, (hashint8extended(n, 2) & 511)::int AS i,
		(hashint8extended(n, 3) & 7)::real / 8 AS w, timestamptz '2024-01-01' + (hashint8extended(n, 4) & 4194303) * interval '1 s' AS at
	FROM generate_series(1::bigint, 2500000) n;
	ANALYZE many;
});
my $enough = "maintenance_work_mem = '1GB'";
foreach my $what ('item_knn {"weights": "linear", "half_life": "10 days"}', 'item_knn {"similarity": "jaccard"}', 'popular',
	'ease', 'ials {"confidence": "binary", "iterations": 1, "factors": 8}')
{
	my ($serial) = create('SELECT u, i, w, at FROM many', $what, settings(0), $enough);

	like($serial, qr/^\w{32}$/, "many rows: $what");
	foreach my $workers (1, 2)
	{
		my ($parallel, undef, $shared) = create('SELECT u, i, w, at FROM many', $what, settings($workers), $enough);
		is("$parallel $shared", "$serial 1", "the same with $workers");
	}
}

# An error after the reading: the matrix goes with the memory of the training.
my $large = q{SELECT count(*) FROM regexp_matches(pg_read_file('/proc/self/maps'), '([0-9a-f]+)-([0-9a-f]+) [^\n]*PostgreSQL\.', 'g') AS m
	WHERE ('x' || lpad(m[2], 16, '0'))::bit(64)::bigint - ('x' || lpad(m[1], 16, '0'))::bit(64)::bigint > 4000000;};
SKIP:
{
	skip 'there is no /proc', 2 unless -r '/proc/self/maps';
	my (undef, $left, $failed) = $node->psql('postgres', join("\n", map { "SET $_;" } settings(2), $enough) . qq{
		BEGIN;
		SELECT FROM affinity.create_model('first', 'SELECT u, i, w FROM facts', 'popular');
		$large
		SAVEPOINT before;
		SELECT FROM affinity.create_model('same', 'SELECT u, CASE WHEN u = 5 THEN (SELECT string_agg(md5(k::text), '''') FROM generate_series(1, 125) k) ELSE i::text END, w FROM many', 'popular');
		ROLLBACK TO before;
		$large}, on_error_stop => 0);

	like($failed, qr/ERROR:.*long/, 'an error after the reading');
	like($left, qr/^(\d+)\n\1$/, 'nothing that was shared is left');
}

# A source whose plan runs a function as it starts, which reads in parallel, too.
$node->safe_psql('postgres', q{
	CREATE FUNCTION reads() RETURNS int LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$ BEGIN
		PERFORM affinity.evaluate(query => 'SELECT u, i, w, at FROM public.facts', algorithm => 'popular');
		RETURN 1;
	END $$;
	CREATE TABLE parted (k int) PARTITION BY LIST (k);
	CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
	CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2);
});
my ($nested, $nested_said, $nested_shared) = create('SELECT u, i, w FROM facts WHERE u >= (SELECT count(*) FROM parted WHERE k = reads())', 'item_knn', settings(2));
my ($alone) = create('SELECT u, i, w FROM facts', 'item_knn', settings(0));
is("$nested $nested_shared", "$alone 1", 'a source that evaluates another as its plan starts') or diag $nested_said;

# ---- sources that one process reads -----------------------------------------

my ($plain) = create('SELECT u, i, w FROM facts', 'item_knn', settings(0));
foreach my $query ('SELECT u, i, w FROM ranked', 'SELECT u, i, unsafe(w) FROM facts',
	'SELECT u, i, w FROM facts ORDER BY at', 'SELECT u, i, w FROM facts LIMIT 1000000')
{
	my ($md5, undef, $shared) = create($query, 'item_knn', settings(2));

	is("$md5 $shared", "$plain 0", "$query: one process");
}

# ---- whose rows -------------------------------------------------------------

my ($few) = create('SELECT u, i, w FROM facts WHERE u % 3 = 0', 'item_knn', settings(0));
my ($tenants, $said, $shared) = create('SELECT u, i, w FROM owned', 'item_knn', settings(2), 'ROLE tenant');
is($tenants, $few, 'row-level security holds in workers');

# ---- what the server has left ----------------------------------------------

my ($none, undef, undef) = create('SELECT u, i, w FROM facts', 'item_knn', settings(2), 'max_parallel_workers = 1');
is($none, $plain, 'one worker of two');
($none) = create('SELECT u, i, w FROM facts', 'item_knn', settings(2), 'parallel_leader_participation = off');
is($none, $plain, 'a leader that does not read');
($none) = create('SELECT u, i, w FROM facts', 'item_knn', 'max_parallel_workers_per_gather = 2',
	'max_parallel_maintenance_workers = 0');
is($none, $plain, 'workers that read, and none that sort');

# Memory: more is needed by several processes, which is no error, and what one
# needs is named as it is without.
my ($tight, $tight_said) = create('SELECT u, i, w FROM facts', 'item_knn', settings(2), "maintenance_work_mem = '8MB'");
is($tight, $plain, 'where several need too much, one reads') or diag $tight_said;
my (undef, $one) = create('SELECT u, i, w FROM facts', 'item_knn', settings(0), "maintenance_work_mem = '2MB'");
my (undef, $several) = create('SELECT u, i, w FROM facts', 'item_knn', settings(2), "maintenance_work_mem = '2MB'");
like($one, qr/ERROR:.*bytes of memory/, 'too little for one');
is($several, $one, 'the same bytes are named');

# ---- errors and cancels ------------------------------------------------------

foreach my $workers (0, 2)
{
	my (undef, $err) = create('SELECT u, i, w FROM broken', 'item_knn', settings($workers));

	like($err, qr/ERROR:  interaction of user 77 and item 5000015 has the weight NaN/, "$workers workers: the row is named");
}
my (undef, $zero) = create('SELECT u, i, w / (u - u) FROM facts', 'item_knn', settings(2));
like($zero, qr/ERROR:  division by zero/, 'an error of the query, in a worker or not');

my ($ret, undef, $err) = $node->psql('postgres', q{
	SET max_parallel_workers_per_gather = 2;
	SET statement_timeout = '1s';
	SELECT FROM affinity.create_model('same', 'SELECT a.u, b.i, a.w FROM facts a JOIN facts b ON a.i = b.i', 'item_knn')});
like($err, qr/canceling statement due to statement timeout/, 'a cancel while workers read');
ok($node->poll_query_until('postgres', q{
	SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'parallel worker')}), 'no worker is left');

my ($again) = $node->safe_psql('postgres', q{
	SET max_parallel_workers_per_gather = 2;
	DO $$ BEGIN PERFORM affinity.create_model('same', 'SELECT u, i, w FROM broken', 'item_knn');
	EXCEPTION WHEN data_exception THEN
		PERFORM affinity.create_model('same', 'SELECT u, i, w FROM facts', 'item_knn'); END $$;
	SELECT md5(string_agg(i::text, ',' ORDER BY item_no)) FROM same.items i});
is($again, $plain, 'a reading that failed leaves nothing in the way of another');

# ---- choices by rows read so too ---------------------------------------------

# Users have what is of their circle, and views tell of it too.
$node->safe_psql('postgres', q{
	CREATE TABLE circles AS
	SELECT u, u % 8 * 15 + (hashint8extended(n, 1) & 1023) % 15 AS i, 1.0::real AS w,
		timestamptz '2024-01-01' + (hashint8extended(n, 2) & 4194303) * interval '1 s' AS at,
		CASE WHEN hashint8extended(n, 3) & 3 > 0 THEN 'view' ELSE 'buy' END AS kind
	FROM generate_series(1::bigint, 8000) n, LATERAL (SELECT n * 7919 % 400 AS u) x;
	ANALYZE circles;
});

# What was chosen, by which figures, and how often workers took rows in.
sub chosen
{
	my ($workers, $arguments, $more) = @_;
	my $from = -s $node->logfile;
	my $out = $node->safe_psql('postgres', join("\n", "LOAD 'auto_explain';", map { "SET $_;" } settings($workers)) . qq{
		SELECT FROM affinity.create_model('chosen', $arguments);
		@{[$more || '']}
		SELECT algorithm, options, training FROM affinity.models WHERE name = 'chosen';
		SELECT md5(string_agg(i::text, ',' ORDER BY item_no)) FROM chosen.items i;
		SELECT FROM affinity.drop_model('chosen');});
	my $shared = () = slurp_file($node->logfile, $from) =~ /Custom Scan \(AffinityRows\)/g;

	return ($out, $shared);
}

my $tune = q{CALL affinity.tune('chosen', '{item_knn,popular}', trials => 4);
	SELECT algorithm, options, value FROM chosen.trials ORDER BY trial;};
foreach my $case (
	['auto', q{'SELECT u, i, w, at FROM circles', 'auto', '{"budget": "0.2 seconds"}'}],
	['learned signals', q{'SELECT u, i, w, at, kind FROM circles', 'item_knn', signals => '["buy", "view"]'}],
	['tune', q{'SELECT u, i, w, at FROM circles', 'popular'}, $tune])
{
	my ($what, @arguments) = @$case;
	my ($serial, $none) = chosen(0, @arguments);
	my ($parallel, $times) = chosen(2, @arguments);

	like($serial, qr/^\w{32}$/m, "$what: a model");
	is($parallel, $serial, "$what: the same with workers");
	is($none, 0, "$what: one process");
	cmp_ok($times, '>=', 2, "$what: rows to choose by, and to train on, are read by workers");
}

# ---- evaluations read so too -------------------------------------------------

my $evaluate = q{SELECT md5(string_agg(e::text, ',')) FROM affinity.evaluate(query => 'SELECT t, d, w, at FROM facts', algorithm => 'item_knn') e};
is($node->safe_psql('postgres', "SET max_parallel_workers_per_gather = 2; $evaluate"),
	$node->safe_psql('postgres', "SET max_parallel_workers_per_gather = 0; $evaluate"), 'an evaluation');

my $log = slurp_file($node->logfile);
unlike($log, qr/PANIC|TRAP|terminated by signal (?!9)/, 'no server process crashed');
unlike($log, qr/leak|still referenced|not closed/i, 'no resource was leaked');
$node->stop;
done_testing();
