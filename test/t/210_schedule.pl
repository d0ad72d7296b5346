# Scheduled jobs of pg_cron as docs/operation.md has them: a refresh, lists in a
# materialized view, lists in a table that follow their users or the model, all
# by the model's owner, who is no superuser; in background workers and over connections.
# Jobs are '@reboot', which pg_cron starts at once, as it starts others in time.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Shop;

my $node = PostgreSQL::Test::Cluster->new('main');
my ($libraries) = run_command([ 'pg_config', '--pkglibdir' ]);
plan skip_all => 'pg_cron is not installed' unless -r "$libraries/pg_cron.so";

$node->init;
$node->append_conf('postgresql.conf', qq{
fsync = off
autovacuum = off
shared_preload_libraries = 'pg_cron'
cron.database_name = 'postgres'
cron.host = '} . $node->host . q{'
cron.use_background_workers = on
max_worker_processes = 20
});
$node->start;
create_shop($node, 'postgres');

sub sql
{
	return $node->safe_psql('postgres', join ';', 'SET client_min_messages = warning', @_);
}

sub as_night
{
	return sql('SET ROLE night', @_);
}

# ---- the recipes -------------------------------------------------------

# Those of docs/operation.md, with the names of this shop.
my $recipe = q{
	CREATE TABLE page_lists AS SELECT * FROM shop.recommend_all(10);
	ALTER TABLE page_lists ADD PRIMARY KEY (user_id, rank);
	CREATE TABLE changed_users (user_id integer NOT NULL);

	CREATE FUNCTION note_changed_users() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp AS $$
	BEGIN
		INSERT INTO public.changed_users SELECT DISTINCT customer_id FROM changed WHERE customer_id IS NOT NULL;
		RETURN NULL;
	END$$;

	CREATE PROCEDURE merge_lists() LANGUAGE plpgsql AS $$
	BEGIN
		LOCK TABLE page_lists IN SHARE ROW EXCLUSIVE MODE;
		WITH taken AS (DELETE FROM changed_users RETURNING user_id),
		lists AS (SELECT u.user_id, r.*
			FROM (SELECT DISTINCT user_id FROM taken) u, shop.recommend(u.user_id, 10) r
			WHERE EXISTS (SELECT FROM shop.interactions i WHERE i.user_id = u.user_id)),
		gone AS (DELETE FROM page_lists p USING (SELECT DISTINCT user_id FROM taken) u
			WHERE p.user_id = u.user_id
				AND NOT EXISTS (SELECT FROM lists l WHERE (l.user_id, l.rank) = (p.user_id, p.rank)))
		INSERT INTO page_lists (user_id, item_id, score, rank, personalized)
		SELECT user_id, item_id, score, rank, personalized FROM lists
		ON CONFLICT (user_id, rank) DO UPDATE
		SET item_id = excluded.item_id, score = excluded.score, personalized = excluded.personalized
		WHERE (page_lists.item_id, page_lists.score, page_lists.personalized)
			IS DISTINCT FROM (excluded.item_id, excluded.score, excluded.personalized);
	END$$;

	CREATE TABLE model_lists AS SELECT * FROM shop.recommend_all(10);
	ALTER TABLE model_lists ADD PRIMARY KEY (user_id, rank);
	CREATE TABLE model_lists_made AS
		SELECT coalesce(refreshed_at, trained_at) AS at FROM affinity.models WHERE name = 'shop';

	CREATE PROCEDURE follow_model() LANGUAGE plpgsql AS $$
	DECLARE
		since timestamptz;
		users integer[];
	BEGIN
		SELECT m.at - interval '1 minute' INTO since FROM model_lists_made m FOR UPDATE;
		PERFORM affinity.refresh_model('shop', incremental => true, if_running => 'skip');
		UPDATE model_lists_made SET at = coalesce(m.refreshed_at, m.trained_at) FROM affinity.models m WHERE m.name = 'shop';
		users := ARRAY(SELECT user_id FROM shop.recommend_changed(since));
		DELETE FROM model_lists WHERE user_id = ANY (users);
		INSERT INTO model_lists (user_id, item_id, score, rank, personalized)
		SELECT user_id, item_id, score, rank, personalized FROM shop.recommend_users(users, 10);
	END$$};

sql(q{CREATE EXTENSION pg_cron},
	q{CREATE ROLE night LOGIN},
	q{GRANT USAGE ON SCHEMA cron TO night},
	q{GRANT CREATE ON DATABASE postgres TO night},
	q{GRANT CREATE ON SCHEMA public TO night},
	q{ALTER TABLE purchases OWNER TO night});
as_night(q{SELECT FROM affinity.create_model('shop',
		'SELECT customer_id, product, quantity, at FROM purchases', 'item_knn')},
	q{CREATE MATERIALIZED VIEW newsletter AS SELECT * FROM shop.recommend_all(10)},
	q{CREATE UNIQUE INDEX ON newsletter (user_id, rank)},
	$recipe,
	(map { "CREATE TRIGGER changed_by_$_ AFTER $_ ON purchases
		REFERENCING " . ($_ eq 'delete' ? 'OLD' : 'NEW') . " TABLE AS changed
		FOR EACH STATEMENT EXECUTE FUNCTION note_changed_users()" } 'insert', 'delete'));

# ---- running jobs ------------------------------------------------------

# Runs each job (name, command, …) once, all at the same time, as pg_cron does,
# and returns what it notes of them.
sub run_jobs
{
	my %jobs = @_;
	my $count = keys %jobs;

	as_night(map { "SELECT FROM cron.schedule('$_', '\@reboot', \$job\$$jobs{$_}\$job\$)" } sort keys %jobs);
	$node->restart;
	$node->poll_query_until('postgres', "SELECT count(*) = $count
		FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')")
		or diag sql('TABLE cron.job_run_details');
	my $notes = sql(q{SELECT jobname, status, username,
			CASE WHEN status = 'failed' THEN substring(return_message, 'ERROR: +([^\n]*)') END
		FROM cron.job_run_details d JOIN cron.job USING (jobid) ORDER BY jobname} =~ s/username/d.username/r);
	as_night(map { "SELECT FROM cron.unschedule('$_')" } sort keys %jobs);
	sql('DELETE FROM cron.job_run_details');
	return $notes;
}

sub version
{
	return sql(q{SELECT version FROM affinity.models WHERE name = 'shop'});
}

# Rows of a table of lists that differ from those of now, either way.
sub differing
{
	my ($table, $where) = @_;
	my $columns = 'user_id, item_id, score, rank, personalized';

	return sql(qq{SELECT count(*) FROM (
		(SELECT $columns FROM $table EXCEPT ALL SELECT $columns FROM shop.recommend_all(10))
		UNION ALL
		(SELECT $columns FROM shop.recommend_all(10) EXCEPT ALL SELECT $columns FROM $table)) d } . ($where // ''));
}

sub buy
{
	my ($product, $step) = @_;

	sql(qq{INSERT INTO purchases SELECT c, '$product', 1, timestamp '2024-12-01' FROM generate_series(1, 200, $step) c});
	return;
}

foreach my $how ('background workers', 'connections')
{
	my $version = version();
	my $other = $how eq 'connections';	# buys what nobody has bought before

	sql("ALTER SYSTEM SET cron.use_background_workers = " . ($other ? 'off' : 'on'));
	buy($other ? 'product 08' : 'product 07', 3);
	isnt(differing('newsletter'), '0', "$how: purchases change lists");
	is(run_jobs('nightly', q{SELECT affinity.refresh_model('shop'); REFRESH MATERIALIZED VIEW CONCURRENTLY newsletter}),
		'nightly|succeeded|night|', "$how: a refresh of the model and the materialized view");
	is(version(), $version + 1, 'the model has learned');
	is(differing('newsletter'), '0', 'and the lists are those of now');

	# a job is one transaction: all of it, or nothing
	$version = version();
	is(run_jobs('half', q{SELECT affinity.refresh_model('shop'); SELECT 1 / 0}),
		'half|failed|night|division by zero', "$how: a job whose last statement fails");
	is(version(), $version, 'leaves the model as it was');

	# a table of lists: all of them after a refresh, those of some users later
	is(run_jobs('all lists', q{INSERT INTO changed_users SELECT DISTINCT user_id FROM shop.interactions; CALL merge_lists()}),
		'all lists|succeeded|night|', "$how: all lists are merged");
	is(differing('page_lists'), '0', 'and are those of now');
	my $written = q{SELECT count(*) FROM page_lists WHERE xmin::text::bigint >= };
	my $xid = sql('SELECT txid_current()');
	buy($other ? 'product 12' : 'product 11', 50);
	sql('DELETE FROM purchases WHERE customer_id = ' . ($other ? 110 : 100));
	is(run_jobs('changed lists', q{CALL merge_lists()}), 'changed lists|succeeded|night|',
		"$how: lists of users who bought, and of one who is gone");
	is(differing('page_lists'), '0', 'are those of now');
	cmp_ok(sql("$written $xid"), '<=', 40, 'no others were written');
	cmp_ok(sql("$written $xid"), '>', 0, 'but they were');
	is(sql('SELECT count(*) FROM changed_users'), '0', 'and nobody waits');

	# at once: nothing fails, nothing is lost
	$version = version();
	buy($other ? 'product 24' : 'product 23', 2);
	my $notes = run_jobs('refresh 1', q{SELECT affinity.refresh_model('shop')},
		'refresh 2', q{SELECT affinity.refresh_model('shop')},
		'lists 1', q{REFRESH MATERIALIZED VIEW CONCURRENTLY newsletter},
		'lists 2', q{REFRESH MATERIALIZED VIEW CONCURRENTLY newsletter},
		'merge 1', q{CALL merge_lists()}, 'merge 2', q{CALL merge_lists()},
		'not there', q{SELECT affinity.refresh_model('no_such_model')});
	is($notes, join("\n", (map { "$_|succeeded|night|" } 'lists 1', 'lists 2', 'merge 1', 'merge 2'),
		'not there|failed|night|model "no_such_model" does not exist',
		(map { "$_|succeeded|night|" } 'refresh 1', 'refresh 2')),
		"$how: overlapping jobs all succeed, and one that fails says why");
	cmp_ok(version(), '>=', $version + 2, 'both refreshes have learned');
	is(run_jobs('last', q{REFRESH MATERIALIZED VIEW CONCURRENTLY newsletter;
		INSERT INTO changed_users SELECT DISTINCT user_id FROM shop.interactions; CALL merge_lists()}),
		'last|succeeded|night|', "$how: the job after them");
	is(differing('newsletter'), '0', 'has the lists of now in the materialized view');
	is(differing('page_lists'), '0', 'and in the table');
}

# ---- merges beside purchases -------------------------------------------

# Clients buy while lists are merged by two sessions: whoever bought has a new
# list in the end.
my $shopping = $node->basedir . '/shopping.sql';
my $merging = $node->basedir . '/merging.sql';
append_to_file($shopping, q{
\set c random(1, 200)
\set p random(0, 59)
INSERT INTO purchases VALUES (:c, 'product ' || lpad(:p::text, 2, '0'), 1, '2024-12-02');
});
append_to_file($merging, "CALL merge_lists();\n");
my @runs = map {
	my ($out, $err) = ('', '');
	my ($script, $clients, $times) = @$_;
	my $run = IPC::Run::start([ 'pgbench', '-n', '-U', 'night', '-c', $clients, '-t', $times, '-f', $script,
		$node->connstr('postgres') ], '<', \undef, '>', \$out, '2>', \$err);
	[ $run, \$err ]
} [ $shopping, 3, 300 ], [ $merging, 2, 40 ];

foreach my $run (@runs)
{
	ok($run->[0]->finish, 'purchases and merges beside each other');
	is(${ $run->[1] } =~ s/^pgbench \(.*\n//r, '', 'without an error');
}
as_night('CALL merge_lists()');
is(differing('page_lists'), '0', 'after which each list is that of now');

# ---- lists that follow the model ----------------------------------------

# Incremental refreshes, and lists of those who may have others by them. What
# fills a short list up is not followed, and who is gone keeps a list.
my $personal = q{WHERE personalized AND user_id IN (SELECT customer_id FROM purchases)};

is(run_jobs('train', q{SELECT affinity.refresh_model('shop', if_running => 'skip')}), 'train|succeeded|night|', 'a training');
is(run_jobs('follow', 'CALL follow_model()'), 'follow|succeeded|night|', 'after which a job follows');
is(differing('model_lists', $personal), '0', 'with all lists');
# a training long ago, else it would count as of the last minute
sql(q{UPDATE shop.model SET trained_at = trained_at - interval '1 hour'},
	q{UPDATE model_lists_made SET at = at - interval '30 minutes'},
	q{INSERT INTO purchases SELECT c, p, 1, now()
		FROM generate_series(6, 60, 6) c, unnest('{product 60,product 05,product 08}'::text[]) p});
isnt(differing('model_lists', $personal), '0', 'purchases change lists');
is(run_jobs('follow', 'CALL follow_model()'), 'follow|succeeded|night|', 'the job');
is(differing('model_lists', $personal), '0', 'follows them');
# whose ten best it is among is chance, as what was bought above is
is(sql(q{SELECT personalized FROM shop.recommend_for('{product 05,product 08}'::text[], 100) WHERE item_id = 'product 60'}), 't',
	'and what is new is recommended for what it was bought with');
is(sql(q{SELECT items_since FROM affinity.models WHERE name = 'shop'}), '1', 'without a training');

# at once, beside a training: who finds the model busy skips the refresh
sql(q{INSERT INTO purchases SELECT c, 'product 61', 1, now() FROM generate_series(1, 55, 6) c});
is(run_jobs('follow 1', 'CALL follow_model()', 'follow 2', 'CALL follow_model()',
		'train', q{SELECT affinity.refresh_model('shop', if_running => 'skip')}),
	join("\n", map { "$_|succeeded|night|" } 'follow 1', 'follow 2', 'train'), 'jobs at once');
is(run_jobs('follow', 'CALL follow_model()'), 'follow|succeeded|night|', 'the job after them');
is(differing('model_lists', $personal), '0', 'has the lists of now');

$node->stop;
done_testing();
