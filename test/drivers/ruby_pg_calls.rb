#!/usr/bin/ruby
# pg sends every argument as text without a type.
require 'pg'

CONNECTION = PG.connect

def ask(call, how, sql, *args)
  answer = CONNECTION.exec_params(sql, args).values.map { |row| row.join(' ') }.join(', ')
rescue PG::Error => e
  answer = "error #{e.result.error_field(PG::Result::PG_DIAG_SQLSTATE)}"
ensure
  puts [call, how, answer].join("\t")
end

# Ruby arrays become text by an encoder.
ARRAY = PG::TextEncoder::Array.new

def recommended(user_id)
  CONNECTION.exec_params('SELECT item_id, rank, personalized FROM shop.recommend($1, $2)', [user_id, 3])
end

rows = 'SELECT jsonb_agg(r)::text FROM'
uuid = '00000000-0000-0000-0000-000000000007'
ask('recommend', 'Integer', "#{rows} small.recommend($1, $2) r", 7, 3)
ask('recommend', 'text', "#{rows} small.recommend($1, $2) r", '7', '3')
ask('recommend: an id that smallint does not hold', 'Integer', "#{rows} small.recommend($1, $2) r", 4_000_000_000, 3)
ask('recommend: no user', 'nil', "#{rows} small.recommend($1, $2) r", nil, 3)
ask('recommend: text items, exclude', 'array', "#{rows} shop.recommend($1, $2, exclude => $3) r", 7, 3,
    ARRAY.encode(['product 01', 'product 12']))
candidates = "#{rows} small.recommend($1, $2, candidates => $3, exclude => $4) r"
ask('recommend: candidates', 'arrays', candidates, 7, 3, ARRAY.encode([1, 2, 3, 11, 12, 70_000]), ARRAY.encode([2]))
count = 'SELECT count(*) FROM small.recommend($1, $2, candidates => $3)'
ask('recommend: candidates, none', 'empty array', count, 7, 3, ARRAY.encode([]))
ask('recommend: candidates, NULL', 'nil', count, 7, 3, nil)
ask('recommend: candidates, all', 'marker', candidates, 7, 3, '[0:0]={NULL}', nil)
ask('recommend: a uuid', 'text', "#{rows} guid.recommend($1, $2) r", uuid, 3)
puts ['recommend: rows', 'hashes', recommended(7).map { |row|
  row.values_at('item_id', 'rank', 'personalized').join(' ')
}.join(', ')].join("\t")

ask('recommend_for', 'array', "#{rows} small.recommend_for($1, $2) r", ARRAY.encode([1, 2]), 3)
ask('recommend_all', 'Integer', 'SELECT count(*) FROM small.recommend_all($1)', 2)
ask('score', 'array', "#{rows} small.score($1, $2) r", 7, ARRAY.encode([3, 1, 2]))
ask('explain', 'Integer', "#{rows} small.explain($1, $2, $3) r", 7, 3, 2)
ask('similar_items', 'text', "#{rows} shop.similar_items($1, $2) r", 'product 01', 3)
ask('similar_users', 'Integer', "#{rows} small.similar_users($1, $2) r", 7, 3)
ask('audience', 'Integer', "#{rows} small.audience($1, $2) r", 3, 3)

three = ARRAY.encode([1, 2.5, 3])
ask('cosine: no type', 'arrays', 'SELECT affinity.cosine($1, $2)', three, ARRAY.encode([3, 2, 1]))
ask('cosine', 'arrays, one cast', 'SELECT affinity.cosine($1::float8[], $2)', three, ARRAY.encode([3, 2, 1]))
ask('cosine: a column', 'array',
    'SELECT jsonb_agg(round(affinity.cosine(v, $1)::numeric, 6) ORDER BY id) FROM vectors', three)
ask('jaccard', 'arrays, one cast', 'SELECT affinity.jaccard($1::text[], $2)',
    ARRAY.encode(['red', 'blue', 'dark green']), ARRAY.encode(['red', 'dark green']))

state = CONNECTION.exec('SELECT activity FROM states').getvalue(0, 0)
ask('users', 'text', 'SELECT affinity.users($1)', state)
ask('retention: no type', 'text', "#{rows} affinity.retention($1) r", state)
ask('retention', 'text, one name', "#{rows} affinity.retention($1, max_period => $2) r", state, 2)
ask('retention: as_of', 'Time', "#{rows} states, affinity.retention(activity, as_of => $1, max_period => $2) r",
    Time.new(2024, 3, 15, 12, 0, 0, '+02:00'), 1)
ask('retention: brackets', 'array',
    "#{rows} states, affinity.retention_curve(activity, criterion => $1, brackets => $2) r", 'bracket', ARRAY.encode([1, 2]))
ask('retention: cohorts_from', 'text',
    "#{rows} states, affinity.retention(activity, cohorts_from => $1, max_period => $2) r", '2024-03-01', 1)
ask('frequency', 'Integer', "#{rows} states, affinity.frequency(activity, last_periods => $1) r", 3)

describe = 'SELECT to_jsonb(d) FROM affinity.describe((SELECT affinity.activity_agg($1::bigint, at, $2%s)
    FROM unnest($3::%s[]) at)) d'
ask('activity_agg: times of two zones', 'Times', format(describe, ', $4', 'timestamptz'), 7, 'day',
    ARRAY.encode([Time.utc(2024, 2, 29, 23, 30), Time.new(2024, 3, 1, 8, 30, 0, '+09:00')]), 'Europe/Paris')
ask('activity_agg: local times', 'text', format(describe, '', 'timestamp'), 7, 'day',
    ARRAY.encode(['2024-02-29 23:30', '2024-03-01 08:30']))
ask('window_funnel', 'text', 'SELECT affinity.window_funnel($1, $2, at, product = $3, product = $4) FROM purchases',
    '2 days', 'default', 'product 01', 'product 02')
ask('path_after', 'array', 'SELECT affinity.path_after($1, $2, $3)', ARRAY.encode(%w[a b c d]), 'b', 1)
