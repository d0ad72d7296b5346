# From a made-up older version, which lacks functions and a type, has others in another
# form, models with older functions and states of an older format: what test/upgrade makes
# of the difference leads to the catalog of a fresh install. Models are remade, each as its
# owner, and nobody can stop that or gain by it.
use strict;
use warnings;

use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Older;

my $this = version_of();
my $sql = slurp_file(project() . "/affinity--$this.sql");

# ---- the older version ------------------------------------------------------

# older PATTERN, TEXT: what it had there. If this fails, the install SQL has become another:
# choose something else of the kind.
my $old = $sql;
sub older
{
	my ($pattern, $text) = @_;

	ok($old =~ s/$pattern/$text/, "the older version has another $pattern" =~ s/\s+/ /gr);
}

# It lacks a type with all that is about it, a function, a cast, a grant and a comment, ...
my @parts = split /\n\n+/, $old;
my @lacks = grep { /affinity\.(?:decayed|upgrade_model\b)/ && /;\s*\z/ } @parts;
cmp_ok(scalar(@lacks), '>', 20, 'the older version lacks ' . scalar(@lacks) . ' statements');
$old = join "\n\n", grep { !(/affinity\.(?:decayed|upgrade_model\b)/ && /;\s*\z/) } @parts;
older(qr/^CREATE CAST \(pg_catalog\.timestamptz AS affinity\.moment\)[^;]*;\n/m, '');
older(qr/^GRANT EXECUTE ON FUNCTION affinity\.candidates_core[^;]*;\n/m, '');
older(qr/^COMMENT ON AGGREGATE affinity\.dot\([^;]*;\n/m, "COMMENT ON AGGREGATE affinity.dot(pg_catalog.float8, pg_catalog.float8) IS\n\t'former words';\n");
# ... columns of a row, of a view and of a function, ...
older(qr/,\n\trate_high pg_catalog\.float8,\n\tcomplete pg_catalog\.bool\n(?=\);\n\nCOMMENT ON TYPE affinity\.retention_row)/, "\n");
older(qr/^COMMENT ON COLUMN affinity\.models\.lag[^;]*;[^;\n]*(?:[^;]*;)?\n/m, '');
older(qr/,\n\t\((?:(?!\n\t\)).)*\n\t\) AS lag/s, '');
older(qr/,\n\tOUT description pg_catalog\.text\)/, ')');
# ... other properties of a function and an aggregate, ...
older(qr/(?<=IMMUTABLE STRICT PARALLEL SAFE)(?=\nAS 'MODULE_PATHNAME', 'affinity_activity_users')/, ' COST 77');
older(qr/(?<=CREATE AGGREGATE affinity\.euclidean\(x pg_catalog\.float8, y pg_catalog\.float8\) \()([^;]*),\n\tPARALLEL = SAFE/, "\n\tSFUNC = affinity.differences_accum,\n\tSTYPE = pg_catalog.float8[],\n\tFINALFUNC = affinity.euclidean_final,\n\tCOMBINEFUNC = affinity.differences_combine,\n\tINITCOND = '{0,0,0,0}'");
# ... rights that it gave and that are as good as given, ...
older(qr/^GRANT SELECT ON affinity\.models TO PUBLIC;/m, 'GRANT SELECT, INSERT ON affinity.models TO PUBLIC;');
older(qr/^(?=COMMENT ON FUNCTION affinity\.list_models\(\))/m, "GRANT EXECUTE ON FUNCTION affinity.list_models() TO PUBLIC;\n\n");
# ... and functions and an aggregate that are gone since.
$old .= <<'SQL';

CREATE FUNCTION affinity.former_accum(state pg_catalog.int8, number pg_catalog.int8 DEFAULT 1)
RETURNS pg_catalog.int8
LANGUAGE SQL IMMUTABLE
AS 'SELECT $1 OPERATOR(pg_catalog.+) $2';

COMMENT ON FUNCTION affinity.former_accum(pg_catalog.int8, pg_catalog.int8) IS
	'what there was';

CREATE AGGREGATE affinity.former(number pg_catalog.int8) (
	SFUNC = affinity.former_accum,
	STYPE = pg_catalog.int8,
	INITCOND = '0'
);

CREATE FUNCTION affinity.former_unused(VARIADIC words pg_catalog.text[])
RETURNS pg_catalog.int8
LANGUAGE SQL IMMUTABLE
AS 'SELECT 1';

GRANT EXECUTE ON FUNCTION affinity.former_unused(pg_catalog.text[]) TO PUBLIC;
SQL
isnt($old, $sql, 'it is another version');

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\ndeadlock_timeout = 100ms");
$node->start;

my ($from, $to) = map { $node->basedir . "/$_.sql" } qw(old new);
append_to_file($from, $old);
append_to_file($to, $sql);
IPC::Run::run([ $^X, project() . '/test/upgrade', $from, $to, '0.0.2' ], '>', \my $script, '2>', \my $err);
is($?, 0, 'test/upgrade writes the script') or diag($err, $script);

# Queries keep the columns that a row had: they are stored again where it gains one.
my $small = <<'SQL';
CREATE TYPE affinity.pair AS (
	x pg_catalog.int4
);

CREATE FUNCTION affinity.pairs()
RETURNS SETOF affinity.pair
LANGUAGE C STABLE
AS 'MODULE_PATHNAME', 'affinity_pairs';

CREATE FUNCTION affinity.number_of_pairs()
RETURNS pg_catalog.int8
LANGUAGE SQL STABLE
BEGIN ATOMIC
SELECT pg_catalog.count(*) FROM (SELECT r.* FROM affinity.pairs() r) p;
END;
SQL
my @small = map { $node->basedir . "/small-$_.sql" } 1, 2;
append_to_file($small[0], $small);
append_to_file($small[1], $small =~ s/int4\n/int4,\n\ty pg_catalog.int4\n/r);
IPC::Run::run([ $^X, project() . '/test/upgrade', @small, '1.0' ], '>', \my $small_script);
like($small_script, qr/ADD ATTRIBUTE y pg_catalog\.int4 CASCADE;\s+CREATE OR REPLACE FUNCTION affinity\.number_of_pairs/, 'a query of rows that gain a column is made again');
unlike($small_script, qr/affinity\.pairs\(\)\s+RETURNS/, 'what gives them is not');
add_files($node, 'affinity--0.0.1.sql' => $old,
	# the step before it changes nothing, and comes to the models too early
	'affinity--0.0.1--0.0.2.sql' => "SELECT FROM affinity.upgrade_models();\n",
	"affinity--0.0.2--$this.sql" => $script,
	'affinity--99.0.sql' => $sql, 'affinity--99.0--99.1.sql' => "SELECT FROM affinity.upgrade_models();\n");

$node->safe_psql('postgres', q{CREATE ROLE keeper LOGIN; CREATE ROLE reader; CREATE DATABASE fresh; CREATE DATABASE old; CREATE DATABASE later;
	GRANT CREATE ON DATABASE old TO keeper});
$node->safe_psql('fresh', 'CREATE EXTENSION affinity');
my $fresh = catalog_of($node, 'fresh');
my $rows = q{CREATE TABLE ev AS SELECT n % 20 AS customer, (n * n) % 13 AS product, 1 + n % 3 AS quantity FROM generate_series(1, 300) n;
	CREATE INDEX ON ev (customer); GRANT SELECT ON ev TO PUBLIC;};
my $query = 'SELECT customer, product, quantity FROM public.ev';
$node->safe_psql('fresh', qq{$rows SELECT FROM affinity.create_model('shop', '$query', 'item_knn')});

# ---- what is made with it ---------------------------------------------------

$node->safe_psql('old', "CREATE EXTENSION affinity VERSION '0.0.1'; $rows");
isnt(differences(catalog_of($node, 'old'), $fresh), '', 'the catalogs differ');

my ($status, $out, $refused) = $node->psql('old', qq{\\set VERBOSITY verbose
	CREATE FUNCTION pg_temp.nothing() RETURNS int LANGUAGE sql AS 'SELECT 1';
	SELECT FROM affinity.create_model('shop', '$query', 'item_knn')});
is($status, 0, 'models are made with what there is') or diag($refused);
$node->safe_psql('old', qq{
	SELECT affinity.create_model(name, '$query', 'item_knn') FROM unnest(ARRAY['second', 'busy', 'broken', 'gone']) name;
	SELECT FROM affinity.create_model('kept', '$query', 'item_knn', materialize => true);
	SELECT FROM affinity.create_model('arrived', '$query', 'item_knn', train => false);
	INSERT INTO arrived.items SELECT * FROM second.items;
	INSERT INTO arrived.model SELECT * FROM second.model;
	SET ROLE keeper;
	CREATE SCHEMA keeper;
	CREATE TABLE keeper.log (who name, path text);
	CREATE SEQUENCE keeper.runs;
	CREATE FUNCTION keeper.spy(item int) RETURNS int LANGUAGE plpgsql AS \$\$
	BEGIN
		PERFORM nextval('keeper.runs');
		INSERT INTO keeper.log VALUES (current_user, current_setting('search_path'));
		BEGIN
			EXECUTE 'ALTER ROLE keeper SUPERUSER';
		EXCEPTION WHEN OTHERS THEN
		END;
		BEGIN
			EXECUTE 'RESET SESSION AUTHORIZATION';
			EXECUTE 'ALTER ROLE keeper SUPERUSER';
		EXCEPTION WHEN OTHERS THEN
		END;
		RETURN item;
	END \$\$;
	SELECT FROM affinity.create_model('theirs', 'SELECT customer, keeper.spy(product), quantity FROM public.ev', 'item_knn', materialize => true);
	CREATE FUNCTION keeper.forever() RETURNS boolean LANGUAGE sql AS 'SELECT true FROM keeper.log, pg_sleep(3600)';
	CREATE FUNCTION keeper.trap() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(3600); RETURN NEW; END';
	SELECT affinity.create_model(name, '$query', 'item_knn') FROM unnest(ARRAY['policed', 'trapped', 'other']) name;
	ALTER TABLE policed.model ENABLE ROW LEVEL SECURITY;
	ALTER TABLE policed.model FORCE ROW LEVEL SECURITY;
	CREATE POLICY forever ON policed.model USING (keeper.forever());
	CREATE TRIGGER trap BEFORE INSERT OR DELETE ON trapped.model FOR EACH ROW EXECUTE FUNCTION keeper.trap();
	-- what reads the definition of an index computes what is constant in it, and who parses a text its constants
	CREATE FUNCTION keeper.quiet(item int) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM nextval(''keeper.runs''); RETURN true; END';
	SELECT affinity.create_model(name, '$query', 'item_knn') FROM unnest(ARRAY['indexed', 'partial', 'mixed']) name;
	CREATE INDEX ON indexed.model ((keeper.quiet(1)));
	CREATE INDEX ON partial.model (version) WHERE keeper.quiet(1);
	CREATE INDEX ON mixed.items ((keeper.quiet(1)));
	CREATE DOMAIN keeper.listened AS int CHECK (keeper.quiet(VALUE));
	SELECT affinity.create_model('parsed', '$query WHERE product <> ALL (''{-1}''::keeper.listened[]::int[])', 'item_knn');
	CREATE TABLE keeper.items AS SELECT DISTINCT product AS item_id, true AS sold FROM public.ev;
	SELECT FROM affinity.set_rules('parsed', 'SELECT item_id, sold FROM keeper.items WHERE item_id <> ALL (''{-1}''::keeper.listened[]::int[])', eligible => 'sold');
	TRUNCATE keeper.log;
	ALTER SEQUENCE keeper.runs RESTART;
	GRANT USAGE ON SCHEMA theirs TO reader});

# Its functions of models: of fewer arguments, another body, or not there.
sub made_older
{
	my ($model) = @_;

	return qq{
		DO \$\$ BEGIN EXECUTE 'CREATE OR REPLACE VIEW $model.definition AS ' || (SELECT replace(pg_get_viewdef('$model.definition'), objects, 'older') FROM $model.definition); END \$\$;
		DROP FUNCTION $model.recommend, $model.recommend_items, $model.explain, $model.audience;
		CREATE FUNCTION $model.recommend(user_id bigint, k bigint DEFAULT 10, candidates bigint[] DEFAULT '[0:0]={NULL}', exclude bigint[] DEFAULT NULL, exclude_seen boolean DEFAULT true)
		RETURNS TABLE (item_id integer, score real, rank integer, personalized boolean) STABLE
		BEGIN ATOMIC SELECT t.item_id, t.score, t.rank, t.personalized FROM affinity.recommend_core('$model', \$1, \$2, affinity.candidates_core(\$3), \$4, \$5)
			AS t(item_id integer, score real, rank integer, personalized boolean); END;
		REVOKE EXECUTE ON FUNCTION $model.recommend FROM PUBLIC;
		GRANT EXECUTE ON FUNCTION $model.recommend TO reader;
		CREATE FUNCTION $model.explain(user_id bigint, item_id bigint, k bigint DEFAULT 5) RETURNS TABLE (because_id integer) STABLE
		BEGIN ATOMIC SELECT t.because_id FROM affinity.explain_core('$model', \$1, \$2, \$3)
			AS t(because_id integer, weight real, similarity real, contribution real, share real, rank integer); END;
		CREATE OR REPLACE FUNCTION $model.popular_before() RETURNS bigint STABLE BEGIN ATOMIC SELECT count(*) FROM $model.items; END;};
}
$node->safe_psql('old', q{SELECT FROM affinity.create_model('by_hand', 'SELECT customer, product FROM public.ev', 'popular');
	CREATE OR REPLACE VIEW by_hand.interactions WITH (security_invoker = true) AS SELECT customer AS user_id, product AS item_id, 1::real AS weight, NULL::timestamptz AS at FROM ev WHERE product > 2});
$node->safe_psql('old', made_older($_)) foreach qw(shop second busy arrived by_hand);
$node->safe_psql('old', 'SET ROLE keeper;' . made_older('theirs') . 'DROP TABLE theirs.kept_interactions;');
$node->safe_psql('old', 'SET ROLE keeper;' . made_older($_)) foreach qw(policed trapped other indexed partial mixed parsed);
$node->safe_psql('old', 'ALTER SCHEMA mixed OWNER TO reader');
$node->safe_psql('old', 'DROP TABLE trapped.popular_items');
$node->safe_psql('old', q{
	DROP VIEW broken.definition; CREATE TABLE broken.definition AS SELECT 1;
	DROP VIEW gone.interactions;
	CREATE VIEW shop_front AS SELECT c AS customer, r.* FROM generate_series(1, 5) c, shop.recommend(c, 3, exclude_seen => false) r;
	CREATE VIEW second_best AS SELECT * FROM second.neighbors WHERE rank <= 2;
	CREATE MATERIALIZED VIEW tips AS SELECT * FROM second.recommend_all(3);
	CREATE VIEW options AS SELECT algorithm, option, "default" FROM affinity.algorithm_options();
	CREATE VIEW totals AS SELECT affinity.former(product) FROM ev;
	CREATE TABLE reported (r affinity.retention_row);
	CREATE VIEW listed AS SELECT name, status FROM affinity.models});

# States of an older format, as they were stored.
$node->safe_psql('old', q{CREATE TABLE state (name text, type text, state text); CREATE TABLE stored (name text, activity affinity.activity, value affinity.value, funnel affinity.funnel)});
$node->command_ok([ 'psql', '-Xq', '-c', '\copy state FROM ' . project() . '/test/data/format/states.csv CSV', $node->connstr('old') ], 'states of an older format');
$node->safe_psql('old', q{INSERT INTO stored SELECT name, CASE type WHEN 'activity' THEN state END::affinity.activity, CASE type WHEN 'value' THEN state END::affinity.value,
	CASE type WHEN 'funnel' THEN state END::affinity.funnel FROM state WHERE type IN ('activity', 'value', 'funnel')});
is($node->safe_psql('old', q{SELECT count(*) > 5 FROM state WHERE type = 'funnel' AND get_byte(decode(state, 'base64'), 4) = 1}), 't', 'there are funnels of format 1');
my $reports = q{SELECT md5(string_agg(x, E'\n' ORDER BY x COLLATE "C")) FROM (
	SELECT name || activity::text || value::text FROM stored UNION ALL SELECT name || funnel::text FROM stored WHERE funnel IS NOT NULL
	UNION ALL SELECT name || r::text FROM stored, affinity.lifecycle(activity) r
	UNION ALL SELECT name || r::text FROM stored, affinity.revenue_retention(value) r UNION ALL SELECT name || s::text FROM stored, affinity.funnel_steps(funnel) s) y (x)};
my $reported = $node->safe_psql('old', $reports);
my $lists = q{SELECT * FROM shop_front ORDER BY customer, rank};
my $listed = $node->safe_psql('old', $lists);
isnt($listed, '', 'views over models answer');

my $arrived = 'SELECT i.item_id, s.* FROM arrived.items i, arrived.similar_items(i.item_id, 5) s ORDER BY 1, rank';
my $similar = $node->safe_psql('old', $arrived);
is($node->safe_psql('old', q{SELECT version FROM affinity.models WHERE name = 'arrived'}), '1', 'a model that came from another server');

# The nightly refresh before the update: it trains, and leaves functions as they are.
$node->safe_psql('old', q{SELECT FROM affinity.refresh_model('second')});
is($node->safe_psql('old', q{SELECT version, status, hint FROM affinity.models WHERE name = 'second'}), '2|older version|ALTER EXTENSION affinity UPDATE;',
	'a refresh of the library before the update trains, and the hint is to update');
is($node->safe_psql('old', q{SELECT to_regproc('second.recommend_items') IS NULL, pronargs FROM pg_proc WHERE oid = 'second.recommend'::regproc}), 't|5', 'its functions are those of before');
like($node->safe_psql('old', q{SELECT done FROM affinity.upgrade_models() WHERE name = 'second'}), qr/is of version 0\.0\.1, its library of \Q$this\E: ALTER EXTENSION affinity UPDATE;$/, 'so says upgrade_models');
($status, $out, $err) = $node->psql('old', q{\set VERBOSITY verbose
	SELECT affinity.alter_model('second', 'SELECT customer, product::text, quantity FROM ev')});
like($err, qr/ERROR:  55000: functions of model "second" are to be made anew.*HINT: .*ALTER EXTENSION affinity UPDATE;/s, 'other types of ids need the functions of the other version');

# ---- the update -------------------------------------------------------------

my $session = $node->background_psql('old', on_error_stop => 0);
$session->query_safe('BEGIN; LOCK TABLE busy.model IN ACCESS EXCLUSIVE MODE;') if $session->can('query_safe');
($status, $out, $err) = $node->psql('old', 'ALTER EXTENSION affinity UPDATE');
is($status, 0, 'ALTER EXTENSION UPDATE') or diag($err);
note($err);
like($err, qr/INFO:  model "$_" was upgraded: /, "$_ is upgraded") foreach qw(shop second other arrived parsed);
like($err, qr/WARNING:  model "$_" was not upgraded/, "$_ stops nothing") foreach qw(busy broken theirs policed trapped indexed partial mixed gone);
is($node->safe_psql('old', 'SELECT is_called FROM keeper.runs'), 'f', 'nothing that an owner wrote was run');
is($node->safe_psql('old', q{SELECT DISTINCT proowner::regrole FROM pg_proc WHERE pronamespace = 'other'::regnamespace}), 'keeper', 'what is made for another owner is that owner\'s');
(undef, undef, my $foreign) = $node->psql('old', q{SELECT affinity.upgrade_model('mixed')});
like($foreign, qr/ERROR:  table "items" of model "mixed" is not of the owner of its schema, and runs code/, 'a table of another role that runs code is not taken over');
is($node->safe_psql('old', 'SELECT is_called FROM keeper.runs'), 'f', 'nor does looking at it run that');
like($err, qr/HINT:  It goes on serving. To upgrade it later: SELECT affinity.upgrade_model\('broken'\);/, 'the hint');
unlike($err, qr/model "kept"/, 'of what needs nothing nothing is said');
like($err, qr/model "shop" was upgraded: [^\n]*recommend kept: others depend on it/, 'what a view is built on stays');
like($err, qr/WARNING:  FUNCTION affinity\.$_/, "so does $_") foreach qw(algorithm_options_of_0_0_2 former_accum_of_0_0_2);
like($err, qr/WARNING:  AGGREGATE affinity\.former_of_0_0_2/, 'and an aggregate');
unlike($err, qr/former_unused/, 'what nobody needs goes without a word');
$session->query_safe('COMMIT;');
$session->query_safe('BEGIN; LOCK TABLE ev IN ACCESS EXCLUSIVE MODE;');
($status, $out, $err) = $node->psql('old', q{SET lock_timeout = '200ms';
	BEGIN;
	CREATE TABLE beside ();
	SELECT done FROM affinity.upgrade_models() WHERE name = 'second';
	COMMIT;
	SELECT to_regclass('beside')});
is("$status|$out|$err", "0|failed: canceling statement due to lock timeout\nbeside|", 'a source that is locked fails by itself, and the transaction goes on');
$session->query_safe('COMMIT;');
$session->quit;
is($node->safe_psql('old', q{SELECT affinity.upgrade_model('busy') <> 'nothing to do'}), 't', 'the one that was locked is upgraded later');
is($node->safe_psql('old', q{SELECT affinity.upgrade_model('busy')}), 'nothing to do', 'by itself');
like($node->safe_psql('old', q{SELECT affinity.upgrade_model('theirs')}), qr/kept_interactions made/, 'one whose source has to be read is upgraded by hand');
($status, $out, $err) = $node->psql('old', q{\set VERBOSITY verbose
	SELECT affinity.upgrade_model('broken')});
like($err, qr/ERROR:  55000:.*HINT:/s, 'upgrade_model says what is in the way');

# ---- what there is then -----------------------------------------------------

is($node->safe_psql('old', 'SELECT r FROM reported'), '', 'a table of a row that gained columns');
is($node->safe_psql('old', $lists), $listed, 'the view over the older function answers as before');
is($node->safe_psql('old', $arrived), $similar, 'what came from another server serves as before');
isnt($node->safe_psql('old', 'SELECT former FROM totals'), '', 'that over a function that is gone too');
is($node->safe_psql('old', q{SELECT affinity.refresh_model('by_hand'); SELECT count(*) FROM by_hand.interactions}) =~ s/\s//gr,
	$node->safe_psql('old', 'SELECT count(*) FROM ev WHERE product > 2'), 'a view that was replaced before the update is the definition after it');
$node->safe_psql('old', 'REFRESH MATERIALIZED VIEW tips; SELECT * FROM options; SELECT * FROM second_best; SELECT * FROM listed');
is($node->safe_psql('old', $reports), $reported, 'states say what they said');

my $dump = $node->basedir . '/old.dump';
$node->safe_psql('old', q{SELECT affinity.drop_model(name, true) FROM unnest(ARRAY['broken', 'policed', 'trapped', 'indexed', 'partial', 'mixed', 'parsed']) name});
$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('old') ], 'pg_dump with what stayed');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', $dump, $node->connstr('restored') ], 'is restored into a fresh install');
is($node->safe_psql('restored', 'SELECT * FROM totals'), $node->safe_psql('old', 'SELECT * FROM totals'), 'with views over what is gone');
is($node->safe_psql('restored', $lists), $listed, 'and over models');

$node->safe_psql('old', q{DROP VIEW options, totals;
	DROP FUNCTION affinity.algorithm_options_of_0_0_2; DROP AGGREGATE affinity.former_of_0_0_2(int8); DROP FUNCTION affinity.former_accum_of_0_0_2});
is(differences(catalog_of($node, 'old'), $fresh), '', 'the catalog is that of a fresh install');

# functions of models
my $extra = qr/[^\n]*CREATE OR REPLACE FUNCTION model\.popular_before.*?END\s*\n?/s;
my $wanted = model_functions($node, 'fresh', 'shop');
is(model_functions($node, 'old', $_) =~ s/$extra//r, $wanted, "functions of $_ are those of a new model") foreach qw(second busy other arrived);
like($node->safe_psql('old', q{SELECT status FROM affinity.models WHERE name = 'shop'}), qr/^older version$/, 'where one stays, the model is of an older version');
$node->safe_psql('old', 'DROP VIEW shop_front');
like($node->safe_psql('old', q{SELECT affinity.upgrade_model('shop')}), qr/recommend made/, 'until nobody needs it');
is(model_functions($node, 'old', 'shop') =~ s/$extra//r, $wanted, 'then its functions are those of a new model too');
is($node->safe_psql('old', q{SELECT count(*) FROM pg_proc WHERE proname = 'popular_before'}), '7', 'a function of a user in the schema of a model stays');
is($node->safe_psql('old', q{SELECT string_agg(concat_ws(' ', m, has_function_privilege('reader', p.oid, 'EXECUTE'), has_function_privilege('keeper', p.oid, 'EXECUTE')), ', ' ORDER BY m)
		FROM unnest(ARRAY['second', 'busy']) m, pg_proc p WHERE p.oid = (m || '.recommend')::regproc}), 'busy t f, second t f', 'who may call it stays as it was');
is($node->safe_psql('old', q{SELECT DISTINCT proowner::regrole FROM pg_proc WHERE pronamespace = 'theirs'::regnamespace UNION SELECT relowner::regrole FROM pg_class
		WHERE relnamespace = 'theirs'::regnamespace}), 'keeper', 'so it is by hand');
is($node->safe_psql('old', 'SELECT DISTINCT who, path FROM keeper.log'), 'keeper|pg_catalog, pg_temp', 'a source that has to be read runs as the owner, restricted');
is($node->safe_psql('old', q{SELECT rolsuper FROM pg_roles WHERE rolname = 'keeper'}), 'f', 'which does not make a superuser');
is($node->safe_psql('old', q{SELECT count(*) FROM pg_depend d JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
		WHERE d.deptype = 'e' AND p.pronamespace <> 'affinity'::regnamespace AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'affinity')}), '0',
	'no function of a model belongs to the extension');
$node->safe_psql('old', q{DROP VIEW IF EXISTS second_best; SELECT affinity.refresh_model(name) FROM affinity.models WHERE name <> 'gone'});
is($node->safe_psql('old', q{SELECT string_agg(DISTINCT status, ' ') FROM affinity.models WHERE name <> 'gone'}), 'ready', 'all are refreshed and ready');

# ---- back, and a library that is older than the extension --------------------

($status, $out, $err) = $node->psql('old', q{ALTER EXTENSION affinity UPDATE TO '0.0.1'});
like($err, qr/no update path/, 'there is no way back');
$node->safe_psql('later', qq{CREATE EXTENSION affinity VERSION '99.0'; $rows SELECT FROM affinity.create_model('shop', '$query', 'item_knn')});
$node->safe_psql('later', made_older('shop') =~ s/TO reader/TO PUBLIC/r);
is($node->safe_psql('later', q{SELECT FROM affinity.refresh_model('shop'); SELECT pronargs FROM pg_proc WHERE oid = 'shop.recommend'::regproc}), '5', 'a refresh by an older library leaves later functions');
like($node->safe_psql('later', 'SELECT done FROM affinity.upgrade_models()'), qr/library of version \Q$this\E, .* of 99\.0: connect anew/, 'and upgrade_models says what to do');
($status, $out, $err) = $node->psql('later', q{ALTER EXTENSION affinity UPDATE TO '99.1'});
is($status, 0, 'an update in a session of an older library');
like($err, qr/WARNING:  no model was upgraded\nHINT:  .*library of version \Q$this\E, .* of 99\.1: connect anew.* Then: SELECT affinity\.upgrade_models\(\);/, 'says that models wait');

$node->stop;
done_testing();
