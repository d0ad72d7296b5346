# A serving copy: a model that another server trains arrives by logical
# replication or COPY, while somebody reads it all the time. Every answer is that
# of one version of the publisher, or none, and never an error.
use strict;
use warnings;

use FindBin;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Shop;

my $source = 'SELECT customer_id, product, quantity, at FROM purchases';

# What a model says, with whose version it is: in one statement, so of one
# snapshot. Those who are asked for buy nothing any more.
my $answer = q{
	SELECT m.trained_at, m.version, md5(concat(
		(SELECT string_agg(concat(s.item_id, ' ', s.score), ',' ORDER BY i, s.rank)
			FROM unnest(ARRAY['product 03', 'product 17', 'product 40']) i, shop.similar_items(i, 20) s),
		(SELECT string_agg(concat(r.item_id, ' ', r.score, ' ', r.personalized), ',' ORDER BY c, r.rank)
			FROM generate_series(1, 9, 4) c, shop.recommend(c) r),
		(SELECT string_agg(concat(r.item_id, ' ', r.score), ',' ORDER BY r.rank) FROM shop.recommend_for(ARRAY['product 11', 'product 52']) r),
		(SELECT string_agg(concat(r.user_id, r.item_id, ' ', r.score), ',' ORDER BY r.user_id, r.rank) FROM shop.recommend_users(ARRAY[3, 5]) r),
		(SELECT string_agg(concat(p.item_id, ' ', p.score), ',' ORDER BY p.rank) FROM shop.popular() p),
		(SELECT string_agg(concat(e.because_id, ' ', e.contribution), ',' ORDER BY e.rank) FROM shop.explain(7, 'product 11') e),
		(SELECT string_agg(concat(x.item_id, ' ', x.score), ',' ORDER BY x.rank) FROM shop.score(9, ARRAY['product 20', 'product 01']) x),
		shop.recommend_items(2))) AS digest
	FROM affinity.models AS m WHERE name = 'shop'};

# More purchases, of customers that nobody is asked about.
my $more = q{INSERT INTO purchases (customer_id, product, quantity, at)
	SELECT 1000 + n / 5, 'product ' || lpad((n * %d %% 60)::text, 2, '0'), 1, localtimestamp FROM generate_series(1, 100) n;};

my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical');
$publisher->append_conf('postgresql.conf', 'fsync = off');
$publisher->start;
create_shop($publisher, 'postgres');
$publisher->safe_psql('postgres', qq{
	ALTER TABLE purchases ADD id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;
	CREATE TABLE products (product text PRIMARY KEY, in_stock boolean NOT NULL);
	INSERT INTO products SELECT DISTINCT product, true FROM purchases;
	CREATE TABLE told (trained_at timestamptz, version bigint, digest text);
	SELECT FROM affinity.create_model('shop', '$source', 'item_knn');
	INSERT INTO told $answer;
	CREATE PUBLICATION shop FOR TABLE purchases, products, TABLES IN SCHEMA shop});

my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init(allows_streaming => 'logical');
$subscriber->append_conf('postgresql.conf', "fsync = off\nwal_retrieve_retry_interval = 100ms");
$subscriber->start;

# A database as a serving copy needs it: source, and the model without training.
sub prepare
{
	my ($database) = @_;

	$subscriber->safe_psql($database, qq{
		CREATE EXTENSION affinity;
		CREATE TABLE purchases (customer_id integer NOT NULL, product text NOT NULL, quantity integer NOT NULL,
			at timestamp NOT NULL, id bigint PRIMARY KEY);
		CREATE INDEX ON purchases (customer_id);
		CREATE TABLE products (product text PRIMARY KEY, in_stock boolean NOT NULL);
		SELECT FROM affinity.create_model('shop', '$source', 'item_knn', train => false)});
	return;
}

prepare('postgres');
$subscriber->safe_psql('postgres', qq{
	CREATE TABLE seen (trained_at timestamptz, version bigint, digest text);
	CREATE TABLE wrong (message text);
	CREATE TABLE stop ();
	CREATE PROCEDURE read_on() LANGUAGE plpgsql AS \$\$
	BEGIN
		WHILE NOT EXISTS (SELECT FROM stop) LOOP
			BEGIN
				INSERT INTO seen $answer;
			EXCEPTION WHEN OTHERS THEN
				INSERT INTO wrong VALUES (SQLSTATE || ' ' || SQLERRM);
			END;
			COMMIT;
		END LOOP;
	END \$\$});
sub status
{
	my ($database) = @_;

	return $subscriber->safe_psql($database // 'postgres',
		q{SELECT concat_ws(' ', status, version, reads, subscription) FROM affinity.models});
}

is(status(), 'untrained interactions', 'made without training');
my $nothing = $subscriber->safe_psql('postgres', "SELECT digest FROM ($answer) a");

my ($out, $err) = ('', '');
my $reader = IPC::Run::start([ 'psql', '-Xq', '-c', 'CALL read_on()', $subscriber->connstr('postgres') ],
	'>', \$out, '2>', \$err);

my $from = $publisher->connstr . ' dbname=postgres';
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION shop CONNECTION '$from' PUBLICATION shop");
wait_until_received($subscriber, $publisher, 'shop');

# The subscriber has what the publisher has.
sub same
{
	my ($when) = @_;

	$publisher->wait_for_catchup('shop');
	my $expected = $publisher->safe_psql('postgres', $answer);
	is($subscriber->safe_psql('postgres', $answer), $expected, "$when: answers are the publisher's");
	is($subscriber->safe_psql('postgres', 'SELECT * FROM shop.recommend_all(5) ORDER BY 1, 4'),
		$publisher->safe_psql('postgres', 'SELECT * FROM shop.recommend_all(5) ORDER BY 1, 4'), "$when: recommend_all");
	return;
}

# A change at the publisher, and what it says then.
sub change
{
	my ($sql) = @_;

	$publisher->safe_psql('postgres', "$sql; INSERT INTO told $answer");
	return;
}

same('at first');
is(status(), 'received 1 interactions shop', 'received');
is($subscriber->safe_psql('postgres', q{SELECT lag >= '0', hint IS NULL FROM affinity.models}), 't|t', 'with a lag, and no hint');
my (undef, undef, $error) = $subscriber->psql('postgres', q{SELECT affinity.refresh_model('shop')});
like($error, qr/is replicated by subscription "shop".*HINT:  If this server is to take over: ALTER SUBSCRIPTION shop DISABLE;/s,
	'it is not trained here');

# A snapshot keeps its version.
my $session = $subscriber->background_psql('postgres',
	timeout => $PostgreSQL::Test::Utils::timeout_default + ($ENV{RECEIVE_SECONDS} // 0));
$session->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
my $before = $session->query_safe("$answer;");
my $end = time + ($ENV{RECEIVE_SECONDS} // 0);
for (my $i = 1; $i <= 3 || time < $end; $i++)
{
	change(sprintf($more, 7 + $i) . q{SELECT FROM affinity.refresh_model('shop')});
	change(sprintf($more, 17 + $i) . q{SELECT FROM affinity.refresh_model('shop', incremental => true)});
}
same('after refreshes');
my $version = $publisher->safe_psql('postgres', 'SELECT version FROM shop.model');
cmp_ok($version, '>', 6, 'of which there were some');
is(status(), "received $version interactions shop", 'the last version');
is($session->query_safe("$answer;"), $before, 'a snapshot keeps its version');
$session->query_safe('COMMIT');
is($session->query_safe("$answer;"), $publisher->safe_psql('postgres', $answer), 'and the session has the last one then');

# Dropped and created again: numbers of versions begin anew. In between there is
# nothing.
$publisher->safe_psql('postgres', q{SELECT FROM affinity.drop_model('shop')});
$publisher->wait_for_catchup('shop');
is(status(), 'awaited interactions shop', 'dropped where it is from');
is($session->query_safe("SELECT count(*) FROM shop.recommend(1);"), '0', 'no rows then');
foreach my $neighbors (5, 9)
{
	$publisher->safe_psql('postgres', qq{
		SELECT affinity.drop_model(name) FROM affinity.models;
		SELECT FROM affinity.create_model('shop', '$source', 'item_knn', options => '{"neighbors": $neighbors}', train => false);
		ALTER PUBLICATION shop ADD TABLES IN SCHEMA shop});
	change(q{SELECT FROM affinity.refresh_model('shop')});
	same("created again with $neighbors neighbors");
	is(status(), 'received 1 interactions shop', 'the first version');
	is($session->query_safe("$answer;"), $publisher->safe_psql('postgres', $answer), 'seen by a session that knew another first version');
}

change(q{SELECT FROM affinity.alter_model('shop', algorithm => 'ease')});
same('with another algorithm');
is($subscriber->safe_psql('postgres', 'SELECT algorithm FROM affinity.models'), 'ease', 'which is listed');

$publisher->safe_psql('postgres', 'TRUNCATE shop.model, shop.items');
$publisher->wait_for_catchup('shop');
is(status(), 'awaited interactions shop', 'truncated where it is from');
change(q{SELECT FROM affinity.refresh_model('shop')});
same('after that');
is($subscriber->safe_psql('postgres', q{SELECT name || ': ' || done FROM affinity.upgrade_models()}), 'shop: nothing to do', 'upgrade_models');

# Whatever the reader saw was what the publisher said of that version.
$subscriber->safe_psql('postgres', 'INSERT INTO stop DEFAULT VALUES');
$reader->finish;
is($err, '', 'the reader went on');
is($subscriber->safe_psql('postgres', 'SELECT DISTINCT message FROM wrong'), '', 'and met no error');
my $told = $publisher->safe_psql('postgres', q{SELECT string_agg(DISTINCT concat_ws(' ', extract(epoch FROM trained_at), version, digest), E'\n') FROM told});
my %told = map { $_ => 1 } split /\n/, $told;
my @seen = split /\n/, $subscriber->safe_psql('postgres', q{SELECT DISTINCT concat_ws(' ', extract(epoch FROM trained_at), version, digest) FROM seen});
my @mixed = grep { !$told{$_} && $_ ne $nothing } @seen;
is("@mixed", '', 'each answer was of one version');
cmp_ok(scalar(@seen), '>', 3, 'of several');
note($subscriber->safe_psql('postgres', 'SELECT count(*) FROM seen') . ' answers of ' . scalar(@seen) . ' versions');

# Rules are each server's own, the items that they read may come.
my $rules = q{SELECT affinity.set_rules('shop', items => 'SELECT product AS item_id, in_stock FROM products', eligible => 'in_stock')};
foreach my $node ($publisher, $subscriber)
{
	$node->safe_psql('postgres', $rules);
}
same('with rules');
$publisher->safe_psql('postgres', q{UPDATE products SET in_stock = false WHERE product < 'product 30'});
same('when items change');
is($subscriber->safe_psql('postgres', q{SELECT count(*) FILTER (WHERE item_id < 'product 30'), count(*) FROM shop.recommend_all(5)}) =~ /^0\|[1-9]/,
	1, 'rules hold');

# A dump has the model as it was received; where it is restored it can be trained.
$subscriber->safe_psql('postgres', 'CREATE DATABASE restored');
my $dump = $subscriber->basedir . '/received.sql';
$subscriber->command_ok([ 'pg_dump', '--no-subscriptions', '-f', $dump, $subscriber->connstr('postgres') ], 'pg_dump');
$subscriber->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', $dump, $subscriber->connstr('restored') ],
	'restored');
is($subscriber->safe_psql('restored', $answer), $subscriber->safe_psql('postgres', $answer), 'answers alike');
is(status('restored'), 'received 3 interactions', 'received, by no subscription');
$subscriber->safe_psql('restored', q{SELECT FROM affinity.refresh_model('shop')});
is(status('restored'), 'ready 4 interactions', 'and its own after a refresh');

# Copied by hand, in one transaction; another model of the same version too.
$subscriber->safe_psql('postgres', 'CREATE DATABASE copied');
prepare('copied');
my $dir = $publisher->basedir;
my $reads = $subscriber->background_psql('copied');
foreach my $algorithm ('item_knn', 'ials')
{
	$publisher->safe_psql('postgres', qq{
		SELECT FROM affinity.drop_model('shop');
		SELECT FROM affinity.create_model('shop', '$source', '$algorithm');
		COPY shop.model TO '$dir/model'; COPY shop.items TO '$dir/items'; COPY purchases TO '$dir/purchases'});
	$subscriber->safe_psql('copied', qq{
		BEGIN;
		DELETE FROM purchases; DELETE FROM shop.items; DELETE FROM shop.model;
		COPY purchases FROM '$dir/purchases'; COPY shop.model FROM '$dir/model'; COPY shop.items FROM '$dir/items';
		COMMIT});
	is($reads->query_safe("$answer;"), $publisher->safe_psql('postgres', $answer), "$algorithm, copied: answers are the publisher's");
	is(status('copied'), 'received 1 interactions', 'received, by no subscription');
}
$reads->quit;
$session->quit;

unlike(slurp_file($subscriber->logfile), qr/ERROR:  (?!model "shop" is replicated)/, 'the subscriber has met no error');
$subscriber->stop;
$publisher->stop;
done_testing();
