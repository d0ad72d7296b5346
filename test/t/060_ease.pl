# ease: the second library is loaded by who needs it and nobody else, and is
# missed with a clean error; larger matrices have the weights of numpy's inverse,
# the same to the last bit with and without workers; cancels are followed.
use strict;
use warnings;

use File::Path qw(make_path);
use Time::HiRes qw(time);

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf(
	'postgresql.conf', qq{
fsync = off
autovacuum = off
max_parallel_maintenance_workers = 2
maintenance_work_mem = 512MB
});
$node->start;

# 700 items make three tiles, the last of them not full.
$node->safe_psql('postgres', q{
	CREATE EXTENSION affinity;
	CREATE TABLE facts AS
	SELECT (hashint8extended(n, 1) & 2047)::int AS user_id,
		((hashint8extended(n, 2) & 1023) * (hashint8extended(n, 3) & 1023) * 700 >> 20)::int AS item_id,
		(1 + (hashint8extended(n, 4) & 7))::real AS weight
	FROM generate_series(1, 90000) n;
	CREATE INDEX ON facts (user_id);
});

# ---- who loads OpenBLAS -------------------------------------------------

# Whether a backend has it mapped after these statements.
sub has_openblas
{
	my ($sql) = @_;

	return $node->safe_psql('postgres', qq{
		SET client_min_messages = warning;
		SET max_parallel_maintenance_workers = 0;
		$sql;
		SELECT 'mapped: ' || (pg_read_file('/proc/self/maps') ~ 'libopenblas')}) =~
	  /mapped: (true|false)$/ ? $1 : 'unknown';
}

SKIP:
{
	skip 'no /proc', 5 unless -r '/proc/self/maps';
	is(has_openblas(q{SELECT FROM affinity.create_model('knn', 'SELECT user_id, item_id, weight FROM facts', 'item_knn')}),
		'false', 'training item_knn does not load OpenBLAS');
	is(has_openblas(q{SELECT FROM affinity.create_model('dense', 'SELECT user_id, item_id, weight FROM facts', 'ease',
			'{"method": "dense"}')}),
		'true', 'training ease does');
	is(has_openblas(q{SELECT FROM affinity.create_model('sparse', 'SELECT user_id, item_id, weight FROM facts',
			'ease', '{"method": "sparse"}')}),
		'true', 'and by the sparse method');
	is( has_openblas(q{SELECT FROM knn.recommend(7); SELECT FROM dense.recommend(7); SELECT FROM dense.similar_items(3);
		SELECT FROM sparse.score(7, ARRAY[1, 2]); SELECT FROM sparse.recommend_for(ARRAY[1, 2]); SELECT FROM sparse.explain(7, 2)}),
		'false',
		'serving them does not');
	is( $node->safe_psql('postgres', q{
			SET affinity.blas_threads = 3;
			SET client_min_messages = warning;
			SELECT FROM affinity.refresh_model('dense');
			SET affinity.blas_threads = 1;
			SELECT FROM affinity.refresh_model('dense');
			SET affinity.blas_threads = 2;
			SELECT FROM affinity.refresh_model('dense');
			SELECT 'mapped: ' || (pg_read_file('/proc/self/maps') ~ 'libopenblas')}),
		'mapped: true', 'the number of threads can be changed on the way');
	$node->safe_psql('postgres', 'DROP SCHEMA knn, dense, sparse CASCADE');
}

# ---- numpy ----------------------------------------------------------------

my $dir = $node->basedir;
my $oracle = <<'PYTHON';
import sys
import numpy as np

facts, weights, log, ridge, user_exponent, exponent, method = sys.argv[1:]
u, i, w = np.loadtxt(facts, delimiter=",").T
x = np.zeros((int(u.max()) + 1, 700))
x[u.astype(int), i.astype(int)] = np.log1p(w) if log == "log" else 1
items = np.flatnonzero(x.any(0))
x = x[x.any(1)][:, items]
d = x.sum(1)
user = d ** -float(user_exponent)
user *= d.sum() / (user * d).sum()
g = (x ** 2).sum(0)
gram = x.T @ (user[:, None] * x)
penalty = np.diag(float(ridge) * (g / g.mean()) ** float(exponent))
columns = range(len(items))
if method == "dense":
    p = np.linalg.inv(gram + penalty)
    b = -p / np.diag(p)
    np.fill_diagonal(b, 0)
else:
    # a ridge regression over those that share users with the item
    b = np.zeros_like(gram)
    columns = columns[::11]
    for j in columns:
        s = np.flatnonzero((gram[j] > 0) & (np.arange(len(items)) != j))
        b[s, j] = np.linalg.solve((gram + penalty)[np.ix_(s, s)], gram[s, j])
got = np.full((700, 700), 0.)
i, j, score = np.loadtxt(weights, delimiter=",").T
got[i.astype(int), j.astype(int)] = score
got = got[np.ix_(items, items)][:, columns]
b = b[:, columns]
print(len(items), "items, largest weight", np.abs(b).max() > 0.01,
      "equal" if np.abs(got - b).max() < 1e-4 else np.abs(got - b).max())
PYTHON
append_to_file("$dir/oracle.py", $oracle);
$node->safe_psql('postgres', qq{COPY (SELECT user_id, item_id, sum(weight) FROM facts GROUP BY 1, 2)
	TO '$dir/facts.csv' (FORMAT csv)});

# weights(options, workers): into a file; md5 of the items, and what was said.
sub weights
{
	my ($options, $workers) = @_;
	my ($status, $out, $err) = $node->psql('postgres', qq{
		SET max_parallel_maintenance_workers = $workers;
		BEGIN;
		SELECT FROM affinity.create_model('m', 'SELECT * FROM facts', 'ease', '$options');
		COPY (SELECT item_id, neighbor_id, score FROM m.neighbors) TO '$dir/weights.csv' (FORMAT csv);
		SELECT md5(string_agg(i::text, ',' ORDER BY item_no)) FROM m.items i;
		ROLLBACK;});

	diag $err if $status;
	return ($out, $err);
}

my $items = $node->safe_psql('postgres', 'SELECT count(DISTINCT item_id) FROM facts');
foreach my $case (
	# in reals, and in doubles
	[ 'binary', 100, 0, 0, 'dense' ],
	[ 'binary', 0.01, 0, 0, 'dense' ],
	[ 'log', 3, 0, 1, 'dense' ],
	[ 'log', 1000, 0.5, 0.5, 'dense' ],
	# and by conjugate gradients over all items
	[ 'binary', 100, 0, 0, 'sparse' ],
	[ 'log', 30, 0.5, 0.5, 'sparse' ])
{
	my ($weights, $ridge, $user_exponent, $exponent, $method) = @$case;
	my $options = qq{{"method": "$method", "neighbors": 10000, "weights": "$weights", "regularization": $ridge,
		"user_exponent": $user_exponent, "regularization_exponent": $exponent, "candidates": 1000}};
	my ($first) = weights($options, 0);
	my ($out, $err) = run_command([ '/usr/bin/python3', "$dir/oracle.py", "$dir/facts.csv", "$dir/weights.csv", @$case ]);

	is($out, "$items items, largest weight True equal", "numpy's inverse: @$case") or diag $err;
	foreach my $workers (1, 2)
	{
		my ($md5, $said) = weights($options, $workers);

		is($md5, $first, "the same with $workers workers");
		like($said, qr/\($workers workers?\)/, 'who were there');
	}
}
foreach my $options ('{"method": "sparse"}', '{"method": "sparse", "weights": "log", "candidates": 40, "user_exponent": 1}')
{
	my ($first) = weights($options, 0);

	foreach my $workers (1, 2)
	{
		my ($md5, $said) = weights($options, $workers);

		is($md5, $first, "$options: the same with $workers workers");
		like($said, qr/\($workers workers?\)/, 'who were there');
	}
}

# ---- rare candidates: more items than heads --------------------------------

# Against the formula in SQL: a column's candidates and their products, for
# items of which most are no heads. The ridge regressions are checked by their
# normal equations, G_SS b + L_S b = G_Sj.
$node->safe_psql('postgres', q{
	CREATE TABLE many AS
	SELECT (hashint8extended(n, 1) & 4095)::int AS user_id,
		((hashint8extended(n, 2) & 8191) * ((hashint8extended(n, 3) & 1023) + 100) >> 10)::int AS item_id,
		(1 + (hashint8extended(n, 4) & 3))::real AS weight
	FROM generate_series(1, 60000) n;
});
# Few candidates are factorized, many are solved by steps, with products by users.
foreach my $case ([ 'binary', 30 ], [ 'linear', 30 ], [ 'binary', 150 ], [ 'linear', 150 ])
{
	my ($weights, $candidates) = @$case;

	is( $node->safe_psql('postgres', qq{
		SET client_min_messages = warning;
		SELECT FROM affinity.create_model('m', 'SELECT * FROM many', 'ease', '{"method": "sparse", "neighbors": 10000,
			"candidates": $candidates, "regularization": 5, "user_exponent": 0, "regularization_exponent": 0, "weights": "$weights"}');
		CREATE TEMP TABLE x AS SELECT user_id, item_id, CASE '$weights' WHEN 'binary' THEN 1 ELSE sum(weight) END::float8 AS x
			FROM many GROUP BY 1, 2;
		CREATE INDEX ON x (user_id);
		CREATE INDEX ON x (item_id);
		CREATE TEMP TABLE b AS SELECT neighbor_id AS j, item_id AS i, score AS b FROM m.neighbors WHERE neighbor_id % 97 = 0;
		ANALYZE x, b;
		DROP SCHEMA m CASCADE;
		WITH product AS (
			SELECT r.j, r.i AS r, sum(xr.x * xc.x * c.b) AS sum
			FROM b r JOIN x xr ON xr.item_id = r.i JOIN x xc ON xc.user_id = xr.user_id
			JOIN b c ON c.j = r.j AND c.i = xc.item_id GROUP BY 1, 2
		), target AS (
			SELECT r.j, r.i AS r, sum(xr.x * xj.x) AS g
			FROM b r JOIN x xr ON xr.item_id = r.i JOIN x xj ON xj.user_id = xr.user_id AND xj.item_id = r.j GROUP BY 1, 2
		)
		SELECT count(*) > 500, max(abs(p.sum + 5 * b.b - t.g)) < 1e-3
		FROM b JOIN product p ON p.j = b.j AND p.r = b.i JOIN target t ON t.j = b.j AND t.r = b.i}),
		't|t', "columns over $candidates rare candidates, $weights");
}
cmp_ok($node->safe_psql('postgres', 'SELECT count(DISTINCT item_id) FROM many'), '>', 6000, 'most of 4096 heads are not all');

# ---- what auto chooses -----------------------------------------------------

# Sparse, and what was dense says so when it no longer is.
$node->safe_psql('postgres', q{
	CREATE TABLE growing AS SELECT i % 100 AS user_id, i AS item_id FROM generate_series(1, 300) i;
	CREATE INDEX ON growing (user_id);
	SELECT FROM affinity.create_model('growing', 'SELECT user_id, item_id FROM growing', 'ease', '{"method": "dense"}');
});
my (undef, undef, $said) = $node->psql('postgres', q{SELECT FROM affinity.alter_model('growing', options => '{"method": "auto"}')});
like($said, qr/NOTICE:  ease is sparse, and was dense before: scores change\nHINT:  To keep the method/, 'from dense to sparse');
(undef, undef, $said) = $node->psql('postgres', q{SELECT FROM affinity.refresh_model('growing')});
unlike($said, qr/dense|sparse/, 'which is said once');

# ---- cancels ---------------------------------------------------------------

foreach my $method ('dense', 'sparse')
{
	my $create = qq{SELECT FROM affinity.create_model('big', 'SELECT user_id, item_id FROM } .
	  ($method eq 'dense' ? 'facts' : 'many') . qq{', 'ease', '{"method": "$method", "neighbors": 10000}')};
	my $start = time;

	$node->safe_psql('postgres', "BEGIN; $create; ROLLBACK");
	my $whole = time - $start;
	foreach my $workers (0, 2)
	{
		foreach my $part (1 .. 7)
		{
			my $limit = int(1 + 1000 * $whole * $part / 8);
			my ($status, $out, $err) = $node->psql('postgres', qq{
				\\set VERBOSITY verbose
				SET max_parallel_maintenance_workers = $workers;
				SET statement_timeout = $limit;
				BEGIN;
				$create;
				SELECT 'not cancelled';
				ROLLBACK;});

			ok($out =~ /not cancelled/ || $err =~ /ERROR:  57014: /, "$method, $workers workers: timeout of $limit ms")
			  or diag $err;
		}
	}
}

# ---- without OpenBLAS --------------------------------------------------------

# Something else of its name comes first.
make_path("$dir/empty", "$dir/broken");
append_to_file("$dir/nothing.c", "void nothing(void);\nvoid nothing(void) {}\n");
append_to_file("$dir/broken/libopenblas.so.0", 'not a library');
$node->command_ok([ $ENV{CC} // 'cc', '-shared', '-fPIC', '-o', "$dir/empty/libopenblas.so.0", "$dir/nothing.c" ],
	'a library with nothing of OpenBLAS in it');
foreach my $case ([ 'broken', qr/58P01: could not load OpenBLAS: \S*libopenblas/ ],
	[ 'empty', qr/58P01: could not load OpenBLAS: libopenblas\S+ has no function / ])
{
	my ($folder, $message) = @$case;

	$node->stop;
	{
		local $ENV{LD_LIBRARY_PATH} = "$dir/$folder";
		$node->start;
	}
	my ($status, $out, $err) = $node->psql('postgres', qq{
		\\set VERBOSITY verbose
		SELECT FROM affinity.create_model('m', 'SELECT * FROM facts', 'ease');});
	like($err, $message, "$folder: the error");
	like($err, qr/HINT: .*libopenblas0-pthread/, 'says what to install');
	is( $node->safe_psql('postgres', q{
			SET client_min_messages = warning;
			SELECT FROM affinity.create_model('m', 'SELECT * FROM facts', 'item_knn');
			SELECT count(*) > 0 FROM m.recommend(7);
			DROP SCHEMA m CASCADE}),
		't', 'all that needs no OpenBLAS works');
}
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|terminated by signal|leaked|still referenced/, 'no server process crashed');

$node->stop;
done_testing();
