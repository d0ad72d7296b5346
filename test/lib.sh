# Sourced by the scripts of test/ (which set $root, the project's folder): a
# throw-away build of the project and a throw-away cluster to run it in.
#
# Nothing is written into the project's folder or into the PostgreSQL
# installation: the build is a copy, and the server is told (extension_control_path,
# since PostgreSQL 18; before it Debian's extension_destdir) to look for extensions
# in $work/stage first. So no root is needed, an affinity that is installed stays as
# it is, and runs side by side do not meet.

# shellcheck disable=SC2154
PG_VERSION=$("$root/test/version") || exit
pg_bin=/usr/lib/postgresql/$PG_VERSION/bin
PG_CONFIG=$pg_bin/pg_config

export LC_ALL=C.UTF-8 PG_CONFIG PG_VERSION
umask 022

if [ -n "${AFFINITY_WORK:-}" ]; then
	work=$AFFINITY_WORK		# a script that in_cluster runs
else
	# What the caller's own servers or make are set to must not leak in.
	for name in $(env | sed -n 's/^\(PG[A-Z]*\)=.*/\1/p'); do
		unset "$name"
	done
	unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

	work=$(mktemp -d "${TMPDIR:-/tmp}/affinity.XXXXXX")
	chmod 755 "$work"		# the server may run as another user
	trap cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
fi
stage=$work/stage

# Also stops what a killed test may have left running.
cleanup() {
	for group in "$work"/group.*; do
		[ ! -e "$group" ] || kill -TERM -- "-${group##*.}" 2>/dev/null || true
	done
	find "$work" -name postmaster.pid 2>/dev/null | while read -r file; do
		kill -INT "$(head -n 1 "$file")" 2>/dev/null || true
	done
	rm -rf "$work"
}

die() {
	echo "$0: $*" >&2
	exit 1
}

# copy_tree DIR: the project without anything that was built.
copy_tree() {
	mkdir "$1"
	tar -C "$root" -cf - --exclude=./.git --exclude='*.o' --exclude='*.bc' \
		--exclude='*.d' --exclude='*.so' --exclude='./affinity--*.sql' \
		--exclude=ddl_sql.h --exclude=./src/base/version.h \
		--exclude=tmp_check --exclude=results . | tar -C "$1" -xf - --no-same-owner
}

# build [make's variables]: from scratch, into $stage; the tests' own extension
# affinity_steps too.
build() {
	[ -x "$PG_CONFIG" ] || die "there is no $PG_CONFIG: test/setup installs what is missing"
	extension_setting >/dev/null
	copy_tree "$work/pgaffinity"
	# Tests and benchmarks look for ../shared/data.
	[ ! -d "$root/../shared" ] || ln -s "$(cd "$root/../shared" && pwd)" "$work/shared"
	make -s -C "$work/pgaffinity" -j"$(nproc)" PG_CONFIG="$PG_CONFIG" "$@" &&
		make -s -C "$work/pgaffinity" PG_CONFIG="$PG_CONFIG" "$@" \
			DESTDIR="$stage" install >"$work/install.log" 2>&1 &&
		make -s -C "$work/pgaffinity/test/steps" PG_CONFIG="$PG_CONFIG" "$@" \
			DESTDIR="$stage" install >>"$work/install.log" 2>&1 || {
		cat "$work/install.log" 2>/dev/null
		return 1
	}
}

# extension_setting: where this server looks for control files and SQL.
extension_setting() {
	local sharedir="$($PG_CONFIG --sharedir)"
	local sample=$sharedir/postgresql.conf.sample

	if grep -q extension_control_path "$sample"; then
		echo "extension_control_path=$stage$sharedir:\$system"
	elif grep -q extension_destdir "$sample"; then
		echo "extension_destdir=$stage"
	else
		die "PostgreSQL $PG_VERSION here has neither extension_control_path nor extension_destdir"
	fi
}

# server_settings: what makes a server find the staged extension.
server_settings() {
	extension_setting
	echo "dynamic_library_path=$stage$($PG_CONFIG --pkglibdir):$($PG_CONFIG --pkglibdir)"
}

# in_cluster COMMAND…: with PGHOST and so on set for a new cluster, which is
# gone afterwards. A script that sources this file finds the same $work there.
# $cluster_settings may hold more name=value lines, $cluster_options options of
# pg_createcluster.
in_cluster() {
	for name in $(server_settings) ${cluster_settings:-}; do
		set -- -o "$name" "$@"
	done
	AFFINITY_WORK=$work pg_virtualenv -t -v "$PG_VERSION" \
		-c "--locale C.UTF-8 -e UTF8 ${cluster_options:-}" "$@"
}
