# Packed baskets between databases: made where the rows are, read over postgres_fdw,
# several of a user; sent in binary; a model of them through a dump.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\n");
$node->start;
my ($host, $port) = ($node->host, $node->port);

# rows of a user are on both shards
foreach my $shard (1, 2)
{
	$node->safe_psql('postgres', "CREATE DATABASE shard$shard");
	$node->safe_psql("shard$shard", qq{
		CREATE EXTENSION affinity;
		CREATE TABLE facts (user_id bigint, item text, weight float8, at timestamptz);
		INSERT INTO facts SELECT hashint8extended(n, 1) & 255, 'item ' || (hashint8extended(n, 2) & 127), 1 + n % 3, '2024-01-01 00:00+00'::timestamptz + n * interval '1 min'
			FROM generate_series(1, 6000) n WHERE n % 2 = $shard - 1;
		CREATE VIEW baskets AS SELECT user_id, affinity.basket_agg(item, weight, at) AS basket FROM facts GROUP BY user_id});
}
$node->safe_psql('postgres', q{
	CREATE EXTENSION affinity;
	CREATE EXTENSION postgres_fdw;
	CREATE SCHEMA shards});
foreach my $shard (1, 2)
{
	$node->safe_psql('postgres', qq{
		CREATE SERVER shard$shard FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname 'shard$shard');
		CREATE USER MAPPING FOR CURRENT_USER SERVER shard$shard;
		CREATE FOREIGN TABLE shards.facts$shard (user_id bigint, item text, weight float8, at timestamptz) SERVER shard$shard OPTIONS (schema_name 'public', table_name 'facts');
		CREATE FOREIGN TABLE shards.baskets$shard (user_id bigint, basket affinity.basket_text) SERVER shard$shard OPTIONS (schema_name 'public', table_name 'baskets')});
}

my $rows = 'SELECT user_id, item, weight, at FROM shards.facts1 UNION ALL SELECT * FROM shards.facts2';
my $baskets = 'SELECT user_id, basket FROM shards.baskets1 UNION ALL SELECT * FROM shards.baskets2';
my $record = sub {
	my ($db, $model) = @_;
	return $node->safe_psql($db, qq{SELECT md5(jsonb_build_object('model', to_jsonb(m) - 'version' - 'trained_at' - 'duration',
		'items', (SELECT jsonb_agg(i ORDER BY item_no) FROM $model.items i))::text) FROM $model.model m});
};
$node->safe_psql('postgres', qq{
	SELECT affinity.create_model('rows', '$rows', 'item_knn', '{"half_life": "2 days"}');
	SELECT affinity.create_model('baskets', '$baskets', 'item_knn', '{"half_life": "2 days"}')});
is($record->('postgres', 'baskets'), $record->('postgres', 'rows'), 'a model of baskets from two shards is that of the rows');
is($node->safe_psql('postgres', 'SELECT string_agg((item_id, score)::text, $$,$$) FROM baskets.recommend(17, 9)'),
	$node->safe_psql('postgres', 'SELECT string_agg((item_id, score)::text, $$,$$) FROM rows.recommend(17, 9)'), 'a history is read from the shards');

# binary form: what is sent is what is received
my $file = $node->basedir . '/baskets';
$node->safe_psql('postgres', qq{
	CREATE TABLE kept AS $baskets;
	COPY kept TO '$file' (FORMAT binary);
	CREATE TABLE again (LIKE kept);
	COPY again FROM '$file' (FORMAT binary)});
is($node->safe_psql('postgres', 'SELECT count(*) FROM (TABLE kept EXCEPT TABLE again) x'), 0, 'through COPY in binary');
cmp_ok(-s $file, '<', 0.5 * $node->safe_psql('postgres', qq{SELECT sum(2 + 4 * 4 + 8 * 3 + length(item)) FROM ($rows) r}), 'in less than half the bytes of the rows');

# dump and restore
$node->safe_psql('postgres', q{
	CREATE TABLE baskets_of_users AS SELECT user_id, affinity.rollup(basket) AS basket FROM kept GROUP BY user_id;
	ALTER TABLE baskets_of_users ADD PRIMARY KEY (user_id);
	SELECT affinity.drop_model('rows'), affinity.drop_model('baskets');
	DROP SCHEMA shards CASCADE;
	SELECT affinity.create_model('m', 'SELECT user_id, basket FROM baskets_of_users', 'item_knn', '{"half_life": "2 days"}')});
my $dump = $node->basedir . '/dump';
$node->command_ok([ 'pg_dump', '-Fc', '-d', $node->connstr('postgres'), '-f', $dump, '--exclude-schema=shards' ], 'dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('restored'), $dump ], 'restore');
is($record->('restored', 'm'), $record->('postgres', 'm'), 'the model is there');
my ($status, $out, $err) = $node->psql('restored', q{SELECT affinity.refresh_model('m')});
unlike($err, qr/replaced|made again|other names/, 'its refresh finds nothing changed');
is($record->('restored', 'm'), $record->('postgres', 'm'), 'and gives the same model');

$node->stop;
done_testing();
