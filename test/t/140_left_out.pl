# What training does not learn from is said, with an example that depends neither
# on the order of rows nor on workers, and what the hints say works.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\n");
$node->start;

# What a query has to say on the way.
sub said
{
	my ($sql) = @_;
	my ($status, $out, $err) = $node->psql('postgres', $sql);

	$err =~ s/^psql:<stdin>:\d+: //mg;
	$err =~ s/; \d+\.\d+ s reading.*$//mg;
	return $err;
}

# Users 3 and 5 and item 900 have nothing else; 40,000 rows, so that there are
# partitions and users' numbers in the order of arrival.
$node->safe_psql('postgres', q{
	CREATE EXTENSION affinity;
	CREATE TABLE facts AS
	SELECT 10 + n % 700 AS u, n % 61 AS i, 1::float8 AS w, timestamp '2024-01-01' AS at
	FROM generate_series(1, 40000) n;
	INSERT INTO facts VALUES (100, 7, -500, '2024-01-01'), (99, 8, -700, '2024-01-01'), (99, 900, -1, '2024-01-01'),
		(5, 9, -1, '2024-01-01'), (3, 9, 2, '2024-01-01'), (3, 9, -2.5, '2024-01-01'), (3, 60, 0, '2024-01-01');
	CREATE TABLE backwards AS SELECT * FROM facts ORDER BY u DESC, i DESC;
	CREATE TABLE named AS SELECT 'user ' || u AS u, 'item ' || i AS i, w FROM facts;
});

my $detail = q{DETAIL:  2 users and 1 item have no other pair. exclude_seen leaves these items out all the same.
HINT:  A weight says how much, and is above 0. For ratings use als; for likes and dislikes item_knn with {"weights": "signed"}. For returns that may be recommended again: {"seen": "positive"}.};
my $warning = "WARNING:  model \"m\" learns nothing from 6 pairs whose weights do not sum to more than 0, such as user 3 and item 9 (-0.5)\n$detail";

for my $algorithm ('item_knn', 'popular', 'ials')
{
	for my $table ('facts', 'backwards')
	{
		for my $workers (0, 2)
		{
			is(said(qq{
				SET client_min_messages = warning; SET max_parallel_maintenance_workers = $workers;
				SELECT affinity.create_model('m', 'SELECT u, i, w FROM $table', '$algorithm')}),
				$warning, "$algorithm, $table, $workers workers: what is left out");
			$node->safe_psql('postgres', q{SET client_min_messages = error; SELECT affinity.drop_model('m')});
		}
	}
}
like(said(q{SELECT affinity.create_model('m', 'SELECT u, i, w FROM named', 'item_knn')}),
	qr/such as user user 100 and item item 7 \(-499\)/, 'ids in the order of their bytes');
like(said(q{SELECT affinity.refresh_model('m')}), qr/^WARNING:  model "m" learns nothing from 6 pairs/, 'a refresh says it again');
is($node->safe_psql('postgres', q{SELECT dropped_pairs FROM affinity.models WHERE name = 'm'}), '6', 'and the list has the count');

# what the hints say
is(said(qq{SET client_min_messages = warning; SELECT affinity.create_model('h$_->[0]', 'SELECT u, i, w FROM facts', $_->[1])}), '',
	"$_->[1]: no warning")
	for ([1, q{'als'}], [2, q{'item_knn', '{"weights": "signed"}'}], [3, q{'item_knn', '{"seen": "positive"}'}]);
is($node->safe_psql('postgres', q{SELECT string_agg(dropped_pairs::text, ' ' ORDER BY name) FROM affinity.models WHERE name ~ '^h'}),
	'0 0 6', 'and pairs that do not');
is($node->safe_psql('postgres', q{SELECT count(*) FROM h3.recommend(3, 100) WHERE item_id = 60}), '1', 'what was returned may come again');
is($node->safe_psql('postgres', q{SELECT count(*) FROM m.recommend('user 3', 100) WHERE item_id = 'item 60'}), '0', 'else it does not');
like(said(q{SELECT affinity.refresh_model('h3')}), qr/^NOTICE:  model "h3" learns nothing from 6 pairs .*\nDETAIL: .* exclude_seen does not leave these items out\.$/m,
	'where returns are meant, a notice has the count');

# nothing is left at all
like(said(q{SELECT affinity.create_model('none', 'SELECT u, i, -w FROM facts WHERE w > 0', 'item_knn')}),
	qr/^ERROR:  source of model "none" gives no usable row\nDETAIL:  40001 rows read, .*\nHINT:  A weight says how much.*"signed"}\.$/, 'no usable row');
is(said(q{SET client_min_messages = warning; SELECT affinity.create_model('none', 'SELECT u, i, -w FROM facts WHERE w > 0', 'item_knn', '{"weights": "signed"}')}),
	'', 'but with signs they are');

# NULLs, and what a real would make 0
like(said(q{SELECT affinity.create_model('few', 'SELECT u, i, w FROM facts WHERE w > 0 UNION ALL VALUES (NULL, 1, 1), (1, NULL, 1), (11, 1, NULL)', 'item_knn')}),
	qr/^NOTICE:  model "few" skips 3 of 40004 rows for a NULL$/m, 'rows with a NULL are counted');
like(said(q{SELECT affinity.create_model('tiny', 'SELECT u, i, w * exp(-150) FROM facts WHERE w > 0', 'item_knn', '{"weights": "log", "similarity": "cosine"}')}),
	qr/^NOTICE:  the weights of 40001 rows of model "tiny" are nearer to 0 than 1.17549e-38 and count as that\nHINT:  Scale the weights up in the query\.$/m,
	'tiny weights are told');
is($node->safe_psql('postgres', q{SELECT count(*) = 61, bool_and(cardinality(neighbors) = 60) FROM tiny.items}), 't|t', 'and are there');
is($node->safe_psql('postgres', q{SELECT bool_and(personalized AND score > 0) FROM tiny.recommend(10, 100, exclude_seen => false)}), 't', 'when serving, too');
is(said(qq{SET client_min_messages = warning;
	SELECT affinity.create_model('tiny_ials', 'SELECT u, i, w * 1e-16 FROM facts WHERE w > 0', 'ials', '{"confidence": "log", "factors": 4, "unobserved_weight": 0, "alpha": 1e6, "regularization": 1e-9, "regularization_exponent": 0}')}), '',
	'a logarithm of little is not nothing');
is($node->safe_psql('postgres', q{SELECT bool_or(factors[1] <> 0) FROM tiny_ials.items}), 't', 'but learned from');

# what is old beyond the range of real still counts
$node->safe_psql('postgres', q{
	INSERT INTO facts SELECT u, 1000 + i, 1, '2014-01-01' FROM generate_series(1, 9) i, generate_series(1, i) u;
	SET client_min_messages = error;
	SELECT affinity.create_model('old_' || measure, 'SELECT u, i, w, at FROM facts WHERE w > 0', 'popular',
		jsonb_build_object('measure', measure, 'half_life', '1 day')) FROM unnest(ARRAY['users', 'weight']) measure});
is($node->safe_psql('postgres', qq{SELECT array_agg(item_id ORDER BY rank), bool_and(score > 0) FROM $_.recommend(-1, 1000) WHERE item_id > 1000}),
	'{1009,1008,1007,1006,1005,1004,1003,1002,1001}|t', "$_: items of ten years ago are in the order of their users")
	for ('old_users', 'old_weight');
like(said(q{SELECT affinity.create_model('future', $$SELECT u, i, w, at FROM facts WHERE w > 0 UNION ALL VALUES (10, 1, 1, timestamp '2099-01-01')$$, 'popular', '{"half_life": "1 day"}')}),
	qr/^WARNING:  of 69 of 70 items nothing is left by the half-life, such as item 0\nDETAIL:  The newest time is 2099-01-01 00:00:00\. .*\nHINT:  /m, 'a time in the future is found');

# scores that real cannot tell apart
like(said(q{SELECT affinity.create_model('huge', 'SELECT u, i, (1 + i) * 1e30 FROM facts WHERE w > 0 AND i < 100', 'item_knn', '{"weights": "linear", "user_exponent": 0, "item_exponent": 0, "neighbor_exponent": 0}')}),
	qr/^WARNING:  61 items have similar items whose scores are beyond the range of real, such as item 0\n.*\nHINT: .*"log"\.$/m, 'scores that are too large');
is(said(q{SET client_min_messages = warning; SELECT affinity.create_model('logs', 'SELECT u, i, (1 + i) * 1e30 FROM facts WHERE w > 0 AND i < 100', 'item_knn', '{"weights": "log", "user_exponent": 0, "item_exponent": 0, "neighbor_exponent": 0}')}),
	'', 'which logarithms are not');
like(said(q{SELECT affinity.create_model('nothing', 'SELECT u, i, (1 + i) * 1e19 FROM facts WHERE w > 0 AND i < 100', 'item_knn', '{"weights": "linear", "user_exponent": 2, "item_exponent": 2, "neighbor_exponent": 2}')}),
	qr/^WARNING:  61 items have similar items whose scores are too near to 0 for real, such as item 0\n/m, 'scores that are too small');
is($node->safe_psql('postgres', q{SELECT bool_and(cardinality(neighbors) = 60) FROM nothing.items}), 't', 'which are there all the same');
like(said(q{SELECT affinity.create_model('over', 'SELECT 1 AS u, 2 AS i, 3e38::float8 FROM generate_series(1, 2) UNION ALL SELECT 1, 1, 2e38 FROM generate_series(1, 3)', 'item_knn')}),
	qr/^ERROR:  summed weight 6e\+38 of user 1 and item 1 is beyond the range of real$/m, 'a sum that is too large is named');

$node->stop;
done_testing();
