// node-postgres sends every argument as text without a type.
const { Client } = require('pg');

const client = new Client();

async function ask(call, how, sql, ...args) {
  let answer;
  try {
    const result = await client.query({ text: sql, values: args, rowMode: 'array' });
    answer = result.rows.map((row) => row.join(' ')).join(', ');
  } catch (error) {
    answer = `error ${error.code}`;
  }
  console.log([call, how, answer].join('\t'));
}

async function recommended(userId) {
  const { rows } = await client.query(
    'SELECT item_id, rank, personalized FROM shop.recommend($1, $2)', [userId, 3]);
  return rows;
}

async function main() {
  const rows = 'SELECT jsonb_agg(r)::text FROM ';
  const uuid = '00000000-0000-0000-0000-000000000007';

  await client.connect();
  await ask('recommend', 'number', `${rows}small.recommend($1, $2) r`, 7, 3);
  await ask('recommend', 'BigInt', `${rows}small.recommend($1, $2) r`, 7n, 3n);
  await ask('recommend', 'text', `${rows}small.recommend($1, $2) r`, '7', '3');
  await ask('recommend: an id that smallint does not hold', 'number', `${rows}small.recommend($1, $2) r`, 4000000000, 3);
  await ask('recommend: no user', 'null', `${rows}small.recommend($1, $2) r`, null, 3);
  await ask('recommend: text items, exclude', 'array', `${rows}shop.recommend($1, $2, exclude => $3) r`,
    7, 3, ['product 01', 'product 12']);
  await ask('recommend: candidates', 'arrays', `${rows}small.recommend($1, $2, candidates => $3, exclude => $4) r`,
    7, 3, [1, 2, 3, 11, 12, 70000], [2]);
  const count = 'SELECT count(*) FROM small.recommend($1, $2, candidates => $3)';
  await ask('recommend: candidates, none', 'empty array', count, 7, 3, []);
  await ask('recommend: candidates, NULL', 'null', count, 7, 3, null);
  await ask('recommend: candidates, all', 'marker', `${rows}small.recommend($1, $2, candidates => $3) r`,
    7, 3, '[0:0]={NULL}');
  await ask('recommend: a uuid', 'text', `${rows}guid.recommend($1, $2) r`, uuid, 3);
  const found = await recommended(7);
  console.log(['recommend: rows', 'objects', found.map((row) =>
    `${row.item_id} ${row.rank} ${String(row.personalized)[0]}`).join(', ')].join('\t'));

  await ask('recommend_for', 'array', `${rows}small.recommend_for($1, $2) r`, [1, 2], 3);
  await ask('recommend_all', 'number', 'SELECT count(*) FROM small.recommend_all($1)', 2);
  await ask('score', 'array', `${rows}small.score($1, $2) r`, 7, [3, 1, 2]);
  await ask('explain', 'number', `${rows}small.explain($1, $2, $3) r`, 7, 3, 2);
  await ask('similar_items', 'text', `${rows}shop.similar_items($1, $2) r`, 'product 01', 3);
  await ask('similar_users', 'number', `${rows}small.similar_users($1, $2) r`, 7, 3);
  await ask('audience', 'number', `${rows}small.audience($1, $2) r`, 3, 3);

  await ask('cosine: no type', 'arrays', 'SELECT affinity.cosine($1, $2)::text', [1, 2.5, 3], [3, 2, 1]);
  await ask('cosine', 'arrays, one cast', 'SELECT affinity.cosine($1::float8[], $2)::text', [1, 2.5, 3], [3, 2, 1]);
  await ask('cosine: a column', 'array',
    'SELECT jsonb_agg(round(affinity.cosine(v, $1)::numeric, 6) ORDER BY id)::text FROM vectors', [1, 2.5, 3]);
  await ask('jaccard', 'arrays, one cast', 'SELECT affinity.jaccard($1::text[], $2)::text',
    ['red', 'blue', 'dark green'], ['red', 'dark green']);

  const state = (await client.query('SELECT activity FROM states')).rows[0].activity;
  await ask('users', 'text', 'SELECT affinity.users($1)::text', state);
  await ask('retention: no type', 'text', `${rows}affinity.retention($1) r`, state);
  await ask('retention', 'text, one name', `${rows}affinity.retention($1, max_period => $2) r`, state, 2);
  await ask('retention: as_of', 'Date', `${rows}states, affinity.retention(activity, as_of => $1, max_period => $2) r`,
    new Date('2024-03-15T12:00:00+02:00'), 1);
  await ask('retention: brackets', 'array',
    `${rows}states, affinity.retention_curve(activity, criterion => $1, brackets => $2) r`, 'bracket', [1, 2]);
  await ask('retention: cohorts_from', 'text',
    `${rows}states, affinity.retention(activity, cohorts_from => $1, max_period => $2) r`, '2024-03-01 00:00', 1);
  await ask('frequency', 'number', `${rows}states, affinity.frequency(activity, last_periods => $1) r`, 3);

  await ask('activity_agg: times of two zones', 'Dates', `SELECT to_jsonb(d)::text FROM affinity.describe(
    (SELECT affinity.activity_agg($1::bigint, at, $2, $3) FROM unnest($4::timestamptz[]) at)) d`,
    7, 'day', 'Europe/Paris', [new Date('2024-02-29T23:30:00Z'), new Date('2024-03-01T08:30:00+09:00')]);
  await ask('activity_agg: local times', 'text', `SELECT to_jsonb(d)::text FROM affinity.describe(
    (SELECT affinity.activity_agg($1::bigint, at, $2) FROM unnest($3::timestamp[]) at)) d`,
    7, 'day', ['2024-02-29 23:30', '2024-03-01 08:30']);
  await ask('window_funnel', 'text',
    'SELECT affinity.window_funnel($1, $2, at, product = $3, product = $4)::text FROM purchases',
    '2 days', 'default', 'product 01', 'product 02');
  await ask('path_after', 'array', 'SELECT affinity.path_after($1, $2, $3)::text', ['a', 'b', 'c', 'd'], 'b', 1);
  await client.end();
}

main();
