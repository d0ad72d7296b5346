# pg_upgrade: models, states and what is built on them answer in the new cluster as they
# did, whether the extension was updated before, or is after.
#
# Where there is a second server with the extension, the old cluster is its:
#
#	OLD_PG_BIN		its folder of programs, such as /usr/lib/postgresql/15/bin
#	OLD_PG_CONFIG	a file of settings with which it finds the extension, as TEMP_CONFIG
#
# Without, both are of one version, which pg_upgrade takes too.
use strict;
use warnings;

use Cwd qw(getcwd);
use File::Spec;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Older;

my $this = version_of();
my @versions = sort grep { $_ ne $this } map { m{/affinity--(.*)\.sql\.xz$} } glob project() . '/test/data/upgrade/affinity--*.sql.xz';
my $bin = $ENV{OLD_PG_BIN};

plan skip_all => "OLD_PG_BIN is \"$bin\", where there is no postgres" if $bin && !-x "$bin/postgres";

# The old cluster, by the programs of its version.
my $old;
{
	local $ENV{TEMP_CONFIG} = $ENV{OLD_PG_CONFIG} // $ENV{TEMP_CONFIG};
	$old = PostgreSQL::Test::Cluster->new('old', $bin ? (install_path => $bin =~ s{/bin$}{}r) : ());
	$old->init;
	$old->append_conf('postgresql.conf', 'fsync = off');
	$old->start;
}
note('from ' . $old->safe_psql('postgres', 'SHOW server_version'));
add_files($old, map { ("affinity--$_.sql" => kept("affinity--$_.sql.xz")) } @versions);

# Models whose tables are renamed, before and after, and one whose view is replaced.
my $sources = q{
	CREATE TABLE moved AS SELECT u AS user_id, u % 7 + i AS item_id FROM generate_series(1, 30) u, generate_series(1, 3) i;
	CREATE TABLE swapped AS TABLE moved;
	CREATE TABLE whole AS TABLE moved;
	SELECT affinity.create_model('moved_before', 'SELECT user_id, item_id FROM moved', 'popular'),
		affinity.create_model('moved_after', 'SELECT s.user_id, s.item_id FROM swapped s', 'popular'),
		affinity.create_model('replaced', 'SELECT w.user_id, w.item_id FROM whole w', 'popular');
	ALTER TABLE moved RENAME TO moved_old;
	CREATE TABLE moved AS SELECT user_id, item_id FROM moved_old WHERE item_id > 1};
my $view = sub { my ($condition) = @_; return "CREATE OR REPLACE VIEW replaced.interactions AS SELECT user_id, item_id, 1::real AS weight, NULL::timestamptz AS at FROM whole w WHERE $condition" };
my $sees = 'SELECT (SELECT count(*) FROM moved_before.interactions), (SELECT count(*) FROM moved_after.interactions), (SELECT count(*) FROM replaced.interactions)';

# A database for each version, the last one of this.
my @databases = map { [ 'db_' . s/\W/_/gr, $_ ] } @versions, $this;
foreach my $database (@databases)
{
	my ($db, $version) = @$database;

	$old->safe_psql('postgres', "CREATE DATABASE $db");
	$old->safe_psql($db, "CREATE EXTENSION affinity VERSION '$version'");
	is(restore($old, $db, $versions[0]), '', "$version: the database is there");
	$old->safe_psql($db, q{SELECT * FROM affinity.upgrade_models(); SELECT affinity.refresh_model('theirs')}) if $version eq $this;
	$old->safe_psql($db, q{CREATE TABLE state (name text, type text, state text)});
	$old->safe_psql($db, $sources) if $version eq $this;
	$old->command_ok([ 'psql', '-Xq', '-c', '\copy state FROM ' . project() . '/test/data/format/states.csv CSV', $old->connstr($db) ], "$version: states of older formats");
	$old->safe_psql($db, q{CREATE TABLE stored AS SELECT name, CASE type WHEN 'activity' THEN state END::affinity.activity AS activity, CASE type WHEN 'value' THEN state END::affinity.value AS value,
		CASE type WHEN 'funnel' THEN state END::affinity.funnel AS funnel FROM state WHERE type IN ('activity', 'value', 'funnel'); DROP TABLE state});
}

my $stored = q{SELECT md5(string_agg(x, E'\n' ORDER BY x COLLATE "C")) FROM (
	SELECT name || s::text FROM stored s UNION ALL SELECT name || r::text FROM stored, affinity.lifecycle(activity) r
	UNION ALL SELECT name || r::text FROM stored, affinity.revenue_retention(value) r UNION ALL SELECT name || s::text FROM stored, affinity.funnel_steps(funnel) s) y (x)};
my $listed = 'SELECT name, owner, algorithm, version, users, items, trained_at FROM affinity.models ORDER BY 1';
my $picks = 'SELECT * FROM picks ORDER BY user_id, rank';
my %before = map { my $db = $_->[0]; $db => [ answers_of($old, $db), map { $old->safe_psql($db, $_) } $stored, $listed, $picks ] } @databases;
$old->stop;

my $new = PostgreSQL::Test::Cluster->new('new');
$new->init;
$new->append_conf('postgresql.conf', 'fsync = off');
$new->start;
note('to ' . $new->safe_psql('postgres', 'SHOW server_version'));
my $programs = programs();
$new->stop;

# Where the new server's programs are. pg_upgrade has it LOAD '$libdir/affinity', which PostgreSQL 18 does not
# look for in dynamic_library_path, as it does for functions, nor in the stage, as Debian's earlier ones do.
# Then they are copied: $libdir is beside them.
sub programs
{
	my ($from, $lib) = map { $new->config_data($_) } '--bindir', '--pkglibdir';
	my $to = $new->basedir . '/programs';

	return $from if $new->psql('postgres', q{LOAD '$libdir/affinity'}) == 0;
	my ($ours) = grep { -e "$_/affinity.so" } split /:/, $new->safe_psql('postgres', 'SHOW dynamic_library_path');
	die 'nobody knows where the library is' unless $ours;
	mkdir $_ or die "$_: $!" foreach $to, "$to/lib";
	PostgreSQL::Test::Utils::system_or_bail('cp', '-rL', $from, "$to/bin");
	foreach my $file (glob("$lib/* $ours/affinity.so"))
	{
		symlink $file, "$to/lib/" . ($file =~ s{.*/}{}r) or die "$file: $!";
	}
	return "$to/bin";
}

# It writes where it is called.
my $cwd = getcwd();
my @command = ('pg_upgrade', '--no-sync', '-d', File::Spec->rel2abs($old->data_dir), '-D', File::Spec->rel2abs($new->data_dir), '-b', $bin // $old->config_data('--bindir'), '-B', $programs,
	'-s', $new->host, '-p', $old->port, '-P', $new->port);
@command = grep { $_ ne '--no-sync' } @command if $new->config_data('--version') =~ /PostgreSQL 1[0-4]\b/;
chdir $new->basedir or die $!;
my $ok = PostgreSQL::Test::Utils::run_log(\@command);
ok($ok, 'pg_upgrade');
chdir $cwd or die $!;
if (!$ok)
{
	foreach my $log (glob($new->data_dir . '/pg_upgrade_output.d/*/{,log/}*.{log,txt}'))
	{
		diag("$log:\n" . slurp_file($log) =~ s/^.*(?=.{3000}\z)//sr);
	}
	done_testing();
	exit;
}

$new->start;
foreach my $database (@databases)
{
	my ($db, $version) = @$database;
	my $now = sub { return [ answers_of($new, $db), map { $new->safe_psql($db, $_) } $stored, $listed, $picks ] };

	is($new->safe_psql($db, q{SELECT extversion FROM pg_extension WHERE extname = 'affinity'}), $version, "$version: the extension is as it was");
	is_deeply($now->(), $before{$db}, "$version: models, states and views answer as before");
	$new->safe_psql($db, 'ALTER EXTENSION affinity UPDATE');
	is($new->safe_psql($db, q{SELECT extversion FROM pg_extension WHERE extname = 'affinity'}), $this, "$version: it is updated to $this");
	is_deeply($now->(), $before{$db}, "$version: which answers as before");
	is($new->safe_psql($db, q{SELECT string_agg(DISTINCT status, ' ' ORDER BY status) FROM affinity.models}), 'ready untrained', "$version: all models are of $this");
	if ($version eq $this)
	{
		my $rows = sub { my ($table, $condition) = @_; return $new->safe_psql($db, "SELECT count(*) FROM $table WHERE $condition") };

		# the second time in the cluster that the marks are of
		foreach my $time (1, 2)
		{
			$new->safe_psql($db, "ALTER TABLE swapped RENAME TO swapped_$time; CREATE TABLE swapped AS SELECT * FROM swapped_$time WHERE user_id > $time; " . $view->("item_id > $time"));
			$new->safe_psql($db, "SELECT affinity.refresh_model(m) FROM unnest('{moved_before, moved_after, replaced}'::text[]) m");
			is($new->safe_psql($db, $sees), join('|', $rows->('moved', 'true'), $rows->('swapped_1', "user_id > $time"), $rows->('whole', "item_id > $time")),
				"tables renamed are followed by name, a view replaced is the definition: $time");
		}
	}
	$new->safe_psql($db, q{REFRESH MATERIALIZED VIEW CONCURRENTLY picks; SELECT affinity.refresh_model(name) FROM affinity.models WHERE status = 'ready'});
	is($new->safe_psql($db, $picks), $before{$db}[3], "$version: a materialized view is refreshed");
}
$new->safe_psql('postgres', 'CREATE DATABASE fresh');
$new->safe_psql('fresh', 'CREATE EXTENSION affinity');
is(differences(catalog_of($new, $databases[0][0]), catalog_of($new, 'fresh')), '', 'the catalog is that of a fresh install');

$new->stop;
done_testing();
