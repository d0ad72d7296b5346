# From each released version to this one: the library serves what the older install SQL
# made, ALTER EXTENSION UPDATE leaves the catalog that a fresh install has, and models,
# states and what is built on them answer as they did.
use strict;
use warnings;

use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Older;
use Shop;

# Symbols of the library that look how they are called (PG_NARGS()), since an older version
# does so with other arguments: "symbol(arguments)" => a query that does, which is answered as
# in a fresh install.
my %serves_both = (
	'affinity_cluster_test(text[], affinity.cluster_metric[], text, double precision)' => q{
		SELECT r.* FROM (SELECT array_agg(state ORDER BY arm) AS states FROM (
			SELECT arm, affinity.cluster_metric_agg(g * arm % 7, g % 9) AS state FROM generate_series(1, 60) g, generate_series(1, 3) arm GROUP BY arm) a) s,
			affinity.cluster_experiment(ARRAY['a', 'b', 'c'], s.states, 'a', 0.9) r ORDER BY variant},
);

# Mistaken calls never look at their state, of which 0.1.0 knew another type: both say what to write.
my %mistaken = (
	'affinity_customer_summary_mistake(bytea, affinity.moment, text)' => q{customer_summary(now(), text '5')},
	'affinity_customer_summary_mistake(bytea, affinity.moment, text, text)' => q{customer_summary(now(), text '5', 'day')},
	'affinity_customer_summary_mistake(bytea, double precision, affinity.moment)' => q{customer_summary(5, now())},
	'affinity_customer_summary_mistake(bytea, double precision, affinity.moment, text)' => q{customer_summary(5, now(), 'day')},
	'affinity_profile_numeric_mistake(bytea, double precision)' => q{contrast_numeric(5)},
	'affinity_survival_duration_mistake(bytea, "any", interval, boolean)' => q{log_rank('a', interval '1 day', true)},
	'affinity_survival_rank_event_mistake(bytea, "any", double precision)' => q{log_rank('a', 5)},
	'affinity_survival_text_mistake(bytea, "any", text, boolean)' => q{log_rank('a', text '5', true)},
	'affinity_trending_as_of_mistake(bytea, affinity.moment, interval)' => q{velocity(now(), interval '1 day')},
	'affinity_trending_number_mistake(bytea, affinity.moment, double precision, affinity.moment)' => q{velocity(now(), 7, now())},
	'affinity_trending_text_mistake(bytea, text, interval, affinity.moment)' => q{velocity(text 'now', interval '1 day', now())},
	'affinity_trending_text_mistake(bytea, text, text, affinity.moment)' => q{velocity(text 'now', text '1 day', now())},
	'affinity_trending_window_mistake(bytea, affinity.moment)' => q{velocity(now())},
);
foreach my $call (keys %mistaken)
{
	$serves_both{$call} = qq{
		CREATE FUNCTION pg_temp.says() RETURNS text LANGUAGE plpgsql AS \$says\$
		DECLARE
			hint text;
		BEGIN
			PERFORM affinity.$mistaken{$call};
			RETURN 'nothing';
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
			RETURN concat_ws(' ', SQLSTATE, SQLERRM, hint);
		END \$says\$;
		SELECT pg_temp.says()};
}

my $this = version_of();
my @versions = sort map { m{/affinity--(.*)\.sql\.xz$} } glob project() . '/test/data/upgrade/affinity--*.sql.xz';
@versions = grep { $_ ne $this } @versions;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
add_files($node, map { ("affinity--$_.sql" => kept("affinity--$_.sql.xz")) } @versions);

$node->safe_psql('postgres', 'CREATE DATABASE fresh');
$node->safe_psql('fresh', 'CREATE EXTENSION affinity');
is($node->safe_psql('fresh', q{SELECT extversion FROM pg_extension WHERE extname = 'affinity'}), $this, "a fresh install is $this");
my $fresh = catalog_of($node, 'fresh');
create_shop($node, 'fresh');
create_model($node, 'fresh', 'knn', 'item_knn');


# dump_of DATABASE: what pg_dump says of the extension's own objects, which it does only
# for pg_upgrade; without numbers, and in any order.
sub dump_of
{
	my ($db) = @_;
	my $file = $node->basedir . "/$db.dump";

	$node->command_ok([ 'pg_dump', '-s', '--binary-upgrade', '-f', $file, $node->connstr($db) ], "pg_dump of $db");
	my $text = slurp_file($file);
	$text =~ s/^(?:--.*|SELECT pg_catalog\.(?:binary_upgrade_set|set_config).*|\\(?:un)?restrict.*)\n//mg;
	return join "\n", sort grep { /\S/ } map { s/\s*\n\s*/ /gr } split /;\n/, $text;
}

# symbols_of DATABASE: how each symbol is called. Names of arguments do not matter.
sub symbols_of
{
	my ($db) = @_;
	my %how;

	foreach my $line (split /\n/, $node->safe_psql($db, q{
		SELECT prosrc || '(' || coalesce((SELECT string_agg(t::regtype::text, ', ' ORDER BY no) FROM unnest(proargtypes) WITH ORDINALITY a (t, no)), '') || ')', proisstrict, proretset,
			CASE WHEN proallargtypes IS NULL THEN prorettype::regtype::text ELSE (SELECT string_agg(t::regtype::text, ', ' ORDER BY no)
				FROM unnest(proallargtypes, proargmodes) WITH ORDINALITY a (t, m, no) WHERE m IN ('o', 't', 'b')) END
		FROM pg_proc WHERE probin LIKE '%affinity' ORDER BY 1}))
	{
		my ($call, $strict, $set, $result) = split /\|/, $line;

		push @{ $how{$call} }, [ $strict, $set, $result ];
	}
	return \%how;
}

# Is one of the ways of this version what the older one is called with? A row may have
# gained columns at its end.
sub serves
{
	my ($old, $new) = @_;

	foreach my $way (@$new)
	{
		next if $way->[1] ne $old->[1] || ($old->[0] eq 't' && $way->[0] eq 'f');
		return 1 if $way->[2] eq $old->[2] || ($old->[1] eq 't' && index("$way->[2], ", "$old->[2], ") == 0);
	}
	return 0;
}

ok(@versions > 0, 'an older version is kept');
my $bare = "bare_$this" =~ s/\W/_/gr;
$node->safe_psql('postgres', "CREATE DATABASE $bare");
$node->safe_psql($bare, 'CREATE EXTENSION affinity');
my $dump_of_fresh = dump_of($bare);

foreach my $version (@versions)
{
	my $db = "from_$version" =~ s/\W/_/gr;

	# ---- the library of today, the catalog of then ----
	my $script = kept("affinity--$version.sql.xz");
	my $library = slurp_file((split /:/, $node->safe_psql('postgres', 'SHOW dynamic_library_path'))[0] . '/affinity.so');
	my %named = map { $_ => 1 } $script =~ /^AS 'MODULE_PATHNAME', '(\w+)'/mg;
	my @missing = grep { index($library, "\0pg_finfo_$_\0") < 0 } sort keys %named;
	ok(keys %named > 100, "$version: " . keys(%named) . ' symbols are named');
	is("@missing", '', "$version: the library has every symbol that its install SQL names");

	$node->safe_psql('postgres', "CREATE DATABASE $db");
	$node->safe_psql($db, "CREATE EXTENSION affinity VERSION '$version'");
	my ($old, $new) = (symbols_of($db), symbols_of('fresh'));
	my @other;
	foreach my $call (sort keys %$old)
	{
		foreach my $way (@{ $old->{$call} })
		{
			push @other, $call unless $serves_both{$call} || ($new->{$call} && serves($way, $new->{$call}));
		}
	}
	is(join("\n", @other), '', "$version: symbols are called as they were")
	  or diag("Another list of arguments, strictness or row for the same symbol of C: $version calls it the old way with this library.\n"
		  . 'Give the function a symbol of its own, or let it look (PG_NARGS()), and say so in %serves_both here.');
	foreach my $call (grep { $old->{$_} && !$new->{$_} } sort keys %serves_both)
	{
		is($node->safe_psql($db, $serves_both{$call}), $node->safe_psql('fresh', $serves_both{$call}), "$version: $call answers as now");
	}

	is(restore($node, $db, $version), '', "$version: its database is there");
	my $answers = kept("answers-$version.csv.xz");
	chomp $answers;
	is(answers_of($node, $db), $answers, "$version: the library gives the answers of then") or diag('not upgraded yet');
	is($node->safe_psql($db, q{SELECT count(*) FROM affinity.models WHERE status = 'damaged'}), '0', "$version: no model is damaged");
	my $definitions = q{SELECT md5(string_agg(pg_get_functiondef(p.oid), '' ORDER BY p.oid)) FROM pg_proc p WHERE pronamespace = 'theirs'::regnamespace};
	my $before = $node->safe_psql($db, $definitions);
	is($node->safe_psql($db, q{SELECT FROM affinity.refresh_model('theirs'); SELECT affinity.upgrade_models() IS NULL LIMIT 1}), 'f', "$version: models are refreshed before the update");
	is($node->safe_psql($db, $definitions), $before, "$version: which leaves functions as they are");
	my ($status, $out, $err) = $node->psql($db, q{\set VERBOSITY verbose
		SELECT FROM affinity.create_model('fresh', 'SELECT customer_id, product FROM purchases', 'popular')});
	ok($status == 0 || $err =~ /55000.*HINT:.*ALTER EXTENSION affinity UPDATE/s, "$version: a model is made, or the hint is to update") or diag($err);
	$node->psql($db, q{SELECT affinity.drop_model('fresh')});

	# what models of then call has to be in a fresh install too: their dumps are restored there
	my $called = $node->safe_psql($db, q{
		SELECT DISTINCT d.refobjid::regprocedure FROM pg_depend d JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
			JOIN affinity.models m ON m.name = p.pronamespace::regnamespace::text OR quote_ident(m.name) = p.pronamespace::regnamespace::text
			JOIN pg_proc c ON d.refclassid = 'pg_proc'::regclass AND c.oid = d.refobjid WHERE c.pronamespace = 'affinity'::regnamespace ORDER BY 1});
	ok($called ne '', "$version: functions of models call functions of the extension");
	my @gone = grep { $node->safe_psql('fresh', "SELECT to_regprocedure('$_') IS NULL") eq 't' } split /\n/, $called;
	is("@gone", '', "$version: these are there still") or diag('Keep them beside the new ones, as sql/model/recommend.sql does.');

	# ---- the update ----
	my $stray = q{SELECT count(*) FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
		LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
		WHERE d.deptype = 'e' AND coalesce(p.pronamespace, c.relnamespace) <> 'affinity'::regnamespace AND extname = 'affinity'};
	my $owners = q{SELECT DISTINCT n.nspname, p.proowner::regrole FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN affinity.models m ON m.name = n.nspname ORDER BY 1, 2};
	my $granted = q{SELECT has_function_privilege('affinity_reader', p.oid, 'EXECUTE'), has_function_privilege('affinity_keeper', p.oid, 'EXECUTE'), has_schema_privilege('affinity_reader', 'theirs', 'USAGE')
		FROM pg_proc p WHERE pronamespace = 'knn'::regnamespace AND proname = 'audience'};
	my $answered = answers_of($node, $db);
	my @kept = map { $node->safe_psql($db, $_) } $stray, $owners, $granted;
	($status, $out, $err) = $node->psql($db, 'ALTER EXTENSION affinity UPDATE');
	is($status, 0, "$version: ALTER EXTENSION affinity UPDATE") or diag($err);
	unlike($err, qr/WARNING/, "$version: without a warning");
	is($node->safe_psql($db, q{SELECT extversion FROM pg_extension WHERE extname = 'affinity'}), $this, "$version: it is $this then");
	is(differences(catalog_of($node, $db), $fresh), '', "$version: the catalog is that of a fresh install")
	  or diag('test/upgrade prints the script that sql/upgrade should have.');
	is(answers_of($node, $db), $answered, "$version: the same answers after the update");
	is_deeply([ map { $node->safe_psql($db, $_) } $stray, $owners, $granted ], \@kept, "$version: no object of a model joins the extension; owners and grants stay");
	is($node->safe_psql($db, q{SELECT string_agg(DISTINCT status, ' ' ORDER BY status) FROM affinity.models}), 'ready untrained', "$version: no model is of an older version");
	is(model_functions($node, $db, 'knn'), model_functions($node, 'fresh', 'knn'), "$version: functions of models are those of a new model");
	is($node->safe_psql($db, q{SELECT DISTINCT done FROM affinity.upgrade_models()}), 'nothing to do', "$version: nothing is left to do");
	$node->safe_psql($db, 'REFRESH MATERIALIZED VIEW CONCURRENTLY picks');
	$node->safe_psql($db, q{SELECT affinity.refresh_model(name) FROM affinity.models WHERE status = 'ready'});
	is($node->safe_psql($db, q{SELECT count(*) FROM affinity.models WHERE status = 'ready'}), '9', "$version: models are refreshed after it");

	my $bare = "bare_$version" =~ s/\W/_/gr;
	$node->safe_psql('postgres', "CREATE DATABASE $bare");
	$node->safe_psql($bare, "CREATE EXTENSION affinity VERSION '$version'; ALTER EXTENSION affinity UPDATE");
	my $dump_of_updated = dump_of($bare);
	like($dump_of_updated, qr/CREATE FUNCTION "?affinity"?\."?create_model/, "$version: which has the extension's objects");
	is(differences($dump_of_updated, $dump_of_fresh), '', "$version: the same dump as of a fresh install");

	# ---- restored where the extension is of this version already ----
	my $restored = "into_$db";
	$node->safe_psql('postgres', "CREATE DATABASE $restored");
	$node->safe_psql($restored, 'CREATE EXTENSION affinity');
	is(restore($node, $restored, $version), '', "$version: a dump of it is restored into $this");
	is(answers_of($node, $restored), $answers, "$version: the same answers there");
	is($node->safe_psql($restored, q{SELECT count(*) FROM affinity.upgrade_models() WHERE done LIKE 'failed%'}), '0', "$version: its models are upgraded");
	is($node->safe_psql($restored, q{SELECT string_agg(DISTINCT status, ' ' ORDER BY status) FROM affinity.models}), 'ready untrained', "$version: all of them");
	is(answers_of($node, $restored), $answers, "$version: the same answers after that");

	# ---- a dump after the update, restored ----
	my $dump = $node->basedir . "/$db.sql";
	my $again = "again_$db";
	$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr($db) ], "$version: pg_dump after the update");
	$node->safe_psql('postgres', "CREATE DATABASE $again");
	$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', $dump, $node->connstr($again) ], "$version: and its restore");
	is(answers_of($node, $again), answers_of($node, $db), "$version: the same answers there");
	is($node->safe_psql($again, q{SELECT count(*) FROM affinity.models WHERE status NOT IN ('ready', 'untrained')}), '0', "$version: models are whole");
}

$node->stop;
done_testing();
