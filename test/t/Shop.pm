# A small shop for the Perl tests: 200 customers, 60 products in six tastes.
package Shop;
use strict;
use warnings;

use Exporter 'import';
our @EXPORT = qw(create_shop create_model answers wait_until_received);

# Every customer buys mostly within one taste, so that there is something to
# learn, and the numbers come from a hash, so that they are always the same.
sub create_shop
{
	my ($node, $db) = @_;

	$node->safe_psql($db, q{
		CREATE EXTENSION IF NOT EXISTS affinity;
		CREATE TABLE purchases (
			customer_id integer NOT NULL,
			product text NOT NULL,
			quantity integer NOT NULL,
			at timestamp NOT NULL
		);
		INSERT INTO purchases
		SELECT c, 'product ' || lpad((CASE WHEN h % 10 < 7 THEN c % 6 * 10
				ELSE (h / 11) % 6 * 10 END + (h / 1009) % 10)::text, 2, '0'),
			1 + (h / 37) % 4, timestamp '2024-01-01' + h % 300 * interval '1 day'
		FROM generate_series(1, 200) c, generate_series(1, 15) n,
			abs(hashint4(c * 100 + n)::bigint) h;
		CREATE INDEX ON purchases (customer_id);
		ANALYZE purchases;
	});
	return;
}

sub create_model
{
	my ($node, $db, $name, $algorithm) = @_;

	$node->safe_psql($db, qq{
		SELECT FROM affinity.create_model('$name',
			'SELECT customer_id, product, quantity, at FROM purchases',
			algorithm => '$algorithm')});
	return;
}

# What the model says to every customer, in one text.
sub answers
{
	my ($node, $db, $name) = @_;

	return $node->safe_psql($db, qq{
		SELECT c, r.rank, r.item_id, r.score, r.personalized
		FROM generate_series(1, 201) c, $name.recommend(c, 5) r
		ORDER BY 1, 2});
}

# All tables of a subscription are copied, and what came meanwhile is applied: until
# then a model among them counts as untrained.
sub wait_until_received
{
	my ($subscriber, $publisher, $subscription) = @_;

	$subscriber->wait_for_subscription_sync($publisher, $subscription);
	$subscriber->poll_query_until('postgres',
		q{SELECT count(*) > 0 AND bool_and(srsubstate = 'r') FROM pg_subscription_rel})
	  or die 'tables of the subscription are not ready';
	return;
}

1;
