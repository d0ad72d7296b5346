# pgaffinity: build, test, demo, bench. `make help` lists the targets.

EXTENSION = affinity
MODULE_big = affinity
EXTVERSION = $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" affinity.control)

OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/*/*.c)) $(MORE_SOURCES))
INSTALL_SQL = $(sort $(wildcard sql/install/[0-9]*.sql))
INSTALL_END = sql/install/end.sql
MODEL_SQL = $(sort $(wildcard sql/model/*.sql))
MODEL_HEADER = src/manage/ddl_sql.h
VERSION_HEADER = src/base/version.h
DATA_built = affinity--$(EXTVERSION).sql
DATA = $(wildcard sql/upgrade/affinity--*.sql)

REGRESS = $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))
REGRESS_OPTS = --load-extension=affinity --encoding=UTF8
ISOLATION = $(patsubst test/isolation/specs/%.spec,%,$(sort $(wildcard test/isolation/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test/isolation --outputdir=test/isolation \
	--load-extension=affinity

PG_CONFIG ?= pg_config

# These targets need no server headers, so that they can install them first.
.DEFAULT_GOAL := all
SCRIPTED = help setup test check-hard demo shell bench docs indent dist
.PHONY: $(SCRIPTED)

help:
	@echo "make, make install   build and install for $(PG_CONFIG); make uninstall"
	@echo "make demo            install what is missing, build, show it on real data"
	@echo "make test            install what is missing, build, run every test"
	@echo "make check-hard      the extension under sanitizers: pg_regress and fuzzers, \$$HARD_SECONDS"
	@echo "make shell           psql in a throw-away cluster with the demo's model"
	@echo "make bench           the benchmarks of test/bench"
	@echo "make docs            write docs/reference.md from the catalog"
	@echo "make indent          lay out C sources as PostgreSQL does"
	@echo "make dist            affinity-$(EXTVERSION).zip for PGXN, of what is committed"

setup:
	@test/setup

test:
	@test/setup test
	@test/run

check-hard:
	@test/setup test
	@test/hard/run

demo:
	@test/setup demo
	@test/demo/run

shell:
	@test/setup demo
	@test/demo/shell

bench:
	@test/setup bench
	@test/bench/run

docs:
	@test/setup demo
	@mkdir -p docs
	@test/reference > docs/reference.new && mv docs/reference.new docs/reference.md || \
		{ rm -f docs/reference.new; exit 1; }

indent:
	@test/setup indent
	@test/indent

DIST = affinity-$(EXTVERSION)

dist:
	@perl test/meta > $(DIST).log || { cat $(DIST).log; rm -f $(DIST).log; exit 1; }
	@rm -f $(DIST).log
	git archive --format=zip --prefix=$(DIST)/ -o $(DIST).zip HEAD

# PGXS is not there before `make setup` has run: the scripted targets above
# call make again for everything below.
ifneq ($(filter-out $(SCRIPTED),$(or $(MAKECMDGOALS),all)),)

PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
needed := $(or $(PGXS),/pgxs) $(if $(filter all install,$(or $(MAKECMDGOALS),all)),\
	$(shell $(PG_CONFIG) --includedir-server 2>/dev/null)/postgres.h)
ifneq ($(words $(needed)),$(words $(wildcard $(needed))))
define NO_PGXS
$(PG_CONFIG) gives no way to build for a server. Install a C compiler and the
headers of the server, NN being its version ("SHOW server_version"):
    Debian, Ubuntu   apt-get install gcc libc6-dev make postgresql-server-dev-NN
    Fedora           dnf install gcc make postgresql-server-devel
    RHEL with PGDG   dnf install gcc make postgresqlNN-devel
or name the server's own pg_config, as in
    make PG_CONFIG=/usr/lib/postgresql/NN/bin/pg_config
endef
$(error $(NO_PGXS))
endif

# -isystem: the server's own headers are not clean under -Wextra. Only what is
# in PG_CPPFLAGS reaches the bitcode too.
PG_CPPFLAGS = -I$(srcdir)/src -isystem $(shell $(PG_CONFIG) --includedir-server)
# Its own functions are found when it is linked. A session would seek each of 1,400 by name
# through the server and all of its libraries, as it loads the library.
SHLIB_LINK = $(if $(filter darwin win32 aix,$(PORTNAME)),,-Wl,-Bsymbolic)
EXTRA_CLEAN = affinity--*.sql $(MODEL_HEADER) $(VERSION_HEADER) $(OBJS:.o=.d) $(OBJS:.o=.bc) results \
	test/isolation/results test/isolation/output_iso

include $(PGXS)

override CFLAGS += -std=gnu99 -Wall -Wextra -MMD -MP $(if $(WERROR),-Werror)
ifneq (,$(findstring clang,$(CC)))
# PGXS hands on the flags of the compiler that built the server: gcc.
override CFLAGS += -Wno-ignored-optimization-argument \
	-Wno-unknown-warning-option
endif

# A product and a sum that are fused differ in their last bits from those that are not, and
# processors differ in what they have. Kernels that may be fused say so themselves.
override CFLAGS += -ffp-contract=off
override BITCODE_CFLAGS += -ffp-contract=off

# At -O2 gcc 12 vectorises next to nothing.
pure = src/kernel/%.o src/chain/%.o
$(pure): override CFLAGS += -O3
# What `make check-hard` adds to the rooms with PostgreSQL.
$(filter-out $(pure) src/blas/%.o,$(OBJS)): override CFLAGS += $(HARD_CFLAGS)

affinity--$(EXTVERSION).sql: sql/install/expand.awk $(INSTALL_SQL) $(MODEL_SQL) $(INSTALL_END)
	awk -f $^ > $@ || { rm -f $@; exit 1; }

$(MODEL_HEADER): sql/model/header.awk $(MODEL_SQL)
	awk -f $^ > $@ || { rm -f $@; exit 1; }

src/manage/ddl.o src/manage/drop.o: $(MODEL_HEADER)

# Install scripts of other versions too.
uninstall: uninstall-scripts
.PHONY: uninstall-scripts
uninstall-scripts:
	rm -f '$(DESTDIR)$(datadir)/$(datamoduledir)'/affinity--*.sql

$(VERSION_HEADER): affinity.control
	echo '/* Made from affinity.control. */' > $@
	echo '#define AFFINITY_VERSION "$(EXTVERSION)"' >> $@

src/base/catalog.o: $(VERSION_HEADER)

# Debian's PGXS tracks no headers: objects get theirs from -MMD, bitcode follows
# its object.
-include $(OBJS:.o=.d)
$(OBJS:.o=.bc): %.bc: %.o

endif
