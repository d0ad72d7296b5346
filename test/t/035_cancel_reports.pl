# Canceling reports over millions of periods, or with much work for one user: they
# end, and the session goes on. No time is asserted but that of the kill switch,
# which what is canceled here was far beyond.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $kill_after = 60;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\njit = off\n");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION affinity;
	CREATE TABLE state AS SELECT
		-- 8 million hours from the first to the last
		(SELECT affinity.activity_agg(1 + i % 3, timestamp '1100-01-01' + i * interval '1000 hours', 'hour') FROM generate_series(0, 8000) i) AS long,
		(SELECT affinity.activity_agg(1 + i % 3, timestamp '1100-01-01' + i * interval '1000 hours', 'hour', NULL, true, true) FROM generate_series(0, 8000) i) AS times,
		(SELECT affinity.value_agg(1 + i % 3, timestamp '1100-01-01' + i * interval '1000 hours', 1, 'hour') FROM generate_series(0, 8000) i) AS value,
		-- users who come back in each of 100,000 hours
		(SELECT affinity.activity_agg(u, timestamp '2000-01-01' + i * interval '1 hour', 'hour') FROM generate_series(1, 40) u, generate_series(1, 100000) i) AS dense,
		-- what one user's range_retention_count might be: 60,000 days, the last first
		(SELECT array_agg((d::bigint << 16) + 1 ORDER BY d DESC) FROM generate_series(1, 60000) d) AS days,
		array_fill(7, ARRAY[2000000]) AS events;
});

# canceled(QUERY, MILLISECONDS): its statement_timeout ends it, and no kill switch.
sub canceled
{
	my ($name, $query, $limit) = @_;
	my $timed_out;

	my ($status, $out, $err) = $node->psql('postgres', qq{
		\\set VERBOSITY verbose
		SET statement_timeout = $limit;
		$query;
		SET statement_timeout = 0;
		SELECT 'the session goes on';}, timeout => $kill_after, timed_out => \$timed_out, on_error_stop => 0);
	ok(!$timed_out, "$name: ended by itself");
	ok(!$timed_out && $out =~ /the session goes on$/ && ($err eq '' || $err =~ /ERROR:  57014: /), "$name: canceled, or done") or diag $err;
	return $err =~ /57014/;
}

# These take minutes, and looked at interrupts every 1,024 users or 65,536 days.
foreach my $endless (
	[ 'recurring cohorts, brackets', q{SELECT count(*) FROM state, affinity.retention(dense, mode => 'recurring', criterion => 'bracket', brackets => '{1,2,100000}')} ],
	[ 'pooled recurring cohorts', q{SELECT count(*) FROM state, affinity.retention_curve(dense, mode => 'recurring', criterion => 'bracket', brackets => '{100000}')} ],
	[ 'days in reverse order', q{SELECT cardinality(affinity.range_retention_sum(days)) FROM state} ])
{
	my ($name, $query) = @$endless;

	ok(canceled($name, $query, 700), "$name: canceled");
}

# These end in seconds; canceled at several moments.
foreach my $query (
	'SELECT count(*) FROM state, affinity.retention_curve(long)',
	'SELECT count(*) FROM state, affinity.retention_curve(times, rolling => true)',
	'SELECT count(*) FROM state, affinity.active_users(long, NULL, 24, 168)',
	'SELECT count(*) FROM state, affinity.lifecycle(dense)',
	'SELECT count(*) FROM state, affinity.frequency(dense)',
	'SELECT count(*) FROM state, affinity.revenue_retention(value, max_period => 3)',
	q{SELECT affinity.users(affinity.coarsen(dense, 'day')) FROM state},
	'SELECT affinity.path_before(events, 3) FROM state',
	q{SELECT count(*) FROM affinity.communities('SELECT hashint4(i) & 65535, hashint4(-i) & 65535 FROM generate_series(1, 200000) i', NULL::int)},
	# one row of 80 MB, of which one edge is 1.6 MB
	q{SELECT cardinality(affinity.path_edges(array_fill(repeat('(?1)', 200000), ARRAY[100]) ORDER BY n)) FROM generate_series(1, 3) n})
{
	my ($name) = $query =~ /affinity\.(\w+(?:\(\w+)+)/;

	canceled("$name, $_ ms", $query, $_) foreach (20, 100, 500);
}

unlike(slurp_file($node->logfile), qr/PANIC|TRAP|terminated by signal/, 'no server process crashed');
$node->stop;
done_testing();
