# A restored database answers as the dumped one did, and its models live on.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Shop;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

my @models = ([ 'knn', 'item_knn' ], [ '"Best sellers"', 'popular' ]);

$node->safe_psql('postgres', 'CREATE DATABASE old');
create_shop($node, 'old');
$node->safe_psql('old', 'CREATE ROLE reader');
foreach my $model (@models)
{
	my ($schema, $algorithm) = @$model;
	create_model($node, 'old', $schema =~ s/"//gr, $algorithm);
}
$node->safe_psql('old', q{
	GRANT USAGE ON SCHEMA knn TO reader;
	CREATE MATERIALIZED VIEW picks AS
		SELECT user_id, item_id, score, rank FROM knn.recommend_all(5);
	CREATE UNIQUE INDEX ON picks (user_id, item_id);
	CREATE VIEW alike AS
		SELECT item_id, neighbor_id, score FROM knn.neighbors WHERE rank <= 3;
});

# groups of users, and what is popular there
$node->safe_psql('old', q{SELECT FROM affinity.alter_model('knn',
	user_groups => 'SELECT customer_id, CASE WHEN customer_id % 3 > 0 THEN customer_id % 3 END FROM purchases');
	REFRESH MATERIALIZED VIEW picks});
my $popular = q{SELECT g, t, p.* FROM unnest(ARRAY['1', '2', 'none']) g, unnest(ARRAY[false, true]) t, knn.popular(20, g, t) p ORDER BY g, t, rank};

my $picks = 'SELECT * FROM picks ORDER BY user_id, rank';
my $neighbors = 'SELECT * FROM knn.neighbors ORDER BY item_id, rank';
isnt($node->safe_psql('old', $picks), '', 'the materialized view has rows');

# restored NAME: everything that must hold in a restored database.
sub restored
{
	my ($db, $how) = @_;

	foreach my $model (@models)
	{
		my ($schema, $algorithm) = @$model;
		is( answers($node, $db, $schema), answers($node, 'old', $schema),
			"$how: $algorithm recommends the same");
	}
	is( $node->safe_psql($db, $neighbors), $node->safe_psql('old', $neighbors),
		"$how: the same neighbours");
	is( $node->safe_psql($db, $picks), $node->safe_psql('old', $picks),
		"$how: the materialized view holds the same");
	is( $node->safe_psql($db, $popular), $node->safe_psql('old', $popular),
		"$how: the same is popular in groups of users");
	is( $node->safe_psql($db, q{SELECT count(*) FROM alike}),
		$node->safe_psql('old', q{SELECT count(*) FROM alike}),
		"$how: a view over the model works");
	is( $node->safe_psql($db,
			'SELECT name, algorithm, options, version FROM affinity.models ORDER BY 1'),
		$node->safe_psql('old',
			'SELECT name, algorithm, options, version FROM affinity.models ORDER BY 1'),
		"$how: affinity.models lists the same");
	is( $node->safe_psql($db,
			q{SELECT has_schema_privilege('reader', 'knn', 'USAGE')}),
		't', "$how: grants are kept");

	# It is a model, not a copy of one: it can be refreshed, used by
	# REFRESH MATERIALIZED VIEW, and dropped.
	$node->safe_psql($db, 'REFRESH MATERIALIZED VIEW picks');
	is( $node->safe_psql($db, $picks), $node->safe_psql('old', $picks),
		"$how: REFRESH MATERIALIZED VIEW gives the same");
	my $extra = q{INSERT INTO purchases
		SELECT 1, product, 1, '2024-12-31' FROM purchases
		WHERE product LIKE 'product 2%' GROUP BY 2};
	$node->safe_psql($db, $extra);
	$node->safe_psql($db, q{SELECT FROM affinity.refresh_model('knn');
		REFRESH MATERIALIZED VIEW CONCURRENTLY picks});
	isnt($node->safe_psql($db, $neighbors), $node->safe_psql('old', $neighbors),
		"$how: refresh_model learns from new rows");
	is( $node->safe_psql($db, $picks),
		$node->safe_psql($db,
			'SELECT user_id, item_id, score, rank FROM knn.recommend_all(5)
			ORDER BY user_id, rank'),
		"$how: REFRESH MATERIALIZED VIEW CONCURRENTLY follows");
	$node->safe_psql($db, q{SELECT FROM affinity.drop_model('Best sellers')});
	is( $node->safe_psql($db,
			q{SELECT count(*) FROM pg_namespace WHERE nspname = 'Best sellers'}),
		'0', "$how: drop_model leaves no schema");
	return;
}

# As text, through psql.
my $dump = $node->basedir . '/old.sql';
$node->safe_psql('postgres', 'CREATE DATABASE new_text');
$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('old') ],
	'pg_dump writes text');
$node->command_ok(
	[ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', $dump,
		$node->connstr('new_text') ],
	'psql restores it');
restored('new_text', 'psql');

# As an archive, in parallel.
$node->safe_psql('postgres', 'CREATE DATABASE new_archive');
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dump.c", $node->connstr('old') ],
	'pg_dump writes an archive');
$node->command_ok(
	[ 'pg_restore', '-j', '2', '-e', '-d', $node->connstr('new_archive'), "$dump.c" ],
	'pg_restore restores it');
restored('new_archive', 'pg_restore');

# The model alone, by somebody who is no superuser.
$node->safe_psql('postgres',
	'CREATE ROLE owner LOGIN; CREATE DATABASE new_owner OWNER owner');
$node->safe_psql('new_owner',
	'CREATE EXTENSION affinity; GRANT CREATE ON SCHEMA public TO owner');
$node->command_ok(
	[ 'pg_dump', '-O', '-x', '-n', 'public', '-n', 'knn', '--no-comments',
		'-f', "$dump.n", $node->connstr('old') ],
	'pg_dump of two schemas');
my $text = slurp_file("$dump.n");
$text =~ s/^CREATE SCHEMA public;$//m;
append_to_file("$dump.owner", $text);
$node->command_ok(
	[ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null',
		'-f', "$dump.owner", $node->connstr('new_owner') . ' user=owner' ],
	'a role without superuser restores them');
is( answers($node, 'new_owner', 'knn'), answers($node, 'old', 'knn'),
	'and the model recommends the same');

$node->stop;
done_testing();
