-- Models of customers' lifetime: fits. C: src/lifetime
--
-- A fitted model is a composite value: a column of a table may be one. The
-- state of a fit is a bytea (src/lifetime/state.c), which aggregates over the
-- same columns share where they stand in one query.

CREATE TYPE affinity.bg_nbd AS (
	r pg_catalog.float8,
	alpha pg_catalog.float8,
	a pg_catalog.float8,
	b pg_catalog.float8,
	log_likelihood pg_catalog.float8,
	r_error pg_catalog.float8,
	alpha_error pg_catalog.float8,
	a_error pg_catalog.float8,
	b_error pg_catalog.float8,
	n pg_catalog.float8,
	converged pg_catalog.bool
);

COMMENT ON TYPE affinity.bg_nbd IS
	'a fitted BG/NBD: parameters, their standard errors, log likelihood, customers; made by bg_nbd_fit';

CREATE TYPE affinity.mbg_nbd AS (
	r pg_catalog.float8,
	alpha pg_catalog.float8,
	a pg_catalog.float8,
	b pg_catalog.float8,
	log_likelihood pg_catalog.float8,
	r_error pg_catalog.float8,
	alpha_error pg_catalog.float8,
	a_error pg_catalog.float8,
	b_error pg_catalog.float8,
	n pg_catalog.float8,
	converged pg_catalog.bool
);

COMMENT ON TYPE affinity.mbg_nbd IS
	'a fitted MBG/NBD: parameters, their standard errors, log likelihood, customers; made by mbg_nbd_fit';

CREATE TYPE affinity.pareto_nbd AS (
	r pg_catalog.float8,
	alpha pg_catalog.float8,
	s pg_catalog.float8,
	beta pg_catalog.float8,
	log_likelihood pg_catalog.float8,
	r_error pg_catalog.float8,
	alpha_error pg_catalog.float8,
	s_error pg_catalog.float8,
	beta_error pg_catalog.float8,
	n pg_catalog.float8,
	converged pg_catalog.bool
);

COMMENT ON TYPE affinity.pareto_nbd IS
	'a fitted Pareto/NBD: parameters, their standard errors, log likelihood, customers; made by pareto_nbd_fit';

CREATE TYPE affinity.bg_bb AS (
	alpha pg_catalog.float8,
	beta pg_catalog.float8,
	gamma pg_catalog.float8,
	delta pg_catalog.float8,
	log_likelihood pg_catalog.float8,
	alpha_error pg_catalog.float8,
	beta_error pg_catalog.float8,
	gamma_error pg_catalog.float8,
	delta_error pg_catalog.float8,
	n pg_catalog.float8,
	converged pg_catalog.bool
);

COMMENT ON TYPE affinity.bg_bb IS
	'a fitted BG/BB: parameters, their standard errors, log likelihood, customers; made by bg_bb_fit';

CREATE TYPE affinity.gamma_gamma AS (
	p pg_catalog.float8,
	q pg_catalog.float8,
	gamma pg_catalog.float8,
	log_likelihood pg_catalog.float8,
	p_error pg_catalog.float8,
	q_error pg_catalog.float8,
	gamma_error pg_catalog.float8,
	n pg_catalog.float8,
	converged pg_catalog.bool
);

COMMENT ON TYPE affinity.gamma_gamma IS
	'a fitted gamma-gamma model of spend: parameters, their standard errors, log likelihood, customers';

CREATE TYPE affinity.sbg AS (
	alpha pg_catalog.float8,
	beta pg_catalog.float8,
	log_likelihood pg_catalog.float8,
	alpha_error pg_catalog.float8,
	beta_error pg_catalog.float8,
	n pg_catalog.float8,
	converged pg_catalog.bool
);

COMMENT ON TYPE affinity.sbg IS
	'a fitted shifted-beta-geometric model: parameters, their standard errors, log likelihood, customers';

CREATE TYPE affinity.bdw AS (
	alpha pg_catalog.float8,
	beta pg_catalog.float8,
	c pg_catalog.float8,
	log_likelihood pg_catalog.float8,
	alpha_error pg_catalog.float8,
	beta_error pg_catalog.float8,
	c_error pg_catalog.float8,
	n pg_catalog.float8,
	converged pg_catalog.bool
);

COMMENT ON TYPE affinity.bdw IS
	'a fitted beta-discrete-Weibull model: parameters, their standard errors, log likelihood, customers';

-- ---- states ----

--table lifetime_rows: ROWS | TYPES | NAMED | OF
-- recency | pg_catalog.float8, pg_catalog.float8, pg_catalog.float8 | frequency pg_catalog.float8, recency pg_catalog.float8, t pg_catalog.float8 | frequency, recency and t
-- opportunities | pg_catalog.float8, pg_catalog.float8, pg_catalog.float8 | frequency pg_catalog.float8, recency pg_catalog.float8, t pg_catalog.float8 | frequency, recency and t by opportunities
-- spend | pg_catalog.float8, pg_catalog.float8 | frequency pg_catalog.float8, monetary_value pg_catalog.float8 | frequency and monetary value

--table lifetime_weight: WEIGHT | NAMED_WEIGHT | WEIGHTED
-- | |
-- , pg_catalog.float8 | , weight pg_catalog.float8 | , weighted

--for lifetime_rows lifetime_weight
CREATE FUNCTION affinity.lifetime_{ROWS}_accum(pg_catalog.bytea, {TYPES}{WEIGHT})
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_lifetime_{ROWS}_accum';

COMMENT ON FUNCTION affinity.lifetime_{ROWS}_accum(pg_catalog.bytea, {TYPES}{WEIGHT}) IS
	'transition function of fits to {OF}{WEIGHTED}';

--end
CREATE FUNCTION affinity.lifetime_survivors_accum(pg_catalog.bytea, pg_catalog.float8, pg_catalog.float8)
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_lifetime_survivors_accum';

COMMENT ON FUNCTION affinity.lifetime_survivors_accum(pg_catalog.bytea, pg_catalog.float8, pg_catalog.float8) IS
	'transition function of sbg_fit and bdw_fit';

CREATE FUNCTION affinity.lifetime_combine(pg_catalog.bytea, pg_catalog.bytea)
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_lifetime_combine';

COMMENT ON FUNCTION affinity.lifetime_combine(pg_catalog.bytea, pg_catalog.bytea) IS
	'combine function of the fits of models of lifetime';

-- ---- fits ----

--table lifetime_models: MODEL | ROWS | TYPES | NAMED | ANSWER
-- bg_nbd | recency | pg_catalog.float8, pg_catalog.float8, pg_catalog.float8 | frequency pg_catalog.float8, recency pg_catalog.float8, t pg_catalog.float8 | how often customers buy and when they leave: BG/NBD
-- mbg_nbd | recency | pg_catalog.float8, pg_catalog.float8, pg_catalog.float8 | frequency pg_catalog.float8, recency pg_catalog.float8, t pg_catalog.float8 | how often customers buy and when they leave: MBG/NBD
-- pareto_nbd | recency | pg_catalog.float8, pg_catalog.float8, pg_catalog.float8 | frequency pg_catalog.float8, recency pg_catalog.float8, t pg_catalog.float8 | how often customers buy and when they leave: Pareto/NBD
-- bg_bb | opportunities | pg_catalog.float8, pg_catalog.float8, pg_catalog.float8 | frequency pg_catalog.float8, recency pg_catalog.float8, t pg_catalog.float8 | how often customers buy and when they leave: BG/BB, by opportunities
-- gamma_gamma | spend | pg_catalog.float8, pg_catalog.float8 | frequency pg_catalog.float8, monetary_value pg_catalog.float8 | how much customers spend at a purchase: gamma-gamma

--table survivor_models: MODEL | ANSWER
-- sbg | how long subscribers stay: shifted-beta-geometric
-- bdw | how long subscribers stay: beta-discrete-Weibull

--for lifetime_models
CREATE FUNCTION affinity.{MODEL}_final(pg_catalog.bytea)
RETURNS affinity.{MODEL}
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_lifetime_{MODEL}_final';

COMMENT ON FUNCTION affinity.{MODEL}_final(pg_catalog.bytea) IS
	'final function of {MODEL}_fit';

--end
--for lifetime_models lifetime_weight
CREATE AGGREGATE affinity.{MODEL}_fit({NAMED}{NAMED_WEIGHT}) (
	SFUNC = affinity.lifetime_{ROWS}_accum,
	STYPE = pg_catalog.bytea,
	SSPACE = 4096,
	FINALFUNC = affinity.{MODEL}_final,
	COMBINEFUNC = affinity.lifetime_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.{MODEL}_fit({TYPES}{WEIGHT}) IS
	'{ANSWER}, fitted to customers{WEIGHTED}';

--end
--for survivor_models
CREATE FUNCTION affinity.{MODEL}_final(pg_catalog.bytea)
RETURNS affinity.{MODEL}
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_lifetime_{MODEL}_final';

COMMENT ON FUNCTION affinity.{MODEL}_final(pg_catalog.bytea) IS
	'final function of {MODEL}_fit';

CREATE AGGREGATE affinity.{MODEL}_fit(period pg_catalog.float8, survivors pg_catalog.float8) (
	SFUNC = affinity.lifetime_survivors_accum,
	STYPE = pg_catalog.bytea,
	SSPACE = 4096,
	FINALFUNC = affinity.{MODEL}_final,
	COMBINEFUNC = affinity.lifetime_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.{MODEL}_fit(pg_catalog.float8, pg_catalog.float8) IS
	'{ANSWER}, fitted to survivors by period';

--end
