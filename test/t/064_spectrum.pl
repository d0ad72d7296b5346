# Eigenvectors of the graph of items, in graph_filter and in ease: numpy's
# weights, the same to the last bit with and without workers; cancels are
# followed; memory is asked for.
use strict;
use warnings;

use FindBin;
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

# 2,160 items, more than are met at a time, in 60 groups: the sixtieth
# eigenvalue is far from the next one. small: a graph that the basis holds.
$node->safe_psql('postgres', q{
	CREATE EXTENSION affinity;
	CREATE TABLE large AS
	SELECT u AS user_id, CASE WHEN h & 15 = 0 THEN abs(hashint8extended(h, 5)) % 2160
		ELSE u % 60 + 60 * ((h >> 8 & 255) * (h >> 16 & 255) * 36 >> 16) END::int AS item_id,
		(1 + (h >> 24 & 7))::real AS weight
	FROM generate_series(1, 4000) u, generate_series(1, 5 + u % 14) n,
		LATERAL (SELECT abs(hashint8extended(u * 1000 + n, 1)) AS h) x;
	CREATE TABLE small AS
	SELECT user_id, item_id % 97 AS item_id, weight FROM large WHERE user_id < 300;
});
my $dir = $node->basedir;
my $oracle = "$FindBin::RealBin/../oracle/graph_filter.py";

foreach my $table ('large', 'small')
{
	$node->safe_psql('postgres', qq{COPY (SELECT user_id, item_id, sum(weight) FROM $table GROUP BY 1, 2)
		TO '$dir/$table.csv' (FORMAT csv)});
}

# weights(table, algorithm, options, workers, file): md5 of the items, and what
# was said.
sub weights
{
	my ($table, $algorithm, $options, $workers, $file) = @_;
	my ($status, $out, $err) = $node->psql('postgres', qq{
		SET max_parallel_maintenance_workers = $workers;
		BEGIN;
		SELECT FROM affinity.create_model('m', 'SELECT * FROM $table', '$algorithm', '$options');
		COPY (SELECT item_id, neighbor_id, score FROM m.neighbors) TO '$dir/$file.csv' (FORMAT csv);
		SELECT md5(string_agg(i::text, ',' ORDER BY item_no)) FROM m.items i;
		ROLLBACK;});

	diag $err if $status;
	return ($out, $err);
}

my $ease = '"method": "sparse", "candidates": 20';
weights($_, 'ease', qq({$ease, "neighbors": 10000}), 2, "$_.ease") foreach 'large', 'small';

foreach my $case (
	[ 'large', 'graph_filter', '"rank": 60, "skip": 1, "filter": "plateau", "weights": "log", "user_exponent": 0.5', 1e-3 ],
	[ 'large', 'ease', '"rank": 60', 1e-3 ],
	[ 'large', 'ease', '"rank": 60, "power_iterations": 4, "eigenvalue_exponent": 0.25', 1e-3 ],
	[ 'large', 'graph_filter', '"rank": 64, "power_iterations": 1', 1e-3 ],
	[ 'large', 'graph_filter', '"rank": 33, "power_iterations": 3', 1e-3 ],
	[ 'small', 'ease', '"rank": 97, "power_iterations": 4', 1e-5 ],
	[ 'small', 'graph_filter', '"rank": 97, "filter": "heat", "flatness": 0.5', 1e-5 ],
	[ 'small', 'graph_filter', '"rank": 97, "eigenvalue_exponent": 1, "user_exponent": 1.5, "weights": "log"', 1e-5 ],
	[ 'small', 'ease', '"rank": 97, "skip": 3, "eigenvalue_exponent": 0.7', 1e-5 ])
{
	my ($table, $algorithm, $given, $most) = @$case;
	my $options = '{"neighbors": 50, "rank_weight": 0.7, "rank_exponent": 0.3, "power_iterations": 0, ' .
	  '"eigenvalue_exponent": 0.5, ' .
	  ($algorithm eq 'ease' ? "$ease, " : '') . "$given}";
	my ($first) = weights($table, $algorithm, $options, 0, 'weights');
	my ($out, $err) = run_command([ '/usr/bin/python3', $oracle, "$dir/$table.csv", "$dir/weights.csv", $options,
		$algorithm eq 'ease' ? "$dir/$table.ease.csv" : () ]);

	cmp_ok($out || 1, '<', $most, "numpy's: $algorithm of $table, $given") or diag $err;
	foreach my $workers (1, 2)
	{
		my ($md5, $said) = weights($table, $algorithm, $options, $workers, 'again');

		is($md5, $first, "the same with $workers workers");
		like($said, qr/\($workers workers?\)/, 'who were there');
	}
}

# ---- interrupts and memory -------------------------------------------------

foreach my $algorithm ('graph_filter', 'ease')
{
	my ($status, $out, $err) = $node->psql('postgres', qq{
		SET maintenance_work_mem = '2GB';
		SET statement_timeout = '300ms';
		SELECT FROM affinity.create_model('m', 'SELECT * FROM large UNION ALL SELECT user_id, item_id + 2160 * n, 1
			FROM large, generate_series(1, 30) n', '$algorithm', '{"rank": 700}')});

	like($err, qr/canceling statement due to statement timeout/, "$algorithm is canceled");
	($status, $out, $err) = $node->psql('postgres', qq{
		SET maintenance_work_mem = '16MB';
		SELECT FROM affinity.create_model('m', 'SELECT * FROM large', '$algorithm', '{"rank": 2000}')});
	like($err, qr/2000 .*items need.*use a smaller "rank"/s, "$algorithm asks for memory");
}

$node->stop;
done_testing();
