# OpenBLAS where memory or threads are short: it would ask for its buffers for
# ever, wait for threads that do not exist, or end the process. Instead there is
# an error, and the same session trains when there is memory again.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'no /proc' unless -r '/proc/self/statm';
plan skip_all => 'no prlimit' if system('prlimit --version >/dev/null 2>&1') != 0;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf(
	'postgresql.conf', qq{
fsync = off
autovacuum = off
shared_buffers = 16MB
max_parallel_maintenance_workers = 0
maintenance_work_mem = 64MB
});
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION affinity;
	CREATE TABLE facts AS
	SELECT (hashint8extended(n, 1) & 511)::int AS user_id, (hashint8extended(n, 2) & 511)::int AS item_id
	FROM generate_series(1, 12000) n;
	CREATE INDEX ON facts (user_id);
});

# By a regularization so small that reals do not suffice, both methods compute
# in doubles: sparse ease uses OpenBLAS only there.
my %options = (
	dense => '{"method": "dense", "neighbors": 20}',
	sparse => '{"method": "sparse", "neighbors": 20, "candidates": 300, "regularization": 0.001}');

sub train
{
	my ($method) = @_;

	return qq{SELECT FROM affinity.create_model('m', 'SELECT * FROM facts', 'ease', '$options{$method}');};
}

# psql's command that gives the session's backend so many MB more than it has with
# the extension's library, without which PostgreSQL itself fails.
sub allow
{
	my ($mb) = @_;

	return "LOAD 'affinity';\nSELECT pg_backend_pid() AS backend \\gset\n\\setenv BACKEND :backend\n"
	  . ($mb eq 'unlimited'
		? "\\! prlimit --pid \$BACKEND --as=unlimited:\n"
		: "\\! prlimit --pid \$BACKEND --as=\$((\$(cut -d' ' -f1 /proc/\$BACKEND/statm) * \$(getconf PAGESIZE) + $mb * 1048576)):\n");
}

# session(SQL): what it said, '' for $err where it hangs or ends.
sub session
{
	my ($sql) = @_;
	my ($out, $err, $timed_out) = ('', '', 0);
	my $status = $node->psql('postgres',
		"\\set VERBOSITY verbose\nSET client_min_messages = error;\nSET statement_timeout = '200s';\n$sql",
		stdout => \$out, stderr => \$err, timeout => 600, timed_out => \$timed_out, on_error_stop => 0);

	return ('', "hangs: $err") if $timed_out;
	return ($out, $status == 0 ? $err : "psql ended with $status: $err");
}

# Errors, if any, are of these; the session is there and trains afterwards.
sub ends_well
{
	my ($name, $out, $err) = @_;
	my @codes = $err =~ /ERROR:  (\w{5}):/g;

	ok( $out =~ /trained again\n?$/ && $out !~ /hangs/ && $err !~ /psql ended|hangs|server closed|FATAL/
		  && !(grep { !/^(53000|53200|53400|57014)$/ } @codes),
		$name . (@codes ? " (@codes)" : ''))
	  or diag "$out\n$err";
	return scalar @codes;
}

# ---- address space: before it is loaded, and after -----------------------

my %failed;
foreach my $threads (1, 2)
{
	foreach my $method ('dense', 'sparse')
	{
		foreach my $mb (1, 20, 40, 80, 150, 180, 220, 300, 500)
		{
			my @said = session("SET affinity.blas_threads = $threads;\n" . allow($mb) . "BEGIN;\n" . train($method)
				  . "\nROLLBACK;\n" . allow('unlimited') . "BEGIN;\n" . train($method)
				  . "\nSELECT 'trained again';\nROLLBACK;");

			$failed{"$threads $method $mb"} = ends_well("$method, $threads threads, $mb MB", @said);
			like($said[1], qr/53200: .*OpenBLAS.*MB more of address space.*HINT: .*item_knn/s, 'says what was missing')
			  if $mb == 80;
			unlike($said[1], qr/Install OpenBLAS/, 'OpenBLAS is installed');
		}
	}
}
ok($failed{'1 dense 80'} && $failed{'2 sparse 80'}, '80 MB are too few');

# What a training takes here by itself, as builds of OpenBLAS differ, and a tenth for what
# is tried before.
foreach my $case ([ 1, 'dense' ], [ 2, 'sparse' ])
{
	my ($threads, $method) = @$case;
	my $size = "\\! grep -E 'Vm(Size|Peak)' /proc/\$BACKEND/status\n";
	my ($out) = session("SET affinity.blas_threads = $threads;\n" . allow('unlimited') . $size . "BEGIN;\n" . train($method) . "\nROLLBACK;\n$size");
	my ($before, $peak) = $out =~ /VmSize:\s*(\d+).*VmPeak:\s*(\d+)/s;
	my $enough = int(($peak - $before) / 1024 * 1.1);

	cmp_ok($enough, '>', 80, "$method, $threads threads: $enough MB are more than too few");
	my ($trained, $said) = session("SET affinity.blas_threads = $threads;\n" . allow($enough) . "BEGIN;\n" . train($method)
		  . "\nROLLBACK;\nSELECT 'trained again';");
	is(ends_well("$method, $threads threads, $enough MB", $trained, $said), 0, 'what is enough is not refused');
}
foreach my $threads (1, 2, 3)
{
	foreach my $mb (0, 2, 10, 100)
	{
		ends_well("a session with OpenBLAS and 1 thread goes on with $threads and $mb MB",
			session("BEGIN;\n" . train('dense') . "\nROLLBACK;\nSET affinity.blas_threads = $threads;\n" . allow($mb)
				  . join('', map { "BEGIN;\n" . train($_) . "\nROLLBACK;\n" } 'dense', 'sparse')
				  . allow('unlimited') . "BEGIN;\n" . train('dense') . "\nSELECT 'trained again';\nROLLBACK;"));
		ends_well("a session with $threads threads goes on with $mb MB",
			session("SET affinity.blas_threads = $threads;\nBEGIN;\n" . train('dense') . "\nROLLBACK;\n" . allow($mb)
				  . join('', map { "BEGIN;\n" . train($_) . "\nROLLBACK;\n" } 'dense', 'sparse')
				  . allow('unlimited') . "BEGIN;\n" . train('dense') . "\nSELECT 'trained again';\nROLLBACK;"));
	}
}

# ---- threads ----------------------------------------------------------------

SKIP:
{
	skip 'root has no limit of processes', 4 if $> == 0;
	foreach my $threads (1, 3)
	{
		my ($out, $err) = session("SET affinity.blas_threads = $threads;\n"
			  . "SELECT pg_backend_pid() AS backend \\gset\n\\setenv BACKEND :backend\n"
			  . "\\! prlimit --pid \$BACKEND --nproc=1:\nBEGIN;\n" . train('dense')
			  . "\nROLLBACK;\nSET affinity.blas_threads = 1;\nBEGIN;\n" . train('dense')
			  . "\nSELECT 'trained again';\nROLLBACK;");

		is(ends_well("$threads threads and no thread to be had", $out, $err), $threads > 1 ? 1 : 0, 'who needs none has none');
		like($err, qr/53000: could not start \d threads for OpenBLAS.*HINT:  SET affinity.blas_threads = 1, or/s, 'the error')
		  if $threads > 1;
	}
}

# ---- parallel workers: processes inherit the limit of their parent ----------

my $postmaster = $node->safe_psql('postgres', q{SELECT split_part(pg_read_file('postmaster.pid'), E'\n', 1)});
my ($pages) = slurp_file("/proc/$postmaster/statm") =~ /^(\d+)/;
my $page = `getconf PAGESIZE`;
foreach my $mb (30, 60, 130, 170, 200, 240, 400)
{
	my $bytes = $pages * $page + $mb * 1048576;

	system_or_bail('prlimit', '--pid', $postmaster, "--as=$bytes:");
	foreach my $method ('dense', 'sparse')
	{
		my ($out, $err) = session("SET max_parallel_maintenance_workers = 2;\nBEGIN;\n" . train($method)
			  . "\nROLLBACK;\nSELECT 'not trained again';");

		ends_well("$method, workers, $mb MB", $out, $err);
	}
	system_or_bail('prlimit', '--pid', $postmaster, '--as=unlimited:');
}

# ---- the end -------------------------------------------------------------------

# A session with threads that was refused is there when the server stops.
my $session = $node->background_psql('postgres', on_error_stop => 0);
my $backend = $session->query_safe('SELECT pg_backend_pid()');
$session->query_safe('SET affinity.blas_threads = 2; SET client_min_messages = error;');
($pages) = slurp_file("/proc/$backend/statm") =~ /^(\d+)/;
system_or_bail('prlimit', '--pid', $backend, '--as=' . ($pages * $page + 220 * 1048576) . ':');
$session->query('BEGIN; ' . train('dense') . ' ROLLBACK;');
is($session->query('SELECT 1'), '1', 'the session is there');
ok($node->stop('fast', fail_ok => 1), 'the server stops');
eval { $session->quit };
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|terminated by signal|leaked|still referenced/,
	'no server process crashed');
done_testing();
