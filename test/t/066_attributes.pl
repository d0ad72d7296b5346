# Attributes of items: weights of ease are those of numpy, for tags and for
# embeddings, the same to the last bit whoever works and in whatever order rows
# come; the definition survives a dump.
use strict;
use warnings;

use FindBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\nmax_parallel_maintenance_workers = 2\n");
$node->start;
my $dir = $node->basedir;
$ENV{OPENBLAS_NUM_THREADS} = 1;

# 110 items, of which nobody has the last 20; items of one color go together.
# Item 7 has no tags.
$node->safe_psql('postgres', q{
	CREATE EXTENSION affinity;
	CREATE TABLE facts AS
	SELECT u, i FROM generate_series(1, 400) u, generate_series(1, 90) i
	WHERE abs(hashint8extended(u * 1000 + i, 1)) % 1000 < 600 / (3 + i % 30) * CASE WHEN i % 7 = u % 7 THEN 3 ELSE 1 END;
	CREATE TABLE tags AS
	SELECT i, ARRAY['color ' || i % 7, 'size ' || i % 4, 'shop', NULL, ''] AS tags FROM generate_series(1, 110) i WHERE i <> 7
	UNION ALL SELECT 7, '{}';
	CREATE TABLE embeddings AS
	SELECT i, ARRAY(SELECT sin(i % 7 * d) + hashint8extended(i * 100 + d, 2) / 1e19
		FROM generate_series(1, 12) d)::real[] AS embedding
	FROM generate_series(1, 110) i;
});
$node->safe_psql('postgres', qq{
	COPY facts TO '$dir/facts.csv' (FORMAT csv);
	COPY (SELECT i, t FROM tags, unnest(tags) t WHERE t <> '') TO '$dir/tags.csv' (FORMAT csv);
	COPY (SELECT i, replace(trim('\{\}' from embedding::text), ',', '|') FROM embeddings) TO '$dir/embeddings.csv' (FORMAT csv);
});
# numbers in columns of their own
append_to_file("$dir/columns.csv", slurp_file("$dir/embeddings.csv") =~ tr/|/,/r);

my $facts = 'SELECT u, i FROM facts';
my %query = (
	tags => 'SELECT i, tags FROM tags',
	embeddings => 'SELECT i, embedding FROM embeddings');

# model(source, attributes, options, workers, algorithm): the items, as one text.
sub model
{
	my ($source, $attributes, $options, $workers, $algorithm) = @_;

	$algorithm //= 'ease';

	return $node->safe_psql('postgres', qq{
		SET client_min_messages = warning;
		SET max_parallel_maintenance_workers = $workers;
		SELECT FROM affinity.create_model('m', \$\$$source\$\$, '$algorithm', '$options', if_exists => 'replace',
			item_attributes => \$\$$attributes\$\$);
		SELECT string_agg(concat(item_id, popularity, neighbors, scores, factors), E'\n' ORDER BY item_no) FROM m.items});
}

foreach my $kind ('tags', 'embeddings')
{
	# few and many users, few and many neighbors, larger sets by steps too
	foreach my $case ([ 0.1, 5, 50 ], [ 0.5, 100, 8 ], [ 2, 0.5, 109 ], [ 0, 5, 50 ], [ '"auto"', 5, 50 ])
	{
		my ($weight, $users, $neighbors) = @$case;
		my $options = qq{{"attribute_weight": $weight, "attribute_users": $users, "attribute_neighbors": $neighbors,
			"regularization": 20, "neighbors": 10000, "candidates": 1000}};
		my $first = model($facts, $query{$kind}, $options, 0);
		my $file = $kind eq 'tags' ? 'tags' : 'columns';
		my ($out, $err) = run_command([ '/usr/bin/python3', "$FindBin::RealBin/../oracle/attributes.py",
			"$dir/facts.csv", "$dir/$file.csv", $kind, $weight =~ tr/"//dr, $users, $neighbors ]);

		unlink "$dir/expected.csv";
		append_to_file("$dir/expected.csv", "$out\n");
		is( $node->safe_psql('postgres', qq{
			CREATE TEMP TABLE expected (item_id int, neighbor_id int, score float8);
			COPY expected FROM '$dir/expected.csv' (FORMAT csv);
			SELECT count(*) > 1000, max(abs(e.score)) > 0.01,
				max(abs(coalesce(e.score, 0) - coalesce(n.score, 0))) < 2e-4
			FROM expected e FULL JOIN m.neighbors n USING (item_id, neighbor_id)}),
			't|t|t', "$kind, numpy's weights: @$case") or diag $err;
		is($node->safe_psql('postgres', q{SELECT count(*), count(*) FILTER (WHERE popularity = 0) FROM m.items}),
			'110|20', 'all items are there');
		is(model($facts, $query{$kind}, $options, 2), $first, 'the same with workers');
		is(model("$facts ORDER BY hashint8(u * 1000 + i)", "$query{$kind} ORDER BY hashint4(i)", $options, 1),
			$first, 'and with rows in another order');
	}
}
# what is blended after training (pgtap/attributes_blend.sql has the numbers)
foreach my $algorithm ('item_knn', 'ials')
{
	foreach my $kind ('tags', 'embeddings')
	{
		my $options = $algorithm eq 'ials' ? '{"factors": 8}' : '{}';
		my $first = model($facts, $query{$kind}, $options, 0, $algorithm);

		is(model($facts, $query{$kind}, $options, 2, $algorithm), $first, "$algorithm, $kind: the same with workers");
		is(model("$facts ORDER BY hashint8(u * 1000 + i)", "$query{$kind} ORDER BY hashint4(i)", $options, 1, $algorithm),
			$first, 'and with rows in another order');
	}
}

is( model($facts, q{SELECT i, t FROM tags, unnest(tags) t UNION ALL SELECT 1, 'shop'}, '{}', 0),
	model($facts, $query{tags}, '{}', 0),
	'a tag a row, some twice, is the same');

# ---- the definition ------------------------------------------------------

my $items = model($facts, $query{tags}, '{}', 0);
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dir/dump", '-d', $node->connstr('postgres') ], 'a dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'pg_restore', '-d', $node->connstr('restored'), "$dir/dump" ], 'is restored');
is( $node->safe_psql('restored', q{
		SET client_min_messages = warning;
		SELECT FROM affinity.refresh_model('m');
		SELECT string_agg(concat(item_id, popularity, neighbors, scores, factors), E'\n' ORDER BY item_no) FROM m.items}),
	$items, 'and refreshed as it was defined');

done_testing();
