# recommend_all in parallel workers: the same rows in the same order as without,
# wherever it is called and whatever memory there is for rows; nothing is left of
# one that is cancelled.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf(
	'postgresql.conf', q{
fsync = off
autovacuum = off
max_parallel_maintenance_workers = 2
log_min_messages = debug1
});
$node->start;

# 2,000 users of 200 items each: more than a tenth of a second for both models.
$node->safe_psql('postgres', q{
	CREATE EXTENSION affinity;
	CREATE TABLE facts AS
	SELECT (hashint8extended(n, 1) & 2047)::int AS user_id,
		((hashint8extended(n, 2) & 8191) * (hashint8extended(n, 4) & 3) / 2)::int AS item_id,
		timestamp '2024-01-01' + n * interval '1 minute' AS at
	FROM generate_series(1, 400000) n;
	SELECT affinity.create_model('factors', 'SELECT user_id, item_id FROM facts',
		'ials', '{"factors": 128, "iterations": 2}');
	SELECT affinity.create_model('neighbors', 'SELECT user_id, item_id, 1, at FROM facts', 'item_knn');
});

# What recommend_all($k) gives, in its order, in one line; and how many workers
# were started for it.
sub ask
{
	my ($model, $k, $workers, @settings) = @_;
	my $before = -s $node->logfile;
	my $out = $node->safe_psql('postgres', join(' ', map { "SET $_;" } @settings) . qq{
		SET max_parallel_maintenance_workers = $workers;
		SELECT count(*), md5(string_agg(concat(user_id, ' ', item_id, ' ', score, ' ', rank, ' ', personalized), ',' ORDER BY no))
		FROM $model.recommend_all($k) WITH ORDINALITY AS r(user_id, item_id, score, rank, personalized, no)});
	my $log = slurp_file($node->logfile, $before);
	my @started = $log =~ /starting background worker process "parallel worker for PID/g;

	return ($out, scalar @started);
}

my %alone;

for my $model ('factors', 'neighbors')
{
	# by lists a share of repeats, too
	for my $k ($model eq 'factors' ? (1, 20) : (1, 20, '20, 0.5'))
	{
		my ($out, $started) = ask($model, $k, 0);

		$alone{"$model $k"} = $out;
		like($out, qr/^\d{4,}\|[0-9a-f]{32}$/, "$model: recommend_all($k) has rows");
		is($started, 0, 'without a worker');
		for my $workers (1, 2)
		{
			($out, $started) = ask($model, $k, $workers);
			is($out, $alone{"$model $k"}, "the same with $workers");
			is($started, $workers, 'which are started');
		}
	}
	my ($out) = ask($model, 20, 2, q{work_mem = '64kB'});
	is($out, $alone{"$model 20"}, "$model: the same when rows do not fit into memory");
}

# one user's rows are those of recommend
for my $model ('factors', 'neighbors')
{
	is($node->safe_psql('postgres', qq{
		SET max_parallel_maintenance_workers = 2;
		SELECT count(*) FROM (
			(SELECT * FROM $model.recommend_all(10) WHERE user_id % 50 = 7
			EXCEPT ALL SELECT u, r.* FROM generate_series(7, 2047, 50) u, $model.recommend(u, 10) r)
			UNION ALL
			(SELECT u, r.* FROM generate_series(7, 2047, 50) u, $model.recommend(u, 10) r
			EXCEPT ALL SELECT * FROM $model.recommend_all(10))) s}),
		'0', "$model: rows are those of recommend");
}

# ---- where it is called ------------------------------------------------

my $rows = q{count(*), sum(hashfloat4(score)::bigint # item_id # user_id * 31)};
my $expected = $node->safe_psql('postgres',
	"SET max_parallel_maintenance_workers = 0; SELECT $rows FROM factors.recommend_all(5)");

is($node->safe_psql('postgres', qq{
	CREATE MATERIALIZED VIEW letters AS SELECT * FROM factors.recommend_all(5) WITH NO DATA;
	REFRESH MATERIALIZED VIEW letters;
	SELECT $rows FROM letters}), $expected, 'in a refresh of a materialized view');
is($node->safe_psql('postgres', qq{
	BEGIN;
	INSERT INTO facts VALUES (5000, 1);
	CREATE TABLE copied AS SELECT * FROM factors.recommend_all(5) WHERE user_id < 5000;
	SELECT $rows FROM copied;
	ROLLBACK}), $expected, 'in CREATE TABLE AS, in a transaction that has written');
is($node->safe_psql('postgres', qq{
	CREATE FUNCTION twice() RETURNS TABLE (n bigint, sum numeric) LANGUAGE plpgsql AS \$\$
	BEGIN
		BEGIN
			PERFORM * FROM factors.recommend_all(5);
			RAISE EXCEPTION 'no';
		EXCEPTION WHEN OTHERS THEN
			RETURN QUERY SELECT $rows FROM factors.recommend_all(5);
		END;
	END \$\$;
	SELECT * FROM twice()}), $expected, 'in a subtransaction of a function');
is($node->safe_psql('postgres', qq{
	SELECT $rows FROM factors.recommend_all(5), LATERAL (SELECT count(*) FROM neighbors.recommend_all(1)) n}),
	$expected, 'beside another');

is($node->safe_psql('postgres', qq{
	BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
	SELECT $rows FROM factors.recommend_all(5);
	COMMIT}), $expected, 'in a read-only transaction');

# ---- on a standby ---------------------------------------------------------

$node->append_conf('postgresql.conf', "wal_level = replica\nmax_wal_senders = 4\n");
$node->restart;
$node->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is($standby->safe_psql('postgres', "SELECT $rows FROM factors.recommend_all(5)"), $expected,
	'on a standby');
like(slurp_file($standby->logfile), qr/starting background worker process "parallel worker for PID/,
	'in workers');
$standby->stop;

# ---- progress -------------------------------------------------------------

for my $model ('factors', 'neighbors')
{
	my $session = $node->background_psql('postgres');

	$session->query_until(qr/asked/, "\\echo asked\nSELECT count(*) FROM $model.recommend_all(10000);\n");
	ok($node->poll_query_until('postgres', qq{
			SELECT count(*) = 1 FROM affinity.progress
			WHERE model = '$model' AND phase = 'answering' AND total = 2048
				AND done BETWEEN 0 AND total AND workers = 2}),
		"$model: how far it is can be seen");
	$session->query('SELECT 1');
	$session->quit;
	is($node->safe_psql('postgres', 'SELECT count(*) FROM affinity.progress'), '0',
		"$model: and not when it is over");
}

# ---- cancelled ----------------------------------------------------------

for my $model ('factors', 'neighbors')
{
	my ($status, $out, $err) = $node->psql('postgres', qq{
		SET statement_timeout = '600ms';
		SELECT count(*) FROM $model.recommend_all(10000)});

	like($err, qr/canceling statement due to statement timeout/, "$model: is cancelled");
	ok($node->poll_query_until('postgres',
			q{SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'parallel worker')}),
		'no worker is left');
}
my ($out) = ask('factors', 20, 2);
is($out, $alone{'factors 20'}, 'and the next is as ever');

$node->stop;
done_testing();
