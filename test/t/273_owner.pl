# The owner of a database, who is no superuser, creates the extension, uses all of it,
# dumps and restores it, and drops it; nobody's objects get into its schema.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Shop;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\n");
$node->start;
my $super = $node->safe_psql('postgres', 'SELECT current_user');
$node->safe_psql('postgres', q{
	CREATE ROLE keeper LOGIN;
	CREATE ROLE guest LOGIN;
	CREATE ROLE mallory LOGIN;
	CREATE DATABASE shop OWNER keeper;
	CREATE DATABASE copy OWNER keeper;
	CREATE DATABASE dba OWNER keeper;
});

# as ROLE, DATABASE, SQL: what it answers, and dies where it fails.
sub as
{
	my ($role, $db, $sql) = @_;

	return $node->safe_psql($db, "SET client_min_messages = warning; $sql", extra_params => [ '-U', $role ]);
}

# What it says where it fails, by code.
sub refused
{
	my ($role, $db, $sql) = @_;
	my (undef, undef, $err) =
	  $node->psql($db, "\\set VERBOSITY verbose\n$sql", extra_params => [ '-U', $role ]);

	return $err;
}

# ---- creating it ---------------------------------------------------------

like(refused('guest', 'shop', 'CREATE EXTENSION affinity'),
	qr/ERROR:  42501: permission denied for database shop/,
	'it takes CREATE on the database');
as('keeper', 'shop', 'CREATE EXTENSION affinity');
is( as('keeper', 'shop', q{
		SELECT e.extowner::regrole, n.nspowner::regrole, r.rolsuper
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		JOIN pg_roles r ON r.oid = e.extowner WHERE e.extname = 'affinity'}),
	'keeper|keeper|f',
	'it and its schema are of the database\'s owner');
is( as('keeper', 'shop', q{
		SELECT DISTINCT p.proowner::regrole, p.prosecdef, p.proconfig IS NULL FROM pg_proc p
		JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
		JOIN pg_extension e ON e.oid = d.refobjid WHERE e.extname = 'affinity'}),
	"$super|f|t",
	'its functions are the superuser\'s, and run as their caller');
like(refused('keeper', 'shop', 'ALTER EXTENSION affinity SET SCHEMA public'),
	qr/ERROR:  0A000: extension "affinity" does not support SET SCHEMA/,
	'it stays in its schema');
like(refused('keeper', 'shop', 'ALTER EXTENSION affinity DROP TYPE affinity.model_record'),
	qr/ERROR:  42501: must be owner of type/,
	'its owner takes no object out of it');
like(refused('keeper', 'shop', 'DROP TYPE affinity.model_record'),
	qr/ERROR:  2BP01: cannot drop type/,
	'nor drops one');

# ---- using it ------------------------------------------------------------

as('keeper', 'shop', q{
	CREATE TABLE purchases (customer_id integer NOT NULL, product text NOT NULL,
		quantity integer NOT NULL, at timestamp NOT NULL);
	INSERT INTO purchases
	SELECT c, 'product ' || (CASE WHEN h % 10 < 7 THEN c % 6 * 10 ELSE (h / 11) % 6 * 10 END + (h / 1009) % 10),
		1 + (h / 37) % 4, timestamp '2024-01-01' + h % 300 * interval '1 day'
	FROM generate_series(1, 200) c, generate_series(1, 15) n, abs(hashint4(c * 100 + n)::bigint) h;
	CREATE INDEX ON purchases (customer_id);
	ANALYZE purchases;
	CREATE TABLE products AS SELECT DISTINCT product, true AS in_stock FROM purchases;
});

# An event trigger of the database's administrator sees what models are made of.
$node->safe_psql('shop', q{
	CREATE TABLE public.seen (tag text, identity text);
	CREATE FUNCTION public.see() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp AS $$
	BEGIN
		INSERT INTO public.seen SELECT c.command_tag, c.object_identity FROM pg_event_trigger_ddl_commands() c;
	END$$;
	CREATE EVENT TRIGGER see_ddl ON ddl_command_end EXECUTE FUNCTION public.see();
});

my @algorithms = split /\n/, as('keeper', 'shop', q{
	SELECT DISTINCT algorithm FROM affinity.algorithm_options() WHERE algorithm <> 'auto' ORDER BY 1});
cmp_ok(scalar @algorithms, '>=', 6, 'algorithms: ' . join ', ', @algorithms);
foreach my $algorithm (@algorithms)
{
	is( as('keeper', 'shop', qq{
			SELECT FROM affinity.create_model('m_$algorithm',
				'SELECT customer_id, product, quantity, at FROM purchases', '$algorithm');
			SELECT count(*), count(DISTINCT item_id) FROM m_$algorithm.recommend(1, 5)}) =~ s/^\n//r,
		'5|5',
		"a model by $algorithm, and a list");
}
my $n_seen = $node->safe_psql('shop', q{SELECT count(*) FROM seen WHERE identity LIKE 'm_popular%'});
cmp_ok($n_seen, '>', 10, 'the event trigger has seen its objects');
$node->safe_psql('shop', 'DROP EVENT TRIGGER see_ddl');

as('keeper', 'shop', q{
	SELECT FROM affinity.set_rules('m_item_knn', 'products', 'in_stock');
	UPDATE products SET in_stock = false WHERE product IN (SELECT item_id FROM m_item_knn.recommend(1, 1))});
is( as('keeper', 'shop', q{
		SELECT bool_and(p.in_stock) FROM m_item_knn.recommend(1, 5) r JOIN products p ON p.product = r.item_id}),
	't',
	'rules, and the triggers that keep them');
as('keeper', 'shop', q{
	INSERT INTO purchases SELECT 201, product, 1, '2024-12-01' FROM products LIMIT 5;
	SELECT FROM affinity.refresh_model('m_item_knn', incremental => true);
	SELECT FROM affinity.refresh_model('m_ease');
	SELECT FROM affinity.alter_model('m_popular', materialize => true);
	SELECT FROM affinity.upgrade_models();
	CALL affinity.tune('m_item_knn', space => '{"neighbors": [5, 10]}', trials => 2)});
is( as('keeper', 'shop', q{SELECT count(*), count(*) FILTER (WHERE status = 'ready') FROM affinity.models}),
	scalar(@algorithms) . '|' . scalar(@algorithms),
	'refreshes, an alteration, an upgrade and a search leave all models ready');
is( as('keeper', 'shop', q{
		SELECT count(*) > 900 FROM m_ials.recommend_all(5);
		SELECT count(*) > 0 FROM affinity.stat_models;
		SELECT count(*) FROM affinity.progress;
		SELECT affinity.stat_models_reset() IS NOT NULL}) =~ tr/\n/ /r,
	't t 0 t',
	'lists of everybody, and the views of the server');
as('keeper', 'shop', 'GRANT USAGE ON SCHEMA m_item_knn TO guest; GRANT SELECT ON purchases, products TO guest');
is( as('guest', 'shop', 'SELECT count(*) FROM m_item_knn.recommend(1, 5)'), '5', 'others, by two grants');
is( as('guest', 'shop', q{
		SELECT count(*) > 5 FROM purchases p, LATERAL (SELECT 1) x
		HAVING affinity.activity_agg(customer_id, at, 'month', 'UTC') IS NOT NULL}),
	't', 'and states');

# ---- tables of others ----------------------------------------------------

# Whoever owns a schema may drop what others have in it, and not read it.
$node->safe_psql('shop', q{
	CREATE SCHEMA app AUTHORIZATION keeper;
	CREATE TABLE app.items (item_no integer, item_id text, popularity real, neighbors integer[], scores real[], factors real[]);
	INSERT INTO app.items VALUES (0, 'secret', 1, '{}', '{}', NULL)});
as('keeper', 'shop', q{
	CREATE TABLE app.model OF affinity.model_record;
	INSERT INTO app.model VALUES (1, 'item_knn', '{}', false, 1, 1, 1, 1, 0, 0, now(), '1 s', '{}');
	CREATE VIEW app.interactions AS SELECT customer_id AS user_id, product AS item_id, 1 AS weight, at FROM purchases});
foreach my $call ('upgrade_model', 'refresh_model')
{
	like(refused('keeper', 'shop', qq{SELECT affinity.$call('app')}),
		qr/ERROR:  55000: table "items" of model "app" is of role "\Q$super\E", and its table "model" of another/,
		"a table of others is not handed over with a model that was put together around it ($call)");
}
like(refused('keeper', 'shop', 'SELECT FROM app.items'), qr/ERROR:  42501: permission denied for table items/, 'nor read');
$node->safe_psql('shop', 'DROP SCHEMA app CASCADE');

# ---- a schema of its name ------------------------------------------------

# The schema's owner may rename it; what C code reads is still what the extension made.
as('keeper', 'shop', q{
	CREATE TABLE shelf AS SELECT * FROM products;
	CREATE TABLE store AS SELECT * FROM products;
	SELECT FROM affinity.create_model('ruled', 'SELECT customer_id, product FROM purchases', 'popular');
	SELECT FROM affinity.set_rules('ruled', 'shelf', 'in_stock')});
as('keeper', 'shop', q{
	ALTER SCHEMA affinity RENAME TO kept;
	CREATE SCHEMA affinity;
	CREATE TYPE affinity.model_record AS (algorithm bigint, options bigint, version text);
	CREATE SCHEMA made;
	CREATE TABLE made.model OF affinity.model_record;
	INSERT INTO made.model VALUES (1, 2, '3')});
is( as('keeper', 'shop', 'SELECT count(*) FROM m_item_knn.recommend(1, 5)'), '5',
	'models are found where the schema was renamed');
is( as('keeper', 'shop', q{SELECT count(*), count(*) FILTER (WHERE name = 'made') FROM kept.models}),
	(@algorithms + 1) . '|0',
	'and a table of a type of that name is no model');
is(as('keeper', 'shop', q{SELECT count(*) > 5 FROM kept.explain_call('m_item_knn', 1)}), 't', 'calls are explained');
as('keeper', 'shop', q{SELECT FROM kept.set_rules('ruled', 'store', 'in_stock')});
is( as('keeper', 'shop', q{
		SELECT tgrelid::regclass, tgfoid::regproc FROM pg_trigger
		WHERE tgrelid IN ('shelf'::regclass, 'store'::regclass) ORDER BY 1}),
	'store|kept.catalog_changed', 'rules get and lose triggers of the extension');
as('keeper', 'shop', q{SELECT FROM kept.drop_model('ruled')});
is(as('keeper', 'shop', q{SELECT count(*) FROM pg_trigger WHERE tgrelid = 'store'::regclass}), '0', 'which go with the model');
like(refused('keeper', 'shop', q{SELECT kept.refresh_model('made')}),
	qr/ERROR:  42704: /, 'nor is it refreshed');
as('keeper', 'shop', 'DROP SCHEMA made CASCADE; DROP SCHEMA affinity CASCADE; ALTER SCHEMA kept RENAME TO affinity');

# ---- dump and restore ----------------------------------------------------

my $lists = q{SELECT c, r.rank, r.item_id, r.score FROM generate_series(1, 201, 10) c, m_ease.recommend(c, 5) r ORDER BY 1, 2};
my $members = q{SELECT count(*) FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
	WHERE e.extname = 'affinity' AND d.deptype = 'e'};
my @want = map { as('keeper', 'shop', $_) } ($lists, $members);
my $dump = $node->basedir . '/shop.sql';
$node->safe_psql('shop', 'DROP TABLE seen; DROP FUNCTION see()');
$node->command_ok([ 'pg_dump', '-U', 'keeper', '-f', $dump, $node->connstr('shop') ], 'its owner dumps the database');
$node->command_ok(
	[ 'psql', '-Xq', '-U', 'keeper', '-v', 'ON_ERROR_STOP=1', '-f', $dump, $node->connstr('copy') ],
	'and restores it, without an error');
is(as('keeper', 'copy', $lists), $want[0], 'the same lists');
is(as('keeper', 'copy', $members), $want[1], 'as many objects belong to the extension');
$node->command_checks_all(
	[ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $dump, $node->connstr('dba') ],
	0,
	[qr/^/],
	[qr/WARNING:  schema "affinity" belonged to role "keeper" and belongs to "\Q$super\E" now/],
	'a superuser restores it too');
is( $node->safe_psql('dba', q{SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'affinity'}),
	$super, 'who owns the schema then');
is($node->safe_psql('dba', $lists), $want[0], 'the same lists');
like(refused('keeper', 'dba', 'DROP EXTENSION affinity CASCADE'),
	qr/ERROR:  42501: must be owner of extension affinity/, 'and its database\'s owner does not drop it');

# ---- dropping it ---------------------------------------------------------

as('keeper', 'shop', "SELECT FROM affinity.drop_model('m_$_')") foreach @algorithms;
as('keeper', 'shop', 'DROP EXTENSION affinity');
is( as('keeper', 'shop', q{
		SELECT count(*) FROM pg_depend WHERE refclassid = 'pg_namespace'::regclass AND refobjid = 'affinity'::regnamespace}),
	'0', 'DROP EXTENSION leaves an empty schema');

# ---- a schema that is there before ---------------------------------------

as('keeper', 'shop', 'CREATE FUNCTION affinity.list_models() RETURNS integer LANGUAGE sql AS $$SELECT 1$$');
foreach my $role ('keeper', $super)
{
	my $err = refused($role, 'shop', 'CREATE EXTENSION affinity');

	like($err, qr/ERROR:  55000: schema "affinity" is not empty\n.*DETAIL:  It has function list_models\(\)\./,
		"what it has is refused ($role)");
}
as('keeper', 'shop', 'CREATE SCHEMA aside; ALTER FUNCTION affinity.list_models() SET SCHEMA aside');
as('keeper', 'shop', 'CREATE EXTENSION affinity; DROP EXTENSION affinity; DROP SCHEMA affinity');

$node->safe_psql('shop', 'CREATE SCHEMA affinity AUTHORIZATION mallory');
like(refused('keeper', 'shop', 'CREATE EXTENSION affinity'),
	qr/ERROR:  42501: schema "affinity" exists and belongs to another role\n.*DETAIL:  Its owner is role "mallory"/,
	'a schema of another role is refused');
$node->safe_psql('shop', 'GRANT CREATE ON SCHEMA affinity TO PUBLIC');
like(refused($super, 'shop', 'CREATE EXTENSION affinity'),
	qr/ERROR:  42501: schema "affinity" exists and belongs to another role/,
	'to a superuser too, where others may create objects in it');
$node->safe_psql('shop', 'REVOKE CREATE ON SCHEMA affinity FROM PUBLIC');
like(refused($super, 'shop', 'CREATE EXTENSION affinity'),
	qr/WARNING:  01000: schema "affinity" belonged to role "mallory" and belongs to "\Q$super\E" now/,
	'or is the superuser\'s from now on');
like(refused('mallory', 'shop', 'CREATE FUNCTION affinity.f() RETURNS integer LANGUAGE sql AS $$SELECT 1$$'),
	qr/ERROR:  42501: permission denied for schema affinity/, 'and no longer that role\'s');
$node->safe_psql('shop', 'DROP EXTENSION affinity');
as('keeper', 'shop', 'CREATE EXTENSION affinity');
is( as('keeper', 'shop', q{SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'affinity'}),
	$super, 'a superuser\'s schema is good for everybody');
as('keeper', 'shop', 'DROP EXTENSION affinity');
$node->safe_psql('shop', 'ALTER SCHEMA affinity OWNER TO keeper');

# Another session makes an object there between the first statement and the last: it
# holds up COMMENT ON SCHEMA by a lock, and commits when it sees that waiting.
my $other = $node->background_psql('shop', extra_params => [ '-U', 'keeper' ]);
$other->query_safe(q{BEGIN; COMMENT ON SCHEMA affinity IS 'mine'});
my $create = $node->background_psql('shop', on_error_stop => 0, extra_params => [ '-U', 'keeper' ]);
$create->query_until(qr/^begun$/m, "\\echo begun\nCREATE EXTENSION affinity;\n");
$node->poll_query_until('shop', q{SELECT count(*) > 0 FROM pg_locks WHERE NOT granted})
  or die 'CREATE EXTENSION waits for nothing';
$other->query_safe(q{CREATE FUNCTION affinity.late() RETURNS integer LANGUAGE sql AS 'SELECT 1'; COMMIT});
$other->quit;
my $said = $create->query('SELECT 1');
like($create->{stderr}, qr/ERROR:  another session made an object in schema "affinity" meanwhile: function late\(\)/,
	'what another session makes there meanwhile is seen');
$create->quit;
is(as('keeper', 'shop', q{SELECT count(*) FROM pg_extension WHERE extname = 'affinity'}), '0', 'and nothing is created');
as('keeper', 'shop', 'DROP FUNCTION affinity.late(); CREATE EXTENSION affinity');
pass('until it is gone');

# CREATE on the database is enough, as for every trusted extension.
as('keeper', 'shop', 'DROP EXTENSION affinity; DROP SCHEMA affinity; GRANT CREATE ON DATABASE shop TO guest');
as('guest', 'shop', 'CREATE EXTENSION affinity');
is(as('guest', 'shop', 'SELECT affinity.jaccard(ARRAY[1, 2], ARRAY[2, 3]) > 0.3'), 't', 'a role that may create schemas creates it');

$node->stop;
done_testing();
