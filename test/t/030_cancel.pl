# Cancelling and terminating create_model and refresh_model at many moments:
# nothing is left behind, and what was there stays.
use strict;
use warnings;

use Time::HiRes qw(time sleep);

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\n");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION affinity;
	CREATE TABLE facts (user_id integer NOT NULL, item_id integer NOT NULL);
	INSERT INTO facts
	SELECT (hashint8extended(n, 1) & 4095)::int, (hashint8extended(n, 2) & 8191)::int
	FROM generate_series(1, 600000) n;
	CREATE TABLE few AS SELECT * FROM facts LIMIT 5000;
	CREATE VIEW source AS SELECT * FROM few;
	SELECT FROM affinity.create_model('kept', 'SELECT * FROM source', 'item_knn');
	CREATE OR REPLACE VIEW source AS SELECT * FROM facts;
});

my $create = q{SELECT FROM affinity.create_model('big',
	'SELECT user_id, item_id FROM facts', 'item_knn', options => '{"neighbors": 400}')};
my $refresh = q{SELECT FROM affinity.refresh_model('kept')};

# Everything that creating a model may leave in the catalogs.
my $catalogs = q{SELECT (SELECT count(*) FROM pg_namespace WHERE nspname NOT LIKE 'pg_temp%'
		AND nspname NOT LIKE 'pg_toast_temp%'),
	(SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
		WHERE nspname NOT LIKE 'pg_temp%'),
	(SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_type)};
my $kept = q{SELECT version, items, (SELECT md5(string_agg(n::text, ',' ORDER BY
	n.item_id, n.rank)) FROM kept.neighbors n) FROM affinity.models WHERE name = 'kept'};

my $start = time;
$node->safe_psql('postgres', "BEGIN; $create; ROLLBACK");
my $whole = time - $start;
note sprintf 'uncancelled: %.2f s', $whole;

my $catalogs_before = $node->safe_psql('postgres', $catalogs);
my $kept_before = $node->safe_psql('postgres', $kept);

foreach my $workers (0, 2)
{
	foreach my $part (map { $_ / 8 } 0 .. 7)
	{
		my $limit = int(1 + 1000 * $whole * $part);
		foreach my $call ($create, $refresh)
		{
			my ($status, $out, $err) = $node->psql('postgres', qq{
				\\set VERBOSITY verbose
				SET max_parallel_maintenance_workers = $workers;
				SET statement_timeout = $limit;
				BEGIN;
				$call;
				SELECT 'not cancelled';
				ROLLBACK;});
			ok($out =~ /not cancelled/ || $err =~ /ERROR:  57014: /,
				"statement_timeout of $limit ms, $workers workers")
			  or diag $err;
		}
	}
}

# Outside of a transaction block too, where a refresh commits in the end if it
# was not cancelled: so only with a limit that it cannot keep.
foreach my $call ($create, $refresh)
{
	my ($status, $out, $err) = $node->psql('postgres',
		"\\set VERBOSITY verbose\nSET statement_timeout = 5;\n$call");
	like($err, qr/ERROR:  57014: /, 'cancelled outside of a transaction block');
}

# Terminated from another session.
foreach my $part (0.2, 0.5, 0.8)
{
	my $session = $node->background_psql('postgres', on_error_stop => 0);
	my $pid = $session->query_safe('SELECT pg_backend_pid()');
	$session->query_until(qr/begun/, "\\echo begun\nBEGIN;\n$create;\nSELECT pg_sleep(600);\n");
	sleep $whole * $part;
	$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid, 60000)");
	is( $node->safe_psql('postgres',
			"SELECT count(*) FROM pg_stat_activity WHERE pid = $pid"),
		'0', 'a terminated backend ends');
	eval { $session->quit };
}

ok( $node->poll_query_until('postgres',
		q{SELECT count(*) = 0 FROM pg_stat_activity
			WHERE backend_type = 'parallel worker'}),
	'no worker is left');
is($node->safe_psql('postgres', $catalogs),
	$catalogs_before, 'the catalogs are as before');
is($node->safe_psql('postgres', $kept),
	$kept_before, 'the model that was to be refreshed is as before');
my $log = slurp_file($node->logfile);
unlike($log, qr/PANIC|TRAP|terminated by signal/, 'no server process crashed');
unlike($log, qr/resource was not closed|leaked|still referenced/i,
	'no resource was leaked');

# And then it works.
$node->safe_psql('postgres', "$create; $refresh;");
is( $node->safe_psql('postgres',
		q{SELECT string_agg(name, ' ' ORDER BY name) FROM affinity.models
			WHERE items = (SELECT count(DISTINCT item_id) FROM facts)}),
	'big kept', 'uncancelled, both succeed');

$node->stop;
done_testing();
