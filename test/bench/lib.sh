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

# load_events: the table bench.events, and two aggregates that do nothing:
# bench.bare(user_id, at), and bench.bare_conditions(user_id, at, window,
# conditions), which says what evaluating a funnel's arguments costs.
load_events() {
	sql -v rows="$ROWS" -f cohort.sql
	bare=${AFFINITY_WORK:-$(mktemp -d)}/bare.so
	${CC:-cc} -O2 -fPIC -shared -I"$($PG_CONFIG --includedir-server)" -o "$bare" bare.c
	chmod a+r "$bare"
	sql <<-SQL
		CREATE FUNCTION bench.bare_step(bigint, bigint, timestamptz) RETURNS bigint
			AS '$bare', 'bare_step' LANGUAGE c STRICT IMMUTABLE PARALLEL SAFE;
		CREATE AGGREGATE bench.bare(bigint, timestamptz) (SFUNC = bench.bare_step,
			STYPE = bigint, INITCOND = '0', COMBINEFUNC = int8pl, PARALLEL = SAFE);
		CREATE FUNCTION bench.bare_step(bigint, bigint, timestamptz, interval, VARIADIC "any")
			RETURNS bigint AS '$bare', 'bare_step' LANGUAGE c IMMUTABLE PARALLEL SAFE;
		CREATE AGGREGATE bench.bare_conditions(bigint, timestamptz, interval, VARIADIC "any") (
			SFUNC = bench.bare_step, STYPE = bigint, INITCOND = '0', COMBINEFUNC = int8pl,
			PARALLEL = SAFE);
	SQL
}

# run WORKERS QUERY: "seconds cpu-seconds peak-MB" of the backend, the last two
# from log_executor_stats; workers' CPU and memory are not in them.
run() {
	sql 2>&1 <<-SQL | awk '/elapsed/ { cpu = $2 + $5; time = $8 }
			/max resident/ { peak = $2 }
			END { printf "%.2f %.2f %d\n", time, cpu, peak / 1024 }'
		SET max_parallel_workers_per_gather = $1;
		SET jit = off;
		SET TimeZone = 'UTC';
		SET work_mem = '${work_mem:-1GB}';
		SET client_min_messages = log;
		SET log_executor_stats = on;
		$2;
	SQL
}

# show NAME WORKERS QUERY: medians of the runs.
show() {
	for run in $(seq "$RUNS"); do
		run "$2" "$3"
	done >"$bare.runs"
	printf '%-46s %7d %8.2f %8.2f %8d\n' "$1" "$2" \
		"$(column 1 <"$bare.runs" | median)" "$(column 2 <"$bare.runs" | median)" \
		"$(column 3 <"$bare.runs" | median | cut -d. -f1)"
}

# heading NAME: above the lines of show.
heading() {
	printf '\n== %s: %s events\n' "$1" "$ROWS"
	printf '%-46s %7s %8s %8s %8s\n' query workers s 'cpu s' 'peak MB'
}

# train WORKERS QUERY ALGORITHM OPTIONS [keep]: seconds of CPU, elapsed, reading,
# training, writing; interactions, workers that there were, peak of memory in MB.
# With a fifth argument the model "trained" stays.
train() {
	postmaster=$(sql -c "SELECT pg_read_file('postmaster.pid')" | head -n 1)
	rm -f "$AFFINITY_WORK/stop"
	mkfifo "$AFFINITY_WORK/stop"
	: >"$AFFINITY_WORK/peak"
	./peak.py "$postmaster" <"$AFFINITY_WORK/stop" >"$AFFINITY_WORK/peak" &
	exec 9>"$AFFINITY_WORK/stop"
	until grep -q sampling "$AFFINITY_WORK/peak"; do sleep 0.1; done
	sql 9>&- >"$AFFINITY_WORK/trained" 2>&1 <<-SQL
		SET client_min_messages = notice;
		SET max_parallel_maintenance_workers = $1;
		SET max_parallel_workers_per_gather = $1;
		SELECT bench.cpu_seconds() AS cpu, clock_timestamp() AS start \gset
		SELECT FROM affinity.create_model('trained', '$2', '$3', '$4');
		SELECT pg_sleep(0.2);	-- the workers' parent has to notice their end
		SELECT 'CPU', round((bench.cpu_seconds() - :cpu)::numeric, 2),
			round(extract(epoch FROM clock_timestamp() - :'start'
				- interval '0.2 s'), 2);
		${5:+\\q}
		SELECT FROM affinity.drop_model('trained');
	SQL
	exec 9>&-
	wait
	sed -n 's/^CPU //p' "$AFFINITY_WORK/trained"
	sed -n 's/.* \([0-9]*\) interactions; \([0-9.]*\) s reading, \([0-9.]*\) s training (\([0-9]*\) worker.*), \([0-9.]*\) s writing.*/\2 \3 \5 \1 \4/p' \
		"$AFFINITY_WORK/trained"
	tail -n 1 "$AFFINITY_WORK/peak"
}
