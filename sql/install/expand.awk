# Writes the install script from the files beside this one and in ../model,
# and writes out what is the same for several types:
#
#	--table NAME: COLUMN | COLUMN ...		the table's columns, then
#	-- value | value ...					a row in each of the next lines
#
#	--for NAME ...							everything up to --end, once for each
#	... {COLUMN} ...						row, with its values; for several
#	--end									tables, for each combination of rows
#
# A value may contain marks of the tables that follow its own in --for. Of the
# files in ../model only the sections "--extension" belong to the extension.

function trim(text)
{
	gsub(/^[ \t]+|[ \t]+$/, "", text)
	return text
}

function fail(why)
{
	print FILENAME ":" FNR ": " why > "/dev/stderr"
	failed = 1
	exit 1
}

# Print text once for each combination of rows of the loop's tables from the
# t-th on.
function write_rows(text, t,	row, i, filled)
{
	if (t > n_tables)
	{
		printf "%s", text
		return
	}
	for (row = 1; row <= n_rows[loop[t]]; row++)
	{
		filled = text
		for (i = 1; i <= n_columns[loop[t]]; i++)
			gsub("[{]" name[loop[t], i] "[}]", value[loop[t], row, i], filled)
		write_rows(filled, t + 1)
	}
}

FNR == 1 {
	skip = FILENAME ~ /model\//
}

/^--extension$/ {
	skip = 0
}

/^--(schema|objects|indexes)$/ {
	skip = 1
}

skip || /^--extension$/ {
	next
}

/^--table / {
	table = $2
	sub(/:$/, "", table)
	text = $0
	sub(/^--table [^:]*:/, "", text)
	n_columns[table] = split(text, column, /[|]/)
	for (i = 1; i <= n_columns[table]; i++)
		name[table, i] = trim(column[i])
	n_rows[table] = 0
	next
}

table != "" && /^-- / {
	if (split(substr($0, 4), column, /[|]/) != n_columns[table])
		fail("this row does not have the columns of " table)
	n_rows[table]++
	for (i = 1; i <= n_columns[table]; i++)
		value[table, n_rows[table], i] = trim(column[i])
	next
}

{
	table = ""
}

/^--for / {
	n_tables = split(substr($0, 7), loop, /[ \t]+/)
	for (i = 1; i <= n_tables; i++)
		if (!(loop[i] in n_rows))
			fail("there is no table " loop[i])
	body = ""
	in_loop = 1
	next
}

/^--end/ {
	write_rows(body, 1)
	in_loop = 0
	next
}

in_loop {
	body = body $0 "\n"
	next
}

{
	print
}

END {
	if (in_loop && !failed)
		fail("--for without --end")
}
