-- forecast says where a series is predicted by less than was asked for: once of each kind in a query.
CREATE TABLE short AS SELECT months, affinity.series_agg((date '2020-01-01' + i * interval '1 month')::date, 10 + i % 5 - 12 * (months % 2), 'month') AS s
FROM unnest('{3, 20, 23, 40}'::int[]) months, generate_series(1, months) i GROUP BY months;

SELECT months, count(value) FROM short, affinity.forecast(s, 2, 'ets') WHERE months IN (20, 23) GROUP BY months ORDER BY months;
SELECT count(value) FROM short, affinity.forecast(s, 2, 'MAM') WHERE months = 40;
SELECT count(value) FROM short, affinity.forecast(s, 2, 'MNN') WHERE months = 23;
SELECT count(value) FROM short, affinity.forecast(s, 2, 'theta', 1) WHERE months = 3;
SELECT count(value) FROM short, affinity.forecast(s, 2, 'seasonal_naive') WHERE months = 20;

DROP TABLE short;
