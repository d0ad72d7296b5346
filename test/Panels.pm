# What Grafana and Metabase make of a query before PostgreSQL sees it, and the panels of
# a dashboard of Grafana: for test/docs.
package Panels;
use strict;
use warnings;
use utf8;

use JSON::PP;

# The range of time and the variables that stand in a browser's place.
my ($from, $to, $interval) = ('2010-12-01T00:00:00Z', '2011-12-10T00:00:00Z', '12h');
my %seconds = (s => 1, m => 60, h => 3600, d => 86400, w => 604800, M => 2592000, y => 31536000);
my %variable = (unit => 'month', country => [ 'United Kingdom', 'France' ], customer => '17850');

sub quoted
{
	my ($text) = @_;

	return "'" . $text =~ s/'/''/gr . "'";
}

# ---- Grafana ------------------------------------------------------------

# A variable: one that may have several values is a list of literals, another one is
# put in as it is, its quotes doubled.
sub value_of
{
	my ($name) = @_;
	my $value = $variable{$name};

	return undef unless defined $value;
	return ref $value ? join ',', map { quoted($_) } @$value : $value =~ s/'/''/gr;
}

sub macro
{
	my ($name, @args) = @_;

	return $args[0] . ' AS "time"' if $name eq 'time';
	return "$args[0] BETWEEN '$from' AND '$to'" if $name eq 'timeFilter';
	return "'$from'" if $name eq 'timeFrom';
	return "'$to'" if $name eq 'timeTo';
	if ($name eq 'timeGroup' || $name eq 'timeGroupAlias')
	{
		my ($n, $unit) = $args[1] =~ /^'?(\d+)([smhdwMy])'?$/ or return undef;
		my $step = $n * $seconds{$unit};
		my $group = "floor(extract(epoch from $args[0])/$step)*$step";

		return $name eq 'timeGroup' ? $group : qq{$group AS "time"};
	}
	return undef;
}

# grafana(SQL): as it is sent; faults. Variables first, then macros, whose arguments
# end at the first parenthesis.
sub grafana
{
	my ($sql) = @_;
	my @faults;

	$sql =~ s/\$__interval\b/$interval/g;
	$sql =~ s/\$(?:\{([a-z]\w*)\}|([a-z]\w*))/my $name = $1 \/\/ $2; value_of($name) \/\/ do { push @faults, "no variable $name"; '' }/ge;
	$sql =~ s/\$__(\w+)\(([^)]*)\)/my ($name, $args) = ($1, $2);
		macro($name, map { s,^\s+|\s+$,,gr } split ',', $args) \/\/ do { push @faults, "no macro \$__$name($args)"; '' }/ge;
	push @faults, "what is $1?" while $sql =~ /(\$__\w+)/g;
	return ($sql, @faults);
}

# ---- Metabase -----------------------------------------------------------

# A number as it is, other values between quotes; undef for none.
sub literal
{
	my ($value) = @_;

	return undef unless defined $value;
	return $value =~ /^-?\d+(?:\.\d+)?$/ ? $value : quoted($value);
}

# metabase(SQL, 'name=value, …'): {{name}} is a literal; what stands in [[ ]] is left out
# where one of its variables has no value.
sub metabase
{
	my ($sql, $given) = @_;
	my %given = map { /^\s*(\w+)\s*=\s*(.*?)\s*$/ } split /,/, $given;
	my @faults;

	$sql =~ s/\[\[(.*?)\]\]/my $part = $1; (grep { !defined $given{$_} } $part =~ m,\{\{\s*(\w+)\s*\}\},g) ? '' : $part/gse;
	$sql =~ s/\{\{\s*(\w+)\s*\}\}/my $name = $1; literal($given{$name}) \/\/ do { push @faults, "no value of $name"; 'NULL' }/ge;
	return ($sql, @faults);
}

# ---- a dashboard ----------------------------------------------------------

# What Grafana's import needs, as faults.
sub check_dashboard
{
	my ($dashboard) = @_;
	my @faults;
	my %panel;

	foreach my $key (qw(title schemaVersion panels templating time __requires))
	{
		push @faults, "has no $key" unless defined $dashboard->{$key};
	}
	push @faults, 'has an id of its own, which an import must give' if defined $dashboard->{id};
	push @faults, 'has no variable for the data source'
	  unless grep { $_->{type} eq 'datasource' && $_->{name} eq 'datasource' } @{ $dashboard->{templating}{list} };
	my %required = map { ($_->{type} . ' ' . $_->{id}) => 1 } @{ $dashboard->{__requires} };
	foreach my $panel (@{ $dashboard->{panels} })
	{
		my $title = $panel->{title} // 'a panel';
		my $at = $panel->{gridPos} // {};

		push @faults, "$title: its id is there twice" if $panel{ $panel->{id} // '' }++;
		push @faults, "$title: no place" if grep { !defined $at->{$_} } qw(x y w h);
		push @faults, "$title: wider than the page" if ($at->{x} // 0) + ($at->{w} // 0) > 24;
		next if $panel->{type} eq 'row';
		push @faults, "$title: $panel->{type} is not in __requires" unless $required{"panel $panel->{type}"};
		foreach my $of ($panel, @{ $panel->{targets} })
		{
			push @faults, "$title: not of the chosen data source" if ($of->{datasource}{uid} // '') ne '${datasource}';
			push @faults, "$title: $of->{datasource}{type} is not in __requires" unless $required{"datasource $of->{datasource}{type}"};
		}
		push @faults, "$title: no query" unless @{ $panel->{targets} // [] };
		foreach my $target (@{ $panel->{targets} })
		{
			push @faults, "$title: format $target->{format}" unless $target->{format} =~ /^(?:table|time_series)$/;
			foreach my $name ($target->{rawSql} =~ /\$\{?([a-z]\w*)/g)
			{
				push @faults, "$title: $name is no variable"
				  unless grep { $_->{name} eq $name } @{ $dashboard->{templating}{list} };
			}
		}
	}
	return @faults;
}

# dashboard(FILE): its queries, {title, sql, series, empty}, and faults.
sub dashboard
{
	my ($file) = @_;
	my (@queries, @faults);

	open my $in, '<:raw', $file or return ([], "$file: $!");
	my $dashboard = eval { decode_json(do { local $/; <$in> }) } or return ([], "$file: $@");
	push @faults, map { "$file: $_" } check_dashboard($dashboard);
	foreach my $variable (grep { $_->{type} eq 'query' } @{ $dashboard->{templating}{list} })
	{
		push @queries, { title => "\$$variable->{name}", raw => $variable->{query} };
	}
	foreach my $panel (@{ $dashboard->{panels} })
	{
		push @queries, {
			title => $panel->{title},
			raw => $_->{rawSql},
			series => scalar($_->{format} eq 'time_series'),
			empty => scalar($panel->{description} =~ /empty/i) }
		  foreach @{ $panel->{targets} // [] };
	}
	foreach my $query (@queries)
	{
		($query->{sql}, my @wrong) = grafana($query->{raw});
		push @faults, map { "$file, $query->{title}: $_" } @wrong;
	}
	return (\@queries, @faults);
}

1;
