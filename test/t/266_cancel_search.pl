# Canceling what computes long without reading a row: the search for communities,
# while it searches, and beta posteriors, in the middle of a variant. They end,
# and the session goes on. No time is asserted but that of the kill switch.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $kill_after = 180;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\njit = off\n");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION affinity;
	-- one member who knows all, and everybody a few
	CREATE TABLE edge AS SELECT (hashint8extended(i, 1) & 262143)::int AS a, CASE WHEN i % 8 = 0 THEN 0 ELSE hashint8extended(i, 2) & 262143 END::int AS b FROM generate_series(1, 1000000) i;
	-- 1,000 variants without a success, with a prior that says nothing: seconds each, at worst
	CREATE TABLE variant AS SELECT array_agg('v' || v) AS names, array_agg(m) AS metrics
	FROM (SELECT affinity.metric_agg(i > 1000) AS m FROM generate_series(1, 1000) i) q, generate_series(1, 1000) v;
});

# ---- while it searches ---------------------------------------------------

my $canceled = 0;
foreach my $call (
	[ 'leiden', q{affinity.communities('SELECT a, b FROM edge', NULL::int, iterations => 1000000)} ],
	[ 'leiden, cpm', q{affinity.communities('SELECT a, b FROM edge', NULL::int, 0.0001, quality => 'cpm', iterations => 1000000)} ],
	[ 'label propagation', q{affinity.communities('SELECT a, b FROM edge', NULL::int, method => 'label_propagation', iterations => 1000000000)} ])
{
	my ($name, $from) = @$call;
	my $session = $node->background_psql('postgres', on_error_stop => 0);
	my $pid = $session->query_safe('SELECT pg_backend_pid()');

	$session->query_until(qr/begun/, "\\echo begun\nSELECT 'communities ' || count(*) FROM $from;\nSELECT 'the session ' || 'goes on';\n");
	my $searched = $node->poll_query_until('postgres', qq{SELECT coalesce((SELECT phase = 'searching' FROM affinity.progress WHERE pid = $pid)
		OR (SELECT query LIKE '%session%' OR state = 'idle' FROM pg_stat_activity WHERE pid = $pid), false)});
	ok($searched, "$name: searches");
	my $sent = $node->safe_psql('postgres', "SELECT pg_cancel_backend($pid) FROM pg_stat_activity WHERE pid = $pid AND query LIKE '%communities%' AND state = 'active'");
	my $ended = $node->poll_query_until('postgres', "SELECT state = 'idle' FROM pg_stat_activity WHERE pid = $pid");
	my $out = $session->query("SELECT 'asked again'");
	$canceled += $sent eq 't';
	is(() = slurp_file($node->logfile) =~ /ERROR:  canceling statement due to user request/g, $canceled, "$name: by the cancel, not by itself");
	ok($ended && $out =~ /asked again/, "$name: canceled while it searched, and the session goes on");
	is($node->safe_psql('postgres', "SELECT count(*) FROM affinity.progress WHERE pid = $pid"), 0, "$name: shows no progress any more");
	$session->quit;
}

# ---- in the middle of a variant --------------------------------------------

my $timed_out;
my $many = q{SELECT count(*) FROM variant, affinity.experiment(names, metrics, 'v1', 'bayesian', prior_alpha => 0.001, prior_beta => 0.001)};
my ($status, $out, $err);
foreach my $limit (50, 400)
{
	($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSET statement_timeout = $limit;\n$many;\nRESET statement_timeout;\nSELECT 'the session goes on';",
		timeout => $kill_after, timed_out => \$timed_out, on_error_stop => 0);
	ok(!$timed_out, "beta posteriors of 1,000 variants, $limit ms: ended by itself");
	like($err, qr/ERROR:  57014: /, 'canceled');
	like($out, qr/the session goes on$/, 'and the session goes on');
}
# of one variant
($status, $out, $err) = $node->psql('postgres', q{
	\set VERBOSITY verbose
	SET statement_timeout = 5;
	SELECT count(*) FROM variant, affinity.experiment(names[1:2], metrics[1:2], 'v1', 'bayesian', prior_alpha => 0.001, prior_beta => 0.001);
	RESET statement_timeout;
	SELECT 'the session goes on';}, timeout => $kill_after, timed_out => \$timed_out, on_error_stop => 0);
ok(!$timed_out && $out =~ /the session goes on$/ && $err =~ /57014/, 'a single variant is canceled too') or diag $err;

unlike(slurp_file($node->logfile), qr/PANIC|TRAP|terminated by signal/, 'no server process crashed');
$node->stop;
done_testing();
