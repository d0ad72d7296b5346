# A minute of models that are made, given rules, asked, refreshed and dropped all at
# once, while the items are written: who meets a drop hears that there is no such
# model, and nothing worse.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seconds = 60;
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\ndeadlock_timeout = '100ms'\n");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION affinity;
	CREATE TABLE facts AS SELECT n % 40 AS u, n * n % 23 AS i FROM generate_series(1, 600) n;
	CREATE INDEX ON facts (u);
	CREATE TABLE goods AS SELECT n AS item_id, n AS stock FROM generate_series(0, 22) n});

my $create = q{affinity.create_model('shop', 'SELECT u, i FROM facts', 'item_knn'};
my %sessions = (
	drop => [ "SELECT $create)", q{CREATE MATERIALIZED VIEW lists AS SELECT * FROM shop.recommend_all(2)},
		q{SELECT pg_sleep(0.02)}, q{SELECT affinity.drop_model('shop')},
		q{SELECT affinity.drop_model('shop', cascade => true)} ],
	other => [ qq{SELECT $create, options => '{"neighbors": 3}')}, 'SELECT pg_sleep(0.01)',
		q{SELECT affinity.drop_model('shop', cascade => true)} ],
	rules => [ q{SELECT affinity.set_rules('shop', items => 'goods', eligible => 'stock > 1')},
		q{SELECT affinity.set_rules('shop', items => 'goods', eligible => 'stock > 1', boost => 'stock')},
		q{SELECT affinity.set_rules('shop', max_per_group => 2, items => 'SELECT * FROM goods', group_by => 'stock % 3')},
		q{SELECT affinity.set_rules('shop')} ],
	write => [ 'BEGIN; UPDATE goods SET stock = stock + 1 WHERE item_id = 3; SELECT count(*) FROM shop.recommend(4); COMMIT',
		'BEGIN; SELECT count(*) FROM shop.catalog; SELECT count(*) FROM shop.rules; DELETE FROM goods WHERE item_id = 4; SELECT count(*) FROM shop.recommend(5); COMMIT',
		'INSERT INTO goods VALUES (4, 4)' ],
	refresh => [ q{SELECT affinity.refresh_model('shop')},
		q{BEGIN; SELECT count(*) FROM shop.recommend(1); SELECT affinity.refresh_model('shop'); COMMIT} ],
	serve => [ 'SELECT count(*) FROM shop.recommend(3)', 'SELECT count(*) FROM shop.similar_items(3)',
		'SELECT count(*) FROM shop.explain(3, 4)', 'PREPARE p AS SELECT count(*) FROM shop.recommend(1)',
		'EXECUTE p', 'EXECUTE p', 'DEALLOCATE p' ],
	everybody => [ 'SELECT count(*) FROM shop.recommend_all(3)', 'SELECT count(*) FROM shop.audience(2)',
		'REFRESH MATERIALIZED VIEW lists', 'SELECT count(*) FROM lists',
		'BEGIN; SELECT count(*) FROM lists; SELECT count(*) FROM shop.recommend(1); COMMIT' ],
	tables => [ 'SELECT count(*) FROM shop.neighbors', 'SELECT count(*) FROM affinity.models',
		'SELECT count(*) FROM shop.neighbors n, LATERAL shop.similar_items(n.item_id) s',
		'BEGIN; SELECT count(*) FROM shop.items; SELECT count(*) FROM shop.recommend(2); COMMIT',
		'BEGIN; SELECT count(*) FROM shop.interactions; SELECT count(*) FROM shop.items; SELECT count(*) FROM shop.score(2, ARRAY[3]); COMMIT' ]);

my %child;
foreach my $name (sort keys %sessions)
{
	my $file = $node->basedir . "/$name.err";
	my $pid = fork // die "fork: $!";

	if ($pid == 0)
	{
		my $end = time + $seconds;
		my @lines = map { "$_;\n" } @{ $sessions{$name} };

		open STDOUT, '>', '/dev/null' or die;
		open STDERR, '>', $file or die;
		open my $psql, '|-', 'psql', '-XqAt', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres')
		  or die;
		$psql->autoflush(1);
		print $psql "SET client_min_messages = error;\n";
		# in small bites, so that little is left when the time is over
		while (time < $end)
		{
			print $psql @lines;
			select undef, undef, undef, 0.002;
		}
		close $psql;
		require POSIX;
		POSIX::_exit($? >> 8);
	}
	$child{$pid} = [ $name, $file ];
}

# 42704, 42P01, 42883, 3F000: no such model, relation, function, schema; 42P06,
# 42P07: there already; 2BP01: something is built on it; 26000, 25P02: a
# statement that could not be prepared, a transaction after an error; 55000: a
# list that was never filled.
my $expected = qr/42704|42P01|42883|3F000|42P06|42P07|2BP01|26000|25P02|55000/;
foreach my $pid (sort keys %child)
{
	my ($name, $file) = @{ $child{$pid} };

	waitpid $pid, 0;
	is($?, 0, "$name: its session lived");
	my $log = slurp_file($file);
	my %seen;
	$seen{$1}++ while $log =~ /ERROR:  (\w{5}):/g;
	is(join(' ', grep { !/^$expected$/ } sort keys %seen), '', "$name: no other error")
	  or diag join "\n", grep { !/ERROR:  $expected:/ } $log =~ /(ERROR:.*)/g;
	note "$name: " . join ', ', map { "$_ $seen{$_}" } sort keys %seen;
}
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|terminated by signal|leaked|still referenced/, 'no server process crashed');
$node->safe_psql('postgres', q{DROP SCHEMA IF EXISTS shop CASCADE});
is($node->safe_psql('postgres', "SET client_min_messages = error; SELECT FROM $create); SELECT count(*) > 0 FROM shop.recommend(1)"),
	't', 'the name can be used again');

$node->stop;
done_testing();
