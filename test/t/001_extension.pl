# Creating, dumping and dropping the extension itself.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

# Others may create objects in a schema that somebody else owns, and those could
# shadow ours (273_owner has the other cases).
$node->safe_psql('postgres',
	'CREATE ROLE mallory; CREATE DATABASE taken;');
$node->safe_psql('taken', 'CREATE SCHEMA affinity AUTHORIZATION mallory;
	GRANT CREATE ON SCHEMA affinity TO PUBLIC');
my ($status, $out, $err) =
  $node->psql('taken', "\\set VERBOSITY verbose\nCREATE EXTENSION affinity");
like($err, qr/ERROR:  42501: schema "affinity" exists/,
	'a schema affinity of another role is refused');

# Dump and restore.
$node->safe_psql('postgres', 'CREATE DATABASE old; CREATE DATABASE new;');
$node->safe_psql('old', 'CREATE EXTENSION affinity');
my $dump = $node->basedir . '/old.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('old') ],
	'pg_dump of a database with the extension');
$node->command_ok(
	[ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $dump, $node->connstr('new') ],
	'and its restore');
my $members = q{SELECT count(*) FROM pg_depend d
	JOIN pg_extension e ON e.oid = d.refobjid
	WHERE e.extname = 'affinity' AND d.deptype = 'e'};
is( $node->safe_psql('new', $members),
	$node->safe_psql('old', $members),
	'as many objects belong to it');

# Dropping it leaves nothing, and it can be created again.
$node->safe_psql('old', 'DROP EXTENSION affinity');
is( $node->safe_psql(
		'old', q{SELECT count(*) FROM pg_proc WHERE probin LIKE '%affinity%'}),
	'0',
	'no function is left');
is( $node->safe_psql(
		'old', q{SELECT count(*) FROM pg_type t JOIN pg_namespace n
			ON n.oid = t.typnamespace WHERE n.nspname = 'affinity'}),
	'0',
	'no type is left');
is( $node->safe_psql(
		'old', q{CREATE EXTENSION affinity;
			SELECT extversion FROM pg_extension WHERE extname = 'affinity'}),
	$node->safe_psql('new',
		q{SELECT extversion FROM pg_extension WHERE extname = 'affinity'}),
	'it can be created again');

# A session that loads the library seeks none of the library's own functions, but
# for those of kernels that the processor chooses.
SKIP:
{
	my $pkglibdir = `pg_config --pkglibdir`;
	chomp $pkglibdir;
	my ($library) = grep { -r } map { s/\$libdir/$pkglibdir/r . '/affinity.so' }
	  split /:/, $node->safe_psql('postgres', 'SHOW dynamic_library_path');
	my $sought = `LC_ALL=C readelf -rW $library 2>/dev/null`;
	skip 'no readelf', 2 if $sought !~ /JU?MP_SLOT?/;
	like($sought, qr/JU?MP_SLOT? .* palloc\b/, 'functions of the server are sought');
	unlike($sought, qr/JU?MP_SLOT? .* affinity_(?:base|model|score|serve|train)_/, 'functions of its own are not');
}

$node->stop;
done_testing();
