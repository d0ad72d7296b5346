# What create_model and refresh_model say where reading one user is slow: the
# reason, and SQL. The SQL is run as it stands, and nothing is left to say.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
# Everything costs 20 times as much, so that 40,000 rows are many.
$node->append_conf('postgresql.conf', q{
fsync = off
autovacuum = off
seq_page_cost = 20
random_page_cost = 80
cpu_tuple_cost = 0.2
cpu_index_tuple_cost = 0.1
cpu_operator_cost = 0.05
});
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION affinity;
	CREATE TABLE rows AS
	SELECT (g * 7919 % 4000)::int AS u, (g % 400 * (g % 400) / 400)::int AS i, 1 AS w, 'User' || g * 7919 % 4000 AS email
	FROM generate_series(1, 40000) g});

# What psql prints, and the parts of its errors and notices, at each \warn.
sub run
{
	my ($script) = @_;
	my ($out, $err);

	$node->psql('postgres', $script, stdout => \$out, stderr => \$err, on_error_die => 1);
	return ($out, split /^next\n/m, $err, -1);
}

# The notice on a slow history: cost, detail and hint.
sub notice
{
	my ($err) = @_;

	return [ $err =~ /is slow: the planner's cost is (\d+)\nDETAIL:  (.*)\nHINT:  (.*)/ ? ($1, $2, $3) : () ];
}

# The plan for any user, and its cost, the last that is printed.
my $explain = q{
SELECT format_type(a.atttypid, -1) AS type, CASE WHEN d.materialize THEN 'kept_interactions' ELSE 'interactions' END AS relation
FROM pg_attribute a, m.definition d WHERE a.attrelid = 'm.interactions'::regclass AND a.attnum = 1 \gset
SET plan_cache_mode = force_generic_plan;
SET max_parallel_workers_per_gather = 0;
PREPARE h (:type) AS SELECT item_id, weight FROM m.:relation WHERE user_id = $1;
EXPLAIN EXECUTE h (NULL);
};

sub cost
{
	my ($out) = @_;
	my ($cost) = $out =~ /\.\.([\d.]+) rows/ or die $out;

	return $cost;
}

# Make a model, compare the notice, do as it says, refresh.
sub case
{
	my ($name, $setup, $query, $detail, $hint) = @_;
	my ($out, $first, $made) = run(qq{
		DROP SCHEMA IF EXISTS s CASCADE;
		CREATE SCHEMA s;
		CREATE TABLE s.ev AS TABLE rows;
		ANALYZE s.ev;
		$setup;
		\\warn next
		SELECT affinity.create_model('m', \$\$$query\$\$, 'item_knn');
		$explain});
	my $said = notice($made);
	my ($sql) = ($said->[2] // '') =~ /^Run: (.*)/;

	if (!defined $detail)
	{
		is_deeply($said, [], "$name: nothing to say");
		cmp_ok(cost($out), '<=', 5000, "$name: it is fast") if $name ne 'no estimate';
	}
	else
	{
		cmp_ok($said->[0] // 0, '>', 5000, "$name: it is slow");
		is($said->[1], $detail, "$name: why");
		is($said->[2], $hint, "$name: what helps");
		is(sprintf('%.0f', cost($out)), $said->[0], "$name: the cost is the planner's");
	}
	($out, my @refreshed) = run(defined $sql ? qq{
		SELECT affinity.refresh_model('m');
		\\warn next
		$sql
		\\warn next
		SELECT affinity.refresh_model('m');
		$explain
		SELECT affinity.drop_model('m')} : q{SELECT affinity.drop_model('m')});
	return if !defined $sql;
	is_deeply(notice($refreshed[0]), $said, "$name: a refresh says the same");
	unlike($refreshed[1], qr/is slow/, "$name: what helps does not say it again");
	is_deeply(notice($refreshed[2]), [], "$name: that helped");
	cmp_ok(cost($out), '<=', 5000, "$name: it is fast now");
	return;
}

my $plain = 'SELECT u, i FROM s.ev';
my $copy = q{Run: SELECT affinity.alter_model('m', materialize => true);};

# ---- an index
case('no index', '', $plain, 's.ev has no index on u.', 'Run: CREATE INDEX ON s.ev (u);');
case('an index', 'CREATE INDEX ON s.ev (u)', $plain);
case('a hash index', 'CREATE INDEX ON s.ev USING hash (u)', $plain);
case('odd names', 'ALTER TABLE s.ev RENAME TO "Ev 1"; ALTER TABLE s."Ev 1" RENAME u TO "User"', 'SELECT "User", i FROM s."Ev 1"',
	's."Ev 1" has no index on "User".', 'Run: CREATE INDEX ON s."Ev 1" ("User");');
case('brin', 'CREATE INDEX b ON s.ev USING brin (u)', $plain, 'Index s.b is of type brin, which is not for single rows.',
	'Run: CREATE INDEX ON s.ev (u);');
case('partial', 'CREATE INDEX p ON s.ev (u) WHERE w > 1', $plain, 'Index s.p is partial.', 'Run: CREATE INDEX ON s.ev (u);');
case('partial, and it serves', 'CREATE INDEX p ON s.ev (u) WHERE w > 0', 'SELECT u, i FROM s.ev WHERE w > 0');
case('second column', 'CREATE INDEX c ON s.ev (i, u)', $plain, 'Index s.c has u as its column 2.', 'Run: CREATE INDEX ON s.ev (u);');
case('invalid', q{CREATE INDEX x ON s.ev (u); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 's.x'::regclass},
	$plain, 'Index s.x is invalid.', 'Run: REINDEX INDEX s.x;');
case('a view over a view', 'CREATE VIEW s.a AS SELECT u AS x, i FROM s.ev; CREATE VIEW s.b AS SELECT x AS y, i FROM s.a WHERE i > 3',
	'SELECT y, i FROM s.b', 's.ev has no index on u.', 'Run: CREATE INDEX ON s.ev (u);');
case('a materialized view', 'CREATE MATERIALIZED VIEW s.mv AS TABLE s.ev', 'SELECT u, i FROM s.mv',
	's.mv has no index on u. s.mv was never analyzed.', 'Run: CREATE INDEX ON s.mv (u); ANALYZE s.mv;');
case('a security barrier', 'CREATE VIEW s.v WITH (security_barrier) AS TABLE s.ev', 'SELECT u, i FROM s.v',
	's.ev has no index on u.', 'Run: CREATE INDEX ON s.ev (u);');
case('row-level security', 'ALTER TABLE s.ev ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', $plain,
	's.ev has no index on u.', 'Run: CREATE INDEX ON s.ev (u);');
case('partitions', q{
	CREATE TABLE s.pt (u int, i int, w int) PARTITION BY RANGE (w);
	CREATE TABLE s.pt1 PARTITION OF s.pt FOR VALUES FROM (0) TO (1);
	CREATE TABLE s.pt2 (w int, i int, u int);
	ALTER TABLE s.pt ATTACH PARTITION s.pt2 FOR VALUES FROM (1) TO (2);
	INSERT INTO s.pt SELECT u, i, i % 2 FROM s.ev;
	ANALYZE s.pt}, 'SELECT u, i FROM s.pt', 's.pt has no index on u.', 'Run: CREATE INDEX ON s.pt (u);');
case('inheritance', q{
	CREATE TABLE s.parent (u int, i int);
	CREATE TABLE s.child () INHERITS (s.parent);
	CREATE TABLE s.other (i int, u int) INHERITS (s.parent);
	INSERT INTO s.child SELECT u, i FROM s.ev;
	INSERT INTO s.other (u, i) SELECT u, i FROM s.ev;
	ANALYZE s.child, s.other}, 'SELECT u, i FROM s.parent',
	's.child has no index on u. s.other has no index on u.', 'Run: CREATE INDEX ON s.child (u); CREATE INDEX ON s.other (u);');
case('an aggregate by user', '', 'SELECT u, i, sum(w) FROM s.ev GROUP BY u, i', 's.ev has no index on u.', 'Run: CREATE INDEX ON s.ev (u);');
case('DISTINCT', '', 'SELECT DISTINCT u, i FROM s.ev', 's.ev has no index on u.', 'Run: CREATE INDEX ON s.ev (u);');
case('a window by user', '', 'SELECT u, i, w FROM (SELECT *, row_number() OVER (PARTITION BY u ORDER BY i) AS n FROM s.ev) q WHERE n < 20',
	's.ev has no index on u.', 'Run: CREATE INDEX ON s.ev (u);');
case('three tables', q{
	CREATE TABLE s.buy AS TABLE s.ev;
	CREATE TABLE s.like AS TABLE s.ev;
	CREATE INDEX ON s.like (u);
	ANALYZE s.buy, s.like},
	'SELECT u, i, 1 FROM s.ev UNION ALL SELECT u, i, 5 FROM s.buy UNION ALL SELECT u, i, 2 FROM s.like',
	's.ev has no index on u. s.buy has no index on u.', 'Run: CREATE INDEX ON s.ev (u); CREATE INDEX ON s.buy (u);');

# ---- joins
my $orders = q{
	CREATE TABLE s.orders AS SELECT g AS id, (g * 7919 % 4000)::int AS u FROM generate_series(1, 20000) g;
	CREATE TABLE s.lines AS SELECT g % 20000 + 1 AS o, (g % 400 * (g % 400) / 400)::int AS i FROM generate_series(1, 40000) g;};
my $joined = 'SELECT o.u, l.i FROM s.orders o JOIN s.lines l ON l.o = o.id';
case('a join', "$orders ANALYZE s.orders, s.lines", $joined,
	's.orders has no index on u. s.lines has no index on o.', 'Run: CREATE INDEX ON s.orders (u); CREATE INDEX ON s.lines (o);');
case('a join, half of it', "$orders ANALYZE s.orders, s.lines; CREATE INDEX ON s.orders (u)", $joined,
	's.lines has no index on o.', 'Run: CREATE INDEX ON s.lines (o);');
case('a join, never analyzed', $orders, $joined,
	's.orders has no index on u. s.lines has no index on o. s.orders was never analyzed. s.lines was never analyzed.',
	'Run: CREATE INDEX ON s.orders (u); CREATE INDEX ON s.lines (o); ANALYZE s.orders; ANALYZE s.lines;');
case('an outer join', "$orders ANALYZE s.orders, s.lines; CREATE INDEX ON s.orders (u)",
	'SELECT o.u, coalesce(l.i, 0) FROM s.orders o LEFT JOIN s.lines l ON l.o = o.id',
	's.lines has no index on o.', 'Run: CREATE INDEX ON s.lines (o);');
case('a subquery of the row', 'CREATE TABLE s.stock AS SELECT g AS i, g % 9 AS n FROM generate_series(0, 40000) g; ANALYZE s.stock; CREATE INDEX ON s.ev (u)',
	'SELECT u, i FROM s.ev WHERE (SELECT n FROM s.stock WHERE stock.i = ev.i LIMIT 1) > 0',
	's.stock has no index on i.', 'Run: CREATE INDEX ON s.stock (i);');

# ---- statistics
case('never analyzed', 'CREATE TABLE s.n AS SELECT * FROM rows, generate_series(1, 5) g; CREATE INDEX ON s.n (u)', 'SELECT u, i FROM s.n',
	's.n was never analyzed.', 'Run: ANALYZE s.n;');
case('never analyzed, no index', 'CREATE TABLE s.n AS SELECT * FROM rows, generate_series(1, 5) g', 'SELECT u, i FROM s.n',
	's.n has no index on u. s.n was never analyzed.', 'Run: CREATE INDEX ON s.n (u); ANALYZE s.n;');
case('grown since', q{
	CREATE TABLE s.n AS SELECT * FROM rows WHERE u < 10;
	CREATE INDEX ON s.n (u);
	ANALYZE s.n;
	INSERT INTO s.n TABLE rows}, 'SELECT u, i FROM s.n', 's.n has grown since it was analyzed.', 'Run: ANALYZE s.n;');
case('too few users by the statistics', 'ALTER TABLE s.ev ALTER u SET (n_distinct = 40); ANALYZE s.ev; CREATE INDEX ON s.ev (u)', $plain,
	'By its statistics, column u of s.ev has 40 different values, and there are 4000 at least.',
	'Run: ALTER TABLE s.ev ALTER COLUMN u SET (n_distinct = -0.10000); ANALYZE s.ev;');

# ---- what is compared is not the column
case('a cast', 'CREATE INDEX x ON s.ev (u)', 'SELECT u::text, i FROM s.ev',
	'Index s.x does not hold (u)::text, which is compared. There are no statistics of (u)::text.',
	'Run: CREATE INDEX ON s.ev (((u)::text)); ANALYZE s.ev;');
case('a function', '', 'SELECT lower(email), i FROM s.ev', 's.ev has no index on lower(email). There are no statistics of lower(email).',
	'Run: CREATE INDEX ON s.ev ((lower(email))); ANALYZE s.ev;');
case('a function of the schema', q{CREATE FUNCTION s.key(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1 / 2; END'},
	'SELECT s.key(u), i FROM s.ev', 's.ev has no index on s.key(u). There are no statistics of s.key(u).',
	'Run: CREATE INDEX ON s.ev ((s.key(u))); ANALYZE s.ev;');
case('an index that was not analyzed', 'CREATE TABLE s.n AS SELECT * FROM rows, generate_series(1, 5) g; ANALYZE s.n; CREATE INDEX ON s.n (lower(email))',
	'SELECT lower(email), i FROM s.n', 'There are no statistics of lower(email).', 'Run: ANALYZE s.n;');
case('a collation', 'CREATE INDEX x ON s.ev (email COLLATE "POSIX")', 'SELECT email COLLATE "C", i FROM s.ev', 'Index s.x has another collation.',
	'Run: CREATE INDEX ON s.ev (email COLLATE "C");');
case('a varchar', 'ALTER TABLE s.ev ALTER email TYPE varchar(40); ANALYZE s.ev', 'SELECT email, i FROM s.ev', 's.ev has no index on email.',
	'Run: CREATE INDEX ON s.ev (email);');
case('a full join', "$orders ANALYZE s.orders; CREATE INDEX ON s.orders (u)", 'SELECT u, coalesce(ev.i, 0) FROM s.ev FULL JOIN s.orders USING (u)',
	's.ev has no index on u.', 'Run: CREATE INDEX ON s.ev (u);');
case('both users of a row', '', 'SELECT u, i FROM s.ev UNION ALL SELECT u + 1, i FROM s.ev',
	's.ev has no index on u. s.ev has no index on (u + 1). There are no statistics of (u + 1).',
	'Run: CREATE INDEX ON s.ev (u); CREATE INDEX ON s.ev (((u + 1))); ANALYZE s.ev;');

# ---- no index helps
my $all = 'Every call reads all of s.ev';
my $core = 'SELECT u, i FROM s.ev WHERE i IN (SELECT i FROM s.ev GROUP BY i HAVING count(*) >= 20)';
my %copied = (
	'k-core' => [ 'CREATE INDEX ON s.ev (u)', $core, "$all, because of GROUP BY and HAVING." ],
	'k-core, no index' => [ '', $core, "$all, because of GROUP BY and HAVING." ],
	'a window' => [ '', 'SELECT u, i, w FROM (SELECT *, row_number() OVER (ORDER BY i) AS n FROM s.ev) q WHERE n > 1',
		"The condition on the user cannot be pushed below a window function. $all, because of a window function." ],
	'DISTINCT ON' => [ '', 'SELECT DISTINCT ON (i, w, email) u, i FROM s.ev',
		"The condition on the user cannot be pushed below DISTINCT ON. $all, because of DISTINCT ON." ],
	'an aggregate' => [ '', 'SELECT max(u), i FROM s.ev GROUP BY i, email', "The user is the result of an aggregate. $all, because of GROUP BY." ],
	'LIMIT' => [ '', 'SELECT u, i FROM s.ev ORDER BY w LIMIT 30000', "The condition on the user cannot be pushed below LIMIT. $all, because of LIMIT." ],
	'EXCEPT' => [ '', 'SELECT u, i FROM s.ev EXCEPT SELECT 3, 4', "The condition on the user cannot be pushed below EXCEPT. $all, because of EXCEPT." ],
	'a CTE' => [ '', 'WITH x AS MATERIALIZED (SELECT u, i FROM s.ev) TABLE x', "The condition on the user cannot be pushed into WITH x. $all." ],
	'a function in FROM' => [ q{CREATE FUNCTION s.f() RETURNS TABLE (u int, i int) LANGUAGE plpgsql STABLE ROWS 1000000
		AS 'BEGIN RETURN QUERY SELECT ev.u, ev.i FROM s.ev; END'}, 'SELECT u, i FROM s.f()',
		'The condition on the user cannot be pushed into a function in FROM.' ],
	'two tables' => [ 'CREATE TABLE s.alias AS SELECT g AS i, g AS u FROM generate_series(300, 399) g',
		'SELECT coalesce(alias.u, ev.u), ev.i FROM s.ev LEFT JOIN s.alias USING (i)', "The user is computed from more than one table. $all." ],
	'a stable function' => [ '', q{SELECT coalesce(current_setting('no.user', true), email), i FROM s.ev},
		'The user is computed by what is not immutable, which no index can hold.' ],
	'a volatile function' => [ '', 'SELECT CASE WHEN random() < 2 THEN u END, i FROM s.ev',
		"The condition on the user cannot be pushed below a volatile expression. $all." ],
	'a set' => [ '', 'SELECT unnest(ARRAY[u, u + 1]), i FROM s.ev',
		"The condition on the user cannot be pushed below a function that returns a set. $all, because of a function that returns a set." ],
	'a cast behind a barrier' => [ 'CREATE VIEW s.v WITH (security_barrier) AS TABLE s.ev', 'SELECT u::text, i FROM s.v',
		"The condition on the user cannot be pushed below a view with security_barrier or row-level security. $all." ] );
case($_, @{ $copied{$_} }, $copy) foreach sort keys %copied;

case('long histories', 'CREATE TABLE s.few AS SELECT g % 8 AS u, g % 400 AS i FROM generate_series(1, 40000) g; CREATE INDEX ON s.few (u); ANALYZE s.few',
	'SELECT u, i FROM s.few', 'The plan expects 5000 rows of each user, and finds them by index as it can.',
	'Shorter histories are faster: let the query give those of the last months, or one row for each item.');

# ---- a query that runs while the planner folds a constant is not planned with our indexes
case('a query within', q{CREATE FUNCTION s.least() RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN (SELECT count(*) FROM s.ev WHERE u = 3) - 100; END'},
	'SELECT u, i FROM s.ev WHERE w > s.least()', 's.ev has no index on u.', 'Run: CREATE INDEX ON s.ev (u);');

# ---- what is no estimate is not told: a distributed engine's plan for any
# user, or a function, may cost anything; what settings forbid is left out
case('no estimate', q{CREATE FUNCTION s.f() RETURNS TABLE (u int, i int) LANGUAGE plpgsql STABLE ROWS 1000000 COST 3e38
	AS 'BEGIN RETURN QUERY SELECT ev.u, ev.i FROM s.ev; END'}, 'SELECT u, i FROM s.f()', undef);
{
	my ($out, @said) = run(q{
		DROP SCHEMA IF EXISTS s CASCADE;
		CREATE SCHEMA s;
		CREATE TABLE s.ev AS TABLE rows;
		ANALYZE s.ev;
		SET enable_seqscan = off;
		\warn next
		SELECT affinity.create_model('m', 'SELECT u, i FROM s.ev', 'item_knn');
		\warn next
		SET enable_seqscan = on;
		SELECT affinity.refresh_model('m');
		SELECT affinity.drop_model('m')});

	is_deeply(notice($said[1]), notice($said[2]), 'what settings forbid costs what it costs');
	is(notice($said[1])->[2], 'Run: CREATE INDEX ON s.ev (u);', 'and the advice is the same');
}

SKIP:
{
	skip 'no file_fdw', 8 if $node->safe_psql('postgres', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'file_fdw'}) eq '0';
	my $file = $node->basedir . '/ev.csv';
	case('a foreign table', qq{
		COPY s.ev TO '$file' (FORMAT csv);
		CREATE EXTENSION file_fdw SCHEMA s;
		CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
		CREATE FOREIGN TABLE s.ft (u int, i int, w int, email text) SERVER files OPTIONS (filename '$file', format 'csv')},
		'SELECT u, i FROM s.ft', 'Every call reads all of foreign table s.ft.', $copy);
}

done_testing();
