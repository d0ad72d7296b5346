# Logical replication of all tables: models go on being refreshed, those made
# before their tables had a key too, and a subscriber serves from what it gets.
use strict;
use warnings;

use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Shop;

my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical');
$publisher->start;
create_shop($publisher, 'postgres');
# what logical upgrades ask of every table
$publisher->safe_psql('postgres', q{
	ALTER TABLE purchases ADD id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY});
create_model($publisher, 'postgres', 'shop', 'item_knn');
create_model($publisher, 'postgres', 'factors', 'ials');
# "model" as it was made before it had a key
$publisher->safe_psql('postgres', q{
	ALTER TABLE factors.model DROP CONSTRAINT model_pkey, ALTER version DROP NOT NULL;
	SELECT FROM affinity.refresh_model('shop');
	SELECT FROM affinity.refresh_model('shop')});
is($publisher->safe_psql('postgres', q{
		SELECT string_agg(n.nspname || '.' || c.relname, ' ' ORDER BY 1) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
		WHERE nspname IN ('shop', 'factors') AND relkind = 'r'
		AND NOT EXISTS (SELECT FROM pg_index i WHERE indrelid = c.oid AND indisprimary)}),
	'factors.model', 'all tables have a key but the old one');
$publisher->safe_psql('postgres', q{
	CREATE PUBLICATION everything FOR ALL TABLES;
	SELECT FROM affinity.refresh_model('factors')});
is($publisher->safe_psql('postgres', q{SELECT count(*) FROM pg_index WHERE indrelid = 'factors.model'::regclass AND indisprimary}),
	'1', 'a refresh that is published gives the old model its key');

my $dump = $publisher->basedir . '/schema.sql';
$publisher->command_ok([ 'pg_dump', '-s', '--no-publications', '-f', $dump, $publisher->connstr('postgres') ],
	'pg_dump -s');
my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init(allows_streaming => 'logical');
$subscriber->start;
$subscriber->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', $dump,
		$subscriber->connstr('postgres') ], 'the subscriber has the schema');

my $from = $publisher->connstr . ' dbname=postgres';
$subscriber->safe_psql('postgres',
	"CREATE SUBSCRIPTION everything CONNECTION '$from' PUBLICATION everything");
wait_until_received($subscriber, $publisher, 'everything');

sub same
{
	my ($when) = @_;

	$publisher->wait_for_catchup('everything');
	foreach my $model ('shop', 'factors')
	{
		my $answers = answers($publisher, 'postgres', $model);

		isnt($answers, '', "$when: $model has answers");
		is(answers($subscriber, 'postgres', $model), $answers, "$when: $model answers alike on the subscriber");
	}
	my $models = 'SELECT name, algorithm, version, items, trained_at FROM affinity.models ORDER BY name';
	is($subscriber->safe_psql('postgres', $models), $publisher->safe_psql('postgres', $models),
		"$when: affinity.models lists the same");
}

same('at first');

# A session of the subscriber that has the version cached that is replaced.
my $session = $subscriber->background_psql('postgres');
my $alike = q{SELECT string_agg(concat(item_id, ' ', score), ', ' ORDER BY rank) FROM shop.similar_items('product 00')};
my $before = $session->query_safe($alike);
my $more = q{INSERT INTO purchases (customer_id, product, quantity, at)
	SELECT c, 'product 00', 1, now() FROM generate_series(1, 200, %d) c};
$publisher->safe_psql('postgres', sprintf($more, 3) . q{;
	SELECT FROM affinity.refresh_model('shop');
	SELECT FROM affinity.refresh_model('factors')});
same('after a refresh');
isnt($session->query_safe($alike), $before, 'a session that had the old version has the new one');
is($session->query_safe($alike), $publisher->safe_psql('postgres', $alike), 'and answers as the publisher does');
unlike(slurp_file($subscriber->logfile), qr/ERROR/, 'the subscriber has met no error');

# The subscriber takes over. Sequences are not replicated, so its own is behind
# the version that it has; no version is used twice for all that.
$subscriber->safe_psql('postgres', q{
	ALTER SUBSCRIPTION everything DISABLE;
	ALTER SUBSCRIPTION everything SET (slot_name = NONE);
	DROP SUBSCRIPTION everything;
	SELECT setval(pg_get_serial_sequence('purchases', 'id'), max(id)) FROM purchases});
my $version = $subscriber->safe_psql('postgres', q{SELECT version FROM shop.model});
is($session->query_safe($alike), $subscriber->safe_psql('postgres', $alike), 'before it takes over');
$subscriber->safe_psql('postgres', sprintf($more, 7) . q{; SELECT FROM affinity.refresh_model('shop')});
is($subscriber->safe_psql('postgres', q{SELECT version FROM shop.model}), $version + 1, 'the next version');
is($session->query_safe($alike), $subscriber->safe_psql('postgres', $alike), 'is seen by a session that knew the last');
$session->quit;

# By schema, and without any publication.
$publisher->safe_psql('postgres', q{
	CREATE PUBLICATION one FOR TABLES IN SCHEMA shop;
	DROP PUBLICATION everything;
	SELECT FROM affinity.refresh_model('shop');
	DROP PUBLICATION one;
	SELECT FROM affinity.refresh_model('shop');
	SELECT FROM affinity.drop_model('factors')});

$subscriber->stop;
$publisher->stop;
done_testing();
