# Models that all connections share: the same rows with and without, whatever
# happens meanwhile.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('shared');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', q{
	max_connections = 520
	shared_buffers = 16MB
	autovacuum = off
	restart_after_crash = on
	client_min_messages = notice});
$node->start;

# ---- the models ------------------------------------------------------------

# 1,600 items, so that the best by factors are looked for in the copy in bytes.
$node->safe_psql('postgres', q{
	CREATE EXTENSION affinity;
	CREATE TABLE bought (u int, item int, name text, code uuid, w float8, at timestamp, signal text);
	INSERT INTO bought
	SELECT u, i, 'item ' || lpad(i::text, 4, '0'), md5(i::text)::uuid, 1 + h % 5,
		timestamp '2024-01-01' + h % 300 * interval '1 day', CASE WHEN h % 3 = 0 THEN 'view' ELSE 'buy' END
	FROM (SELECT u, (u * 29 + abs(hashint4(u * 1000 + n)::bigint) % 97 * 16) % 1600 AS i,
			abs(hashint4(u * 1000 + n + 7)::bigint) AS h
		FROM generate_series(1, 400) u, generate_series(1, 25) n) s;
	INSERT INTO bought SELECT 500 + i % 50, i, 'item ' || lpad(i::text, 4, '0'), md5(i::text)::uuid, 2, '2024-05-05', 'buy'
	FROM generate_series(0, 1599) i;
	CREATE INDEX ON bought (u);
	ANALYZE bought});

my %model = (
	popular => [ 'popular', 'u, item, w, at' ],
	knn => [ 'item_knn', 'u, item, w, at' ],
	texts => [ 'item_knn', 'u, name, w, at' ],
	codes => [ 'item_knn', 'u, code, w' ],
	small => [ 'item_knn', 'u, item::smallint, w' ],
	next_item => [ 'next_item', 'u, item, w, at' ],
	ease => [ 'ease', 'u, item, w' ],
	graph => [ 'graph_filter', 'u, item, w', '{"rank": 20}' ],
	ials => [ 'ials', 'u, item, w, at', '{"factors": 24}' ],
	names => [ 'ials', 'u, name, w', '{"factors": 8}' ],
	als => [ 'als', 'u, item, w', '{"factors": 8}' ],
	again => [ 'buy_again', 'u, item, w, at' ],
	signals => [ 'item_knn', 'u, item, w, at, signal', '{}', '["buy", "view"]' ]);

sub make_model
{
	my ($name) = @_;
	my ($algorithm, $columns, $options, $signals) = @{ $model{$name} };

	$node->safe_psql('postgres', sprintf(q{SET client_min_messages = error;
		SELECT FROM affinity.create_model('%s', 'SELECT %s FROM bought', '%s', '%s'%s,
			user_groups => 'SELECT u, CASE WHEN u %% 3 > 0 THEN u %% 3 END FROM bought')},
		$name, $columns, $algorithm, $options // '{}',
		defined $signals ? ", signals => '$signals'" : ''));
	return;
}

# What the functions of a model say to some, as one text; scores to the last bit.
# A user of whom nothing is known, and one with a long history, are among them.
sub said
{
	my ($name, $on) = @_;
	my ($algorithm, $columns) = @{ $model{$name} };
	my $repeats = $columns =~ /, at$/ && $algorithm ne 'buy_again';
	my $likes = $algorithm ne 'popular' && $algorithm ne 'buy_again';
	my $users = 'unnest(ARRAY[1, 2, 17, 133, 400, 505, 9999]) u';
	my $some = "ARRAY(SELECT item_id FROM $name.items WHERE item_no % 7 = 3 ORDER BY item_no)";
	my @ask = (
		"recommend(u, 10)", "recommend(u, 400)", "recommend(u, 5, exclude_seen => false)",
		"recommend(u, 8, candidates => $some)", "recommend(u, 8, exclude => $some)",
		"score(u, $some)", "recommend(u, 30, user_group => '1')", "recommend(u, 30, user_group => '1', candidates => $some)",
		"recommend(u, 30, user_group => '2', penalty => 0.5)");
	my $sql = '';

	push @ask, 'recommend(u, 12, repeat => 0.4)' if $repeats;
	$sql .= "SELECT u, r.* FROM $users, $name.$_ r;\n" foreach @ask;
	$sql .= "SELECT r.* FROM generate_series(1, 3) n, $name.recommend_for(ARRAY(SELECT item_id FROM $name.items WHERE item_no % (n * 31) = 5 ORDER BY 1), 9) r;\n";
	$sql .= "SELECT u, r.* FROM $users, LATERAL (SELECT array_agg(item_id) AS i, array_agg(weight) AS w, array_agg(at) AS t FROM $name.interactions
		WHERE user_id = u) b, $name.recommend_for(b.i, 15, weights => b.w, times => b.t, user_group => '2') r;\n";
	$sql .= "SELECT r.* FROM unnest(ARRAY['1', '2', 'none']) g, $name.popular(40, g) r;\n";
	$sql .= "SELECT r.* FROM unnest(ARRAY['1', NULL]) g, $name.popular(40, g, true) r;\n" if $columns =~ /, at/;
	$sql .= "SELECT i.item_id, r.* FROM (SELECT item_id FROM $name.items WHERE item_no % 400 = 1) i, $name.similar_items(i.item_id, 7) r;\n"
	  if $likes;
	$sql .= "SELECT r.* FROM $name.audience((SELECT item_id FROM $name.items WHERE item_no = 30), 20) r;\n"
	  . "SELECT u, r.* FROM $users, $name.explain(u, (SELECT item_id FROM $name.items WHERE item_no = 30)) r;\n"
	  if $likes && $name ne 'signals';
	$sql .= "SELECT r.* FROM $name.similar_users(2, 5) r;\n";
	return ($on // $node)->safe_psql('postgres', $sql);
}

make_model($_) foreach sort keys %model;
my %alone = map { $_ => said($_) } sort keys %model;

is($node->safe_psql('postgres', q{SELECT count(*) FROM ials.recommend(1, 5);
	SELECT count(*) FROM affinity.cache; SELECT model, calls, rows, cold_calls FROM affinity.stat_models}),
	"5\n0\nials|1|5|1", 'without preloading: nothing shared, calls of this connection are counted');

# ---- the same rows, shared --------------------------------------------------

$node->append_conf('postgresql.conf', q{shared_preload_libraries = 'affinity'});
$node->restart;

foreach my $name (sort keys %model)
{
	my $first = said($name);

	is($first, $alone{$name}, "$name: the same where the image is made");
	is(said($name), $alone{$name}, "$name: and where it is there");
}
is($node->safe_psql('postgres', 'SELECT count(*), count(*) FILTER (WHERE hits > 10 AND bytes > 10000) FROM affinity.cache'),
	join('|', (scalar keys %model) x 2), 'all models are in the cache and were read from it');
is($node->safe_psql('postgres', q{SELECT count(*) FROM affinity.stat_models WHERE calls > 80 AND cold_calls >= 2 AND rows > 1000
	AND popular_calls > 0 AND total_time > 0 AND mean_time BETWEEN total_time / calls - 0.001 AND total_time / calls + 0.001}),
	scalar keys %model, 'calls of all connections are counted');

# ---- versions ---------------------------------------------------------------

my $lists = q{SELECT md5(string_agg(concat_ws(' ', u, item_id, score, rank), ',' ORDER BY u, rank))
	FROM generate_series(1, 60) u, %1$s.recommend(u, 10)};

sub lists
{
	my ($session, $name) = @_;
	my $sql = sprintf($lists, $name);

	return ref $session eq 'PostgreSQL::Test::Cluster' ?
	  $session->safe_psql('postgres', $sql) : $session->query_safe($sql);
}

my $session = $node->background_psql('postgres');
my $other = $node->background_psql('postgres');

foreach my $name (qw(ials knn))
{
	my $old = lists($node, $name);
	my $drop = q{DELETE FROM bought WHERE item % 10 = 4};

	$session->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
	is(lists($session, $name), $old, "$name: a transaction begins");
	$node->safe_psql('postgres', "CREATE TABLE kept AS SELECT * FROM bought; $drop; SET client_min_messages = error; SELECT FROM affinity.refresh_model('$name')");
	my $new = lists($node, $name);
	isnt($new, $old, "$name: a refresh is seen by others");
	is(lists($session, $name), $old, "$name: but not by a transaction that began before");
	is($node->safe_psql('postgres', "SELECT count(*) FROM affinity.cache WHERE model = '$name'"), 2,
		"$name: both versions are there");
	$session->query_safe('COMMIT');
	is(lists($session, $name), $new, "$name: it is seen after that");

	# what is not committed is nobody else's, and leaves nothing
	$other->query_safe("BEGIN; SET LOCAL client_min_messages = error; DELETE FROM bought WHERE item % 10 = 5; SELECT FROM affinity.refresh_model('$name')");
	isnt(lists($other, $name), $new, "$name: a refresh is seen by its own transaction");
	is(lists($node, $name), $new, "$name: and not by others");
	$other->query_safe('ROLLBACK');
	is(lists($other, $name), $new, "$name: a rollback takes it back");
	is(lists($node, $name), $new, "$name: for all");
	is($node->safe_psql('postgres', "SELECT count(*) FROM affinity.cache WHERE model = '$name'"), 2,
		"$name: nothing uncommitted got in");

	$node->safe_psql('postgres', "TRUNCATE bought; INSERT INTO bought SELECT * FROM kept; DROP TABLE kept;
		SET client_min_messages = error; SELECT FROM affinity.refresh_model('$name')");
	is(lists($session, $name), $old, "$name: trained on what it was trained on before, it says what it said");
}

# DROP, and another model of that name.
$node->safe_psql('postgres', q{SELECT FROM affinity.drop_model('names')});
is($node->safe_psql('postgres', q{SELECT count(*) FROM affinity.cache WHERE model = 'names'}), 0, 'a model that was dropped has no name');
$model{names} = $model{texts};
make_model('names');
is(said('names'), $alone{texts}, 'another one takes its name, and nothing else of it');

# A table that is written anew has another file.
$node->safe_psql('postgres', 'VACUUM FULL knn.items');
is(said('knn'), $alone{knn}, 'the table may be written anew');

# ---- rights -----------------------------------------------------------------

$node->safe_psql('postgres', q{
	CREATE ROLE reader; CREATE ROLE stranger;
	GRANT USAGE ON SCHEMA knn, ials TO reader;
	GRANT SELECT ON bought TO reader;
	CREATE TABLE guarded AS SELECT * FROM bought WHERE u < 100;
	ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
	CREATE POLICY own ON guarded USING (u < 10);
	GRANT SELECT ON guarded TO reader, stranger;
	SET client_min_messages = error;
	SELECT FROM affinity.create_model('guarded_model', 'SELECT u, item FROM guarded', 'item_knn');
	GRANT USAGE ON SCHEMA guarded_model TO reader});
foreach my $name (qw(knn ials))
{
	is($node->safe_psql('postgres', "SET ROLE reader; SELECT count(*) FROM $name.recommend(1, 5)"), 5,
		"$name: who may read it does");
	my ($status, $out, $err) = $node->psql('postgres',
		"SELECT count(*) FROM $name.recommend(1, 5); SET ROLE stranger; SELECT count(*) FROM $name.recommend(1, 5)");
	like($err, qr/permission denied for schema $name/, "$name: who may not is refused, though it is there");
	$node->safe_psql('postgres', "REVOKE SELECT ON $name.items FROM PUBLIC");
	($status, $out, $err) = $node->psql('postgres', "SET ROLE reader; SELECT count(*) FROM $name.recommend(1, 5)");
	like($err, qr/permission denied for table items/, "$name: so is who lost the right to the table");
	$node->safe_psql('postgres', "GRANT SELECT ON $name.items TO PUBLIC");
}
is($node->safe_psql('postgres', q{SELECT count(*) FROM guarded_model.recommend(50, 5) WHERE personalized;
	SET ROLE reader; SELECT count(*) FROM guarded_model.recommend(50, 5) WHERE personalized;
	SELECT count(*) FROM guarded_model.recommend(5, 5) WHERE personalized}), "5\n0\n5",
	'policies of the source hold for whoever asks');
my ($status, $out, $err) = $node->psql('postgres', q{ALTER TABLE knn.items ENABLE ROW LEVEL SECURITY;
	SET ROLE reader; SELECT count(*) FROM knn.recommend(1, 5) WHERE personalized});
is($out, 0, 'a policy on the items is not passed by the cache');
$node->safe_psql('postgres', 'ALTER TABLE knn.items DISABLE ROW LEVEL SECURITY');
is($node->safe_psql('postgres', q{SET ROLE stranger; SELECT count(*) FROM affinity.cache;
	SELECT count(*) FROM affinity.cache WHERE model IS NOT NULL; SELECT count(*) FROM affinity.stat_models}) =~ /^\d\d+\n0\n0$/,
	1, 'names are for who may use the schema');
is($node->safe_psql('postgres', q{SET ROLE reader; SELECT string_agg(DISTINCT model, ' ' ORDER BY model) FROM affinity.cache;
	SELECT affinity.stat_models_reset();
	SELECT count(*) FROM affinity.stat_models WHERE calls > 0}), "guarded_model ials knn\n\n3",
	'and counts are reset by the owner of the model');
is($node->safe_psql('postgres', q{SELECT affinity.stat_models_reset(); SELECT sum(calls) FROM affinity.stat_models}), "\n0",
	'who owns all resets all');

# ---- many at once -----------------------------------------------------------

# Do all calls of some connections give what they should? A division by 0 ends
# a script that is given something else.
sub clients
{
	my ($n, $calls, $script) = @_;
	my $file = $PostgreSQL::Test::Utils::tmp_check . "/script";

	append_to_file($file . '.new', $script);
	rename $file . '.new', $file;
	return PostgreSQL::Test::Utils::run_log([ 'pgbench', '-n', '-c', $n, '-j', 2, '-t', $calls, '-f', $file, $node->connstr('postgres') ],
		'>', \my $out, '2>', \my $err);
}

# Refreshed meanwhile, by turns from two sets of rows: a basket's list is that of
# one or the other version.
$node->safe_psql('postgres', 'CREATE TABLE turn AS SELECT 0 AS n');
foreach my $algorithm (qw(ials item_knn))
{
	my $name = "turns_$algorithm";
	my $basket = "SELECT string_agg(item_id || ' ' || score, ',' ORDER BY rank) FROM $name.recommend_for(ARRAY[1, 17, 33, 95], 10)";
	my @turn = map { "UPDATE turn SET n = $_; SELECT FROM affinity.refresh_model('$name')" } 0, 1;

	$node->safe_psql('postgres', qq{SET client_min_messages = error; SELECT FROM affinity.create_model('$name',
		'SELECT u, item FROM bought, turn WHERE u % 5 <> n', '$algorithm', '{}')});
	my @right = map { $node->safe_psql('postgres', "SET client_min_messages = error; $_; $basket") } @turn;

	isnt($right[0], $right[1], "$name: two versions that say something else");
	my $refresher = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), map { ('-c', $_) }
			'SET client_min_messages = error', (@turn) x 6 ], '>', \my $refreshed, '2>', \my $complaint);
	my $whole = 1;
	do
	{
		$whole &&= clients(8, 100, "SELECT 1 / (($basket) IN ('$right[0]', '$right[1]'))::int;\n");
		$refresher->pump_nb;
	} while ($refresher->pumpable);
	$refresher->finish;
	ok($whole, "$name: every list is that of a version while it is refreshed");
	is($complaint, '', "$name: and it was refreshed");
	cmp_ok($node->safe_psql('postgres', "SELECT count(*) FROM affinity.cache WHERE model = '$name'"), '>', 2, "$name: versions were served meanwhile");
}
$node->restart;
my $expected = $node->safe_psql('postgres', q{SELECT string_agg(item_id || ' ' || score, ',' ORDER BY rank) FROM ials.recommend(3, 10)});
$node->restart;
ok(clients(500, 1, "SELECT 1 / (string_agg(item_id || ' ' || score, ',' ORDER BY rank) = '$expected')::int FROM ials.recommend(3, 10);\n"),
	'500 connections each call once, the first of all');
is($node->safe_psql('postgres', q{SELECT calls, popular_calls FROM affinity.stat_models WHERE model = 'ials'}), '500|0', 'and all are counted');
is($node->safe_psql('postgres', q{SELECT hits, backends FROM affinity.cache WHERE model = 'ials'}) =~ /^\d+\|0$/, 1, 'none holds anything when it has ended');

# ---- memory -----------------------------------------------------------------

$session->quit;
$session = $node->background_psql('postgres');
sub memory
{
	my $pid = $session->query_safe('SELECT pg_backend_pid()');
	my $status = slurp_file("/proc/$pid/status");

	return $status =~ /RssAnon:\s+(\d+) kB/ ? $1 : 0;
}
my $plain = memory();
my $many = q{DO $$ BEGIN FOR i IN 1 .. %d LOOP PERFORM count(*) FROM ials.recommend(i %% 400, 10); PERFORM count(*) FROM knn.recommend(i %% 400, 10); END LOOP; END $$};
SKIP:
{
	skip 'no /proc', 2 unless -r '/proc/self/status' && $plain > 0;
	$session->query_safe(sprintf($many, 500));
	my $warm = memory();
	note("a connection that asks has " . ($warm - $plain) . ' kB more');
	cmp_ok($warm - $plain, '<', 8000, 'what a connection keeps is little');
	$session->query_safe(sprintf($many, 50000));
	cmp_ok(memory() - $warm, '<', 1000, 'and does not grow in 100,000 calls');
}

# ---- a crash ----------------------------------------------------------------

my $shop = said('ials');
my $victim = $node->background_psql('postgres', on_error_stop => 0);
my $pid = $victim->query_safe('SELECT pg_backend_pid()');
$victim->{stdin} .= "SELECT count(*) FROM generate_series(1, 100000000) g, ials.recommend(g % 400, 10);\n";
$victim->{run}->pump_nb;
$node->poll_query_until('postgres', "SELECT state = 'active' FROM pg_stat_activity WHERE pid = $pid");
PostgreSQL::Test::Utils::system_log('pg_ctl', 'kill', 'KILL', $pid);
{
	local $SIG{PIPE} = 'IGNORE';

	# all sessions end with it
	foreach my $lost ($victim, $session, $other)
	{
		eval { $lost->{run}->kill_kill };
	}
	sleep 1;
	eval { $node->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') };
}
is($node->safe_psql('postgres', 'SELECT count(*) FROM affinity.cache'), 0, 'after a crash the cache is empty');
is(said('ials'), $shop, 'and what is asked is answered as before');

# ---- room -------------------------------------------------------------------

$node->append_conf('postgresql.conf', q{affinity.cache_size = '1MB'});
$node->restart;
my @models = sort keys %model;
my %notices;
foreach my $round (1, 2)
{
	foreach my $name (@models)
	{
		# what was used a moment ago stays
		sleep 6 if $name eq $models[@models / 2];
		my ($status, $out, $err) = $node->psql('postgres', "SELECT count(*) FROM $name.recommend(1, 5); SELECT count(*) FROM $name.recommend(2, 5);");

		is($out, "5\n5", "$name: answered where there is room for some, round $round");
		$notices{$name}++ while $err =~ /NOTICE:  model "$name" takes/g;
	}
}
my $held = $node->safe_psql('postgres', 'SELECT sum(bytes), count(*), max(bytes) FROM affinity.cache');
my ($sum, $count, $largest) = split /\|/, $held;
cmp_ok($sum, '<=', 1024 * 1024, 'no more than the setting is held');
cmp_ok($count, '>', 0, 'but some is');
cmp_ok($count, '<', scalar @models, 'and some had to go');
cmp_ok(scalar keys %notices, '>', 0, 'some are too large');
is(join(' ', grep { $notices{$_} != 1 } sort keys %notices), '', 'which is told once');

# The least recently used goes first.
sleep 6;
$node->safe_psql('postgres', "SELECT count(*) FROM $_.recommend(1, 5)") foreach qw(popular again names);
my $last = $node->safe_psql('postgres', q{SELECT count(*) FROM affinity.cache WHERE model IN ('popular', 'again')});
is($last, 2, 'what was used last is there');

$node->append_conf('postgresql.conf', q{affinity.cache_size = 0});
$node->restart;
is(said('ials'), $shop, 'without any room the answers are the same');
is($node->safe_psql('postgres', q{SELECT count(*) FROM affinity.cache; SELECT calls > 0 FROM affinity.stat_models WHERE model = 'ials'}), "0\nt",
	'nothing is held, calls are counted');

# ---- a standby --------------------------------------------------------------

$node->append_conf('postgresql.conf', q{affinity.cache_size = '64MB'});
$node->restart;
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby);
is(said('ials', $standby), $shop, 'a standby answers as its primary does');
is($standby->safe_psql('postgres', q{SELECT count(*) FROM affinity.cache WHERE model = 'ials'}), 1, 'from a cache of its own');
my $on_standby = $standby->background_psql('postgres');
my $before = lists($on_standby, 'knn');
$node->safe_psql('postgres', q{SET client_min_messages = error; DELETE FROM bought WHERE item % 10 = 6; SELECT FROM affinity.refresh_model('knn')});
$node->wait_for_catchup($standby);
my $after = lists($on_standby, 'knn');
isnt($after, $before, 'a refresh of the primary reaches it');
is($after, lists($node, 'knn'), 'as it is there');
$on_standby->quit;
$standby->stop;
$node->stop;

done_testing();
