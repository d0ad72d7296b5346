# A standby serves while its primary refreshes and vacuums in a loop, with the
# settings that docs/operation.md has. Where replay waits five seconds, no call
# is canceled. Where it waits for nobody (max_standby_streaming_delay = 0), a
# call is canceled by nothing but the pin of a page that VACUUM cleans, which
# no setting excludes: neither by a lock nor for its snapshot.
#
#	STANDBY_SECONDS=600		how long, each (4)
use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Shop;

my $seconds = $ENV{STANDBY_SECONDS} // 4;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', q{
fsync = off
autovacuum_naptime = 1s
log_min_messages = error
log_statement = none
});
$primary->start;
create_shop($primary, 'postgres');
create_model($primary, 'postgres', 'shop', 'item_knn');
$primary->safe_psql('postgres', q{
	SET client_min_messages = warning;
	SELECT affinity.alter_model('shop', materialize => true);
	CREATE TABLE states AS
	SELECT customer_id % 10 AS bucket, affinity.activity_agg(customer_id, at, 'day') AS a
	FROM purchases GROUP BY 1});

# ---- tables that refreshes write over: their length, and their keys --------

my $told = q{
	SELECT string_agg(relname, ' ' ORDER BY relname COLLATE "C") FROM pg_class c
	WHERE relnamespace = 'shop'::regnamespace AND relkind = 'r'
		AND 'vacuum_truncate=false' = ANY (reloptions)
		AND (reltoastrelid = 0 OR EXISTS (SELECT FROM pg_class t
			WHERE t.oid = c.reltoastrelid AND 'vacuum_truncate=false' = ANY (t.reloptions)))};
my $all = 'items kept_interactions model popular_items refreshes';

is($primary->safe_psql('postgres', $told), $all, 'they keep their length');
is($primary->safe_psql('postgres', q{
	SELECT string_agg(relname, ' ') FROM pg_class c
	WHERE relnamespace = 'shop'::regnamespace AND relkind = 'r' AND (relreplident <> 'd'
		OR NOT EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary))}), '',
	'all have a primary key to be replicated by');

# A model of before is told by upgrade_models; what its owner has said stays.
$primary->safe_psql('postgres', q{
	SET client_min_messages = error;
	ALTER TABLE shop.items RESET (vacuum_truncate, toast.vacuum_truncate);
	ALTER TABLE shop.model RESET (vacuum_truncate, toast.vacuum_truncate);
	ALTER TABLE shop.refreshes SET (vacuum_truncate = true);
	ALTER TABLE shop.refreshes RESET (toast.vacuum_truncate);
	DO $$BEGIN
		EXECUTE (SELECT 'CREATE OR REPLACE VIEW shop.definition AS ' || replace(pg_get_viewdef('shop.definition'), quote_literal(objects), '''older''')
			FROM shop.definition);
	END$$;
	SELECT affinity.upgrade_models()});
is($primary->safe_psql('postgres', $told), 'items kept_interactions model popular_items',
	'so do those of a model that was there before');
$primary->safe_psql('postgres', 'ALTER TABLE shop.refreshes SET (vacuum_truncate = false)');
is($primary->safe_psql('postgres', $told), $all, 'the owner has the last word');

# ---- a standby under refreshes -------------------------------------------

$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->append_conf('postgresql.conf', q{
max_standby_streaming_delay = 5s
hot_standby_feedback = on
wal_receiver_status_interval = 1s
});
$standby->start;
$primary->wait_for_catchup($standby);

# Not before the primary knows what the standby reads.
$primary->poll_query_until('postgres', 'SELECT backend_xmin IS NOT NULL FROM pg_stat_replication')
	or die 'no feedback';

sub bench
{
	my ($node, $name, $sql, @more) = @_;
	my $file = $node->basedir . "/$name.sql";
	my $run = { name => $name };

	append_to_file($file, $sql);
	$run->{harness} = IPC::Run::start(
		[ 'pgbench', '-n', '-T', $seconds, @more, '-f', $file, '-h', $node->host, '-p', $node->port, 'postgres' ],
		'>', \$run->{out}, '2>', \$run->{err}, IPC::Run::timeout($seconds + 180));
	return $run;
}

sub finish
{
	my ($run) = @_;

	$run->{harness}->finish;
	($run->{done}) = $run->{out} =~ /number of transactions actually processed: (\d+)/;
	($run->{failed}) = $run->{out} =~ /number of failed transactions: (\d+)/;
	return $run;
}

# Conflicts that the standby counts, by what it canceled a call for. Workers of
# a call are counted too.
sub conflicts
{
	my ($kinds) = @_;

	return $standby->safe_psql('postgres', "SELECT $kinds FROM pg_stat_database_conflicts WHERE datname = 'postgres'");
}

# Refreshes here, calls there: how many of these were canceled.
sub serve_under_refresh
{
	my ($delay) = @_;
	my $canceled = 0;
	my $refresh = bench($primary, "refresh $delay", q{
INSERT INTO purchases SELECT 1 + random() * 199, 'product ' || lpad(floor(random() * 60)::text, 2, '0'), 1, now() FROM generate_series(1, 5);
SELECT FROM affinity.refresh_model('shop');
VACUUM shop.items, shop.model, shop.kept_interactions, shop.refreshes, shop.popular_items;
});
	my @serving = (
		bench($standby, "recommend $delay", '\set u random(1, 200)' . q{
SELECT count(*) FROM shop.recommend(:u, 10);
SELECT count(*) FROM shop.similar_items('product 05', 10);
}),
		bench($standby, "recommend_all $delay", q{
SELECT count(*) FROM shop.recommend_all(10);
}),
		bench($standby, "cohorts $delay", q{
SELECT count(*) FROM affinity.retention((SELECT affinity.rollup(a) FROM states));
}));

	finish($_) foreach $refresh, @serving;
	cmp_ok($refresh->{done} // 0, '>', 2, "delay $delay: the primary refreshed");
	diag("$refresh->{err}") if !$refresh->{done};
	foreach my $run (@serving)
	{
		note("$run->{name}: $run->{done} calls, $run->{failed} failed");
		cmp_ok($run->{done} // 0, '>', 2, "$run->{name}: calls on the standby");
		is(join('', $run->{err} =~ /^.*(?:error|aborted).*$/mg), '', "$run->{name}: none failed");
		$canceled += $run->{failed};
	}
	note("$refresh->{done} refreshes; conflicts: "
			. conflicts(q{format('lock %s, snapshot %s, pin %s', confl_lock, confl_snapshot, confl_bufferpin)}));
	return $canceled;
}

is(serve_under_refresh('5s'), 0, 'no call was canceled where replay waits for five seconds');
is(conflicts('confl_lock + confl_snapshot + confl_bufferpin + confl_deadlock + confl_tablespace'), 0, 'the server counts no conflict');

$standby->safe_psql('postgres', 'ALTER SYSTEM SET max_standby_streaming_delay = 0');
$standby->reload;
$standby->poll_query_until('postgres', q{SELECT setting = '0' FROM pg_settings WHERE name = 'max_standby_streaming_delay'})
	or die 'no delay of 0';
my $canceled = serve_under_refresh('0');
is(conflicts('confl_lock + confl_snapshot + confl_deadlock + confl_tablespace'), 0, 'without delay none is canceled by a lock, nor for its snapshot');
cmp_ok($canceled, '<=', conflicts('confl_bufferpin'), 'a call is canceled by a pin alone');
$primary->wait_for_catchup($standby);
is(answers($standby, 'postgres', 'shop'), answers($primary, 'postgres', 'shop'), 'and it recommends as its primary does');
is($standby->safe_psql('postgres', 'SELECT version FROM shop.model'), $primary->safe_psql('postgres', 'SELECT version FROM shop.model'),
	'with the same version');

done_testing();
