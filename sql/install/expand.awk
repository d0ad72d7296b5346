# Writes out what is the same for several types. In the fragments beside this:
#
#	--table NAME: COLUMN | COLUMN ...		the table's columns, then
#	-- value | value ...					a row in each of the next lines
#
#	--for NAME								everything up to --end, once for each
#	... {COLUMN} ...						row, with its values
#	--end

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
	loop = $2
	if (!(loop in n_rows))
		fail("there is no table " loop)
	n_lines = 0
	next
}

/^--end/ {
	for (row = 1; row <= n_rows[loop]; row++)
		for (l = 1; l <= n_lines; l++)
		{
			text = line[l]
			for (i = 1; i <= n_columns[loop]; i++)
				gsub("[{]" name[loop, i] "[}]", value[loop, row, i], text)
			print text
		}
	loop = ""
	next
}

loop != "" {
	line[++n_lines] = $0
	next
}

{
	print
}

END {
	if (loop != "" && !failed)
		fail("--for without --end")
}
