# evaluate and compare: every metric against numpy, short lists, ties and unknown
# items included; a definition in memory against the same model stored; splits
# that leak nothing; the same to the last bit, whoever works and whatever the
# order of rows.
use strict;
use warnings;

use FindBin;
use IPC::Run;
use JSON::PP;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\n");
$node->start;

# 80 users, 50 items, some bought again, some returned; users 70 to 79 come after
# the split, as do items 45 to 49. Two rows have no time.
$node->safe_psql('postgres', q{
	CREATE EXTENSION affinity;
	CREATE TABLE facts AS
	SELECT u, (abs(hashint8extended(n * 1000 + u, 1)) % 45
			* (abs(hashint8extended(n * 1000 + u, 2)) % 45) / 45)::int AS i,
		CASE WHEN (n + u) % 17 = 0 THEN -1 ELSE 1 + n % 3 END AS w,
		timestamp '2024-01-01' + abs(hashint8extended(n * 1000 + u, 3)) % 8640000 * interval '1 second' AS at
	FROM generate_series(0, 69) u, generate_series(1, 4 + u % 5 * 5) n
	UNION ALL
	SELECT u, (u * 7 + n) % 50, 1, timestamp '2024-04-05' + u * interval '1 minute'
	FROM generate_series(50, 79) u, generate_series(1, 4) n
	UNION ALL VALUES (1, 1, 1, NULL::timestamp), (2, 2, 1, NULL);
	CREATE TABLE later AS SELECT u, i, w FROM facts WHERE at >= '2024-03-20';
	CREATE VIEW before AS SELECT * FROM facts WHERE at < '2024-03-20';
	CREATE TABLE texts AS SELECT 'u' || u AS u, 'i' || i AS i, w, at FROM facts ORDER BY hashtext(u::text || i);
});

my $json = JSON::PP->new->canonical;
my $python = '/usr/bin/python3';
$ENV{OPENBLAS_NUM_THREADS} = 1;

sub rows
{
	my ($call) = @_;

	return $node->safe_psql('postgres', "SELECT * FROM affinity.$call");
}

# "targets metric k" to [value, users, low, high]
sub metrics
{
	my ($call) = @_;

	return $json->decode($node->safe_psql('postgres', qq{
		SELECT json_object_agg(concat(targets, ' ', metric, ' ', k), json_build_array(value, users, low, high))
		FROM affinity.$call WHERE segment IS NULL}));
}

sub oracle
{
	my ($model, $exclude, $counts) = @_;
	my $input = $node->safe_psql('postgres', qq{
		SELECT json_build_object(
			'k', '[1, 3, 10, 60]'::json,
			'popularity', (SELECT json_object_agg(item_id, popularity) FROM $model.items),
			'history', (SELECT json_agg(json_build_array(u::text, i::text)) FROM (SELECT DISTINCT u, i FROM before) b),
			'test', (SELECT json_agg(json_build_array(u::text, i::text))
				FROM (SELECT u, i FROM later GROUP BY u, i HAVING sum(w) > 0) t),
			'lists', (SELECT json_object_agg(u, list) FROM (
				SELECT t.u, json_agg(json_build_array(r.item_id::text, r.score) ORDER BY r.rank) AS list
				FROM (SELECT DISTINCT u FROM later) t
				CROSS JOIN LATERAL $model.recommend(t.u, 60, exclude_seen => $exclude) r GROUP BY t.u) l))});
	my $output;

	IPC::Run::run([ $python, "$FindBin::Bin/../oracle/evaluate.py" ], "<", \$input, ">", \$output) or BAIL_OUT("the oracle failed");
	return $json->decode($output);
}

sub is_oracle
{
	my ($call, $expected, $name) = @_;
	my $got = metrics($call);
	my @wrong = grep {
		my ($g, $e) = ($got->{$_}, $expected->{$_});
		!$g || $g->[1] != $e->[1] || abs($g->[0] - $e->[0]) > 1e-6 * (1 + abs $e->[0])
	} sort keys %$expected;

	is_deeply([ map { "$_: " . $json->encode([ $got->{$_}, $expected->{$_} ]) } @wrong ], [], $name);
	is(join(',', grep { defined $got->{$_}[0] && !$expected->{$_} } sort keys %$got), '', "$name: nothing else");
	return $got;
}

my $all = q{metrics => '{recall,precision,ndcg,map,mrr,hit_rate,novelty,average_popularity,auc,coverage,gini}', k => '{60,1,10,3,3}'};
my $test = "test => 'SELECT u, i, w FROM later'";

foreach my $algorithm ([ 'item_knn', '{"neighbors": 4}' ], [ 'item_knn', '{"weights": "signed"}' ], [ 'popular', '{}' ],
	[ 'ials', '{"factors": 4}' ])
{
	my ($name, $options) = @$algorithm;

	$node->safe_psql('postgres', qq{
		SELECT count(affinity.drop_model(name)) FROM affinity.models;
		SELECT FROM affinity.create_model('m', 'SELECT u, i, w, at FROM before', '$name', '$options')});
	foreach my $exclude ('true', 'false')
	{
		my $expected = oracle('m', $exclude);
		delete @$expected{ grep { /^repeat/ } keys %$expected } if $exclude eq 'true';
		my $got = is_oracle("evaluate('m', $test, $all, exclude_seen => $exclude)", $expected,
			"$name $options, exclude_seen $exclude, is as numpy has it");
		next unless $exclude eq 'true';
		my ($key) = grep { $expected->{$_}[2] > 0 } 'all recall 10';
		my ($value, $low, $high) = @{ $got->{$key} }[ 0, 2, 3 ];
		my $error = $expected->{$key}[2];
		cmp_ok(abs($low - ($value - 1.96 * $error)) + abs($high - ($value + 1.96 * $error)), '<', $error,
			"$name: the interval is about 1.96 standard errors to either side");
	}
	# the stored model cannot know what came later, and so neither does the one in memory
	my $stored = rows("evaluate('m', $test, $all)");
	is(rows("evaluate(query => 'SELECT u, i, w, at FROM facts', algorithm => '$name', options => '$options', as_of => '2024-03-20', $all)"),
		$stored, "$name: a split by time is what a model of the rows before it is");
	is(rows("evaluate(query => 'SELECT u, i, w, at FROM before', algorithm => '$name', options => '$options', $test, $all)"),
		$stored, "$name: a definition in memory is the stored model");
	is(rows("evaluate(query => 'SELECT u, i, w, at FROM texts', algorithm => '$name', options => '$options', split => 'users', k => '{10}')") ne '',
		1, "$name: ids are text");
}

# whoever works, whatever the order
foreach my $split ('time', 'users', 'random', 'last')
{
	my $call = sub { return "evaluate(query => 'SELECT u, i, w, at FROM facts ORDER BY $_[0]', split => '$split', holdout => 0.3)" };
	my $first = rows($call->('u'));
	my $second = $node->safe_psql('postgres', "SET max_parallel_maintenance_workers = 0; SELECT * FROM affinity." . $call->('hashint4(i), at, w, u'));

	is($second, $first, "$split: the same without workers and in another order");
	my ($result, $out, $err) = $node->psql('postgres', 'SELECT FROM affinity.' . $call->('u'));
	like($err, qr/trained on \d+ rows, tested on [1-9]\d* users/, "$split: it says what was split");
}
isnt(rows("evaluate(query => 'SELECT u, i, w, at FROM facts', split => 'random', holdout => 0.3)"),
	rows("evaluate(query => 'SELECT u, i, w, at FROM facts', split => 'random', holdout => 0.3, seed => 1)"), 'another seed, another split');

# leave-last-out: the newest item of each user is what is to be predicted
$node->safe_psql('postgres', q{
	CREATE TABLE path AS SELECT u, i, 1 AS w, timestamp '2024-01-01' + i * interval '1 day' AS at
	FROM generate_series(1, 40) u, generate_series(1, 10) i WHERE (u + i) % 3 > 0;
});
is($node->safe_psql('postgres', q{SELECT value FROM affinity.evaluate(query => 'SELECT u, i, w, at FROM path', split => 'last',
	algorithm => 'popular', k => '{10}', metrics => '{hit_rate}')}),
	$node->safe_psql('postgres', 'SELECT avg(((u + 10) % 3 = 0)::int)::float8 FROM generate_series(1, 40) u'),
	'last: all items are shown but item 10, which is the last of all who have it, so that nobody is left to know it from');

# compare
my $compare = q{compare('["popular", {"algorithm": "item_knn", "name": "knn"}, "m"]', query => 'SELECT u, i, w, at FROM facts', as_of => '2024-03-20', k => '{5}', metrics => '{recall}'};
is($node->safe_psql('postgres', "SELECT count(*), count(difference), bool_and(difference_low <= difference AND difference <= difference_high) FROM affinity.$compare) WHERE targets = 'all'"),
	'3|2|t', 'compare: one row a candidate, differences to the first');
is($node->safe_psql('postgres', qq{
	SELECT bool_and(abs(c.value - e.value) < 1e-12 AND abs(c.low - e.low) < 1e-12) FROM affinity.$compare) c
	JOIN affinity.evaluate(query => 'SELECT u, i, w, at FROM facts', algorithm => 'item_knn', as_of => '2024-03-20', k => '{5}', metrics => '{recall}') e
	USING (targets, metric, k) WHERE c.candidate = 'knn'}), 't', 'compare: values are those of evaluate');
is($node->safe_psql('postgres', q{
	SELECT string_agg(concat_ws(' ', candidate, difference, difference_low, difference_high), ', ' ORDER BY candidate)
	FROM affinity.compare('[{"algorithm": "popular", "name": "a"}, {"algorithm": "popular", "name": "b"}]',
		query => 'SELECT u, i, w, at FROM facts', k => '{5}', metrics => '{recall}') WHERE targets = 'all'}),
	'a, b 0 0 0', 'compare: the same twice does not differ');

# segments
is($node->safe_psql('postgres', qq{
	SELECT bool_and(abs(e.value - s.value) < 1e-7) AND count(*) = 1 FROM affinity.evaluate('m', $test, k => '{5}', metrics => '{recall}') e
	JOIN (SELECT sum(value * users) / sum(users) AS value FROM affinity.evaluate('m', $test, k => '{5}', metrics => '{recall}',
		by => 'SELECT u, u % 3 FROM generate_series(0, 100) u') WHERE segment IS NOT NULL AND targets = 'all') s ON true
	WHERE e.targets = 'all'}), 't', 'by: segments make up the whole');

$node->stop;
done_testing();
