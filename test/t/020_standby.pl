# A hot standby serves what its primary has learned, and learns nothing itself.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Shop;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->start;
create_shop($primary, 'postgres');
create_model($primary, 'postgres', 'shop', 'item_knn');
$primary->backup('base');

my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby);

is( answers($standby, 'postgres', 'shop'),
	answers($primary, 'postgres', 'shop'),
	'a standby recommends as its primary does');

foreach my $workers (0, 2)
{
	my $all = "SET max_parallel_maintenance_workers = $workers;
		SELECT md5(string_agg(r::text, ',')), count(*) FROM shop.recommend_all(5) r";

	is($standby->safe_psql('postgres', $all), $primary->safe_psql('postgres', $all),
		"for everybody, too, with $workers workers");
}

# One session of the standby, so that its cache is warm while things change.
my $session = $standby->background_psql('postgres');
my $top = 'SELECT string_agg(item_id, \', \' ORDER BY rank) FROM shop.recommend(7, 5)';
my $before = $session->query_safe($top);
my $alike = q{SELECT string_agg(neighbor_id || ' ' || score, ', ' ORDER BY rank)
	FROM shop.neighbors WHERE item_id = 'product 00'};
my $neighbors = $session->query_safe($alike);

$primary->safe_psql('postgres', q{INSERT INTO purchases
	SELECT 7, item_id, 1, now() FROM shop.recommend(7, 1)});
$primary->wait_for_catchup($standby);
my ($bought) = split /, /, $before;
unlike($session->query_safe($top), qr/\Q$bought\E/,
	'a purchase that was replicated is no longer recommended');

$primary->safe_psql('postgres', q{
	INSERT INTO purchases SELECT c, 'product 00', 1, now() FROM generate_series(1, 200, 3) c;
	SELECT FROM affinity.refresh_model('shop')});
$primary->wait_for_catchup($standby);
isnt($session->query_safe($alike), $neighbors,
	'a refresh on the primary reaches a session that had the old version');
is( $session->query_safe($top), $primary->safe_psql('postgres', $top),
	'which then recommends as the primary does');
$session->quit;

foreach my $call (
	q{affinity.create_model('other', 'SELECT customer_id, product FROM purchases', 'item_knn')},
	q{affinity.refresh_model('shop')},
	q{affinity.drop_model('shop')})
{
	my ($status, $out, $err) = $standby->psql('postgres',
		"\\set VERBOSITY verbose\nSELECT $call");
	like($err, qr/ERROR:  25006: /, "refused on a standby: $call");
}

# ---- what vacuum removes on the primary ---------------------------------

# A refresh on the primary, after which the version before is removed.
sub refresh_and_vacuum
{
	my ($product) = @_;

	$primary->safe_psql('postgres', qq{
		SET client_min_messages = warning;
		INSERT INTO purchases SELECT c, '$product', 1, now() FROM generate_series(2, 200, 3) c;
		SELECT FROM affinity.refresh_model('shop')});
	$primary->safe_psql('postgres', 'VACUUM shop.items, shop.model');
	$primary->wait_for_catchup($standby);
	return;
}

my $state = "\\set VERBOSITY verbose\n";

$standby->append_conf('postgresql.conf', "max_standby_streaming_delay = 10ms\nwal_receiver_status_interval = 1s\n");
$standby->reload;
$session = $standby->background_psql('postgres', on_error_stop => 0);
$session->query_until(qr/started/, "$state\\echo started\nSELECT pg_sleep(600), r FROM shop.recommend(7, 5) r;\n");
$standby->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity
	WHERE query LIKE '%pg_sleep(600)%' AND wait_event = 'PgSleep'});
refresh_and_vacuum('product 01');
my $after = $session->query($top);
like($session->{stderr}, qr/ERROR:  40001: canceling statement due to conflict with recovery/,
	'a statement of a standby that needs what vacuum removed is canceled');
is($after, $primary->safe_psql('postgres', $top), 'and the next call of that session is right');
$session->quit;

# With feedback the primary keeps what a standby needs.
$standby->append_conf('postgresql.conf', "hot_standby_feedback = on\n");
$standby->reload;
$session = $standby->background_psql('postgres', on_error_stop => 0);
$session->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
$before = $session->query_safe("$top; $alike");
my $xmin = $session->query_safe('SELECT pg_snapshot_xmin(pg_current_snapshot())');
$primary->poll_query_until('postgres',
	"SELECT count(*) = 1 FROM pg_stat_replication WHERE backend_xmin::text::bigint <= $xmin");
refresh_and_vacuum('product 02');
is($session->query_safe("$top; $alike"), $before, 'with hot_standby_feedback a snapshot keeps its version');
$session->query_safe('COMMIT');
is($session->query_safe("$top; $alike"), $primary->safe_psql('postgres', "$top; $alike"),
	'and the next transaction has the new one');

# The standby takes over; that session goes on.
$standby->promote;
create_model($standby, 'postgres', 'other', 'popular');
$before = $session->query_safe("$top; $alike");
$standby->safe_psql('postgres', q{
	INSERT INTO purchases SELECT c, 'product 03', 1, now() FROM generate_series(1, 200, 3) c;
	SELECT FROM affinity.refresh_model('shop')});
is( $standby->safe_psql('postgres', 'SELECT count(*) FROM affinity.models'),
	'2', 'a promoted standby creates and refreshes models');
$after = $session->query_safe("$top; $alike");
isnt($after, $before, 'and a session that it served before goes on with the new version');
is($after, $standby->safe_psql('postgres', "$top; $alike"), 'as any other');
$session->quit;

$standby->stop;
$primary->stop;
done_testing();
