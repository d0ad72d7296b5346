-- What other products' published tests expect of a funnel.
--
-- Events and expected numbers are facts from the named sources, in our own
-- notation: users are separated by / (`10x` before one: ten such), an event is name@seconds
-- (`*20` behind it: twenty such), or a name where only the order counts (then the
-- place is the second). A step is an event's
-- name, or a condition: != > >= < (of names that are numbers), ~x (contains x), *
-- (any event). A peer expects the users' levels, or how many users took each step
-- and, where it says so, the average seconds from the step before. Where we
-- deliberately say something else, `ours` is that and `reason` why.
--
--   doris      apache/doris, regression-test/suites/{query_p0,nereids_p0}/aggregate/
--              window_funnel{,_v2}.groovy, …/window_functions/window_funnel.sql,
--              be/test/…/vec_window_funnel_v2_test.cpp; what is "fixed" there is
--              `adjacent` here in tests of the first version of the function, and
--              `fixed` in those of the second
--   starrocks  documentation of window_funnel (modes 1, 2, 4 are strict_deduplication;
--              fixed or strict_order, allow_reentry; strict_increase); its issues as above
--   clickhouse issues   what those who found a result wrong expected
--   hive       yahoo/hive-funnel-udf, FunnelTest.java
--   hologres   documentation of windowFunnel (GaussDB's has the same) and range_funnel
--   mixpanel, amplitude, bloomreach, servicenow, alibaba (Data Lake Analytics)
--              their help pages on how funnels count
--   duckdb     tomtom215/duckdb-behavioral, test/sql/window_funnel.test,
--              git_mining.test, src/window_funnel.rs
--   posthog    PostHog/posthog, posthog/hogql_queries/insights/funnels/test/
--   pinot      apache/pinot, …/integration/tests/custom/WindowFunnelTest.java (strict_order
--              is `fixed` here, with keep_all `adjacent`; funnelMatchStep counts alike)
--   databend   databendlabs/databend, tests/suites/0_stateless/02_function, the unit tests'
--              window_funnel.txt, documentation of WINDOW_FUNNEL
BEGIN;

CREATE TEMP TABLE replay (
	no int GENERATED ALWAYS AS IDENTITY, source text, test text, events text,
	mode text, seconds bigint, steps text, expected text, ours text, reason text);
COPY replay (source, test, events, mode, seconds, steps, expected, ours, reason)
FROM stdin (DELIMITER '|', NULL '');
doris|window_funnel 1|1@0 2@10022 3@20041 4@30244|default|1|1,2|levels 1||
doris|window_funnel 2|1@0 2@10022 3@20041 4@30244|default|20000|1,2|levels 2||
doris|window_funnel.sql|1@0 2@10022 3@20041 4@30244|default|10800|1,2|levels 2||
doris|no rows|x@0|default|1|1,2|levels 0||
doris|neq|1@0 2@10022 3@20041 4@30244|default|86400|1,!=2,3|levels 2||
doris|deduplication_compat|1@0 2@10022 2@10023 3@12841 4@15844|default|20000|1,2,3,4|levels 4||
doris|deduplication|1@0 2@10022 2@10023 3@12841 4@15844|deduplication|20000|1,2,3,4|levels 2||
doris|fixed 1|1@0 2@10022 3@12841 4@15844|adjacent|20000|1,2,4,3|levels 2||
doris|fixed 2|1@0 2@10022 3@12841 4@15844|adjacent|20000|4,3,2,1|levels 1||
doris|increase 1|1@0 2@10022 3@10023 4@15844|increase|20000|1,2,3,4|levels 4||
doris|increase 2|1@0 2@10022 3@10022 4@15844|increase|20000|1,2,3,4|levels 2||
doris|default0|l@0 v@60 o@180 p@540 / l@0 v@60 o@120 / l@0 v@60 / l@0 v@60|default|10800|l,v,o,p|levels 4 3 2 2||
doris|default1|l@0 v@60 o@180 p@540 / l@0 v@60 o@120 / l@0 v@60 / l@0 v@60|default|300|l,v,o,p|levels 3 3 2 2||
doris|default2|l@0 v@60 o@180 p@540 / l@0 v@60 o@120 / l@0 v@60 / l@0 v@60|default|30|l,v,o,p|levels 1 1 1 1||
doris|default3|l@0 v@60 o@180 p@540 / l@0 v@60 o@120 / l@0 v@60 / l@0 v@60|default|3600000000|l,l,v,o,p|levels 1 1 1 1||
doris|default4|l@0 v@60 o@180 p@540 / l@0 v@60 o@120 / l@0 v@60 / l@0 v@60|default|3600000000|l,v,v,o,p|levels 2 2 2 2||
doris|default5|l@0 v@60 o@180 p@540 / l@0 v@60 o@120 / l@0 v@60 / l@0 v@60|default|3600000000|l,l,l,l,l,l,l|levels 1 1 1 1||
doris|default6|l@0 v@60 o@180 p@540 / l@0 v@60 o@120 / l@0 v@60 / l@0 v@60|default|3600000000|l,!=x,o,p|levels 4 3 2 2||
doris|default7|l@0 v@60 o@180 p@540 / l@0 v@60 o@120 / l@0 v@60 / l@0 v@60|default|3600000000|l,!=v,o,p|levels 2 2 1 1||
doris|default8|l@0 v@60 o@180 p@540 / l@0 v@60 O@120 / L@0 v@60 / l@0 V@60|default|3600000000|l,v,o,p|levels 4 2 0 1||
doris|default9|l@0 v@60 o@180 l@10800 v@10860 o@10980 p@11340 / l@0 v@60 o@120 / l@0 v@60 l@7200 v@7260 o@7320 p@7380 / l@0 v@60|default|3600|l,v,o,p|levels 4 3 4 2||
doris|deduplication0|l@0 v@60 o@180 l@180 x@180 x@180 p@540 / l@0 v@60 o@120 / l@0 v@60 / l@0 v@60|deduplication|3600|l,v,o,p|levels 3 3 2 2|levels 2 3 2 2|rows of one instant are taken by lowest step, so the repeat comes before the third step
doris|deduplication1|l@0 v@60 o@180 x@180 v@180 p@540 / l@0 v@60 o@120 / l@0 v@60 / l@0 v@60|deduplication|3600|l,v,o,p|levels 3 3 2 2|levels 2 3 2 2|rows of one instant are taken by lowest step, so the repeat comes before the third step
doris|deduplication2|l@0 v@60 o@180 x@180 o@180 p@540 / l@0 v@60 o@120 / l@0 v@60 / l@0 v@60|deduplication|3600|l,v,o,p|levels 3 3 2 2||
doris|fixed0|l@0 v@60 l@120 o@180 p@540 / l@0 v@60 o@120 / l@0 v@60 / l@0 v@60|adjacent|3600|l,v,o,p|levels 2 3 2 2||
doris|fixed1|l@0 v@60 x@120 o@180 p@540 / l@0 v@60 o@120 / l@0 v@60 / l@0 v@60|adjacent|3600|l,v,o,p|levels 2 3 2 2||
doris|increase0|l@0 v@60 o@180 p@180 / l@0 v@60 o@120 / l@0 v@60 / l@0 v@60|increase|3600|l,v,o,p|levels 3 3 2 2||
doris|user_analysis|b@0 / b@0 / c@0 / b@0 / b@0 / f@0 / b@0 b@345600 / b@0 f@1140 c@1620 b@1740 y@1740 / b@0 / f@0 / b@0 / b@0 / b@0|default|1800|b,f,c,y|users 10 1 1 1||
doris|v2_fixed0|l@0 v@60 o@180 p@540 / l@0 v@60 o@120 / l@0 v@60 / l@0 v@60|fixed|3600|l,v,o,p|levels 4 3 2 2||
doris|v2_fixed_reorder|l@0 v@60 o@180 p@540|fixed|20000|l,v,p,o|levels 2||
doris|v2_fixed_vs_v1|l@0 v@60 x@120 o@180 p@540|fixed|3600|l,v,o,p|levels 4||
doris|v2_increase_event0_overwrite|1@0 1@50 2@50 3@60|increase|100|1,2,3|levels 3||
doris|v2_increase_new_chain_better|1@0 1@50 2@51 3@52|increase|5|1,2,3|levels 3||
doris|v2_increase_old_chain_better|1@0 2@10 1@50|increase|100|1,2,3|levels 2||
doris|v2_dedup_same_row_multi_event|1@0 1@3600 3@7200|deduplication|86400|1,!=2,3|levels 3||
doris|v2_dedup_true_dup_breaks|1@0 2@3600 1@7200 3@10800|deduplication|86400|1,2,3|levels 2||
doris|v2_fixed_same_row_level_jump|3@0 1@86400|fixed|86400|>2,<5,>0|levels 2||
doris|v2_fixed_multi_cond_complex|24 1234 1 24 4 4 14 24 4 24 4 x 4 14 14 24 14 24 4 14 4 4 124 14 134 1 14 124 24 4 14 4 14 134 4 24 14 134 124 1 14 4 1234 4 1234 4 4 x 4 4|fixed|1736123071|~1,~2,~3,~4|levels 2||
doris|v2_fixed_e0_skip|1@0 3@86400 -1@172800|fixed|864000|>0,>2,<0|levels 3||
doris|v2_fixed_edge single_row_all_match|3@0|fixed|864000|>=0,>=1,>=2|levels 1||
doris|v2_fixed_edge next_row_all|0 3|fixed|864000|>=0,>=1,>=2|levels 2||
doris|v2_fixed_edge e1e2_no_e0|1 3 2|fixed|864000|1,>1,>2|levels 2||
doris|v2_fixed_edge 4cond_progressive|0 2 3|fixed|864000|>=0,>=1,>=2,>=3|levels 3||
doris|v2_fixed_edge both_rows_multi|1 2|fixed|864000|>=1,>=1,>=2|levels 2||
doris|v2_fixed_edge full_chain|0 1 2 3|fixed|864000|>=0,>=1,>=2,>=3|levels 4||
doris|v2_fixed_edge level_jump_break|1 5|fixed|864000|1,2,>2|levels 1||
doris|v2_fixed_edge e0_restart_diff_row|1 5 1 2|fixed|864000|>0,2|levels 2||
doris|v2_fixed_edge window_boundary|0@0 2@2|fixed|1|>=0,>=1,>=2|levels 1||
doris|v2_fixed_edge multi_restart_best|1 2 2 3|fixed|864000|>0,>1,>2|levels 3||
doris|v2_fixed_edge many_e0_restarts|1 1 1 2 3|fixed|864000|>0,>1,>2|levels 3||
doris|v2_fixed_edge irrelevant_skip|1 0 2 3|fixed|864000|1,2,3|levels 3||
doris|v2_fixed_edge relevant_but_wrong|1 2 2 3|fixed|864000|1,2,3|levels 2||
doris|v2_fixed_edge relevant_wrong_no_restart|10 5 5 20|fixed|864000|>8,<8,>15|levels 2||
doris|testDefaultSortedNoMerge 0|1@0 2@1 3@2 4@3|default|0|1,2,3,4|levels 1||
doris|testDefaultSortedNoMerge 1|1@0 2@1 3@2 4@3|default|1|1,2,3,4|levels 2||
doris|testDefaultSortedNoMerge 2|1@0 2@1 3@2 4@3|default|2|1,2,3,4|levels 3||
doris|testDefaultSortedNoMerge 3|1@0 2@1 3@2 4@3|default|3|1,2,3,4|levels 4||
doris|testDefaultSortedNoMerge 4|1@0 2@1 3@2 4@3|default|4|1,2,3,4|levels 4||
doris|testFixed jump|1@0 2@1 4@2 3@3 4@4|fixed|10|1,2,3,4|levels 2||
doris|testSameRowAllConditionsMatch|1234@0|default|86400|~1,~2,~3,~4|levels 1||
doris|same row does not advance twice|1@0 2@1 3@2|default|86400|1,!=2,3|levels 2||
starrocks|example 1|b@0 c@600 o@1200 p@1800 b@0 / o@0 p@600 / b@0 c@2400 / b@0 c@600 / b@2400 c@3000 o@0 / b@0 c@600 o@1200|default|1800|b,c,o,p|levels 4 0 1 2 2 3||
starrocks|example 2, mode 0|b@0 c@600 o@1740 c@1790 p@1800 c@2400 / b@0|default|1800|b,c,o,p|levels 4 1||
starrocks|example 2, mode 1|b@0 c@600 o@1740 c@1790 p@1800 c@2400 / b@0|strict_deduplication|1800|b,c,o,p|levels 3 1||
starrocks|example 3, mode 0|b@0 c@600 p@1800 o@1860 / b@0|default|1900|b,c,o,p|levels 3 1||
starrocks|example 3, mode 2|b@0 c@600 p@1800 o@1860 / b@0|strict_order, allow_reentry|1900|b,c,o,p|levels 2 1||
starrocks|example 3, mode 2|b@0 c@600 p@1800 o@1860 / b@0|fixed|1900|b,c,o,p|levels 2 1||
starrocks|example 4, mode 0|b@0 c@1 o@31 / b@0 c@0 o@60|default|1900|b,c,o|levels 3 3||
starrocks|example 4, mode 4|b@0 c@1 o@31 / b@0 c@0 o@60|strict_increase|1900|b,c,o|levels 3 1||
starrocks|test_window_funnel (be/test/exprs/agg)|12@0|fixed|1800|~1,~2|levels 2|levels 1|one row takes one step (same_row: 2)
starrocks issues|12516, as asked there|b@0 c@1 o@2 p@3 b@4|strict_increase|1800|*,*,*,*,*|levels 5||
starrocks issues|24348, as asked there|c@0 c@600 c@1200|strict_increase|1800|c,c,c|levels 3||
clickhouse issues|37177, as asked there|i@0 s@5 l@10 i@15 s@20 i@25 s@30 l@35 e@40|strict_deduplication|60|i,s,l,e|levels 4||
clickhouse issues|52844, as asked there|0@1 1@2 2@2 3@2 1@3 2@3 3@3 1@4 2@4 3@4|strict_increase|100000|0,1,2,3|levels 4||
clickhouse issues|23057, as asked there|s a p s a f|strict|86400|s,a,f|levels 3||
hologres|documentation|1 2 3 4 / 4 3 2 1 / 4 3|default|1000|1,2,3|levels 3 1 0||
duckdb|basic|v@0 c@300 p@600 / v@0 c@300 / v@0 c@18000|default|3600|v,c,p|levels 3 2 1||
duckdb|30 minutes|v@0 c@300 p@600 / v@0 c@300 / v@0 c@18000|default|1800|v,c,p|levels 3 2 1||
duckdb|no first step|v@0 c@300 p@600|default|3600|x,c|levels 0||
duckdb|strict_increase|v@0 c@300 p@600 / v@0 c@300 / v@0 c@18000|strict_increase|3600|v,c,p|levels 3 2 1||
duckdb|strict|v@0 c@300 p@600 / v@0 c@300 / v@0 c@18000|strict|3600|v,c,p|levels 3 2 1||
duckdb|strict_order|v@0 c@300 p@600 / v@0 c@300 / v@0 c@18000|strict_order|3600|v,c,p|levels 3 2 1||
duckdb|strict_deduplication|v@0 c@300 p@600 / v@0 c@300 / v@0 c@18000|strict_deduplication|3600|v,c,p|levels 3 2 1||
duckdb|strict_once|v@0 c@300 p@600 / v@0 c@300 / v@0 c@18000|strict_once|3600|v,c,p|levels 3 2 1||
duckdb|allow_reentry|v@0 c@300 p@600 / v@0 c@300 / v@0 c@18000|allow_reentry|3600|v,c,p|levels 3 2 1||
duckdb|GIT-5|o@0 f@5400 m@86400 / o@3600 f@16200 m@8100 / a@7200 a@82800 o@165600|default|86400|o,f,a,m|levels 2 2 1||
duckdb|documentation, example|v@0 c@1200 p@5400|default|3600|v,c,p|levels 2||
duckdb|test_window_expiry|1@0 2@30 3@120|default|60|1,2,3|levels 2||
duckdb|test_no_entry_point|2@0 3@1|default|3600|1,2,3|levels 0||
duckdb|test_multiple_entries_best_wins|1@0 2@120 1@200 2@230|default|60|1,2,3|levels 2||
duckdb|test_all_conditions_same_row|123@0|default|3600|~1,~2,~3|levels 1||
duckdb|test_strict_mode|1@0 1@1 2@2|strict|3600|1,2,3|levels 2||
duckdb|test_events_unsorted_input|3@2 1@0 2@1|default|3600|1,2,3|levels 3||
duckdb|test_large_funnel|1 2 3 4 5 6 7 8|default|3600|1,2,3,4,5,6,7,8|levels 8||
duckdb|test_strict_order_earlier_condition_breaks_chain|1@0 1@1 2@2|strict_order|3600|1,2,3|levels 2||
duckdb|test_strict_order_irrelevant_events_dont_break|1@0 x@1 2@2|strict_order|3600|1,2,3|levels 2|levels 1|as ClickHouse: rows that satisfy no step end the chain (filter them out, or say fixed)
duckdb|test_strict_order_irrelevant_events_dont_break|1@0 x@1 2@2|fixed|3600|1,2,3|levels 2||
duckdb|test_strict_dedup_skips_same_timestamp (timestamp_dedup)|1@0 2@0|strict_increase|3600|1,2|levels 1||
duckdb|test_strict_dedup_different_timestamps_ok|1@0 2@1|strict_increase|3600|1,2|levels 2||
duckdb|test_strict_dedup_skips_then_matches_later|1@0 2@0 2@1 3@2|strict_increase|3600|1,2,3|levels 3||
duckdb|test_zero_window_size_same_timestamp|1@0 2@0|default|0|1,2|levels 2||
duckdb|test_zero_window_any_gap_breaks|1@0 2@1|default|0|1,2|levels 1||
duckdb|test_strict_mode_backward_step_breaks|1@0 2@1 2@2 3@3|strict|3600|1,2,3|levels 2||
duckdb|test_duplicate_timestamps_default_mode|1@100 2@100|default|3600|1,2|levels 2||
duckdb|test_window_boundary_exactly_at_limit_included|1@0 2@1000|default|1000|1,2|levels 2||
duckdb|test_window_boundary_one_past_excluded|1@0 2@1001|default|1000|1,2|levels 1||
duckdb|test_max_step_uses_max_not_assignment|1@0 2@30 3@120 1@200 2@210 3@220|default|60|1,2,3|levels 3||
duckdb|test_strict_increase_mixed_same_and_increasing|1@0 2@1 3@1|strict_increase|3600|1,2,3|levels 2||
duckdb|test_strict_increase_skips_then_matches_later|1@0 2@0 2@1 3@2|strict_increase|3600|1,2,3|levels 3||
duckdb|test_strict_once_multi_condition_event_advances_only_one|1@0 23@1|strict_once|3600|~1,~2,~3|levels 2||
duckdb|the same without strict_once|1@0 23@1|default|3600|~1,~2,~3|levels 3|levels 2|one row takes one step (same_row: 3)
duckdb|the same without strict_once|1@0 23@1|same_row|3600|~1,~2,~3|levels 3||
duckdb|test_allow_reentry_resets_from_correct_point|1@0 1@100 2@120|allow_reentry|50|1,2|levels 2||
duckdb|test_strict_order_plus_strict_increase_both_enforce|1@0 2@0|strict_order, strict_increase|3600|1,2,3|levels 1||
duckdb|test_strict_once_plus_strict_increase|1@0 23@1 3@2|strict_once, strict_increase|3600|~1,~2,~3|levels 3||
duckdb|test_allow_reentry_plus_strict_order|1@0 2@1 1@2 2@3 3@4|allow_reentry, strict_order|3600|1,2,3|levels 3||
duckdb|test_all_modes_combined|1@0 2@1 3@2|strict, strict_order, strict_deduplication, strict_increase, strict_once|3600|1,2,3|levels 3||
duckdb|test_strict_dedup_plus_allow_reentry_reset_mid_chain|1@100 2@200 1@300 2@300 2@400 3@500|strict_increase, allow_reentry|3600|1,2,3|levels 3||
duckdb|test_strict_dedup_plus_strict_order|1@100 2@100 2@200 3@300|strict_increase, strict_order|3600|1,2,3|levels 3||
posthog|test_funnel_events|a / a b / a b c / c / b a c|default|1209600|a,b,c|users 4 2 1||
posthog|test_funnel_with_messed_up_order|a / a / c a c / c / c a|default|1209600|a,c|users 4 1||
posthog|test_funnel_with_any_event|a / a b / a b / b / b a b|default|1209600|*,*,*|users 5 3 1||
posthog|test_funnel_skipped_step|a c|default|1209600|a,b,c|users 1 0 0||
posthog|test_funnel_prop_filters|s q / x x / s x|default|1209600|s,q,r|users 2 1 0||
posthog|test_funnel_prop_filters_per_entity|s p x / x p / x x x|default|1209600|s,p,m|users 1 1 0||
posthog|test_funnel_multiple_actions|1 2a|default|1209600|1,2a,2c|users 1 1 0||
posthog|test_basic_funnel_default_funnel_days|s@0 p@691200|default|1209600|s,p|users 1 1||
posthog|test_basic_funnel_with_repeat_steps|s s / s|default|1209600|s,s|users 2 1||
posthog|test_basic_funnel_with_derivative_steps|sk s / sk|default|1209600|sk,~s|users 2 1||
posthog|test_advanced_funnel_with_repeat_steps|s / s p / s p x p / s p x p p x / s p p p p|default|1209600|s,p,p,p,p|users 5 4 3 2 1||
posthog|test_advanced_funnel_with_repeat_steps_out_of_order_events|p s / s p / p s x p / x p x p s p / s p x p p p / p x p p p|default|1209600|s,p,p,p,p|users 5 4 1 1 1||
posthog|test_funnel_with_different_actions_at_same_time_count_as_converted|s@0 p@0 / s@0|default|1209600|s,p|users 2 1||
posthog|test_funnel_with_matching_properties|s / s p1 / s p1 x p2 / s p1 p2 p2 x / s p1 x p2 p1 p2|default|1209600|s,p1,p2,p2,~p|users 5 4 3 2 0||
posthog|test_funnel_conversion_window|10x 1@0 2@86400 / 15x 1@0 2@777600|default|604800|1,2,3|users 25 10 0||
posthog|test_funnel_conversion_window_seconds|10x 1@0 2@10 / 15x 1@0 2@20|default|15|1,2,3|users 25 10 0||
posthog|test_same_event_same_timestamp|1@0*20 2@86400|default|1209600|1,2|users 1 1||
posthog|test_events_same_timestamp_no_exclusions|1@0 2@0 2@0 4@0 4@0 6@0 2@0 4@0 6@0 1@0|default|1209600|1,2,2,4,4,6,2,4,6,1|users 1 1 1 1 1 1 1 1 1 1||
posthog|test_funnel_with_long_interval_no_first_step|c@0|default|3122064000|s,c|users 0 0||
posthog|test_funnel_aggregation_with_groups|s@0 p@86400 / s@691200|default|1209600|s,p|users 2 1 average 86400||
posthog|test_funnel_with_multiple_incomplete_tries|s@3600 p@7200 x@10800 s@187200 p@190800 s@284400 p@295200|default|86400|s,p,x|users 1 1 1 average 3600 3600||
posthog|test_funnel_with_multiple_incomplete_tries, unordered|s@3600 p@7200 x@10800 s@187200 p@190800 s@284400 p@295200|any_order|86400|s,p,x|users 1 1 1 average 3600 3600||
posthog|test_funnel_step_conversion_times|s@0 p@3600 b@10800 / s@0 p@7200 / s@0 p@7200 b@10800|default|604800|s,p,b|users 3 3 2 average 6000 5400||
posthog|test_funnel_step_conversion_times, unordered|s@0 p@3600 b@10800 / s@0 p@7200 / s@0 p@7200 b@10800|any_order|604800|s,p,b|users 3 3 2 average 6000 5400||
posthog|test_funnel_times_with_different_conversion_windows|s@0 p@300 / s@0 / s@0 p@900|default|1209600|s,p|users 3 2 average 600||
posthog|test_funnel_times_with_different_conversion_windows, 5 minutes|s@0 p@300 / s@0 / s@0 p@900|default|300|s,p|users 3 1 average 300||
posthog|test_auto_bin_count_single_step|1@0 2@3600 3@10800 / 1@0 2@2220 / 1@0 2@82800|default|604800|1,2|users 3 3 average 29540||
posthog|test_auto_bin_count_single_step_duplicate_events|1@0 1@3600 1@10800 / 1@0 1@2220 / 1@0 1@82800|default|604800|1,1,1|users 3 3 1 average 29540 7200||
posthog|test_basic_unordered, time to convert|3@0 1@3600 2@10800 / 1@0 2@2220 / 2@0 1@82800|any_order|604800|1,2,3|users 3 3 1 average 29540 7200||
posthog|test_basic_strict, time to convert|1@0 2@3600 3@10800 / 1@0 2@2220 x@2280 3@2340 / 1@0 2@82800 / 1@0 x@86400 2@93600|adjacent|604800|1,2,3|users 4 3 1 average 29540 7200||
posthog|test_basic_strict_funnel|s / p s / s p x i / i x p s / p s x p i / x s x p / x s p i x / i p|adjacent|1209600|s,p,i|users 7 2 1||
posthog|test_advanced_strict_funnel|s / s p / s u w p x i / x s u p x / x s u p x / x s u p q / x s u p s v / x s s u p v|adjacent|1209600|s,u,p,v|users 8 6 5 1||
posthog|test_basic_strict_funnel_conversion_times|s@0 / s@0 p@3600 / s@0 p@7200 i@14400|adjacent|1209600|s,p,i|users 3 2 1 average 5400 7200||
posthog|test_strict_breakdown_events_with_multiple_properties|s@0 x@3600 p@7200 / s@0 p@3600|adjacent|604800|s,p|users 2 1 average 3600||
posthog|test_different_prop_val_in_strict_filter|f f x x s s|adjacent|1209600|f,s|users 1 0||
posthog|test_multiple_events_same_timestamp_doesnt_blow_up|1@0*30 2@0 3@0|default|1209600|1,2,3|users 1 1 1||
posthog|test_basic_unordered_funnel|s / p s / s p x i / i p s / p s x i / x i / p x / i p|any_order|1209600|s,p,i|users 8 5 3||
posthog|test_big_multi_step_unordered_funnel|s / p c / s p x i / i c s / p s c i / x i / p x / i p|any_order|1209600|s,p,i,c|users 8 5 3 1||
posthog|test_basic_unordered_funnel_conversion_times|s@0 / p@0 s@3600 / i@0 s@7200 p@14400 p@86400 i@97200 s@108000|any_order|86400|s,p,i|users 3 2 1 average 5400 7200||
posthog|test_funnel_unordered_all_events_with_properties|s c|any_order|1209600|s,c|users 1 1||
posthog|test_funnel_unordered_entity_filters|sa sb|any_order|1209600|sa,sb|users 1 1||
posthog|test_funnel_window_ignores_dst_transition|p@0 s@1207020|any_order|1209600|p,s|users 1 1 average 1207020||
posthog|test_funnel_exclusions_full_window, unordered|s@0 p@3600 / s@0 x@1800 p@3600 / s@0 p@3600|any_order, exclude 3|1209600|s,p,x|users 3 2 average 3600||
posthog|test_unordered_exclusion_after_completion|s p l x l|any_order, exclude 4|1209600|s,p,l,x|users 1 1 1||
posthog|test_advanced_funnel_multiple_exclusions_between_steps, unordered|s@0 x@60 p@120 i@180 y@210 t@240 2@300 / s@0 y@30 p@60 i@180 y@210 t@240 x@270 2@300 / s@0 x@30 p@60 i@180 t@240 x@270 2@300 / s@0 p@60 i@180 t@240 2@300 / s@0 x@30 p@60 x@90 i@180 y@210 t@240 x@270 2@300|any_order, exclude 6 7|1209600|s,p,i,t,2,x,y|users 5 2 1 1 1|users 5 4 2 1 1|what lies between two excluded rows counts, for whomever
posthog|test_unordered_trend_with_partial_steps_and_exclusion|1@0 2@3600 x@7200 3@10800 / 1@0 2@3600 3@7200|any_order, exclude 4|21600|1,2,3,x|users 2 1 1|users 2 2 1|an excluded row ends a chain; the steps before it stay
posthog|test_funnel_exclusion_no_end_event|s@0 p@3600 / s@0 x@1800 p@3600 / s@0 x@3600 / s@0 x@90000|exclude 3|86400|s,p,x|users 2 1|users 4 1|an excluded row ends a chain; it does not remove the user from step 1
posthog|test_funnel_exclusion_multiple_possible_no_end_event1|1@0 x@1 1@31|exclude 3|10|1,2,x|users 1 0||
posthog|test_funnel_exclusion_multiple_possible_no_end_event2|1@0 1@31 x@32|exclude 3|10|1,2,x|users 1 0||
posthog|test_funnel_exclusion_multiple_possible_no_end_event3|1@0 1@1 x@2|exclude 3|10|1,2,x|users 0 0|users 1 0|an excluded row ends a chain; it does not remove the user from step 1
posthog|test_funnel_exclusions_with_actions|s@0 p@3600 / s@0 x@1800 p@3600 / s@0 p@3600|exclude 3|1209600|s,p,x|users 2 2|users 3 2|an excluded row ends a chain; it does not remove the user from step 1
posthog|test_funnel_exclusions_full_window|s@0 p@3600 / s@0 x@1800 p@3600 / s@0 p@3600|exclude 3|1209600|s,p,x|users 2 2|users 3 2|an excluded row ends a chain; it does not remove the user from step 1
posthog|test_advanced_funnel_exclusions_between_steps 0 to 1|s@0 p@60 x@120 i@180 x@210 t@240 x@270 2@300 / s@0 p@60 i@180 x@210 t@240 x@270 2@300 / s@0 x@30 p@60 i@180 t@240 x@270 2@300|exclude 6 between 1 and 2|1209600|s,p,i,t,2,x|users 2 2 2 2 2|users 3 2 2 2 2|an excluded row ends a chain; it does not remove the user from step 1
posthog|test_advanced_funnel_exclusions_between_steps 1 to 2|s@0 p@60 x@120 i@180 x@210 t@240 x@270 2@300 / s@0 p@60 i@180 x@210 t@240 x@270 2@300 / s@0 x@30 p@60 i@180 t@240 x@270 2@300|exclude 6 between 2 and 3|1209600|s,p,i,t,2,x|users 2 2 2 2 2|users 3 3 2 2 2|an excluded row ends a chain; it does not remove the user from step 1
posthog|test_advanced_funnel_exclusions_between_steps 2 to 3|s@0 p@60 x@120 i@180 x@210 t@240 x@270 2@300 / s@0 p@60 i@180 x@210 t@240 x@270 2@300 / s@0 x@30 p@60 i@180 t@240 x@270 2@300|exclude 6 between 3 and 4|1209600|s,p,i,t,2,x|users 1 1 1 1 1|users 3 3 3 1 1|an excluded row ends a chain; it does not remove the user from step 1
posthog|test_advanced_funnel_exclusions_between_steps 3 to 4|s@0 p@60 x@120 i@180 x@210 t@240 x@270 2@300 / s@0 p@60 i@180 x@210 t@240 x@270 2@300 / s@0 x@30 p@60 i@180 t@240 x@270 2@300|exclude 6 between 4 and 5|1209600|s,p,i,t,2,x|users 0 0 0 0 0|users 3 3 3 3 0|an excluded row ends a chain; it does not remove the user from step 1
posthog|test_advanced_funnel_exclusions_between_steps 1 to 3|s@0 p@60 x@120 i@180 x@210 t@240 x@270 2@300 / s@0 p@60 i@180 x@210 t@240 x@270 2@300 / s@0 x@30 p@60 i@180 t@240 x@270 2@300|exclude 6 between 2 and 4|1209600|s,p,i,t,2,x|users 1 1 1 1 1|users 3 3 2 1 1|an excluded row ends a chain; it does not remove the user from step 1
posthog|test_advanced_funnel_multiple_exclusions_between_steps|s@0 x@60 p@120 i@180 y@210 t@240 2@300 / s@0 y@30 p@60 i@180 y@210 t@240 x@270 2@300 / s@0 x@30 p@60 i@180 t@240 x@270 2@300 / s@0 p@60 i@180 t@240 2@300|exclude 6 between 1 and 2, exclude 7 between 3 and 4|1209600|s,p,i,t,2,x,y|users 1 1 1 1 1|users 4 2 2 1 1|an excluded row ends a chain; it does not remove the user from step 1
posthog|test_advanced_funnel_multiple_exclusions_between_steps 0 to 1|s@0 x@60 p@120 i@180 y@210 t@240 2@300 / s@0 y@30 p@60 i@180 y@210 t@240 x@270 2@300 / s@0 x@30 p@60 i@180 t@240 x@270 2@300 / s@0 p@60 i@180 t@240 2@300|exclude 6 7 between 1 and 2|1209600|s,p,i,t,2,x,y|users 1 1 1 1 1|users 4 1 1 1 1|an excluded row ends a chain; it does not remove the user from step 1
posthog|test_advanced_funnel_multiple_exclusions_between_steps 0 to 4|s@0 x@60 p@120 i@180 y@210 t@240 2@300 / s@0 y@30 p@60 i@180 y@210 t@240 x@270 2@300 / s@0 x@30 p@60 i@180 t@240 x@270 2@300 / s@0 p@60 i@180 t@240 2@300|exclude 6 7|1209600|s,p,i,t,2,x,y|users 1 1 1 1 1|users 4 1 1 1 1|an excluded row ends a chain; it does not remove the user from step 1
posthog|test_excluded_after_time_expires|1@0 x@11 2@12|exclude 3|10|1,2,x|users 1 0||
posthog|test_funnel_persons, sample|5x 1@0 2@60 3@120 / 10x 1@0 2@60 / 20x 1@0|default|604800|1,2,3|users 35 15 5||
posthog|test_funnel_persons, 110 actors|110x 1@0 2@60 3@120|default|604800|1,2,3|users 110 110 110||
posthog|test_funnel_with_optional_steps|1@0 / 1@0 2@60 3@120 / 1@0 3@120 / 1@0 2@60 3@120 4@180 5@240 / 1@0 2@60 3@120 5@240 / 1@0 3@120 4@180 / 1@0 3@120 4@180 5@240 / 1@0 3@120 5@240|optional 2 4|1209600|1,2,3,4,5|users 8 3 7 3 4||
posthog|test_funnel_with_optional_steps_same_event|s@0 / s@0 s@60 / s@0 s@60 s@120 / s@0 su@60 s@120|optional 2|1209600|~s,~s,su,~s|users 4 2 1 1||
posthog|test_optional_funnel_step_actors_query|1@0 3@120|optional 2|604800|1,2,3|users 1 0 1||
posthog|test_optional_funnel_step_dropoff_actors_query|1@0 / 1@0 2@60 / 1@0 2@60 3@120|optional 2|604800|1,2,3|users 3 2 1||
pinot|testFunnelMaxStepQueries|p@1000 c@1010 k@1020 c@1025 f@1030 k@2010 c@2010 p@2000 p@1000 c@1010 c@1015 k@1020 f@11030 k@2020 c@12010 p@12050|default|1000|p,c,k,f|levels 4||
pinot|testFunnelMaxStepGroupByQueries|p@1000 c@1010 k@1020 c@1025 f@1030 / k@2010 c@2010 p@2000 / p@1000 c@1010 c@1015 k@1020 f@11030 / k@2020 c@12010 p@12050|default|1000|p,c,k,f|levels 4 3 3 1||
pinot|testFunnelMaxStepGroupByQueriesWithMode, strict_order|p@1000 c@1010 k@1020 c@1025 f@1030 / k@2010 c@2010 p@2000 / p@1000 c@1010 c@1015 k@1020 f@11030 / k@2020 c@12010 p@12050|fixed|1000|p,c,k,f|levels 3 3 2 1||
pinot|testFunnelMaxStepGroupByQueriesWithMode, strict_deduplication|p@1000 c@1010 k@1020 c@1025 f@1030 / k@2010 c@2010 p@2000 / p@1000 c@1010 c@1015 k@1020 f@11030 / k@2020 c@12010 p@12050|strict_deduplication|1000|p,c,k,f|levels 4 3 2 1|levels 3 3 2 1|a repeat of any step taken, not only of the last one, ends the chain, as in ClickHouse
pinot|testFunnelMaxStepGroupByQueriesWithMode, strict_increase|p@1000 c@1010 k@1020 c@1025 f@1030 / k@2010 c@2010 p@2000 / p@1000 c@1010 c@1015 k@1020 f@11030 / k@2020 c@12010 p@12050|strict_increase|1000|p,c,k,f|levels 4 2 3 1||
pinot|testFunnelMaxStepGroupByQueriesWithModeKeepAll|p@1000 c@1010 k@1020 c@1025 f@1030 / k@2010 c@2010 p@2000 / p@1000 c@1010 c@1015 k@1020 f@11030 / k@2020 c@12010 p@12050|adjacent|1000|p,k,f|levels 1 1 1 1||
pinot|testFunnelMaxStepGroupByQueriesWithModeKeepAll, strict_order|p@1000 c@1010 k@1020 c@1025 f@1030 / k@2010 c@2010 p@2000 / p@1000 c@1010 c@1015 k@1020 f@11030 / k@2020 c@12010 p@12050|fixed|1000|p,k,f|levels 3 2 2 1||
pinot|testFunnelMatchStepGroupByQueriesWithModeThenSumArray, strict_order|10x p@1000 c@1010 k@1020 c@1025 f@1030 / 10x k@2010 c@2010 p@2000 / 10x p@1000 c@1010 c@1015 k@1020 f@11030 / 10x k@2020 c@12010 p@12050|fixed|1000|p,c,k,f|users 40 30 20 0||
pinot|testFunnelMatchStepGroupByQueriesWithModeThenSumArray, strict_deduplication|10x p@1000 c@1010 k@1020 c@1025 f@1030 / 10x k@2010 c@2010 p@2000 / 10x p@1000 c@1010 c@1015 k@1020 f@11030 / 10x k@2020 c@12010 p@12050|strict_deduplication|1000|p,c,k,f|users 40 30 20 10|users 40 30 20 0|a repeat of any step taken, not only of the last one, ends the chain, as in ClickHouse
pinot|testFunnelMatchStepGroupByQueriesWithModeThenSumArray, strict_increase|10x p@1000 c@1010 k@1020 c@1025 f@1030 / 10x k@2010 c@2010 p@2000 / 10x p@1000 c@1010 c@1015 k@1020 f@11030 / 10x k@2020 c@12010 p@12050|strict_increase|1000|p,c,k,f|users 40 30 20 10||
pinot|testFunnelStepDurationStatsGroupByQueries, user00|p@1000 c@1010 k@1020 c@1025 f@1030|default|1000|p,c,k,f|users 1 1 1 1 average 10 10 10||
databend|02_0011_function_window_funnel 1|1000@0 1001@1 1002@2 1003@3 1004@4 1005@5 1006@6 1007@7 1008@8|default|10000|1000|levels 1||
databend|02_0011_function_window_funnel 2|1000@0 1001@1 1002@2 1003@3 1004@4 1005@5 1006@6 1007@7 1008@8|default|10000|1000,1001|levels 2||
databend|02_0011_function_window_funnel 3|1000@0 1001@1 1002@2 1003@3 1004@4 1005@5 1006@6 1007@7 1008@8|default|10000|1000,1001,1002|levels 3||
databend|02_0011_function_window_funnel 4|1000@0 1001@1 1002@2 1003@3 1004@4 1005@5 1006@6 1007@7 1008@8|default|10000|1000,1001,1002,1008|levels 4||
databend|02_0011_function_window_funnel 5|1000@0 1001@1 1002@2 1003@3 1004@4 1005@5 1006@6 1007@7 1008@8|default|1|1000|levels 1||
databend|02_0011_function_window_funnel 6|1000@0 1001@1 1002@2 1003@3 1004@4 1005@5 1006@6 1007@7 1008@8|default|2|1003,1004,1005,1006,1007|levels 3||
databend|02_0011_function_window_funnel 7|1000@0 1001@1 1002@2 1003@3 1004@4 1005@5 1006@6 1007@7 1008@8|default|3|1003,1004,1005,1006,1007|levels 4||
databend|02_0011_function_window_funnel 8|1000@0 1001@1 1002@2 1003@3 1004@4 1005@5 1006@6 1007@7 1008@8|default|4|1003,1004,1005,1006,1007|levels 5||
databend|documentation|l@0 v@60 c@180 p@540 / l@0 v@60 c@120 / l@0 v@60|default|3600|l,v,c,p|levels 4 3 2||
databend|window_funnel.txt, dt|1@1 x@0 x@2 x@3|default|2|1,2,3|levels 1||
databend|window_funnel.txt, dt_uint64|1@0 2@1 3@2 x@3 x@4|default|2|1,2,3|levels 3||
databend|window_funnel.txt, dt_nullable|1@0 2@1 x@3 3@4|default|2|1,2,3|levels 2||
databend|window_funnel.txt, dt_int64|1@0 2@1 3@2 x@3|default|2|1,2,3|levels 3||
databend|window_funnel.txt, dt_unsorted|3@2 1@0 2@1 x@3|default|2|1,2,3|levels 3||
databend|window_funnel.txt, single_event|x@0 1@1 x@2 x@3|default|2|1|levels 1||
databend|window_funnel.txt, no_event|x@0 x@1 x@2 x@3|default|2|1|levels 0||
hive|testComplete|beta@200 alpha@100 delta@400 gamma@200|default|86400|beta,gamma,epsilon|levels 2||
clickhouse issues|01646_fix_window_funnel_inconistency|1004@86400 1003@86400 1002@0|default|604800|1004,1003,1002|levels 2||
hologres|range_funnel 1|c1 c2 c1 c3|default|86400|c1,c2,c3|levels 3||
hologres|range_funnel 2|c1 c2 c1 c3|default|86400|c1,c1,c1|levels 2||
mixpanel|funnels, exact order|A B C D E|default|2592000|A,B,C,D,E|levels 5||
mixpanel|funnels, loose order|A B F C D E|default|2592000|A,B,C,D,E|levels 5||
mixpanel|funnels, a step left out|A B C E|default|2592000|A,B,C,D,E|levels 3||
mixpanel|funnels, window|A@0 A@1800 B@2700 C@4500|default|3600|A,B,C|levels 2|levels 3|every start is tried (there: with optimized re-entry)
mixpanel|optimized re-entry 1|A@0 A@7200 B@9000|default|3600|A,B|levels 2||
mixpanel|optimized re-entry 2|A@0 A@1800 B@4500|default|3600|A,B|levels 2||
mixpanel|optimized re-entry 3|A@0 A@60 A@120 B@180|default|3600|A,B|users 1 1 average 60||
mixpanel|simultaneous events|B@0 A@1|default|3600|A,B|levels 2|levels 1|only rows of one instant may change places
amplitude|simultaneous events 1|B@0 A@0|default|3600|A,B|levels 2||
amplitude|simultaneous events 2|B@0 A@0|default|3600|B,A|levels 2||
bloomreach|exact order|A B C D E|default|86400|A,B,C,D,E|levels 5||
bloomreach|loose order|A B F C D E|default|86400|A,B,C,D,E|levels 5||
bloomreach|a step left out|A B C E|default|86400|A,B,C,D,E|levels 3||
bloomreach|a step made up for|A B C E D E|default|86400|A,B,C,D,E|levels 5||
servicenow|funnel matching|A B C / A B D C / A B E|default|2592000|A,B,C|levels 3 3 2||
alibaba|FUNNEL_COUNT|e1 e2 e4 / e2 e1 e3 / e4 e3|default|86400|e1,e2,e3|levels 2 1 0||
\.

SELECT plan((SELECT 4 + count(*) + 51 + 2 + 26 + 1 FROM replay)::int);

CREATE TEMP TABLE event AS
	SELECT no, (uid || '.' || copy)::numeric AS uid, w[1] AS e,
		coalesce(w[2]::bigint, seq) AS at
	FROM replay, unnest(string_to_array(events, ' / ')) WITH ORDINALITY AS u (path, uid),
		generate_series(10, 9 + coalesce(substring(path FROM '^(\d+)x ')::int, 1)) AS copy,
		unnest(string_to_array(regexp_replace(path, '^\d+x ', ''), ' '))
			WITH ORDINALITY AS t (token, seq),
		regexp_match(token, '^([^@*]+)(?:@(\d+))?(?:\*(\d+))?$') AS w,
		generate_series(1, coalesce(w[3]::int, 1));
CREATE INDEX ON event (no);

CREATE FUNCTION pg_temp.conditions(steps text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(CASE
		WHEN c = '*' THEN 'true'
		WHEN c ~ '^~' THEN format('e LIKE %L', '%' || substr(c, 2) || '%')
		WHEN c ~ '^!=' THEN format('e <> %L', substr(c, 3))
		WHEN c ~ '^[<>]' THEN 'e::int ' || c
		ELSE format('e = %L', c) END, ', ' ORDER BY no)
	FROM unnest(string_to_array(steps, ',')) WITH ORDINALITY AS s (c, no)
$$;

-- The same of times in seconds and in microseconds.
CREATE FUNCTION pg_temp.answer(r replay, at text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	levels text;
	users text;
	average text;
	c text := pg_temp.conditions(r.steps);
BEGIN
	EXECUTE format($q$
		SELECT string_agg(level::text, ' ' ORDER BY uid)
		FROM (SELECT uid, affinity.window_funnel(%s, %L, %s, %s) AS level
			FROM event WHERE no = %s GROUP BY uid) u$q$,
		r.seconds, r.mode, at, c, r.no) INTO levels;
	IF r.expected LIKE 'levels%' THEN
		RETURN 'levels ' || levels;
	END IF;
	EXECUTE format($q$
		SELECT string_agg(users::text, ' ' ORDER BY step)
		FROM affinity.funnel_steps((SELECT affinity.funnel_agg(uid::text, %s, %s, %L, %s)
			FROM event WHERE no = %s))$q$,
		at, CASE at WHEN 'at' THEN r.seconds::text ELSE quote_literal(r.seconds || ' s') END,
		r.mode, c, r.no) INTO users;
	IF r.expected NOT LIKE '%average%' THEN
		RETURN 'users ' || users;
	END IF;
	EXECUTE format($q$
		SELECT string_agg(mean::int::text, ' ' ORDER BY step)
		FROM (SELECT step, avg(t - before) AS mean
			FROM (SELECT step, t, lag(t) OVER (PARTITION BY uid ORDER BY step) AS before
				FROM (SELECT uid, affinity.funnel_times(%s::bigint, %L, at, %s) AS times
					FROM event WHERE no = %s GROUP BY uid) u,
					unnest(times) WITH ORDINALITY AS w (t, step)) s
			WHERE step > 1 AND t IS NOT NULL GROUP BY step) m$q$,
		r.seconds, r.mode, c, r.no) INTO average;
	RETURN format('users %s average %s', users, average);
END
$$;

SELECT is(pg_temp.answer(r, 'at'), coalesce(ours, expected), source || ': ' || test)
FROM replay r ORDER BY no;
SELECT is_empty($$
	SELECT * FROM replay r
	WHERE pg_temp.answer(r, $q$timestamp '2024-03-10' + at * interval '1 s'$q$)
		<> coalesce(ours, expected)$$,
	'the same of timestamps');
SELECT is_empty($$
	SELECT * FROM replay WHERE (ours IS NULL) <> (reason IS NULL) OR ours = expected$$,
	'each deviation is one, and has its reason');

-- Each number is a result: of a user, of a step, of an average. A test that is
-- there twice (in two modes of ours) counts once.
SELECT results_eq($$
	SELECT source, count(*), sum(n), sum(n) FILTER (WHERE ours IS NULL)
	FROM (SELECT DISTINCT ON (source, test) *,
			cardinality(regexp_split_to_array(expected, '[^0-9]+')) - 1 AS n
		FROM replay ORDER BY source, test, no) r
	GROUP BY source ORDER BY source$$, $$
	VALUES ('alibaba', 1::bigint, 3::bigint, 3::bigint), ('amplitude', 2, 2, 2),
		('bloomreach', 4, 4, 4), ('clickhouse issues', 4, 4, 4), ('databend', 16, 18, 18),
		('doris', 61, 115, 107), ('duckdb', 41, 59, 57), ('hive', 1, 1, 1),
		('hologres', 3, 5, 5), ('mixpanel', 8, 10, 8), ('pinot', 11, 44, 36),
		('posthog', 67, 238, 182), ('servicenow', 1, 3, 3), ('starrocks', 8, 19, 18),
		('starrocks issues', 2, 2, 2)$$,
	'all are there: tests, results, results of tests that agree');
SELECT is((SELECT count(*) FROM replay WHERE no NOT IN (SELECT no FROM event)), 0::bigint,
	'every case has events');

-- PostHog's trends of funnels (test_funnel_trends.py there): of the users who
-- begin in a day (or month) of a time zone, how many take step `first_step`, and
-- how many `last_step`; or the percentage. Here: one chain per user and day whose
-- first step is of that day; in any order one per row that may begin it. Times
-- are seconds, or hours (h), after the first day's midnight in UTC.
CREATE TEMP TABLE trend (
	no int GENERATED ALWAYS AS IDENTITY, test text, zone text, first date, unit text,
	events text, mode text, seconds bigint, steps text, pair text, expected text, ours text,
	reason text);
COPY trend (test, zone, first, unit, events, mode, seconds, steps, pair, expected, ours, reason)
FROM stdin (DELIMITER '|', NULL '');
test_only_one_user_reached_one_step|UTC|2021-06-07|day|1@19h|default|604800|1,2,3|1 3|1/0 0/0 0/0 0/0 0/0 0/0 0/0||
test_only_one_user_reached_one_step|America/Los_Angeles|2021-06-07|day|1@19h|default|604800|1,2,3|1 3|1/0 0/0 0/0 0/0 0/0 0/0 0/0||
test_day_interval|UTC|2021-05-01|day|1@0h 2@1h 3@2h|default|604800|1,2,3|1 3|1/1||
test_month_interval|UTC|2020-01-01|month|1@2904h 2@2905h 3@2906h|default|604800|1,2,3|1 3|0/0 0/0 0/0 0/0 1/1 0/0 0/0||
test_month_interval|America/Los_Angeles|2020-01-01|month|1@2904h 2@2905h 3@2906h|default|604800|1,2,3|1 3|0/0 0/0 0/0 1/1 0/0 0/0 0/0||
test_all_results_for_day_interval|UTC|2021-05-01|day|1@0h 2@48h 3@96h / 1@24h 2@72h / 1@120h / n@120h / 1@1h 2@2h 3@3h / 1@0h 2@48h 3@96h / 1@24h 2@72h|default|604800|1,2,3|1 3|3/3 2/0 0/0 0/0 0/0 1/0 0/0||
test_window_size_one_day|UTC|2021-05-01|day|1@0h 2@48h 3@96h / 1@24h 2@72h / 1@120h / n@120h / 1@1h 2@2h 3@3h / 1@0h 2@48h 3@96h / 1@24h 2@72h|default|86400|1,2,3|1 3|3/1 2/0 0/0 0/0 0/0 1/0 0/0||
test_period_not_final|UTC|2021-05-01|day|1@86400 2@86460 3@86520|default|86400|1,2,3|1 3|0/0 1/1||
test_two_runs_by_single_user_in_one_period|UTC|2021-05-01|day|1@0h 2@1h 3@2h 1@13h 2@14h 3@15h|default|86400|1,2,3|1 3|1/1||
test_steps_performed_in_period_but_in_reverse|UTC|2021-05-01|day|3@1h 2@2h 1@3h|default|86400|1,2,3|1 3|1/0||
test_one_person_in_multiple_periods_and_windows|UTC|2021-05-01|day|1@1h 2@2h 3@3h 1@49h 2@50h 1@83h 2@84h 3@85h / 1@90h|default|86400|1,2,3|1 3|1/1 0/0 1/0 2/1||
test_from_second_step|UTC|2021-05-01|day|1@1h 2@26h 3@27h / 1@1h / 2@26h 3@27h / 1@25h 2@26h|default|259200|1,2,3|2 3|1/1 1/0||
test_to_second_step|UTC|2021-05-01|day|1@1h 2@26h 3@27h / 1@1h / 2@26h 3@27h / 1@25h 2@26h|default|259200|1,2,3|1 2|2/1 1/1||
test_one_person_in_multiple_periods_and_windows_in_unordered_funnel|UTC|2021-05-01|day|1@1h 3@2h 2@3h 2@49h 1@50h 3@83h 1@84h 2@85h / 1@90h|any_order|86400|1,2,3|1 3|1/1 0/0 1/0 2/1||
test_one_person_in_multiple_periods_and_windows_in_strict_funnel|UTC|2021-05-01|day|1@1h 2@2h 3@3h 1@49h 2@50h b@181800 3@51h 1@83h 2@84h 3@85h / 1@90h b@325200 2@91h|adjacent|86400|1,2,3|1 3|1/1 0/0 1/0 2/1||
test_funnel_step_breakdown_event, Chrome|UTC|2021-05-01|day|1@0h 2@48h 3@96h / 1@24h 2@48h 3@96h|default|604800|1,2,3|1 3|rates 100 100 0 0 0 0 0 0 0 0 0 0 0||
test_funnel_step_breakdown_event, Safari|UTC|2021-05-01|day|1@48h 2@72h 3@96h|default|604800|1,2,3|1 3|rates 0 0 100 0 0 0 0 0 0 0 0 0 0||
test_funnel_step_breakdown_empty, empty|UTC|2021-05-01|day|1@24h 2@48h 3@96h|default|604800|1,2,3|1 3|rates 0 100 0 0 0 0 0 0 0 0 0 0 0||
test_funnel_step_breakdown_empty, foo|UTC|2021-05-01|day|1@0h 2@48h 3@96h / 1@48h 2@72h 3@96h|default|604800|1,2,3|1 3|rates 100 0 100 0 0 0 0 0 0 0 0 0 0||
test_timezones_trends, UTC|UTC|2021-04-30|day|1@34h 2@35h 3@36h / 1@25h 2@26h 3@27h / 1@25h 2@34h 3@35h|default|604800|1,2,3|1 3|0/0 3/3||
test_timezones_trends, Pacific|America/Los_Angeles|2021-04-30|day|1@34h 2@35h 3@36h / 1@25h 2@26h 3@27h / 1@25h 2@34h 3@35h|default|604800|1,2,3|1 3|2/2 1/1||
test_trend_for_hour_based_conversion_window|UTC|2021-05-01|day|1@10h 2@11h 3@12h / 1@10h 2@11h 3@14h|default|10800|1,2,3|1 3|rates 50 0 0 0 0 0||
test_short_exclusions|UTC|2021-05-01|day|1@0 x@1 2@31 1@3600 2@3629|exclude 3|30|1,2,x|1 2|rates 100 0 0 0 0 0 0 0 0 0 0 0 0||
test_funnel_exclusion_no_end_event|UTC|2021-05-01|day|1@1h 2@2h / 1@3h x@12600 2@4h / 1@5h x@6h / 1@7h x@32h|exclude 3|86400|1,2,x|1 2|rates 50 0 0 0 0 0 0 0 0 0 0 0 0 0|rates 25 0 0 0 0 0 0 0 0 0 0 0 0 0|an excluded row ends a chain; it does not remove the user from step 1
test_funnel_exclusion_multiple_possible_no_end_event1|UTC|2021-05-01|day|1@0 x@1 1@31|exclude 3|10|1,2,x|1 2|1/0||
test_funnel_exclusion_multiple_possible_no_end_event2|UTC|2021-05-01|day|1@0 1@31 x@32|exclude 3|10|1,2,x|1 2|1/0||
test_funnel_exclusion_multiple_possible_no_end_event3|UTC|2021-05-01|day|1@0 1@1 x@2|exclude 3|10|1,2,x|1 2|0/0|1/0|an excluded row ends a chain; it does not remove the user from step 1
test_exclusion_after_goal|UTC|2021-05-01|day|1@0 2@1 3@3 1@4 2@5 x@6 3@7|exclude 4 between 2 and 3|10|1,2,3,x|1 3|1/1||
test_exclusion_multiday_completion_on_first_day|UTC|2021-05-01|day|1@0 2@1 1@86404 x@86405 2@86406|exclude 3|10|1,2,x|1 2|1/1 0/0|1/1 1/0|an excluded row ends a chain; it does not remove the user from step 1
test_exclusion_multiday_completion_on_second_day|UTC|2021-05-01|day|1@0 x@1 2@2 1@86404 2@86406|exclude 3|10|1,2,x|1 2|0/0 1/1|1/0 1/1|an excluded row ends a chain; it does not remove the user from step 1
test_exclusion_multiday_partial_first_day_exclusion_second_day|UTC|2021-05-01|day|1@0 1@86430 x@86431 2@86432|exclude 3|10|1,2,x|1 2|0/0 0/0|1/0 1/0|an excluded row ends a chain; it does not remove the user from step 1
test_exclusion_multiday_partial_first_day_open_exclusion_second_day|UTC|2021-05-01|day|1@0 1@86430 x@86431|exclude 3|10|1,2,x|1 2|1/0 0/0|1/0 1/0|an excluded row ends a chain; it does not remove the user from step 1
test_open_exclusion_multiday|UTC|2021-05-01|day|1@0 2@1 1@86404 2@86405 x@86406|exclude 4 between 2 and 3|10|1,2,3,x|1 3|1/0 0/0|1/0 1/0|an excluded row ends a chain; it does not remove the user from step 1
test_excluded_completion|UTC|2021-05-01|day|1@0 x@11 1@12 x@13 2@14|exclude 3|10|1,2,x|1 2|0/0|1/0|an excluded row ends a chain; it does not remove the user from step 1
test_breakdown_with_attribution, first touch, Chrome|UTC|2021-05-01|day|1C@0 1S@1 2C@14 1C@86400 2S@86401 2C@86414|default|30|~1,~2|1 2|1/1 1/1||
test_breakdown_with_attribution, all events, Chrome|UTC|2021-05-01|day|1C@0 1S@1 2C@14 1C@86400 2S@86401 2C@86414|default|30|1C,2C|1 2|1/1 1/1||
test_breakdown_with_attribution, all events, Safari|UTC|2021-05-01|day|1C@0 1S@1 2C@14 1C@86400 2S@86401 2C@86414|default|30|1S,2S|1 2|1/0 0/0||
test_breakdown_with_attribution, step 1, Chrome|UTC|2021-05-01|day|1C@0 1S@1 2C@14 1C@86400 2S@86401 2C@86414|default|30|1C,~2|1 2|1/1 1/1||
test_breakdown_with_attribution, step 1, Safari|UTC|2021-05-01|day|1C@0 1S@1 2C@14 1C@86400 2S@86401 2C@86414|default|30|1S,~2|1 2|1/1 0/0||
test_breakdown_with_attribution, step 2, Chrome|UTC|2021-05-01|day|1C@0 1S@1 2C@14 1C@86400 2S@86401 2C@86414|default|30|~1,2C|1 2|1/1 1/1||
test_breakdown_with_attribution, step 2, Safari|UTC|2021-05-01|day|1C@0 1S@1 2C@14 1C@86400 2S@86401 2C@86414|default|30|~1,2S|1 2|1/0 1/1||
test_breakdown_with_attribution_2, first touch, Chrome|UTC|2021-05-01|day|1C@0 2C@1 3S@2 1S@86400 2S@86401 3C@86402|default|30|~1,~2,~3|1 3|1/1 1/1||
test_breakdown_with_attribution_2, all events, Chrome|UTC|2021-05-01|day|1C@0 2C@1 3S@2 1S@86400 2S@86401 3C@86402|default|30|1C,2C,3C|1 3|1/0 0/0||
test_breakdown_with_attribution_2, all events, Safari|UTC|2021-05-01|day|1C@0 2C@1 3S@2 1S@86400 2S@86401 3C@86402|default|30|1S,2S,3S|1 3|0/0 1/0||
test_breakdown_with_attribution_2, step 1, Chrome|UTC|2021-05-01|day|1C@0 2C@1 3S@2 1S@86400 2S@86401 3C@86402|default|30|1C,~2,~3|1 3|1/1 0/0||
test_breakdown_with_attribution_2, step 1, Safari|UTC|2021-05-01|day|1C@0 2C@1 3S@2 1S@86400 2S@86401 3C@86402|default|30|1S,~2,~3|1 3|0/0 1/1||
test_breakdown_with_attribution_2, step 3, Chrome|UTC|2021-05-01|day|1C@0 2C@1 3S@2 1S@86400 2S@86401 3C@86402|default|30|~1,~2,3C|1 3|1/0 1/1||
test_breakdown_with_attribution_2, step 3, Safari|UTC|2021-05-01|day|1C@0 2C@1 3S@2 1S@86400 2S@86401 3C@86402|default|30|~1,~2,3S|1 3|1/1 1/0||
test_exclusion_with_property_filter|UTC|2021-05-01|day|1@0 xt@1 2@2 / 1@0 xy@1 2@2 / 1@0 / 1@0 xf@1 2@2|exclude 3 4|10|1,2,xt,xy|1 2|2/1|4/1|an excluded row ends a chain; it does not remove the user from step 1
test_funnel_with_long_interval_no_first_step|UTC|2021-05-01|day|2@24h / 1@48h|default|3122064000|1,2|1 2|0/0 0/0 1/0 0/0 0/0 0/0 0/0||
test_funnel_trends_with_out_of_order_completion|UTC|2021-06-07|day|1@19h 3@20h 2@21h|default|604800|1,2,3|1 2|1/1 0/0||
\.

CREATE TEMP TABLE visit AS
	SELECT no, uid, w[1] AS e, first::timestamp AT TIME ZONE 'UTC'
		+ w[2]::int * CASE w[3] WHEN 'h' THEN interval '1 hour' ELSE interval '1 s' END AS at
	FROM trend, unnest(string_to_array(events, ' / ')) WITH ORDINALITY AS u (path, uid),
		unnest(string_to_array(path, ' ')) AS token,
		regexp_match(token, '^(.*)@(\d+)(h?)$') AS w;

CREATE FUNCTION pg_temp.answer(t trend) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	c text := pg_temp.conditions(t.steps);
	result text;
BEGIN
	EXECUTE format($q$
		WITH day AS (SELECT n, (%L::date + n * %L::interval)::date AS day
				FROM generate_series(0, %s) AS n),
			v AS (SELECT uid, e, at, date_trunc(%L, at AT TIME ZONE %L)::date AS began
				FROM visit WHERE no = %s),
			level AS (%s),
			sum AS (SELECT n, count(level) FILTER (WHERE level >= %s) AS first,
					count(level) FILTER (WHERE level >= %s) AS last
				FROM day LEFT JOIN level USING (day) GROUP BY n)
		SELECT string_agg(%s, ' ' ORDER BY n) FROM sum$q$,
		t.first, '1 ' || t.unit,
		cardinality(string_to_array(replace(t.expected, 'rates ', ''), ' ')) - 1,
		t.unit, t.zone, t.no,
		CASE t.mode WHEN 'any_order' THEN format($q$
			SELECT day, uid, max(level) AS level
			FROM (SELECT a.began AS day, a.uid, a.at, affinity.window_funnel(%s, 'any_order', v.at, %s) AS level
				FROM v a JOIN v USING (uid)
				WHERE v.at BETWEEN a.at AND a.at + %s * interval '1 s'
				GROUP BY a.began, a.uid, a.at) s
			GROUP BY day, uid$q$, t.seconds, replace(c, 'e =', 'v.e ='), t.seconds)
		ELSE format($q$
			SELECT day, uid, affinity.window_funnel(%s, %L, at, began = day AND %s) AS level
			FROM day, v GROUP BY day, uid$q$, t.seconds, t.mode, c) END,
		split_part(t.pair, ' ', 1), split_part(t.pair, ' ', 2),
		CASE WHEN t.expected LIKE 'rates%' THEN $q$coalesce(100 * last / nullif(first, 0), 0)::text$q$
			ELSE $q$first || '/' || last$q$ END) INTO result;
	RETURN CASE WHEN t.expected LIKE 'rates%' THEN 'rates ' ELSE '' END || result;
END
$$;

SELECT is(pg_temp.answer(t), coalesce(ours, expected), 'trends: ' || test)
FROM trend t ORDER BY no;
SELECT is_empty($$
	SELECT * FROM trend WHERE (ours IS NULL) <> (reason IS NULL) OR ours = expected$$,
	'each deviation of trends is one, and has its reason');
SELECT results_eq($$
	SELECT count(*), sum(n), sum(n) FILTER (WHERE ours IS NULL)
	FROM (SELECT *, (SELECT count(*) FROM regexp_matches(expected, '\d+', 'g')) AS n FROM trend) t$$,
	'VALUES (51::bigint, 325::numeric, 285::numeric)', 'trends: tests, results, results of tests that agree');

-- ByConity's finderFunnel (tests/queries/4_cnch_stateless/00743_aggregation_finderfunnel
-- there): the level of all starts, then of those in each of the slots from `start` on.
-- `same` is what the rows of a chain share: the day of a time zone, or the event. (Its
-- properties that only some of the steps share are not replayed.)
CREATE TEMP TABLE slot (
	no int GENERATED ALWAYS AS IDENTITY, test text, events text, seconds bigint, same text,
	start bigint, slot bigint, steps text, expected text);
COPY slot (test, events, seconds, same, start, slot, steps, expected)
FROM stdin (DELIMITER '|', NULL '');
1|1000@86400 1001@86401 1002@86402 1003@86403 1004@86404 1005@86405 1006@86406|86400||86400|86400|1001|1 1
2|1000@86400 1001@86401 1002@86402 1003@86403 1004@86404 1005@86405 1006@86406|86400||86400|86400|1001,1002|2 2
3|1000@86400 1001@86401 1002@86402 1003@86403 1004@86404 1005@86405 1006@86406|86400||86400|86400|1001,1002,1003|3 3
4|1000@86400 1001@86401 1002@86402 1003@86403 1004@86404 1005@86405 1006@86406|86400||86400|86400|1001,1002,1003,1004|4 4
5|1000@86400 1001@86401 1002@86402 1003@86403 1004@86404 1005@86405 1006@86406|1||86400|86400|1001,1002,1003,1004|2 2
6|1000@86400 1001@86401 1002@86402 1003@86403 1004@86404 1005@86405 1006@86406|2||86400|86400|1001,1002,1003,1004|3 3
7|1000@86400 1001@86401 1002@86402 1003@86403 1004@86404 1005@86405 1006@86406|3||86400|86400|1001,1002,1003,1004|4 4
8|1000@86400 1001@86401 1002@86402 1003@86403 1004@86404 1005@86405 1006@86406|86400||86400|86400|1001,1002,1010|2 2
9|1000@86400 1001@86401 1002@86402 1003@86403 1004@86404 1005@86405 1006@86406|86400||86400|86400|1001,1002,1006|3 3
10|1000@86400 1001@86401 1002@86402 1003@86403 1004@86404 1005@86405 1006@86406|86400||0|86400|1001,1002|2 0 2
11|1000@129600 1000@143997 1001@143998 1003@143999 1002@144000 1000@172799 1003@172800 1000@172801 1001@172802 1002@172803 1003@172804 1004@172805 1000@216000 1001@216001 1001@216002 1002@216003|86400||129600|86400|1000,1001,1002|3 3
12|1000@129600 1000@143997 1001@143998 1003@143999 1002@144000 1000@172799 1003@172800 1000@172801 1001@172802 1002@172803 1003@172804 1004@172805 1000@216000 1001@216001 1001@216002 1002@216003|86400|Asia/Shanghai|129600|86400|1000,1001,1002|3 3
13|1000@129600 1000@143997 1001@143998 1003@143999 1002@144000 1000@172799 1003@172800 1000@172801 1001@172802 1002@172803 1003@172804 1004@172805 1000@216000 1001@216001 1001@216002 1002@216003|86400|Etc/GMT|129600|86400|1000,1001,1002|3 3
14|1000@129600 1000@143997 1001@143998 1003@143999 1002@144000 1000@172799 1003@172800 1000@172801 1001@172802 1002@172803 1003@172804 1004@172805 1000@216000 1001@216001 1001@216002 1002@216003|86400||129600|86400|1000,1001,1002,1003,1004|5 5
15|1000@129600 1000@143997 1001@143998 1003@143999 1002@144000 1000@172799 1003@172800 1000@172801 1001@172802 1002@172803 1003@172804 1004@172805 1000@216000 1001@216001 1001@216002 1002@216003|86400|Asia/Shanghai|129600|86400|1000,1001,1002,1003,1004|5 5
16|1000@129600 1000@143997 1001@143998 1003@143999 1002@144000 1000@172799 1003@172800 1000@172801 1001@172802 1002@172803 1003@172804 1004@172805 1000@216000 1001@216001 1001@216002 1002@216003|86400|Etc/GMT|129600|86400|1000,1001,1002,1003,1004|5 5
17|1000@129600 1000@143997 1001@143998 1003@143999 1002@144000 1000@172799 1003@172800 1000@172801 1001@172802 1002@172803 1003@172804 1004@172805 1000@216000 1001@216001 1001@216002 1002@216003|86400||129600|86400|1000,1001,1002|3 3 3
18|1000@129600 1000@143997 1001@143998 1003@143999 1002@144000 1000@172799 1003@172800 1000@172801 1001@172802 1002@172803 1003@172804 1004@172805 1000@216000 1001@216001 1001@216002 1002@216003|86400|Asia/Shanghai|129600|86400|1000,1001,1002|3 3 3
19|1000@129600 1000@143997 1001@143998 1003@143999 1002@144000 1000@172799 1003@172800 1000@172801 1001@172802 1002@172803 1003@172804 1004@172805 1000@216000 1001@216001 1001@216002 1002@216003|86400|Etc/GMT|129600|86400|1000,1001,1002|3 3 3
20|1000@129600 1000@143997 1001@143998 1003@143999 1002@144000 1000@172799 1003@172800 1000@172801 1001@172802 1002@172803 1003@172804 1004@172805 1000@216000 1001@216001 1001@216002 1002@216003|86400||129600|86400|1000,1001,1002|3 3 3
21|1000@129600 1000@143997 1001@143998 1003@143999 1002@144000 1000@172799 1003@172800 1000@172801 1001@172802 1002@172803 1003@172804 1004@172805 1000@216000 1001@216001 1001@216002 1002@216003|86400|Asia/Shanghai|57600|86400|1000,1001,1002|3 2 3
22|1000@129600 1000@143997 1001@143998 1003@143999 1002@144000 1000@172799 1003@172800 1000@172801 1001@172802 1002@172803 1003@172804 1004@172805 1000@216000 1001@216001 1001@216002 1002@216003|86400|Etc/GMT|86400|86400|1000,1001,1002|3 3 3
28, no property|1001@86400 1002@86401 1001@86402 1003@86403 1001@86404 1001@86405 1002@86406 1003@86407 1004@86408 1003@86410 1001@86413|5||86400|1|1001,1002,1003,1004|4 3 0 3 0 4 4 0 0 0 0 0 0 0 1
page visits|v@1668124410 v@1668180062 v@1667836997 v@1667775685 v@1667836540 v@1667775822|600||1667750400|86400|v,c,v|1 1 1 0 0 1 0 0
same property|r1@1671521325 r2@1671521347 r3@1671522622 r3@1671522625|86400|e|1671408000|86400|~r,~r|2 0 2 0
same property, 10 minutes|r1@1671521325 r2@1671521347 r3@1671522622 r3@1671522625|600|e|1671408000|86400|~r,~r|2 0 2 0
\.

CREATE FUNCTION pg_temp.answer(s slot) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	levels int[];
BEGIN
	EXECUTE format($q$
		SELECT array_agg(level ORDER BY n)
		FROM (SELECT n, affinity.window_funnel(%s, %L, at, at >= begins AND at < begins + %s AND %s) AS level
			FROM (SELECT split_part(token, '@', 1) AS e, split_part(token, '@', 2)::bigint AS at
				FROM unnest(string_to_array(%L, ' ')) AS token) v,
				generate_series(0, %s) AS n, LATERAL (SELECT %s + n * %s) AS b (begins)
			GROUP BY n) l$q$,
		s.seconds, CASE WHEN s.same IS NULL THEN 'default' ELSE 'hold_last' END, s.slot,
		pg_temp.conditions(s.steps) || CASE WHEN s.same = 'e' THEN ', e'
			WHEN s.same IS NULL THEN ''
			ELSE format(', (to_timestamp(at) AT TIME ZONE %L)::date', s.same) END,
		s.events, cardinality(string_to_array(s.expected, ' ')) - 2, s.start, s.slot)
	INTO levels;
	RETURN (SELECT max(l) FROM unnest(levels) AS l) || ' ' || array_to_string(levels, ' ');
END
$$;

SELECT is(pg_temp.answer(s), expected, 'byconity, finderFunnel: ' || test)
FROM slot s ORDER BY no;
SELECT is((SELECT sum(cardinality(string_to_array(expected, ' '))) FROM slot), 82::bigint,
	'byconity: all results are there');

SELECT finish();
ROLLBACK;
