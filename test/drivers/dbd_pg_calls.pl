#!/usr/bin/perl
# DBD::Pg sends every argument as text without a type.
use strict;
use warnings;

use DBI;

my $dbh = DBI->connect('dbi:Pg:', '', '', { RaiseError => 1, PrintError => 0 });

sub ask
{
	my ($call, $how, $sql, @args) = @_;
	my $answer = eval {
		join ', ', map { join ' ', @$_ } @{ $dbh->selectall_arrayref($sql, undef, @args) };
	} // 'error ' . $dbh->state;

	print join("\t", $call, $how, $answer), "\n";
	return;
}

sub recommended
{
	my ($user_id) = @_;

	return @{ $dbh->selectall_arrayref(
		'SELECT item_id, rank, personalized FROM shop.recommend(?, ?)', { Slice => {} }, $user_id, 3) };
}

my $rows = 'SELECT jsonb_agg(r)::text FROM';
my $uuid = '00000000-0000-0000-0000-000000000007';
ask('recommend', 'number', "$rows small.recommend(?, ?) r", 7, 3);
ask('recommend', 'text', "$rows small.recommend(?, ?) r", '7', '3');
ask('recommend: an id that smallint does not hold', 'number', "$rows small.recommend(?, ?) r", 4000000000, 3);
ask('recommend: no user', 'undef', "$rows small.recommend(?, ?) r", undef, 3);
ask('recommend: text items, exclude', 'array', "$rows shop.recommend(?, ?, exclude => ?) r", 7, 3,
	[ 'product 01', 'product 12' ]);
my $candidates = "$rows small.recommend(?, ?, candidates => ?, exclude => ?) r";
ask('recommend: candidates', 'arrays', $candidates, 7, 3, [ 1, 2, 3, 11, 12, 70000 ], [2]);
my $count = 'SELECT count(*) FROM small.recommend(?, ?, candidates => ?)';
ask('recommend: candidates, none', 'empty array', $count, 7, 3, []);
ask('recommend: candidates, NULL', 'undef', $count, 7, 3, undef);
ask('recommend: candidates, all', 'marker', $candidates, 7, 3, '[0:0]={NULL}', undef);
ask('recommend: a uuid', 'text', "$rows guid.recommend(?, ?) r", $uuid, 3);
print join("\t", 'recommend: rows', 'hashes', join ', ',
	map { "$_->{item_id} $_->{rank} " . ($_->{personalized} ? 't' : 'f') } recommended(7)), "\n";

ask('recommend_for', 'array', "$rows small.recommend_for(?, ?) r", [ 1, 2 ], 3);
ask('recommend_all', 'number', 'SELECT count(*) FROM small.recommend_all(?)', 2);
ask('score', 'array', "$rows small.score(?, ?) r", 7, [ 3, 1, 2 ]);
ask('explain', 'number', "$rows small.explain(?, ?, ?) r", 7, 3, 2);
ask('similar_items', 'text', "$rows shop.similar_items(?, ?) r", 'product 01', 3);
ask('similar_users', 'number', "$rows small.similar_users(?, ?) r", 7, 3);
ask('audience', 'number', "$rows small.audience(?, ?) r", 3, 3);

ask('cosine: no type', 'arrays', 'SELECT affinity.cosine(?, ?)::text', [ 1, 2.5, 3 ], [ 3, 2, 1 ]);
ask('cosine', 'arrays, one cast', 'SELECT affinity.cosine(?::float8[], ?)::text', [ 1, 2.5, 3 ], [ 3, 2, 1 ]);
ask('cosine: a column', 'array',
	'SELECT jsonb_agg(round(affinity.cosine(v, ?)::numeric, 6) ORDER BY id)::text FROM vectors', [ 1, 2.5, 3 ]);
ask('jaccard', 'arrays, one cast', 'SELECT affinity.jaccard(?::text[], ?)::text',
	[ 'red', 'blue', 'dark green' ], [ 'red', 'dark green' ]);

my ($state) = $dbh->selectrow_array('SELECT activity FROM states');
ask('users', 'text', 'SELECT affinity.users(?)::text', $state);
ask('retention: no type', 'text', "$rows affinity.retention(?) r", $state);
ask('retention', 'text, one name', "$rows affinity.retention(?, max_period => ?) r", $state, 2);
ask('retention: as_of', 'text', "$rows states, affinity.retention(activity, as_of => ?, max_period => ?) r",
	'2024-03-15T12:00:00+02:00', 1);
ask('retention: brackets', 'array', "$rows states, affinity.retention_curve(activity, criterion => ?, brackets => ?) r",
	'bracket', [ 1, 2 ]);
ask('retention: cohorts_from', 'text', "$rows states, affinity.retention(activity, cohorts_from => ?, max_period => ?) r",
	'2024-03-01', 1);
ask('frequency', 'number', "$rows states, affinity.frequency(activity, last_periods => ?) r", 3);

my $describe = 'SELECT to_jsonb(d)::text FROM affinity.describe((SELECT affinity.activity_agg(?::bigint, at, ?%s)
	FROM unnest(?::%s[]) at)) d';
ask('activity_agg: times of two zones', 'text', sprintf($describe, ', ?', 'timestamptz'), 7, 'day', 'Europe/Paris',
	[ '2024-02-29T23:30:00Z', '2024-03-01T08:30:00+09:00' ]);
ask('activity_agg: local times', 'text', sprintf($describe, '', 'timestamp'), 7, 'day',
	[ '2024-02-29 23:30', '2024-03-01 08:30' ]);
ask('window_funnel', 'text', 'SELECT affinity.window_funnel(?, ?, at, product = ?, product = ?)::text FROM purchases',
	'2 days', 'default', 'product 01', 'product 02');
ask('path_after', 'array', 'SELECT affinity.path_after(?, ?, ?)::text', [ 'a', 'b', 'c', 'd' ], 'b', 1);
$dbh->disconnect;
