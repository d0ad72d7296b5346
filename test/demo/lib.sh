# Sourced by the demo, the shell and the benchmarks, inside the cluster.

# create_demo: database demo with the data of test/data.
create_demo() {
	cd "$root"
	createdb demo
	psql -Xq -d demo -f test/demo/load.sql
}
