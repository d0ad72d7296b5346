# Arguments for the fuzzers of test/hard: SQL expressions of any type, by type and
# by the name of the argument. All chance is rand(), so a seed gives the same.
package Values;
use strict;
use warnings;

use Exporter 'import';
our @EXPORT_OK = qw(pick chance quote value vary @states %state_type @models $fresh);

our @states;    # [type, name, base64]
our %state_type;    # the types of states that have values, but for sequence_next
our @models;    # names of schemas
our $fresh;     # a state of a type from a random aggregate, as an expression

sub pick { return $_[ int rand @_ ]; }
sub chance { return rand() < $_[0]; }

sub quote
{
	my ($text) = @_;

	return "'" . $text =~ s/'/''/gr . "'" unless $text =~ /[\\\n\t\x01-\x1f]/;
	$text =~ s/(['\\])/$1$1/g;
	$text =~ s/([\x01-\x1f])/sprintf '\\x%02x', ord $1/ge;
	return "E'$text'";
}

# Words that mean something to an argument of this name.
my %words = (
	unit => [qw(hour day day week month quarter year week_sunday Week minute year_april quarter_february)],
	cohort_unit => [qw(day week month quarter year hour year_april)],
	state => [qw(active new returning resurrecting dormant churned)],
	time_zone => [ qw(UTC Etc/UTC Europe/Berlin America/New_York Asia/Kolkata CET +05:30 EST5EDT Mars/Olympus localtime) ],
	mode => [
		qw(default first_ever recurring strict_order strict_deduplication strict_increase any_order fixed adjacent same_row hold_last),
		'optional 2', 'exclude 3', 'exclude 3 between 1 and 2', 'any_order 1 2', 'optional 2, exclude 4', 'any_order 2 3, hold_last',
		'exclude_last', 'deduplication', 'optional 1', 'any_order 1 99999999999', 'strict_order strict_increase',
		'exclude 1', 'optional 2 3 4 5 6 7 8', 'unbounded', 'first'
	],
	criterion => [qw(on on_or_after bracket ON nothing)],
	denominator => [qw(total eligible previous first active)],
	pattern => [
		'(?1)', '(?1)(?2)', '(?1).*(?2)', '(?1)(?t<=3600)(?2)', '(?t>5)', '.*', '', '(?65)', '(?0)', '(?1', '(?1).(?2).*(?3)',
		'(?t==18446744073709551616)(?1)', '.*.*.*.*.*.*.*.*(?1)', '(?1)(?t<=-1)(?2)', '(?99999999999999999999)'
	],
	direction => [qw(forward backward sideways Forward)],
	base => [qw(head tail first_match last_match middle)],
	algorithm => [qw(item_knn next_item buy_again popular ease ials als magic)],
	query => [
		'SELECT u, i FROM hard.facts', 'SELECT u, i, w FROM hard.facts', 'SELECT u, i, w, at FROM hard.facts', 'SELECT u::text, i::text FROM hard.facts',
		'SELECT u, i FROM hard.facts WHERE false', 'SELECT u, i, v FROM hard.odd_log', 'SELECT u, i, v::float8, at FROM hard.log', 'SELECT 1',
		'SELECT NULL::int, NULL::int', 'SELECT t, t FROM hard.odd_log', 'SELECT x, b FROM hard.log', 'SELEC', '', ';', 'SELECT u, i FROM hard.facts; SELECT 1',
		'DELETE FROM hard.facts RETURNING u, i', 'TABLE hard.facts', 'VALUES (1, 2), (1, 3), (2, 3)', 'SELECT u, i, 1e-300::float8 FROM hard.facts',
		'SELECT u, i, CASE WHEN u = 3 THEN 3e38 ELSE 1 END::real FROM hard.facts', 'SELECT u, i, -w FROM hard.facts', 'SELECT 1/(u-3), i FROM hard.facts',
		'WITH f AS (SELECT u, i FROM hard.facts) SELECT * FROM f', 'SELECT u, 1 FROM hard.facts', 'SELECT 1, i FROM hard.facts', 'SELECT $1, 2'
	],
	k => [ '10', '0', '1', '3' ],
	game => [qw(conversions rate votes)],
	fill => [qw(missing zero nothing)],
	direct => [ 'direct', 'word 3', '' ],
	alternative => [qw(two_sided greater less more)],
	adjust => [qw(holm bh none bonferroni)],
	effect => [qw(difference lift ratio)],
	lift_interval => [qw(auto delta fieller)],
	z_interval => [qw(newcombe wald)],
	theta => [qw(pooled within)],
	quality => [qw(modularity cpm)],
	method => [
		qw(welch z cuped sequential msprt bayesian auto chi_square exact wilson clopper_pearson leiden label_propagation louvain),
		qw(neyman optimal equal)
	],
	models => [ map { $_, $_ } qw(first_touch last_touch last_non_direct linear position time_decay markov shapley) ],
	variants => [qw(A B C D E F)],
	control => [qw(A B C)]);
$words{$_} = [
	'SELECT u, i FROM hard.facts', 'SELECT u, i, w FROM hard.facts', 'SELECT u, i FROM hard.odd_log', 'SELECT u, i, v::float8 FROM hard.log', 'SELECT u::text, i::text FROM hard.facts',
	'SELECT x, x FROM hard.log', 'SELECT u, i FROM hard.facts WHERE false', 'SELECT u, u FROM hard.log', 'SELECT g, g / 2 FROM generate_series(1, 3000) g', 'SELECT g % 7, g FROM generate_series(1, 3000) g',
	'SELECT g % 50, g * g % 41, 1e300 FROM generate_series(1, 3000) g', 'SELECT g % 50, g * g % 41, 1e-300 FROM generate_series(1, 3000) g', 'SELECT a, b, (a * b % 3)::float8 FROM generate_series(1, 60) a, generate_series(1, 60) b',
	'SELECT NULL::int, NULL::int', 'SELECT 1', '', 'VALUES (1, 2), (2, 3), (3, 1)', "SELECT u, i, at, at + interval '1 day' FROM hard.log", 'SELECT u, i, at, at FROM hard.odd_log', "SELECT u, i, 'NaN'::float8 FROM hard.log", 'SELECT u, i, -w FROM hard.facts'
] foreach qw(edges invitations communities);

my @options = (
	'{}', 'null', '[]', '1', '{"neighbors": 3}', '{"neighbors": 1e300}', '{"neighbors": -1}', '{"neighbors": 1.5}', '{"nosuch": 1}', '{"factors": 1}',
	'{"factors": 512, "iterations": 1}', '{"factors": 3, "iterations": 0}', '{"factors": 4, "regularization": 1e-300}', '{"factors": 4, "regularization": 1e300}',
	'{"regularization": 0}', '{"regularization": -1}', '{"regularization": 1e-10, "method": "dense"}', '{"method": "sparse", "candidates": 2}',
	'{"method": "sparse", "candidates": 1000}', '{"similarity": "jaccard"}', '{"similarity": "cosine", "weights": "linear"}', '{"weighting": "bm25", "bm25_b": 0}',
	'{"weighting": "tfidf"}', '{"half_life": "30 days"}', '{"half_life": "0"}', '{"half_life": "178000000 years"}', '{"half_life": 30}', '{"similarity": null}',
	'{"shrinkage": 1e308}', '{"min_support": 2147483647}', '{"neighbor_exponent": -1e9}', '{"weights": "log"}', '{"alpha": 1e30}', '{"alpha": 0}', '{"iterations": 2}',
	'{"factors": 8, "method": "exact", "iterations": 2}', '{"score": "predicted"}', '{"neighbors": {"a": [1]}}');

my @texts = ('', 'a', ' ', 'i1', '1', "it's", '%s%n', '$1', 'NULL', 'word 3', "\x01\x02", "\\", 'item 3', '0', '-1', '1e400', 'public', 'm_knn', 'shop');

my %numbers = (
	smallint => [qw(32767 -32768)],
	integer => [qw(2147483647 -2147483648 2147483646 65536)],
	bigint => [qw(9223372036854775807 -9223372036854775808 4294967296 2147483648 -2147483649 1152921504606846976)],
	real => [qw(NaN Infinity -Infinity 3.4e38 -3.4e38 1.4e-45 -0 0.5 1e-30)],
	'double precision' => [qw(NaN Infinity -Infinity 1.7976931348623157e308 -1e308 5e-324 -0 0.5 1e300 1e-300 -1e-300 1e15 9.3e18 1e154 1e-154)],
	numeric => [qw(NaN Infinity -Infinity 1e1000 -1e400 1e-400 0.5 99999999999999999999 1e300 1e-300)]);

my @times = (
	'infinity', '-infinity', '4713-01-01 00:00:00+00 BC', '294276-12-31 23:59:59.999999+00', '2000-01-01 00:00:00+00', '1999-12-31 23:59:59.999999+00',
	'2024-02-29 12:00:00+00', '1970-01-01 00:00:00+00', '0001-01-01 00:00:00+00 BC', '2024-03-31 01:30:00+00', '2024-10-27 01:30:00+00', '9999-12-31 00:00+00');
my @intervals = (
	'0', '1 day', '-1 day', '1 month', '30 days', '178000000 years', '-178000000 years', '0.000001 s', '2147483647 days', '-2147483648 days',
	'1 hour', '7 days', '2562047788 hours', '2147483647 mons', '1 mon -30 days', '9 days 00:00:00.5');

# Types that stand for "any" and its like.
my @any = (
	'integer', 'bigint', 'smallint', 'text', 'uuid', 'double precision', 'real', 'numeric', 'boolean', 'date', 'timestamp with time zone', 'interval',
	'character varying', 'name', '"char"', 'oid', 'jsonb', 'bytea', 'integer[]', 'text[]', 'boolean[]', 'uuid[]', 'bigint[]', 'record', 'hard.mood', 'hard.small', 'hard.word', 'hard.pair',
	'unknown', 'affinity.activity', 'affinity.funnel', 'character(5)', 'bit', 'int4range', 'hard.small[]', 'hard.pair[]', 'void');

# What a column of hard.log gives for a type, where rows are at hand.
my %columns = (
	integer => [qw(l.u l.i l.n)], bigint => [qw(l.u::bigint l.i::bigint)], smallint => ['l.u::smallint'], text => [ 'l.t', 'l.u::text' ], uuid => ['l.x'],
	boolean => [ 'l.b', 'l.n = 1', 'l.n = 2', 'l.n = 3', 'l.n > 2' ], numeric => ['l.v'], 'double precision' => [ 'l.v::float8', 'l.n::float8' ], real => ['l.v::real'],
	'timestamp with time zone' => ['l.at'], 'timestamp without time zone' => [ 'l.at::timestamp' ], date => ['l.at::date']);

sub number
{
	my ($type) = @_;
	my $n = chance(0.6) ? pick(0, 1, 1, 2, 3, 4, 5, 7, 9, 11, 20, 40) : chance(0.5) ? pick(@{ $numbers{$type} }) : int(rand(2000)) - 1000;

	return "'$n'";
}

# value(TYPE, NAME, ROWS): an expression of that type, as format_type has it; ROWS:
# columns of l may be used.
sub value
{
	my ($type, $name, $rows) = @_;
	$name //= '';

	return $type =~ /^"?(any|anyelement|cstring|record|void|unknown)/ ? 'NULL' : "NULL::$type" if chance(0.04);
	return pick(@{ $columns{$type} }) if $rows && $columns{$type} && !($words{$name} && $type eq 'text') && chance(0.8);
	if ($type =~ /^(?:affinity\.)?(\w+)$/ && $state_type{$1})
	{
		my $of = $1;
		my $new = chance(0.35) && $fresh->($of);
		return "($new)" if $new;
		my ($state) = pick(grep { $_->[0] =~ /^$of(_user)?$/ } @states);

		return "(SELECT state FROM hard.state WHERE name = " . quote($state->[1]) . ")::affinity.$of";
	}
	return value(pick('timestamp with time zone', 'timestamp without time zone', 'date'), $name, $rows) . '::affinity.moment' if $type eq 'affinity.moment';
	# shares, probabilities and effects
	return pick(0, 1, 0.5, 0.05, 0.95, 0.99, 0.999, 0.8, 2.5, 100) . '::float8' if $type eq 'double precision' && chance(0.3);
	return number($type) . "::$type" if $numbers{$type};
	return pick(qw(true false)) . ($type eq 'boolean' ? '' : "::$type") if $type =~ /^(boolean|affinity\.condition)$/;
	return array($1, $name) . "::$type" if $type =~ /^(.*)\[\]$/;
	return text($name) . ($type eq 'text' ? '::text' : "::$type") if $type =~ /^(text|character.*|name|cstring|"char"|hard\.word|affinity\.(?:word|session_unit))$/;
	if ($type =~ /^(timestamp|date)/)
	{
		my $at = chance(0.5) ? sprintf("2024-%02d-%02d %02d:00:00+00", 1 + rand 12, 1 + rand 28, rand 24) : pick(@times);
		$at = '5874897-12-31' if $type eq 'date' && chance(0.05);
		return quote($at) . "::$type";
	}
	return quote(pick(@intervals)) . '::interval' if $type eq 'interval';
	return quote(pick('00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'c4ca4238-a0b9-2382-0dcc-509a6f75849b')) . '::uuid' if $type eq 'uuid';
	return quote(pick(@options)) . '::jsonb' if $type eq 'jsonb';
	return bytes() if $type eq 'bytea';
	return chance(0.85) ? quote(pick(@models)) . '::regnamespace' : pick('0', '1', '11', '4294967295', '99999') . '::oid::regnamespace' if $type eq 'regnamespace';
	return pick(0, 1, 23, 1259, 4294967295) . "::$type" if $type =~ /^(oid|regclass|regtype)$/;
	return number('integer') . '::integer' if $type eq 'hard.small' && chance(0.1);
	return int(rand 900) . '::hard.small' if $type eq 'hard.small';
	return "'low'::hard.mood" if $type eq 'hard.mood';
	return "ROW(1, 'x')::hard.pair" if $type eq 'hard.pair';
	return "ROW(" . int(rand 9) . ", 'x')" if $type eq 'record';
	return "B'1'" if $type eq 'bit';
	return "'[1,5)'::int4range" if $type eq 'int4range';
	return quote(pick(@texts)) if $type eq 'unknown' || $type eq 'void';
	return value(pick(@any), $name, $rows) if $type =~ /^"any"|^any/;
	return 'NULL';
}

sub bytes
{
	my (@next) = grep { $_->[0] eq 'sequence_next' } @states;

	return "(SELECT state FROM hard.state WHERE name = " . quote(pick(@next)->[1]) . ")::bytea" if @next && chance(0.5);
	return "'\\x" . join('', map { sprintf '%02x', rand 256 } 1 .. rand 60) . "'::bytea";
}

sub text
{
	my ($name) = @_;

	return quote(pick(@{ $words{$name} })) if $words{$name} && chance(0.85);
	return quote(pick(@{ $words{models} }, qw(auto ets theta naive seasonal_naive mean croston sba tsb ANN AAN AAdN AAA AAdA MAdM MNM))) if $name eq 'model' && chance(0.6);
	return quote(pick(@models, 'm_new', 'm_new')) if $name =~ /^(name|model)$/ && chance(0.8);
	return quote(pick(@intervals)) if $name =~ /^(window|gap)$/ && chance(0.8);
	return "repeat('" . pick('x', 'word ', '(?1)', 'exclude 2, ') . "', " . pick(64, 3000, 200000) . ")" if chance(0.04);
	return quote(pick(@texts));
}

# An array of any shape; the caller casts it.
sub array
{
	my ($type, $name) = @_;
	my $shape = rand;

	# as long as the one beside it
	return "ARRAY[" . join(', ', map { value($type, $name) } 1 .. 3) . "]" if ($state_type{ $type =~ s/^affinity\.//r } || $name =~ /^(variants|weights|counts|observed|previous)$/) && chance(0.8);
	return "'{}'" if $shape < 0.08;
	if ($shape < 0.12)
	{
		my $element = value($type, $name);
		# memory is judged: not many elements of much text
		return "array_fill($element, ARRAY[" . ($element =~ /repeat/ ? pick(1, 100) : pick(1, 100, 20000)) . "])";
	}
	if ($shape < 0.16 && $type =~ /^(integer|bigint|real|double precision|text|numeric)$/)
	{
		return "(SELECT array_agg(g" . pick('', ' % 7', ' * 1000') . ") FROM generate_series(1, " . pick(10, 300, 30000) . ") g)";
	}
	my @elements = map { chance(0.05) ? "NULL::$type" : value($type, $name) } 1 .. 1 + rand 9;
	if ($shape < 0.24)
	{
		return "ARRAY[[" . join('], [', map { my $e = $_; join ', ', map { $e } 1 .. 2 } @elements) . "]]";
	}
	if ($shape < 0.32)
	{
		my $low = pick(0, -5, 7, 2147483640 - @elements);
		return "array_fill($elements[0], ARRAY[" . @elements . "], ARRAY[$low])";
	}
	return "ARRAY[" . join(', ', @elements) . "]";
}

# vary(BYTES, OTHER): a mutant of a stored state. Most changes keep the length, and
# most are near the front, where kinds, counts and offsets are.
sub vary
{
	my ($bytes, $other) = @_;

	for (1 .. 1 + (chance(0.4) ? rand 4 : 0))
	{
		my $n = length $bytes or return $bytes;
		my $at = int(chance(0.5) ? rand($n < 96 ? $n : 96) : rand $n);
		my $word = $at & ~3;
		my $kind = int rand 12;

		if ($kind == 0) { substr($bytes, $at, 1) = chr int rand 256; }
		elsif ($kind == 1) { substr($bytes, $at, 1) ^= chr(1 << int rand 8); }
		elsif ($kind == 2) { substr($bytes, $at, 1) = chr pick(0, 1, 2, 127, 128, 254, 255); }
		elsif ($kind == 3 || $kind == 4)
		{
			next if $word + 4 > $n;
			my $old = unpack 'L', substr $bytes, $word, 4;
			substr($bytes, $word, 4) = pack 'L', pick(0, 1, 0x7fffffff, 0x80000000, 0xffffffff, $n, $old + 1, $old - 1, $old + 4, $old * 2, $old >> 1, 64, 65, 256);
		}
		elsif ($kind == 5)
		{
			$word = $at & ~7;
			next if $word + 8 > $n;
			my $old = unpack 'q', substr $bytes, $word, 8;
			substr($bytes, $word, 8) = pack 'q', pick(0, 1, -1, 9223372036854775807, -9223372036854775807 - 1, $old ^ 1, -$old, $old >> 3, 1 << 32);
		}
		elsif ($kind == 6) { substr($bytes, $at) = '' if chance(0.3); }
		elsif ($kind == 7) { $bytes .= join '', map { chr rand 256 } 1 .. pick(1, 4, 8, 60); }
		elsif ($kind == 8)
		{
			my $len = pick(1, 4, 8, 16);
			my $from = int rand $n;
			my $piece = substr $bytes, $from, $len;
			my $there = substr $bytes, $at, length $piece;

			next if length $there != length $piece;
			substr($bytes, $at, length $piece) = $piece;
			substr($bytes, $from, length $piece) = $there if $from + length $piece <= $at || $at + length $piece <= $from;
		}
		elsif ($kind == 9) { substr($bytes, $at, 0) = chr(pick(0, 255)) x pick(1, 4, 8); }
		elsif ($kind == 10) { substr($bytes, $at, pick(1, 4, 8)) = ''; }
		else
		{
			# the head of one, the rest of another
			my $cut = chance(0.5) ? pick(4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48) : int rand $n;
			$bytes = substr($bytes, 0, $cut) . (length $other > $cut ? substr($other, $cut) : '');
		}
	}
	return $bytes;
}

1;
