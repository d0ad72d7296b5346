# What refreshes leave behind: dead rows, which calls do not go through and VACUUM
# makes room of.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Shop;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\n");
$node->start;
create_shop($node, 'postgres');
$node->safe_psql('postgres', q{
	-- 3,000 items more, so that tables have some pages
	INSERT INTO purchases SELECT c, 'other ' || (c * 15 + n), 1, '2024-05-01' FROM generate_series(1, 200) c, generate_series(1, 15) n;
	ANALYZE purchases;
	SELECT FROM affinity.create_model('shop', 'SELECT customer_id, product, quantity FROM purchases', 'item_knn', materialize => true);
	CREATE FUNCTION buffers(query text) RETURNS int LANGUAGE plpgsql AS $$
	DECLARE
		plan json;
	BEGIN
		EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ' || query INTO plan;
		RETURN (plan->0->'Plan'->>'Shared Hit Blocks')::int + (plan->0->'Plan'->>'Shared Read Blocks')::int;
	END $$;
});

# Pages that calls go through in a warm process.
sub touched
{
	my ($query) = @_;

	return (split /\n/, $node->safe_psql('postgres', "SELECT buffers('$query') FROM generate_series(1, 4)"))[-1];
}

sub pages
{
	return $node->safe_psql('postgres', q{SELECT sum(pg_total_relation_size(c)) / 8192 FROM
		unnest('{shop.items, shop.model, shop.kept_interactions}'::regclass[]) c});
}

my @calls = map { "SELECT * FROM shop.$_" } 'recommend(7)', 'recommend(-7)', 'score(7, ARRAY[$$product 01$$, $$product 02$$])',
	'similar_items($$product 07$$)', 'recommend_for(ARRAY[$$product 07$$])', 'recommend(7, candidates => ARRAY[$$product 01$$, $$product 02$$])';
my %before = map { $_ => touched(s/\$\$/''/gr) } @calls;
my $pages = pages();

$node->safe_psql('postgres', q{SELECT FROM affinity.refresh_model('shop')}) foreach 1 .. 20;
cmp_ok(pages(), '>', 10 * $pages, 'refreshes leave dead rows where nobody vacuums');
foreach my $call (@calls)
{
	my $after = touched($call =~ s/\$\$/''/gr);

	# a call by a warm process takes 88 pages of PostgreSQL 15 and 28 of 17; dead rows add up to 26 to either
	cmp_ok($after, '<=', $before{$call} + 30, "$call does not go through them ($before{$call}, then $after pages)");
}

# With VACUUM between them, they take the room of the version before.
$node->safe_psql('postgres', 'VACUUM FULL shop.items, shop.model, shop.kept_interactions');
foreach (1 .. 8)
{
	$node->safe_psql('postgres', q{SELECT FROM affinity.refresh_model('shop')});
	$node->safe_psql('postgres', "VACUUM shop.$_") foreach qw(items model kept_interactions);
}
cmp_ok(pages(), '<=', 3 * $pages, 'with VACUUM between them they take room once');

done_testing();
