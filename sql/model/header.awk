# Makes src/manage/ddl_sql.h from the files beside this one: the statements of
# each section as C strings, of --objects with the kind and name of the object
# that they make or belong to; the names of the relations (with types) and
# functions; and a version of it all, which changes with every word. A statement
# ends with a semicolon at the end of a line, but for those between BEGIN ATOMIC
# and END. It becomes one line.

BEGIN {
	kinds["FUNCTION"] = "f"
	kinds["SEQUENCE"] = "S"
	kinds["TABLE"] = "r"
	kinds["TYPE"] = "c"
	kinds["VIEW"] = "v"
	for (i = 32; i < 127; i++)
		code[sprintf("%c", i)] = i
}

function fail(why)
{
	print FILENAME ":" FNR ": " why > "/dev/stderr"
	failed = 1
	exit 1
}

function add(list, text, before, after)
{
	if (text ~ /\\/)
		fail("a backslash is not supported here")
	gsub(/"/, "\\\"", text)
	lines[list] = lines[list] " \\\n\t" before "\"" text "\"" after ","
}

# Two sums of 31 bits over all that models are made of.
function count(text,	i, c)
{
	for (i = 1; i <= length(text); i++) {
		c = code[substr(text, i, 1)]
		sum1 = (sum1 * 257 + c) % 2147483647
		sum2 = (sum2 * 263 + c) % 2147483629
	}
}

# What follows the CREATE of an object is about that object.
function add_object(text,	words, name)
{
	name = text
	if (!sub(/^[^@]*@schema@[.]/, "", name))
		fail("a statement of no object")
	sub(/[^a-z_@].*/, "", name)
	gsub(/@/, "", name)
	split(text, words, / /)
	if (words[1] == "CREATE") {
		if (!(words[2] in kinds))
			fail("nobody knows what to do with CREATE " words[2])
		kind = kinds[words[2]]
		object = name
		add(words[2] == "FUNCTION" ? "FUNCTION_NAMES" : "RELATION_NAMES", name)
	} else if (name != object)
		fail("this is about another object than the last CREATE")
	add("OBJECTS", text, "{'" kind "', \"" object "\", ", "}")
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
	count(statement)
	if (section == "objects")
		add_object(statement)
	else
		add(toupper(section) "_SQL", statement)
	statement = ""
}

END {
	unfinished()
	if (failed)
		exit 1
	print "/* Made from sql/model by header.awk. */"
	n = split("SCHEMA_SQL OBJECTS INDEXES_SQL RELATION_NAMES FUNCTION_NAMES",
		list, / /)
	for (i = 1; i <= n; i++)
		printf "\n#define MODEL_%s%s \\\n\t%s\n", list[i], lines[list[i]],
			list[i] == "OBJECTS" ? "{0, NULL, NULL}" : "NULL"
	printf "\n#define MODEL_OBJECTS_VERSION \"%08x%08x\"\n", sum1, sum2
}
