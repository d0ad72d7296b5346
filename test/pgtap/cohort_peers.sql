-- What other products' published tests expect of retention, lifecycle and
-- stickiness.
--
-- Logs and expected numbers are facts from the named tests, in our own notation:
-- users are separated by /. PostHog/posthog, posthog/hogql_queries/insights/test/
-- test_{retention,lifecycle,stickiness}_query_runner.py and …/retention/
-- test_retention_data_warehouse_24h_window.py; apache/doris, regression-test/…/
-- test_aggregate_retention.sql; StarRocks' documentation of retention;
-- tomtom215/duckdb-behavioral, test/sql/{retention,git_mining}.test; ByConity/ByConity,
-- tests/queries/4_cnch_stateless/02028_aggregate_function_retention4; the help pages
-- of Amplitude (how time works in a retention analysis) and of Mixpanel (advanced
-- retention).
BEGIN;
SET LOCAL TimeZone = 'UTC';

-- Retention. An event is a letter (its kind) and its day after 2020-06-10 05:00,
-- with .4 four hours later; m is a month in place of a day, h the hour of that
-- day. `least` is how many returns a period needs to count (PostHog's
-- minimumOccurrences: here by counting them in SQL). Expected is the triangle from
-- the cohort `first` on: size, then who came back after 1, 2 … periods.
CREATE TEMP TABLE triangle (
	test text, unit text, log text, starts text, returns text, least int,
	mode text, criterion text, first timestamp, expected text);
COPY triangle FROM stdin (DELIMITER '|');
test_day_interval|day|v0 v1 v2 v5 v5.4 v6 / v1 v2 v3 v6|*|*|1|recurring|on|2020-06-10|1 1 1 0 0 1 1 0 0 0 0 / 2 2 1 0 1 2 0 0 0 0 / 2 1 0 1 2 0 0 0 0 / 1 0 0 1 0 0 0 0 / 0 0 0 0 0 0 0 / 1 1 0 0 0 0 / 2 0 0 0 0 / 0 0 0 0 / 0 0 0 / 0 0 / 0
test_month_interval|month|vm-5 vm-4 vm-3 vm-1 vm0 vm3 / vm-5 vm-4 vm-3 vm0 vm1 vm5|*|*|1|recurring|on|2020-01-01|2 2 2 0 1 2 1 0 1 0 1 / 2 2 0 1 2 1 0 1 0 1 / 2 0 1 2 1 0 1 0 1 / 0 0 0 0 0 0 0 0 / 1 1 0 0 1 0 0 / 2 1 0 1 0 1 / 1 0 0 0 1 / 0 0 0 0 / 1 0 0 / 0 0 / 1
test_month_interval_with_person_on_events_v2|month|vm-5 vm-4 vm-3 vm-2 vm-1 vm0 vm1 vm2 vm3 vm4 vm5|*|*|1|recurring|on|2020-01-01|1 1 1 1 1 1 1 1 1 1 1 / 1 1 1 1 1 1 1 1 1 1 / 1 1 1 1 1 1 1 1 1 / 1 1 1 1 1 1 1 1 / 1 1 1 1 1 1 1 / 1 1 1 1 1 1 / 1 1 1 1 1 / 1 1 1 1 / 1 1 1 / 1 1 / 1
test_week_interval, Sunday|week_sunday|v0 v1 v7 v14 v24 v31 / v0 v1 v7 v24 v31 v45|*|*|1|recurring|on|2020-06-07|2 2 1 2 2 0 1 / 2 1 2 2 0 1 / 1 1 1 0 0 / 2 2 0 1 / 2 0 1 / 0 0 / 1
test_week_interval, Monday|week|v0 v1 v7 v14 v24 v31 / v0 v1 v7 v24 v31 v45|*|*|1|recurring|on|2020-06-08|2 2 1 2 2 0 1 / 2 1 2 2 0 1 / 1 1 1 0 0 / 2 2 0 1 / 2 0 1 / 0 0 / 1
test_hour_interval|hour|vh6 vh7 vh8 vh10 vh11 vh14 / vh6 vh7 vh8 vh11 vh12 vh16|*|*|1|recurring|on|2020-06-10 06:00|2 2 2 0 1 2 1 0 1 0 1 / 2 2 0 1 2 1 0 1 0 1 / 2 0 1 2 1 0 1 0 1 / 0 0 0 0 0 0 0 0 / 1 1 0 0 1 0 0 / 2 1 0 1 0 1 / 1 0 0 0 1 / 0 0 0 0 / 1 0 0 / 0 0 / 1
test_rolling_retention|day|v0 v3 v4 / v0 v1 / v1 v2 v3 / v3 v4 / v4|*|*|1|recurring|on_or_after|2020-06-11|2 1 1 0 0 / 1 1 0 0 / 3 2 0 / 3 0 / 0
test_rolling_retention_doesnt_double_count_same_user|day|v0 v3 v4 / v0 v1 / v1 v2 v3 / v3 v4 / v4|*|*|1|recurring|on_or_after|2020-06-10|2 2 1 1 1 0 / 2 1 1 0 0 / 1 1 0 0 / 3 2 0 / 3 0 / 0
test_rolling_retention_with_minimum_occurrences|day|v0 v3 v4 v4 v4 / v0 v1 / v1 v2 v3 v3 v3 / v3 v4 / v4|*|*|3|recurring|on_or_after|2020-06-11|2 1 1 0 0 / 1 1 0 0 / 3 1 0 / 3 0 / 0
test_all_events|day|v0 v1 v2 v5 v5.4 v6 / v1 v2 v3 v6|*|v|1|recurring|on|2020-06-10|1 1 1 0 0 1 1 0 0 0 0 / 2 2 1 0 1 2 0 0 0 0 / 2 1 0 1 2 0 0 0 0 / 1 0 0 1 0 0 0 0 / 0 0 0 0 0 0 0 / 1 1 0 0 0 0 / 2 0 0 0 0 / 0 0 0 0 / 0 0 0 / 0 0 / 0
test_all_events_with_minimum_occurrences|day|v0 v1 v2 v5 v5.4 v6 / v1 v2 v3 v6|*|v|2|recurring|on|2020-06-10|1 0 0 0 0 1 0 0 0 0 0 / 2 0 0 0 1 0 0 0 0 0 / 2 0 0 1 0 0 0 0 0 / 1 0 0 0 0 0 0 0 / 0 0 0 0 0 0 0 / 1 0 0 0 0 0 / 2 0 0 0 0 / 0 0 0 0 / 0 0 0 / 0 0 / 0
test_all_events_target_first_time|day|a0 a1 a2 b2 b3|b|*|1|first_ever|on|2020-06-09|0 0 0 0 / 0 0 0 / 0 0 / 1
test_all_events_target_first_time, specific event|day|a0 a1 a2 b2 b3|b|b|1|first_ever|on|2020-06-09|0 0 0 0 / 0 0 0 / 0 0 / 1
test_retention_multiple_events|day|s0 s1 s2 s3 v5 v6 / s0 s1 s2 s3 v5 / s5|s|v|1|recurring|on|2020-06-10|2 0 0 0 0 2 1 / 2 0 0 0 2 1 / 2 0 0 2 1 / 2 0 2 1 / 0 0 0 / 1 0 / 0
test_retention_any_event|day|s0 s1 s2 s3 v5 v6 / s0 s1 s2 s3 v5 / s5|*|*|1|recurring|on|2020-06-10|2 2 2 2 0 2 1 / 2 2 2 0 2 1 / 2 2 0 2 1 / 2 0 2 1 / 0 0 0 / 3 1 / 1
test_retention_event_action|day|s0 s1 s2 s3 e3 / s0 s1 s2 s3 e5|s|e|1|recurring|on|2020-06-10|2 0 0 1 0 1 0 / 2 0 1 0 1 0 / 2 1 0 1 0 / 2 0 1 0 / 0 0 0 / 0 0 / 0
test_first_time_retention|day|s-1 s1 s2 s3 s4 v0 v1 v2 v5 v5.4 v6 / s-1 v1 v2 v3 v6 / s0 v1 v3 v4 v5 / s2 v3 v5 / s-5 s-1|s|v|1|first_ever|on|2020-06-09|2 1 2 2 1 0 1 / 1 1 0 1 1 1 / 0 0 0 0 0 / 1 1 0 1 / 0 0 0 / 0 0 / 0
test_first_time_retention_weeks|week_sunday|s-1 s1 s2 s3 s4 v0 v1 v2 v5 v5.4 v6 / s-1 v1 v2 v3 v6 / s0 v1 v3 v4 v5 / s2 v3 v5 / s-5 s-1|s|v|1|first_ever|on|2020-05-03|0 0 0 0 0 0 0 / 0 0 0 0 0 0 / 0 0 0 0 0 / 0 0 0 0 / 1 0 0 / 4 4 / 0
test_retention_with_properties|day|v0 v2 v5.4 / v1 v3|*|*|1|recurring|on|2020-06-10|1 0 1 0 0 1 0 0 0 0 0 / 1 0 1 0 0 0 0 0 0 0 / 1 0 0 1 0 0 0 0 0 / 1 0 0 0 0 0 0 0 / 0 0 0 0 0 0 0 / 1 0 0 0 0 0 / 0 0 0 0 0 / 0 0 0 0 / 0 0 0 / 0 0 / 0
test_retention_with_properties_on_start_event|day|t0 v1 v2 v5 v5.4 v6 / v1 v2 v3 v6|t|*|1|recurring|on|2020-06-10|1 1 1 0 0 1 1 0 0 0 0 / 0 0 0 0 0 0 0 0 0 0 / 0 0 0 0 0 0 0 0 0
test_retention_with_properties_on_start_event_for_first_time|day|v0 v1 t2 t5 v5.4 v6 / v1 v2 v3 v6|t|*|1|first_ever|on|2020-06-10|0 0 0 0 0 0 0 0 0 0 0 / 0 0 0 0 0 0 0 0 0 0 / 1 0 0 1 1 0 0 0 0 / 0 0 0 0 0 0 0 0
test_retention_with_properties_on_return_event|day|v0 t1 v2 v5 v5.4 v6 / v1 v2 v3 v6|*|t|1|recurring|on|2020-06-10|1 1 0 0 0 0 0 0 0 0 0 / 2 0 0 0 0 0 0 0 0 0 / 2 0 0 0 0 0 0 0 0 / 1 0 0 0 0 0 0 0 / 0 0 0 0 0 0 0 / 1 0 0 0 0 0 / 2 0 0 0 0
test_retention_with_properties_on_return_event_with_first_time|day|v0 v1 v2 t5 v5.4 v6 / v1 v2 v3 v6|*|t|1|first_ever|on|2020-06-10|1 0 0 0 0 1 0 0 0 0 0 / 1 0 0 0 0 0 0 0 0 0 / 0 0 0 0 0 0 0 0 0
test_retention_with_user_properties|day|v0 v1 v2 v5 v5.4 v6|*|*|1|recurring|on|2020-06-10|1 1 1 0 0 1 1 / 1 1 0 0 1 1 / 1 0 0 1 1 / 0 0 0 0 / 0 0 0 / 1 1 / 1
test_retention_with_user_properties_and_minimum_occurrences|day|v0 v0 v1 v1 v2 v2 v5 v5 v5.4 v5.4 v6 v6 v3|*|*|2|recurring|on|2020-06-10|1 1 1 0 0 1 1 / 1 1 0 0 1 1 / 1 0 0 1 1 / 1 0 1 1 / 0 0 0 / 1 1 / 1
test_retention_action_start_point|day|v0 v1 v2 v5 v5.4 v6 / v1 v2 v3 v6|v|v|1|recurring|on|2020-06-10|1 1 1 0 0 1 1 / 2 2 1 0 1 2 / 2 1 0 1 2 / 1 0 0 1 / 0 0 0 / 1 1 / 2
test_filter_test_accounts|day|v1 v2 v3 v6|*|*|1|recurring|on|2020-06-10|0 0 0 0 0 0 0 0 0 0 0 / 1 1 1 0 0 1 0 0 0 0 / 1 1 0 0 1 0 0 0 0 / 1 0 0 1 0 0 0 0 / 0 0 0 0 0 0 0 / 0 0 0 0 0 0 / 1 0 0 0 0 / 0 0 0 0
test_retention_first_time_ever_basic|day|v0 s1 v1 v3 v5 / s1 v2 v4 / v2 s3 v4 v6 / v-1 s2 v3 / s3 v4 v5|s|v|1|first_ever|on|2020-06-10|0 0 0 0 0 0 0 / 2 1 1 1 1 0 0 / 1 1 0 0 0 0 0 / 2 2 1 1 0 0 0 / 0 0 0 0 0 0 0
test_retention_first_time_ever_with_person_breakdown, 25|day|v1 s2 v3 v5 / s2 v3 v5|s|v|1|first_ever|on|2020-06-10|0 0 0 0 0 0 0 / 0 0 0 0 0 0 0 / 2 2 0 2 0 0 0 / 0 0 0 0 0 0 0
test_retention_first_time_ever_with_person_breakdown, 30|day|s1 v2 v4 / v3 s4 v5 v6|s|v|1|first_ever|on|2020-06-10|0 0 0 0 0 0 0 / 1 1 0 1 0 0 0 / 0 0 0 0 0 0 0 / 0 0 0 0 0 0 0 / 1 1 1 0 0 0 0
test_retention_with_all_users_cohort_breakdown|day|v0 v1 v2 / v0 v1 / v0 v3|*|*|1|recurring|on|2020-06-10|3 2 1 1 0 / 2 1 0 0 / 1 0 0 / 1 0 / 0
test_same_table_dwh_start_and_return_24h_window|day|s0.4 r1.7 / s0.5 r2.7 / s1.4 r2.8 / s1.5|s|r|1|recurring|rolling|2020-06-10|2 1 1 0 / 2 1 0
test_events_start_dwh_return_24h_window|day|s0.4 r1.7 / s0.5|s|r|1|recurring|rolling|2020-06-10|2 1 0
test_dwh_start_events_return_24h_window|day|s0.4 r1.7 / s1.4|s|r|1|recurring|rolling|2020-06-10|1 1 / 1 0
retention4, first days|day|f1 / f0 f3 / f1 f3 / f2 f4|*|*|1|first_ever|on|2020-06-10|1 0 0 1 0 0 0 0 0 0 / 2 0 1 0 0 0 0 0 0 0 / 1 0 1 0 0 0 0 0 0 0 / 0 0 0 0 0 0 0 0 0 0
retention4, all days|day|x0 f1 x4 / f0 x2 f3 / f1 f3 / f2 f4|*|*|1|first_ever|on|2020-06-10|2 1 1 1 1 0 0 0 0 0 / 1 0 1 0 0 0 0 0 0 0 / 1 0 1 0 0 0 0 0 0 0 / 0 0 0 0 0 0 0 0 0 0
retention4, first days and all days|day|x0 f1 x4 / f0 x2 f3 / f1 f3 / f2 f4|f|*|1|first_ever|on|2020-06-10|1 0 1 1 0 0 0 0 0 0 / 2 0 1 1 0 0 0 0 0 0 / 1 0 1 0 0 0 0 0 0 0 / 0 0 0 0 0 0 0 0 0 0
\.

-- Lifecycle. Times are MM-DD (at noon) or MM-DDThh of 2020, UTC; expected are
-- new, returning, resurrecting and dormant users from the period `first` on.
CREATE TEMP TABLE lifecycle (
	test text, unit text, zone text, log text, first timestamp,
	new text, back text, resurrecting text, dormant text);
COPY lifecycle FROM stdin (DELIMITER '|');
test_lifecycle_query_group_0|day|UTC|01-09 01-11 01-12 01-12 01-13 01-15 01-15 01-17 01-18 01-19|2020-01-09|1 0 0 0 0 0 0 0 0 0 0|0 0 0 1 1 0 0 0 0 1 1|0 0 1 0 0 0 1 0 1 0 0|0 1 0 0 0 1 0 1 0 0 0
test_events_query_whole_range|day|UTC|01-11 01-12 01-13 01-15 01-17 01-19 / 01-09 01-12 / 01-12 / 01-15|2020-01-09|1 0 1 1 0 0 1 0 0 0 0 0|0 0 0 1 1 0 0 0 0 0 0 0|0 0 0 1 0 0 1 0 1 0 1 0|0 1 0 0 2 1 0 2 0 1 0 1
test_lifecycle_trend|day|UTC|01-11 01-12 01-13 01-15 01-17 01-19 / 01-09 01-12 / 01-12 / 01-15|2020-01-12|1 0 0 1 0 0 0 0|1 1 0 0 0 0 0 0|1 0 0 1 0 1 0 1|0 2 1 0 2 0 1 0
test_lifecycle_trend_prop_filtering|day|UTC|01-11 01-12 01-13 01-15 01-17 01-19|2020-01-12|0 0 0 0 0 0 0 0|1 1 0 0 0 0 0 0|0 0 0 1 0 1 0 1|0 0 1 0 1 0 1 0
test_lifecycle_virtual_person_property_filter|day|UTC|01-12|2020-01-12|1 0 0 0 0 0 0 0|0 0 0 0 0 0 0 0|0 0 0 0 0 0 0 0|0 1 0 0 0 0 0 0
test_lifecycle_trends_distinct_id_repeat|day|UTC|01-12 01-14 01-15 01-17 01-19|2020-01-12|1 0 0 0 0 0 0 0|0 0 0 1 0 0 0 0|0 0 1 0 0 1 0 1|0 1 0 0 1 0 1 0
test_lifecycle_trend_all_time|day|UTC|01-11 01-12 01-13 01-15 01-17 01-19 / 01-09 01-12 / 01-12 / 01-15|2020-01-09|1 0 1 1 0 0 1 0 0|0 0 0 1 1 0 0 0 0|0 0 0 1 0 0 1 0 1|0 1 0 0 2 1 0 2 0
test_lifecycle_trend_weeks_sunday|week_sunday|UTC|02-01 02-05 02-10 02-15 02-27 03-02 / 02-11 02-18 / 02-12 / 02-27|2020-02-02|0 2 0 1 0 0|1 1 1 0 1 0|0 0 0 1 0 0|0 0 2 1 1 1
test_lifecycle_trend_weeks_monday|week|UTC|02-01 02-05 02-10 02-15 02-27 03-02 / 02-11 02-18 / 02-12 / 02-27|2020-02-03|0 2 0 1 0 0|1 1 1 0 1 0|0 0 0 1 0 0|0 0 2 1 1 1
test_lifecycle_trend_months|month|UTC|01-11 02-12 03-13 05-15 07-17 09-19 / 2019-12-09 02-12 / 02-12 / 05-15|2020-02-01|1 0 0 1 0 0 0 0|1 1 0 0 0 0 0 0|1 0 0 1 0 1 0 1|0 2 1 0 2 0 1 0
test_filter_test_accounts|day|UTC|01-09 01-12 / 01-12 / 01-15|2020-01-12|1 0 0 1 0 0 0 0|0 0 0 0 0 0 0 0|1 0 0 0 0 0 0 0|0 2 0 0 1 0 0 0
test_timezones, UTC|day|UTC|01-11T23 01-12T01 01-13 01-15 01-17 01-19 / 01-09 01-12 / 01-12 / 01-15|2020-01-12|1 0 0 1 0 0 0 0|1 1 0 0 0 0 0 0|1 0 0 1 0 1 0 1|0 2 1 0 2 0 1 0
test_timezones, Pacific|day|America/Los_Angeles|01-11T23 01-12T01 01-13 01-15 01-17 01-19 / 01-09 01-12 / 01-12 / 01-15|2020-01-12|1 0 0 1 0 0 0 0|0 0 0 0 0 0 0 0|1 1 0 1 0 1 0 1|1 2 1 0 2 0 1 0
test_excludes_personless_events|day|UTC|01-11 01-12 01-13 01-14 / 01-11 01-12|2020-01-11|2 0 0 0|0 2 1 1|0 0 0 0|0 0 1 0
test_dormant_on_dst|day|America/Los_Angeles|2025-03-09|2025-03-08|0 1 0 0|0 0 0 0|0 0 0 0|0 0 1 0
\.

-- Stickiness: 1, 2, 3 … active periods, how many users.
CREATE TEMP TABLE stickiness (test text, unit text, log text, expected text);
COPY stickiness FROM stdin (DELIMITER '|');
test_interval_day|day|01-11 01-12 01-13 01-14 01-15 01-16 01-17 01-18 01-19 / 01-11 01-13 01-15 01-17 01-19|0 0 0 0 1 0 0 0 1 0 0
test_interval_hour|hour|01-11 / 01-11|2 0 0
test_interval_week|week_sunday|01-11 01-12 01-13 01-14 01-15 01-16 01-17 01-18 01-19 / 01-11 01-13 01-15 01-17 01-19|0 0 2 0
test_interval_month|month|01-11 01-12 01-13 01-14 01-15 01-16 01-17 01-18 01-19 / 01-11 01-13 01-15 01-17 01-19|2 0
test_property_filtering|day|01-11 01-12 01-13 01-14 01-15 01-16 01-17 01-18 01-19|0 0 0 0 0 0 0 0 1 0 0
\.

-- retention(c1, …): the events of each user, the conditions, and 1 or 0 for each.
CREATE TEMP TABLE per_user (test text, log text, conditions text, expected text);
COPY per_user FROM stdin (DELIMITER '|');
doris 5|12 13 14 / 12 13 / 12|12|1 / 1 / 1
doris 6|12 13 14 / 12 13 / 12|12,13|1 1 / 1 1 / 1 0
doris 7|12 13 14 / 12 13 / 12|12,13,14|1 1 1 / 1 1 0 / 1 0 0
starrocks, example 3|a / a / x / x / x / x / a / x / x / x|a,b|1 0 / 1 0 / 0 0 / 0 0 / 0 0 / 0 0 / 1 0 / 0 0 / 0 0 / 0 0
starrocks, a row of a user that never began|a / a / x / x / x b / x / a / x / x / x|a,b|1 0 / 1 0 / 0 0 / 0 0 / 0 0 / 0 0 / 1 0 / 0 0 / 0 0 / 0 0
starrocks, a row of one that did|a b / a / x / x / x b / x / a / x / x / x|a,b|1 1 / 1 0 / 0 0 / 0 0 / 0 0 / 0 0 / 1 0 / 0 0 / 0 0 / 0 0
duckdb, days|1 2 3 / 1 3 / 1|1,2,3|1 1 1 / 1 0 1 / 1 0 0
duckdb, no base|1 2 3|5,2|0 0
duckdb, GIT-2|0 1 2 / 0 1 / 0 1 2|0,1,2,3|1 1 1 0 / 1 1 0 0 / 1 1 1 0
\.

SELECT plan((SELECT 5 + (SELECT count(*) FROM triangle) + (SELECT count(*) FROM lifecycle)
	+ (SELECT count(*) FROM stickiness) + (SELECT count(*) FROM per_user))::int);

CREATE FUNCTION pg_temp.step(unit text) RETURNS interval LANGUAGE sql AS $$
	SELECT ('1 ' || split_part(unit, '_', 1))::interval
$$;

CREATE FUNCTION pg_temp.triangle_of(t triangle) RETURNS text LANGUAGE sql AS $$
	WITH token AS (
		SELECT uid, regexp_match(token, '^([a-z])([mh]?)(-?\d+)(?:\.(\d+))?$') AS w
		FROM unnest(string_to_array(t.log, ' / ')) WITH ORDINALITY AS u (path, uid),
			unnest(string_to_array(path, ' ')) AS token
	), event AS (
		SELECT uid, w[1] AS kind, CASE w[2]
			WHEN 'm' THEN timestamp '2020-06-10 05:00' + w[3]::int * interval '1 month'
			WHEN 'h' THEN timestamp '2020-06-10' + w[3]::int * interval '1 hour'
			ELSE timestamp '2020-06-10 05:00' + w[3]::int * interval '1 day'
				+ coalesce(w[4]::int, 0) * interval '1 hour' END AS at
		FROM token
	), state AS (
		SELECT CASE WHEN t.starts = '*' AND t.returns = '*' AND t.least = 1
			THEN affinity.activity_agg(uid, at, t.unit)
			ELSE affinity.activity_agg(uid, at, t.unit, NULL, t.starts IN ('*', kind),
				t.returns IN ('*', kind) AND n >= t.least) END AS activity
		FROM (SELECT *, count(*) OVER (PARTITION BY uid, date_trunc('day', at)) AS n
			FROM event) e
	), cell AS (
		SELECT r.* FROM state, affinity.retention(activity, timestamptz '2021-01-01', t.mode,
			replace(t.criterion, 'rolling', 'on'), rolling => t.criterion = 'rolling') r
	)
	SELECT string_agg(line, ' / ' ORDER BY no)
	FROM (SELECT no, string_agg(coalesce(
			CASE WHEN k = 0 THEN cohort_size ELSE retained END, 0)::text, ' ' ORDER BY k) AS line
		FROM unnest(string_to_array(t.expected, ' / ')) WITH ORDINALITY AS e (line, no)
			CROSS JOIN generate_series(0, cardinality(string_to_array(line, ' ')) - 1) AS k
			LEFT JOIN cell ON cohort = t.first + (no - 1) * pg_temp.step(t.unit) AND period = k
		GROUP BY no) l
$$;

CREATE FUNCTION pg_temp.activity_of(log text, unit text, zone text)
RETURNS affinity.activity LANGUAGE sql AS $$
	SELECT affinity.activity_agg(uid, (CASE WHEN token ~ '^\d{4}-' THEN '' ELSE '2020-' END
		|| CASE WHEN token ~ 'T' THEN replace(token, 'T', ' ') || ':00Z'
			ELSE token || ' 12:00Z' END)::timestamptz, unit, zone)
	FROM unnest(string_to_array(log, ' / ')) WITH ORDINALITY AS u (path, uid),
		unnest(string_to_array(path, ' ')) AS token
$$;

SELECT is(pg_temp.triangle_of(t), t.expected, CASE WHEN test LIKE 'retention4,%' THEN 'byconity: '
	ELSE 'posthog: ' END || test) FROM triangle t;

SELECT is(found, concat_ws(' | ', l.new, l.back, l.resurrecting, l.dormant),
	'posthog: ' || test)
FROM lifecycle l, LATERAL (
	SELECT concat_ws(' | ', string_agg(coalesce(new_users, 0)::text, ' ' ORDER BY k),
		string_agg(coalesce(returning_users, 0)::text, ' ' ORDER BY k),
		string_agg(coalesce(resurrecting_users, 0)::text, ' ' ORDER BY k),
		string_agg(coalesce(dormant_users, 0)::text, ' ' ORDER BY k)) AS found
	FROM generate_series(0, cardinality(string_to_array(l.new, ' ')) - 1) AS k
		LEFT JOIN affinity.lifecycle(pg_temp.activity_of(log, unit, zone),
			first + interval '1 year') r ON period_start = first + k * pg_temp.step(unit)) f;

SELECT is(found, expected, 'posthog: stickiness, ' || test)
FROM stickiness s, LATERAL (
	SELECT string_agg(coalesce(users, 0)::text, ' ' ORDER BY k) AS found
	FROM generate_series(1, cardinality(string_to_array(s.expected, ' '))) AS k
		LEFT JOIN affinity.frequency(pg_temp.activity_of(log, unit, 'UTC')) r
		ON active_periods = k) f;

SELECT is(found, expected, test)
FROM per_user p, LATERAL (
	SELECT string_agg(line, ' / ' ORDER BY uid) AS found
	FROM (SELECT uid, array_to_string(affinity.retention(VARIADIC ARRAY(
			SELECT event = c FROM unnest(string_to_array(p.conditions, ',')) WITH ORDINALITY
				AS w (c, no) ORDER BY no)), ' ') AS line
		FROM unnest(string_to_array(p.log, ' / ')) WITH ORDINALITY AS u (path, uid),
			unnest(string_to_array(path, ' ')) AS event
		GROUP BY uid) u) f;

-- Amplitude: first event on December 1 at 17:59, the next on December 2 at 17:00:
-- retained on day 1, as it cuts times to hours. Here a day has 24 hours, and whoever
-- cuts times to hours gets Amplitude's. Mixpanel: Monday 20:00 and Tuesday 6:00 is
-- day 1 of the calendar, and not of the rolling kind.
CREATE FUNCTION pg_temp.day_of_return(first timestamp, next timestamp, rolling boolean)
RETURNS int LANGUAGE sql AS $$
	SELECT period FROM (SELECT affinity.activity_agg(1, at, 'day', NULL, true, true) AS activity
		FROM unnest(ARRAY[first, next]) AS at) a,
		affinity.retention(activity, timestamptz '2030-01-01', rolling => day_of_return.rolling,
			max_period => 3)
	WHERE retained = 1
$$;
SELECT is(pg_temp.day_of_return('2023-12-01 17:59', '2023-12-02 17:00', true), 0,
	'amplitude: 23 hours and a minute are day 0 (there: 1, from times cut to hours)');
SELECT is(pg_temp.day_of_return(date_trunc('hour', timestamp '2023-12-01 17:59'),
	'2023-12-02 17:00', true), 1, 'amplitude: day 1 of times cut to hours');
SELECT is(ARRAY[pg_temp.day_of_return('2023-12-04 20:00', '2023-12-05 06:00', false),
	pg_temp.day_of_return('2023-12-04 20:00', '2023-12-05 06:00', true)], '{1,0}',
	'mixpanel: Monday evening and Tuesday morning, by calendar and rolling');

-- How many results there are: cells of tables.
SELECT is((SELECT array_agg(n ORDER BY what) FROM (
	SELECT 1 AS what, sum(cardinality(regexp_split_to_array(expected, '[ /]+'))) AS n FROM triangle
		WHERE test NOT LIKE 'retention4,%'
	UNION ALL SELECT 2, 4 * sum(cardinality(string_to_array(new, ' '))) FROM lifecycle
	UNION ALL SELECT 3, sum(cardinality(string_to_array(expected, ' '))) FROM stickiness
	UNION ALL SELECT 4, sum(cardinality(string_to_array(expected, '/'))) FROM per_user
	UNION ALL SELECT 5, sum(cardinality(regexp_split_to_array(expected, '[ /]+'))) FROM triangle
		WHERE test LIKE 'retention4,%') c),
	'{1154,464,31,46,120}'::bigint[], 'all results are there');
SELECT is((SELECT count(*) FROM lifecycle WHERE cardinality(string_to_array(new, ' '))
	<> cardinality(string_to_array(dormant, ' '))), 0::bigint, 'all rows are whole');

SELECT finish();
ROLLBACK;
