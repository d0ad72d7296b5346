# The session's time zone, where the call runs in another session: through
# postgres_fdw, as Citus asks its workers, in background workers. Two servers with
# different zones: a call without one means the zone of the session that asks, or is
# an error that says what to write.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($here, $there) = map { PostgreSQL::Test::Cluster->new($_) } qw(here there);

foreach my $node ($here, $there)
{
	$node->init;
	$node->append_conf('postgresql.conf',
		"shared_buffers = 16MB\nfsync = off\nTimeZone = '" . ($node == $here ? 'America/New_York' : 'Asia/Tokyo') . "'\n");
	$node->start;
	$node->safe_psql('postgres', q{
		CREATE EXTENSION affinity;
		CREATE TABLE events (user_id bigint, at timestamptz, day date, unit text, amount float8);
		INSERT INTO events SELECT n % 23, timestamptz '2024-02-20 UTC' + n * n * interval '3 minutes', date '2024-02-20' + n, 'day', n % 7
		FROM generate_series(1, 300) n});
}
my ($host, $port) = ($there->host, $there->port);
$here->safe_psql('postgres', qq{
	CREATE EXTENSION postgres_fdw;
	CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname 'postgres', extensions 'affinity');
	CREATE USER MAPPING FOR CURRENT_USER SERVER s;
	CREATE FOREIGN TABLE remote (user_id bigint, at timestamptz, day date, unit text, amount float8) SERVER s OPTIONS (table_name 'events')});

sub ask { return $here->safe_psql('postgres', $_[0]) }

# an error of a statement
sub refusal
{
	my ($node, $sql, %options) = @_;
	my ($status, $out, $error) = $node->psql('postgres', $sql, %options);

	return $status == 0 ? "no error: $out" : $error;
}

# 1. Sent on with the zone of the session that asks.
foreach my $call ("activity_agg(user_id, at, 'day')", "activity_agg(user_id::text, at, 'week')", "value_agg(user_id, at, amount, 'day')",
	"value_agg(user_id, tstzrange(at, at + interval '40 days'), amount, 'month')", "series_agg(at, amount, 'day')",
	"activity_agg(user_id, day, 'day')", "activity_agg(user_id, at::timestamp, 'hour')")
{
	my ($unit) = $call =~ /'(\w+)'\)/;
	my $query = "SELECT md5(affinity.$call" . '::text) FROM';

	like(ask("EXPLAIN (VERBOSE) $query remote"), qr/Remote SQL: SELECT .*'$unit America\/New_York'::affinity\.session_unit/, "$call is sent with the zone")
	  if $call !~ /range|::/;
	is(ask("$query remote"), ask("$query events"), "$call gives the same over there");
	is(ask("SET timezone = 'Pacific/Apia'; $query remote"), ask("SET timezone = 'Pacific/Apia'; $query events"), 'in another zone too');
}
isnt(ask(q{SELECT affinity.activity_agg(user_id, at, 'day') FROM events}), $there->safe_psql('postgres', q{SELECT affinity.activity_agg(user_id, at, 'day') FROM events}),
	'over there it would be other days');
is(ask(q{SELECT time_zone FROM (SELECT affinity.activity_agg(user_id, at, 'day') AS a FROM remote) r, affinity.describe(a)}), 'America/New_York', 'the state says its zone');

# 2. A statement and a view mean the zone of the session that runs them.
is(ask(q{
	PREPARE p AS SELECT time_zone FROM (SELECT affinity.activity_agg(user_id, at, 'day') AS a FROM events) r, affinity.describe(a);
	SET plan_cache_mode = force_generic_plan;
	EXECUTE p; SET timezone = 'Asia/Kathmandu'; EXECUTE p}), "America/New_York\nAsia/Kathmandu", 'a prepared statement');
ask(q{CREATE VIEW active AS SELECT affinity.activity_agg(user_id, at, 'day') AS a FROM events});
is(ask(q{SET timezone = 'Asia/Kathmandu'; SELECT time_zone FROM active, affinity.describe(a)}), 'Asia/Kathmandu', 'a view');
like(ask(q{SET timezone = 'Asia/Kathmandu'; SELECT pg_get_viewdef('active'::regclass)}), qr/'day Asia\/Kathmandu'::affinity\.session_unit/, 'says what it means here');
my ($dump) = run_command([ 'pg_dump', '-d', $here->connstr('postgres'), '-t', 'active' ]);
like($dump, qr/activity_agg\((?:\w+\.)?user_id, (?:\w+\.)?at, 'day'::affinity\.session_unit\)/, 'and is dumped as it is');
is(ask(q{SELECT count(*) FROM (SELECT affinity.activity_agg(DISTINCT user_id, at, 'day') AS a FROM events) s WHERE a = (SELECT a FROM active)}), 1, 'DISTINCT');

# 3. What cannot be sent with a zone is an error, whose hint works.
foreach my $call ("activity_agg(user_id, at, 'day', NULL, true, true)", "activity_agg(user_id, at, unit)", "value_agg(user_id, at, amount, unit)",
	"value_agg(user_id, at, amount, 'day', NULL)", "series_agg(at, amount, unit)", "customer_summary(at)", "velocity(at, interval '7 days', '2024-03-01')")
{
	like(refusal($here, "SELECT affinity.$call FROM remote"),
		qr/the time zone of the session that asks is not known here\nDETAIL:  This session serves another server\.\nHINT:  Name the time zone: /, "$call is not known over there");
	isnt(ask("SELECT affinity.$call FROM events"), '', 'but here');
}
foreach my $call ("activity_agg(user_id, at, 'day', 'Europe/Berlin', true, true)", "activity_agg(user_id, at, unit, 'Europe/Berlin')",
	"customer_summary(at, amount, 'day', '2025-03-01', 'Europe/Berlin')", "velocity(at, interval '7 days', timestamptz '2024-03-01 00:00+01')",
	"customer_summary(day, amount, 'day', '2025-03-01')", "velocity(at, interval '7 days', now())")
{
	is(ask("SELECT affinity.$call FROM remote"), ask("SELECT affinity.$call FROM events"), "$call is");
}
$there->safe_psql('postgres', q{CREATE VIEW active AS SELECT affinity.activity_agg(user_id, at, 'day') AS a FROM events});
ask(q{CREATE FOREIGN TABLE remote_active (a affinity.activity) SERVER s OPTIONS (table_name 'active')});
like(refusal($here, 'SELECT a FROM remote_active'), qr/the time zone of the session that asks is not known here/, 'a view over there');

# 4. As Citus asks: the call's text, or a part of it from another aggregate.
my @worker = (extra_params => [ '-v', 'ON_ERROR_STOP=1' ], connstr => $there->connstr('postgres') . " application_name='citus_internal gpid=10000000123'");
$there->safe_psql('postgres', 'CREATE EXTENSION affinity_steps');
my $state = ask(q{SELECT affinity.activity_agg(user_id, at, 'day') FROM events});
my $part = q{SELECT steps.partial('affinity.activity_agg(bigint, timestamptz, affinity.session_unit)'::regprocedure::oid, ROW(user_id, at, %s)) FROM events};
my $sent = q{'day America/New_York'::affinity.session_unit};

is($there->safe_psql('postgres', "SELECT affinity.activity_agg(user_id, at, $sent) FROM events", @worker), $state, 'a whole call');
is($there->safe_psql('postgres', sprintf($part, $sent), @worker), $state, 'a part');
foreach my $sql (q{SELECT affinity.activity_agg(user_id, at, 'day') FROM events}, sprintf($part, q{'day'::affinity.session_unit}),
	q{SELECT affinity.activity_agg(user_id, at, 'day', NULL) FROM events})
{
	like(refusal($there, $sql, @worker), qr/is not known here\nDETAIL:  This session serves another server/, 'without the zone: an error');
}

# 5. Background workers have the settings of their role and database, as a client has
# them; jobs of TimescaleDB, told by their library, have to name the zone.
my ($pkglibdir) = run_command([ 'pg_config', '--pkglibdir' ]);
my ($libraries) = grep { -r "$_/affinity_steps.so" } map { s/\$libdir/$pkglibdir/r } split /:/, $there->safe_psql('postgres', 'SHOW dynamic_library_path');
my $own = $there->basedir . '/libraries';
mkdir $own or die $!;
system('cp', "$libraries/affinity_steps.so", "$own/timescaledb-steps.so") == 0 or die;
$there->append_conf('postgresql.conf', "dynamic_library_path = '$own:" . $there->safe_psql('postgres', 'SHOW dynamic_library_path') . "'\n");
$there->reload;
$there->safe_psql('postgres', q{CREATE TABLE told (a affinity.activity); ALTER DATABASE postgres SET timezone = 'Asia/Kathmandu'});
my $tell = q{INSERT INTO told SELECT affinity.activity_agg(user_id, at, 'day'%s) FROM events};
my $heard = q{SELECT string_agg(time_zone, ',') FROM told, affinity.describe(a)};
foreach my $worker ([ 'affinity_steps', '' ], [ 'timescaledb-steps', '' ], [ 'timescaledb-steps', q{, 'Europe/Berlin'} ])
{
	my ($library, $zone) = @$worker;

	$there->safe_psql('postgres', 'SELECT steps.in_worker($$' . $library . '$$, $$' . sprintf($tell, $zone) . '$$)');
}
is($there->safe_psql('postgres', $heard), 'Asia/Kathmandu,Europe/Berlin', 'background workers, and jobs that name the zone');
ok($there->log_contains(qr/the time zone of the session that asks is not known here.*\n.*DETAIL:  This is a job of TimescaleDB\./), 'jobs that do not');
$there->safe_psql('postgres', 'ALTER DATABASE postgres RESET timezone');

# 6. Reports of local times that are given an instant.
my $local = q{SELECT affinity.activity_agg(user_id, day, 'day') AS a FROM events};
my $report = q{SELECT md5(string_agg(r::text, ',')) FROM (%s) s, affinity.retention(a, as_of => %s) r};
like(refusal($there, sprintf($report, $local, q{timestamptz '2024-06-01 00:00+00'}), @worker), qr/HINT:  Name the time zone: now\(\) AT TIME ZONE 'Europe\/Berlin'/,
	'an instant among local times');
is($there->safe_psql('postgres', sprintf($report, $local, q{timestamptz '2024-06-01 00:00+00' AT TIME ZONE 'America/New_York'}), @worker),
	ask(sprintf($report, $local, q{timestamptz '2024-06-01 00:00+00'})), 'as a local time it is what it is here');

$_->stop for $here, $there;
done_testing();
