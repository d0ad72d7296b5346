# Runs TAP tests as prove and pg_prove do, and counts single tests for test/run.
#
#	perl test/prove.pl COUNTS [--jobs N] [--pgtap DATABASE] FILE…
#
# So many files at a time; those of pgTAP, which make tables of the same names, in
# databases DATABASE1, DATABASE2 and so on. COUNTS becomes a file: "passed failed
# skipped", then the names of the files that failed. A test that was planned and did
# not run is a failure, and so is a file that breaks off.
use strict;
use warnings;

use File::Basename qw(dirname);
use TAP::Harness;

$| = 1;
my $counts = shift @ARGV;
my %args = (failures => 1, errors => 1, timer => 1);

if (($ARGV[0] // '') eq '--jobs')
{
	(undef, $args{jobs}) = splice @ARGV, 0, 2;
}

if (($ARGV[0] // '') eq '--pgtap')
{
	(undef, $ENV{APART_DATABASE}) = splice @ARGV, 0, 2;
	$ENV{APART_DATABASES} = $args{jobs} // 1;
	$ENV{APART_LOCKS} = "$counts.lock";
	$args{sources} = {
		pgTAP => {
			psql => dirname(__FILE__) . '/psql_apart',
			suffix => '.sql',
			pset => { format => 'unaligned', tuples_only => 1 },
		}
	};
}
die "no test files\n" unless @ARGV;

my $result = TAP::Harness->new(\%args)->runtests(@ARGV);
my ($failed, $skipped) = (0, scalar $result->skipped);
my @failed_files;

foreach my $file (@ARGV)
{
	my ($parser) = $result->parsers($file);
	my $planned = $parser->tests_planned // 0;
	my $lost = $planned - $parser->tests_run;
	my $bad = $parser->failed + ($lost > 0 ? $lost : 0);

	$bad = 1 if !$bad && ($parser->has_problems || !defined $parser->plan);
	$failed += $bad;
	push @failed_files, $file if $bad;
}

open my $out, '>', $counts or die "$counts: $!\n";
print $out join(' ', $result->passed - $skipped, $failed, $skipped), "\n",
  map { "$_\n" } @failed_files;
close $out or die "$counts: $!\n";
exit($failed ? 1 : 0);
