# Sourced by the benchmarks, inside the cluster.

ROWS=${ROWS:-20000000}
RUNS=${RUNS:-3}
NEIGHBORS=${NEIGHBORS:-50 100 200 400}
export ROWS RUNS NEIGHBORS PGDATABASE=bench PGOPTIONS='-c client_min_messages=warning'
gowalla=$root/../shared/data/gowalla

# sql [psql's options]: bare values, one row a line.
sql() {
	psql -XAtq -F ' ' -v ON_ERROR_STOP=1 "$@"
}

# median: of the numbers on stdin.
median() {
	sort -n | awk '{ v[NR] = $1 }
		END { if (NR) print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

# column N: the Nth words of stdin.
column() {
	awk -v n="$1" '{ print $n }'
}

load_gowalla() {
	[ -f "$gowalla/train.csv.xz" ] || return 1
	sql -v data="$gowalla" -f gowalla.sql
}
