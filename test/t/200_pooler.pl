# Many clients over few server connections: each answer is that of a direct
# connection, whichever server gives it, and whatever it served before.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use FindBin;

use Bouncer;
use Shop;

my @version = Bouncer::version();
plan skip_all => 'pgbouncer is not installed' unless @version;
plan skip_all => 'DBD::Pg is not installed' unless eval { require DBD::Pg };

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\n");
$node->start;
create_shop($node, 'postgres');

# Two tenants share the table; each is to know its own purchases only.
sub create_models
{
	create_model($node, 'postgres', 'shop', 'item_knn');
	create_model($node, 'postgres', 'factors', 'ials');
	$node->safe_psql('postgres',
		'GRANT USAGE ON SCHEMA shop, factors TO tenant_a, tenant_b, web, stranger');
	return;
}

$node->safe_psql('postgres', q{
	ALTER TABLE purchases ADD tenant text;
	UPDATE purchases SET tenant = CASE WHEN quantity % 2 = 0 THEN 'tenant_a' ELSE 'tenant_b' END;
	ALTER TABLE purchases ENABLE ROW LEVEL SECURITY;
	CREATE ROLE tenant_a;
	CREATE ROLE tenant_b;
	CREATE ROLE web LOGIN IN ROLE tenant_a, tenant_b;
	CREATE ROLE stranger LOGIN;
	GRANT SELECT ON purchases TO tenant_a, tenant_b, web;
	CREATE POLICY by_role ON purchases TO tenant_a, tenant_b
		USING (tenant = current_user);
	CREATE POLICY by_setting ON purchases TO web
		USING (tenant = current_setting('app.tenant', true))});
create_models();

# ---- clients -----------------------------------------------------------

sub connect_to
{
	my ($where, $user, $prepare) = @_;
	my $db = DBI->connect('dbi:Pg:' . join(';', split / /, $where),
		$user, '', { RaiseError => 1, PrintError => 0, AutoCommit => 1 });

	$db->{pg_server_prepare} = $prepare;
	return $db;
}

my $owner = $node->safe_psql('postgres', 'SELECT current_user');
my $direct_to = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';
my %call = (
	recommend => q{SELECT string_agg(concat_ws(' ', rank, item_id, score, personalized), ',' ORDER BY rank)
		FROM shop.recommend(?, 8)},
	factors => q{SELECT string_agg(concat_ws(' ', rank, item_id, score, personalized), ',' ORDER BY rank)
		FROM factors.recommend(?, 8)},
	similar => q{SELECT string_agg(concat_ws(' ', rank, item_id, score), ',' ORDER BY rank)
		FROM shop.similar_items('product ' || lpad((?::integer % 60)::text, 2, '0'), 8)},
	candidates => q{SELECT string_agg(concat_ws(' ', rank, item_id, score), ',' ORDER BY rank)
		FROM shop.recommend(?, 3, candidates => ARRAY['product 05', 'product 15', 'product 25', 'product 35'])},
	explain => q{SELECT string_agg(concat_ws(' ', rank, because_id, contribution), ',' ORDER BY rank)
		FROM shop.explain(?, 'product 07')},
	audience => q{SELECT string_agg(concat_ws(' ', rank, user_id, score), ',' ORDER BY rank)
		FROM factors.audience('product ' || lpad((?::integer % 60)::text, 2, '0'), 8)});

sub ask
{
	my ($db, $call, $user) = @_;
	my $statement = $db->prepare($call{$call});

	$statement->execute($user);
	return $statement->fetchrow_array // 'nothing';
}

# Each of @$clients asks on each of two server connections: another one holds
# the first in a transaction of its own. Returns what differs from a direct
# connection, and how many servers answered.
sub differences
{
	my ($clients, $first_user) = @_;
	my $direct = connect_to($direct_to, $owner, 0);
	my ($user, @wrong, %pid) = ($first_user);

	foreach my $holder (0 .. $#$clients)
	{
		$clients->[$holder]->begin_work;
		$pid{ $clients->[$holder]->selectrow_array('SELECT pg_backend_pid()') } = 1;
		foreach my $client (@$clients)
		{
			foreach my $call (sort keys %call)
			{
				my $expected = ask($direct, $call, ++$user);
				my $got = eval { ask($client, $call, $user) } // $@;

				push @wrong, "$call($user): $got instead of $expected" if $got ne $expected;
			}
			$pid{ $client->selectrow_array('SELECT pg_backend_pid()') } = 1;
		}
		$clients->[$holder]->commit;
	}
	$direct->disconnect;
	return (join("\n", splice @wrong, 0, 5), scalar keys %pid);
}

sub same_as_direct
{
	my ($clients, $user, $what) = @_;
	my ($wrong, $servers) = differences($clients, $user);

	is($wrong, '', $what);
	is($servers, 2, 'over two server connections');
	return;
}

# ---- everything through one pooler -------------------------------------

sub through
{
	my ($mode, %settings) = @_;
	my $pooler = Bouncer->start($node, %settings);
	my @clients = map { connect_to($pooler->connstr, $owner, 0) } 1 .. 6;

	is( $pooler->psql(q{SELECT c, r.rank, r.item_id, r.score, r.personalized
			FROM generate_series(1, 201) c, shop.recommend(c, 5) r ORDER BY 1, 2}),
		answers($node, 'postgres', 'shop'),
		"$mode: psql gets everybody's answers");
	same_as_direct(\@clients, 0, "$mode: unnamed statements of six clients");
	prepared($mode, @clients);

	# what servers keep of a model is of the version before
	$node->safe_psql('postgres', q{INSERT INTO purchases
		SELECT c, 'product 07', 1, now(), 'tenant_b' FROM generate_series(1, 200, 3) c});
	same_as_direct(\@clients, 10, "$mode: after purchases");
	$clients[0]->do(q{SELECT FROM affinity.refresh_model('shop')});
	$node->safe_psql('postgres', q{SELECT FROM affinity.refresh_model('factors')});
	same_as_direct(\@clients, 20, "$mode: after a refresh through the pooler");

	tenants($mode, $pooler);
	recreate($mode, @clients);
	$_->disconnect foreach @clients;
	return $pooler;
}

# Named statements live in the server's session: in a transaction they are
# there, whether SQL or the protocol makes them.
sub prepared
{
	my ($mode, @clients) = @_;
	my $direct = connect_to($direct_to, $owner, 0);
	my (@got, @expected);

	foreach my $user (31 .. 36)
	{
		my $client = $clients[ $user % @clients ];

		push @expected, (ask($direct, 'recommend', $user)) x 6;
		$client->begin_work;
		$client->do('PREPARE page (integer) AS ' . $call{recommend} =~ s/\?/\$1/r);
		push @got, $client->selectrow_array("EXECUTE page($user)") foreach 1 .. 3;
		$client->do('DEALLOCATE page');
		$client->{pg_server_prepare} = 1;
		{
			my $statement = $client->prepare($call{recommend});

			foreach (1 .. 3)
			{
				$statement->execute($user);
				push @got, $statement->fetchrow_array;
			}
		}
		$client->{pg_server_prepare} = 0;
		$client->commit;
	}
	is(join("\n", @got), join("\n", @expected), "$mode: named statements within a transaction");
	$direct->disconnect;
	return;
}

# SET LOCAL is all that a transaction brings: who asks next on that server is
# somebody else again.
sub tenants
{
	my ($mode, $pooler) = @_;
	my (@wrong, %answer);
	my @clients = map { connect_to($pooler->connstr, 'web', 0) } 1 .. 4;
	my $direct = connect_to($direct_to, 'web', 0);
	my $as = sub {
		my ($db, $tenant, $how, $user) = @_;

		$db->begin_work;
		$db->do($how eq 'role' ? "SET LOCAL ROLE $tenant"
			: "SET LOCAL app.tenant = '$tenant'");
		my @answer = map { ask($db, $_, $user) } 'recommend', 'factors', 'explain';
		$db->commit;
		return join "\n", @answer;
	};

	foreach my $user (1 .. 24)
	{
		my $tenant = (qw(tenant_a tenant_b))[ $user % 2 ];
		my $how = (qw(role setting))[ $user / 2 % 2 ];
		my $expected = $as->($direct, $tenant, $how, $user);
		my $holder = $clients[ $user % @clients ];
		my $other = (qw(tenant_b tenant_a))[ $user % 2 ];

		# the other tenant keeps a server, so that both serve both
		$holder->begin_work;
		$holder->do("SET LOCAL ROLE $other");
		ask($holder, 'recommend', $user);
		my $got = $as->($clients[ ($user + 1) % @clients ], $tenant, $how, $user);
		push @wrong, "$tenant by $how, $user:\n$got\ninstead of\n$expected" if $got ne $expected;
		$got = $as->($direct, $other, $how, $user);
		$answer{ $got eq $expected ? 'same' : 'other' }++;
		$holder->commit;
		# without a tenant there is no history
		my ($known) = $clients[$user % @clients]->selectrow_array(
			"SELECT bool_or(personalized) FROM shop.recommend($user)");
		push @wrong, "$user without a tenant" if $known;
	}
	is(join("\n", splice @wrong, 0, 3), '', "$mode: tenants of SET LOCAL get their own answers");
	is_deeply(\%answer, { other => 24 }, 'which are not those of the other tenant');

	my $stranger = connect_to($pooler->connstr, 'stranger', 0);
	my $got = eval { ask($stranger, 'recommend', 3) };
	like($@, qr/permission denied for table purchases/, "$mode: no right, no answer");
	is(ask($stranger, 'similar', 3), ask($direct, 'similar', 3), 'but what was learned');
	$_->disconnect foreach @clients, $direct, $stranger;
	return;
}

# The same name means another model, with other types, on servers that knew the
# one before.
sub recreate
{
	my ($mode, @clients) = @_;

	$clients[1]->begin_work;
	$clients[1]->do('SET LOCAL client_min_messages = warning');
	$clients[1]->do(q{SELECT FROM affinity.drop_model('shop')});
	$clients[1]->do(q{SELECT FROM affinity.create_model('shop',
		'SELECT customer_id::text, product::varchar FROM purchases WHERE quantity > 1', 'item_knn',
		'{"neighbors": 5}')});
	$clients[1]->commit;
	{
		local @call{ keys %call } = map { s/(shop\.(recommend|explain)\(\?)/$1::text/r } values %call;
		same_as_direct(\@clients, 40, "$mode: a model of the same name and other types");
	}
	$clients[2]->do('SET client_min_messages = warning');
	$clients[2]->do(q{SELECT FROM affinity.drop_model('shop')});
	$clients[3]->do(q{SELECT FROM affinity.drop_model('factors')});
	eval { ask($clients[4], 'recommend', 1) };
	like($@, qr/ERROR:  schema "shop" does not exist/, "$mode: dropped is dropped");
	create_models();
	same_as_direct(\@clients, 50, "$mode: created again");
	return;
}

through('transaction')->stop;
through('transaction, DISCARD ALL after each',
	server_reset_query => 'DISCARD ALL', server_reset_query_always => 1)->stop;

# ---- many at once, named statements too where the pooler knows them ----

my %prepares = ("@version" =~ /^1 (\d+)/ && $1 < 21) ? () : (max_prepared_statements => 100);
my $pooler = Bouncer->start($node, %prepares);
my $script = $node->basedir . '/pages.sql';
append_to_file($script, q{
\set u random(1, 200)
SELECT count(*) / (count(*) = 5)::int FROM shop.recommend(:u, 5);
SELECT count(*) / (count(*) = 5)::int FROM factors.recommend(:u, 5);
});
# Readers see one model or the other, never an error, where a model is refreshed,
# altered, or replaced by one that was made beside it; two names in one
# transaction.
my @changes = (
	q{SELECT FROM affinity.refresh_model('shop'); SELECT FROM affinity.refresh_model('factors')},
	q{SELECT FROM affinity.alter_model('shop', options => '{"neighbors": 20}')},
	q{SELECT FROM affinity.create_model('beside',
		'SELECT customer_id, product FROM purchases WHERE quantity > 1', 'item_knn');
	BEGIN;
	ALTER SCHEMA shop RENAME TO before;
	ALTER SCHEMA beside RENAME TO shop;
	COMMIT;
	SELECT FROM affinity.drop_model('before')});
my %to = (pooler => $pooler->connstr, server => $direct_to);

foreach my $way ('pooler, simple', 'pooler, extended', 'server, prepared', %prepares ? 'pooler, prepared' : ())
{
	my ($where, $mode) = split /, /, $way;
	my ($out, $err) = ('', '');
	my $run = IPC::Run::start([ 'pgbench', '-n', '-M', $mode, '-c', 8, '-T', 3600, '-f', $script, $to{$where} ],
		'<', \undef, '>', \$out, '2>', \$err);

	$node->poll_query_until('postgres', q{SELECT count(*) >= 2 FROM pg_stat_activity
		WHERE query LIKE '%.recommend(%' AND pid <> pg_backend_pid()});
	foreach my $change (@changes)
	{
		$node->safe_psql('postgres', "SET client_min_messages = warning; $change; SELECT pg_sleep(0.2)");
	}
	$run->signal('TERM');
	$run->finish;
	is($err =~ s/^pgbench \(.*\n//r, '', "$way: eight clients go on without an error while models change");
}

my ($drivers) = run_command([ '/usr/bin/python3', "$FindBin::Bin/../drivers/pooled.py", $direct_to, $pooler->connstr ]);
SKIP:
{
	skip 'no driver of Python is installed', 1 unless $drivers;
	unlike($drivers, qr/ (?!ok$)\S.*/m, 'drivers as docs/operation.md sets them: ' . $drivers =~ s/\n/, /gr);
}
SKIP:
{
	skip 'named statements stay in their server before pgbouncer 1.21', 1 if %prepares;
	my ($out, $err) = run_command([ 'pgbench', '-n', '-M', 'prepared', '-c', 8, '-t', 50, '-f', $script,
		$pooler->connstr ]);

	like($err, qr/prepared statement "\w+" (does not exist|already exists)/,
		'named statements stay in their server before pgbouncer 1.21, as docs/operation.md says');
}

$pooler->stop;
$node->stop;
done_testing();
