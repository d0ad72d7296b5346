# A model whose tables a distributed engine has emptied is refused, with the
# way back. Citus itself is not needed: its catalog says so.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Shop;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\n");
$node->start;
create_shop($node, 'postgres');
create_model($node, 'postgres', 'shop', 'item_knn');
create_model($node, 'postgres', 'other', 'item_knn');

my @calls = (
	'SELECT * FROM shop.recommend(7, 5)', 'SELECT * FROM shop.recommend_all(5)', q{SELECT * FROM shop.similar_items('product 05', 5)},
	q{SELECT affinity.refresh_model('shop')}, q{SELECT affinity.refresh_model('shop', incremental => true)},
	q{SELECT affinity.alter_model('shop', options => '{"neighbors": 20}')}, q{SELECT * FROM affinity.evaluate('shop')});
my $session = $node->background_psql('postgres', on_error_stop => 0);
my $served = $session->query('SELECT count(*) FROM shop.recommend(7, 5)');
is($served, 5, 'it serves');

$node->safe_psql('postgres', q{
	SET allow_system_table_mods = on;
	CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid regclass NOT NULL, partmethod "char" NOT NULL);
	GRANT SELECT ON pg_catalog.pg_dist_partition TO PUBLIC;
	ANALYZE shop.items});
is($session->query('SELECT count(*) FROM shop.recommend(7, 5)'), 5, 'and where Citus is installed');

foreach my $table ('model', 'items', 'kept_interactions', 'popular_items', 'refreshes')
{
	$node->safe_psql('postgres', qq{
		INSERT INTO pg_dist_partition VALUES ('shop.$table', 'n');
		ALTER TABLE shop.$table SET (fillfactor = 100)});
	foreach my $call (@calls)
	{
		my ($status, $out, $err) = $node->psql('postgres', $call);
		like($err, qr/ERROR:  table "$table" of model "shop" is distributed\n.*\nHINT:  SELECT undistribute_table\('shop\.$table'\); and then: SELECT affinity\.refresh_model\('shop'\);/,
			"$table: $call");
	}
	$session->query('SELECT count(*) FROM shop.recommend(7, 5)');
	like($session->{stderr}, qr/table "$table" of model "shop" is distributed/, "$table: in a session that had it");
	$session->{stderr} = '';
	is($node->safe_psql('postgres', 'SELECT count(*) FROM other.recommend(7, 5)'), 5, "$table: others serve");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM affinity.models}), 2, "$table: models are listed");
	$node->safe_psql('postgres', qq{DELETE FROM pg_dist_partition; ALTER TABLE shop.$table RESET (fillfactor)});
	is($session->query('SELECT count(*) FROM shop.recommend(7, 5)'), 5, "$table: and then it serves again");
}
$session->quit;
$node->safe_psql('postgres', q{
	INSERT INTO pg_dist_partition VALUES ('shop.items', 'n');
	SELECT affinity.drop_model('shop')});
is($node->safe_psql('postgres', q{SELECT string_agg(name, ' ') FROM affinity.models}), 'other', 'it can be dropped');

# ---- other DDL on a model's tables: what is wrong is said, and a refresh mends

foreach my $case (
	[ 'ALTER TABLE other.items DROP COLUMN scores CASCADE', 'a dropped column' ],
	[ 'ALTER TABLE other.items ALTER COLUMN popularity TYPE float8', 'another type' ],
	[ 'DROP VIEW other.neighbors; ALTER TABLE other.items RENAME TO part; CREATE TABLE other.items (LIKE other.part) PARTITION BY LIST (item_no);
		ALTER TABLE other.items ATTACH PARTITION other.part DEFAULT', 'an attached partition' ])
{
	my ($ddl, $name) = @$case;

	$node->safe_psql('postgres', $ddl);
	my ($status, $out, $err) = $node->psql('postgres', 'SELECT * FROM other.recommend(7, 5)');
	like($err, qr/ERROR:  model "other" is damaged: .*\nHINT:  To make it whole: SELECT affinity\.refresh_model\('other'\);/, "$name: it is said");
	($status, $out, $err) = $node->psql('postgres', q{SELECT affinity.refresh_model('other'); SELECT count(*) FROM other.recommend(7, 5)});
	like($out, qr/^5$/m, "$name: a refresh mends it");
}

done_testing();
