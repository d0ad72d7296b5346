# What is installed beside affinity, where a test's servers look for it: in the
# server's own folder, or in the one that TEMP_CONFIG names (extension_destdir).
package Installed;
use strict;
use warnings;

use Exporter 'import';
our @EXPORT = qw(is_installed);

sub is_installed
{
	my ($extension) = @_;
	my ($control) = `$ENV{PG_CONFIG} --sharedir` =~ /(.*)/;
	my $staged = '';

	$control .= "/extension/$extension.control";
	if (open my $file, '<', $ENV{TEMP_CONFIG} // '')
	{
		($staged) = map { /^extension_destdir *= *'?([^'\n]*)/ ? $1 : () } <$file>;
	}
	return -e $control || -e ($staged // '') . $control;
}

1;
