# Citus, where it is installed: a coordinator and two workers. Every public function
# on a distributed table gives what it gives on a local one, or is refused with a
# hint, or stands below as documented to be different.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Installed;

plan skip_all => 'Citus is not installed (no package of Debian has it)'
  unless is_installed('citus');

my %node;
foreach my $name (qw(coordinator one two))
{
	my $node = $node{$name} = PostgreSQL::Test::Cluster->new($name);

	$node->init;
	# Another zone on every server: only the session's may count.
	my $zone = { coordinator => 'UTC', one => 'Asia/Tokyo', two => 'America/New_York' }->{$name};
	$node->append_conf('postgresql.conf', qq{
shared_preload_libraries = 'citus'
listen_addresses = '127.0.0.1'
citus.node_conninfo = 'sslmode=disable'
max_connections = 60
max_prepared_transactions = 60
max_wal_senders = 0
citus.shard_count = 8
TimeZone = '$zone'
});
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION citus');
}
my $coordinator = $node{coordinator};
my $ports = join ', ', map { $node{$_}->port } qw(one two);

sub sql
{
	return $coordinator->safe_psql('postgres', shift);
}

# As docs/scale.md has it.
sql('SELECT citus_set_coordinator_host(\'127.0.0.1\', ' . $coordinator->port . ')');
sql("SELECT citus_add_node('127.0.0.1', port) FROM unnest(ARRAY[$ports]) port");
sql(q{
	CREATE EXTENSION affinity;
});
is(sql(q{SELECT string_agg(result, ' ') FROM run_command_on_workers(
		$$SELECT count(*) FROM pg_extension WHERE extname = 'affinity'$$)}),
	'1 1', 'workers get the extension');
sql(q{
	CREATE TABLE events (
		user_id bigint NOT NULL,
		bucket int NOT NULL,
		at timestamptz NOT NULL,
		item text NOT NULL,
		step int NOT NULL,
		amount float8 NOT NULL,
		id uuid NOT NULL,
		name text NOT NULL
	);
	SELECT create_distributed_table('events', 'bucket');
	INSERT INTO events
	SELECT u, affinity.bucket(u, 32), timestamptz '2025-01-01 UTC' + (h >> 20 & 127) * interval '1 day' + (h & 65535) * interval '1 second',
		'item ' || (u * 7 + (h >> 9 & 15)) % 40, (h >> 40 & 3)::int, (h >> 30 & 1023) / 8.0,
		md5(u::text)::uuid, 'user ' || u
	FROM generate_series(1, 12000) i, LATERAL (SELECT i * 7919 % 900 AS u, hashint8extended(i, 7) & 9007199254740991 AS h) e;
	CREATE TABLE events_here AS SELECT * FROM events;
	CREATE INDEX ON events (user_id);
});

# One answer from the local table and one from the distributed one. The same text,
# which has every byte of a state.
my (%done, @table);

sub both
{
	my ($query, $error) = @_;
	my @answer;

	foreach my $place (qw(_here), '')
	{
		my $text = $query =~ s/\bEVENTS\b/events$place/gr =~ s/\bSTATES\b/states$place/gr;
		my ($code, $out, $err) = $coordinator->psql('postgres', $text);

		push @answer, $code == 0 ? $out : $err;
	}
	return @answer;
}

sub same
{
	my ($name, $query) = @_;
	my ($here, $distributed) = both($query);

	$done{$_} = 1 foreach $query =~ /affinity\.(\w+)\(/g;
	ok($here ne '' && $here !~ /ERROR/ && $here eq $distributed, "$name: identical")
	  or diag("here: " . substr($here, 0, 300) . "\ndistributed: " . substr($distributed, 0, 300));
	push @table, "$name\tidentical";
	return;
}

sub explained
{
	my ($code, $out, $err) = $coordinator->psql('postgres', shift);

	return $code == 0 ? $out : $err;
}

sub said
{
	my ($code, $out, $err) = $coordinator->psql('postgres', shift);

	return $err;
}

# What runs on the workers: their partial aggregates, or whole groups of buckets.
sub on_workers
{
	my ($name, $query, $pattern) = @_;
	my ($plan) = explained("EXPLAIN (VERBOSE, COSTS off) " . $query =~ s/\bEVENTS\b/events/gr =~ s/\bSTATES\b/states/gr);

	like($plan, $pattern // qr/worker_partial_agg/, "$name: runs on workers");
	unlike($plan, qr/Distributed Subplan/, "$name: no rows are pulled");
	return;
}

# ---- aggregates of events -----------------------------------------------

my @aggregates = (
	[ 'activity_agg', q{affinity.activity_agg(user_id, at, 'day', 'Europe/Paris')} ],
	[ 'activity_agg, starts', q{affinity.activity_agg(user_id, at, 'week', 'UTC', step = 0, step > 0)} ],
	[ 'value_agg', q{affinity.value_agg(user_id, at, amount, 'month', 'UTC')} ],
	[ 'funnel_agg', q{affinity.funnel_agg(user_id, at, interval '7 days', ARRAY[step = 0, step = 1, step = 2])} ],
	[ 'funnel_agg, mode', q{affinity.funnel_agg(user_id, at, interval '7 days', 'optional 2', ARRAY[step = 0, step = 1, step = 2])} ],
	[ 'attribution_agg', q{affinity.attribution_agg(user_id, at, item, step = 3, amount)} ],
	[ 'basket_agg', q{affinity.basket_agg(step)} ],
);
foreach my $aggregate (@aggregates)
{
	my ($name, $call) = @$aggregate;

	same($name, "SELECT md5(($call)::text) FROM EVENTS");
	on_workers($name, "SELECT $call FROM EVENTS");
}
# Every other aggregate of rows of many buckets, in one session: what is expected of it,
# and the call; by Citus are those that it refuses itself, as it does all "any".
my @calls = map { [ split /\t+/ ] } grep { /\S/ } split /\n/, <<'END';
identical	metric_agg(amount)
identical	metric_agg(amount, step)
identical	ratio_agg(amount, 1 + step)
identical	metric_quantile_agg(amount, 0.75)
identical	cluster_metric_agg(amount, user_id)
identical	cluster_metric_agg(amount, name)
identical	cluster_metric_agg(amount, id)
identical	did_agg(amount, step = 0, at > '2025-03-01 UTC', user_id)
identical	uplift_agg(amount, step < 2, step % 2 = 0)
identical	auuc(amount, step < 2, step % 2 = 0)
identical	qini(amount, step < 2, step % 2 = 0)
identical	survival_agg(1 + amount, step > 0)
identical	survival_agg(1 + amount, step > 0, amount / 2)
identical	log_rank(item, 1 + amount, step > 0)
identical	log_rank(item, 1 + amount, step > 0, name, 'wilcoxon', amount / 2)
identical	contrast_agg(step = 0, item)
identical	contrast_numeric(step = 0, amount)
identical	series_agg(at, amount, 'day', 'Europe/Paris')
identical	series_agg(at AT TIME ZONE 'UTC', amount, 'week')
identical	series_agg(step, amount)
identical	decayed_count(at, interval '7 days')
identical	decayed_count(at, interval '7 days', amount)
identical	velocity(at, interval '7 days', '2025-04-01 UTC')
identical	velocity(at, interval '7 days', '2025-04-01 UTC', 4)
identical	gini(amount)
identical	theil(amount)
identical	hhi(amount)
identical	top_share(amount, 0.1)
identical	inequality_agg(amount)
refused	customer_summary(at)
refused	customer_summary(at, amount, 'day')
refused	customer_summary(at AT TIME ZONE 'UTC', amount, 'day')
identical	customer_summary(at AT TIME ZONE 'UTC', amount, 'day', '2025-06-01')
identical	customer_summary(at, amount, 'day', '2025-06-01 UTC', 'Europe/Paris')
identical	attribution_agg(name, at, item, step = 3, amount, interval '9 days')
identical	attribution_agg(id, at, item, step = 3)
identical	sequence_match('(?1).*(?2)', at, ARRAY[step = 0, step = 1])
identical	sequence_count('(?1).*(?2)', at, ARRAY[step = 0, step = 1])
identical	sequence_match_events('(?1).*(?2)', at, ARRAY[step = 0, step = 1])
identical	sequence_next_node('forward', 'head', at, item, true, ARRAY[true])
identical	session_summaries(at, item, interval '30 minutes')
identical	path_edges(ARRAY[item, name])
identical	funnel_agg(name, at, interval '7 days', ARRAY[step = 0, step = 1])
identical	funnel_agg(id, at, interval '7 days', ARRAY[step = 0, step = 1])
identical	funnel_agg(user_id, at, ARRAY[interval '7 days', '1 day'], ARRAY[step = 0, step = 1, step = 2])
identical	funnel_agg(ARRAY[at, at + interval '1 hour'])
by Citus	funnel_agg(user_id, at, interval '7 days', step = 0, step = 1)
by Citus	window_funnel(interval '7 days', '', at, step = 0, step = 1)
identical	windowfunnel('7 days', '', at, ARRAY[step = 0, step = 1])
identical	activity_agg(name, at, 'day', 'UTC')
identical	activity_agg(id, at, 'day', 'UTC')
identical	activity_agg(user_id, at AT TIME ZONE 'UTC', 'day')
identical	activity_agg(user_id::varchar, at, 'day', 'UTC')
identical	value_agg(name, at, amount, 'month', 'UTC')
identical	value_agg(id, tstzrange(at, at + interval '960 hours'), amount, 'month', 'UTC')
identical	basket_agg(item)
identical	basket_agg(id)
identical	basket_agg(step, amount)
identical	basket_agg(item, amount, at)
identical	cosine(amount, step)
identical	dot(amount, step)
identical	euclidean(amount, step)
identical	manhattan(amount, step)
rounded	pearson(amount, step)
identical	jaccard(step < 2, step = 1)
identical	dice(step < 2, step = 1)
identical	overlap(step < 2, step = 1)
identical	cosine_set(step < 2, step = 1)
identical	tversky(step < 2, step = 1)
identical	bayesian_prior(step, 4)
identical	retention(step = 0, step = 1)
END
sql(q{
	CREATE FUNCTION answer(query text) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		given text;
		hint text;
		line text;
	BEGIN
		IF query LIKE 'EXPLAIN%' THEN
			FOR line IN EXECUTE query LOOP
				given := concat(given, line);
			END LOOP;
		ELSE
			EXECUTE query INTO given;
		END IF;
		RETURN given;
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
		RETURN 'ERROR: ' || SQLERRM || ' HINT: ' || hint;
	END $$;
});

# What became of a query of a local table and one of a distributed one.
sub compared
{
	my (@queries) = @_;
	my $values = join ",\n", map { my ($here, $there) = @$_; "($$_[2], \$q\$$here\$q\$, \$q\$$there\$q\$)" } @queries;

	return map { [ split /\t/ ] } split /\n/, sql("SET client_min_messages = error;
		SELECT no || E'\\t' || CASE WHEN here LIKE 'ERROR%' THEN 'an error' WHEN here = there THEN 'identical'
			WHEN there LIKE 'ERROR: worker_partial_agg_sfunc could not confirm type correctness%' THEN 'by Citus'
			WHEN there LIKE 'ERROR: _% HINT: _%' THEN 'refused' WHEN there ~ '^[-0-9.e]+\$' AND abs(here::float8 - there::float8) < 1e-12 THEN 'rounded'
			ELSE 'different' END || E'\\t' || CASE WHEN plan ~ 'worker_partial_agg' AND plan !~ 'Distributed Subplan' THEN 'workers' ELSE '' END || E'\\t' ||
			coalesce(left(translate(there, E'\\n\\t', '  '), 300), 'NULL')
		FROM (SELECT no, answer(h) AS here, answer(t) AS there, answer('EXPLAIN (VERBOSE, COSTS off) ' || t) AS plan
			FROM (VALUES $values) q (no, h, t) OFFSET 0) a ORDER BY no");
}

# A rollup of states, one of each bucket, of every type.
my @rolled = (
	'metric_agg(amount, step)', 'cluster_metric_agg(amount, name)', q{did_agg(amount, step = 0, at > '2025-03-01 UTC', user_id)},
	'uplift_agg(amount, step < 2, step % 2 = 0)', 'survival_agg(1 + amount, step > 0)', 'contrast_agg(step = 0, item)',
	q{series_agg(at, amount, 'day', 'UTC')}, q{decayed_count(at, interval '7 days')}, 'inequality_agg(amount)',
	'attribution_agg(user_id, at, item, step = 3, amount)', 'basket_agg(step)', 'basket_agg(item)', 'basket_agg(id)',
	q{activity_agg(name, at, 'day', 'UTC')}, q{value_agg(id, at, amount, 'month', 'UTC')}, q{funnel_agg(id, at, interval '7 days', ARRAY[step = 0, step = 1])});

foreach my $got (compared(map { my $state = "SELECT affinity.rollup(x)::text FROM (SELECT bucket, affinity.$rolled[$_] AS x FROM EVENTS GROUP BY bucket) s";
		[ $state =~ s/EVENTS/events_here/r, $state =~ s/EVENTS/events/r, $_ ] } 0 .. $#rolled))
{
	my ($no, $what, $where, $answer) = @$got;

	is("$what, by $where", 'identical, by workers', "rollup of $rolled[$no]") or diag($answer);
	push @table, "rollup of $rolled[$no]\t$what";
}
foreach my $got (compared(map { my $call = "SELECT (affinity.$calls[$_][1])::text FROM events"; [ "${call}_here", $call, $_ ] } 0 .. $#calls))
{
	my ($no, $what, $where, $answer) = @$got;
	my ($expected, $call) = @{ $calls[$no] };

	# A sum of doubles may be rounded otherwise, or as here.
	$what = $expected if $expected eq 'rounded' && $what eq 'identical';
	$where = 'workers' if $expected ne 'identical' && $expected ne 'rounded';
	is("$what, by $where", "$expected, by workers", "$call: $expected") or diag($answer);
	push @table, "$call\t$expected";
}

# The session's zone is meant, or none can be: never that of whoever has the rows.
my ($zone_here, $zone_distributed) = both(q{SELECT md5(affinity.activity_agg(user_id, at, 'day')::text) FROM EVENTS});
ok($zone_distributed eq $zone_here || $zone_distributed =~ /ERROR: .* zone.*HINT: /s, 'activity_agg without a zone: identical or refused with a hint')
  or diag($zone_distributed);
push @table, "activity_agg, no zone\t" . ($zone_distributed eq $zone_here ? 'identical' : 'refused with a hint');
# one user at a time, in one bucket
foreach my $call (
	q{affinity.window_funnel(interval '7 days', '', at, ARRAY[step = 0, step = 1, step = 2])},
	q{affinity.funnel_times(interval '7 days', '', at AT TIME ZONE 'UTC', ARRAY[step = 0, step = 1, step = 2])},
	q{affinity.sequence_match('(?1).*(?2)', at, ARRAY[step = 0, step = 1])},
	q{affinity.sequence_count('(?1).*(?2)', at, ARRAY[step = 0, step = 1])},
	q{affinity.sequence_match_events('(?1).*(?2)', at AT TIME ZONE 'UTC', ARRAY[step = 0, step = 1])},
	q{(affinity.customer_summary(at AT TIME ZONE 'UTC', amount, 'day', '2025-06-01')).total},
	q{affinity.range_retention_count(step = 0, step > 0, (at AT TIME ZONE 'UTC')::date, '{1,7}', 'day')},
	q{affinity.decayed_count(at, interval '7 days')})
{
	my ($name) = $call =~ /affinity\.(\w+)/;

	same("$name by user", "SELECT md5(string_agg(x, ' ' ORDER BY x)) FROM (SELECT user_id || ' ' || ($call)::text AS x FROM EVENTS
		GROUP BY bucket, user_id) s");
	on_workers("$name by user", "SELECT bucket, user_id, $call FROM EVENTS GROUP BY bucket, user_id", qr/Task Count: 8\b/);
}

# ---- states of buckets, and their reports -------------------------------

sql(q{
	CREATE TABLE states (
		bucket int PRIMARY KEY,
		a affinity.activity,
		e affinity.activity,
		v affinity.value,
		s affinity.value,
		f affinity.funnel
	);
	SELECT create_distributed_table('states', 'bucket', colocate_with => 'events');
	INSERT INTO states
	SELECT bucket, affinity.activity_agg(user_id, at, 'day', 'UTC'), affinity.activity_agg(user_id, at, 'day', 'UTC', step = 0, step > 0),
		affinity.value_agg(user_id, at, amount, 'month', 'UTC'),
		affinity.value_agg(user_id, tstzrange(at, at + interval '40 days'), amount, 'month', 'UTC'),
		affinity.funnel_agg(user_id, at, interval '7 days', ARRAY[step = 0, step = 1, step = 2])
	FROM events GROUP BY bucket;
	CREATE TABLE states_here AS SELECT * FROM states;
});
like(sql(q{EXPLAIN INSERT INTO states (bucket, a) SELECT bucket, affinity.activity_agg(user_id, at, 'day', 'UTC') FROM events
		GROUP BY bucket}), qr/Task Count/, 'states are made where their events are');

same('rollup of activity', q{SELECT md5(affinity.rollup(a)::text) FROM STATES});
same('rollup of value', q{SELECT md5(affinity.rollup(v)::text) FROM STATES});
same('rollup of funnel', q{SELECT md5(affinity.rollup(f)::text) FROM STATES});
on_workers('rollup', 'SELECT affinity.rollup(a) FROM STATES');

my $as_of = q{'2025-05-10 UTC'};
my %report = (
	retention => "affinity.retention(a, $as_of)",
	'retention, rolling' => "affinity.retention(e, $as_of, rolling => true)",
	retention_curve => "affinity.retention_curve(a, $as_of)",
	retention_wide => "affinity.retention_wide(a, $as_of)",
	lifecycle => "affinity.lifecycle(a, $as_of)",
	active_users => "affinity.active_users(a, $as_of)",
	frequency => "affinity.frequency(a, $as_of)",
	time_to_return => "affinity.time_to_return(a, $as_of)",
	revenue_retention => "affinity.revenue_retention(v, $as_of)",
	revenue_bridge => "affinity.revenue_bridge(v, $as_of)",
	active_stock => "affinity.active_stock(s, $as_of)",
	funnel_steps => 'affinity.funnel_steps(f)',
	funnel_conversion_times => 'affinity.funnel_conversion_times(f)',
	describe => 'affinity.describe(a)',
);
foreach my $name (sort keys %report)
{
	same("$name by bucket", "SELECT md5(string_agg(x, ' ' ORDER BY x)) FROM
		(SELECT bucket || r::text AS x FROM STATES, LATERAL $report{$name} r) s");
}

# Citus hands no rows to partial aggregates, so the reports' rows are what comes back.
sub reports_summed
{
	my ($name, $from) = @_;

	return "WITH cells AS MATERIALIZED (SELECT r.* FROM $from) SELECT affinity.$name(cells) FROM cells";
}

sub reports_on_workers
{
	my ($name, $query) = @_;
	my $plan = explained("EXPLAIN (VERBOSE, COSTS off) " . $query =~ s/\bEVENTS\b/events/gr =~ s/\bSTATES\b/states/gr);

	like($plan, qr/Distributed Subplan.*Task Count: 8\b.*Function Scan on affinity\.\w+ r/s, "$name: reports run on workers");
	return;
}

my %sum = (
	retention_sum => $report{retention},
	retention_curve_sum => $report{retention},
	lifecycle_sum => $report{lifecycle},
	active_users_sum => $report{active_users},
	frequency_sum => $report{frequency},
	active_stock_sum => $report{active_stock},
);
foreach my $name (sort keys %sum)
{
	my $query = reports_summed($name, "STATES, LATERAL $sum{$name} r");

	same($name, $query);
	reports_on_workers($name, $query);
	# and what it has to be, from one state
	my ($of) = $name =~ /(.*)_sum/;
	my $whole = $report{$of} =~ s/\((\w)/(affinity.rollup($1)/r;
	my $column = $1;
	my $rows = sql("SELECT string_agg(r::text, ' ' ORDER BY r::text) FROM
		(SELECT affinity.rollup($column) AS $column FROM states_here) w, LATERAL $report{$of} r");
	is(sql("SELECT string_agg(r::text, ' ' ORDER BY r::text) FROM unnest(($query)) r" =~ s/STATES/states/r),
		$rows, "$name: as from one state of all");
}
same('funnel_sum', 'SELECT affinity.funnel_sum(f) FROM STATES');
on_workers('funnel_sum', 'SELECT affinity.funnel_sum(f) FROM STATES');

# No state at all: whole groups are counted where they are.
my $direct = reports_summed('retention_sum', "(SELECT bucket, affinity.activity_agg(user_id, at, 'day', 'UTC') AS a
	FROM EVENTS GROUP BY bucket) s, LATERAL affinity.retention(a, $as_of) r");
same('retention_sum of events', $direct);
reports_on_workers('retention_sum of events', $direct);

# ---- models -------------------------------------------------------------

sql(q{
	CREATE TABLE purchases (user_id bigint, item text);
	SELECT create_distributed_table('purchases', 'user_id');
	INSERT INTO purchases SELECT DISTINCT user_id, item FROM events;
	CREATE INDEX ON purchases (user_id);
	CREATE TABLE purchases_here AS SELECT * FROM purchases;
	CREATE INDEX ON purchases_here (user_id);
	ANALYZE purchases_here;
});
foreach my $algorithm (qw(item_knn popular))
{
	my @items;

	foreach my $place ('_here', '')
	{
		my $model = "m$place";

		sql("SELECT FROM affinity.create_model('$model', 'SELECT user_id, item FROM purchases$place', '$algorithm')");
		push @items, sql("SELECT md5(string_agg(i::text, ' ' ORDER BY i::text)) FROM $model.items i");
		push @items, sql("SELECT md5(string_agg(concat(u, r::text), ' ' ORDER BY u, r::text)) FROM generate_series(1, 40) u,
			LATERAL $model.recommend(u) r");
	}
	is($items[0], $items[2], "$algorithm: items of a distributed table are identical");
	is($items[1], $items[3], "$algorithm: recommend gives identical rows");
	if ($algorithm eq 'item_knn')
	{
		is(sql(q{
			BEGIN;
			INSERT INTO purchases VALUES (100000, 'item 1');
			SELECT count(*) > 0 AND count(*) FILTER (WHERE item_id = 'item 1') = 0 FROM m.recommend(100000, 40);
			ROLLBACK}) =~ s/\n//gr, 't', 'what was just bought is seen at once');
		# one shard is asked, and a shard leaves out who is not of the part itself
		my $asked = said('SET citus.log_remote_commands = on; SELECT FROM m.recommend(7, 2)');
		is(scalar(() = $asked =~ /issuing SELECT [^\n]*purchases_\d+/g), 1, 'recommend is a query to one shard') or diag($asked);
		my $read = said(q{SET citus.log_remote_commands = on;
			SELECT FROM affinity.create_model('part', 'SELECT user_id, item FROM purchases', 'item_knn', options => '{"users": 0.5}')});
		is(scalar(() = $read =~ /issuing SELECT [^\n]*purchases_\d+ purchases WHERE \(hashint8extended\(user_id/g), 8, 'shards leave out users themselves');
		unlike($read, qr/planner/, 'no notice of a cost that nobody knows');
		sql(q{SELECT affinity.drop_model('part')});
		# a mistake, and the hint as it stands
		sql(q{SELECT create_reference_table('m.items')});
		my ($hint) = said('SELECT FROM m.recommend(7, 2)') =~ /ERROR:  table "items" of model "m" is distributed.*^HINT:  ([^\n]*)/ms;
		my $neighbors = q{SELECT count(*), sum(score::numeric) FROM m.neighbors};
		my $before = sql($neighbors);
		sql($hint =~ s/and then: //r);
		is(sql("SELECT md5(string_agg(concat(u, r::text), ' ' ORDER BY u, r::text)) FROM generate_series(1, 40) u, LATERAL m.recommend(u) r"),
			$items[1], 'the hint on a reference table works');
		# Citus drops the view with the table that it replaces; it, or a refresh, makes it again
		is(sql($neighbors), $before, 'the view of neighbors is there');
		sql('DROP VIEW m.neighbors; SELECT affinity.refresh_model(\'m\')');
		is(sql($neighbors), $before, 'a refresh makes it again where it is not');
	}
	sql("SELECT FROM affinity.drop_model('m'); SELECT FROM affinity.drop_model('m_here')");
	is(sql(q{SELECT count(*) FROM pg_namespace WHERE nspname = 'm'}), '0', "$algorithm: the model is gone");
}

# A model on every server, which knows the rows of its shards, and calls that go there.
my $create = q{SET citus.enable_ddl_propagation = off;
	SELECT FROM affinity.create_model('near', 'SELECT user_id, item FROM purchases', 'item_knn'};
sql("$create)");
my @everybody = sort split /\n/, sql('SELECT r::text FROM near.recommend_all(3) r');
my @of_servers;
foreach my $worker (@node{qw(one two)})
{
	$worker->safe_psql('postgres', "$create, train => false)");
	foreach my $table (qw(items model))
	{
		$worker->safe_psql('postgres', "COPY near.$table FROM STDIN;\n" . sql("COPY near.$table TO STDOUT") . "\n\\.\n");
	}
	my $shards = sql("SELECT string_agg('SELECT user_id, item FROM ' || shard_name, ' UNION ALL ') FROM citus_shards
		WHERE table_name = 'purchases'::regclass AND nodeport = " . $worker->port);
	$worker->safe_psql('postgres', "SET citus.enable_ddl_propagation = off; SELECT affinity.serve_locally('near', '$shards')");
	push @of_servers, split /\n/, $worker->safe_psql('postgres', 'SELECT r::text FROM near.recommend_all(3) r');
}
is(join("\n", sort @of_servers), join("\n", @everybody), 'all of recommend_all, each user where it is');
sql(q{SELECT create_distributed_function(oid::regprocedure, 'user_id', 'purchases') FROM pg_proc
	WHERE proname = 'recommend_items' AND pronamespace = 'near'::regnamespace});
like(explained('EXPLAIN (VERBOSE, COSTS off) SELECT near.recommend_items(7, 2)'),
	qr/Citus Adaptive.*Task Count: 1\b.*Result/s, 'recommend_items goes to the server of the user');
is(sql('SELECT near.recommend_items(7, 2)'), sql('SELECT ARRAY(SELECT item_id FROM near.recommend(7, 2))'), 'and gives what recommend gives');
# Whoever made it drops it: on every server.
$_->safe_psql('postgres', q{SET citus.enable_ddl_propagation = off; SELECT affinity.drop_model('near')}) foreach @node{qw(coordinator one two)};
is(sql(q{SELECT string_agg(result, ' ') FROM run_command_on_all_nodes($$SELECT count(*) FROM pg_namespace WHERE nspname = 'near'$$)}), '0 0 0',
	'it is gone from all servers');
sql(q{SELECT FROM affinity.create_model('near', 'SELECT user_id, item FROM purchases', 'popular')});
is(sql('SELECT count(*) FROM near.recommend(7, 3)'), '3', 'and can be made again');
note(join "\n", 'on Citus ' . sql('SELECT citus_version()'), @table);
done_testing();
