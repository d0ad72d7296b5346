# Models that keep their interactions: the same answers, as of the last refresh,
# for whom the owner lets read them.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Shop;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\n");
$node->start;
create_shop($node, 'postgres');
$node->safe_psql('postgres', 'CREATE ROLE reader');

sub sql
{
	return $node->safe_psql('postgres', join ';', @_);
}

# What a statement prints as errors and notices.
sub err
{
	my ($out, $err);

	$node->psql('postgres', join(';', @_), stdout => \$out, stderr => \$err);
	return $err;
}

# Everything that reads interactions.
sub everything
{
	my ($db) = @_;

	return join "\n", answers($node, $db, 'shop'), $node->safe_psql($db, q{
		SELECT * FROM shop.recommend_all(4);
		SELECT * FROM shop.audience('product 03', 7);
		SELECT * FROM shop.similar_users(3, 7);
		SELECT * FROM shop.explain(3, 'product 33', 5);
		SELECT * FROM shop.score(3, ARRAY['product 03', 'product 33'])});
}

foreach my $algorithm ('item_knn', 'ials', 'als')
{
	my $live;
	my $of_one = q{SELECT item_id FROM shop.recommend(7, 60)};
	my $bought = q{INSERT INTO purchases SELECT 7, 'product 41', 4, now() FROM generate_series(1, 3)};

	create_model($node, 'postgres', 'shop', $algorithm);
	$live = everything('postgres');
	my $size = sql(q{SELECT size FROM affinity.models});
	my $notice = err(q{SELECT affinity.alter_model('shop', materialize => true)});

	like($notice, qr/model "shop" keeps 3000 interactions.*\n.*\n.*GRANT SELECT ON shop.kept_interactions TO/, "$algorithm: says what it keeps");
	is(everything('postgres'), $live, "$algorithm: the same answers of what is kept");
	is(sql('SELECT count(*), count(DISTINCT user_id) FROM shop.kept_interactions'), '3000|200', "$algorithm: the rows are there");
	cmp_ok(sql('SELECT size FROM affinity.models'), '>', $size + 100000, "$algorithm: the size has them");
	is(sql(q{SELECT status, hint IS NULL FROM affinity.models}), 'ready|t', "$algorithm: the model is ready");

	# as of the last refresh
	sql(q{DELETE FROM purchases WHERE customer_id = 7 AND product = 'product 41'}, q{SELECT affinity.refresh_model('shop')});
	unlike(err(q{SELECT affinity.refresh_model('shop')}), qr/keeps/, "$algorithm: a refresh does not say it again");
	my $before = sql($of_one);
	sql($bought, q{INSERT INTO purchases VALUES (1000, 'product 41', 4, now())});
	like($before, qr/^product 41$/m, "$algorithm: what is not bought is recommended");
	is(sql($of_one), $before, "$algorithm: what is bought counts from the next refresh");
	is(sql('SELECT bool_or(personalized) FROM shop.recommend(1000)'), 'f', "$algorithm: a new user is unknown until then");

	# a refresh that is not committed
	is(err(q{BEGIN}, q{SELECT affinity.refresh_model('shop')}, q{ROLLBACK}) =~ /ERROR/ ? 1 : 0, 0, "$algorithm: a refresh can be rolled back");
	is(sql($of_one), $before, "$algorithm: and nothing has changed");
	sql(q{SELECT affinity.refresh_model('shop')});
	unlike(sql($of_one), qr/^product 41$/m, "$algorithm: the refresh has seen it");
	is(sql('SELECT bool_or(personalized) FROM shop.recommend(1000)'), 't', "$algorithm: and the new user");

	# and back
	sql(q{SELECT affinity.alter_model('shop', materialize => false)});
	is(sql('SELECT count(*) FROM shop.kept_interactions'), '0', "$algorithm: nothing is kept any more");
	sql(q{DELETE FROM purchases WHERE customer_id = 7 AND product = 'product 41'});
	like(sql($of_one), qr/^product 41$/m, "$algorithm: histories are live again");
	sql(q{SELECT affinity.drop_model('shop')}, q{DELETE FROM purchases WHERE customer_id = 1000});
}

# ---- rights
sql(q{SELECT affinity.create_model('shop', 'SELECT customer_id, product, quantity FROM purchases', 'item_knn', materialize => true)},
	'GRANT USAGE ON SCHEMA shop TO reader', 'GRANT SELECT ON purchases TO reader');
my $ask = 'SET ROLE reader; SELECT count(*) FROM shop.recommend(3)';
like(err($ask), qr/permission denied for table kept_interactions/, 'whoever may use the model may not read what it keeps');
like(err('SET ROLE reader; SELECT count(*) FROM shop.recommend_all(3)'), qr/permission denied for table kept_interactions/, 'nor all of it');
is(sql('SET ROLE reader; SELECT count(*) FROM shop.similar_items($$product 03$$)'), '10', 'what needs no user works');
sql('GRANT SELECT ON shop.kept_interactions TO reader', 'REVOKE SELECT ON purchases FROM reader');
is(sql($ask), '10', 'whom the owner lets may, without a right on the source');
sql(q{SELECT affinity.refresh_model('shop')});
is(sql($ask), '10', 'also after a refresh');

# ---- what happens to models
my $kept = everything('postgres');
err('DROP TABLE shop.kept_interactions');
my $lost = err("\\set VERBOSITY verbose\nSELECT * FROM shop.recommend(3)");
like($lost, qr/ERROR:  55000: model "shop" has lost its table "kept_interactions"\nHINT:  To make it again: SELECT affinity.refresh_model\('shop'\);/,
	'a lost copy is named');
is(sql(q{SELECT status, hint FROM affinity.models}), q{damaged|SELECT affinity.refresh_model('shop');}, 'and listed');
like(sql('SELECT done FROM affinity.upgrade_models()'), qr/kept_interactions made/, 'upgrade_models makes it again');
is(everything('postgres'), $kept, 'with its rows');
err('DROP TABLE shop.kept_interactions');
sql(q{SELECT affinity.refresh_model('shop')});
is(everything('postgres'), $kept, 'so does a refresh');

sql('CREATE PUBLICATION everything FOR ALL TABLES', q{SELECT affinity.refresh_model('shop')}, 'DROP PUBLICATION everything');
is(everything('postgres'), $kept, 'a publication of all tables stops no refresh');

sql(q{ALTER TABLE purchases RENAME TO sold}, q{CREATE TABLE purchases AS SELECT customer_id::bigint, product, quantity, at FROM sold});
sql(q{SELECT affinity.alter_model('shop', query => 'SELECT customer_id, product, quantity FROM purchases')});
is(sql(q{SELECT format_type(atttypid, -1) FROM pg_attribute WHERE attrelid = 'shop.kept_interactions'::regclass AND attname = 'user_id'}),
	'bigint', 'ids of another type');
is(sql('SELECT count(*) FROM shop.kept_interactions'), '3000', 'the rows are there');
is(everything('postgres'), $kept, 'and the answers are the same');

sql(q{SELECT affinity.create_model('shop', 'SELECT customer_id, product, quantity FROM sold', 'item_knn', if_exists => 'replace')});
is(sql('SELECT materialize FROM shop.definition'), 'f', 'replaced by a model that is not materialized');
sql(q{SELECT affinity.create_model('shop', 'SELECT customer_id, product, quantity FROM sold', 'item_knn', if_exists => 'replace', materialize => true)});
is(sql('SELECT materialize FROM shop.definition'), 't', 'and by one that is');

# ---- dumps
my $file = $node->basedir . '/dump.sql';
command_ok([ 'pg_dump', '-f', $file, $node->connstr('postgres') ], 'dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('restored'), '-f', $file ], 'restore');
is(everything('restored'), everything('postgres'), 'a dump has what is kept');
$node->safe_psql('restored', q{DELETE FROM sold; INSERT INTO sold SELECT * FROM purchases WHERE customer_id < 100; SELECT affinity.refresh_model('shop')});
is($node->safe_psql('restored', 'SELECT count(DISTINCT user_id) FROM shop.kept_interactions'), '99', 'and a refresh keeps what is there now');

# ---- an empty source, and an untrained model
sql(q{SELECT affinity.drop_model('shop')}, 'CREATE TABLE nothing AS TABLE sold WITH NO DATA',
	q{SELECT affinity.create_model('shop', 'SELECT customer_id, product FROM nothing', 'item_knn', materialize => true)});
is(sql('SELECT count(*) FROM shop.recommend(3)'), '0', 'nothing to learn from');
sql('INSERT INTO nothing TABLE sold', q{SELECT affinity.refresh_model('shop')});
is(sql('SELECT bool_and(personalized) FROM shop.recommend(3)'), 't', 'then there is');
sql('DROP TABLE nothing CASCADE');
is(sql('SELECT bool_and(personalized) FROM shop.recommend(3)'), 't', 'what is kept is served without a source');

done_testing();
