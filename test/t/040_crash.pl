# Models after a crash: what was committed answers as before, what was not is
# gone.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Shop;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', 'restart_after_crash = on');
$node->start;
create_shop($node, 'postgres');
create_model($node, 'postgres', 'shop', 'item_knn');
my $before = answers($node, 'postgres', 'shop');

# A backend that has refreshed, created and dropped, but not committed, dies.
my $session = $node->background_psql('postgres', on_error_stop => 0);
my $pid = $session->query_safe('SELECT pg_backend_pid()');
$session->query_safe(q{
	SET client_min_messages = warning;
	BEGIN;
	DELETE FROM purchases WHERE customer_id % 2 = 0;
	SELECT FROM affinity.refresh_model('shop');
	SELECT FROM affinity.create_model('unfinished',
		'SELECT customer_id, product FROM purchases', algorithm => 'popular');
});
PostgreSQL::Test::Utils::system_log('pg_ctl', 'kill', 'KILL', $pid);
eval { $session->quit };
$node->poll_query_until('postgres', 'SELECT true');
is(answers($node, 'postgres', 'shop'),
	$before, 'after a killed backend, the last committed version answers');
is( $node->safe_psql('postgres', 'SELECT string_agg(name, \',\') FROM affinity.models'),
	'shop', 'and a model that was not committed is gone');

# The whole server stops without a checkpoint, right after a refresh.
$node->safe_psql('postgres', q{
	CHECKPOINT;
	INSERT INTO purchases SELECT c, 'product 00', 1, now() FROM generate_series(1, 200, 3) c;
	SELECT FROM affinity.refresh_model('shop')});
$before = answers($node, 'postgres', 'shop');
my $version = $node->safe_psql('postgres', 'SELECT version FROM affinity.models');
$node->stop('immediate');
$node->start;
is(answers($node, 'postgres', 'shop'),
	$before, 'a refresh that was committed survives an immediate stop');
is($node->safe_psql('postgres', 'SELECT version FROM affinity.models'),
	$version, 'with its version');

# Versions are never used again, whatever was rolled back in between.
$node->safe_psql('postgres', q{SELECT FROM affinity.refresh_model('shop')});
cmp_ok($node->safe_psql('postgres', 'SELECT version FROM affinity.models'),
	'>', $version, 'the next refresh has a higher version');

$node->stop;
done_testing();
