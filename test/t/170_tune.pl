# affinity.tune: what is planted is found, on noise nothing is; the same seed gives
# the same trials, whoever works; a cancel or a crash leaves what was done, and the
# same call goes on from there; who may, and what is refused.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\n");
$node->start;

# 400 users in 8 circles of 15 items: one neighbor tells little, ten tell nearly
# all. On noise everybody has what there is. The large one takes time.
$node->safe_psql('postgres', q{
	CREATE EXTENSION affinity;
	CREATE FUNCTION chance(a bigint, b bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
		SELECT (hashint8extended(a, b) & 1048575) / 1048576.0 $$;
	CREATE TABLE circles AS
	SELECT u, CASE WHEN chance(n * 1000 + u, 1) < 0.9 THEN u % 8 * 15 + (chance(n * 1000 + u, 2) * 15)::int
			ELSE (chance(n * 1000 + u, 3) * 120)::int END AS i,
		timestamp '2024-01-01' + chance(n * 1000 + u, 4) * interval '300 days' AS at
	FROM generate_series(1, 400) u, generate_series(1, 9) n;
	CREATE TABLE noise AS
	SELECT u, (chance(n * 10000 + u, 1) * 200)::int AS i FROM generate_series(1, 600) u, generate_series(1, 12) n;
	CREATE TABLE large AS
	SELECT u, (chance(n * 100000 + u, 1) * chance(n * 100000 + u, 2) * 1000)::int AS i
	FROM generate_series(1, 6000) u, generate_series(1, 25) n;
	CREATE ROLE reader;
	CREATE ROLE owner;
	CREATE ROLE member IN ROLE owner;
});

sub sql
{
	return $node->safe_psql('postgres', join ';', @_);
}

# What statements print as errors and notices.
sub err
{
	my ($out, $err);

	$node->psql('postgres', join("\n", '\set VERBOSITY verbose', map { "$_;" } @_), stdout => \$out, stderr => \$err, on_error_stop => 0);
	$err =~ s/^(LOCATION|CONTEXT):.*\n?//mg;
	$err =~ s/^psql:<stdin>:\d+: //mg;
	return $err;
}

sub create
{
	my ($name, $query, $options, $algorithm) = @_;

	sql(qq{SELECT FROM affinity.create_model('$name', '$query', '@{[ $algorithm // 'item_knn' ]}', '@{[ $options // '{}' ]}')});
	return;
}

sub trials
{
	return sql("SELECT trial, status, algorithm, options, metric, k, value, low, high, users, rung, part, work, reason, seed, key FROM $_[0].trials ORDER BY 1");
}

sub count
{
	return sql("SELECT count(*) FROM $_[0].trials");
}

# ---- what is found ---------------------------------------------------------

create('m', 'SELECT u, i FROM circles', '{"neighbors": 1, "user_exponent": 0.5}');
my $call = q{CALL affinity.tune('m', space => '{"neighbors": [1, 2, 10]}')};
my $said = err($call);
like($said, qr/NOTICE:  00000: model "m": item_knn \{"neighbors": 10, "user_exponent": 0.5\} is the best: ndcg\@20 0\.\d+, 0\.\d+ better than the model as it was \(0\.\d+ to 0\.\d+\); 3 trials, tested on 80 held-out users/,
	'the planted number of neighbors is found');
is(sql('SELECT algorithm, given_options, choice FROM m.definition'), 'item_knn|{"neighbors": 10, "user_exponent": 0.5}|', '... and is the model\'s, with the options that were there');
is(sql(q{SELECT options->>'neighbors', version FROM affinity.models WHERE name = 'm'}), '10|2', '... which is trained');
is(sql('SELECT count(*), min(status), max(status), min(rung), max(part) FROM m.trials'), '3|done|done|1|1', 'each trial is a row');
is(sql(q{SELECT count(*) FROM m.trials t, affinity.evaluate('m', options => t.options, split => 'users', holdout => 0.2, k => '{20}', metrics => '{ndcg}') e
	WHERE e.targets = 'all' AND abs(e.value - t.value) < 1e-12 AND e.users = t.users AND t.low < t.value AND t.value < t.high}), '3', 'values are those of evaluate');
like(err($call), qr/nothing is surely better than the model as it is: ndcg\@20 0\.\d+; best is .*; 0 trials and 3 known before/, 'the same call again: nothing is tried twice');
is(sql(q{SELECT version FROM affinity.models WHERE name = 'm'}), '2', '... and the model stays');
like(err(q{CALL affinity.tune('m', space => '{"neighbors": [1, 2, 10, 20]}', apply => false)}), qr/1 trials and 3 known before/, 'more of the space: only what is new');

create('dry', 'SELECT u, i FROM circles', '{"neighbors": 1}');
$said = err(q{CALL affinity.tune('dry', space => '{"neighbors": {"min": 1, "max": 30}}', trials => 5, apply => false)});
my ($hint) = $said =~ /HINT:  To have it: (SELECT affinity\.alter_model\(.*;)/;
ok($hint, 'without apply there is a hint') or diag $said;
is(sql(q{SELECT version FROM affinity.models WHERE name = 'dry'}), '1', '... and the model stays');
sql($hint);
is(sql(q{SELECT d.given_options = t.options FROM dry.definition d, (SELECT options FROM dry.trials ORDER BY value DESC LIMIT 1) t}), 't', '... until the hint is followed');

create('noise', 'SELECT u, i FROM noise');
like(err(q{CALL affinity.tune('noise', trials => 20)}), qr/nothing is surely better than the model as it is/, 'on noise nothing is better');
is(sql(q{SELECT version FROM affinity.models WHERE name = 'noise'}), '1', '... and the model stays');

# auto goes no further where a step was surely worse: times say nothing here
my $stepped = err('SET client_min_messages = debug1', q{SELECT FROM affinity.create_model('steps', 'SELECT u, i, 1, at FROM circles', 'auto')});
like($stepped, qr/trial \d+: ease \{"trend": 0\.5\} on 4 of the rows: NDCG 0\.4[01]/, 'a first step is tried');
unlike($stepped, qr/trial \d+: ease \{"trend": 1(\.5)?\}/, '... and none behind it where it was worse');
like($stepped, qr/item_knn \{"history_decay": 0\.9, [^}]*\}.*item_knn \{"history_decay": 0\.7, /s, '... but the next one where it was not');
like($stepped, qr/ease \{"regularization": 200\}.*ease \{"regularization": 800\}/s, '... as with steps of another kind');
like($stepped, qr/ials \{"regularization": 0\.04\}.*ials \{"regularization": 0\.08\}/s, 'a regularization is doubled');
unlike($stepped, qr/ials \{"regularization": 0\.16\}/, '... until that is worse');
like($stepped, qr/ease \{"half_life": "\d+ days", "regularization": 280\}/, 'a half-life takes its part of the regularization');
like($stepped, qr/trial \d+: $_ \{"trend": 0\.5[,}]/, "$_ is tried with a trend") foreach qw(item_knn next_item ials);
sql(q{SELECT FROM affinity.drop_model('steps')});

# what is 200 of all users is less on a sample, whether it is said or by the number of users
sql(q{CREATE TABLE more AS SELECT u, (chance(n * 100000 + u, 1) * chance(n * 100000 + u, 2) * 300)::int AS i
	FROM generate_series(1, 34000) u, generate_series(1, 4) n});
create('more', 'SELECT u, i FROM more', '{}', 'ease');
err(q{CALL affinity.tune('more', space => '{"regularization": [200]}', trials => 1, budget => '0.12 seconds', apply => false)});
is(sql('SELECT count(*), count(DISTINCT value), max(part) < 1 FROM more.trials'), '2|1|t', 'a sample has the regularization of all users, in part');
sql(q{SELECT FROM affinity.drop_model('more')});

# several algorithms, spaces of one of them, a model that auto has chosen
create('auto', 'SELECT u, i, 1, at FROM circles', '{"budget": "0.05 seconds", "seen": "positive"}', 'auto');
like(err(q{CALL affinity.tune('auto', '{popular,Item_KNN,item_knn}', '{"item_knn": {"neighbors": [30], "shrinkage": {"min": 1, "max": 100}}}', 12, metric => 'recall', k => 5, split => 'random')}),
	qr/recall\@5 0\..* tested on held-out items of \d+ users$/m, 'several algorithms, by another metric and split');
is(sql(q{SELECT string_agg(DISTINCT algorithm, ' ' ORDER BY algorithm), min(metric), min(k), count(*) FROM auto.trials}), 'ease item_knn popular|recall|5|13', '... are tried');
is(sql(q{SELECT count(*) > 3, bool_and(options->>'neighbors' = '30' AND (options->>'shrinkage')::float8 BETWEEN 1 AND 100) FROM auto.trials WHERE options ? 'shrinkage' AND trial > 1}), 't|t', '... within the space');
is(sql(q{SELECT count(*) > 2, bool_and((options->>'half_life')::interval > '1 day') FROM auto.trials WHERE options ? 'half_life' AND algorithm = 'popular'}), 't|t', '... or the usual one, in ages of the rows');
is(sql(q{SELECT count(*) FROM auto.trials WHERE options->>'seen' IS DISTINCT FROM 'positive'}), '0', '... with what the model has seen');
create('again', 'SELECT u, i, 1, at FROM circles', '{}', 'buy_again');
like(err(q{CALL affinity.tune('again', trials => 3)}), qr/model "again": .*; 4 trials, tested on/, 'what users have again is measured by that');

# ---- the same everywhere ---------------------------------------------------

create('a', 'SELECT u, i FROM large');
create('b', 'SELECT u, i FROM (SELECT * FROM large ORDER BY hashint4(i), u DESC) l');
my $search = q{space => '{"neighbors": {"min": 5, "max": 200}, "user_exponent": [0, 0.5, 1]}', trials => 12, budget => '1 second', apply => false};
err("CALL affinity.tune('a', $search)");
my $whole = trials('a');
is(sql('SELECT count(DISTINCT part) > 1, max(part) <= 1, count(DISTINCT rung) > 1, sum(work) <= 1 FROM a.trials'), 't|t|t|t', 'samples first, within the budget');
is(sql('SELECT count(*) FROM a.trials WHERE rung = 1'), '13', 'all are on the first rung');
is(sql('SELECT bool_and(n) FROM (SELECT DISTINCT ON (rung) options = \'{}\' AS n FROM a.trials ORDER BY rung, trial) f'), 't', 'the model as it is comes first on each');
is(sql(q{WITH r AS (SELECT *, rank() OVER (PARTITION BY rung ORDER BY value DESC) AS r FROM a.trials WHERE options <> '{}')
	SELECT bool_and(EXISTS (SELECT FROM r b WHERE b.rung = r.rung - 1 AND b.options = r.options AND b.r <= 4)) FROM r WHERE rung > 1}), 't', 'the best go on');
err('SET max_parallel_maintenance_workers = 0', "CALL affinity.tune('b', $search)");
is(trials('b'), $whole, 'the same without workers and in any order of rows, to the last bit');
isnt(do { err("CALL affinity.tune('b', $search, seed => 1)"); sql('SELECT value FROM b.trials WHERE seed = 1 ORDER BY trial LIMIT 1') },
	sql('SELECT value FROM b.trials WHERE seed = 0 ORDER BY trial LIMIT 1'), 'another seed, other samples');

# ---- cancel, crash, and on -------------------------------------------------

create('c', 'SELECT u, i FROM large');
sql(q{CREATE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(600); RETURN NEW; END $$});
foreach my $case ([ 'cancel', 5 ], [ 'crash', 9 ])
{
	my ($end, $at) = @$case;

	# there is a trial that waits to be written down
	sql("CREATE TRIGGER t BEFORE INSERT ON c.trials FOR EACH ROW WHEN (NEW.trial = $at) EXECUTE FUNCTION public.wait_here()");
	my $session = $node->background_psql('postgres', on_error_stop => 0);
	my $pid = $session->query_safe('SELECT pg_backend_pid()');

	$session->query_until(qr/begun/, "\\echo begun\nCALL affinity.tune('c', $search);\n");
	ok($node->poll_query_until('postgres', "SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = $pid"), "$end: it has begun");
	is(count('c'), $at - 1, '... and trials are there as soon as they are done');
	if ($end eq 'cancel')
	{
		like(sql("SELECT model, algorithm, phase, total, done, fraction < 1 FROM affinity.progress WHERE pid = $pid"),
			qr/^c\|tune\|rung 1 of 2: item_knn\|18\|4\|t$/, 'progress shows how far it is');
		like(err("CALL affinity.tune('c', $search)"), qr/^ERROR:  55006: model "c" is being tuned by another session\nHINT:  SELECT \* FROM affinity.progress/, 'one search at a time');
		sql(q{SELECT FROM affinity.refresh_model('c')});
		pass('the model may be refreshed meanwhile');
		sql("SELECT pg_cancel_backend($pid)");
		ok($node->poll_query_until('postgres', "SELECT state = 'idle' FROM pg_stat_activity WHERE pid = $pid"), 'it is cancelled, and its session goes on');
		is($session->query('SELECT 1'), '1', '... with other things');
		is(sql("SELECT count(*) FROM pg_locks WHERE pid = $pid AND locktype = 'relation'"), '0', '... and no lock');
		$session->quit;
	}
	else
	{
		$node->stop('immediate');
		eval { $session->quit };
		$node->start;
	}
	is(count('c'), $at - 1, "$end: what was done is there");
	sql('DROP TRIGGER t ON c.trials');
}
like(err("CALL affinity.tune('c', $search)"), qr/ [1-9]\d* trials and [1-9]\d* known before/, 'the same call goes on');
is(trials('c'), $whole, '... and has tried the same in the end, once');

# within a transaction
my $ran = count('m');
err('BEGIN', q{CALL affinity.tune('m', seed => 7, trials => 3, apply => false)}, 'ROLLBACK');
is(count('m'), $ran, 'in a transaction block it is part of it');
err(q{DO $$ BEGIN CALL affinity.tune('m', seed => 8, trials => 3, apply => false); EXCEPTION WHEN division_by_zero THEN NULL; END $$});
is(count('m'), $ran + 4, 'in a block that catches errors, too');
err(q{DO $$ BEGIN CALL affinity.tune('m', seed => 9, trials => 3, apply => false); RAISE 'and then'; END $$});
is(count('m'), $ran + 8, 'in a DO block it commits');

# other rows
sql('INSERT INTO circles SELECT * FROM circles LIMIT 3');
like(err($call), qr/NOTICE:  00000: \d+ trials with this seed do not count: the source of model "m" had other rows then\n.*; 3 trials, tested/, 'trials of other rows do not count');
is(count('m'), $ran + 11, '... and stay');

# ---- what fails ------------------------------------------------------------

like(err(q{SET maintenance_work_mem = '1MB'}, q{CALL affinity.tune('a', '{ease}', '{"method": "dense"}', 1, seed => 3)}),
	qr/ERROR:  53400/, 'rows that do not fit are an error');
my $factors = q{CALL affinity.tune('a', '{ials}', '{"factors": [8, 512], "iterations": 2}', 3, '10 minutes', seed => 3, apply => false)};
err(q{SET maintenance_work_mem = '8MB'}, $factors);
my $tried = q{SELECT string_agg(concat_ws(' ', options->>'factors', status), ', ' ORDER BY (options->>'factors')::int), count(DISTINCT key) = count(*) FROM a.trials WHERE seed = 3 AND options ? 'factors'};
is(sql($tried), '8 done, 512 failed|t', 'what does not fit into memory has failed');
like(sql(q{SELECT reason FROM a.trials WHERE status = 'failed'}), qr/512 factors .* need \d+ bytes .*maintenance_work_mem/, '... and says why');
like(err($factors), qr/; 1 trials and 3 known before/, '... and is tried again');
is(sql($tried), '8 done, 512 done|t', '... with success');
err(q{CALL affinity.tune('a', '{ials}', '{"factors": [8, 512], "iterations": 500}', 2, '1 second', seed => 4, apply => false)});
like(sql(q{SELECT reason FROM a.trials WHERE seed = 4 AND status = 'skipped'}), qr/^it would take [\d.]+ seconds of a budget of 1/, 'what costs too much is skipped');
like(err(q{CALL affinity.tune('m', budget => '1 microsecond')}), qr/nothing could be tried within the budget; 0 trials\nHINT:  Give it more time/, 'too small a budget');

# what is wrong with rows is an error, after which the session goes on
sql(q{CREATE TABLE bad AS SELECT u, i, 1::float8 AS w FROM circles});
create('bad', 'SELECT u, i, w FROM bad');
sql(q{UPDATE bad SET w = 'Infinity' WHERE u = 17});
my ($out, $errors);
$node->psql('postgres', q{
	CALL affinity.tune('bad');
	SELECT affinity.alter_model('bad', algorithm => 'auto');
	SELECT 'it goes on'}, stdout => \$out, stderr => \$errors, on_error_stop => 0);
like($errors, qr/ERROR:.*ERROR:/s, 'bad rows are errors');
is($out, 'it goes on', '... that end their statement alone');

my $contradiction = q{CALL affinity.tune('m', space => '{"similarity": ["jaccard"], "weighting": ["bm25"]}')};
my @refused = (
	[ q{CALL affinity.tune('nobody')}, '42704: model "nobody" does not exist' ],
	[ q{CALL affinity.tune(NULL)}, '22004: name must not be null' ],
	[ q{CALL affinity.tune('m', '{nothing}')}, '22023: unknown algorithm "nothing"' ],
	[ q{CALL affinity.tune('m', space => '[1]')}, '22023: the space is not a JSON object' ],
	[ q{CALL affinity.tune('m', space => '{"neighbours": [1]}')}, '22023: unknown option "neighbours" of algorithm item_knn\nHINT:  Valid options are: neighbors,' ],
	[ q{CALL affinity.tune('m', '{ease,item_knn}', '{"similarity": [1]}')}, '22023: option "similarity" is not a string: 1' ],
	[ q{CALL affinity.tune('m', space => '{"neighbors": [0]}')}, '22023: option "neighbors" is out of range: 0\nHINT:  It takes a whole number from 1 to 10000' ],
	[ q{CALL affinity.tune('m', space => '{"neighbors": []}')}, '22023: option "neighbors" has 0 values' ],
	[ q{CALL affinity.tune('m', space => '{"neighbors": [5], "Neighbors": [6]}')}, '22023: option "neighbors" of algorithm item_knn is given twice' ],
	[ q{CALL affinity.tune('m', space => '{"neighbors": {"min": 5}}')}, '22023: the range of option "neighbors" lacks a number as "max"' ],
	[ q{CALL affinity.tune('m', space => '{"neighbors": {"min": 5, "max": 2}}')}, '22023: "min" of option "neighbors" is above "max"' ],
	[ q{CALL affinity.tune('m', space => '{"neighbors": {"min": 5, "max": 9, "scale": "cubic"}}')}, '22023: unknown scale of option "neighbors": cubic' ],
	[ q{CALL affinity.tune('m', space => '{"neighbors": {"from": 5}}')}, '22023: unknown key "from"' ],
	[ q{CALL affinity.tune('m', space => '{"shrinkage": {"min": 0, "max": 9, "scale": "log"}}')}, '22023: the range of option "shrinkage" has a logarithmic scale' ],
	[ q{CALL affinity.tune('m', space => '{"similarity": {"min": 1, "max": 2}}')}, '22023: option "similarity" has names and no range\nHINT:  Write a list of them' ],
	[ q{CALL affinity.tune('m', space => '{"item_knn": [1]}')}, '22023: the space of algorithm item_knn is not a JSON object' ],
	[ $contradiction, '22023: ' ],
	[ q{CALL affinity.tune('m', space => '{"half_life": ["3 days"]}')}, '22023: option "half_life" needs a source with times' ],
	[ q{CALL affinity.tune('m', trials => 0)}, '22023: trials is out of range: 0' ],
	[ q{CALL affinity.tune('m', budget => '-1 s')}, '22023: budget is not above 0' ],
	[ q{CALL affinity.tune('m', metric => 'gini')}, '22023: metric "gini" does not say how good lists are' ],
	[ q{CALL affinity.tune('m', metric => 'rmse')}, '22023: unknown metric "rmse"' ],
	[ q{CALL affinity.tune('m', k => 0)}, '22023: k is out of range: 0' ],
	[ q{CALL affinity.tune('m', split => 'users', as_of => '2024-01-01')}, '22023: as_of is given for split "users"' ],
	[ q{CALL affinity.tune('m', as_of => '2024-01-01')}, '22023: split "time" needs a source with times' ],
	[ q{CALL affinity.tune('m', holdout => 1)}, '22023: holdout is out of range: 1' ],
	[ q{CALL affinity.tune('m', split => 'users', holdout => 0.01)}, 'P0002: too few|P0002: too little data to tell options apart: 4 users' ],
	[ q{SET default_transaction_read_only = on; CALL affinity.tune('m')}, '25006: cannot execute affinity.tune\(\) in a read-only transaction' ]);
# statements that fail, one after the other, in one session
my @got = split /^(?=ERROR:)/m, err(map { $_->[0] } @refused);
foreach my $i (0 .. $#refused)
{
	my ($statement, $message) = @{ $refused[$i] };

	like($got[$i], qr/^ERROR:  (?:$message)/, "refused: $message");
}

# ---- who may, and what stays -----------------------------------------------

sql('GRANT CREATE ON DATABASE postgres TO owner', 'GRANT USAGE ON SCHEMA affinity TO PUBLIC', 'GRANT SELECT ON circles TO owner, reader');
sql(q{SET ROLE owner}, q{SELECT FROM affinity.create_model('owned', 'SELECT u, i FROM circles', 'item_knn', options => '{"neighbors": 1}')}, 'GRANT USAGE ON SCHEMA owned TO reader');
like(err('SET ROLE reader', q{CALL affinity.tune('owned', trials => 2)}), qr/^ERROR:  42501: must be owner of schema owned/m, 'who does not own the model may not');
like(err('SET ROLE member', q{CALL affinity.tune('owned', space => '{"neighbors": [20]}')}), qr/is the best/, 'a member of the owner may');
is(sql('SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = \'owned.trials\'::regclass'), 'owner', '... as the owner');
is(sql('SET ROLE reader', 'SELECT count(*) FROM owned.trials'), '2', 'who may use the model may read its trials');

sql('DROP TABLE m.trials');
like(err($call), qr/; 3 trials, tested/, 'a model without the table gets it');
sql('CREATE DATABASE restored');
command_ok([ 'bash', '-c', 'pg_dump -d "$1" | psql -Xq -v ON_ERROR_STOP=1 -d "$2"', 'dump', $node->connstr('postgres'), $node->connstr('restored') ], 'a dump is restored');
is($node->safe_psql('restored', 'SELECT array_agg(t ORDER BY trial)::text FROM m.trials t'), sql('SELECT array_agg(t ORDER BY trial)::text FROM m.trials t'), '... with the trials');
my ($status, $stdout, $stderr) = $node->psql('restored', $call);
like($stderr, qr/0 trials and 3 known before/, '... which are known there');
is($node->safe_psql('restored', q{SELECT affinity.drop_model('m'); SELECT to_regnamespace('m') IS NULL}), "\nt", 'a model is dropped with its trials');

my $log = slurp_file($node->logfile);
unlike($log, qr/PANIC|TRAP|terminated by signal|XX000/, 'no server process crashed, no internal error');
unlike($log, qr/resource was not closed|leaked|still referenced|still active/i, 'no resource was leaked');

$node->stop;
done_testing();
