# What programs ask by their drivers, with and without types, as numbers of any
# width, arrays, NULL and times, has the answers that psql has with literals:
# ../drivers/calls.sql and the scripts beside it. A driver that is not installed
# is skipped.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use FindBin;

use Shop;

my $dir = "$FindBin::Bin/../drivers";
my $jar = '/usr/share/java/postgresql.jar';
my $python = '/usr/bin/python3';

# Name, is it there, what runs its script. Debian's packages; those of npm are
# found by NODE_PATH.
my @drivers = (
	[ 'psycopg2', [ $python, '-c', 'import psycopg2' ], [ $python, 'psycopg2_calls.py' ] ],
	[ 'psycopg', [ $python, '-c', 'import psycopg' ], [ $python, 'psycopg_calls.py' ] ],
	[ 'asyncpg', [ $python, '-c', 'import asyncpg' ], [ $python, 'asyncpg_calls.py' ] ],
	[ 'node-postgres', [ 'node', '-e', 'require("pg")' ], [ 'node', 'node_pg_calls.js' ] ],
	[ 'postgres.js', [ 'node', '-e', 'require("postgres")' ], [ 'node', 'postgres_js_calls.js' ] ],
	[ 'JDBC', [ 'sh', '-c', "javac -version && test -r $jar" ], [ 'java', '-cp', $jar, 'JdbcCalls.java' ] ],
	[ 'pgx', [ 'sh', '-c', 'go version && test -d /usr/share/gocode/src/github.com/jackc/pgx/v4' ],
		[ 'go', 'run', 'pgx_calls.go' ] ],
	[ 'DBD::Pg', [ '/usr/bin/perl', '-MDBD::Pg', '-e', '1' ], [ '/usr/bin/perl', 'dbd_pg_calls.pl' ] ],
	[ 'PHP', [ 'php', '-r', 'exit(extension_loaded("pgsql") && extension_loaded("pdo_pgsql") ? 0 : 1);' ],
		[ 'php', 'php_calls.php' ] ],
	[ 'Ruby', [ 'ruby', '-e', 'require "pg"' ], [ 'ruby', 'ruby_pg_calls.rb' ] ]);

# JDBC speaks TCP only.
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "listen_addresses = '127.0.0.1'");
$node->start;
create_shop($node, 'postgres');
$node->safe_psql('postgres', slurp_file("$dir/setup.sql"));

# What psql says to each call: an answer, or an error's SQLSTATE.
sub read_calls
{
	my ($unnamed, %query) = split /^--call (.*)\n/m, slurp_file("$dir/calls.sql");
	my %answer;

	foreach my $call (keys %query)
	{
		my ($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY sqlstate\n$query{$call}");

		$answer{$call} = $err =~ /ERROR:\s+(\w+)/ ? "error $1" : $out;
	}
	return %answer;
}

my %answer = read_calls();
my @silent = grep { $answer{$_} eq '' } keys %answer;
is("@silent", '', 'psql has an answer to every call');
is(join(', ', map { "$_: $answer{$_}" } sort grep { $answer{$_} =~ /^error/ } keys %answer),
	'cosine: no type: error 42725, retention: no type: error 42725',
	'a call without a type is an error where psql says so, and nowhere else');

$ENV{PGHOST} = '127.0.0.1';
$ENV{PGPORT} = $node->port;
$ENV{PGDATABASE} = 'postgres';
$ENV{PGUSER} = $node->safe_psql('postgres', 'SELECT current_user');
$ENV{PGTZ} = 'America/New_York';
$ENV{TZ} = 'Asia/Kolkata';
$ENV{HOME} = PostgreSQL::Test::Utils::tempdir();
$ENV{GO111MODULE} = 'off';
$ENV{GOPATH} = '/usr/share/gocode';
$ENV{GOFLAGS} = '-buildvcs=false';
$ENV{GOCACHE} = "$ENV{HOME}/go";

foreach my $driver (@drivers)
{
	my ($name, $check, $command) = @$driver;

	SKIP:
	{
		my ($out, $err) = ('', '');
		my $found = eval { IPC::Run::run($check, '<', \'', '>', \$out, '2>', \$err) };

		skip "$name is not installed", 1 if !$found;
		ask($name, $command);
	}
}

sub ask
{
	my ($name, $command) = @_;
	my ($out, $err) = ('', '');
	my $run = IPC::Run::run([ 'timeout', '300', @$command ], '<', \'', '>', \$out, '2>', \$err,
		init => sub { chdir $dir or die "$dir: $!\n" });
	my %asked;

	ok($run, "$name: the script runs") or diag($err);
	foreach my $line (split /\n/, $out)
	{
		my ($call, $how, $got) = split /\t/, $line, 3;

		$asked{$call} = 1;
		is($got, $answer{$call} // 'no such call', "$name: $call ($how)");
	}

	# what has no type in some drivers only
	my @missing = grep { !$asked{$_} && !/: no type$/ } sort keys %answer;
	is("@missing", '', "$name: every call");
	return;
}

$node->stop;
done_testing();
