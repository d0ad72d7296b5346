# A pgbouncer in front of a node, for the Perl tests.
package Bouncer;
use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $program = (grep { -x } '/usr/sbin/pgbouncer', '/usr/bin/pgbouncer',
	'/usr/local/bin/pgbouncer')[0];

# (1, 18) of 1.18.0, or nothing where there is none.
sub version
{
	return unless $program;
	my ($out) = run_command([ $program, '--version' ]);
	return $out =~ /PgBouncer (\d+)\.(\d+)/ ? ($1, $2) : ();
}

# The pooler of $node's database: its users come in by name, one pool each, in a
# folder of its own. %settings go into the file. Ends with stop, or with the test.
sub start
{
	my ($class, $node, %settings) = @_;
	my $dir = PostgreSQL::Test::Utils::tempdir_short();
	my $self = bless {
		host => $dir,
		port => PostgreSQL::Test::Cluster::get_free_port(),
		log => "$dir/log"
	}, $class;
	my %all = (
		pool_mode => 'transaction',
		auth_type => 'trust',
		auth_file => "$dir/users",
		unix_socket_dir => $dir,
		listen_port => $self->{port},
		logfile => $self->{log},
		default_pool_size => 2,
		max_client_conn => 1000,
		admin_users => 'pooler_admin',
		%settings);
	my $users = $node->safe_psql('postgres', 'SELECT rolname FROM pg_roles WHERE rolcanlogin');

	append_to_file("$dir/users",
		join '', map { qq{"$_" ""\n} } (split /\n/, $users), 'pooler_admin');
	append_to_file("$dir/ini", join "\n", '[databases]',
		'postgres = host=' . $node->host . ' port=' . $node->port,
		'[pgbouncer]', (map { "$_ = $all{$_}" } sort keys %all), '');
	$self->{run} = IPC::Run::start([ $program, "$dir/ini" ],
		'<', \undef, '>', \$self->{out}, '2>', \$self->{out});
	foreach (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		last if -S "$dir/.s.PGSQL.$self->{port}";
		select undef, undef, undef, 0.1;
	}
	return $self;
}

sub connstr
{
	my ($self) = @_;

	return "host=$self->{host} port=$self->{port} dbname=postgres";
}

# What psql says over the pooler, errors included.
sub psql
{
	my ($self, $sql, $database) = @_;
	my ($out, $err) = ('', '');
	my $where = $self->connstr;

	$where =~ s/dbname=.*/dbname=pgbouncer user=pooler_admin/ if $database;
	IPC::Run::run([ 'psql', '-XAtq', '-d', $where ], '<', \$sql, '>', \$out, '2>', \$err);
	chomp($out, $err);
	return $out . $err;
}

sub stop
{
	my ($self) = @_;

	return unless $self->{run};
	$self->{run}->signal('TERM');
	$self->{run}->finish;
	delete $self->{run};
	return;
}

sub DESTROY
{
	my ($self) = @_;

	local $?;
	$self->{run}->kill_kill if $self->{run};
	return;
}

1;
