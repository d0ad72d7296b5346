--
-- PostgreSQL database dump
--


-- Dumped from database version 15.20 (Debian 15.20-0+deb12u1)
-- Dumped by pg_dump version 15.20 (Debian 15.20-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: old; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA old;


--
-- Name: old_als; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA old_als;


--
-- Name: old_ease_dense; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA old_ease_dense;


--
-- Name: old_ease_sparse; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA old_ease_sparse;


--
-- Name: old_ials; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA old_ials;


--
-- Name: old_item_knn; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA old_item_knn;


--
-- Name: old_popular; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA old_popular;


--
-- Name: similar_item; Type: TYPE; Schema: old_als; Owner: -
--

CREATE TYPE old_als.similar_item AS (
	item_id text,
	score real,
	rank integer
);


--
-- Name: similar_user; Type: TYPE; Schema: old_als; Owner: -
--

CREATE TYPE old_als.similar_user AS (
	user_id text,
	score real,
	rank integer,
	common integer
);


--
-- Name: similar_item; Type: TYPE; Schema: old_ease_dense; Owner: -
--

CREATE TYPE old_ease_dense.similar_item AS (
	item_id uuid,
	score real,
	rank integer
);


--
-- Name: similar_user; Type: TYPE; Schema: old_ease_dense; Owner: -
--

CREATE TYPE old_ease_dense.similar_user AS (
	user_id bigint,
	score real,
	rank integer,
	common integer
);


--
-- Name: similar_item; Type: TYPE; Schema: old_ease_sparse; Owner: -
--

CREATE TYPE old_ease_sparse.similar_item AS (
	item_id integer,
	score real,
	rank integer
);


--
-- Name: similar_user; Type: TYPE; Schema: old_ease_sparse; Owner: -
--

CREATE TYPE old_ease_sparse.similar_user AS (
	user_id uuid,
	score real,
	rank integer,
	common integer
);


--
-- Name: similar_item; Type: TYPE; Schema: old_ials; Owner: -
--

CREATE TYPE old_ials.similar_item AS (
	item_id integer,
	score real,
	rank integer
);


--
-- Name: similar_user; Type: TYPE; Schema: old_ials; Owner: -
--

CREATE TYPE old_ials.similar_user AS (
	user_id integer,
	score real,
	rank integer,
	common integer
);


--
-- Name: similar_item; Type: TYPE; Schema: old_item_knn; Owner: -
--

CREATE TYPE old_item_knn.similar_item AS (
	item_id text,
	score real,
	rank integer
);


--
-- Name: similar_user; Type: TYPE; Schema: old_item_knn; Owner: -
--

CREATE TYPE old_item_knn.similar_user AS (
	user_id integer,
	score real,
	rank integer,
	common integer
);


--
-- Name: similar_item; Type: TYPE; Schema: old_popular; Owner: -
--

CREATE TYPE old_popular.similar_item AS (
	item_id text,
	score real,
	rank integer
);


--
-- Name: similar_user; Type: TYPE; Schema: old_popular; Owner: -
--

CREATE TYPE old_popular.similar_user AS (
	user_id integer,
	score real,
	rank integer,
	common integer
);


--
-- Name: audience(text, integer); Type: FUNCTION; Schema: old_als; Owner: -
--

CREATE FUNCTION old_als.audience(item_id text, k integer DEFAULT 10) RETURNS TABLE(user_id text, score real, rank integer)
    LANGUAGE sql STABLE COST 100000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.user_id,
     t.score,
     t.rank
    FROM affinity.audience_core('old_als'::regnamespace, audience.item_id, audience.k) t(user_id text, score real, rank integer);
END;


--
-- Name: explain(text, text, integer); Type: FUNCTION; Schema: old_als; Owner: -
--

CREATE FUNCTION old_als.explain(user_id text, item_id text, k integer DEFAULT 10) RETURNS TABLE(because_id text, weight real, similarity real, contribution real, share real, rank integer)
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.because_id,
     t.weight,
     t.similarity,
     t.contribution,
     t.share,
     t.rank
    FROM affinity.explain_core('old_als'::regnamespace, explain.user_id, explain.item_id, explain.k) t(because_id text, weight real, similarity real, contribution real, share real, rank integer);
END;


--
-- Name: recommend(text, integer, text[], text[], boolean); Type: FUNCTION; Schema: old_als; Owner: -
--

CREATE FUNCTION old_als.recommend(user_id text, k integer DEFAULT 10, candidates text[] DEFAULT NULL::text[], exclude text[] DEFAULT NULL::text[], exclude_seen boolean DEFAULT true) RETURNS TABLE(item_id text, score real, rank integer, personalized boolean)
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.item_id,
     t.score,
     t.rank,
     t.personalized
    FROM affinity.recommend_core('old_als'::regnamespace, recommend.user_id, recommend.k, recommend.candidates, recommend.exclude, recommend.exclude_seen) t(item_id text, score real, rank integer, personalized boolean);
END;


--
-- Name: recommend_all(integer); Type: FUNCTION; Schema: old_als; Owner: -
--

CREATE FUNCTION old_als.recommend_all(k integer DEFAULT 10) RETURNS TABLE(user_id text, item_id text, score real, rank integer, personalized boolean)
    LANGUAGE sql STABLE COST 1e+06 ROWS 100000 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.user_id,
     t.item_id,
     t.score,
     t.rank,
     t.personalized
    FROM affinity.recommend_all_core('old_als'::regnamespace, recommend_all.k) t(user_id text, item_id text, score real, rank integer, personalized boolean);
END;


--
-- Name: recommend_for(text[], integer, text[], text[]); Type: FUNCTION; Schema: old_als; Owner: -
--

CREATE FUNCTION old_als.recommend_for(items text[], k integer DEFAULT 10, candidates text[] DEFAULT NULL::text[], exclude text[] DEFAULT NULL::text[]) RETURNS TABLE(item_id text, score real, rank integer, personalized boolean)
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.item_id,
     t.score,
     t.rank,
     t.personalized
    FROM affinity.recommend_for_core('old_als'::regnamespace, recommend_for.items, recommend_for.k, recommend_for.candidates, recommend_for.exclude) t(item_id text, score real, rank integer, personalized boolean);
END;


--
-- Name: score(text, text[]); Type: FUNCTION; Schema: old_als; Owner: -
--

CREATE FUNCTION old_als.score(user_id text, items text[]) RETURNS TABLE(item_id text, score real, rank integer, personalized boolean)
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.item_id,
     t.score,
     t.rank,
     t.personalized
    FROM affinity.score_core('old_als'::regnamespace, score.user_id, score.items) t(item_id text, score real, rank integer, personalized boolean);
END;


--
-- Name: similar_items(text, integer); Type: FUNCTION; Schema: old_als; Owner: -
--

CREATE FUNCTION old_als.similar_items(item_id text, k integer DEFAULT 10) RETURNS SETOF old_als.similar_item
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.item_id,
     t.score,
     t.rank
    FROM affinity.similar_items_core('old_als'::regnamespace, similar_items.item_id, similar_items.k) t(item_id text, score real, rank integer);
END;


--
-- Name: similar_users(text, integer); Type: FUNCTION; Schema: old_als; Owner: -
--

CREATE FUNCTION old_als.similar_users(user_id text, k integer DEFAULT 10) RETURNS SETOF old_als.similar_user
    LANGUAGE sql STABLE COST 10000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.user_id,
     t.score,
     t.rank,
     t.common
    FROM affinity.similar_users_core('old_als'::regnamespace, similar_users.user_id, similar_users.k) t(user_id text, score real, rank integer, common integer);
END;


--
-- Name: audience(uuid, integer); Type: FUNCTION; Schema: old_ease_dense; Owner: -
--

CREATE FUNCTION old_ease_dense.audience(item_id uuid, k integer DEFAULT 10) RETURNS TABLE(user_id bigint, score real, rank integer)
    LANGUAGE sql STABLE COST 100000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.user_id,
     t.score,
     t.rank
    FROM affinity.audience_core('old_ease_dense'::regnamespace, audience.item_id, audience.k) t(user_id bigint, score real, rank integer);
END;


--
-- Name: explain(bigint, uuid, integer); Type: FUNCTION; Schema: old_ease_dense; Owner: -
--

CREATE FUNCTION old_ease_dense.explain(user_id bigint, item_id uuid, k integer DEFAULT 10) RETURNS TABLE(because_id uuid, weight real, similarity real, contribution real, share real, rank integer)
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.because_id,
     t.weight,
     t.similarity,
     t.contribution,
     t.share,
     t.rank
    FROM affinity.explain_core('old_ease_dense'::regnamespace, explain.user_id, explain.item_id, explain.k) t(because_id uuid, weight real, similarity real, contribution real, share real, rank integer);
END;


--
-- Name: recommend(bigint, integer, uuid[], uuid[], boolean); Type: FUNCTION; Schema: old_ease_dense; Owner: -
--

CREATE FUNCTION old_ease_dense.recommend(user_id bigint, k integer DEFAULT 10, candidates uuid[] DEFAULT NULL::uuid[], exclude uuid[] DEFAULT NULL::uuid[], exclude_seen boolean DEFAULT true) RETURNS TABLE(item_id uuid, score real, rank integer, personalized boolean)
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.item_id,
     t.score,
     t.rank,
     t.personalized
    FROM affinity.recommend_core('old_ease_dense'::regnamespace, recommend.user_id, recommend.k, recommend.candidates, recommend.exclude, recommend.exclude_seen) t(item_id uuid, score real, rank integer, personalized boolean);
END;


--
-- Name: recommend_all(integer); Type: FUNCTION; Schema: old_ease_dense; Owner: -
--

CREATE FUNCTION old_ease_dense.recommend_all(k integer DEFAULT 10) RETURNS TABLE(user_id bigint, item_id uuid, score real, rank integer, personalized boolean)
    LANGUAGE sql STABLE COST 1e+06 ROWS 100000 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.user_id,
     t.item_id,
     t.score,
     t.rank,
     t.personalized
    FROM affinity.recommend_all_core('old_ease_dense'::regnamespace, recommend_all.k) t(user_id bigint, item_id uuid, score real, rank integer, personalized boolean);
END;


--
-- Name: recommend_for(uuid[], integer, uuid[], uuid[]); Type: FUNCTION; Schema: old_ease_dense; Owner: -
--

CREATE FUNCTION old_ease_dense.recommend_for(items uuid[], k integer DEFAULT 10, candidates uuid[] DEFAULT NULL::uuid[], exclude uuid[] DEFAULT NULL::uuid[]) RETURNS TABLE(item_id uuid, score real, rank integer, personalized boolean)
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.item_id,
     t.score,
     t.rank,
     t.personalized
    FROM affinity.recommend_for_core('old_ease_dense'::regnamespace, recommend_for.items, recommend_for.k, recommend_for.candidates, recommend_for.exclude) t(item_id uuid, score real, rank integer, personalized boolean);
END;


--
-- Name: score(bigint, uuid[]); Type: FUNCTION; Schema: old_ease_dense; Owner: -
--

CREATE FUNCTION old_ease_dense.score(user_id bigint, items uuid[]) RETURNS TABLE(item_id uuid, score real, rank integer, personalized boolean)
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.item_id,
     t.score,
     t.rank,
     t.personalized
    FROM affinity.score_core('old_ease_dense'::regnamespace, score.user_id, score.items) t(item_id uuid, score real, rank integer, personalized boolean);
END;


--
-- Name: similar_items(uuid, integer); Type: FUNCTION; Schema: old_ease_dense; Owner: -
--

CREATE FUNCTION old_ease_dense.similar_items(item_id uuid, k integer DEFAULT 10) RETURNS SETOF old_ease_dense.similar_item
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.item_id,
     t.score,
     t.rank
    FROM affinity.similar_items_core('old_ease_dense'::regnamespace, similar_items.item_id, similar_items.k) t(item_id uuid, score real, rank integer);
END;


--
-- Name: similar_users(bigint, integer); Type: FUNCTION; Schema: old_ease_dense; Owner: -
--

CREATE FUNCTION old_ease_dense.similar_users(user_id bigint, k integer DEFAULT 10) RETURNS SETOF old_ease_dense.similar_user
    LANGUAGE sql STABLE COST 10000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.user_id,
     t.score,
     t.rank,
     t.common
    FROM affinity.similar_users_core('old_ease_dense'::regnamespace, similar_users.user_id, similar_users.k) t(user_id bigint, score real, rank integer, common integer);
END;


--
-- Name: audience(integer, integer); Type: FUNCTION; Schema: old_ease_sparse; Owner: -
--

CREATE FUNCTION old_ease_sparse.audience(item_id integer, k integer DEFAULT 10) RETURNS TABLE(user_id uuid, score real, rank integer)
    LANGUAGE sql STABLE COST 100000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.user_id,
     t.score,
     t.rank
    FROM affinity.audience_core('old_ease_sparse'::regnamespace, audience.item_id, audience.k) t(user_id uuid, score real, rank integer);
END;


--
-- Name: explain(uuid, integer, integer); Type: FUNCTION; Schema: old_ease_sparse; Owner: -
--

CREATE FUNCTION old_ease_sparse.explain(user_id uuid, item_id integer, k integer DEFAULT 10) RETURNS TABLE(because_id integer, weight real, similarity real, contribution real, share real, rank integer)
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.because_id,
     t.weight,
     t.similarity,
     t.contribution,
     t.share,
     t.rank
    FROM affinity.explain_core('old_ease_sparse'::regnamespace, explain.user_id, explain.item_id, explain.k) t(because_id integer, weight real, similarity real, contribution real, share real, rank integer);
END;


--
-- Name: recommend(uuid, integer, integer[], integer[], boolean); Type: FUNCTION; Schema: old_ease_sparse; Owner: -
--

CREATE FUNCTION old_ease_sparse.recommend(user_id uuid, k integer DEFAULT 10, candidates integer[] DEFAULT NULL::integer[], exclude integer[] DEFAULT NULL::integer[], exclude_seen boolean DEFAULT true) RETURNS TABLE(item_id integer, score real, rank integer, personalized boolean)
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.item_id,
     t.score,
     t.rank,
     t.personalized
    FROM affinity.recommend_core('old_ease_sparse'::regnamespace, recommend.user_id, recommend.k, recommend.candidates, recommend.exclude, recommend.exclude_seen) t(item_id integer, score real, rank integer, personalized boolean);
END;


--
-- Name: recommend_all(integer); Type: FUNCTION; Schema: old_ease_sparse; Owner: -
--

CREATE FUNCTION old_ease_sparse.recommend_all(k integer DEFAULT 10) RETURNS TABLE(user_id uuid, item_id integer, score real, rank integer, personalized boolean)
    LANGUAGE sql STABLE COST 1e+06 ROWS 100000 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.user_id,
     t.item_id,
     t.score,
     t.rank,
     t.personalized
    FROM affinity.recommend_all_core('old_ease_sparse'::regnamespace, recommend_all.k) t(user_id uuid, item_id integer, score real, rank integer, personalized boolean);
END;


--
-- Name: recommend_for(integer[], integer, integer[], integer[]); Type: FUNCTION; Schema: old_ease_sparse; Owner: -
--

CREATE FUNCTION old_ease_sparse.recommend_for(items integer[], k integer DEFAULT 10, candidates integer[] DEFAULT NULL::integer[], exclude integer[] DEFAULT NULL::integer[]) RETURNS TABLE(item_id integer, score real, rank integer, personalized boolean)
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.item_id,
     t.score,
     t.rank,
     t.personalized
    FROM affinity.recommend_for_core('old_ease_sparse'::regnamespace, recommend_for.items, recommend_for.k, recommend_for.candidates, recommend_for.exclude) t(item_id integer, score real, rank integer, personalized boolean);
END;


--
-- Name: score(uuid, integer[]); Type: FUNCTION; Schema: old_ease_sparse; Owner: -
--

CREATE FUNCTION old_ease_sparse.score(user_id uuid, items integer[]) RETURNS TABLE(item_id integer, score real, rank integer, personalized boolean)
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.item_id,
     t.score,
     t.rank,
     t.personalized
    FROM affinity.score_core('old_ease_sparse'::regnamespace, score.user_id, score.items) t(item_id integer, score real, rank integer, personalized boolean);
END;


--
-- Name: similar_items(integer, integer); Type: FUNCTION; Schema: old_ease_sparse; Owner: -
--

CREATE FUNCTION old_ease_sparse.similar_items(item_id integer, k integer DEFAULT 10) RETURNS SETOF old_ease_sparse.similar_item
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.item_id,
     t.score,
     t.rank
    FROM affinity.similar_items_core('old_ease_sparse'::regnamespace, similar_items.item_id, similar_items.k) t(item_id integer, score real, rank integer);
END;


--
-- Name: similar_users(uuid, integer); Type: FUNCTION; Schema: old_ease_sparse; Owner: -
--

CREATE FUNCTION old_ease_sparse.similar_users(user_id uuid, k integer DEFAULT 10) RETURNS SETOF old_ease_sparse.similar_user
    LANGUAGE sql STABLE COST 10000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.user_id,
     t.score,
     t.rank,
     t.common
    FROM affinity.similar_users_core('old_ease_sparse'::regnamespace, similar_users.user_id, similar_users.k) t(user_id uuid, score real, rank integer, common integer);
END;


--
-- Name: audience(integer, integer); Type: FUNCTION; Schema: old_ials; Owner: -
--

CREATE FUNCTION old_ials.audience(item_id integer, k integer DEFAULT 10) RETURNS TABLE(user_id integer, score real, rank integer)
    LANGUAGE sql STABLE COST 100000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.user_id,
     t.score,
     t.rank
    FROM affinity.audience_core('old_ials'::regnamespace, audience.item_id, audience.k) t(user_id integer, score real, rank integer);
END;


--
-- Name: explain(integer, integer, integer); Type: FUNCTION; Schema: old_ials; Owner: -
--

CREATE FUNCTION old_ials.explain(user_id integer, item_id integer, k integer DEFAULT 10) RETURNS TABLE(because_id integer, weight real, similarity real, contribution real, share real, rank integer)
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.because_id,
     t.weight,
     t.similarity,
     t.contribution,
     t.share,
     t.rank
    FROM affinity.explain_core('old_ials'::regnamespace, explain.user_id, explain.item_id, explain.k) t(because_id integer, weight real, similarity real, contribution real, share real, rank integer);
END;


--
-- Name: recommend(integer, integer, integer[], integer[], boolean); Type: FUNCTION; Schema: old_ials; Owner: -
--

CREATE FUNCTION old_ials.recommend(user_id integer, k integer DEFAULT 10, candidates integer[] DEFAULT NULL::integer[], exclude integer[] DEFAULT NULL::integer[], exclude_seen boolean DEFAULT true) RETURNS TABLE(item_id integer, score real, rank integer, personalized boolean)
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.item_id,
     t.score,
     t.rank,
     t.personalized
    FROM affinity.recommend_core('old_ials'::regnamespace, recommend.user_id, recommend.k, recommend.candidates, recommend.exclude, recommend.exclude_seen) t(item_id integer, score real, rank integer, personalized boolean);
END;


--
-- Name: recommend_all(integer); Type: FUNCTION; Schema: old_ials; Owner: -
--

CREATE FUNCTION old_ials.recommend_all(k integer DEFAULT 10) RETURNS TABLE(user_id integer, item_id integer, score real, rank integer, personalized boolean)
    LANGUAGE sql STABLE COST 1e+06 ROWS 100000 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.user_id,
     t.item_id,
     t.score,
     t.rank,
     t.personalized
    FROM affinity.recommend_all_core('old_ials'::regnamespace, recommend_all.k) t(user_id integer, item_id integer, score real, rank integer, personalized boolean);
END;


--
-- Name: recommend_for(integer[], integer, integer[], integer[]); Type: FUNCTION; Schema: old_ials; Owner: -
--

CREATE FUNCTION old_ials.recommend_for(items integer[], k integer DEFAULT 10, candidates integer[] DEFAULT NULL::integer[], exclude integer[] DEFAULT NULL::integer[]) RETURNS TABLE(item_id integer, score real, rank integer, personalized boolean)
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.item_id,
     t.score,
     t.rank,
     t.personalized
    FROM affinity.recommend_for_core('old_ials'::regnamespace, recommend_for.items, recommend_for.k, recommend_for.candidates, recommend_for.exclude) t(item_id integer, score real, rank integer, personalized boolean);
END;


--
-- Name: score(integer, integer[]); Type: FUNCTION; Schema: old_ials; Owner: -
--

CREATE FUNCTION old_ials.score(user_id integer, items integer[]) RETURNS TABLE(item_id integer, score real, rank integer, personalized boolean)
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.item_id,
     t.score,
     t.rank,
     t.personalized
    FROM affinity.score_core('old_ials'::regnamespace, score.user_id, score.items) t(item_id integer, score real, rank integer, personalized boolean);
END;


--
-- Name: similar_items(integer, integer); Type: FUNCTION; Schema: old_ials; Owner: -
--

CREATE FUNCTION old_ials.similar_items(item_id integer, k integer DEFAULT 10) RETURNS SETOF old_ials.similar_item
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.item_id,
     t.score,
     t.rank
    FROM affinity.similar_items_core('old_ials'::regnamespace, similar_items.item_id, similar_items.k) t(item_id integer, score real, rank integer);
END;


--
-- Name: similar_users(integer, integer); Type: FUNCTION; Schema: old_ials; Owner: -
--

CREATE FUNCTION old_ials.similar_users(user_id integer, k integer DEFAULT 10) RETURNS SETOF old_ials.similar_user
    LANGUAGE sql STABLE COST 10000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.user_id,
     t.score,
     t.rank,
     t.common
    FROM affinity.similar_users_core('old_ials'::regnamespace, similar_users.user_id, similar_users.k) t(user_id integer, score real, rank integer, common integer);
END;


--
-- Name: audience(text, integer); Type: FUNCTION; Schema: old_item_knn; Owner: -
--

CREATE FUNCTION old_item_knn.audience(item_id text, k integer DEFAULT 10) RETURNS TABLE(user_id integer, score real, rank integer)
    LANGUAGE sql STABLE COST 100000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.user_id,
     t.score,
     t.rank
    FROM affinity.audience_core('old_item_knn'::regnamespace, audience.item_id, audience.k) t(user_id integer, score real, rank integer);
END;


--
-- Name: explain(integer, text, integer); Type: FUNCTION; Schema: old_item_knn; Owner: -
--

CREATE FUNCTION old_item_knn.explain(user_id integer, item_id text, k integer DEFAULT 10) RETURNS TABLE(because_id text, weight real, similarity real, contribution real, share real, rank integer)
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.because_id,
     t.weight,
     t.similarity,
     t.contribution,
     t.share,
     t.rank
    FROM affinity.explain_core('old_item_knn'::regnamespace, explain.user_id, explain.item_id, explain.k) t(because_id text, weight real, similarity real, contribution real, share real, rank integer);
END;


--
-- Name: recommend(integer, integer, text[], text[], boolean); Type: FUNCTION; Schema: old_item_knn; Owner: -
--

CREATE FUNCTION old_item_knn.recommend(user_id integer, k integer DEFAULT 10, candidates text[] DEFAULT NULL::text[], exclude text[] DEFAULT NULL::text[], exclude_seen boolean DEFAULT true) RETURNS TABLE(item_id text, score real, rank integer, personalized boolean)
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.item_id,
     t.score,
     t.rank,
     t.personalized
    FROM affinity.recommend_core('old_item_knn'::regnamespace, recommend.user_id, recommend.k, recommend.candidates, recommend.exclude, recommend.exclude_seen) t(item_id text, score real, rank integer, personalized boolean);
END;


--
-- Name: recommend_all(integer); Type: FUNCTION; Schema: old_item_knn; Owner: -
--

CREATE FUNCTION old_item_knn.recommend_all(k integer DEFAULT 10) RETURNS TABLE(user_id integer, item_id text, score real, rank integer, personalized boolean)
    LANGUAGE sql STABLE COST 1e+06 ROWS 100000 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.user_id,
     t.item_id,
     t.score,
     t.rank,
     t.personalized
    FROM affinity.recommend_all_core('old_item_knn'::regnamespace, recommend_all.k) t(user_id integer, item_id text, score real, rank integer, personalized boolean);
END;


--
-- Name: recommend_for(text[], integer, text[], text[]); Type: FUNCTION; Schema: old_item_knn; Owner: -
--

CREATE FUNCTION old_item_knn.recommend_for(items text[], k integer DEFAULT 10, candidates text[] DEFAULT NULL::text[], exclude text[] DEFAULT NULL::text[]) RETURNS TABLE(item_id text, score real, rank integer, personalized boolean)
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.item_id,
     t.score,
     t.rank,
     t.personalized
    FROM affinity.recommend_for_core('old_item_knn'::regnamespace, recommend_for.items, recommend_for.k, recommend_for.candidates, recommend_for.exclude) t(item_id text, score real, rank integer, personalized boolean);
END;


--
-- Name: score(integer, text[]); Type: FUNCTION; Schema: old_item_knn; Owner: -
--

CREATE FUNCTION old_item_knn.score(user_id integer, items text[]) RETURNS TABLE(item_id text, score real, rank integer, personalized boolean)
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.item_id,
     t.score,
     t.rank,
     t.personalized
    FROM affinity.score_core('old_item_knn'::regnamespace, score.user_id, score.items) t(item_id text, score real, rank integer, personalized boolean);
END;


--
-- Name: similar_items(text, integer); Type: FUNCTION; Schema: old_item_knn; Owner: -
--

CREATE FUNCTION old_item_knn.similar_items(item_id text, k integer DEFAULT 10) RETURNS SETOF old_item_knn.similar_item
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.item_id,
     t.score,
     t.rank
    FROM affinity.similar_items_core('old_item_knn'::regnamespace, similar_items.item_id, similar_items.k) t(item_id text, score real, rank integer);
END;


--
-- Name: similar_users(integer, integer); Type: FUNCTION; Schema: old_item_knn; Owner: -
--

CREATE FUNCTION old_item_knn.similar_users(user_id integer, k integer DEFAULT 10) RETURNS SETOF old_item_knn.similar_user
    LANGUAGE sql STABLE COST 10000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.user_id,
     t.score,
     t.rank,
     t.common
    FROM affinity.similar_users_core('old_item_knn'::regnamespace, similar_users.user_id, similar_users.k) t(user_id integer, score real, rank integer, common integer);
END;


--
-- Name: audience(text, integer); Type: FUNCTION; Schema: old_popular; Owner: -
--

CREATE FUNCTION old_popular.audience(item_id text, k integer DEFAULT 10) RETURNS TABLE(user_id integer, score real, rank integer)
    LANGUAGE sql STABLE COST 100000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.user_id,
     t.score,
     t.rank
    FROM affinity.audience_core('old_popular'::regnamespace, audience.item_id, audience.k) t(user_id integer, score real, rank integer);
END;


--
-- Name: explain(integer, text, integer); Type: FUNCTION; Schema: old_popular; Owner: -
--

CREATE FUNCTION old_popular.explain(user_id integer, item_id text, k integer DEFAULT 10) RETURNS TABLE(because_id text, weight real, similarity real, contribution real, share real, rank integer)
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.because_id,
     t.weight,
     t.similarity,
     t.contribution,
     t.share,
     t.rank
    FROM affinity.explain_core('old_popular'::regnamespace, explain.user_id, explain.item_id, explain.k) t(because_id text, weight real, similarity real, contribution real, share real, rank integer);
END;


--
-- Name: recommend(integer, integer, text[], text[], boolean); Type: FUNCTION; Schema: old_popular; Owner: -
--

CREATE FUNCTION old_popular.recommend(user_id integer, k integer DEFAULT 10, candidates text[] DEFAULT NULL::text[], exclude text[] DEFAULT NULL::text[], exclude_seen boolean DEFAULT true) RETURNS TABLE(item_id text, score real, rank integer, personalized boolean)
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.item_id,
     t.score,
     t.rank,
     t.personalized
    FROM affinity.recommend_core('old_popular'::regnamespace, recommend.user_id, recommend.k, recommend.candidates, recommend.exclude, recommend.exclude_seen) t(item_id text, score real, rank integer, personalized boolean);
END;


--
-- Name: recommend_all(integer); Type: FUNCTION; Schema: old_popular; Owner: -
--

CREATE FUNCTION old_popular.recommend_all(k integer DEFAULT 10) RETURNS TABLE(user_id integer, item_id text, score real, rank integer, personalized boolean)
    LANGUAGE sql STABLE COST 1e+06 ROWS 100000 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.user_id,
     t.item_id,
     t.score,
     t.rank,
     t.personalized
    FROM affinity.recommend_all_core('old_popular'::regnamespace, recommend_all.k) t(user_id integer, item_id text, score real, rank integer, personalized boolean);
END;


--
-- Name: recommend_for(text[], integer, text[], text[]); Type: FUNCTION; Schema: old_popular; Owner: -
--

CREATE FUNCTION old_popular.recommend_for(items text[], k integer DEFAULT 10, candidates text[] DEFAULT NULL::text[], exclude text[] DEFAULT NULL::text[]) RETURNS TABLE(item_id text, score real, rank integer, personalized boolean)
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.item_id,
     t.score,
     t.rank,
     t.personalized
    FROM affinity.recommend_for_core('old_popular'::regnamespace, recommend_for.items, recommend_for.k, recommend_for.candidates, recommend_for.exclude) t(item_id text, score real, rank integer, personalized boolean);
END;


--
-- Name: score(integer, text[]); Type: FUNCTION; Schema: old_popular; Owner: -
--

CREATE FUNCTION old_popular.score(user_id integer, items text[]) RETURNS TABLE(item_id text, score real, rank integer, personalized boolean)
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.item_id,
     t.score,
     t.rank,
     t.personalized
    FROM affinity.score_core('old_popular'::regnamespace, score.user_id, score.items) t(item_id text, score real, rank integer, personalized boolean);
END;


--
-- Name: similar_items(text, integer); Type: FUNCTION; Schema: old_popular; Owner: -
--

CREATE FUNCTION old_popular.similar_items(item_id text, k integer DEFAULT 10) RETURNS SETOF old_popular.similar_item
    LANGUAGE sql STABLE COST 1000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.item_id,
     t.score,
     t.rank
    FROM affinity.similar_items_core('old_popular'::regnamespace, similar_items.item_id, similar_items.k) t(item_id text, score real, rank integer);
END;


--
-- Name: similar_users(integer, integer); Type: FUNCTION; Schema: old_popular; Owner: -
--

CREATE FUNCTION old_popular.similar_users(user_id integer, k integer DEFAULT 10) RETURNS SETOF old_popular.similar_user
    LANGUAGE sql STABLE COST 10000 ROWS 10 PARALLEL RESTRICTED
    BEGIN ATOMIC
 SELECT t.user_id,
     t.score,
     t.rank,
     t.common
    FROM affinity.similar_users_core('old_popular'::regnamespace, similar_users.user_id, similar_users.k) t(user_id integer, score real, rank integer, common integer);
END;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: event; Type: TABLE; Schema: old; Owner: -
--

CREATE TABLE old.event (
    user_no integer,
    user_big bigint,
    user_name text,
    user_uuid uuid,
    item_no integer,
    item_code text,
    item_uuid uuid,
    weight real,
    at timestamp with time zone
);


--
-- Name: interactions; Type: VIEW; Schema: old_als; Owner: -
--

CREATE VIEW old_als.interactions WITH (security_invoker='true') AS
 SELECT q.user_id,
    q.item_id,
    q.weight,
    NULL::timestamp with time zone AS at
   FROM ( SELECT event.user_name,
            event.item_code,
            event.weight
           FROM old.event) q(user_id, item_id, weight);


--
-- Name: items; Type: TABLE; Schema: old_als; Owner: -
--

CREATE TABLE old_als.items (
    item_no integer NOT NULL,
    item_id text NOT NULL,
    popularity real NOT NULL,
    neighbors integer[] NOT NULL,
    scores real[] NOT NULL,
    factors real[]
)
WITH (toast_tuple_target='8160');
ALTER TABLE ONLY old_als.items ALTER COLUMN neighbors SET STORAGE EXTERNAL;
ALTER TABLE ONLY old_als.items ALTER COLUMN scores SET STORAGE EXTERNAL;
ALTER TABLE ONLY old_als.items ALTER COLUMN factors SET STORAGE EXTERNAL;


--
-- Name: model; Type: TABLE; Schema: old_als; Owner: -
--

CREATE TABLE old_als.model OF affinity.model_record;


--
-- Name: model_version; Type: SEQUENCE; Schema: old_als; Owner: -
--

CREATE SEQUENCE old_als.model_version
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: neighbors; Type: VIEW; Schema: old_als; Owner: -
--

CREATE VIEW old_als.neighbors WITH (security_invoker='true') AS
 SELECT i.item_id,
    n.item_id AS neighbor_id,
    u.score,
    (u.rank)::integer AS rank
   FROM ((old_als.items i
     CROSS JOIN LATERAL UNNEST(i.neighbors, i.scores) WITH ORDINALITY u(item_no, score, rank))
     JOIN old_als.items n ON ((n.item_no = u.item_no)));


--
-- Name: interactions; Type: VIEW; Schema: old_ease_dense; Owner: -
--

CREATE VIEW old_ease_dense.interactions WITH (security_invoker='true') AS
 SELECT q.user_id,
    q.item_id,
    q.weight,
    NULL::timestamp with time zone AS at
   FROM ( SELECT event.user_big,
            event.item_uuid,
            event.weight
           FROM old.event) q(user_id, item_id, weight);


--
-- Name: items; Type: TABLE; Schema: old_ease_dense; Owner: -
--

CREATE TABLE old_ease_dense.items (
    item_no integer NOT NULL,
    item_id uuid NOT NULL,
    popularity real NOT NULL,
    neighbors integer[] NOT NULL,
    scores real[] NOT NULL,
    factors real[]
)
WITH (toast_tuple_target='8160');
ALTER TABLE ONLY old_ease_dense.items ALTER COLUMN neighbors SET STORAGE EXTERNAL;
ALTER TABLE ONLY old_ease_dense.items ALTER COLUMN scores SET STORAGE EXTERNAL;
ALTER TABLE ONLY old_ease_dense.items ALTER COLUMN factors SET STORAGE EXTERNAL;


--
-- Name: model; Type: TABLE; Schema: old_ease_dense; Owner: -
--

CREATE TABLE old_ease_dense.model OF affinity.model_record;


--
-- Name: model_version; Type: SEQUENCE; Schema: old_ease_dense; Owner: -
--

CREATE SEQUENCE old_ease_dense.model_version
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: neighbors; Type: VIEW; Schema: old_ease_dense; Owner: -
--

CREATE VIEW old_ease_dense.neighbors WITH (security_invoker='true') AS
 SELECT i.item_id,
    n.item_id AS neighbor_id,
    u.score,
    (u.rank)::integer AS rank
   FROM ((old_ease_dense.items i
     CROSS JOIN LATERAL UNNEST(i.neighbors, i.scores) WITH ORDINALITY u(item_no, score, rank))
     JOIN old_ease_dense.items n ON ((n.item_no = u.item_no)));


--
-- Name: interactions; Type: VIEW; Schema: old_ease_sparse; Owner: -
--

CREATE VIEW old_ease_sparse.interactions WITH (security_invoker='true') AS
 SELECT q.user_id,
    q.item_id,
    (1)::real AS weight,
    NULL::timestamp with time zone AS at
   FROM ( SELECT event.user_uuid,
            event.item_no
           FROM old.event) q(user_id, item_id);


--
-- Name: items; Type: TABLE; Schema: old_ease_sparse; Owner: -
--

CREATE TABLE old_ease_sparse.items (
    item_no integer NOT NULL,
    item_id integer NOT NULL,
    popularity real NOT NULL,
    neighbors integer[] NOT NULL,
    scores real[] NOT NULL,
    factors real[]
)
WITH (toast_tuple_target='8160');
ALTER TABLE ONLY old_ease_sparse.items ALTER COLUMN neighbors SET STORAGE EXTERNAL;
ALTER TABLE ONLY old_ease_sparse.items ALTER COLUMN scores SET STORAGE EXTERNAL;
ALTER TABLE ONLY old_ease_sparse.items ALTER COLUMN factors SET STORAGE EXTERNAL;


--
-- Name: model; Type: TABLE; Schema: old_ease_sparse; Owner: -
--

CREATE TABLE old_ease_sparse.model OF affinity.model_record;


--
-- Name: model_version; Type: SEQUENCE; Schema: old_ease_sparse; Owner: -
--

CREATE SEQUENCE old_ease_sparse.model_version
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: neighbors; Type: VIEW; Schema: old_ease_sparse; Owner: -
--

CREATE VIEW old_ease_sparse.neighbors WITH (security_invoker='true') AS
 SELECT i.item_id,
    n.item_id AS neighbor_id,
    u.score,
    (u.rank)::integer AS rank
   FROM ((old_ease_sparse.items i
     CROSS JOIN LATERAL UNNEST(i.neighbors, i.scores) WITH ORDINALITY u(item_no, score, rank))
     JOIN old_ease_sparse.items n ON ((n.item_no = u.item_no)));


--
-- Name: interactions; Type: VIEW; Schema: old_ials; Owner: -
--

CREATE VIEW old_ials.interactions WITH (security_invoker='true') AS
 SELECT q.user_id,
    q.item_id,
    q.weight,
    NULL::timestamp with time zone AS at
   FROM ( SELECT event.user_no,
            event.item_no,
            event.weight
           FROM old.event) q(user_id, item_id, weight);


--
-- Name: items; Type: TABLE; Schema: old_ials; Owner: -
--

CREATE TABLE old_ials.items (
    item_no integer NOT NULL,
    item_id integer NOT NULL,
    popularity real NOT NULL,
    neighbors integer[] NOT NULL,
    scores real[] NOT NULL,
    factors real[]
)
WITH (toast_tuple_target='8160');
ALTER TABLE ONLY old_ials.items ALTER COLUMN neighbors SET STORAGE EXTERNAL;
ALTER TABLE ONLY old_ials.items ALTER COLUMN scores SET STORAGE EXTERNAL;
ALTER TABLE ONLY old_ials.items ALTER COLUMN factors SET STORAGE EXTERNAL;


--
-- Name: model; Type: TABLE; Schema: old_ials; Owner: -
--

CREATE TABLE old_ials.model OF affinity.model_record;


--
-- Name: model_version; Type: SEQUENCE; Schema: old_ials; Owner: -
--

CREATE SEQUENCE old_ials.model_version
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: neighbors; Type: VIEW; Schema: old_ials; Owner: -
--

CREATE VIEW old_ials.neighbors WITH (security_invoker='true') AS
 SELECT i.item_id,
    n.item_id AS neighbor_id,
    u.score,
    (u.rank)::integer AS rank
   FROM ((old_ials.items i
     CROSS JOIN LATERAL UNNEST(i.neighbors, i.scores) WITH ORDINALITY u(item_no, score, rank))
     JOIN old_ials.items n ON ((n.item_no = u.item_no)));


--
-- Name: interactions; Type: VIEW; Schema: old_item_knn; Owner: -
--

CREATE VIEW old_item_knn.interactions WITH (security_invoker='true') AS
 SELECT q.user_id,
    q.item_id,
    q.weight,
    q.at
   FROM ( SELECT event.user_no,
            event.item_code,
            event.weight,
            event.at
           FROM old.event) q(user_id, item_id, weight, at);


--
-- Name: items; Type: TABLE; Schema: old_item_knn; Owner: -
--

CREATE TABLE old_item_knn.items (
    item_no integer NOT NULL,
    item_id text NOT NULL,
    popularity real NOT NULL,
    neighbors integer[] NOT NULL,
    scores real[] NOT NULL,
    factors real[]
)
WITH (toast_tuple_target='8160');
ALTER TABLE ONLY old_item_knn.items ALTER COLUMN neighbors SET STORAGE EXTERNAL;
ALTER TABLE ONLY old_item_knn.items ALTER COLUMN scores SET STORAGE EXTERNAL;
ALTER TABLE ONLY old_item_knn.items ALTER COLUMN factors SET STORAGE EXTERNAL;


--
-- Name: model; Type: TABLE; Schema: old_item_knn; Owner: -
--

CREATE TABLE old_item_knn.model OF affinity.model_record;


--
-- Name: model_version; Type: SEQUENCE; Schema: old_item_knn; Owner: -
--

CREATE SEQUENCE old_item_knn.model_version
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: neighbors; Type: VIEW; Schema: old_item_knn; Owner: -
--

CREATE VIEW old_item_knn.neighbors WITH (security_invoker='true') AS
 SELECT i.item_id,
    n.item_id AS neighbor_id,
    u.score,
    (u.rank)::integer AS rank
   FROM ((old_item_knn.items i
     CROSS JOIN LATERAL UNNEST(i.neighbors, i.scores) WITH ORDINALITY u(item_no, score, rank))
     JOIN old_item_knn.items n ON ((n.item_no = u.item_no)));


--
-- Name: interactions; Type: VIEW; Schema: old_popular; Owner: -
--

CREATE VIEW old_popular.interactions WITH (security_invoker='true') AS
 SELECT q.user_id,
    q.item_id,
    q.weight,
    q.at
   FROM ( SELECT event.user_no,
            event.item_code,
            event.weight,
            event.at
           FROM old.event) q(user_id, item_id, weight, at);


--
-- Name: items; Type: TABLE; Schema: old_popular; Owner: -
--

CREATE TABLE old_popular.items (
    item_no integer NOT NULL,
    item_id text NOT NULL,
    popularity real NOT NULL,
    neighbors integer[] NOT NULL,
    scores real[] NOT NULL,
    factors real[]
)
WITH (toast_tuple_target='8160');
ALTER TABLE ONLY old_popular.items ALTER COLUMN neighbors SET STORAGE EXTERNAL;
ALTER TABLE ONLY old_popular.items ALTER COLUMN scores SET STORAGE EXTERNAL;
ALTER TABLE ONLY old_popular.items ALTER COLUMN factors SET STORAGE EXTERNAL;


--
-- Name: model; Type: TABLE; Schema: old_popular; Owner: -
--

CREATE TABLE old_popular.model OF affinity.model_record;


--
-- Name: model_version; Type: SEQUENCE; Schema: old_popular; Owner: -
--

CREATE SEQUENCE old_popular.model_version
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: neighbors; Type: VIEW; Schema: old_popular; Owner: -
--

CREATE VIEW old_popular.neighbors WITH (security_invoker='true') AS
 SELECT i.item_id,
    n.item_id AS neighbor_id,
    u.score,
    (u.rank)::integer AS rank
   FROM ((old_popular.items i
     CROSS JOIN LATERAL UNNEST(i.neighbors, i.scores) WITH ORDINALITY u(item_no, score, rank))
     JOIN old_popular.items n ON ((n.item_no = u.item_no)));


--
-- Data for Name: event; Type: TABLE DATA; Schema: old; Owner: -
--

COPY old.event (user_no, user_big, user_name, user_uuid, item_no, item_code, item_uuid, weight, at) FROM stdin;
1	3000000001	user 1	e4774cdd-a079-3f86-414e-8b9140bb6db4	1	item 1	9ce88802-f075-91e5-ce04-57ef51ece021	3	2024-01-03 00:00:00+00
2	3000000002	user 2	270c1b08-4f3f-146e-b578-7075158d9c53	1	item 1	9ce88802-f075-91e5-ce04-57ef51ece021	5	2024-01-04 13:00:00+00
3	3000000003	user 3	532a7b8e-0328-a8d0-5a8e-6258b28b9a36	1	item 1	9ce88802-f075-91e5-ce04-57ef51ece021	2	2024-01-06 02:00:00+00
5	3000000005	user 5	4d0a87b6-3b72-90cd-6440-4e2d8098dee1	1	item 1	9ce88802-f075-91e5-ce04-57ef51ece021	1	2024-01-09 04:00:00+00
7	3000000007	user 7	6bce05df-9831-da77-99a5-edc4f7abfbec	1	item 1	9ce88802-f075-91e5-ce04-57ef51ece021	5	2024-01-12 06:00:00+00
10	3000000010	user 10	cb8232dd-ad50-acab-196b-20a2c9366463	1	item 1	9ce88802-f075-91e5-ce04-57ef51ece021	1	2024-01-16 21:00:00+00
11	3000000011	user 11	a4cb5cf0-c26c-1301-89bc-9536bd787515	1	item 1	9ce88802-f075-91e5-ce04-57ef51ece021	3	2024-01-18 10:00:00+00
12	3000000012	user 12	e2dba064-904f-7c6d-8d29-84bc722ebc9b	1	item 1	9ce88802-f075-91e5-ce04-57ef51ece021	5	2024-01-19 23:00:00+00
13	3000000013	user 13	e20d515f-d07b-51a1-e9b8-47b2faaf8c14	1	item 1	9ce88802-f075-91e5-ce04-57ef51ece021	2	2024-01-21 12:00:00+00
14	3000000014	user 14	6d90e8ba-946f-c03a-5c43-e1e45b778763	1	item 1	9ce88802-f075-91e5-ce04-57ef51ece021	4	2024-01-23 01:00:00+00
15	3000000015	user 15	80b44257-1916-1816-e401-b4ec804e14a6	1	item 1	9ce88802-f075-91e5-ce04-57ef51ece021	1	2024-01-24 14:00:00+00
18	3000000018	user 18	32ae1a36-bf78-75c6-7ef4-de3a137c2443	1	item 1	9ce88802-f075-91e5-ce04-57ef51ece021	2	2024-01-29 05:00:00+00
20	3000000020	user 20	e4c3b5ea-b4f5-9220-7716-5406162bd630	1	item 1	9ce88802-f075-91e5-ce04-57ef51ece021	1	2024-02-01 07:00:00+00
22	3000000022	user 22	4dabfc91-400e-263d-241d-73a9d71a07be	1	item 1	9ce88802-f075-91e5-ce04-57ef51ece021	5	2024-02-04 09:00:00+00
23	3000000023	user 23	45f1ec94-7069-c5fb-ecc6-75a77123d6e4	1	item 1	9ce88802-f075-91e5-ce04-57ef51ece021	2	2024-02-05 22:00:00+00
24	3000000024	user 24	295fe5c8-4ade-ae42-4338-9575474cae81	1	item 1	9ce88802-f075-91e5-ce04-57ef51ece021	4	2024-02-07 11:00:00+00
25	3000000025	user 25	5c0b300c-f27a-93c1-c0b0-3c5627b538e2	1	item 1	9ce88802-f075-91e5-ce04-57ef51ece021	1	2024-02-09 00:00:00+00
29	3000000029	user 29	cab34bec-9571-9831-3803-45d7068f5457	1	item 1	9ce88802-f075-91e5-ce04-57ef51ece021	4	2024-02-15 04:00:00+00
30	3000000030	user 30	14e1410e-b2e6-e386-339c-aaa0da2fe4da	1	item 1	9ce88802-f075-91e5-ce04-57ef51ece021	1	2024-02-16 17:00:00+00
1	3000000001	user 1	e4774cdd-a079-3f86-414e-8b9140bb6db4	2	item 2	fc46f8e7-0489-b90f-a373-d93109479ca5	4	2024-01-03 11:00:00+00
2	3000000002	user 2	270c1b08-4f3f-146e-b578-7075158d9c53	2	item 2	fc46f8e7-0489-b90f-a373-d93109479ca5	2	2024-01-05 00:00:00+00
4	3000000004	user 4	7b8d62fd-2f0f-5b2e-3ba5-437e5b983128	2	item 2	fc46f8e7-0489-b90f-a373-d93109479ca5	3	2024-01-08 02:00:00+00
6	3000000006	user 6	a6a03a32-1dfc-9ab8-5c18-6fe4b38338a2	2	item 2	fc46f8e7-0489-b90f-a373-d93109479ca5	4	2024-01-11 04:00:00+00
8	3000000008	user 8	07739385-2be2-0e37-026d-6281827662f2	2	item 2	fc46f8e7-0489-b90f-a373-d93109479ca5	5	2024-01-14 06:00:00+00
9	3000000009	user 9	5486259f-9c01-e219-9ac7-cddcae3b383d	2	item 2	fc46f8e7-0489-b90f-a373-d93109479ca5	3	2024-01-15 19:00:00+00
11	3000000011	user 11	a4cb5cf0-c26c-1301-89bc-9536bd787515	2	item 2	fc46f8e7-0489-b90f-a373-d93109479ca5	4	2024-01-18 21:00:00+00
13	3000000013	user 13	e20d515f-d07b-51a1-e9b8-47b2faaf8c14	2	item 2	fc46f8e7-0489-b90f-a373-d93109479ca5	5	2024-01-21 23:00:00+00
15	3000000015	user 15	80b44257-1916-1816-e401-b4ec804e14a6	2	item 2	fc46f8e7-0489-b90f-a373-d93109479ca5	1	2024-01-25 01:00:00+00
16	3000000016	user 16	de59a481-c9d8-ace2-6267-0bda2b39cb1f	2	item 2	fc46f8e7-0489-b90f-a373-d93109479ca5	4	2024-01-26 14:00:00+00
17	3000000017	user 17	14cf27f1-5fc5-5295-6999-e1b4dadf859b	2	item 2	fc46f8e7-0489-b90f-a373-d93109479ca5	2	2024-01-28 03:00:00+00
19	3000000019	user 19	0d716c72-20ab-3b52-1fb5-6b6a4c8afa2b	2	item 2	fc46f8e7-0489-b90f-a373-d93109479ca5	3	2024-01-31 05:00:00+00
20	3000000020	user 20	e4c3b5ea-b4f5-9220-7716-5406162bd630	2	item 2	fc46f8e7-0489-b90f-a373-d93109479ca5	1	2024-02-01 18:00:00+00
21	3000000021	user 21	22a8b76f-85a1-6947-e96f-a3c07f5d67bf	2	item 2	fc46f8e7-0489-b90f-a373-d93109479ca5	4	2024-02-03 07:00:00+00
22	3000000022	user 22	4dabfc91-400e-263d-241d-73a9d71a07be	2	item 2	fc46f8e7-0489-b90f-a373-d93109479ca5	2	2024-02-04 20:00:00+00
24	3000000024	user 24	295fe5c8-4ade-ae42-4338-9575474cae81	2	item 2	fc46f8e7-0489-b90f-a373-d93109479ca5	3	2024-02-07 22:00:00+00
26	3000000026	user 26	462df581-1add-b70c-13d7-6d44b6a8231c	2	item 2	fc46f8e7-0489-b90f-a373-d93109479ca5	4	2024-02-11 00:00:00+00
28	3000000028	user 28	26903bbe-e42e-af40-6d31-c53298002827	2	item 2	fc46f8e7-0489-b90f-a373-d93109479ca5	5	2024-02-14 02:00:00+00
30	3000000030	user 30	14e1410e-b2e6-e386-339c-aaa0da2fe4da	2	item 2	fc46f8e7-0489-b90f-a373-d93109479ca5	1	2024-02-17 04:00:00+00
2	3000000002	user 2	270c1b08-4f3f-146e-b578-7075158d9c53	3	item 3	51d4b581-d21c-20a1-6147-b17c3adc7867	4	2024-01-05 11:00:00+00
3	3000000003	user 3	532a7b8e-0328-a8d0-5a8e-6258b28b9a36	3	item 3	51d4b581-d21c-20a1-6147-b17c3adc7867	3	2024-01-07 00:00:00+00
6	3000000006	user 6	a6a03a32-1dfc-9ab8-5c18-6fe4b38338a2	3	item 3	51d4b581-d21c-20a1-6147-b17c3adc7867	5	2024-01-11 15:00:00+00
7	3000000007	user 7	6bce05df-9831-da77-99a5-edc4f7abfbec	3	item 3	51d4b581-d21c-20a1-6147-b17c3adc7867	4	2024-01-13 04:00:00+00
12	3000000012	user 12	e2dba064-904f-7c6d-8d29-84bc722ebc9b	3	item 3	51d4b581-d21c-20a1-6147-b17c3adc7867	4	2024-01-20 21:00:00+00
14	3000000014	user 14	6d90e8ba-946f-c03a-5c43-e1e45b778763	3	item 3	51d4b581-d21c-20a1-6147-b17c3adc7867	2	2024-01-23 23:00:00+00
17	3000000017	user 17	14cf27f1-5fc5-5295-6999-e1b4dadf859b	3	item 3	51d4b581-d21c-20a1-6147-b17c3adc7867	4	2024-01-28 14:00:00+00
22	3000000022	user 22	4dabfc91-400e-263d-241d-73a9d71a07be	3	item 3	51d4b581-d21c-20a1-6147-b17c3adc7867	4	2024-02-05 07:00:00+00
25	3000000025	user 25	5c0b300c-f27a-93c1-c0b0-3c5627b538e2	3	item 3	51d4b581-d21c-20a1-6147-b17c3adc7867	1	2024-02-09 22:00:00+00
27	3000000027	user 27	818c475e-f173-7f78-6f62-3eea2d0b6eaa	3	item 3	51d4b581-d21c-20a1-6147-b17c3adc7867	4	2024-02-13 00:00:00+00
28	3000000028	user 28	26903bbe-e42e-af40-6d31-c53298002827	3	item 3	51d4b581-d21c-20a1-6147-b17c3adc7867	3	2024-02-14 13:00:00+00
3	3000000003	user 3	532a7b8e-0328-a8d0-5a8e-6258b28b9a36	4	item 4	a9818d53-3a6a-8673-04dd-2a16f5644215	1	2024-01-07 11:00:00+00
4	3000000004	user 4	7b8d62fd-2f0f-5b2e-3ba5-437e5b983128	4	item 4	a9818d53-3a6a-8673-04dd-2a16f5644215	1	2024-01-09 00:00:00+00
5	3000000005	user 5	4d0a87b6-3b72-90cd-6440-4e2d8098dee1	4	item 4	a9818d53-3a6a-8673-04dd-2a16f5644215	1	2024-01-10 13:00:00+00
7	3000000007	user 7	6bce05df-9831-da77-99a5-edc4f7abfbec	4	item 4	a9818d53-3a6a-8673-04dd-2a16f5644215	1	2024-01-13 15:00:00+00
8	3000000008	user 8	07739385-2be2-0e37-026d-6281827662f2	4	item 4	a9818d53-3a6a-8673-04dd-2a16f5644215	1	2024-01-15 04:00:00+00
9	3000000009	user 9	5486259f-9c01-e219-9ac7-cddcae3b383d	4	item 4	a9818d53-3a6a-8673-04dd-2a16f5644215	1	2024-01-16 17:00:00+00
13	3000000013	user 13	e20d515f-d07b-51a1-e9b8-47b2faaf8c14	4	item 4	a9818d53-3a6a-8673-04dd-2a16f5644215	1	2024-01-22 21:00:00+00
14	3000000014	user 14	6d90e8ba-946f-c03a-5c43-e1e45b778763	4	item 4	a9818d53-3a6a-8673-04dd-2a16f5644215	1	2024-01-24 10:00:00+00
15	3000000015	user 15	80b44257-1916-1816-e401-b4ec804e14a6	4	item 4	a9818d53-3a6a-8673-04dd-2a16f5644215	1	2024-01-25 23:00:00+00
16	3000000016	user 16	de59a481-c9d8-ace2-6267-0bda2b39cb1f	4	item 4	a9818d53-3a6a-8673-04dd-2a16f5644215	1	2024-01-27 12:00:00+00
18	3000000018	user 18	32ae1a36-bf78-75c6-7ef4-de3a137c2443	4	item 4	a9818d53-3a6a-8673-04dd-2a16f5644215	1	2024-01-30 14:00:00+00
19	3000000019	user 19	0d716c72-20ab-3b52-1fb5-6b6a4c8afa2b	4	item 4	a9818d53-3a6a-8673-04dd-2a16f5644215	1	2024-02-01 03:00:00+00
20	3000000020	user 20	e4c3b5ea-b4f5-9220-7716-5406162bd630	4	item 4	a9818d53-3a6a-8673-04dd-2a16f5644215	1	2024-02-02 16:00:00+00
23	3000000023	user 23	45f1ec94-7069-c5fb-ecc6-75a77123d6e4	4	item 4	a9818d53-3a6a-8673-04dd-2a16f5644215	1	2024-02-07 07:00:00+00
25	3000000025	user 25	5c0b300c-f27a-93c1-c0b0-3c5627b538e2	4	item 4	a9818d53-3a6a-8673-04dd-2a16f5644215	1	2024-02-10 09:00:00+00
26	3000000026	user 26	462df581-1add-b70c-13d7-6d44b6a8231c	4	item 4	a9818d53-3a6a-8673-04dd-2a16f5644215	1	2024-02-11 22:00:00+00
27	3000000027	user 27	818c475e-f173-7f78-6f62-3eea2d0b6eaa	4	item 4	a9818d53-3a6a-8673-04dd-2a16f5644215	1	2024-02-13 11:00:00+00
28	3000000028	user 28	26903bbe-e42e-af40-6d31-c53298002827	4	item 4	a9818d53-3a6a-8673-04dd-2a16f5644215	1	2024-02-15 00:00:00+00
29	3000000029	user 29	cab34bec-9571-9831-3803-45d7068f5457	4	item 4	a9818d53-3a6a-8673-04dd-2a16f5644215	1	2024-02-16 13:00:00+00
30	3000000030	user 30	14e1410e-b2e6-e386-339c-aaa0da2fe4da	4	item 4	a9818d53-3a6a-8673-04dd-2a16f5644215	1	2024-02-18 02:00:00+00
2	3000000002	user 2	270c1b08-4f3f-146e-b578-7075158d9c53	5	item 5	8cabafd3-576a-b487-31c8-ab59e0349a0e	3	2024-01-06 09:00:00+00
4	3000000004	user 4	7b8d62fd-2f0f-5b2e-3ba5-437e5b983128	5	item 5	8cabafd3-576a-b487-31c8-ab59e0349a0e	5	2024-01-09 11:00:00+00
5	3000000005	user 5	4d0a87b6-3b72-90cd-6440-4e2d8098dee1	5	item 5	8cabafd3-576a-b487-31c8-ab59e0349a0e	1	2024-01-11 00:00:00+00
7	3000000007	user 7	6bce05df-9831-da77-99a5-edc4f7abfbec	5	item 5	8cabafd3-576a-b487-31c8-ab59e0349a0e	3	2024-01-14 02:00:00+00
8	3000000008	user 8	07739385-2be2-0e37-026d-6281827662f2	5	item 5	8cabafd3-576a-b487-31c8-ab59e0349a0e	4	2024-01-15 15:00:00+00
9	3000000009	user 9	5486259f-9c01-e219-9ac7-cddcae3b383d	5	item 5	8cabafd3-576a-b487-31c8-ab59e0349a0e	5	2024-01-17 04:00:00+00
10	3000000010	user 10	cb8232dd-ad50-acab-196b-20a2c9366463	5	item 5	8cabafd3-576a-b487-31c8-ab59e0349a0e	1	2024-01-18 17:00:00+00
13	3000000013	user 13	e20d515f-d07b-51a1-e9b8-47b2faaf8c14	5	item 5	8cabafd3-576a-b487-31c8-ab59e0349a0e	4	2024-01-23 08:00:00+00
14	3000000014	user 14	6d90e8ba-946f-c03a-5c43-e1e45b778763	5	item 5	8cabafd3-576a-b487-31c8-ab59e0349a0e	5	2024-01-24 21:00:00+00
16	3000000016	user 16	de59a481-c9d8-ace2-6267-0bda2b39cb1f	5	item 5	8cabafd3-576a-b487-31c8-ab59e0349a0e	2	2024-01-27 23:00:00+00
18	3000000018	user 18	32ae1a36-bf78-75c6-7ef4-de3a137c2443	5	item 5	8cabafd3-576a-b487-31c8-ab59e0349a0e	4	2024-01-31 01:00:00+00
19	3000000019	user 19	0d716c72-20ab-3b52-1fb5-6b6a4c8afa2b	5	item 5	8cabafd3-576a-b487-31c8-ab59e0349a0e	5	2024-02-01 14:00:00+00
21	3000000021	user 21	22a8b76f-85a1-6947-e96f-a3c07f5d67bf	5	item 5	8cabafd3-576a-b487-31c8-ab59e0349a0e	2	2024-02-04 16:00:00+00
24	3000000024	user 24	295fe5c8-4ade-ae42-4338-9575474cae81	5	item 5	8cabafd3-576a-b487-31c8-ab59e0349a0e	5	2024-02-09 07:00:00+00
27	3000000027	user 27	818c475e-f173-7f78-6f62-3eea2d0b6eaa	5	item 5	8cabafd3-576a-b487-31c8-ab59e0349a0e	3	2024-02-13 22:00:00+00
29	3000000029	user 29	cab34bec-9571-9831-3803-45d7068f5457	5	item 5	8cabafd3-576a-b487-31c8-ab59e0349a0e	5	2024-02-17 00:00:00+00
30	3000000030	user 30	14e1410e-b2e6-e386-339c-aaa0da2fe4da	5	item 5	8cabafd3-576a-b487-31c8-ab59e0349a0e	1	2024-02-18 13:00:00+00
1	3000000001	user 1	e4774cdd-a079-3f86-414e-8b9140bb6db4	6	item 6	0d6f7d4c-bf5d-538f-1ded-ea4c6b775617	3	2024-01-05 07:00:00+00
3	3000000003	user 3	532a7b8e-0328-a8d0-5a8e-6258b28b9a36	6	item 6	0d6f7d4c-bf5d-538f-1ded-ea4c6b775617	2	2024-01-08 09:00:00+00
4	3000000004	user 4	7b8d62fd-2f0f-5b2e-3ba5-437e5b983128	6	item 6	0d6f7d4c-bf5d-538f-1ded-ea4c6b775617	4	2024-01-09 22:00:00+00
6	3000000006	user 6	a6a03a32-1dfc-9ab8-5c18-6fe4b38338a2	6	item 6	0d6f7d4c-bf5d-538f-1ded-ea4c6b775617	3	2024-01-13 00:00:00+00
9	3000000009	user 9	5486259f-9c01-e219-9ac7-cddcae3b383d	6	item 6	0d6f7d4c-bf5d-538f-1ded-ea4c6b775617	4	2024-01-17 15:00:00+00
12	3000000012	user 12	e2dba064-904f-7c6d-8d29-84bc722ebc9b	6	item 6	0d6f7d4c-bf5d-538f-1ded-ea4c6b775617	5	2024-01-22 06:00:00+00
14	3000000014	user 14	6d90e8ba-946f-c03a-5c43-e1e45b778763	6	item 6	0d6f7d4c-bf5d-538f-1ded-ea4c6b775617	4	2024-01-25 08:00:00+00
15	3000000015	user 15	80b44257-1916-1816-e401-b4ec804e14a6	6	item 6	0d6f7d4c-bf5d-538f-1ded-ea4c6b775617	1	2024-01-26 21:00:00+00
17	3000000017	user 17	14cf27f1-5fc5-5295-6999-e1b4dadf859b	6	item 6	0d6f7d4c-bf5d-538f-1ded-ea4c6b775617	5	2024-01-29 23:00:00+00
20	3000000020	user 20	e4c3b5ea-b4f5-9220-7716-5406162bd630	6	item 6	0d6f7d4c-bf5d-538f-1ded-ea4c6b775617	1	2024-02-03 14:00:00+00
23	3000000023	user 23	45f1ec94-7069-c5fb-ecc6-75a77123d6e4	6	item 6	0d6f7d4c-bf5d-538f-1ded-ea4c6b775617	2	2024-02-08 05:00:00+00
25	3000000025	user 25	5c0b300c-f27a-93c1-c0b0-3c5627b538e2	6	item 6	0d6f7d4c-bf5d-538f-1ded-ea4c6b775617	1	2024-02-11 07:00:00+00
26	3000000026	user 26	462df581-1add-b70c-13d7-6d44b6a8231c	6	item 6	0d6f7d4c-bf5d-538f-1ded-ea4c6b775617	3	2024-02-12 20:00:00+00
28	3000000028	user 28	26903bbe-e42e-af40-6d31-c53298002827	6	item 6	0d6f7d4c-bf5d-538f-1ded-ea4c6b775617	2	2024-02-15 22:00:00+00
2	3000000002	user 2	270c1b08-4f3f-146e-b578-7075158d9c53	7	item 7	b9efb796-97c2-6434-d28f-acc83436f8e5	2	2024-01-07 07:00:00+00
3	3000000003	user 3	532a7b8e-0328-a8d0-5a8e-6258b28b9a36	7	item 7	b9efb796-97c2-6434-d28f-acc83436f8e5	5	2024-01-08 20:00:00+00
4	3000000004	user 4	7b8d62fd-2f0f-5b2e-3ba5-437e5b983128	7	item 7	b9efb796-97c2-6434-d28f-acc83436f8e5	3	2024-01-10 09:00:00+00
6	3000000006	user 6	a6a03a32-1dfc-9ab8-5c18-6fe4b38338a2	7	item 7	b9efb796-97c2-6434-d28f-acc83436f8e5	4	2024-01-13 11:00:00+00
7	3000000007	user 7	6bce05df-9831-da77-99a5-edc4f7abfbec	7	item 7	b9efb796-97c2-6434-d28f-acc83436f8e5	2	2024-01-15 00:00:00+00
8	3000000008	user 8	07739385-2be2-0e37-026d-6281827662f2	7	item 7	b9efb796-97c2-6434-d28f-acc83436f8e5	5	2024-01-16 13:00:00+00
13	3000000013	user 13	e20d515f-d07b-51a1-e9b8-47b2faaf8c14	7	item 7	b9efb796-97c2-6434-d28f-acc83436f8e5	5	2024-01-24 06:00:00+00
14	3000000014	user 14	6d90e8ba-946f-c03a-5c43-e1e45b778763	7	item 7	b9efb796-97c2-6434-d28f-acc83436f8e5	3	2024-01-25 19:00:00+00
15	3000000015	user 15	80b44257-1916-1816-e401-b4ec804e14a6	7	item 7	b9efb796-97c2-6434-d28f-acc83436f8e5	1	2024-01-27 08:00:00+00
17	3000000017	user 17	14cf27f1-5fc5-5295-6999-e1b4dadf859b	7	item 7	b9efb796-97c2-6434-d28f-acc83436f8e5	2	2024-01-30 10:00:00+00
18	3000000018	user 18	32ae1a36-bf78-75c6-7ef4-de3a137c2443	7	item 7	b9efb796-97c2-6434-d28f-acc83436f8e5	5	2024-01-31 23:00:00+00
19	3000000019	user 19	0d716c72-20ab-3b52-1fb5-6b6a4c8afa2b	7	item 7	b9efb796-97c2-6434-d28f-acc83436f8e5	3	2024-02-02 12:00:00+00
24	3000000024	user 24	295fe5c8-4ade-ae42-4338-9575474cae81	7	item 7	b9efb796-97c2-6434-d28f-acc83436f8e5	3	2024-02-10 05:00:00+00
25	3000000025	user 25	5c0b300c-f27a-93c1-c0b0-3c5627b538e2	7	item 7	b9efb796-97c2-6434-d28f-acc83436f8e5	1	2024-02-11 18:00:00+00
26	3000000026	user 26	462df581-1add-b70c-13d7-6d44b6a8231c	7	item 7	b9efb796-97c2-6434-d28f-acc83436f8e5	4	2024-02-13 07:00:00+00
28	3000000028	user 28	26903bbe-e42e-af40-6d31-c53298002827	7	item 7	b9efb796-97c2-6434-d28f-acc83436f8e5	5	2024-02-16 09:00:00+00
29	3000000029	user 29	cab34bec-9571-9831-3803-45d7068f5457	7	item 7	b9efb796-97c2-6434-d28f-acc83436f8e5	3	2024-02-17 22:00:00+00
30	3000000030	user 30	14e1410e-b2e6-e386-339c-aaa0da2fe4da	7	item 7	b9efb796-97c2-6434-d28f-acc83436f8e5	1	2024-02-19 11:00:00+00
5	3000000005	user 5	4d0a87b6-3b72-90cd-6440-4e2d8098dee1	8	item 8	5a320611-59a3-0eee-bb30-9052be870e00	1	2024-01-12 09:00:00+00
8	3000000008	user 8	07739385-2be2-0e37-026d-6281827662f2	8	item 8	5a320611-59a3-0eee-bb30-9052be870e00	3	2024-01-17 00:00:00+00
16	3000000016	user 16	de59a481-c9d8-ace2-6267-0bda2b39cb1f	8	item 8	5a320611-59a3-0eee-bb30-9052be870e00	5	2024-01-29 08:00:00+00
19	3000000019	user 19	0d716c72-20ab-3b52-1fb5-6b6a4c8afa2b	8	item 8	5a320611-59a3-0eee-bb30-9052be870e00	2	2024-02-02 23:00:00+00
27	3000000027	user 27	818c475e-f173-7f78-6f62-3eea2d0b6eaa	8	item 8	5a320611-59a3-0eee-bb30-9052be870e00	4	2024-02-15 07:00:00+00
30	3000000030	user 30	14e1410e-b2e6-e386-339c-aaa0da2fe4da	8	item 8	5a320611-59a3-0eee-bb30-9052be870e00	1	2024-02-19 22:00:00+00
2	3000000002	user 2	270c1b08-4f3f-146e-b578-7075158d9c53	9	item 9	115f46b6-059d-202a-4373-2ca79b096347	1	2024-01-08 05:00:00+00
3	3000000003	user 3	532a7b8e-0328-a8d0-5a8e-6258b28b9a36	9	item 9	115f46b6-059d-202a-4373-2ca79b096347	1	2024-01-09 18:00:00+00
5	3000000005	user 5	4d0a87b6-3b72-90cd-6440-4e2d8098dee1	9	item 9	115f46b6-059d-202a-4373-2ca79b096347	1	2024-01-12 20:00:00+00
7	3000000007	user 7	6bce05df-9831-da77-99a5-edc4f7abfbec	9	item 9	115f46b6-059d-202a-4373-2ca79b096347	1	2024-01-15 22:00:00+00
9	3000000009	user 9	5486259f-9c01-e219-9ac7-cddcae3b383d	9	item 9	115f46b6-059d-202a-4373-2ca79b096347	1	2024-01-19 00:00:00+00
11	3000000011	user 11	a4cb5cf0-c26c-1301-89bc-9536bd787515	9	item 9	115f46b6-059d-202a-4373-2ca79b096347	1	2024-01-22 02:00:00+00
13	3000000013	user 13	e20d515f-d07b-51a1-e9b8-47b2faaf8c14	9	item 9	115f46b6-059d-202a-4373-2ca79b096347	1	2024-01-25 04:00:00+00
14	3000000014	user 14	6d90e8ba-946f-c03a-5c43-e1e45b778763	9	item 9	115f46b6-059d-202a-4373-2ca79b096347	1	2024-01-26 17:00:00+00
16	3000000016	user 16	de59a481-c9d8-ace2-6267-0bda2b39cb1f	9	item 9	115f46b6-059d-202a-4373-2ca79b096347	1	2024-01-29 19:00:00+00
18	3000000018	user 18	32ae1a36-bf78-75c6-7ef4-de3a137c2443	9	item 9	115f46b6-059d-202a-4373-2ca79b096347	1	2024-02-01 21:00:00+00
20	3000000020	user 20	e4c3b5ea-b4f5-9220-7716-5406162bd630	9	item 9	115f46b6-059d-202a-4373-2ca79b096347	1	2024-02-04 23:00:00+00
22	3000000022	user 22	4dabfc91-400e-263d-241d-73a9d71a07be	9	item 9	115f46b6-059d-202a-4373-2ca79b096347	1	2024-02-08 01:00:00+00
24	3000000024	user 24	295fe5c8-4ade-ae42-4338-9575474cae81	9	item 9	115f46b6-059d-202a-4373-2ca79b096347	1	2024-02-11 03:00:00+00
25	3000000025	user 25	5c0b300c-f27a-93c1-c0b0-3c5627b538e2	9	item 9	115f46b6-059d-202a-4373-2ca79b096347	1	2024-02-12 16:00:00+00
27	3000000027	user 27	818c475e-f173-7f78-6f62-3eea2d0b6eaa	9	item 9	115f46b6-059d-202a-4373-2ca79b096347	1	2024-02-15 18:00:00+00
29	3000000029	user 29	cab34bec-9571-9831-3803-45d7068f5457	9	item 9	115f46b6-059d-202a-4373-2ca79b096347	1	2024-02-18 20:00:00+00
4	3000000004	user 4	7b8d62fd-2f0f-5b2e-3ba5-437e5b983128	10	item 10	e2e0ac09-6d68-75f5-2424-140f51904876	5	2024-01-11 18:00:00+00
8	3000000008	user 8	07739385-2be2-0e37-026d-6281827662f2	10	item 10	e2e0ac09-6d68-75f5-2424-140f51904876	4	2024-01-17 22:00:00+00
9	3000000009	user 9	5486259f-9c01-e219-9ac7-cddcae3b383d	10	item 10	e2e0ac09-6d68-75f5-2424-140f51904876	5	2024-01-19 11:00:00+00
10	3000000010	user 10	cb8232dd-ad50-acab-196b-20a2c9366463	10	item 10	e2e0ac09-6d68-75f5-2424-140f51904876	1	2024-01-21 00:00:00+00
11	3000000011	user 11	a4cb5cf0-c26c-1301-89bc-9536bd787515	10	item 10	e2e0ac09-6d68-75f5-2424-140f51904876	2	2024-01-22 13:00:00+00
15	3000000015	user 15	80b44257-1916-1816-e401-b4ec804e14a6	10	item 10	e2e0ac09-6d68-75f5-2424-140f51904876	1	2024-01-28 17:00:00+00
19	3000000019	user 19	0d716c72-20ab-3b52-1fb5-6b6a4c8afa2b	10	item 10	e2e0ac09-6d68-75f5-2424-140f51904876	5	2024-02-03 21:00:00+00
20	3000000020	user 20	e4c3b5ea-b4f5-9220-7716-5406162bd630	10	item 10	e2e0ac09-6d68-75f5-2424-140f51904876	1	2024-02-05 10:00:00+00
21	3000000021	user 21	22a8b76f-85a1-6947-e96f-a3c07f5d67bf	10	item 10	e2e0ac09-6d68-75f5-2424-140f51904876	2	2024-02-06 23:00:00+00
22	3000000022	user 22	4dabfc91-400e-263d-241d-73a9d71a07be	10	item 10	e2e0ac09-6d68-75f5-2424-140f51904876	3	2024-02-08 12:00:00+00
26	3000000026	user 26	462df581-1add-b70c-13d7-6d44b6a8231c	10	item 10	e2e0ac09-6d68-75f5-2424-140f51904876	2	2024-02-14 16:00:00+00
30	3000000030	user 30	14e1410e-b2e6-e386-339c-aaa0da2fe4da	10	item 10	e2e0ac09-6d68-75f5-2424-140f51904876	1	2024-02-20 20:00:00+00
4	3000000004	user 4	7b8d62fd-2f0f-5b2e-3ba5-437e5b983128	11	item 11	a9b34e8f-45ce-9217-b791-98e094c26352	4	2024-01-12 05:00:00+00
7	3000000007	user 7	6bce05df-9831-da77-99a5-edc4f7abfbec	11	item 11	a9b34e8f-45ce-9217-b791-98e094c26352	5	2024-01-16 20:00:00+00
11	3000000011	user 11	a4cb5cf0-c26c-1301-89bc-9536bd787515	11	item 11	a9b34e8f-45ce-9217-b791-98e094c26352	3	2024-01-23 00:00:00+00
15	3000000015	user 15	80b44257-1916-1816-e401-b4ec804e14a6	11	item 11	a9b34e8f-45ce-9217-b791-98e094c26352	1	2024-01-29 04:00:00+00
18	3000000018	user 18	32ae1a36-bf78-75c6-7ef4-de3a137c2443	11	item 11	a9b34e8f-45ce-9217-b791-98e094c26352	2	2024-02-02 19:00:00+00
22	3000000022	user 22	4dabfc91-400e-263d-241d-73a9d71a07be	11	item 11	a9b34e8f-45ce-9217-b791-98e094c26352	5	2024-02-08 23:00:00+00
26	3000000026	user 26	462df581-1add-b70c-13d7-6d44b6a8231c	11	item 11	a9b34e8f-45ce-9217-b791-98e094c26352	3	2024-02-15 03:00:00+00
29	3000000029	user 29	cab34bec-9571-9831-3803-45d7068f5457	11	item 11	a9b34e8f-45ce-9217-b791-98e094c26352	4	2024-02-19 18:00:00+00
1	3000000001	user 1	e4774cdd-a079-3f86-414e-8b9140bb6db4	12	item 12	a256d79d-5af8-92e9-a29d-350adf822efe	4	2024-01-08 01:00:00+00
2	3000000002	user 2	270c1b08-4f3f-146e-b578-7075158d9c53	12	item 12	a256d79d-5af8-92e9-a29d-350adf822efe	2	2024-01-09 14:00:00+00
3	3000000003	user 3	532a7b8e-0328-a8d0-5a8e-6258b28b9a36	12	item 12	a256d79d-5af8-92e9-a29d-350adf822efe	5	2024-01-11 03:00:00+00
7	3000000007	user 7	6bce05df-9831-da77-99a5-edc4f7abfbec	12	item 12	a256d79d-5af8-92e9-a29d-350adf822efe	2	2024-01-17 07:00:00+00
11	3000000011	user 11	a4cb5cf0-c26c-1301-89bc-9536bd787515	12	item 12	a256d79d-5af8-92e9-a29d-350adf822efe	4	2024-01-23 11:00:00+00
12	3000000012	user 12	e2dba064-904f-7c6d-8d29-84bc722ebc9b	12	item 12	a256d79d-5af8-92e9-a29d-350adf822efe	2	2024-01-25 00:00:00+00
13	3000000013	user 13	e20d515f-d07b-51a1-e9b8-47b2faaf8c14	12	item 12	a256d79d-5af8-92e9-a29d-350adf822efe	5	2024-01-26 13:00:00+00
14	3000000014	user 14	6d90e8ba-946f-c03a-5c43-e1e45b778763	12	item 12	a256d79d-5af8-92e9-a29d-350adf822efe	3	2024-01-28 02:00:00+00
18	3000000018	user 18	32ae1a36-bf78-75c6-7ef4-de3a137c2443	12	item 12	a256d79d-5af8-92e9-a29d-350adf822efe	5	2024-02-03 06:00:00+00
22	3000000022	user 22	4dabfc91-400e-263d-241d-73a9d71a07be	12	item 12	a256d79d-5af8-92e9-a29d-350adf822efe	2	2024-02-09 10:00:00+00
23	3000000023	user 23	45f1ec94-7069-c5fb-ecc6-75a77123d6e4	12	item 12	a256d79d-5af8-92e9-a29d-350adf822efe	5	2024-02-10 23:00:00+00
24	3000000024	user 24	295fe5c8-4ade-ae42-4338-9575474cae81	12	item 12	a256d79d-5af8-92e9-a29d-350adf822efe	3	2024-02-12 12:00:00+00
25	3000000025	user 25	5c0b300c-f27a-93c1-c0b0-3c5627b538e2	12	item 12	a256d79d-5af8-92e9-a29d-350adf822efe	1	2024-02-14 01:00:00+00
29	3000000029	user 29	cab34bec-9571-9831-3803-45d7068f5457	12	item 12	a256d79d-5af8-92e9-a29d-350adf822efe	3	2024-02-20 05:00:00+00
2	3000000002	user 2	270c1b08-4f3f-146e-b578-7075158d9c53	13	item 13	ebbd6de9-fc8a-3e5b-2a07-232bee589c7c	4	2024-01-10 01:00:00+00
4	3000000004	user 4	7b8d62fd-2f0f-5b2e-3ba5-437e5b983128	13	item 13	ebbd6de9-fc8a-3e5b-2a07-232bee589c7c	2	2024-01-13 03:00:00+00
6	3000000006	user 6	a6a03a32-1dfc-9ab8-5c18-6fe4b38338a2	13	item 13	ebbd6de9-fc8a-3e5b-2a07-232bee589c7c	5	2024-01-16 05:00:00+00
8	3000000008	user 8	07739385-2be2-0e37-026d-6281827662f2	13	item 13	ebbd6de9-fc8a-3e5b-2a07-232bee589c7c	3	2024-01-19 07:00:00+00
9	3000000009	user 9	5486259f-9c01-e219-9ac7-cddcae3b383d	13	item 13	ebbd6de9-fc8a-3e5b-2a07-232bee589c7c	2	2024-01-20 20:00:00+00
11	3000000011	user 11	a4cb5cf0-c26c-1301-89bc-9536bd787515	13	item 13	ebbd6de9-fc8a-3e5b-2a07-232bee589c7c	5	2024-01-23 22:00:00+00
13	3000000013	user 13	e20d515f-d07b-51a1-e9b8-47b2faaf8c14	13	item 13	ebbd6de9-fc8a-3e5b-2a07-232bee589c7c	3	2024-01-27 00:00:00+00
15	3000000015	user 15	80b44257-1916-1816-e401-b4ec804e14a6	13	item 13	ebbd6de9-fc8a-3e5b-2a07-232bee589c7c	1	2024-01-30 02:00:00+00
17	3000000017	user 17	14cf27f1-5fc5-5295-6999-e1b4dadf859b	13	item 13	ebbd6de9-fc8a-3e5b-2a07-232bee589c7c	4	2024-02-02 04:00:00+00
19	3000000019	user 19	0d716c72-20ab-3b52-1fb5-6b6a4c8afa2b	13	item 13	ebbd6de9-fc8a-3e5b-2a07-232bee589c7c	2	2024-02-05 06:00:00+00
20	3000000020	user 20	e4c3b5ea-b4f5-9220-7716-5406162bd630	13	item 13	ebbd6de9-fc8a-3e5b-2a07-232bee589c7c	1	2024-02-06 19:00:00+00
22	3000000022	user 22	4dabfc91-400e-263d-241d-73a9d71a07be	13	item 13	ebbd6de9-fc8a-3e5b-2a07-232bee589c7c	4	2024-02-09 21:00:00+00
24	3000000024	user 24	295fe5c8-4ade-ae42-4338-9575474cae81	13	item 13	ebbd6de9-fc8a-3e5b-2a07-232bee589c7c	2	2024-02-12 23:00:00+00
26	3000000026	user 26	462df581-1add-b70c-13d7-6d44b6a8231c	13	item 13	ebbd6de9-fc8a-3e5b-2a07-232bee589c7c	5	2024-02-16 01:00:00+00
28	3000000028	user 28	26903bbe-e42e-af40-6d31-c53298002827	13	item 13	ebbd6de9-fc8a-3e5b-2a07-232bee589c7c	3	2024-02-19 03:00:00+00
30	3000000030	user 30	14e1410e-b2e6-e386-339c-aaa0da2fe4da	13	item 13	ebbd6de9-fc8a-3e5b-2a07-232bee589c7c	1	2024-02-22 05:00:00+00
3	3000000003	user 3	532a7b8e-0328-a8d0-5a8e-6258b28b9a36	14	item 14	773ffcfb-75d1-081d-7431-ebe3fa5dbb44	1	2024-01-12 01:00:00+00
6	3000000006	user 6	a6a03a32-1dfc-9ab8-5c18-6fe4b38338a2	14	item 14	773ffcfb-75d1-081d-7431-ebe3fa5dbb44	1	2024-01-16 16:00:00+00
14	3000000014	user 14	6d90e8ba-946f-c03a-5c43-e1e45b778763	14	item 14	773ffcfb-75d1-081d-7431-ebe3fa5dbb44	1	2024-01-29 00:00:00+00
17	3000000017	user 17	14cf27f1-5fc5-5295-6999-e1b4dadf859b	14	item 14	773ffcfb-75d1-081d-7431-ebe3fa5dbb44	1	2024-02-02 15:00:00+00
25	3000000025	user 25	5c0b300c-f27a-93c1-c0b0-3c5627b538e2	14	item 14	773ffcfb-75d1-081d-7431-ebe3fa5dbb44	1	2024-02-14 23:00:00+00
28	3000000028	user 28	26903bbe-e42e-af40-6d31-c53298002827	14	item 14	773ffcfb-75d1-081d-7431-ebe3fa5dbb44	1	2024-02-19 14:00:00+00
3	3000000003	user 3	532a7b8e-0328-a8d0-5a8e-6258b28b9a36	15	item 15	e36479c6-ca00-48d4-4fd9-ec677fd032da	4	2024-01-12 12:00:00+00
4	3000000004	user 4	7b8d62fd-2f0f-5b2e-3ba5-437e5b983128	15	item 15	e36479c6-ca00-48d4-4fd9-ec677fd032da	5	2024-01-14 01:00:00+00
5	3000000005	user 5	4d0a87b6-3b72-90cd-6440-4e2d8098dee1	15	item 15	e36479c6-ca00-48d4-4fd9-ec677fd032da	1	2024-01-15 14:00:00+00
7	3000000007	user 7	6bce05df-9831-da77-99a5-edc4f7abfbec	15	item 15	e36479c6-ca00-48d4-4fd9-ec677fd032da	3	2024-01-18 16:00:00+00
8	3000000008	user 8	07739385-2be2-0e37-026d-6281827662f2	15	item 15	e36479c6-ca00-48d4-4fd9-ec677fd032da	4	2024-01-20 05:00:00+00
9	3000000009	user 9	5486259f-9c01-e219-9ac7-cddcae3b383d	15	item 15	e36479c6-ca00-48d4-4fd9-ec677fd032da	5	2024-01-21 18:00:00+00
14	3000000014	user 14	6d90e8ba-946f-c03a-5c43-e1e45b778763	15	item 15	e36479c6-ca00-48d4-4fd9-ec677fd032da	5	2024-01-29 11:00:00+00
15	3000000015	user 15	80b44257-1916-1816-e401-b4ec804e14a6	15	item 15	e36479c6-ca00-48d4-4fd9-ec677fd032da	1	2024-01-31 00:00:00+00
16	3000000016	user 16	de59a481-c9d8-ace2-6267-0bda2b39cb1f	15	item 15	e36479c6-ca00-48d4-4fd9-ec677fd032da	2	2024-02-01 13:00:00+00
18	3000000018	user 18	32ae1a36-bf78-75c6-7ef4-de3a137c2443	15	item 15	e36479c6-ca00-48d4-4fd9-ec677fd032da	4	2024-02-04 15:00:00+00
19	3000000019	user 19	0d716c72-20ab-3b52-1fb5-6b6a4c8afa2b	15	item 15	e36479c6-ca00-48d4-4fd9-ec677fd032da	5	2024-02-06 04:00:00+00
20	3000000020	user 20	e4c3b5ea-b4f5-9220-7716-5406162bd630	15	item 15	e36479c6-ca00-48d4-4fd9-ec677fd032da	1	2024-02-07 17:00:00+00
25	3000000025	user 25	5c0b300c-f27a-93c1-c0b0-3c5627b538e2	15	item 15	e36479c6-ca00-48d4-4fd9-ec677fd032da	1	2024-02-15 10:00:00+00
26	3000000026	user 26	462df581-1add-b70c-13d7-6d44b6a8231c	15	item 15	e36479c6-ca00-48d4-4fd9-ec677fd032da	2	2024-02-16 23:00:00+00
27	3000000027	user 27	818c475e-f173-7f78-6f62-3eea2d0b6eaa	15	item 15	e36479c6-ca00-48d4-4fd9-ec677fd032da	3	2024-02-18 12:00:00+00
29	3000000029	user 29	cab34bec-9571-9831-3803-45d7068f5457	15	item 15	e36479c6-ca00-48d4-4fd9-ec677fd032da	5	2024-02-21 14:00:00+00
30	3000000030	user 30	14e1410e-b2e6-e386-339c-aaa0da2fe4da	15	item 15	e36479c6-ca00-48d4-4fd9-ec677fd032da	1	2024-02-23 03:00:00+00
2	3000000002	user 2	270c1b08-4f3f-146e-b578-7075158d9c53	16	item 16	2655f230-11f3-fe4c-7c3d-757d37d5f9a5	5	2024-01-11 10:00:00+00
5	3000000005	user 5	4d0a87b6-3b72-90cd-6440-4e2d8098dee1	16	item 16	2655f230-11f3-fe4c-7c3d-757d37d5f9a5	1	2024-01-16 01:00:00+00
7	3000000007	user 7	6bce05df-9831-da77-99a5-edc4f7abfbec	16	item 16	2655f230-11f3-fe4c-7c3d-757d37d5f9a5	5	2024-01-19 03:00:00+00
8	3000000008	user 8	07739385-2be2-0e37-026d-6281827662f2	16	item 16	2655f230-11f3-fe4c-7c3d-757d37d5f9a5	2	2024-01-20 16:00:00+00
10	3000000010	user 10	cb8232dd-ad50-acab-196b-20a2c9366463	16	item 16	2655f230-11f3-fe4c-7c3d-757d37d5f9a5	1	2024-01-23 18:00:00+00
13	3000000013	user 13	e20d515f-d07b-51a1-e9b8-47b2faaf8c14	16	item 16	2655f230-11f3-fe4c-7c3d-757d37d5f9a5	2	2024-01-28 09:00:00+00
16	3000000016	user 16	de59a481-c9d8-ace2-6267-0bda2b39cb1f	16	item 16	2655f230-11f3-fe4c-7c3d-757d37d5f9a5	3	2024-02-02 00:00:00+00
18	3000000018	user 18	32ae1a36-bf78-75c6-7ef4-de3a137c2443	16	item 16	2655f230-11f3-fe4c-7c3d-757d37d5f9a5	2	2024-02-05 02:00:00+00
19	3000000019	user 19	0d716c72-20ab-3b52-1fb5-6b6a4c8afa2b	16	item 16	2655f230-11f3-fe4c-7c3d-757d37d5f9a5	4	2024-02-06 15:00:00+00
21	3000000021	user 21	22a8b76f-85a1-6947-e96f-a3c07f5d67bf	16	item 16	2655f230-11f3-fe4c-7c3d-757d37d5f9a5	3	2024-02-09 17:00:00+00
24	3000000024	user 24	295fe5c8-4ade-ae42-4338-9575474cae81	16	item 16	2655f230-11f3-fe4c-7c3d-757d37d5f9a5	4	2024-02-14 08:00:00+00
27	3000000027	user 27	818c475e-f173-7f78-6f62-3eea2d0b6eaa	16	item 16	2655f230-11f3-fe4c-7c3d-757d37d5f9a5	5	2024-02-18 23:00:00+00
29	3000000029	user 29	cab34bec-9571-9831-3803-45d7068f5457	16	item 16	2655f230-11f3-fe4c-7c3d-757d37d5f9a5	4	2024-02-22 01:00:00+00
30	3000000030	user 30	14e1410e-b2e6-e386-339c-aaa0da2fe4da	16	item 16	2655f230-11f3-fe4c-7c3d-757d37d5f9a5	1	2024-02-23 14:00:00+00
1	3000000001	user 1	e4774cdd-a079-3f86-414e-8b9140bb6db4	17	item 17	38be28ac-2e30-37fa-4332-852a55fafb43	4	2024-01-10 08:00:00+00
3	3000000003	user 3	532a7b8e-0328-a8d0-5a8e-6258b28b9a36	17	item 17	38be28ac-2e30-37fa-4332-852a55fafb43	5	2024-01-13 10:00:00+00
4	3000000004	user 4	7b8d62fd-2f0f-5b2e-3ba5-437e5b983128	17	item 17	38be28ac-2e30-37fa-4332-852a55fafb43	3	2024-01-14 23:00:00+00
6	3000000006	user 6	a6a03a32-1dfc-9ab8-5c18-6fe4b38338a2	17	item 17	38be28ac-2e30-37fa-4332-852a55fafb43	4	2024-01-18 01:00:00+00
9	3000000009	user 9	5486259f-9c01-e219-9ac7-cddcae3b383d	17	item 17	38be28ac-2e30-37fa-4332-852a55fafb43	3	2024-01-22 16:00:00+00
12	3000000012	user 12	e2dba064-904f-7c6d-8d29-84bc722ebc9b	17	item 17	38be28ac-2e30-37fa-4332-852a55fafb43	2	2024-01-27 07:00:00+00
14	3000000014	user 14	6d90e8ba-946f-c03a-5c43-e1e45b778763	17	item 17	38be28ac-2e30-37fa-4332-852a55fafb43	3	2024-01-30 09:00:00+00
15	3000000015	user 15	80b44257-1916-1816-e401-b4ec804e14a6	17	item 17	38be28ac-2e30-37fa-4332-852a55fafb43	1	2024-01-31 22:00:00+00
17	3000000017	user 17	14cf27f1-5fc5-5295-6999-e1b4dadf859b	17	item 17	38be28ac-2e30-37fa-4332-852a55fafb43	2	2024-02-04 00:00:00+00
20	3000000020	user 20	e4c3b5ea-b4f5-9220-7716-5406162bd630	17	item 17	38be28ac-2e30-37fa-4332-852a55fafb43	1	2024-02-08 15:00:00+00
23	3000000023	user 23	45f1ec94-7069-c5fb-ecc6-75a77123d6e4	17	item 17	38be28ac-2e30-37fa-4332-852a55fafb43	5	2024-02-13 06:00:00+00
25	3000000025	user 25	5c0b300c-f27a-93c1-c0b0-3c5627b538e2	17	item 17	38be28ac-2e30-37fa-4332-852a55fafb43	1	2024-02-16 08:00:00+00
26	3000000026	user 26	462df581-1add-b70c-13d7-6d44b6a8231c	17	item 17	38be28ac-2e30-37fa-4332-852a55fafb43	4	2024-02-17 21:00:00+00
28	3000000028	user 28	26903bbe-e42e-af40-6d31-c53298002827	17	item 17	38be28ac-2e30-37fa-4332-852a55fafb43	5	2024-02-20 23:00:00+00
2	3000000002	user 2	270c1b08-4f3f-146e-b578-7075158d9c53	18	item 18	9b2f2039-b997-8993-d6dc-d881bc1ca7a1	4	2024-01-12 08:00:00+00
3	3000000003	user 3	532a7b8e-0328-a8d0-5a8e-6258b28b9a36	18	item 18	9b2f2039-b997-8993-d6dc-d881bc1ca7a1	3	2024-01-13 21:00:00+00
4	3000000004	user 4	7b8d62fd-2f0f-5b2e-3ba5-437e5b983128	18	item 18	9b2f2039-b997-8993-d6dc-d881bc1ca7a1	2	2024-01-15 10:00:00+00
6	3000000006	user 6	a6a03a32-1dfc-9ab8-5c18-6fe4b38338a2	18	item 18	9b2f2039-b997-8993-d6dc-d881bc1ca7a1	5	2024-01-18 12:00:00+00
7	3000000007	user 7	6bce05df-9831-da77-99a5-edc4f7abfbec	18	item 18	9b2f2039-b997-8993-d6dc-d881bc1ca7a1	4	2024-01-20 01:00:00+00
8	3000000008	user 8	07739385-2be2-0e37-026d-6281827662f2	18	item 18	9b2f2039-b997-8993-d6dc-d881bc1ca7a1	3	2024-01-21 14:00:00+00
13	3000000013	user 13	e20d515f-d07b-51a1-e9b8-47b2faaf8c14	18	item 18	9b2f2039-b997-8993-d6dc-d881bc1ca7a1	3	2024-01-29 07:00:00+00
14	3000000014	user 14	6d90e8ba-946f-c03a-5c43-e1e45b778763	18	item 18	9b2f2039-b997-8993-d6dc-d881bc1ca7a1	2	2024-01-30 20:00:00+00
15	3000000015	user 15	80b44257-1916-1816-e401-b4ec804e14a6	18	item 18	9b2f2039-b997-8993-d6dc-d881bc1ca7a1	1	2024-02-01 09:00:00+00
17	3000000017	user 17	14cf27f1-5fc5-5295-6999-e1b4dadf859b	18	item 18	9b2f2039-b997-8993-d6dc-d881bc1ca7a1	4	2024-02-04 11:00:00+00
18	3000000018	user 18	32ae1a36-bf78-75c6-7ef4-de3a137c2443	18	item 18	9b2f2039-b997-8993-d6dc-d881bc1ca7a1	3	2024-02-06 00:00:00+00
19	3000000019	user 19	0d716c72-20ab-3b52-1fb5-6b6a4c8afa2b	18	item 18	9b2f2039-b997-8993-d6dc-d881bc1ca7a1	2	2024-02-07 13:00:00+00
24	3000000024	user 24	295fe5c8-4ade-ae42-4338-9575474cae81	18	item 18	9b2f2039-b997-8993-d6dc-d881bc1ca7a1	2	2024-02-15 06:00:00+00
25	3000000025	user 25	5c0b300c-f27a-93c1-c0b0-3c5627b538e2	18	item 18	9b2f2039-b997-8993-d6dc-d881bc1ca7a1	1	2024-02-16 19:00:00+00
26	3000000026	user 26	462df581-1add-b70c-13d7-6d44b6a8231c	18	item 18	9b2f2039-b997-8993-d6dc-d881bc1ca7a1	5	2024-02-18 08:00:00+00
28	3000000028	user 28	26903bbe-e42e-af40-6d31-c53298002827	18	item 18	9b2f2039-b997-8993-d6dc-d881bc1ca7a1	3	2024-02-21 10:00:00+00
29	3000000029	user 29	cab34bec-9571-9831-3803-45d7068f5457	18	item 18	9b2f2039-b997-8993-d6dc-d881bc1ca7a1	2	2024-02-22 23:00:00+00
30	3000000030	user 30	14e1410e-b2e6-e386-339c-aaa0da2fe4da	18	item 18	9b2f2039-b997-8993-d6dc-d881bc1ca7a1	1	2024-02-24 12:00:00+00
5	3000000005	user 5	4d0a87b6-3b72-90cd-6440-4e2d8098dee1	19	item 19	aaea37e1-ff86-4565-8bd5-55a6bf942791	1	2024-01-17 10:00:00+00
8	3000000008	user 8	07739385-2be2-0e37-026d-6281827662f2	19	item 19	aaea37e1-ff86-4565-8bd5-55a6bf942791	1	2024-01-22 01:00:00+00
16	3000000016	user 16	de59a481-c9d8-ace2-6267-0bda2b39cb1f	19	item 19	aaea37e1-ff86-4565-8bd5-55a6bf942791	1	2024-02-03 09:00:00+00
19	3000000019	user 19	0d716c72-20ab-3b52-1fb5-6b6a4c8afa2b	19	item 19	aaea37e1-ff86-4565-8bd5-55a6bf942791	1	2024-02-08 00:00:00+00
27	3000000027	user 27	818c475e-f173-7f78-6f62-3eea2d0b6eaa	19	item 19	aaea37e1-ff86-4565-8bd5-55a6bf942791	1	2024-02-20 08:00:00+00
30	3000000030	user 30	14e1410e-b2e6-e386-339c-aaa0da2fe4da	19	item 19	aaea37e1-ff86-4565-8bd5-55a6bf942791	1	2024-02-24 23:00:00+00
2	3000000002	user 2	270c1b08-4f3f-146e-b578-7075158d9c53	20	item 20	60e16015-1803-197a-3241-484aa961d18f	3	2024-01-13 06:00:00+00
3	3000000003	user 3	532a7b8e-0328-a8d0-5a8e-6258b28b9a36	20	item 20	60e16015-1803-197a-3241-484aa961d18f	4	2024-01-14 19:00:00+00
5	3000000005	user 5	4d0a87b6-3b72-90cd-6440-4e2d8098dee1	20	item 20	60e16015-1803-197a-3241-484aa961d18f	1	2024-01-17 21:00:00+00
7	3000000007	user 7	6bce05df-9831-da77-99a5-edc4f7abfbec	20	item 20	60e16015-1803-197a-3241-484aa961d18f	3	2024-01-20 23:00:00+00
9	3000000009	user 9	5486259f-9c01-e219-9ac7-cddcae3b383d	20	item 20	60e16015-1803-197a-3241-484aa961d18f	5	2024-01-24 01:00:00+00
11	3000000011	user 11	a4cb5cf0-c26c-1301-89bc-9536bd787515	20	item 20	60e16015-1803-197a-3241-484aa961d18f	2	2024-01-27 03:00:00+00
13	3000000013	user 13	e20d515f-d07b-51a1-e9b8-47b2faaf8c14	20	item 20	60e16015-1803-197a-3241-484aa961d18f	4	2024-01-30 05:00:00+00
14	3000000014	user 14	6d90e8ba-946f-c03a-5c43-e1e45b778763	20	item 20	60e16015-1803-197a-3241-484aa961d18f	5	2024-01-31 18:00:00+00
16	3000000016	user 16	de59a481-c9d8-ace2-6267-0bda2b39cb1f	20	item 20	60e16015-1803-197a-3241-484aa961d18f	2	2024-02-03 20:00:00+00
18	3000000018	user 18	32ae1a36-bf78-75c6-7ef4-de3a137c2443	20	item 20	60e16015-1803-197a-3241-484aa961d18f	4	2024-02-06 22:00:00+00
20	3000000020	user 20	e4c3b5ea-b4f5-9220-7716-5406162bd630	20	item 20	60e16015-1803-197a-3241-484aa961d18f	1	2024-02-10 00:00:00+00
22	3000000022	user 22	4dabfc91-400e-263d-241d-73a9d71a07be	20	item 20	60e16015-1803-197a-3241-484aa961d18f	3	2024-02-13 02:00:00+00
24	3000000024	user 24	295fe5c8-4ade-ae42-4338-9575474cae81	20	item 20	60e16015-1803-197a-3241-484aa961d18f	5	2024-02-16 04:00:00+00
25	3000000025	user 25	5c0b300c-f27a-93c1-c0b0-3c5627b538e2	20	item 20	60e16015-1803-197a-3241-484aa961d18f	1	2024-02-17 17:00:00+00
27	3000000027	user 27	818c475e-f173-7f78-6f62-3eea2d0b6eaa	20	item 20	60e16015-1803-197a-3241-484aa961d18f	3	2024-02-20 19:00:00+00
29	3000000029	user 29	cab34bec-9571-9831-3803-45d7068f5457	20	item 20	60e16015-1803-197a-3241-484aa961d18f	5	2024-02-23 21:00:00+00
\.


--
-- Data for Name: items; Type: TABLE DATA; Schema: old_als; Owner: -
--

COPY old_als.items (item_no, item_id, popularity, neighbors, scores, factors) FROM stdin;
0	item 1	2.8512714	{}	{}	{0.1502036,0.30499774,0.49194226,0.45843178,-0.15577258}
1	item 10	2.8019996	{}	{}	{0.10093179,-0.019348808,-0.11569921,0.6962971,0.14181322}
2	item 11	3.0130641	{}	{}	{0.3119965,0.22908676,0.35870296,0.27064413,-0.10687217}
3	item 12	3.0196612	{}	{}	{0.3185934,-0.48672396,-0.564102,-0.15660359,0.02326897}
4	item 13	2.8885531	{}	{}	{0.1874854,-0.06456552,0.22162712,-0.37438494,-0.3571782}
5	item 14	1.7775506	{}	{}	{-0.9235171,0.19998707,0.08078424,-0.07641109,0.16442025}
6	item 15	2.998039	{}	{}	{0.2969712,-0.11621747,-0.20268291,0.7272256,0.11650643}
7	item 16	2.9627943	{}	{}	{0.26172665,0.28982866,0.46940234,0.37593964,-0.1425744}
8	item 17	2.9363506	{}	{}	{0.23528294,-0.45599562,-0.42128935,-0.10897157,-0.09584801}
9	item 18	2.7882888	{}	{}	{0.087221116,-0.050429467,0.19193698,-0.33627903,-0.3032154}
10	item 19	1.9212307	{}	{}	{-0.7798371,0.12087882,0.05923862,-0.15675381,0.063986674}
11	item 2	3.0229702	{}	{}	{0.32190257,-0.4365643,-0.39348805,-0.14638208,-0.09925734}
12	item 20	3.0164666	{}	{}	{0.31539887,-0.11774352,-0.21489342,0.61900747,0.12238568}
13	item 3	3.0562465	{}	{}	{0.35517886,0.076288536,0.2658638,-0.065745704,-0.21244742}
14	item 4	1.4793268	{}	{}	{-1.2217408,0.21012005,0.13972001,-0.2620385,0.088407755}
15	item 5	3.0992785	{}	{}	{0.39821073,-0.06415645,-0.17707562,0.74393046,0.15400867}
16	item 6	2.8298957	{}	{}	{0.12882797,0.24934368,0.3311992,0.38944033,-0.05394238}
17	item 7	2.9864638	{}	{}	{0.28539613,-0.50313175,-0.5184258,-0.073213324,-0.044106044}
18	item 8	2.8236914	{}	{}	{0.1226238,-0.06884589,0.14945835,-0.10352032,-0.23864436}
19	item 9	1.4457976	{}	{}	{-1.2552701,0.07882556,-0.008888758,-0.2628333,0.094174445}
\.


--
-- Data for Name: model; Type: TABLE DATA; Schema: old_als; Owner: -
--

COPY old_als.model (version, algorithm, options, has_time, users, items, interactions, source_rows, skipped_rows, dropped_pairs, trained_at, duration, training, parameters) FROM stdin;
1	als	{"seed": 1, "factors": 4, "holdout": 0, "tolerance": 0.0002, "iterations": 20, "regularization": 1, "bias_regularization": 5, "regularization_exponent": 0.5}	f	30	20	281	281	0	0	2026-11-29 12:39:38.182209+00	00:00:00.001277	{"mae": 0.6467018723016001, "loss": [0.5876796164412229, 0.5539793816099167, 0.5351635841296677, 0.5293363683294474, 0.5284022943332388, 0.5282369725641114, 0.5282011475273041], "mean": 2.7010676860809326, "rmse": 0.7363447600850092, "ratings": 281, "deviation": 1.5196104049682617, "iterations": 7, "best_iteration": 7, "mae_by_iteration": [0.8559579741102463, 0.7934689898057019, 0.7032283058148356, 0.6596470533957809, 0.649377583538822, 0.6472582670405194, 0.6467018723016001], "rmse_by_iteration": [0.974114397515651, 0.8984750170808999, 0.7975389019646977, 0.7495494840705005, 0.7387560130480937, 0.7367746301679907, 0.7363447600850092]}	{2.7010677,1.5196104,4.2206783}
\.


--
-- Data for Name: items; Type: TABLE DATA; Schema: old_ease_dense; Owner: -
--

COPY old_ease_dense.items (item_no, item_id, popularity, neighbors, scores, factors) FROM stdin;
0	0d6f7d4c-bf5d-538f-1ded-ea4c6b775617	14	{3,12,19,9,15,18}	{0.024958665,0.01602717,0.014506294,0.0140568195,0.014056817,0.012706709}	\N
1	115f46b6-059d-202a-4373-2ca79b096347	16	{6,10,12,11,8,17}	{0.027417963,0.021154273,0.018669574,0.018174872,0.017473195,0.017248109}	\N
2	2655f230-11f3-fe4c-7c3d-757d37d5f9a5	14	{8,12,1,6,10,17}	{0.024117267,0.015636105,0.014289914,0.014289913,0.014263538,0.014035667}	\N
3	38be28ac-2e30-37fa-4332-852a55fafb43	14	{0,12,19,9,15,18}	{0.024958665,0.016027167,0.014506294,0.0140568195,0.014056819,0.012706707}	\N
4	51d4b581-d21c-20a1-6147-b17c3adc7867	11	{9,15,0,3,11,1}	{0.012811807,0.012811806,0.0116967885,0.011696788,0.011599388,0.011259054}	\N
5	5a320611-59a3-0eee-bb30-9052be870e00	6	{14,2,17,8,12,19}	{0.011158905,0.0105056055,0.010266206,0.0102432845,0.010113158,0.0064454875}	\N
6	60e16015-1803-197a-3241-484aa961d18f	16	{1,10,12,11,8,17}	{0.027417963,0.021154273,0.018669574,0.018174872,0.017473195,0.017248109}	\N
7	773ffcfb-75d1-081d-7431-ebe3fa5dbb44	6	{4,0,3,9,15,12}	{0.010808533,0.01051528,0.010515279,0.010140202,0.010140201,0.006112384}	\N
8	8cabafd3-576a-b487-31c8-ab59e0349a0e	17	{2,12,17,1,6,9}	{0.02400872,0.020544074,0.019078445,0.0174406,0.0174406,0.01698481}	\N
9	9b2f2039-b997-8993-d6dc-d881bc1ca7a1	18	{15,12,18,19,17,8}	{0.030140627,0.021810792,0.019125016,0.01870125,0.018513845,0.016971577}	\N
10	9ce88802-f075-91e5-ce04-57ef51ece021	19	{11,1,6,12,15,9}	{0.02386315,0.021041073,0.021041073,0.018244088,0.016569914,0.016569912}	\N
11	a256d79d-5af8-92e9-a29d-350adf822efe	14	{10,1,6,9,15,12}	{0.024052301,0.018220907,0.018220907,0.013931007,0.013931003,0.011708691}	\N
12	a9818d53-3a6a-8673-04dd-2a16f5644215	20	{17,9,15,8,1,6}	{0.028041953,0.021741081,0.02174108,0.020462459,0.018560715,0.018560715}	\N
13	a9b34e8f-45ce-9217-b791-98e094c26352	8	{17,10,9,15,12,16}	{0.009669045,0.009642366,0.009499194,0.009499192,0.009355749,0.008534901}	\N
14	aaea37e1-ff86-4565-8bd5-55a6bf942791	6	{5,2,17,8,12,19}	{0.011158902,0.010505605,0.010266206,0.0102432845,0.0101131555,0.006445487}	\N
15	b9efb796-97c2-6434-d28f-acc83436f8e5	18	{9,12,18,19,17,8}	{0.03014063,0.021810792,0.019125015,0.01870125,0.01851385,0.016971573}	\N
16	e2e0ac09-6d68-75f5-2424-140f51904876	12	{19,18,17,12,8,10}	{0.018894373,0.017119043,0.012901432,0.012504931,0.011116171,0.009136012}	\N
17	e36479c6-ca00-48d4-4fd9-ec677fd032da	17	{12,8,15,9,1,6}	{0.028168328,0.01908829,0.018537844,0.01853784,0.017224817,0.017224817}	\N
18	ebbd6de9-fc8a-3e5b-2a07-232bee589c7c	16	{19,9,15,16,12,0}	{0.027566126,0.019166593,0.019166589,0.017019117,0.014950072,0.012670276}	\N
19	fc46f8e7-0489-b90f-a373-d93109479ca5	19	{18,16,9,15,12,8}	{0.027425315,0.018688133,0.018646171,0.01864617,0.016386539,0.015442766}	\N
\.


--
-- Data for Name: model; Type: TABLE DATA; Schema: old_ease_dense; Owner: -
--

COPY old_ease_dense.model (version, algorithm, options, has_time, users, items, interactions, source_rows, skipped_rows, dropped_pairs, trained_at, duration, training, parameters) FROM stdin;
1	ease	{"method": "dense", "weights": "binary", "neighbors": 6, "candidates": 100, "user_exponent": null, "regularization": null, "candidate_exponent": 0.3, "regularization_exponent": null}	f	30	20	281	281	0	0	2026-11-29 12:39:38.095015+00	00:00:00.045173	{"dense": 1, "weights": 120, "user_exponent": 0, "regularization": 500, "regularization_exponent": 0}	\N
\.


--
-- Data for Name: items; Type: TABLE DATA; Schema: old_ease_sparse; Owner: -
--

COPY old_ease_sparse.items (item_no, item_id, popularity, neighbors, scores, factors) FROM stdin;
0	1	19	{11,8,19,15,10}	{0.05161283,0.040645827,0.040645823,0.029381456,0.020162785}	\N
1	2	19	{12,9,6,17,5,16}	{0.055602584,0.03923997,0.03768007,0.03768007,0.03094108,0.03094108}	\N
2	3	11	{13}	{0.027736219}	\N
3	4	20	{14,17,6,4,0,8,19,5,16,15,12,9,7,18}	{0.05491238,0.04165647,0.041656468,0.03965772,0.037355736,0.036691163,0.036691163,0.031652294,0.031652294,0.030333571,0.029375555,0.023374286,0.01867197,0.01867197}	\N
4	5	17	{15,3,14,8,19,1,0,9,7,18}	{0.055808563,0.043365322,0.040253382,0.037021376,0.037021376,0.03555165,0.034263838,0.02739362,0.020304974,0.020304974}	\N
5	6	14	{16,2,13}	{0.06396059,0.028597187,0.023164362}	\N
6	7	18	{17,3,12,1,14,16,5,11,2,13,10}	{0.062336788,0.04423469,0.039910004,0.039561626,0.036723193,0.028321229,0.028321227,0.027252411,0.026741728,0.020137217,0.019376453}	\N
7	8	6	{18}	{0.039302398}	\N
8	9	16	{19,0,3,14,11,4,15}	{0.05982825,0.044871073,0.041827485,0.03844243,0.038000714,0.037367225,0.03028878}	\N
9	10	12	{1,12,10}	{0.050181143,0.042455804,0.022602627}	\N
10	11	8	{}	{}	\N
11	12	14	{0,8,19}	{0.06107792,0.040332444,0.040332444}	\N
12	13	16	{1,6,17,9}	{0.06139268,0.042145886,0.04214588,0.036813896}	\N
13	14	6	{2}	{0.038178403}	\N
14	15	17	{3,4,6,17,9,7,18,10}	{0.059945103,0.039956227,0.038158912,0.038158905,0.026503667,0.020721149,0.020721149,0.02041296}	\N
15	16	14	{4,7,18}	{0.061510433,0.02320296,0.023202958}	\N
16	17	14	{5,2,13}	{0.06396058,0.028597187,0.023164364}	\N
17	18	18	{6,3,12,1,14,5,16,11,2,13,10}	{0.06233679,0.044234686,0.03991,0.03956163,0.036723197,0.028321225,0.028321225,0.027252413,0.026741723,0.020137224,0.019376459}	\N
18	19	6	{7}	{0.0393024}	\N
19	20	16	{8,0,11,4,15}	{0.059828244,0.04487107,0.03800071,0.03736723,0.030288778}	\N
\.


--
-- Data for Name: model; Type: TABLE DATA; Schema: old_ease_sparse; Owner: -
--

COPY old_ease_sparse.model (version, algorithm, options, has_time, users, items, interactions, source_rows, skipped_rows, dropped_pairs, trained_at, duration, training, parameters) FROM stdin;
1	ease	{"method": "sparse", "weights": "binary", "neighbors": 200, "candidates": 5, "user_exponent": null, "regularization": null, "candidate_exponent": 0.3, "regularization_exponent": null}	f	30	20	281	281	0	0	2026-11-29 12:39:38.144831+00	00:00:00.032879	{"dense": 0, "weights": 100, "user_exponent": 0.5, "regularization": 200, "regularization_exponent": 0.5}	\N
\.


--
-- Data for Name: items; Type: TABLE DATA; Schema: old_ials; Owner: -
--

COPY old_ials.items (item_no, item_id, popularity, neighbors, scores, factors) FROM stdin;
0	1	19	{}	{}	{-1.4442941,0.07944516,0.002518292,0.6062288}
1	2	19	{}	{}	{-0.6774329,-0.146057,1.0170556,-0.28341696}
2	3	11	{}	{}	{-1.3499807,0.61274,-0.06904647,0.117420025}
3	4	20	{}	{}	{-1.3971722,-0.06419614,-0.19067413,-0.32331356}
4	5	17	{}	{}	{-1.3166074,-0.42573985,0.10117778,0.42792466}
5	6	14	{}	{}	{-1.0735902,1.0589331,0.023935772,0.10993455}
6	7	18	{}	{}	{-1.3471631,-0.046742506,-0.11998174,-0.40976188}
7	8	6	{}	{}	{-0.7228525,-1.188956,-0.39739877,-0.136217}
8	9	16	{}	{}	{-1.3921126,-0.121472515,-0.120761976,-0.04283604}
9	10	12	{}	{}	{-0.7513646,-0.22242059,0.9028942,-0.09223985}
10	11	8	{}	{}	{-1.317502,-0.05473318,0.024005473,0.038176708}
11	12	14	{}	{}	{-1.4091643,0.22298387,-0.022372283,0.5564749}
12	13	16	{}	{}	{-0.822177,-0.1257977,0.7193469,-0.37988347}
13	14	6	{}	{}	{-0.8051108,0.94995934,-0.5129846,-0.5180614}
14	15	17	{}	{}	{-1.3807584,-0.12472758,-0.15900877,-0.244352}
15	16	14	{}	{}	{-1.1617178,-0.7296276,0.06803186,0.45799813}
16	17	14	{}	{}	{-1.0735902,1.0589331,0.023935772,0.10993455}
17	18	18	{}	{}	{-1.3471631,-0.046742506,-0.11998174,-0.40976188}
18	19	6	{}	{}	{-0.7228525,-1.188956,-0.39739877,-0.136217}
19	20	16	{}	{}	{-1.3921126,-0.121472515,-0.120761976,-0.04283604}
\.


--
-- Data for Name: model; Type: TABLE DATA; Schema: old_ials; Owner: -
--

COPY old_ials.model (version, algorithm, options, has_time, users, items, interactions, source_rows, skipped_rows, dropped_pairs, trained_at, duration, training, parameters) FROM stdin;
1	ials	{"seed": 1, "alpha": 1, "solver": "cg", "factors": 4, "cg_steps": 3, "tolerance": 0.0001, "block_size": 32, "confidence": "binary", "iterations": 15, "regularization": 0.005, "unobserved_weight": 0.02, "regularization_exponent": 1}	f	30	20	281	281	0	0	2026-11-29 12:39:38.187548+00	00:00:00.001593	{"loss": [59.782232478443866, 16.131123653748485, 14.611876767362187, 14.095719641965555, 13.773005873538319, 13.53421250233611, 13.3462718331559, 13.193422330469614, 13.066439926823874, 12.959289991722514, 12.867730999583848, 12.788623120201743, 12.719559685041284, 12.658652814968349, 12.604390996604934], "iterations": 15, "half_step_loss": [258.5870688606257, 59.782232478443866, 19.963489583687686, 16.131123653748485, 15.150548300463026, 14.611876767362187, 14.328856433778832, 14.095719641965555, 13.925681088552825, 13.773005873538319, 13.648757542139169, 13.53421250233611, 13.436974242649745, 13.3462718331559, 13.267447197443374, 13.193422330469614, 13.12808240017385, 13.066439926823874, 13.011399959198425, 12.959289991722514, 12.91232833677248, 12.867730999583848, 12.827211396472203, 12.788623120201743, 12.753298011937778, 12.719559685041284, 12.68845138641992, 12.658652814968349, 12.6309837694786, 12.604390996604934]}	{27.775133,7.2606115,3.0875447,2.151837}
\.


--
-- Data for Name: items; Type: TABLE DATA; Schema: old_item_knn; Owner: -
--

COPY old_item_knn.items (item_no, item_id, popularity, neighbors, scores, factors) FROM stdin;
0	item 1	19	{3,12,19,14,8,16}	{0.16907695,0.123603635,0.123603635,0.110671036,0.107526325,0.107526325}	\N
1	item 10	12	{11,4,15,7,6,0}	{0.14715494,0.1235272,0.11796689,0.100073345,0.092167474,0.09074002}	\N
2	item 11	8	{1,0,6,9,17,3}	{0.086890265,0.0865519,0.082657754,0.08125246,0.08125246,0.08029378}	\N
3	item 12	14	{0,12,19,8,16,13}	{0.17972542,0.119434856,0.119434856,0.102147765,0.102147765,0.094888136}	\N
4	item 13	16	{11,9,17,1,14,8}	{0.16804948,0.12498801,0.12498801,0.11662049,0.0965812,0.09547567}	\N
5	item 14	6	{13,8,16,9,17,4}	{0.120239496,0.11184757,0.11184757,0.10372494,0.10372494,0.064169586}	\N
6	item 15	17	{14,15,12,19,9,17}	{0.15689263,0.11729604,0.11001157,0.11001157,0.1075818,0.1075818}	\N
7	item 16	14	{15,0,14,12,19,11}	{0.18796942,0.10953805,0.10385409,0.1024076,0.1024076,0.10033083}	\N
8	item 17	14	{16,11,0,14,13,3}	{0.20421556,0.11522979,0.114298336,0.11277278,0.104749665,0.102147765}	\N
9	item 18	18	{17,4,14,11,6,15}	{0.16822223,0.12207813,0.120682016,0.115943864,0.10635897,0.09872667}	\N
10	item 19	6	{18,7,6,15,14,11}	{0.14273556,0.110697836,0.10443423,0.10443423,0.099464595,0.06350229}	\N
11	item 2	19	{4,1,9,17,8,16}	{0.16237174,0.13423333,0.11469686,0.11469686,0.10840259,0.10840259}	\N
12	item 20	16	{19,0,3,14,15,6}	{0.16975778,0.12792575,0.11628741,0.115306735,0.112972625,0.11135357}	\N
13	item 3	11	{8,16,5,3,9,17}	{0.10992582,0.10992582,0.10651208,0.09957699,0.098679684,0.098679684}	\N
14	item 4	20	{6,9,17,15,12,19}	{0.15187502,0.118165605,0.118165605,0.116830364,0.11027388,0.11027388}	\N
15	item 5	17	{7,14,6,12,19,11}	{0.18081024,0.12069018,0.11729604,0.111611106,0.111611106,0.11019025}	\N
16	item 6	14	{8,11,0,14,13,3}	{0.20421556,0.11522979,0.114298336,0.11277278,0.104749665,0.102147765}	\N
17	item 7	18	{9,4,14,11,6,15}	{0.16822223,0.12207813,0.120682016,0.115943864,0.10635897,0.09872667}	\N
18	item 8	6	{10,7,6,15,14,11}	{0.14273556,0.110697836,0.10443423,0.10443423,0.099464595,0.06350229}	\N
19	item 9	16	{12,0,3,14,15,6}	{0.16975778,0.12792575,0.11628741,0.115306735,0.112972625,0.11135357}	\N
\.


--
-- Data for Name: model; Type: TABLE DATA; Schema: old_item_knn; Owner: -
--

COPY old_item_knn.model (version, algorithm, options, has_time, users, items, interactions, source_rows, skipped_rows, dropped_pairs, trained_at, duration, training, parameters) FROM stdin;
1	item_knn	{"bm25_b": 0.8, "bm25_k1": 100, "weights": "binary", "neighbors": 6, "shrinkage": 0, "weighting": "none", "similarity": "degree_normalized", "min_support": 1, "item_exponent": 0.5, "user_exponent": 1, "neighbor_exponent": 0.3}	t	30	20	281	281	0	0	2026-11-29 12:39:38.089696+00	00:00:00.001083	{}	\N
\.


--
-- Data for Name: items; Type: TABLE DATA; Schema: old_popular; Owner: -
--

COPY old_popular.items (item_no, item_id, popularity, neighbors, scores, factors) FROM stdin;
0	item 1	3.2610064	{}	{}	\N
1	item 10	2.8745024	{}	{}	\N
2	item 11	2.1203525	{}	{}	\N
3	item 12	3.2385004	{}	{}	\N
4	item 13	4.296683	{}	{}	\N
5	item 14	1.6692544	{}	{}	\N
6	item 15	5.1717	{}	{}	\N
7	item 16	4.476524	{}	{}	\N
8	item 17	3.7408652	{}	{}	\N
9	item 18	6.081028	{}	{}	\N
10	item 19	2.422848	{}	{}	\N
11	item 2	3.4089882	{}	{}	\N
12	item 20	5.0054855	{}	{}	\N
13	item 3	2.0388837	{}	{}	\N
14	item 4	4.5426774	{}	{}	\N
15	item 5	3.379999	{}	{}	\N
16	item 6	2.6375628	{}	{}	\N
17	item 7	4.2875357	{}	{}	\N
18	item 8	1.7082714	{}	{}	\N
19	item 9	3.5292053	{}	{}	\N
\.


--
-- Data for Name: model; Type: TABLE DATA; Schema: old_popular; Owner: -
--

COPY old_popular.model (version, algorithm, options, has_time, users, items, interactions, source_rows, skipped_rows, dropped_pairs, trained_at, duration, training, parameters) FROM stdin;
1	popular	{"measure": "users", "half_life": "864000.000000 seconds"}	t	30	20	281	281	0	0	2026-11-29 12:39:38.084215+00	00:00:00.001269	{}	\N
\.


--
-- Name: model_version; Type: SEQUENCE SET; Schema: old_als; Owner: -
--

SELECT pg_catalog.setval('old_als.model_version', 1, true);


--
-- Name: model_version; Type: SEQUENCE SET; Schema: old_ease_dense; Owner: -
--

SELECT pg_catalog.setval('old_ease_dense.model_version', 1, true);


--
-- Name: model_version; Type: SEQUENCE SET; Schema: old_ease_sparse; Owner: -
--

SELECT pg_catalog.setval('old_ease_sparse.model_version', 1, true);


--
-- Name: model_version; Type: SEQUENCE SET; Schema: old_ials; Owner: -
--

SELECT pg_catalog.setval('old_ials.model_version', 1, true);


--
-- Name: model_version; Type: SEQUENCE SET; Schema: old_item_knn; Owner: -
--

SELECT pg_catalog.setval('old_item_knn.model_version', 1, true);


--
-- Name: model_version; Type: SEQUENCE SET; Schema: old_popular; Owner: -
--

SELECT pg_catalog.setval('old_popular.model_version', 1, true);


--
-- Name: items items_item_id_key; Type: CONSTRAINT; Schema: old_als; Owner: -
--

ALTER TABLE ONLY old_als.items
    ADD CONSTRAINT items_item_id_key UNIQUE (item_id);


--
-- Name: items items_pkey; Type: CONSTRAINT; Schema: old_als; Owner: -
--

ALTER TABLE ONLY old_als.items
    ADD CONSTRAINT items_pkey PRIMARY KEY (item_no);


--
-- Name: items items_item_id_key; Type: CONSTRAINT; Schema: old_ease_dense; Owner: -
--

ALTER TABLE ONLY old_ease_dense.items
    ADD CONSTRAINT items_item_id_key UNIQUE (item_id);


--
-- Name: items items_pkey; Type: CONSTRAINT; Schema: old_ease_dense; Owner: -
--

ALTER TABLE ONLY old_ease_dense.items
    ADD CONSTRAINT items_pkey PRIMARY KEY (item_no);


--
-- Name: items items_item_id_key; Type: CONSTRAINT; Schema: old_ease_sparse; Owner: -
--

ALTER TABLE ONLY old_ease_sparse.items
    ADD CONSTRAINT items_item_id_key UNIQUE (item_id);


--
-- Name: items items_pkey; Type: CONSTRAINT; Schema: old_ease_sparse; Owner: -
--

ALTER TABLE ONLY old_ease_sparse.items
    ADD CONSTRAINT items_pkey PRIMARY KEY (item_no);


--
-- Name: items items_item_id_key; Type: CONSTRAINT; Schema: old_ials; Owner: -
--

ALTER TABLE ONLY old_ials.items
    ADD CONSTRAINT items_item_id_key UNIQUE (item_id);


--
-- Name: items items_pkey; Type: CONSTRAINT; Schema: old_ials; Owner: -
--

ALTER TABLE ONLY old_ials.items
    ADD CONSTRAINT items_pkey PRIMARY KEY (item_no);


--
-- Name: items items_item_id_key; Type: CONSTRAINT; Schema: old_item_knn; Owner: -
--

ALTER TABLE ONLY old_item_knn.items
    ADD CONSTRAINT items_item_id_key UNIQUE (item_id);


--
-- Name: items items_pkey; Type: CONSTRAINT; Schema: old_item_knn; Owner: -
--

ALTER TABLE ONLY old_item_knn.items
    ADD CONSTRAINT items_pkey PRIMARY KEY (item_no);


--
-- Name: items items_item_id_key; Type: CONSTRAINT; Schema: old_popular; Owner: -
--

ALTER TABLE ONLY old_popular.items
    ADD CONSTRAINT items_item_id_key UNIQUE (item_id);


--
-- Name: items items_pkey; Type: CONSTRAINT; Schema: old_popular; Owner: -
--

ALTER TABLE ONLY old_popular.items
    ADD CONSTRAINT items_pkey PRIMARY KEY (item_no);


--
-- Name: event_user_big_idx; Type: INDEX; Schema: old; Owner: -
--

CREATE INDEX event_user_big_idx ON old.event USING btree (user_big);


--
-- Name: event_user_name_idx; Type: INDEX; Schema: old; Owner: -
--

CREATE INDEX event_user_name_idx ON old.event USING btree (user_name);


--
-- Name: event_user_no_idx; Type: INDEX; Schema: old; Owner: -
--

CREATE INDEX event_user_no_idx ON old.event USING btree (user_no);


--
-- Name: event_user_uuid_idx; Type: INDEX; Schema: old; Owner: -
--

CREATE INDEX event_user_uuid_idx ON old.event USING btree (user_uuid);


--
-- Name: items_popularity_idx; Type: INDEX; Schema: old_als; Owner: -
--

CREATE INDEX items_popularity_idx ON old_als.items USING btree (popularity DESC, item_no);


--
-- Name: items_popularity_idx; Type: INDEX; Schema: old_ease_dense; Owner: -
--

CREATE INDEX items_popularity_idx ON old_ease_dense.items USING btree (popularity DESC, item_no);


--
-- Name: items_popularity_idx; Type: INDEX; Schema: old_ease_sparse; Owner: -
--

CREATE INDEX items_popularity_idx ON old_ease_sparse.items USING btree (popularity DESC, item_no);


--
-- Name: items_popularity_idx; Type: INDEX; Schema: old_ials; Owner: -
--

CREATE INDEX items_popularity_idx ON old_ials.items USING btree (popularity DESC, item_no);


--
-- Name: items_popularity_idx; Type: INDEX; Schema: old_item_knn; Owner: -
--

CREATE INDEX items_popularity_idx ON old_item_knn.items USING btree (popularity DESC, item_no);


--
-- Name: items_popularity_idx; Type: INDEX; Schema: old_popular; Owner: -
--

CREATE INDEX items_popularity_idx ON old_popular.items USING btree (popularity DESC, item_no);


--
-- PostgreSQL database dump complete
--


