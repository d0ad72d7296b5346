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

# The standby takes over.
$standby->promote;
create_model($standby, 'postgres', 'other', 'popular');
$standby->safe_psql('postgres', q{SELECT FROM affinity.refresh_model('shop')});
is( $standby->safe_psql('postgres', 'SELECT count(*) FROM affinity.models'),
	'2', 'a promoted standby creates and refreshes models');

$standby->stop;
$primary->stop;
done_testing();
