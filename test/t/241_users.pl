# Option users: the condition on users goes to where the rows are.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
fsync = off
log_statement = all
});
$node->start;
plan skip_all => 'no postgres_fdw'
	if $node->safe_psql('postgres', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'postgres_fdw'}) eq '0';
$node->safe_psql('postgres', 'CREATE DATABASE far');
$node->safe_psql('far', q{
	CREATE TABLE events AS
	SELECT u, 'user ' || u AS name, md5(u::text)::uuid AS id, abs(hashint4(u * 100 + n)::bigint) % 40 AS i
	FROM generate_series(1, 400) u, generate_series(1, 12) n});
my ($host, $port) = ($node->host, $node->port);
$node->safe_psql('postgres', qq{
	CREATE EXTENSION affinity;
	CREATE EXTENSION postgres_fdw;
	CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname 'far');
	CREATE USER MAPPING FOR CURRENT_USER SERVER far;
	CREATE FOREIGN TABLE events (u int, name text, id uuid, i bigint) SERVER far});

foreach my $case ([ 'u', 'hashint4extended' ], [ 'u::bigint', 'hashint8extended' ], [ 'name', 'hashtextextended' ],
	[ 'id', 'uuid_hash_extended' ])
{
	my ($user, $hash) = @$case;
	my $from = -s $node->logfile;
	my ($status, $out, $err) = $node->psql('postgres',
		qq{SELECT affinity.create_model('m', 'SELECT $user, i FROM events', 'item_knn', '{"users": 0.25}');
		SELECT users FROM affinity.models});
	my $log = slurp_file($node->logfile, $from);

	($out) = $out =~ /(\d+)/;

	like($log, qr/DECLARE c1 CURSOR FOR\s+SELECT .* WHERE .*$hash\(/, "$user: the other server filters");
	like($err, qr/NOTICE:  model "m" is trained on a part of 0\.25 of the users: $out users, /, "$user: it is said");
	cmp_ok($out, '<', 130, "$user: about a quarter");
	cmp_ok($out, '>', 70, "$user: not less");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM (SELECT DISTINCT user_id FROM m.recommend_all(3) WHERE personalized) u}), 400,
		"$user: everybody is served");
	$node->safe_psql('postgres', q{SELECT affinity.drop_model('m')});
}

done_testing();
