# Tables of states without a key are replicated: with REPLICA IDENTITY FULL a
# subscriber finds the row to change by comparing all columns.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical');
$publisher->start;
my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init(allows_streaming => 'logical');
$subscriber->start;

foreach my $node ($publisher, $subscriber)
{
	$node->safe_psql('postgres', q{
		CREATE EXTENSION affinity;
		CREATE TABLE states (activity affinity.activity, value affinity.value, funnel affinity.funnel, held affinity.funnel);
		ALTER TABLE states REPLICA IDENTITY FULL});
}
my $insert = q{INSERT INTO states
	SELECT affinity.activity_agg(i, timestamptz '2024-01-01' + i * interval '1 day', 'day', 'UTC'),
		affinity.value_agg(i, timestamptz '2024-01-01', i, 'day', 'UTC'),
		affinity.funnel_agg(i, i, 60, i % 2 = 0, true),
		affinity.funnel_agg(i, i, 60, 'hold_last', i % 2 = 0, true, i % 3)
	FROM generate_series(1, 40) g, generate_series(1, g) i GROUP BY g};
my $rows = q{SELECT md5(string_agg(md5(s::text), ',' ORDER BY md5(s::text))) || count(*) FROM states s};

$publisher->safe_psql('postgres', $insert);
$publisher->safe_psql('postgres', 'CREATE PUBLICATION states FOR TABLE states');
my $connection = $publisher->connstr . ' dbname=postgres';
$subscriber->safe_psql('postgres', qq{CREATE SUBSCRIPTION states CONNECTION '$connection' PUBLICATION states WITH (binary = true)});
$subscriber->wait_for_subscription_sync($publisher, 'states');
is($subscriber->safe_psql('postgres', $rows), $publisher->safe_psql('postgres', $rows), 'states are copied');

$publisher->safe_psql('postgres', q{
	UPDATE states SET activity = affinity.activity_combine(activity, more)
		FROM (SELECT affinity.activity_agg(1000, timestamptz '2025-01-01', 'day', 'UTC') AS more) a
		WHERE affinity.users(activity) % 3 = 0;
	DELETE FROM states WHERE affinity.users(activity) % 5 = 0});
$publisher->wait_for_catchup('states');
is($subscriber->safe_psql('postgres', $rows), $publisher->safe_psql('postgres', $rows), 'changed and deleted by their contents');

$publisher->stop;
$subscriber->stop;
done_testing();
