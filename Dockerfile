# The official image of PostgreSQL with the extension, built from this folder:
#
#	docker build -t affinity .
#	docker build -t affinity:15 --build-arg PG_VERSION=15 .
#
# docs/install.md says how to run it. Nothing is fetched but packages of the image's
# own sources, Debian and PGDG.
ARG PG_VERSION=17

FROM postgres:${PG_VERSION} AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev make "postgresql-server-dev-$PG_MAJOR"
COPY . /src
RUN make -C /src -j"$(nproc)" PG_CONFIG="/usr/lib/postgresql/$PG_MAJOR/bin/pg_config" \
 && make -C /src DESTDIR=/stage PG_CONFIG="/usr/lib/postgresql/$PG_MAJOR/bin/pg_config" install

FROM postgres:${PG_VERSION}
RUN apt-get update \
 && apt-get install -y --no-install-recommends libopenblas0-pthread \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /stage/ /
