-- What a fitted model says of a customer. C: src/lifetime
--
-- Times are in the unit of the t that the model was fitted to.

--table lifetime_buys: MODEL | NAME
-- bg_nbd | BG/NBD
-- mbg_nbd | MBG/NBD
-- pareto_nbd | Pareto/NBD
-- bg_bb | BG/BB

--table lifetime_leaves: MODEL | NAME
-- bg_nbd | BG/NBD
-- mbg_nbd | MBG/NBD
-- pareto_nbd | Pareto/NBD

--for lifetime_leaves
CREATE FUNCTION affinity.probability_alive(
	model affinity.{MODEL},
	frequency pg_catalog.float8,
	recency pg_catalog.float8,
	t pg_catalog.float8)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 3
AS 'MODULE_PATHNAME', 'affinity_lifetime_{MODEL}_alive';

COMMENT ON FUNCTION affinity.probability_alive(
	affinity.{MODEL},
	pg_catalog.float8,
	pg_catalog.float8,
	pg_catalog.float8) IS
	'the probability that a customer is still one at t, by {NAME}';

--end
CREATE FUNCTION affinity.probability_alive(
	model affinity.bg_bb,
	frequency pg_catalog.float8,
	recency pg_catalog.float8,
	t pg_catalog.float8,
	horizon pg_catalog.float8 DEFAULT 0)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 3
AS 'MODULE_PATHNAME', 'affinity_lifetime_bg_bb_alive';

COMMENT ON FUNCTION affinity.probability_alive(
	affinity.bg_bb,
	pg_catalog.float8,
	pg_catalog.float8,
	pg_catalog.float8,
	pg_catalog.float8) IS
	'the probability that a customer is still one at t, or horizon opportunities later, by BG/BB';

--for lifetime_buys
CREATE FUNCTION affinity.expected_purchases(
	model affinity.{MODEL},
	frequency pg_catalog.float8,
	recency pg_catalog.float8,
	t pg_catalog.float8,
	horizon pg_catalog.float8)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 8
AS 'MODULE_PATHNAME', 'affinity_lifetime_{MODEL}_purchases';

COMMENT ON FUNCTION affinity.expected_purchases(
	affinity.{MODEL},
	pg_catalog.float8,
	pg_catalog.float8,
	pg_catalog.float8,
	pg_catalog.float8) IS
	'how often a customer is expected to buy from t to t + horizon, by {NAME}; horizon: in the unit of t';

CREATE FUNCTION affinity.expected_purchases(model affinity.{MODEL}, t pg_catalog.float8)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 8
AS 'MODULE_PATHNAME', 'affinity_lifetime_{MODEL}_fresh';

COMMENT ON FUNCTION affinity.expected_purchases(affinity.{MODEL}, pg_catalog.float8) IS
	'how often a new customer is expected to buy again within t, by {NAME}';

CREATE FUNCTION affinity.lifetime_value(
	model affinity.{MODEL},
	spend affinity.gamma_gamma,
	frequency pg_catalog.float8,
	recency pg_catalog.float8,
	t pg_catalog.float8,
	monetary_value pg_catalog.float8,
	horizon pg_catalog.float8,
	discount_rate pg_catalog.float8 DEFAULT 0)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 8
AS 'MODULE_PATHNAME', 'affinity_lifetime_{MODEL}_value';

COMMENT ON FUNCTION affinity.lifetime_value(
	affinity.{MODEL},
	affinity.gamma_gamma,
	pg_catalog.float8,
	pg_catalog.float8,
	pg_catalog.float8,
	pg_catalog.float8,
	pg_catalog.float8,
	pg_catalog.float8) IS
	'what a customer is expected to spend from t to t + horizon; discount_rate: per unit of t';

--end
CREATE FUNCTION affinity.expected_spend(
	model affinity.gamma_gamma,
	frequency pg_catalog.float8,
	monetary_value pg_catalog.float8)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 3
AS 'MODULE_PATHNAME', 'affinity_lifetime_spend';

COMMENT ON FUNCTION affinity.expected_spend(
	affinity.gamma_gamma,
	pg_catalog.float8,
	pg_catalog.float8) IS
	'what a purchase of a customer is expected to be worth, from the mean of those so far';

--table lifetime_stays: MODEL | NAME
-- sbg | shifted-beta-geometric
-- bdw | beta-discrete-Weibull

--for lifetime_stays
CREATE FUNCTION affinity.survival(model affinity.{MODEL}, period pg_catalog.float8)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 3
AS 'MODULE_PATHNAME', 'affinity_lifetime_{MODEL}_survival';

COMMENT ON FUNCTION affinity.survival(affinity.{MODEL}, pg_catalog.float8) IS
	'the share of subscribers who are there after so many periods, by {NAME}';

CREATE FUNCTION affinity.projected_retention(
	model affinity.{MODEL},
	periods pg_catalog.int8,
	OUT period pg_catalog.int8,
	OUT survival pg_catalog.float8,
	OUT retention pg_catalog.float8)
RETURNS SETOF pg_catalog.record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 20
AS 'MODULE_PATHNAME', 'affinity_lifetime_{MODEL}_retention';

COMMENT ON FUNCTION affinity.projected_retention(affinity.{MODEL}, pg_catalog.int8) IS
	'the share of subscribers who will be there after each period, and of those before who stay, by {NAME}';

CREATE FUNCTION affinity.expected_lifetime(
	model affinity.{MODEL},
	discount_rate pg_catalog.float8 DEFAULT 0)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'affinity_lifetime_{MODEL}_expected';

COMMENT ON FUNCTION affinity.expected_lifetime(affinity.{MODEL}, pg_catalog.float8) IS
	'how many periods a new subscriber is expected to pay, the first included; discount_rate: per period';

CREATE FUNCTION affinity.expected_residual_lifetime(
	model affinity.{MODEL},
	renewals pg_catalog.float8,
	discount_rate pg_catalog.float8 DEFAULT 0)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'affinity_lifetime_{MODEL}_residual';

COMMENT ON FUNCTION affinity.expected_residual_lifetime(
	affinity.{MODEL},
	pg_catalog.float8,
	pg_catalog.float8) IS
	'how many periods one who renewed so often is expected to pay, as of just before the next renewal';

--end
