CREATE SCHEMA bench;

-- CPU seconds of this backend so far, and of all ended children of the server
-- (so of parallel workers). Linux counts in hundredths.
CREATE FUNCTION bench.cpu_seconds()
RETURNS double precision
LANGUAGE sql VOLATILE
BEGIN ATOMIC
	WITH self AS (
		SELECT string_to_array(regexp_replace(
			pg_read_file('/proc/self/stat'), '^.*\) ', ''), ' ') AS f
	), server AS (
		SELECT string_to_array(regexp_replace(
			pg_read_file('/proc/' || self.f[2] || '/stat'), '^.*\) ', ''),
			' ') AS f
		FROM self
	)
	SELECT (self.f[12]::bigint + self.f[13]::bigint
		+ server.f[14]::bigint + server.f[15]::bigint) / 100.0::float8
	FROM self, server;
END;
