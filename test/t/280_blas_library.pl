# Which file of OpenBLAS is loaded: the usual names in turn, or the one that
# affinity.blas_library names, which ordinary users may not set; what is not
# OpenBLAS with integers of 32 bits is an error or passed over.
use strict;
use warnings;

use File::Path qw(make_path);

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'no /proc' unless -r '/proc/self/maps';

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf(
	'postgresql.conf', q{
fsync = off
autovacuum = off
max_parallel_maintenance_workers = 0
});
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION affinity;
	CREATE TABLE facts AS
	SELECT (hashint8extended(n, 1) & 255)::int AS user_id, (hashint8extended(n, 2) & 127)::int AS item_id
	FROM generate_series(1, 4000) n;
	CREATE INDEX ON facts (user_id);
	CREATE ROLE trainer LOGIN;
	GRANT SELECT ON facts TO trainer;
	GRANT CREATE ON DATABASE postgres TO trainer;
});
my $dir = $node->basedir;
my $train = q{SELECT FROM affinity.create_model('m', 'SELECT user_id, item_id FROM facts', 'ease', '{"method": "dense"}');};
my $maps = q{SELECT DISTINCT 'mapped: ' || m[1] FROM regexp_matches(pg_read_file('/proc/self/maps'), '(/\S*libopenblas\S*)', 'g') m;};

# session(SQL…, user): what it printed and what it said.
sub session
{
	my ($sql, $user) = @_;
	my ($out, $err) = ('', '');

	$node->psql('postgres', "\\set VERBOSITY verbose\n$sql", stdout => \$out, stderr => \$err, on_error_stop => 0,
		$user ? (extra_params => [ '-U', $user ]) : ());
	return ($out, $err);
}

# Trains once and says what is mapped, but for files of this test: one that does not fit stays.
sub mapped
{
	my ($before) = @_;
	my ($out, $err) = session("$before\nBEGIN; SET LOCAL client_min_messages = warning;\n$train\n$maps\nROLLBACK;");

	return join(' ', sort grep { !m{/(?:wide|suffix|other)/} } $out =~ /mapped: (\S+)/g) || "nothing: $err";
}

# A library of these functions, in a file.
sub library
{
	my ($file, $config, $suffix) = @_;
	my @names = ('openblas_set_num_threads',
		(map { my $p = $_; map { "cblas_$p$_" } qw(gemm syrk trsm) } qw(s d)),
		(map { my $p = $_; map { "$p${_}_" } qw(potrf potri potrs) } qw(s d)));

	make_path($file =~ s{/[^/]*$}{}r);
	open my $c, '>', "$dir/library.c" or die $!;
	print $c "void $_$suffix(void);\nvoid $_$suffix(void) { __builtin_trap(); }\n" foreach @names;
	print $c "int openblas_get_parallel$suffix(void);\nint openblas_get_parallel$suffix(void) { return 0; }\n";
	print $c "const char *openblas_get_config$suffix(void);\n"
	  . "const char *openblas_get_config$suffix(void) { return \"$config\"; }\n";
	close $c;
	$node->command_ok([ $ENV{CC} // 'cc', '-shared', '-fPIC', '-o', $file, "$dir/library.c" ], "a library that is none: $config");
}

# ---- the usual names -----------------------------------------------------

my $real = mapped('');
like($real, qr{^/.*libopenblas}, 'one of the usual names is found');
my ($threads) = session("BEGIN;\n$train\nSELECT substring(pg_read_file('/proc/self/status') from 'Threads:\\s*\\d+'); ROLLBACK;");
like($threads, qr/Threads:\s*1\b/, 'and computes with no thread of its own');

# ---- a name ----------------------------------------------------------------

is(mapped("SET affinity.blas_library = '$real';"), $real, 'a path');
my ($out, $err) = session("SET affinity.blas_library = 'libopenblas-none.so.7';\n$train\n"
	  . "SET affinity.blas_library = '';\nBEGIN;\n$train\nSELECT 'trained'; ROLLBACK;");
like($err, qr/58P01: could not load OpenBLAS: libopenblas-none\.so\.7: /, 'a file that is not there');
like($err, qr/DETAIL:  affinity\.blas_library is "libopenblas-none\.so\.7"\./, 'the detail names the setting');
like($err, qr/HINT:  It has to name an OpenBLAS with integers of 32 bits; if it is empty, the usual names are tried\./, 'the hint');
like($out, qr/trained/, 'which works, in the same session');
is(mapped("$train DROP SCHEMA m CASCADE; SET affinity.blas_library = 'libopenblas-none.so.7';"), $real,
	'a process keeps what it has loaded');

# What takes integers of 64 bits would be called with those of 32.
library("$dir/wide/libopenblas64.so.0", 'OpenBLAS 0.3.21 USE64BITINT DYNAMIC_ARCH MAX_THREADS=64', '');
library("$dir/suffix/libopenblas64_.so.0", 'OpenBLAS 0.3.21 USE64BITINT', '64_');
library("$dir/other/libblas.so.3", 'none', '_of_another_library');
foreach my $case ([ 'wide/libopenblas64.so.0', 'is built for integers of 64 bits' ],
	[ 'suffix/libopenblas64_.so.0', 'has no function openblas_set_num_threads' ],
	[ 'other/libblas.so.3', 'has no function openblas_set_num_threads' ])
{
	my ($file, $why) = @$case;

	($out, $err) = session("SET affinity.blas_library = '$dir/$file';\n$train");
	like($err, qr{58P01: could not load OpenBLAS: \Q$dir/$file $why\E\n}, "$file $why");
}

# ---- who may set it ----------------------------------------------------------

($out, $err) = session("SELECT count(*) FROM affinity.algorithm_options();\nSET affinity.blas_library = '$real';", 'trainer');
like($err, qr/42501: permission denied to set parameter "affinity\.blas_library"/, 'an ordinary user may not set it');
# Before the library is loaded the server knows no such setting, and takes any.
($out, $err) = session("SET affinity.blas_library = '$dir/wide/libopenblas64.so.0';\n$train\n"
	  . "SHOW affinity.blas_library; DROP SCHEMA m CASCADE;", 'trainer');
like($err, qr/WARNING: .*permission denied to set parameter "affinity\.blas_library"/, 'nor before it is known');
unlike($err, qr/ERROR/, 'which does not come true');
# Nor by another way of setting it before, or of loading the library after, even where a
# superuser's function loads it.
$node->safe_psql('postgres', q{
	CREATE FUNCTION loads() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
	BEGIN LOAD 'affinity'; END $$;
	CREATE FUNCTION trains() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
	BEGIN PERFORM affinity.create_model('m', 'SELECT user_id, item_id FROM public.facts', 'ease', '{"method": "dense"}');
		DROP SCHEMA m CASCADE; END $$});
my $wide = "$dir/wide/libopenblas64.so.0";
my $is = "SELECT 'it is [' || current_setting('affinity.blas_library') || ']';";
my $call = 'SELECT FROM affinity.algorithm_options() LIMIT 1;';
foreach my $case (
	[ 'in a transaction', "BEGIN; SET LOCAL affinity.blas_library = '$wide'; $call $is COMMIT;" ],
	[ 'in a transaction that ends before', "BEGIN; SET affinity.blas_library = '$wide'; COMMIT; $call" ],
	[ 'in a subtransaction, on another value',
		"SET affinity.blas_library = '$wide'; BEGIN; SET LOCAL affinity.blas_library = 'other'; SAVEPOINT s;"
		  . " SET affinity.blas_library = '$wide'; $call $is ROLLBACK TO s; $is COMMIT;" ],
	[ 'by set_config', "SELECT FROM set_config('affinity.blas_library', '$wide', false); $call" ],
	[ 'and a function of a superuser loads the library', "SET affinity.blas_library = '$wide'; SELECT FROM loads();" ],
	[ 'and one trains by it', "SET affinity.blas_library = '$wide'; SELECT FROM trains();" ],
	[ 'at connecting', $call, "-c affinity.blas_library=$wide" ])
{
	my ($how, $sql, $options) = @$case;
	local $ENV{PGOPTIONS} = $options // '';

	($out, $err) = session("$sql $is", 'trainer');
	like($err, qr/WARNING: .*permission denied to set parameter "affinity\.blas_library"/, "nor $how");
	unlike("$out$err", qr/ERROR|it is \[[^]]/, 'which does not come true either');
	like($out, qr/it is \[\]/, 'the usual names hold');
}
($out, $err) = session("CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql SET affinity.blas_library = '$wide' AS 'SELECT 1';", 'trainer');
like($err, qr/42501: permission denied to set parameter "affinity\.blas_library"/, 'nor with a function');
($out, $err) = session("ALTER ROLE trainer SET affinity.blas_library = '$real';", 'trainer');
like($err, qr/42501: permission denied to set parameter "affinity\.blas_library"/, 'nor for the sessions to come');
$node->safe_psql('postgres', q{LOAD 'affinity'; GRANT SET ON PARAMETER affinity.blas_library TO trainer});
($out, $err) = session("SET affinity.blas_library = '$dir/wide/libopenblas64.so.0';\n$train", 'trainer');
like($err, qr/58P01: could not load OpenBLAS: \S+ is built for integers of 64 bits/, 'unless that is granted');

# ---- for all, workers too ------------------------------------------------------

$node->safe_psql('postgres', "LOAD 'affinity'; ALTER SYSTEM SET affinity.blas_library = '$dir/wide/libopenblas64.so.0'");
$node->reload;
ok($node->poll_query_until('postgres', "SELECT current_setting('affinity.blas_library') LIKE '%wide%'"),
	'the configuration is read again');
($out, $err) = session("SET max_parallel_maintenance_workers = 2;\n$train");
like($err, qr/58P01: could not load OpenBLAS: \S+wide\S+ is built/, 'it holds for all');
$node->safe_psql('postgres', "LOAD 'affinity'; ALTER SYSTEM SET affinity.blas_library = '$real'");
$node->reload;
ok($node->poll_query_until('postgres', "SELECT current_setting('affinity.blas_library') = '$real'"), 'and again');
($out, $err) = session("SET max_parallel_maintenance_workers = 2;\nBEGIN;\n$train\n$maps\nROLLBACK;");
like($err, qr/\(\d workers?\)/, 'workers are there');
like($out, qr/mapped: \Q$real\E/, 'and load it');
$node->safe_psql('postgres', q{LOAD 'affinity'; ALTER SYSTEM RESET affinity.blas_library});

# ---- names in turn ---------------------------------------------------------------

# What stands first does not fit; the next names of a distribution do.
foreach my $name ('libopenblasp.so.0', 'libopenblas.so.3')
{
	make_path("$dir/turn_$name");
	symlink "$dir/wide/libopenblas64.so.0", "$dir/turn_$name/libopenblas.so.0" or die $!;
	symlink $real, "$dir/turn_$name/$name" or die $!;
	$node->stop;
	{
		local $ENV{LD_LIBRARY_PATH} = "$dir/turn_$name";
		$node->start;
	}
	is(mapped('') =~ s{.*/}{}r, $real =~ s{.*/}{}r, "$name is taken where libopenblas.so.0 does not fit");
}
make_path("$dir/none");
symlink "$dir/wide/libopenblas64.so.0", "$dir/none/libopenblas.so.0" or die $!;
$node->stop;
{
	local $ENV{LD_LIBRARY_PATH} = "$dir/none";
	$node->start;
}
SKIP:
{
	my $others = `ldconfig -p 2>/dev/null`;

	skip 'another OpenBLAS is installed', 3 if $others =~ /libopenblas(?:[po]\.so\.0|\.so\.3)/;
	($out, $err) = session($train);
	like($err, qr/58P01: could not load OpenBLAS: libopenblas\.so\.0 is built for integers of 64 bits/,
		'without any that fits: what stands against the one that is there');
	like($err, qr/DETAIL:  These names were tried: libopenblas\.so\.0, .*libopenblas\.so\.3\./, 'what was tried');
	like($err, qr/HINT:  Install OpenBLAS on the server: libopenblas0-pthread .*affinity\.blas_library\./, 'and what to do');
}
($out, $err) = session("SET affinity.blas_library = '$real';\nBEGIN;\n$train\nSELECT 'trained'; ROLLBACK;");
like($out, qr/trained/, 'which works');
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|terminated by signal|leaked|still referenced/, 'no server process crashed');

$node->stop;
done_testing();
