# ials against numpy: the loss after every half-step, and the scores of users who
# are folded in, which are those of the training's last vectors. Then: the same
# model to the last bit, whoever trains it.
use strict;
use warnings;

use FindBin;
use IPC::Run;
use JSON::PP;
use List::Util qw(max);

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\n");
$node->start;

# 250 users, 120 items; some users with a few items, some with most of them. Ids
# are in the order of their numbers, which start at 0.
$node->safe_psql('postgres', q{
	CREATE EXTENSION affinity;
	CREATE TABLE facts AS
	SELECT DISTINCT ON (u, i) u, i, w FROM (
		SELECT u, abs(hashint8extended(n * 1000 + u, 1)) % 120
				* (abs(hashint8extended(n * 1000 + u, 2)) % 120) / 120 AS i,
			1 + abs(hashint8extended(n * 1000 + u, 3)) % 5 AS w
		FROM generate_series(0, 249) u, generate_series(1, 6 + u % 7 * 12) n
		UNION ALL SELECT i * 2, i, 1 FROM generate_series(0, 119) i
	) drawn ORDER BY u, i, w;
	CREATE INDEX ON facts (u);
	-- an item of more users than a panel of 16 factors has room for
	CREATE TABLE wide AS
	SELECT u, i, 1 AS w FROM generate_series(0, 8299) u, generate_series(0, 11) i
	WHERE i = 0 OR hashint8extended(u, i) % 7 = 0;
	CREATE INDEX ON wide (u);
});

my $python = '/usr/bin/python3';
$ENV{OPENBLAS_NUM_THREADS} = 1;
my %entries = map { $_ => decode_json($node->safe_psql('postgres',
	"SELECT json_agg(json_build_array(u, i, w)) FROM $_")) } ('facts', 'wide');
my @pairs = map { [ $_ * 7, $_ % 12 ] } 0 .. 34;

sub create
{
	my ($name, $options, $table) = @_;

	$table //= 'facts';
	$node->safe_psql('postgres', qq{
		SELECT count(affinity.drop_model(name)) FROM affinity.models WHERE name = '$name';
		SELECT FROM affinity.create_model('$name', 'SELECT u, i, w FROM $table', 'ials', '$options')});
	return decode_json($node->safe_psql('postgres',
		"SELECT json_build_object('options', options, 'training', training) FROM affinity.models WHERE name = '$name'"));
}

# The largest difference of two lists, relative to the second's numbers or to
# the scale given.
sub distance
{
	my ($got, $want, $scale) = @_;

	return 9e99 if @$got != @$want;
	return max(map { abs($got->[$_] - $want->[$_]) / ($scale // abs $want->[$_]) }
		  0 .. $#$want);
}

foreach my $case (
	'{"solver": "cholesky", "factors": 8}',
	'{"solver": "cholesky", "factors": 8, "unobserved_weight": "auto"}',
	'{"solver": "cholesky", "factors": 40, "confidence": "linear", "alpha": 3}',
	'{"solver": "cg", "factors": 8, "cg_steps": 1}',
	'{"solver": "cg", "factors": 32, "confidence": "linear"}',
	'{"solver": "cg", "factors": 32, "cg_steps": 1, "regularization_exponent": 0.3, "regularization": 1, "alpha": 20}',
	'{"solver": "cg", "factors": 20, "cg_steps": 2, "confidence": "binary", "unobserved_weight": 0.5, "seed": -7}',
	'{"solver": "block_coordinate", "factors": 20, "block_size": 16}',
	'{"solver": "block_coordinate", "factors": 48, "block_size": 16, "confidence": "linear"}',
	'{"solver": "block_coordinate", "factors": 48, "block_size": 32, "regularization_exponent": 0}',
	'wide {"solver": "cg", "factors": 16, "cg_steps": 2}',
	'wide {"solver": "cholesky", "factors": 16}',
	'wide {"solver": "block_coordinate", "factors": 16}')
{
	my ($table, $options) = $case =~ /^wide (.*)/ ? ('wide', $1) : ('facts', $case);
	my $all = decode_json($options);
	my ($out, $err) = ('', '');

	$all->{iterations} = $table eq 'wide' ? 2 : 6;
	$all->{tolerance} = 0;
	$all->{unobserved_weight} //= 0.02;
	my $model = create('m', encode_json($all), $table);
	$model->{options}{unobserved_weight} = $model->{training}{unobserved_weight}
	  if $all->{unobserved_weight} eq 'auto';
	my $job = encode_json({ options => $model->{options},
		entries => $entries{$table}, pairs => \@pairs });
	IPC::Run::run([ $python, "$FindBin::Bin/../oracle/ials.py" ], '<', \$job,
		'>', \$out, '2>', \$err)
	  or BAIL_OUT("the oracle failed: $err");
	my $oracle = decode_json($out);
	my $loss = $model->{training}{half_step_loss};

	my $off = distance($loss, $oracle->{half_step_loss});
	cmp_ok($off, '<', 1e-4, "loss of $case: off by $off");
	is(scalar(grep { $loss->[$_] > $loss->[ $_ - 1 ] * (1 + 1e-7) } 1 .. $#$loss),
		0, 'it falls every half-step');

	my $scores = decode_json($node->safe_psql('postgres', 'SELECT json_agg(s.score ORDER BY n)
		FROM (VALUES ' . join(', ', map { "($_, $pairs[$_][0], $pairs[$_][1])" } 0 .. $#pairs) . ') p(n, u, i),
			m.score(p.u, ARRAY[p.i]) s'));
	$off = distance($scores, $oracle->{scores}, 1);
	# six iterations in single precision are in between
	cmp_ok($off, '<', 5e-4, "users folded in score as in training: off by $off");

	is($node->safe_psql('postgres', q{
		SELECT count(*), bool_and(abs(e.sum - s.score) < 1e-4) FROM generate_series(0, 240, 16) u,
			m.recommend(u, 1) r, m.score(u, ARRAY[r.item_id]) s,
			LATERAL (SELECT sum(contribution) FROM m.explain(u, r.item_id, 1000)) e}),
		'16|t', 'explanations add up to the score');
}

# More work, so that workers are worth their while, on rows in two orders.
$node->safe_psql('postgres', q{
	CREATE TABLE many AS SELECT DISTINCT u, i FROM (
		SELECT abs(hashint8extended(n, 1)) % 4000 AS u,
			abs(hashint8extended(n, 2)) % 1500 * (abs(hashint8extended(n, 3)) % 1500) / 1500 AS i
		FROM generate_series(1, 60000) n) drawn});
foreach my $solver ('cg', 'cholesky', 'block_coordinate')
{
	my @models;

	foreach my $workers (0, 1, 2)
	{
		my ($status, $out, $err) = $node->psql('postgres', qq{
			SET max_parallel_maintenance_workers = $workers;
			SELECT FROM affinity.create_model('w', 'SELECT u, i FROM many ORDER BY }
			  . ($workers == 1 ? 'u, i' : 'i, u DESC') . qq{', 'ials',
				'{"factors": 40, "iterations": 20, "tolerance": 0, "solver": "$solver"}');
			SELECT md5(string_agg(concat_ws(' ', item_id, popularity, factors), ',' ORDER BY item_no)) FROM w.items;
			SELECT training FROM affinity.models WHERE name = 'w';
			SELECT parameters FROM w.model;
			SELECT FROM affinity.drop_model('w')});
		is($status, 0, "$solver with $workers workers") or diag $err;
		like($err, qr/\($workers workers?\)/, 'as many as asked for');
		push @models, $out;
	}
	is($models[1], $models[0], "$solver: one worker makes the same model");
	is($models[2], $models[0], "$solver: so do two");
}

# Seeds, and early stop.
my $one = create('m', '{"factors": 4, "seed": 1, "iterations": 2}');
my $again = create('m', '{"factors": 4, "seed": 1, "iterations": 2}');
my $other = create('m', '{"factors": 4, "seed": 2, "iterations": 2}');
is_deeply($again, $one, 'the same seed, the same losses');
isnt("@{$other->{training}{half_step_loss}}", "@{$one->{training}{half_step_loss}}",
	'another seed, others');
my $stopped = create('m', '{"factors": 4, "iterations": 500, "tolerance": 0.01}');
my $loss = $stopped->{training}{loss};
my $n = @$loss;
is($stopped->{training}{iterations}, $n, 'iterations count losses');
cmp_ok($n, '<', 100, "stops early, after $n");
cmp_ok($loss->[-3] - $loss->[-2], '<', 0.01 * $loss->[-3],
	'one iteration after the first that gained little');
is(scalar(grep { $loss->[ $_ - 1 ] - $loss->[$_] < 0.01 * $loss->[ $_ - 1 ] } 1 .. $n - 3),
	0, 'and not before');

done_testing();
