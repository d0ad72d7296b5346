# Training in parallel workers: the same models as without, whatever the server
# has left for workers, and nothing left behind however it ends.
use strict;
use warnings;

use Time::HiRes qw(time sleep);

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Where /dev/shm cannot be written to, as in a chroot, segments are files of the
# server: their names are as good.
my $posix = open my $probe, '>', "/dev/shm/affinity.$$";
my $usual = $posix ? 'posix' : 'mmap';
unlink "/dev/shm/affinity.$$" if $posix;
diag 'no shared memory of type posix here: /dev/shm cannot be written to' unless $posix;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf(
	'postgresql.conf', qq{
dynamic_shared_memory_type = $usual
fsync = off
autovacuum = off
max_wal_size = 4GB
max_parallel_maintenance_workers = 2
log_min_messages = info
restart_after_crash = on
});
$node->start;

# A user's items meet each other: 256 users of 3,600 items each are some three
# seconds of work.
$node->safe_psql('postgres', q{
	CREATE EXTENSION affinity;
	CREATE TABLE facts (user_id integer NOT NULL, item_id integer NOT NULL, weight real NOT NULL);
	INSERT INTO facts
	SELECT (hashint8extended(n, 1) & 255)::int, (hashint8extended(n, 2) & 8191)::int,
		1 + (hashint8extended(n, 3) & 7)
	FROM generate_series(1, 1200000) n;
	CREATE TABLE few AS SELECT * FROM facts WHERE item_id < 2048;
	CREATE TABLE tiny AS SELECT * FROM facts WHERE user_id < 16 AND item_id < 64;
	CREATE INDEX ON facts (user_id);
	CREATE ROLE nobody;
});

my $create = q{SELECT FROM affinity.create_model('big', 'SELECT user_id, item_id FROM facts', 'item_knn')};
my $items = q{SELECT md5(string_agg(i::text, ',' ORDER BY item_no)) FROM big.items i};

# ---- helpers ----------------------------------------------------------

# create('SELECT …', '[algorithm] options', settings…): the model's md5 and what
# was said.
sub create
{
	my ($query, $what, @settings) = @_;
	my ($algorithm, $options) = $what =~ /^(\w*) *(.*)$/;
	$algorithm ||= 'item_knn';
	my ($status, $out, $err) = $node->psql('postgres', join("\n", map { "SET $_;" } @settings)
		  . qq{
		BEGIN;
		SELECT FROM affinity.create_model('same', '$query', '$algorithm', '$options');
		SELECT md5(string_agg(i::text, ',' ORDER BY item_no)) FROM same.items i;
		ROLLBACK;});

	diag $err if $status;
	return ($out, $err);
}

# Names of segments of shared memory in what /proc says of a process.
sub names
{
	return shift =~ m{(/dev/shm/PostgreSQL\.\d+|\S+/pg_dynshmem/mmap\.\d+)}g;
}

# Those that a process has mapped and another, which reads every statistic that
# the server shares, has not.
sub segments
{
	my ($pid) = @_;
	my %servers = map { $_ => 1 } names($node->safe_psql('postgres', q{
		SELECT count(pg_stat_get_numscans(oid)) FROM pg_class;
		SELECT pg_read_file('/proc/self/maps')}));
	my %names = map { $_ => 1 } names(slurp_file("/proc/$pid/maps"));

	return grep { !$servers{$_} } sort keys %names;
}

sub workers
{
	my ($leader) = @_;

	return split /\n/, $node->safe_psql('postgres', qq{
		SELECT pid FROM pg_stat_activity
		WHERE backend_type = 'parallel worker' AND leader_pid = $leader ORDER BY pid});
}

# A session that is training, and in which phase with how many workers.
sub start_training
{
	my ($sql, $phase, $workers) = @_;
	my $session = $node->background_psql('postgres', on_error_stop => 0);
	my $pid = $session->query_safe('SELECT pg_backend_pid()');

	$session->query_until(qr/begun/, "\\echo begun\n\\set VERBOSITY verbose\n$sql;\n");
	$node->poll_query_until('postgres', qq{
		SELECT count(*) = 1 FROM affinity.progress
		WHERE pid = $pid AND phase = '$phase' AND workers = $workers})
	  or die "$phase with $workers workers was never seen";
	return ($session, $pid);
}

# Wait for it; the last line of the answer to a query, and all that was said.
sub finish
{
	my ($session, $sql) = @_;
	my $out = (split /\n/, $session->query($sql))[-1];
	my $said = $session->{stderr};

	$session->quit;
	return ($out, $said);
}

# What must hold when a training is over, however it ended.
sub nothing_left
{
	my ($pid, $segments, $name) = @_;

	ok($node->poll_query_until('postgres', qq{
			SELECT NOT EXISTS (SELECT FROM pg_stat_activity
				WHERE backend_type = 'parallel worker')
			AND NOT EXISTS (SELECT FROM affinity.progress)}),
		"$name: no worker is left, and no progress");
	is(join(' ', grep { -e } @$segments), '', "$name: no shared memory is left");
	ok(!-e $node->data_dir . "/pg_stat_tmp/affinity.$pid",
		"$name: no file is left");
	return;
}

# ---- the same with and without workers --------------------------------

my %options = (
	'the default similarity' => '{}',
	'log_likelihood' => '{"similarity": "log_likelihood", "neighbors": 20}',
	'pearson' => '{"similarity": "pearson", "neighbors": 50, "min_support": 3}',
	'bm25 and shrinkage' => '{"similarity": "cosine", "weighting": "bm25", "shrinkage": 5}',
	'more neighbours than items' => '{"neighbors": 3000}',
	'parts of histories' => '{"max_history": 800}',
	'ials' => 'ials {"iterations": 6}',
	'ials, cholesky' => 'ials {"iterations": 3, "solver": "cholesky"}',
	'ease, dense' => 'ease {"method": "dense"}',
	'ease, sparse' => 'ease {"method": "sparse"}',
	'next_item' => 'next_item {"window": 200, "repeats": "all"}');
foreach my $name (sort keys %options)
{
	my $query = $name eq 'next_item' ? 'SELECT *, to_timestamp(hashint4(item_id) % 1000) FROM few' : 'SELECT * FROM few';
	my ($serial, $said) = create($query, $options{$name},
		'max_parallel_maintenance_workers = 0');
	like($said, qr/training \(0 workers\)/, "$name: 0 workers are none");
	unlike($said, qr/without parallel workers/, "$name: which was asked for");
	foreach my $workers (1, 2)
	{
		my ($parallel, $said) = create($query, $options{$name},
			"max_parallel_maintenance_workers = $workers");
		like($said, qr/training \($workers worker/, "$name: with $workers");
		is($parallel, $serial, "$name: the same model");
	}
}
my (undef, $said) = create('SELECT * FROM tiny', '{}');
like($said, qr/training \(0 workers\)/, 'little work starts no workers');
(undef, $said) = create('SELECT * FROM few', '{}', 'max_parallel_workers = 1');
like($said, qr/training \(1 worker\)/, 'max_parallel_workers holds');

my ($few) = create('SELECT * FROM few', '{}', 'max_parallel_maintenance_workers = 0');
my ($serial) = create('SELECT * FROM facts', '{}', 'max_parallel_maintenance_workers = 0');
my ($parallel, $two) = create('SELECT * FROM facts', '{}');
like($two, qr/training \(2 workers\)/, 'the large one: two workers');
is($parallel, $serial, 'the large one: the same model');

# Who is trained on in part is said, and how many they are.
unlike($two, qr/max_history/, 'histories are whole');
(undef, $said) = create('SELECT * FROM few', '{"max_history": 150}');
like($said, qr/NOTICE:  256 users have more than 150 items \(the most \d{3}\): training takes a fixed sample of each\nHINT:  Option "max_history"/,
	'long histories');
(undef, $said) = create('SELECT *, current_date FROM few WHERE user_id = 1', 'ease {"max_history": 20}');
like($said, qr/NOTICE:  1 user has more than 20 items \(\d{3}\): training takes the most recent of them\n/, 'one, with times');

# ---- progress ---------------------------------------------------------

my ($session, $pid) = start_training("BEGIN; $create", 'training', 2);
is($node->safe_psql('postgres', q{
		SET ROLE nobody;
		SELECT datname, model, algorithm, phase, total, done BETWEEN 0 AND total,
			fraction BETWEEN 0 AND 1, workers, started <= phase_started
		FROM affinity.progress}),
	'postgres|big|item_knn|training|8192|t|t|2|t',
	'any role sees how far it is');
is(scalar(workers($pid)), 2, 'its workers are known to pg_stat_activity');
my @segments = segments($pid);
cmp_ok(scalar(@segments), '>', 4, 'they share memory');

# ... and others go on meanwhile
$node->safe_psql('postgres', q{
	SELECT FROM affinity.create_model('other', 'SELECT * FROM few', 'item_knn');
	SELECT count(*) FROM other.recommend(1, 10);
	SELECT FROM affinity.refresh_model('other')});
is($node->safe_psql('postgres', q{SELECT count(*) FROM other.recommend(1, 10)}),
	'10', 'a model is trained, refreshed and serves meanwhile');
is((finish($session, "$items; ROLLBACK"))[0],
	$serial, 'the one under way comes out the same');
nothing_left($pid, \@segments, 'rolled back');
is($node->safe_psql('postgres', q{SELECT string_agg(name, ' ') FROM affinity.models}),
	'other', 'and the model is gone');

# ---- two at once, and in all kinds of transactions ----------------------

my @both = map {
	my ($session, $pid) = start_training(
		"SELECT FROM affinity.create_model('both$_', 'SELECT user_id, item_id FROM facts', 'item_knn')",
		'training', 2);
	[ $session, $pid, [ segments($pid) ] ]
} 1 .. 2;
finish($_->[0], 'SELECT 1') foreach @both;
nothing_left($_->[1], $_->[2], 'two at once') foreach @both;
is($node->safe_psql('postgres', q{
		SELECT count(DISTINCT m) FROM (VALUES
			((SELECT md5(string_agg(i::text, ',' ORDER BY item_no)) FROM both1.items i)),
			((SELECT md5(string_agg(i::text, ',' ORDER BY item_no)) FROM both2.items i))) v (m)}),
	'1', 'two at once: two equal models');

$node->safe_psql('postgres', q{
	SELECT affinity.drop_model(name) FROM affinity.models;
	CREATE FUNCTION in_parts(fails boolean) RETURNS text LANGUAGE plpgsql AS $f$
	BEGIN
		PERFORM affinity.create_model('big', 'SELECT * FROM few', 'item_knn');
		IF fails THEN
			RAISE EXCEPTION 'after all';
		END IF;
		RETURN 'done';
	EXCEPTION WHEN raise_exception THEN
		RETURN 'undone';
	END $f$});
my ($status, $out, $err) = $node->psql('postgres', q{
	BEGIN;
	SELECT in_parts(true);
	SELECT in_parts(true);
	SELECT count(*) FROM affinity.models;
	SELECT in_parts(false);
	SAVEPOINT s;
	DELETE FROM few;
	INSERT INTO few SELECT * FROM facts WHERE item_id BETWEEN 4096 AND 5999;
	SELECT FROM affinity.refresh_model('big');
	SELECT count(*) FROM big.items;
	ROLLBACK TO s;
	SELECT FROM affinity.refresh_model('big');
	COMMIT;
	SELECT count(*) FROM big.items;});
is($out, "undone\nundone\n0\ndone\n1904\n2048",
	'subtransactions that fail and that succeed');
is(scalar(() = $err =~ /training \(2 workers\)/g), 5, 'with workers in each')
  or diag $err;
foreach my $level ('REPEATABLE READ', 'SERIALIZABLE')
{
	($status, $out, $err) = $node->psql('postgres', qq{
		BEGIN ISOLATION LEVEL $level;
		SELECT FROM affinity.refresh_model('big');
		SELECT count(*) FROM big.items;
		COMMIT;});
	is($out, '2048', "refreshed, $level");
	like($err, qr/training \(2 workers\)/, "with workers, $level");
}
($status, $out, $err) = $node->psql('postgres', q{
	CREATE FUNCTION trained() RETURNS bigint LANGUAGE plpgsql AS $f$
	BEGIN
		PERFORM affinity.refresh_model('big');
		RETURN (SELECT count(*) FROM big.items);
	END $f$;
	CREATE VIEW trains AS SELECT trained() AS n;
	CREATE MATERIALIZED VIEW everybody AS
	SELECT r.* FROM big.recommend_all(5) r WITH NO DATA;
	REFRESH MATERIALIZED VIEW everybody;
	BEGIN;
	SELECT FROM affinity.refresh_model('big');
	REFRESH MATERIALIZED VIEW everybody;
	COMMIT;
	DECLARE c CURSOR WITH HOLD FOR SELECT n FROM trains;
	FETCH c;
	DO $$ BEGIN PERFORM trained(); COMMIT; PERFORM trained(); END $$;
	SELECT count(*), count(DISTINCT user_id) FROM everybody;});
is($out, "2048\n1280|256", 'refreshed beside a materialized view, in a cursor, in DO');
is(scalar(() = $err =~ /training \(2 workers\)/g), 4, 'with workers in each')
  or diag $err;

# Within a parallel query there can be no workers of its own.
my $joined = q{SELECT count(*), sum(r.rank)
	FROM few f JOIN big.recommend_all(5) r ON r.user_id = f.user_id};
($status, $out, $err) = $node->psql('postgres', qq{
	SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
	SET min_parallel_table_scan_size = 0;
	EXPLAIN (COSTS off) $joined;
	$joined;
	SET max_parallel_workers_per_gather = 0;
	$joined;});
like($out, qr/Gather/, 'recommend_all in the leader of a parallel query');
like($out, qr/\n(\d+\|\d+)\n\1\z/, 'gives the same');
like($err,
	qr/NOTICE:  running without parallel workers: called within a parallel query/,
	'and a notice says that it had no workers');

# A model of a plain role, refreshed by a superuser as that role.
($status, $out, $err) = $node->psql('postgres', q{
	CREATE ROLE owner;
	GRANT CREATE ON DATABASE postgres TO owner;
	GRANT SELECT ON few TO owner;
	SET ROLE owner;
	SELECT FROM affinity.create_model('owned', 'SELECT * FROM few', 'item_knn');
	RESET ROLE;
	SELECT FROM affinity.refresh_model('owned');
	SELECT md5(string_agg(i::text, ',' ORDER BY item_no)) FROM owned.items i;
	SELECT md5(string_agg(i::text, ',' ORDER BY item_no)) FROM big.items i;
	SELECT FROM affinity.drop_model('owned');});
my ($owned, $like) = split /\n/, $out;
is($owned, $like, 'a plain role trains, a superuser refreshes');
is(scalar(() = $err =~ /training \(2 workers\)/g), 2, 'with workers in both');

# An index that runs its owner's code for every row, here with subtransactions.
($status, $out, $err) = $node->psql('postgres', q{
	CREATE FUNCTION careful(n int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $f$
	BEGIN
		RETURN 1 / n;
	EXCEPTION WHEN division_by_zero THEN
		RETURN 0;
	END $f$;
	SELECT FROM affinity.create_model('indexed', 'SELECT * FROM few', 'item_knn');
	CREATE INDEX ON indexed.items (careful(item_no));
	SELECT FROM affinity.refresh_model('indexed');
	SELECT count(*) > 0 FROM indexed.items;
	SELECT FROM affinity.drop_model('indexed');});
is($out, 't', 'an index with code of its own');
like($err, qr/training \(2 workers\).*training \(0 workers\)/s, 'is filled without workers');

# ---- how it may end ---------------------------------------------------

# ended NAME, HOW (gets pid), WANTED ERROR [, settings]
sub ended
{
	my ($name, $how, $wanted, @settings) = @_;
	my $sql = join('', map { "SET $_;\n" } @settings) . $create;
	$sql =~ s/'big'/'ends'/;
	my ($session, $pid) = start_training($sql, 'training', 2);
	my @segments = segments($pid);

	$how->($pid);
	if ($wanted)
	{
		my ($out, $said) = finish($session, 'SELECT 1 + 1');

		like($said, $wanted, $name);
		is($out, '2', "$name: the session goes on");
	}
	else
	{
		$node->poll_query_until('postgres',
			"SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $pid");
		eval { $session->quit };
	}
	nothing_left($pid, \@segments, $name);
	is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_namespace WHERE nspname = 'ends'}),
		'0', "$name: no model");
	return;
}

sub signal_by
{
	my ($function, @pids) = @_;

	$node->safe_psql('postgres', "SELECT $function($_)") foreach @pids;
	return;
}

# Memory that is set aside has been used before, and is not zero.
$node->append_conf('postgresql.conf', 'min_dynamic_shared_memory = 64MB');
$node->restart;
foreach my $time ('once', 'again')
{
	($parallel, $said) = create('SELECT * FROM few', '{"similarity": "log_likelihood"}');
	like($said, qr/training \(2 workers\)/, "min_dynamic_shared_memory, $time: two workers");
	is($parallel, (create('SELECT * FROM few', '{"similarity": "log_likelihood"}',
			'max_parallel_maintenance_workers = 0'))[0],
		"min_dynamic_shared_memory, $time: the same model");
}
$node->append_conf('postgresql.conf', 'min_dynamic_shared_memory = 0');

foreach my $type ('posix', 'mmap', 'sysv')
{
  SKIP:
	{
		skip '/dev/shm cannot be written to', 16 if $type eq 'posix' && !$posix;
		$node->append_conf('postgresql.conf', "dynamic_shared_memory_type = $type");
		$node->restart;
		if ($type ne 'posix')
		{
			($parallel, $said) = create('SELECT * FROM few', '{}');
			like($said, qr/training \(2 workers\)/, "$type: two workers");
			is($parallel, $few, "$type: the same model");
		}
		ended("$type, cancelled", sub { signal_by('pg_cancel_backend', @_) },
			qr/ERROR:  57014: canceling statement due to user request/);
		ended("$type, terminated", sub { signal_by('pg_terminate_backend', @_) }, undef);
		ended("$type, a worker terminated",
			sub { signal_by('pg_terminate_backend', (workers(@_))[0]) },
			qr/ERROR:  57P01: terminating .*CONTEXT:  parallel worker/s);
	}
}
$node->append_conf('postgresql.conf', "dynamic_shared_memory_type = $usual");
$node->restart;
# (030_cancel.pl has statement_timeout, in all phases and with workers)

# ---- crashes ----------------------------------------------------------

$node->safe_psql('postgres', q{SELECT FROM affinity.refresh_model('big')});
my $before = $node->safe_psql('postgres', $items);
foreach my $victim ('a worker', 'the leader')
{
	my ($session, $pid) = start_training(
		q{SELECT FROM affinity.create_model('ends', 'SELECT * FROM facts', 'item_knn')},
		'training', 2);
	my @segments = segments($pid);
	my $crashed = $victim eq 'a worker' ? (workers($pid))[1] : $pid;

	cmp_ok(scalar(@segments), '>', 4, "killed $victim: it had shared memory");
	PostgreSQL::Test::Utils::system_log('pg_ctl', 'kill', 'KILL', $crashed);
	eval { $session->quit };
	ok($node->poll_query_until('postgres', 'SELECT true'),
		"killed $victim: the server recovers");
	nothing_left($pid, \@segments, "killed $victim");
	is($node->safe_psql('postgres', $items),
		$before, "killed $victim: what was committed is there");
	is($node->safe_psql('postgres', q{SELECT string_agg(name, ' ') FROM affinity.models}),
		'big', "killed $victim: what was not is gone");
}

# ---- where there is nothing to be had -----------------------------------

$node->append_conf('postgresql.conf', 'max_worker_processes = 1');
$node->restart;
($parallel, $said) = create('SELECT * FROM few', '{}');
like($said, qr/training \([01] workers?\)/, 'max_worker_processes = 1');
is($parallel, $few, 'max_worker_processes = 1: the same model');
$node->append_conf('postgresql.conf', 'max_worker_processes = 0');
$node->restart;
($parallel, $said) = create('SELECT * FROM few', '{}');
like($said,
	qr/NOTICE:  running without parallel workers: none could be started\nDETAIL:  max_worker_processes \(0\)/,
	'max_worker_processes = 0: a notice says why there are none');
like($said, qr/training \(0 workers\)/, 'max_worker_processes = 0: trained without');
is($parallel, $few, 'max_worker_processes = 0: the same model');
$node->append_conf('postgresql.conf', 'max_worker_processes = 8');
$node->stop;

# A /dev/shm of the server's own, as small as in containers or smaller: 1.5 MB are
# too little for what members share, 3 for one of the matrix's arrays, 4.5 for
# all of it and what PostgreSQL needs for workers.
SKIP:
{
	my @private = ('unshare', '--user', '--mount', '--map-current-user', '--keep-caps');

	skip 'no private /dev/shm: namespaces are not allowed here', 9
	  unless system_log(@private, 'sh', '-c', 'mount -t tmpfs -o size=1m tmpfs /dev/shm') == 0;
	$node->append_conf('postgresql.conf', 'dynamic_shared_memory_type = posix');
	foreach my $size (1536, 3072, 4608)
	{
		my $control = join(' ', 'exec pg_ctl -w start -D', $node->data_dir,
			'-l', $node->logfile, '-o', '"--cluster-name=main"');

		is(system_log(@private, 'sh', '-c',
				"mount -t tmpfs -o size=${size}k tmpfs /dev/shm && $control"),
			0, "a server with $size kB of shared memory");
		$node->_update_pid(1);
		($parallel, $said) = create('SELECT * FROM few', '{}');
		like($said,
			qr/NOTICE:  running without parallel workers: not enough shared memory\nDETAIL:  .*No space left on device/,
			"$size kB: a notice says why there are no workers");
		is($parallel, $few, "$size kB: the same model");
		$node->stop;
	}
}

my $log = slurp_file($node->logfile);
unlike($log, qr/PANIC|TRAP|terminated by signal (?!9)/, 'no server process crashed');
unlike($log, qr/leaked|still referenced|not closed|could not (unlink|remove|unmap)/i,
	'no resource was leaked');
done_testing();
