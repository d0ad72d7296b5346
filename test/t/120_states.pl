# What a model can be in, by what can be asked of it: each works, or gives one
# error of ours (55000) whose hint, run as it stands, leads to working. The table
# of it is in docs/models.md.
use strict;
use warnings;

use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $query = 'SELECT customer, product, quantity FROM ev';
my $tables = q{
	CREATE TABLE ev (customer integer, product integer, quantity integer);
	CREATE INDEX ON ev (customer);
};
my $rows = q{INSERT INTO ev SELECT n % 20, (n * n) % 13, 1 + n % 3 FROM generate_series(1, 200) n;};
my $swap = q{ALTER TABLE ev RENAME TO ev_old; CREATE TABLE ev AS TABLE ev_old;};

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql('postgres', q{CREATE ROLE bob; CREATE DATABASE models; CREATE DATABASE restored});
$node->safe_psql('models', qq{
	CREATE EXTENSION affinity;
	$tables $rows
	GRANT SELECT ON ev TO bob;
	SELECT FROM affinity.create_model('shop', '$query', 'item_knn', options => '{"neighbors": 5}')});

my $dump = $node->basedir . '/schema.sql';
$node->command_ok([ 'pg_dump', '-s', '-f', $dump, $node->connstr('models') ], 'pg_dump -s');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', $dump, $node->connstr('restored') ],
	'the schema is restored');

my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init(allows_streaming => 'logical');
$subscriber->append_conf('postgresql.conf', 'fsync = off');
$subscriber->start;
$subscriber->safe_psql('postgres', 'CREATE ROLE bob');
$node->safe_psql('models', q{CREATE PUBLICATION shop FOR TABLE ev, shop.model, shop.items});
$subscriber->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', $dump,
		$subscriber->connstr('postgres') ], 'the subscriber has the schema');
$subscriber->safe_psql('postgres', sprintf(q{CREATE SUBSCRIPTION shop CONNECTION '%s dbname=models' PUBLICATION shop},
		$node->connstr));
$subscriber->wait_for_subscription_sync($node, 'shop');

# A state: its name, the SQL that leads to it, and where.
my @states = (
	[ 'fresh', '' ],
	[ 'untrained', qq{SELECT affinity.drop_model('shop'); SELECT affinity.create_model('shop', '$query', 'item_knn', train => false);} ],
	[ 'restored without data', $rows, $node, 'restored' ],
	[ 'source dropped, and there again', "$swap DROP TABLE ev_old CASCADE;" ],
	[ 'source dropped, and gone', 'DROP TABLE ev CASCADE;' ],
	[ 'source swapped, the old one kept', $swap ],
	[ 'source renamed', 'ALTER TABLE ev RENAME TO orders;' ],
	[ 'types of ids changed', q{DROP VIEW shop.interactions; ALTER TABLE ev ALTER customer TYPE bigint, ALTER product TYPE bigint;} ],
	[ 'owner changed', 'ALTER SCHEMA shop OWNER TO bob; SET ROLE bob;' ],
	[ 'view replaced by hand', q{DROP VIEW shop.interactions; CREATE VIEW shop.interactions AS
		SELECT customer AS user_id, product AS item_id, 1 AS weight, now() AS at FROM ev;} ],
	[ 'view replaced by an unfit one', q{DROP VIEW shop.interactions; CREATE VIEW shop.interactions AS SELECT product, customer FROM ev;} ],
	[ 'table of items altered', 'ALTER TABLE shop.items ALTER popularity TYPE numeric;' ],
	[ 'table of items dropped', 'DROP TABLE shop.items CASCADE;' ],
	[ 'functions dropped', 'DROP FUNCTION shop.recommend, shop.audience; DROP TYPE shop.similar_item CASCADE; DROP VIEW shop.neighbors;' ],
	[ 'older version', q{DO $$ BEGIN EXECUTE 'CREATE OR REPLACE VIEW shop.definition AS ' ||
			(SELECT replace(pg_get_viewdef('shop.definition'), objects, 'older') FROM shop.definition); END $$;
		DROP FUNCTION shop.explain;
		CREATE FUNCTION shop.explain(user_id int, item_id int, k int, old text DEFAULT '') RETURNS TABLE (because_id int) STABLE
		BEGIN ATOMIC SELECT t.because_id FROM affinity.explain_core('shop', $1, $2, $3)
			AS t(because_id int, weight real, similarity real, contribution real, share real, rank int); END;} ],
	[ 'made before there were definitions', 'DROP VIEW shop.definition;' ],
	[ 'others depend on it', q{CREATE MATERIALIZED VIEW tips AS SELECT * FROM shop.recommend_all(2); CREATE VIEW best AS SELECT * FROM shop.neighbors;
		CREATE VIEW better AS SELECT * FROM best; CREATE FUNCTION tip(int) RETURNS int BEGIN ATOMIC SELECT item_id FROM shop.recommend($1, 1); END;} ],
	[ 'replicated', '', $subscriber, 'postgres' ]);

# An operation: its column in the table, its name, the SQL.
my @operations = (
	[ 'by items', 'recommend_for', 'SELECT count(*) FROM shop.recommend_for(ARRAY[1], 3)' ],
	[ 'by items', 'similar_items', 'SELECT count(*) FROM shop.similar_items(1)' ],
	[ 'by items', 'neighbors', 'SELECT count(*) FROM shop.neighbors' ],
	[ 'by histories', 'recommend', 'SELECT count(*) FROM shop.recommend(1)' ],
	[ 'by histories', 'recommend_all', 'SELECT count(*) FROM shop.recommend_all(3)' ],
	[ 'by histories', 'similar_users', 'SELECT count(*) FROM shop.similar_users(1)' ],
	[ 'by histories', 'score', 'SELECT count(*) FROM shop.score(1, ARRAY[1, 3])' ],
	[ 'by histories', 'explain', 'SELECT count(*) FROM shop.explain(1, 3, 3)' ],
	[ 'by histories', 'audience', 'SELECT count(*) FROM shop.audience(1)' ],
	[ 'interactions', 'interactions', 'SELECT count(*) FROM shop.interactions' ],
	[ 'refresh', 'refresh_model', q{SELECT affinity.refresh_model('shop')} ],
	[ 'alter', 'alter_model with options', q{SELECT affinity.alter_model('shop', options => '{"neighbors": 3}')} ],
	[ 'alter', 'alter_model with algorithm', q{SELECT affinity.alter_model('shop', algorithm => 'popular')} ],
	[ 'alter the query', 'alter_model with query', q{SELECT affinity.alter_model('shop', query => 'SELECT 1 AS u, 2 AS i, 3 AS w')} ],
	[ 'alter the query', 'create_model if_exists replace', q{SELECT affinity.create_model('shop', 'SELECT 1, ''tea''', 'item_knn', if_exists => 'replace')} ],
	[ 'upgrade', 'upgrade_models', q{SELECT done FROM affinity.upgrade_models() WHERE name = 'shop'} ],
	[ 'drop', 'create_model if_exists keep', qq{SELECT affinity.create_model('shop', '$query', 'item_knn', if_exists => 'keep')} ],
	[ 'drop', 'drop_model', q{SELECT affinity.drop_model('shop')} ]);
my @columns = ('by items', 'by histories', 'interactions', 'refresh', 'alter', 'alter the query', 'upgrade', 'drop');

# run(STATE, SQL…): all of it in one transaction that is rolled back. The
# output of the last; SQLSTATE, message and hint of an error.
sub run
{
	my ($state, @sql) = @_;
	my (undef, $setup, $server, $database) = @$state;
	my $script = join "\n", 'SET client_min_messages = error; BEGIN;', $setup, '\echo =====', map { "$_;" } @sql;
	my ($out, $err);

	($server // $node)->psql($database // 'models', $script, stdout => \$out, stderr => \$err,
		extra_params => [ '-q', '-v', 'VERBOSITY=verbose', '-v', 'SHOW_CONTEXT=never' ], on_error_stop => 1);
	die "state '$state->[0]' cannot be made: $err" unless $out =~ /=====/;
	$out =~ s/.*=====\n?//s;
	return { out => $out } if $err !~ /ERROR:  (\w+): (.*)/;
	my ($code, $message) = ($1, $2);
	my $hint = $err =~ /^HINT:  (.*?)(?=^(?:LOCATION|CONTEXT|QUERY|LINE \d+):|\z)/ms ? $1 : '';
	return { out => $out, code => $code, message => $message, hint => $hint };
}

# The SQL that a hint ends in.
sub sql_of
{
	my ($hint) = @_;

	return $hint =~ /(?:^|: )((?:SELECT|ALTER|DROP|CREATE|REVOKE)\s.*;)\s*\z/s ? $1 : undef;
}

# What a hint says has to be so before: what was read is there again.
sub condition_of
{
	my ($state, $hint) = @_;

	return $state->[0] =~ /gone/ && $hint =~ /Once .* is there again: / ? "$tables $rows" : '';
}

my %cell;

foreach my $state (@states)
{
	my $name = $state->[0];
	my %seen;

	foreach my $operation (@operations)
	{
		my ($column, $what, $sql) = @$operation;
		my $result = run($state, $sql);
		my $answer = 'works';

		if ($result->{code})
		{
			my $repair = sql_of($result->{hint});

			# what PostgreSQL says of a relation or function that is not there
			$answer = $result->{code};
			if ($answer =~ /^42(?:P01|883)$/)
			{
				my $again = run($state, q{SELECT hint FROM affinity.models WHERE name = 'shop' \gset}, condition_of($state, $result->{hint}), ':hint', $sql);

				$seen{$column}{$answer} = 1;
				next if $name eq 'source dropped, and gone';
				is($again->{code}, undef, "$name, $what: $answer, and works after the hint of affinity.models")
				  or diag("$again->{message}\n$again->{hint}");
				next;
			}
			like($answer, qr/^(?:55000|2BP01)$/, "$name, $what: the error is ours") or diag($result->{message});
			ok($repair, "$name, $what: the hint is SQL") or diag($result->{hint});
			# a hint may be to do what was asked for in another way
			my $again = run($state, condition_of($state, $result->{hint}), $repair // '', ($repair // '') =~ /drop_model/ ? () : $sql);
			ok(!$again->{code}, "$name, $what: it leads to working")
			  or diag("$result->{message}\n$result->{hint}\nand then $again->{code} $again->{message}\n$again->{hint}");
		}
		else
		{
			pass("$name, $what: works");
			if ($what eq 'upgrade_models' && $result->{out} =~ /^failed: (.*)/s)
			{
				my $repair = sql_of("HINT: " . $1);

				$answer = 'says why';
				ok($repair, "$name, $what: says what to do") or diag($result->{out});
				my $again = run($state, condition_of($state, $result->{out}), $repair // '', $sql);
				unlike($again->{out} // '', qr/^failed/, "$name, $what: that leads to working");
			}
			elsif ($what =~ /^(?:refresh|alter)/ || $what =~ /replace$/)
			{
				my $after = run($state, $sql, q{SELECT status || ' ' || (SELECT count(*) > 0 FROM shop.recommend(-1)) FROM affinity.models WHERE name = 'shop'});

				like($after->{out} // '', qr/ready true\s*\z/, "$name, $what: the model is ready and serves") or diag(explain($after));
			}
		}
		$seen{$column}{$answer} = 1;
	}
	$cell{$name}{$_} = join ' or ', sort keys %{ $seen{$_} } foreach @columns;

	# the list, and its hint
	my $list = run($state, q{SELECT concat_ws('|', status, hint) FROM affinity.models WHERE name = 'shop'});
	my ($status, $hint) = split /\|/, $list->{out} // '', 2;

	chomp($status //= '');
	$cell{$name}{status} = $status;
	next if $status eq 'ready' || $status eq 'received';
	my $repaired = run($state, $name =~ /gone/ ? "$tables $rows" : '', $hint, q{SELECT status FROM affinity.models WHERE name = 'shop'});
	like($repaired->{out} // '', qr/ready\s*\z/, "$name: the hint of affinity.models makes it ready") or diag(explain($repaired));
}

# The table, and the one that is documented.
my @table = ('| state | `status` | ' . join(' | ', @columns) . ' |', '| --- |' . ' --- |' x (1 + @columns));
foreach my $state (@states)
{
	my $name = $state->[0];

	push @table, "| $name | " . join(' | ', map { $cell{$name}{$_} } 'status', @columns) . ' |';
}
note(join "\n", @table);
my ($page) = grep { -f } map { "$FindBin::RealBin/../../$_" } 'docs/models.md', 'pgaffinity/docs/models.md';

SKIP:
{
	skip 'docs/models.md is not here', 1 unless $page;
	my @documented = grep { /^\| / } split /\n/, slurp_file($page) =~ s/.*<!-- states -->\n//sr =~ s/<!-- end of states -->.*//sr;

	is_deeply(\@documented, \@table, 'the table of docs/models.md');
}

$subscriber->stop;
$node->stop;
done_testing();
