# Rules over a list through what a backend keeps: how often the items are read;
# tenants and grants, on one model and on two; writers of every kind; a hot
# standby, a subscriber and a restored database.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Shop;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', 'max_prepared_transactions = 5');
$node->start;
create_shop($node, 'postgres');
create_model($node, 'postgres', 'shop', 'item_knn');
$node->safe_psql('postgres', q{
	CREATE TABLE products (product text PRIMARY KEY, stock integer NOT NULL DEFAULT 1, tenant text);
	INSERT INTO products SELECT DISTINCT product, 1, 'tenant_' || right(product, 1)::int % 2 FROM purchases;
	CREATE SEQUENCE calls;
	CREATE FUNCTION in_stock(integer) RETURNS boolean IMMUTABLE LANGUAGE plpgsql
		AS 'BEGIN PERFORM nextval(''calls''); RETURN $1 > 0; END';
	CREATE FUNCTION list(k integer DEFAULT 100) RETURNS text STABLE LANGUAGE sql
		AS $$SELECT string_agg(right(item_id, 2), ' ' ORDER BY item_id) FROM shop.recommend(0, k)$$;
	SELECT FROM affinity.set_rules('shop', 'products', 'in_stock(stock)')});
my $all = $node->safe_psql('postgres', q{SELECT string_agg(right(product, 2), ' ' ORDER BY product) FROM products});

# without NAME…: the list without some products
sub without
{
	my $list = $all;
	$list =~ s/\b$_ ?// foreach @_;
	$list =~ s/ $//;
	return $list;
}

# ---- how often the items are read -----------------------------------------

my $session = $node->background_psql('postgres');

# calls SQL: how many items were looked at meanwhile
sub calls
{
	my ($sql) = @_;
	my $last = q{SELECT last_value FROM calls};
	my $before = $node->safe_psql('postgres', $last);

	$session->query_safe($sql);
	return $node->safe_psql('postgres', $last) - $before;
}

my $n = $node->safe_psql('postgres', 'SELECT count(*) FROM products');
cmp_ok(calls('SELECT list()'), '>', 0, 'a first call reads the items');
is(calls('SELECT list()'), 0, 'a second one does not');
is(calls('SELECT count(*) FROM generate_series(1, 100) u, shop.recommend(u)'), 0, 'nor one for many users');
is(calls('SELECT count(*) FROM shop.recommend_all(5)'), 0, 'nor recommend_all');
is(calls(q{SELECT count(*) FROM shop.recommend_for('{product 07}')}), 0, 'nor recommend_for');
is(calls(q{SELECT FROM shop.recommend(1, eligible => 'true')}), $n, 'a call with an expression of its own reads them');
is(calls(q{SELECT FROM shop.recommend(2, eligible => 'true')}), 0, 'but once');
is(calls(q{SELECT FROM shop.recommend(2, eligible => 'stock > $1::int', parameters => '0')}), $n, 'for each');
is(calls(q{SELECT FROM shop.recommend(2, eligible => 'stock > $1::int', parameters => '-1')}), $n, 'and for all parameters');
is(calls(q{SELECT FROM shop.recommend(2, eligible => 'stock > $1::int', parameters => '0')}), 0, 'which are kept together');
$node->safe_psql('postgres', q{UPDATE products SET stock = stock WHERE product = 'product 03'});
is(calls('SELECT list()'), $n, 'a change has them read again');
is(calls('SELECT list()'), 0, 'once');
$node->safe_psql('postgres', q{CREATE TABLE other (i integer); INSERT INTO other VALUES (1); ANALYZE other; DROP TABLE other});
is(calls('SELECT list()'), 0, 'what happens to other tables does not matter');
is(calls(q{SELECT FROM shop.recommend(2, eligible => 'now() IS NOT NULL')}), $n, 'what depends on the time is read');
is(calls(q{SELECT FROM shop.recommend(2, eligible => 'now() IS NOT NULL')}), $n, 'by every statement');
is(calls(q{SELECT FROM generate_series(1, 100) u, shop.recommend(u, eligible => 'now() IS NOT NULL')}), $n, 'but once by each');
is(calls(q{BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT list()}), $n, 'a transaction that keeps its snapshot reads for itself');
is(calls(q{SELECT list(); SELECT list()}), 0, 'and keeps that');
is(calls(q{COMMIT; SELECT list()}), 0, 'beside what was kept before');

# ---- writers ---------------------------------------------------------------

my $file = $node->basedir . '/products';

sub holds
{
	my ($sql, $expected, $what) = @_;

	$session->query_safe('SELECT list()');
	$node->safe_psql('postgres', $sql);
	is($session->query_safe('SELECT list()'), $expected, $what);
	return;
}
my $set = q{UPDATE products SET stock = %d WHERE product = 'product %s'};

holds(sprintf($set, 0, '11'), without('11'), 'UPDATE');
holds('SET session_replication_role = replica; ' . sprintf($set, 0, '12'), without('11', '12'), 'with triggers off');
holds('BEGIN; ' . sprintf($set, 0, '13') . q{; PREPARE TRANSACTION 'rules'}, without('11', '12'), 'PREPARE TRANSACTION');
holds(q{COMMIT PREPARED 'rules'}, without('11', '12', '13'), 'COMMIT PREPARED');
holds("COPY products TO '$file'; DELETE FROM products; COPY products FROM '$file' WHERE stock > 0", without('11', '12', '13'), 'COPY');
holds('UPDATE products SET stock = 1; TRUNCATE products', '', 'TRUNCATE');
holds("COPY products FROM '$file'; UPDATE products SET stock = 1", $all, 'COPY into what is empty');
holds(q{MERGE INTO products p USING (VALUES ('product 20')) AS v(product) ON p.product = v.product
	WHEN MATCHED THEN UPDATE SET stock = 0}, without('20'), 'MERGE');
holds(q{WITH w AS (UPDATE products SET stock = 0 WHERE product = 'product 21' RETURNING 1) SELECT FROM w}, without('20', '21'), 'WITH');
holds(q{INSERT INTO products VALUES ('product 21') ON CONFLICT (product) DO UPDATE SET stock = 1}, without('20'), 'ON CONFLICT');
is($session->query_safe(q{BEGIN; } . sprintf($set, 0, '30') . q{; SELECT list()}), without('20', '30'), 'what a session itself changed holds at once');
is($session->query_safe(q{ROLLBACK; SELECT list()}), without('20'), 'and no longer after a rollback');
is($session->query_safe(q{BEGIN; } . sprintf($set, 0, '30') . q{; SELECT list()}), without('20', '30'), 'again,');
is($session->query_safe(q{PREPARE TRANSACTION 'mine'; SELECT list()}), without('20'), 'when it is prepared,');
is($session->query_safe(q{COMMIT PREPARED 'mine'; SELECT list()}), without('20', '30'), 'it holds once that is committed');
$node->safe_psql('postgres', 'UPDATE products SET stock = 1');

# ---- tenants and grants -----------------------------------------------------

$node->safe_psql('postgres', q{
	CREATE ROLE tenant_0; CREATE ROLE tenant_1; CREATE ROLE staff; CREATE ROLE clerk;
	ALTER TABLE purchases ADD tenant text;
	UPDATE purchases SET tenant = 'tenant_' || customer_id % 2;
	GRANT USAGE ON SCHEMA shop TO PUBLIC;
	GRANT SELECT ON purchases TO PUBLIC; GRANT SELECT ON products TO tenant_0, tenant_1;
	GRANT USAGE ON SEQUENCE calls TO PUBLIC;
	ALTER TABLE purchases ENABLE ROW LEVEL SECURITY;
	ALTER TABLE products ENABLE ROW LEVEL SECURITY;
	CREATE POLICY own ON purchases USING (tenant = current_user);
	CREATE POLICY own_0 ON products TO tenant_0 USING (tenant = 'tenant_0');
	CREATE POLICY own_1 ON products TO tenant_1 USING (tenant = current_user)});
my @own = map { my $t = $_; join ' ', grep { $_ % 2 == $t } split / /, $all } (0, 1);

for my $round (1, 2)
{
	is($session->query_safe("SET ROLE tenant_$_; SELECT list()"), $own[$_], "tenant $_ sees what is its own, round $round") foreach (0, 1);
	is($session->query_safe('RESET ROLE; SELECT list()'), $all, "and the owner everything, round $round");
}
is( $session->query_safe(q{SET ROLE tenant_0;
		SELECT count(DISTINCT user_id % 2) || ' ' || bool_and(right(item_id, 1)::int % 2 = 0) FROM shop.recommend_all(100)}),
	'1 true', 'recommend_all: of a tenant, users and items');
is($session->query_safe(q{SET ROLE tenant_0; SELECT count(*) FROM shop.recommend(1, 100) WHERE personalized}), '0', 'the history of another tenant is not seen');
is( $session->query_safe(q{SET ROLE tenant_1; SELECT list(0) IS NULL, string_agg(right(item_id, 1)::int % 2 || '', '' ORDER BY rank) FROM shop.recommend(1, 4)}),
	't|1111', 'one that is its own is');
$session->query_safe('RESET ROLE');
my ($status, $out, $err) = $node->psql('postgres', 'SET ROLE tenant_0; SET row_security = off; SELECT list()');
like($err, qr/query would be affected by row-level security policy for table "products"/, 'row_security = off says so');
is($node->safe_psql('postgres', 'SET row_security = off; SELECT list()'), $all, 'the owner does not mind');
$node->safe_psql('postgres', q{ALTER TABLE products FORCE ROW LEVEL SECURITY; CREATE ROLE master; GRANT CREATE ON SCHEMA public TO master;
	ALTER TABLE products OWNER TO master});
is($session->query_safe('SET ROLE master; SELECT list() IS NULL'), 't', 'an owner who is bound by policies sees what they give');
$node->safe_psql('postgres', q{ALTER TABLE products NO FORCE ROW LEVEL SECURITY});
is($session->query_safe('SELECT list()'), $all, 'and all when it is not');
$session->query_safe('RESET ROLE');

# two models over one source, each with rules of its own
create_model($node, 'postgres', 'second', 'popular');
$node->safe_psql('postgres', q{GRANT USAGE ON SCHEMA second TO PUBLIC;
	SELECT FROM affinity.set_rules('second', 'products', $$product < 'product 20'$$)});
my $both = q{SELECT list(), (SELECT string_agg(right(item_id, 2), ' ' ORDER BY item_id) FROM second.recommend(0, 100))};
foreach my $t (0, 1, 0)
{
	is($session->query_safe("SET ROLE tenant_$t; $both"), "$own[$t]|" . join(' ', grep { $_ < 20 } split / /, $own[$t]),
		"two models, tenant $t");
}
$session->query_safe('RESET ROLE');
$node->safe_psql('postgres', q{SELECT FROM affinity.drop_model('second')});

# no policies, but rights
$node->safe_psql('postgres', 'ALTER TABLE products DISABLE ROW LEVEL SECURITY');
($status, $out, $err) = $node->psql('postgres', 'SET ROLE clerk; SELECT list()');
like($err, qr/permission denied for table products/, 'who may not read the items is told');
my ($hint) = $err =~ /HINT:.*?(GRANT .*;)/;
is($hint, 'GRANT SELECT ON public.products TO clerk;', 'how to grant it');
$node->safe_psql('postgres', $hint);
is($session->query_safe('SET ROLE clerk; SELECT list()'), $all, 'and then may');

sub denied
{
	my ($sql, $what) = @_;

	$node->safe_psql('postgres', $sql);
	is( $session->query_safe(q{DO $$ BEGIN PERFORM list(); RAISE NOTICE 'given'; EXCEPTION WHEN insufficient_privilege THEN
			PERFORM set_config('my.denied', 'yes', false); END $$; SELECT current_setting('my.denied', true)}),
		'yes', $what);
	$session->query_safe(q{RESET my.denied});
	return;
}
denied('REVOKE SELECT ON products FROM clerk', 'a right that is taken away is gone');
$node->safe_psql('postgres', 'GRANT SELECT ON products TO staff; GRANT staff TO clerk');
is($session->query_safe('SELECT list()'), $all, 'a right through another role');
denied('REVOKE staff FROM clerk', 'is gone with the membership');
$node->safe_psql('postgres', 'GRANT SELECT (product, stock) ON products TO clerk');
denied('SELECT 1', 'some columns do not do');
$session->query_safe('RESET ROLE');
$node->safe_psql('postgres', q{SELECT FROM affinity.set_rules('shop', 'SELECT product, stock FROM products', 'stock > 0')});
is($session->query_safe('SET ROLE clerk; SELECT list()'), $all, 'but where these are all that is read');

# what a call names in a schema
$node->safe_psql('postgres', q{CREATE SCHEMA others; GRANT USAGE ON SCHEMA others TO clerk;
	CREATE FUNCTION others.fine(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN true; END'});
my $named = q{SELECT count(*) FROM shop.recommend(0, 100, eligible => 'others.fine(product)')};
is($session->query_safe($named), $n, 'a function in a schema that one may use');
$node->safe_psql('postgres', 'REVOKE USAGE ON SCHEMA others FROM clerk');
is( $session->query_safe(qq{DO \$\$ BEGIN EXECUTE \$q\$$named\$q\$; EXCEPTION WHEN insufficient_privilege THEN
		PERFORM set_config('my.denied', 'yes', false); END \$\$; SELECT current_setting('my.denied', true)}),
	'yes', 'and not when one may not any more');
$session->query_safe(q{RESET my.denied});
$session->query_safe('RESET ROLE');

# who does not own the items
$node->safe_psql('postgres', q{CREATE ROLE maker; GRANT CREATE ON DATABASE postgres TO maker; GRANT SELECT, TRIGGER ON products TO maker;
	ALTER TABLE purchases DISABLE ROW LEVEL SECURITY; SELECT FROM affinity.set_rules('shop')});
($status, $out, $err) = $node->psql('postgres', q{SET ROLE maker;
	SELECT FROM affinity.create_model('made', 'SELECT customer_id, product FROM purchases', 'popular');
	SELECT FROM affinity.set_rules('made', 'products', 'stock > 0')});
like($err, qr/rules of model "made" read the items anew in every statement/, 'a table of another role is not watched');
($hint) = $err =~ /HINT:  So that[^:]*: (.*;)/;
my $made = q{SELECT count(*) FROM made.recommend(0, 100)};
is($session->query_safe("SET ROLE maker; $made"), $n, 'but read');
$node->safe_psql('postgres', sprintf $set, 0, '40');
is($session->query_safe($made), $n - 1, 'as it is');
$node->safe_psql('postgres', "SET ROLE master; $hint");
is($node->safe_psql('postgres', q{SELECT tgenabled FROM pg_trigger WHERE tgfoid = 'affinity.catalog_changed'::regproc}), 'A', 'its owner does as the hint says');
is($session->query_safe($made), $n - 1, 'then it is watched');
$node->safe_psql('postgres', sprintf $set, 0, '41');
is($session->query_safe($made), $n - 2, 'and read when it changes');
($status, $out, $err) = $node->psql('postgres', q{SET ROLE maker; SELECT FROM affinity.drop_model('made')});
like($err, qr/trigger "affinity_catalog_changed" stays on public.products/, 'a trigger that cannot be dropped stays');
($hint) = $err =~ /HINT:.*?(DROP .*;)/;
$session->query_safe('RESET ROLE');
$node->safe_psql('postgres', 'UPDATE products SET stock = 1');
$node->safe_psql('postgres', "SET ROLE master; $hint");
$node->safe_psql('postgres', q{ALTER TABLE products OWNER TO CURRENT_USER; SELECT FROM affinity.set_rules('shop', 'products', 'stock > 0')});

# ---- a drop that meets readers ----------------------------------------------

create_model($node, 'postgres', 'second', 'popular');
$node->safe_psql('postgres', q{SELECT FROM affinity.set_rules('second', 'products', 'stock > 0');
	SELECT FROM affinity.set_rules('shop')});
$session->query_safe('BEGIN; SELECT FROM products LIMIT 1');
my $dropper = $node->background_psql('postgres');
$dropper->query_until(qr/start/, "\\echo start\nSELECT FROM affinity.drop_model('second');\n\\echo dropped\n");
$node->poll_query_until('postgres', q{SELECT count(*) > 0 FROM pg_locks WHERE NOT granted}) or die 'nobody waits';
is($session->query_safe('SELECT count(*) FROM second.recommend(0, 100)'), $n, 'who reads the items can go on reading the model that is to be dropped');
$session->query_safe('COMMIT');
$node->poll_query_until('postgres', q{SELECT NOT EXISTS (SELECT FROM affinity.models WHERE name = 'second')}) or die 'not dropped';
$dropper->quit;
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_trigger WHERE tgfoid = 'affinity.catalog_changed'::regproc}), '0', 'the trigger went with it');
$node->safe_psql('postgres', q{SELECT FROM affinity.set_rules('shop', 'products', 'stock > 0', group_by => 'tenant', max_per_group => 25,
	boost => 'CASE WHEN stock > 5 THEN 2 ELSE 1 END', pin => '{product 07}', exclude => '{product 08}', penalty => 0.25, not_within => '30 days')});

# ---- a standby ---------------------------------------------------------------

$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby);
my $there = $standby->background_psql('postgres');
my $lists = q{SELECT string_agg(item_id || rank || score, ',' ORDER BY rank) FROM shop.recommend(3, 60)};
is($there->query_safe($lists), $session->query_safe($lists), 'a standby has the rules');
foreach my $change (sprintf($set, 0, '22'), 'BEGIN; ' . sprintf($set, 0, '23') . '; ROLLBACK; ' . sprintf($set, 9, '24'),
	q{SELECT FROM affinity.refresh_model('shop')}, 'TRUNCATE products', q{INSERT INTO products SELECT DISTINCT product, 1 FROM purchases},
	q{SELECT FROM affinity.set_rules('shop', 'products', $$product > 'product 30'$$)})
{
	$node->safe_psql('postgres', $change);
	$node->wait_for_catchup($standby);
	is($there->query_safe($lists), $session->query_safe($lists), "and follows: $change");
}
($status, $out, $err) = $standby->psql('postgres', q{SELECT affinity.set_rules('shop')});
like($err, qr/cannot execute affinity.set_rules\(\)/, 'but does not set them');
$there->quit;
$standby->stop;

# ---- a restored database -------------------------------------------------------

$node->safe_psql('postgres', q{SELECT FROM affinity.set_rules('shop', 'products', 'stock > 0', group_by => 'right(product, 1)', max_per_group => 2,
	boost => 'CASE WHEN stock > 5 THEN 2 ELSE 1 END', pin => '{product 07}', exclude => '{product 08}', penalty => 0.25, not_within => '30 days')});
my $dump = $node->basedir . '/dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('postgres') ], 'pg_dump');
foreach my $how ('all', 'data later', 'data later, without triggers')
{
	my $db = $how =~ s/\W+/_/gr;

	$node->safe_psql('postgres', qq{CREATE DATABASE "$db"});
	my @to = ('-d', $node->connstr($db), $dump);
	my @jobs = $how eq 'all' ? ([]) : ([ '--section=pre-data' ], [ '--section=post-data' ], [ '--data-only', $how =~ /triggers/ ? '--disable-triggers' : () ]);
	my $reader;
	foreach my $job (@jobs)
	{
		$node->command_ok([ 'pg_restore', '--exit-on-error', @$job, @to ], "pg_restore: $how @$job");
		$reader->query_safe('SELECT list()') if $reader;
		$reader = $node->background_psql($db) if !$reader;
		$reader->query_safe('SELECT list()');
	}
	is($reader->query_safe($lists), $session->query_safe($lists), "$how: the same lists");
	$reader->query_safe('SELECT list()');
	$node->safe_psql($db, sprintf $set, 0, '33');
	is($reader->query_safe(q{SELECT count(*) FROM shop.recommend(0, 100) WHERE item_id = 'product 33'}), '0', "$how: the trigger is there");
	is($reader->query_safe(q{SELECT items, eligible, not_within, pin, penalty FROM shop.rules}), 'products|stock > 0|30 days|{"product 07"}|0.25', "$how: the rules are");
	$reader->query_safe(q{SELECT FROM affinity.set_rules('shop')});
	$reader->quit;
}

# ---- a subscriber ----------------------------------------------------------------

my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init(allows_streaming => 'logical');
$subscriber->start;
$subscriber->safe_psql('postgres', join '', map { "CREATE ROLE $_;" } qw(tenant_0 tenant_1 staff clerk master maker));
$subscriber->command_ok([ 'pg_restore', '--exit-on-error', '-d', $subscriber->connstr('postgres'), $dump ], 'a subscriber is restored');
$subscriber->safe_psql('postgres', q{SELECT FROM affinity.set_rules('shop', 'products', 'in_stock(stock)'); TRUNCATE products});
$there = $subscriber->background_psql('postgres');
$there->query_safe('SELECT list()');
$node->safe_psql('postgres', 'UPDATE products SET stock = 1; CREATE PUBLICATION items FOR TABLE products');
my $from = $node->connstr . ' dbname=postgres';
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION items CONNECTION '$from' PUBLICATION items");
$subscriber->wait_for_subscription_sync($node, 'items');
is($there->query_safe('SELECT list()'), $all, 'what the subscription copied holds');

sub replicated
{
	my ($no, $what) = @_;

	$node->safe_psql('postgres', sprintf $set, 0, $no);
	$node->wait_for_catchup('items');
	my $before = $subscriber->safe_psql('postgres', 'SELECT last_value FROM calls');
	my $list = $there->query_safe('SELECT list()');
	like($list, qr/^(?!.*\b$no\b)/, $what);
	$before = $subscriber->safe_psql('postgres', 'SELECT last_value FROM calls');
	$there->query_safe('SELECT list()');
	return $subscriber->safe_psql('postgres', 'SELECT last_value FROM calls') - $before;
}
is(replicated('50', 'what it applies holds'), $n, 'the items are read by every statement');
$subscriber->safe_psql('postgres', q{SELECT FROM affinity.refresh_model('shop')});
$there->query_safe('SELECT list()');
is(replicated('51', 'a refresh watches the rows that come'), 0, 'and the items are kept');
is(replicated('52', 'again'), 0, 'until they change');
is($subscriber->safe_psql('postgres', q{SELECT string_agg(tgname || ' ' || tgenabled::text, ', ' ORDER BY tgname) FROM pg_trigger
		WHERE tgfoid = 'affinity.catalog_changed'::regproc}),
	'affinity_catalog_changed A, affinity_catalog_replicated R', 'by a trigger that others do not pay for');
$node->safe_psql('postgres', 'TRUNCATE products');
$node->wait_for_catchup('items');
is($there->query_safe('SELECT list()'), '', 'TRUNCATE is told too');
$there->quit;
$session->quit;
$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION items');
$subscriber->stop;
$node->stop;
done_testing();
