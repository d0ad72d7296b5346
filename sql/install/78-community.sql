-- Who is with whom: communities of a graph that a query gives. C: src/community
--
-- Members come back as values of the type of id_type, whose value is not looked at.

CREATE FUNCTION affinity.communities(
	edges pg_catalog.text,
	id_type pg_catalog.anyelement,
	resolution pg_catalog.float8 DEFAULT 1,
	method pg_catalog.text DEFAULT 'leiden',
	quality pg_catalog.text DEFAULT 'modularity',
	seed pg_catalog.int8 DEFAULT 0,
	iterations pg_catalog.int8 DEFAULT NULL)
RETURNS TABLE (
	member pg_catalog.anyelement,
	community pg_catalog.int8,
	size pg_catalog.int8,
	strength pg_catalog.float8,
	inside pg_catalog.float8,
	modularity pg_catalog.float8)
LANGUAGE C STABLE ROWS 10000 COST 1000000
AS 'MODULE_PATHNAME', 'affinity_community_communities';

COMMENT ON FUNCTION affinity.communities(
	pg_catalog.text,
	pg_catalog.anyelement,
	pg_catalog.float8,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.int8,
	pg_catalog.int8) IS
	'which community each member of a graph is in, the largest first, and how firmly, with the modularity of all';

CREATE FUNCTION affinity.modularity(
	edges pg_catalog.text,
	communities pg_catalog.text,
	resolution pg_catalog.float8 DEFAULT 1)
RETURNS pg_catalog.float8
LANGUAGE C STABLE COST 1000000
AS 'MODULE_PATHNAME', 'affinity_community_modularity_of';

COMMENT ON FUNCTION affinity.modularity(pg_catalog.text, pg_catalog.text, pg_catalog.float8) IS
	'how much more of the edges stays inside of given communities than would by chance';

CREATE FUNCTION affinity.influence(
	edges pg_catalog.text,
	id_type pg_catalog.anyelement,
	damping pg_catalog.float8 DEFAULT 0.85,
	directed pg_catalog.bool DEFAULT true)
RETURNS TABLE (
	member pg_catalog.anyelement,
	influence pg_catalog.float8,
	links_in pg_catalog.int8,
	links_out pg_catalog.int8,
	core pg_catalog.int8)
LANGUAGE C STABLE ROWS 10000 COST 1000000
AS 'MODULE_PATHNAME', 'affinity_community_influence';

COMMENT ON FUNCTION affinity.influence(pg_catalog.text, pg_catalog.anyelement, pg_catalog.float8, pg_catalog.bool) IS
	'who matters in a graph: PageRank of each member, the largest first, links in and out, and how deep in the core';

CREATE FUNCTION affinity.reciprocity(edges pg_catalog.text)
RETURNS TABLE (
	members pg_catalog.int8,
	links pg_catalog.int8,
	returned pg_catalog.int8,
	reciprocity pg_catalog.float8,
	weighted pg_catalog.float8)
LANGUAGE C STABLE ROWS 1 COST 1000000
AS 'MODULE_PATHNAME', 'affinity_community_reciprocity';

COMMENT ON FUNCTION affinity.reciprocity(pg_catalog.text) IS
	'how many of the links from one member to another are returned';

CREATE FUNCTION affinity.reciprocity_by_member(
	edges pg_catalog.text,
	id_type pg_catalog.anyelement)
RETURNS TABLE (
	member pg_catalog.anyelement,
	given pg_catalog.int8,
	received pg_catalog.int8,
	mutual pg_catalog.int8,
	reciprocity pg_catalog.float8,
	weighted pg_catalog.float8)
LANGUAGE C STABLE ROWS 10000 COST 1000000
AS 'MODULE_PATHNAME', 'affinity_community_reciprocity_by_member';

COMMENT ON FUNCTION affinity.reciprocity_by_member(pg_catalog.text, pg_catalog.anyelement) IS
	'how many links each member gives and receives, and how many of those given are returned';

CREATE FUNCTION affinity.referrals(
	invitations pg_catalog.text,
	id_type pg_catalog.anyelement)
RETURNS TABLE (
	member pg_catalog.anyelement,
	inviter pg_catalog.anyelement,
	root pg_catalog.anyelement,
	depth pg_catalog.int8,
	invited pg_catalog.int8,
	joined pg_catalog.int8,
	descendants pg_catalog.int8,
	in_cycle pg_catalog.bool)
LANGUAGE C STABLE ROWS 10000 COST 1000000
AS 'MODULE_PATHNAME', 'affinity_community_referrals';

COMMENT ON FUNCTION affinity.referrals(pg_catalog.text, pg_catalog.anyelement) IS
	'who came through whom, each member once, with the root of the tree, the depth, and how many came after';

CREATE FUNCTION affinity.k_factor(
	invitations pg_catalog.text,
	unit pg_catalog.text DEFAULT 'month',
	within pg_catalog.interval DEFAULT NULL,
	time_zone pg_catalog.text DEFAULT NULL)
RETURNS TABLE (
	cohort pg_catalog.timestamp,
	members pg_catalog.int8,
	inviters pg_catalog.int8,
	invitations_sent pg_catalog.int8,
	joined pg_catalog.int8,
	invitations_per_member pg_catalog.float8,
	conversion pg_catalog.float8,
	k pg_catalog.float8,
	cycle_time pg_catalog.interval,
	complete pg_catalog.bool)
LANGUAGE C STABLE ROWS 100 COST 1000000
AS 'MODULE_PATHNAME', 'affinity_community_k_factor';

COMMENT ON FUNCTION affinity.k_factor(pg_catalog.text, pg_catalog.text, pg_catalog.interval, pg_catalog.text) IS
	'how many new members a member brings, by when the inviter joined: invitations, those taken up, k and the cycle time';
