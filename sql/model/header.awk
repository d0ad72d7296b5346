# Makes src/model/ddl_sql.h from the files beside this one: the statements of
# each section as C strings, and the names of the relations (with types) and
# functions that they create. A statement ends with a semicolon at the end of a
# line, but for those between BEGIN ATOMIC and END. It becomes one line.

function fail(why)
{
	print FILENAME ":" FNR ": " why > "/dev/stderr"
	failed = 1
	exit 1
}

function add(list, text)
{
	if (text ~ /\\/)
		fail("a backslash is not supported here")
	gsub(/"/, "\\\"", text)
	lines[list] = lines[list] " \\\n\t\"" text "\","
}

# An index goes with its table.
function created(text,	words)
{
	split(text, words, / /)
	if (words[1] != "CREATE" || words[2] ~ /^(SCHEMA|INDEX)$/)
		return
	sub(/^@schema@[.]/, "", words[3])
	sub(/[(].*/, "", words[3])
	if (words[2] == "FUNCTION")
		add("FUNCTION_NAMES", words[3])
	else if (words[2] ~ /^(TABLE|VIEW|SEQUENCE|TYPE)$/)
		add("RELATION_NAMES", words[3])
	else
		fail("drop.c does not know what to do with CREATE " words[2])
}

function unfinished()
{
	if (statement != "" && !failed)
		fail("the statement before does not end")
}

FNR == 1 {
	unfinished()
	section = ""
}

/^--(extension|schema|objects|indexes)$/ {
	unfinished()
	section = substr($0, 3)
	next
}

/^[ \t]*(--|$)/ || section == "extension" {
	next
}

section == "" {
	fail("a statement before the first section")
}

{
	line = $0
	if (gsub(/'/, "'", line) % 2)
		fail("a literal does not end where its line does")
	if (line ~ /[ \t]--[ \t]/)
		fail("a comment needs a line of its own")
	sub(/^[ \t]+/, "", line)
	statement = statement (statement == "" || statement ~ /[(]$/ ? "" : " ") line
}

/^BEGIN ATOMIC$/ {
	atomic = 1
}

/^END;$/ {
	atomic = 0
}

/;$/ && !atomic {
	sub(/;$/, "", statement)
	add(toupper(section) "_SQL", statement)
	created(statement)
	statement = ""
}

END {
	unfinished()
	if (failed)
		exit 1
	print "/* Made from sql/model by header.awk. */"
	n = split("SCHEMA_SQL OBJECTS_SQL INDEXES_SQL RELATION_NAMES FUNCTION_NAMES",
		list, / /)
	for (i = 1; i <= n; i++)
		printf "\n#define MODEL_%s%s \\\n\tNULL\n", list[i], lines[list[i]]
}
