# statement_timeout, lock_timeout and idle_in_transaction_session_timeout inside
# of calls and refreshes: the error is PostgreSQL's, and what comes next in that
# session, and in that transaction where it can go on, is right.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Shop;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\n");
$node->start;
create_shop($node, 'postgres');

# A source that takes as long as a setting says. Each row asks once, so that
# reading one history is slow, too.
$node->safe_psql('postgres', q{
	CREATE FUNCTION wait() RETURNS boolean STABLE COST 1000000 LANGUAGE plpgsql AS $$
	BEGIN
		IF current_setting('test.wait', true) = 'on' THEN
			PERFORM pg_catalog.pg_sleep(600);
		END IF;
		RETURN true;
	END$$;
	CREATE VIEW source AS SELECT customer_id, product, quantity, at FROM purchases WHERE wait();
	CREATE VIEW plain AS SELECT customer_id, product, quantity, at FROM purchases;
	SELECT FROM affinity.create_model('shop', 'SELECT * FROM source', 'item_knn');
	SELECT FROM affinity.create_model('factors', 'SELECT * FROM source', 'ials')});

sub sql
{
	return $node->safe_psql('postgres', join ';', @_);
}

my %call = map { my $m = $_; (
	"$m.recommend" => "SELECT * FROM $m.recommend(7, 5)",
	"$m.recommend_all" => "SELECT md5(string_agg(r::text, ',')) FROM $m.recommend_all(3) r",
	"$m.score" => "SELECT * FROM $m.score(7, ARRAY['product 01', 'product 31'])",
	"$m.explain" => "SELECT * FROM $m.explain(7, 'product 05')",
	"$m.audience" => "SELECT * FROM $m.audience('product 05', 5)",
	"$m.similar_users" => "SELECT * FROM $m.similar_users(7, 5)",
) } 'shop', 'factors';
my %right = map { $_ => sql($call{$_}) } keys %call;
my $versions = q{SELECT string_agg(name || ' ' || version, ', ' ORDER BY name) FROM affinity.models};

# What a script prints, errors with their states.
sub outcome
{
	my ($out, $err) = ('', '');

	$node->psql('postgres', join("\n", '\set VERBOSITY verbose', @_),
		stdout => \$out, stderr => \$err, on_error_stop => 0);
	return ($out, join "\n", $err =~ /((?:ERROR|FATAL):  .*)/g);
}

# ---- statement_timeout -------------------------------------------------

# ms: a call waits for 600 s, but what ends the limit must come through on a machine
# that has other things to do.
my $limit = 250;
my $late = 'ERROR:  57014: canceling statement due to statement timeout';

foreach my $name (sort keys %call)
{
	my ($out, $err) = outcome("SET test.wait = on; SET statement_timeout = $limit;", "$call{$name};",
		"RESET statement_timeout; RESET test.wait;", "$call{$name};");

	is($err, $late, "$name: statement_timeout in a session's first call");
	is($out, $right{$name}, 'and the next call is right');

	($out, $err) = outcome("$call{$name};", 'BEGIN; SAVEPOINT s;',
		"SET LOCAL test.wait = on; SET LOCAL statement_timeout = $limit;", "$call{$name};",
		'ROLLBACK TO s;', "$call{$name};", 'COMMIT;', "$call{$name};");
	is($err, $late, "$name: in a transaction");
	is($out, join("\n", ($right{$name}) x 3), 'which goes on from its savepoint');
}

my $before = sql($versions);

foreach my $model ('shop', 'factors')
{
	my ($out, $err) = outcome("BEGIN; SET LOCAL test.wait = on; SET LOCAL statement_timeout = $limit;",
		"SELECT affinity.refresh_model('$model');", 'ROLLBACK;', "$call{\"$model.recommend\"};");

	is($err, $late, "$model: statement_timeout in a refresh");
	is($out, $right{"$model.recommend"}, 'and the next call is right');
}

# A block that catches the timeout goes on in the same transaction.
is(sql(q{SET client_min_messages = warning}, q{DO $$
	BEGIN
		PERFORM set_config('test.wait', 'on', true), set_config('statement_timeout', '50ms', false);
		RAISE EXCEPTION 'unreachable' USING ERRCODE = 'P0003';
	EXCEPTION WHEN SQLSTATE 'P0003' THEN
		NULL;
	END$$}, q{CREATE FUNCTION pg_temp.page() RETURNS SETOF text LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM FROM shop.recommend(7, 5);
		RETURN NEXT 'in time';
	EXCEPTION WHEN query_canceled THEN
		PERFORM set_config('test.wait', 'off', false);
		RETURN QUERY SELECT r::text FROM shop.recommend(7, 5) r;
	END$$}, q{SET test.wait = on}, "SET statement_timeout = $limit", 'SELECT pg_temp.page()'),
	sql('SELECT r::text FROM shop.recommend(7, 5) r'), 'a block that catches the timeout has answers after it');

# ---- lock_timeout ------------------------------------------------------

my $holder = $node->background_psql('postgres');
my $locked = 'ERROR:  55P03: canceling statement due to lock timeout';

foreach my $table ('purchases', 'shop.items', 'shop.model')
{
	$holder->query_safe("BEGIN; LOCK $table IN ACCESS EXCLUSIVE MODE");
	foreach my $name (sort grep { /^shop/ } keys %call)
	{
		my ($out, $err) = outcome("SET lock_timeout = '50ms';", "$call{$name};");

		is($err, $locked, "$name: lock_timeout where $table is locked");
	}
	my ($out, $err) = outcome("SET lock_timeout = '50ms';", q{SELECT affinity.refresh_model('shop');});
	is($err, $locked, "refresh_model: lock_timeout where $table is locked");

	# the same session, before and after
	my $session = $node->background_psql('postgres', on_error_stop => 0);
	$session->query_safe(q{SET lock_timeout = '50ms'});
	$session->query($call{'shop.recommend'});
	like($session->{stderr}, qr/canceling statement due to lock timeout/, 'in a session');
	$session->{stderr} = '';
	$holder->query_safe('COMMIT');
	is($session->query_safe($call{'shop.recommend'}), $right{'shop.recommend'}, 'that is right once it is free');
	$session->quit;
}

# Two refreshes at once: the second gives up, and the first is not disturbed.
sql(q{INSERT INTO purchases SELECT c, 'product 33', 1, now() FROM generate_series(1, 200, 2) c});
$holder->query_safe(q{SET client_min_messages = warning; BEGIN; SELECT FROM affinity.refresh_model('shop')});
my ($out, $err) = outcome("SET lock_timeout = '50ms';", q{SELECT affinity.refresh_model('shop');});
is($err, $locked, 'a second refresh gives up after lock_timeout');
$holder->query_safe('COMMIT');
is(sql($versions), $before =~ s/shop (\d+)/'shop ' . ($1 + 1)/er, 'and the first is what counts');

# ---- idle in transaction -----------------------------------------------

$before = sql($versions);
my $answers = answers($node, 'postgres', 'shop');
my $log = -s $node->logfile;

sql(q{INSERT INTO purchases SELECT c, 'product 44', 1, now() FROM generate_series(1, 200, 2) c});
$answers = answers($node, 'postgres', 'shop');
$holder->query_safe(q{SET idle_in_transaction_session_timeout = '100ms';
	BEGIN; SELECT FROM affinity.refresh_model('shop')});
$node->wait_for_log(qr/terminating connection due to idle-in-transaction timeout/, $log);
eval { $holder->quit };

# The session that was ended held the model: what comes next does not wait.
is(answers($node, 'postgres', 'shop'), $answers, 'a refresh that idles is ended: the old version answers');
is(sql($versions), $before, 'and it is as it was');
isnt(sql(q{SET lock_timeout = '180s'}, q{SET client_min_messages = warning},
	q{SELECT FROM affinity.refresh_model('shop')}, $versions), $before, 'the next refresh goes through');
isnt(answers($node, 'postgres', 'shop'), $answers, 'and its version answers');

$node->stop;
done_testing();
