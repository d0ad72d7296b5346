# Under load: while a model is refreshed, each answer of each client is that of
# the version and the rows that its snapshot has, from a standby too; a backend
# that answers for long does not grow; hundreds of connections that come at once
# are all answered; and when a backend is killed, the others answer after
# recovery as before.
#
#	LOAD_SECONDS=60		how long clients compare (10)
#	LOAD_CALLS=1000000	calls of one backend (100000)
use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Shop;

my $seconds = $ENV{LOAD_SECONDS} // 10;
my $calls = $ENV{LOAD_CALLS} // 100_000;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1);
$node->append_conf(
	'postgresql.conf', q{
fsync = off
log_statement = none
log_min_messages = error
max_connections = 520
shared_buffers = 16MB
restart_after_crash = on
max_standby_streaming_delay = -1
autovacuum_naptime = 1s
});
$node->start;
create_shop($node, 'postgres');
create_model($node, 'postgres', 'shop', 'item_knn');
create_model($node, 'postgres', 'factors', 'ials');
create_model($node, 'postgres', 'kept', 'item_knn');

# ---- what is right -----------------------------------------------------

# The source goes through three states of its rows. `now` says which one it is
# in and which one the models have learned, in the same transaction, so that a
# statement can tell what its answer has to be: known() gives the text of all
# functions' answers of a few users, `known` what it was when nothing else ran.
my $answers = q{
	SELECT md5(string_agg(a, E'\n' ORDER BY a COLLATE "C")) FROM (
		SELECT concat_ws(' ', m, u, r) FROM users,
			LATERAL (SELECT 'shop', r FROM shop.recommend(u, 5) r
				UNION ALL SELECT 'factors', r FROM factors.recommend(u, 5) r
				UNION ALL SELECT 'kept', r FROM kept.recommend(u, 5) r
				UNION ALL SELECT 'score', r FROM factors.score(u, ARRAY['product 01', 'product 11', 'product 21']) r
				UNION ALL SELECT 'explain', r FROM shop.explain(u, 'product 05') r) a(m, r)
		UNION ALL SELECT concat_ws(' ', 'audience', r) FROM shop.audience('product 05', 5) r
		UNION ALL SELECT concat_ws(' ', 'users', r) FROM shop.similar_users(7, 5) r
		UNION ALL SELECT concat_ws(' ', 'items', r) FROM shop.similar_items('product 05', 5) r
		UNION ALL SELECT concat_ws(' ', 'basket', r) FROM factors.recommend_for(ARRAY['product 05', 'product 44'], 5) r
		UNION ALL SELECT concat_ws(' ', 'neighbors', r) FROM shop.neighbors r WHERE rank < 3
		UNION ALL SELECT concat_ws(' ', 'list', r) FROM lists r WHERE user_id < 5) s(a)};

$node->safe_psql('postgres', qq{
	SET client_min_messages = warning;
	SELECT FROM affinity.alter_model('kept', materialize => true);
	CREATE MATERIALIZED VIEW lists AS SELECT * FROM shop.recommend_all(3);
	CREATE UNIQUE INDEX ON lists (user_id, rank);
	CREATE TABLE users AS SELECT u FROM generate_series(1, 201, 20) u;
	CREATE TABLE now (rows integer, learned integer);
	INSERT INTO now VALUES (0, 0);
	CREATE TABLE known (rows integer, learned integer, answer text, PRIMARY KEY (rows, learned));
	CREATE PROCEDURE move(state integer) LANGUAGE plpgsql AS \$\$
	BEGIN
		DELETE FROM purchases WHERE quantity >= 100;
		INSERT INTO purchases SELECT c, 'product ' || lpad(((c * (state + 3) + n * 7) % 60)::text, 2, '0'),
				100 + state, timestamp '2024-11-01' + c * interval '1 hour'
			FROM generate_series(1, 200) c, generate_series(1, state * 4) n WHERE c % 3 = state % 3;
		UPDATE now SET rows = state;
	END\$\$;
	CREATE PROCEDURE learn() LANGUAGE plpgsql AS \$\$
	BEGIN
		PERFORM affinity.refresh_model(m) FROM unnest('{shop,factors,kept}'::text[]) m;
		REFRESH MATERIALIZED VIEW CONCURRENTLY lists;
		UPDATE now SET learned = rows;
	END\$\$;
	CREATE FUNCTION check_answer(at_rows integer, at_learned integer, got text, expected text)
	RETURNS text STABLE LANGUAGE plpgsql AS \$\$
	BEGIN
		IF got IS DISTINCT FROM expected THEN
			RAISE EXCEPTION 'rows %, learned %: got %, not %', at_rows, at_learned, got, expected;
		END IF;
		IF random() < 0.1 THEN
			RAISE WARNING 'saw % %', at_rows, at_learned;
		END IF;
		RETURN got;
	END\$\$;
	CALL learn();
	INSERT INTO known SELECT 0, 0, ($answers);
});

# Once around, so that every state of rows and model is known.
my @around = (1, 2, 0);
my $record = "INSERT INTO known SELECT n.*, ($answers) FROM now n ON CONFLICT DO NOTHING;";
my $quiet = 'SET client_min_messages = warning;';

foreach my $state (@around)
{
	$node->safe_psql('postgres', "$quiet CALL move($state); $record CALL learn(); $record");
}
is($node->safe_psql('postgres', 'SELECT count(*), count(DISTINCT answer) FROM known'),
	'6|6', 'there are six states to tell apart');

my $pages = $node->basedir . '/pages.sql';
append_to_file($pages, qq{
SELECT check_answer(n.rows, n.learned, ($answers), k.answer) FROM now n LEFT JOIN known k USING (rows, learned);
} =~ s/\n\s*/ /gr);

sub connstr
{
	my ($to) = @_;

	return 'host=' . $to->host . ' port=' . $to->port . ' dbname=postgres';
}

sub start_pgbench
{
	my ($to, @options) = @_;
	my %run = (out => '', err => '');

	$run{pgbench} = IPC::Run::start([ 'pgbench', '-n', @options, connstr($to) ],
		'<', \undef, '>', \$run{out}, '2>', \$run{err});
	return \%run;
}

# What the clients of $run have seen wrong, warnings of check_answer aside.
sub complaints
{
	my ($run) = @_;

	$run->{pgbench}->finish;
	return join '', grep { !/^WARNING:  saw|^pgbench \(/ } $run->{err} =~ /^.*\n/mg;
}

# The states that they have seen, in one text.
sub seen
{
	my ($run) = @_;
	my %seen = map { $_ => 1 } $run->{err} =~ /saw (\d \d)/g;

	return join ', ', sort keys %seen;
}

my $every_state = '0 0, 0 2, 1 0, 1 1, 2 1, 2 2';

my $state = 0;

# ---- eight clients while models are refreshed --------------------------

my $standby = PostgreSQL::Test::Cluster->new('standby');
$node->backup('base');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;

# On $to, rows change and models learn them, for $seconds and until each of
# @runs has seen every state; then these end.
sub refresh_beside
{
	my ($to, $seconds, @runs) = @_;
	my $end = time + $seconds;
	my $refreshes = 0;

	while ($refreshes < 300
		&& (time < $end || grep { seen($_) ne $every_state } @runs))
	{
		$state = ($state + 1) % 3;

		# by two transactions, readers in between; or by one
		$to->safe_psql('postgres', $refreshes++ % 6 < 3
			? "$quiet CALL move($state); SELECT pg_sleep(0.05); CALL learn(); SELECT pg_sleep(0.05)"
			: "$quiet BEGIN; CALL move($state); CALL learn(); COMMIT; SELECT pg_sleep(0.05)");
		eval { $_->{pgbench}->pump_nb } foreach @runs;
	}
	note "$refreshes refreshes of three models and a materialized view";
	$_->{pgbench}->signal('TERM') foreach @runs;
	return;
}

my %clients = (
	'prepared' => start_pgbench($node, '-M', 'prepared', '-c', 3, '-T', 3600, '-f', $pages),
	'connecting anew' => start_pgbench($node, '-M', 'extended', '-C', '-c', 2, '-T', 3600, '-f', $pages),
	'of a standby' => start_pgbench($standby, '-M', 'prepared', '-c', 3, '-T', 3600, '-f', $pages));

refresh_beside($node, $seconds, values %clients);
foreach my $name (sort keys %clients)
{
	is(complaints($clients{$name}), '', "clients $name get the answers of their snapshot");
	is(seen($clients{$name}), $every_state, "clients $name have seen every state");
	note "$name: ", scalar(() = $clients{$name}{err} =~ /saw/g), ' of about ten times as many answers were noted';
}

# ---- one backend that answers for long ---------------------------------

my $long = $node->basedir . '/long.sql';
my @long = map { "SELECT count(*) FROM $_;" }
	'shop.recommend(:u, 10)', 'factors.recommend(:u, 10)', 'kept.recommend(:u, 10)',
	q{shop.recommend(:u, 3, candidates => ARRAY['product 01', 'product 02'], exclude => ARRAY['product 03'])},
	q{shop.similar_items('product 05', 5)}, q{factors.similar_items('product 05', 5)},
	q{shop.recommend_for(ARRAY['product 05', 'product 44'])}, q{factors.recommend_for(ARRAY['product 05'])},
	q{shop.score(:u, ARRAY['product 01', 'no such product'])}, q{factors.score(:u, ARRAY['product 01'])},
	q{shop.explain(:u, 'product 05')}, q{factors.explain(:u, 'product 05')},
	q{shop.similar_users(:u, 5)}, q{shop.audience('product 05', 5)}, q{factors.audience('product 05', 5)},
	q{shop.recommend(:u, 5, repeat => 0.5)},
	q{generate_series(1, 28) u, shop.recommend(u, 10) s, factors.recommend(u, 10) f, kept.recommend(u, 10) k
		WHERE s.rank = 1 AND f.rank = 1 AND k.rank = 1} =~ s/\n\s*/ /r;
my $calls_a_round = @long - 1 + 3 * 28;
my $rounds = int($calls / $calls_a_round);
my $note_every = int($rounds / 20);

$node->safe_psql('postgres', 'CREATE TABLE memory (round integer, pid integer, contexts bigint, rss bigint)');
append_to_file($long, join "\n", '\set u random(1, 220)', '\set i :i + 1', @long,
	"\\if :i % $note_every = 0",
	q{INSERT INTO memory SELECT :i, pg_backend_pid(), sum(total_bytes), min(substring(
		pg_read_file('/proc/self/status') FROM 'RssAnon:\s+(\d+)')::bigint) FROM pg_backend_memory_contexts;}
		=~ s/\n\s*/ /r,
	'\endif', '');
my $run = start_pgbench($node, '-M', 'extended', '-c', 1, '-D', 'i=0', '-t', $rounds, '-f', $long);

foreach (1 .. 5)
{
	$state = ($state + 1) % 3;
	$node->safe_psql('postgres', "$quiet CALL move($state); CALL learn(); SELECT pg_sleep(0.5)");
}
is(complaints($run), '', 'one backend has answered ' . $rounds * $calls_a_round . ' calls');
is($node->safe_psql('postgres', 'SELECT count(DISTINCT pid), count(*) FROM memory'), '1|20', 'in one process');
note $node->safe_psql('postgres', 'SELECT round, contexts, rss FROM memory ORDER BY round');
my $growth = 'SELECT max(%s) FILTER (WHERE round > 15 * n) - max(%s) FILTER (WHERE round <= 5 * n)
	FROM memory, (SELECT max(round) / 20 FROM memory) m(n)';
cmp_ok($node->safe_psql('postgres', $growth =~ s/%s/contexts/gr), '<', 65536,
	'whose memory contexts do not grow');
cmp_ok($node->safe_psql('postgres', $growth =~ s/%s/rss/gr), '<', 1024,
	'nor what the process has for itself, by less than a megabyte');

# ---- five hundred connections ------------------------------------------

$run = start_pgbench($node, '-M', 'extended', '-j', 2, '-c', 500, '-t', 1, '-f', $pages);
is(complaints($run), '', 'five hundred connections at once, each of which calls for the first time');
like($run->{out}, qr{transactions actually processed: 500/500}, 'are all answered');

# ---- a backend is killed -----------------------------------------------

foreach my $round (1, 2)
{
	my $serving = q{FROM pg_stat_activity WHERE query LIKE '%check_answer%' AND pid <> pg_backend_pid()};

	$run = start_pgbench($node, '-M', 'prepared', '-c', 4, '-T', 600, '-f', $pages);
	$node->poll_query_until('postgres', "SELECT count(*) = 4 $serving");
	my $pid = $node->safe_psql('postgres', "SELECT pid $serving AND state = 'active' LIMIT 1")
		|| $node->safe_psql('postgres', "SELECT pid $serving LIMIT 1");
	$state = ($state + 1) % 3 if $round == 1;
	$node->safe_psql('postgres', $quiet . ($round == 1 ? "CALL move($state)" : 'CALL learn()'));
	PostgreSQL::Test::Utils::system_log('pg_ctl', 'kill', 'KILL', $pid);
	like(complaints($run), qr/server closed the connection|terminating connection/, 'a backend that serves is killed');
	$node->poll_query_until('postgres', 'SELECT true');
	$run = start_pgbench($node, '-M', 'prepared', '-c', 4, '-t', 20, '-f', $pages);
	is(complaints($run), '', 'after recovery, answers are right');
	is(seen($run), $node->safe_psql('postgres', "SELECT rows || ' ' || learned FROM now"), 'those of the state it was in');
}

# ---- the standby takes over --------------------------------------------

$node->wait_for_catchup($standby);
$run = start_pgbench($standby, '-M', 'prepared', '-c', 3, '-T', 3600, '-f', $pages);
$standby->poll_query_until('postgres',
	q{SELECT count(*) = 3 FROM pg_stat_activity WHERE query LIKE '%check_answer%' AND pid <> pg_backend_pid()});
$node->stop('immediate');
$standby->promote;
refresh_beside($standby, 0, $run);
is(complaints($run), '', 'clients of a standby go on while it is promoted and learns');
is(seen($run), $every_state, 'and see what it learns');

$standby->stop;
done_testing();
