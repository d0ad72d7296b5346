# Earlier versions of the extension for the Perl tests: what test/data/upgrade keeps, put
# where a server finds it, and what there is to compare after an upgrade.
package Older;
use strict;
use warnings;

use File::Copy qw(copy);
use File::Find qw(find);
use File::Path qw(make_path);
use File::Spec;
use FindBin;
use PostgreSQL::Test::Utils;

use Exporter 'import';
our @EXPORT = qw(project kept add_files restore answers_of catalog_of differences version_of model_functions);

# Tests run in a copy of test/t beside the build.
sub project
{
	my ($dir) = grep { -d "$_/test/data/upgrade" } map { "$FindBin::RealBin/$_" } '../..', '../../pgaffinity';

	die "the project's folder is not here" unless $dir;
	return $dir;
}

# kept FILE: the text of a file of test/data/upgrade.
sub kept
{
	my ($file) = @_;
	my $path = project() . "/test/data/upgrade/$file";

	return slurp_file($path) unless $file =~ /\.xz$/;
	open my $in, '-|', 'xz', '-dc', $path or die "xz: $!";
	local $/;
	my $text = <$in>;
	close $in or die "xz -dc $path failed";
	return $text;
}

sub version_of
{
	return slurp_file(project() . '/affinity.control') =~ /default_version = '(.*)'/ ? $1 : die 'no version';
}

# add_files NODE, NAME => TEXT …: the server finds these beside the extension's own files.
# It is running, and is reloaded.
sub add_files
{
	my ($node, %files) = @_;
	my $stage = $node->safe_psql('postgres', q{SELECT current_setting('extension_destdir', true)});
	my $more = File::Spec->rel2abs($node->basedir . '/stage');
	my $to;

	if ($stage ne '')
	{
		# Debian's setting: a root folder
		find({ no_chdir => 1, wanted => sub {
				return unless m{/extension/affinity[^/]*$};
				my $file = $more . substr($File::Find::name, length $stage);
				$to = $file =~ s{/[^/]*$}{}r;
				make_path($to);
				copy($File::Find::name, $file) or die "$file: $!" unless -e $file;
		} }, $stage);
		(my $lib) = $node->safe_psql('postgres', 'SHOW dynamic_library_path') =~ /^([^:]*)/;
		my $link = $more . substr($lib, length $stage);
		make_path($link =~ s{/[^/]*$}{}r);
		symlink $lib, $link unless -e $link;
		$node->safe_psql('postgres', "ALTER SYSTEM SET extension_destdir = '$more'");
	}
	else
	{
		my $path = $node->safe_psql('postgres', q{SELECT current_setting('extension_control_path', true)});
		my ($from) = grep { -e "$_/extension/affinity.control" } split /:/, $path;

		die 'nobody knows where the extension is' unless $from;
		$to = "$more/extension";
		make_path($to);
		foreach my $file (glob "$from/extension/affinity*")
		{
			copy($file, $to . ($file =~ m{(/[^/]*)$})[0]) or die "$file: $!";
		}
		$node->safe_psql('postgres', "ALTER SYSTEM SET extension_control_path = '$more:$path'") if $from ne $more;
	}
	append_to_file("$to/$_", $files{$_}) foreach keys %files;
	$node->reload;
	return;
}

# restore NODE, DATABASE, VERSION: the database that was kept of a version, into one that
# has the extension, and so its schema. What psql says.
sub restore
{
	my ($node, $db, $version) = @_;
	my $file = $node->basedir . "/kept-$version.sql";

	append_to_file($file, kept("database-$version.sql.xz") =~ s/^CREATE SCHEMA affinity;$//mr) unless -e $file;
	$node->safe_psql('postgres', "DO \$\$ BEGIN CREATE ROLE $_; EXCEPTION WHEN duplicate_object THEN NULL; END \$\$") foreach qw(affinity_keeper affinity_reader);
	IPC::Run::run([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', $file, $node->connstr($db) ], '2>', \my $err);
	return $err;
}

# What the kept questions are answered now.
sub answers_of
{
	my ($node, $db) = @_;

	return $node->safe_psql($db, kept('answers.sql'), extra_params => ['--csv']);
}

# A line for each object of the extension, with all that the catalog says of it.
sub catalog_of
{
	my ($node, $db) = @_;

	return $node->safe_psql($db, <<'SQL');
SET search_path = pg_catalog;
CREATE FUNCTION pg_temp.acl(acl aclitem[]) RETURNS text BEGIN ATOMIC
	SELECT string_agg(concat_ws(' ', grantee::regrole, privilege_type, is_grantable), ', ' ORDER BY grantee, privilege_type) FROM aclexplode(acl); END;
WITH member AS (
	SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, 0) AS what
	FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
	WHERE e.extname = 'affinity' AND d.deptype = 'e')
SELECT regexp_replace(line, E'\\s*\n\\s*', ' ', 'g') FROM (
SELECT m.what || ': ' || concat_ws('; ', pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), CASE WHEN prokind <> 'a' THEN pg_get_functiondef(p.oid) END,
	l.lanname, prokind, procost, prorows, prosupport, prosecdef, proleakproof, proisstrict, proretset, provolatile, proparallel, proconfig, prosrc, probin, pg_temp.acl(coalesce(proacl, acldefault('f', proowner))),
	proowner::regrole) AS line
FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid JOIN pg_language l ON l.oid = p.prolang
UNION ALL SELECT m.what || ' (aggregate): ' || concat_ws('; ', aggkind, aggnumdirectargs, aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn,
	aggminvtransfn, aggmfinalfn, aggfinalextra, aggmfinalextra, aggfinalmodify, aggmfinalmodify, aggsortop::regoperator, aggtranstype::regtype, aggtransspace, aggmtranstype::regtype,
	aggmtransspace, agginitval, aggminitval)
FROM member m JOIN pg_aggregate a ON m.classid = 'pg_proc'::regclass AND a.aggfnoid = m.objid
UNION ALL SELECT m.what || ': ' || concat_ws('; ', typlen, typbyval, typtype, typcategory, typispreferred, typdelim, typelem::regtype, typarray::regtype, typinput, typoutput, typreceive,
	typsend, typmodin, typmodout, typanalyze, typsubscript, typalign, typstorage, typnotnull, typbasetype::regtype, typdefault, pg_temp.acl(coalesce(typacl, acldefault('T', typowner))), typowner::regrole)
FROM member m JOIN pg_type t ON m.classid = 'pg_type'::regclass AND t.oid = m.objid
UNION ALL SELECT m.what || ' (columns): ' || string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, col_description(a.attrelid, a.attnum)), ', ' ORDER BY a.attnum)
FROM member m LEFT JOIN pg_type t ON m.classid = 'pg_type'::regclass AND t.oid = m.objid
	JOIN pg_attribute a ON a.attrelid = CASE WHEN m.classid = 'pg_class'::regclass THEN m.objid ELSE t.typrelid END AND a.attnum > 0 AND NOT a.attisdropped GROUP BY m.what
UNION ALL SELECT m.what || ': ' || concat_ws('; ', relkind, relpersistence, reloptions, pg_temp.acl(coalesce(relacl, acldefault('r', relowner))), relowner::regrole, pg_get_viewdef(c.oid))
FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
UNION ALL SELECT m.what || ': ' || concat_ws('; ', oprkind, oprcanmerge, oprcanhash, oprresult::regtype, oprcom::regoperator, oprnegate::regoperator, oprcode, oprrest, oprjoin)
FROM member m JOIN pg_operator o ON m.classid = 'pg_operator'::regclass AND o.oid = m.objid
UNION ALL SELECT m.what || ': ' || concat_ws('; ', castfunc::regprocedure, castcontext, castmethod)
FROM member m JOIN pg_cast c ON m.classid = 'pg_cast'::regclass AND c.oid = m.objid
UNION ALL SELECT m.what || ': ' || concat_ws('; ', opcdefault, opckeytype::regtype, opcintype::regtype)
FROM member m JOIN pg_opclass c ON m.classid = 'pg_opclass'::regclass AND c.oid = m.objid
UNION ALL SELECT m.what || ' (comment): ' || obj_description(m.objid, (SELECT relname FROM pg_class WHERE oid = m.classid)) FROM member m
	WHERE obj_description(m.objid, (SELECT relname FROM pg_class WHERE oid = m.classid)) IS NOT NULL
UNION ALL SELECT DISTINCT m.what || ' (depends on): ' || concat_ws(' ', d.deptype, pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid))
FROM member m JOIN pg_depend d ON d.classid = m.classid AND d.objid = m.objid
UNION ALL SELECT m.what || ' (of any kind)' FROM member m
UNION ALL SELECT 'schema affinity: ' || concat_ws('; ', nspowner::regrole, pg_temp.acl(nspacl), obj_description(oid, 'pg_namespace')) FROM pg_namespace WHERE nspname = 'affinity'
UNION ALL SELECT 'extension affinity: ' || concat_ws('; ', extrelocatable, extconfig, extcondition, obj_description(oid, 'pg_extension')) FROM pg_extension WHERE extname = 'affinity'
UNION ALL SELECT 'event trigger ' || evtname || ': ' || concat_ws('; ', evtevent, evtfoid::regprocedure, evtenabled, evttags) FROM pg_event_trigger
) x (line)
SQL
}

# differences UPGRADED, FRESH: in words, '' for none.
sub differences
{
	my ($upgraded, $fresh) = @_;
	my %upgraded = map { $_ => 1 } split /\n/, $upgraded;
	my %fresh = map { $_ => 1 } split /\n/, $fresh;

	return join '', (map { "only after the upgrade: $_\n" } grep { !$fresh{$_} } sort keys %upgraded),
		(map { "only in a fresh install: $_\n" } grep { !$upgraded{$_} } sort keys %fresh);
}

# The functions of a model's schema, without its name.
sub model_functions
{
	my ($node, $db, $model) = @_;

	return $node->safe_psql($db, qq{
		SELECT replace(pg_get_functiondef(p.oid), quote_ident(n.nspname), 'model') || ' ' || coalesce(obj_description(p.oid, 'pg_proc'), '')
		FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = '$model' ORDER BY p.oid::regprocedure::text COLLATE "C"});
}

1;
