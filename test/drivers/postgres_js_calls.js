// postgres.js asks the server for the types of parameters where the value does not tell.
const postgres = require('postgres');

const sql = postgres({ max: 1 });

async function ask(call, how, query) {
  let answer;
  try {
    answer = (await query.values()).map((row) => row.join(' ')).join(', ');
  } catch (error) {
    answer = `error ${error.code}`;
  }
  console.log([call, how, answer].join('\t'));
}

async function recommended(userId) {
  return sql`SELECT item_id, rank, personalized FROM shop.recommend(${userId}, ${3})`;
}

async function main() {
  const uuid = '00000000-0000-0000-0000-000000000007';

  await ask('recommend', 'number', sql`SELECT jsonb_agg(r)::text FROM small.recommend(${7}, ${3}) r`);
  await ask('recommend', 'BigInt', sql`SELECT jsonb_agg(r)::text FROM small.recommend(${7n}, ${3n}) r`);
  await ask('recommend', 'text', sql`SELECT jsonb_agg(r)::text FROM small.recommend(${'7'}, ${'3'}) r`);
  await ask('recommend: an id that smallint does not hold', 'number',
    sql`SELECT jsonb_agg(r)::text FROM small.recommend(${4000000000}, ${3}) r`);
  await ask('recommend: no user', 'null', sql`SELECT jsonb_agg(r)::text FROM small.recommend(${null}, ${3}) r`);
  await ask('recommend: text items, exclude', 'array', sql`SELECT jsonb_agg(r)::text
    FROM shop.recommend(${7}, ${3}, exclude => ${['product 01', 'product 12']}) r`);
  await ask('recommend: candidates', 'arrays', sql`SELECT jsonb_agg(r)::text
    FROM small.recommend(${7}, ${3}, candidates => ${[1, 2, 3, 11, 12, 70000]}, exclude => ${[2]}) r`);
  await ask('recommend: candidates', 'BigInts, sql.array', sql`SELECT jsonb_agg(r)::text FROM small.recommend(${7n}, ${3n},
    candidates => ${sql.array([1n, 2n, 3n, 11n, 12n, 70000n])}, exclude => ${sql.array([2n])}) r`);
  await ask('recommend: candidates, none', 'empty array',
    sql`SELECT count(*) FROM small.recommend(${7}, ${3}, candidates => ${[]})`);
  await ask('recommend: candidates, NULL', 'null',
    sql`SELECT count(*) FROM small.recommend(${7}, ${3}, candidates => ${null})`);
  await ask('recommend: candidates, all', 'marker, as text', sql`SELECT jsonb_agg(r)::text
    FROM small.recommend(${7}, ${3}, candidates => ${'[0:0]={NULL}'}::text::bigint[]) r`);
  await ask('recommend: a uuid', 'text', sql`SELECT jsonb_agg(r)::text FROM guid.recommend(${uuid}, ${3}) r`);
  const found = await recommended(7);
  console.log(['recommend: rows', 'objects', found.map((row) =>
    `${row.item_id} ${row.rank} ${String(row.personalized)[0]}`).join(', ')].join('\t'));

  await ask('recommend_for', 'array', sql`SELECT jsonb_agg(r)::text FROM small.recommend_for(${[1, 2]}, ${3}) r`);
  await ask('recommend_all', 'number', sql`SELECT count(*) FROM small.recommend_all(${2})`);
  await ask('score', 'array', sql`SELECT jsonb_agg(r)::text FROM small.score(${7}, ${[3, 1, 2]}) r`);
  await ask('explain', 'number', sql`SELECT jsonb_agg(r)::text FROM small.explain(${7}, ${3}, ${2}) r`);
  await ask('similar_items', 'text', sql`SELECT jsonb_agg(r)::text FROM shop.similar_items(${'product 01'}, ${3}) r`);
  await ask('similar_users', 'number', sql`SELECT jsonb_agg(r)::text FROM small.similar_users(${7}, ${3}) r`);
  await ask('audience', 'number', sql`SELECT jsonb_agg(r)::text FROM small.audience(${3}, ${3}) r`);

  await ask('cosine: no type', 'arrays', sql`SELECT affinity.cosine(${[1, 2.5, 3]}, ${[3, 2, 1]})::text`);
  await ask('cosine', 'arrays, one cast',
    sql`SELECT affinity.cosine(${[1, 2.5, 3]}::float8[], ${[3, 2, 1]})::text`);
  await ask('cosine: a column', 'array', sql`SELECT
    jsonb_agg(round(affinity.cosine(v, ${[1, 2.5, 3]})::numeric, 6) ORDER BY id)::text FROM vectors`);
  await ask('jaccard', 'arrays, one cast', sql`SELECT
    affinity.jaccard(${['red', 'blue', 'dark green']}::text[], ${['red', 'dark green']})::text`);

  const [{ activity }] = await sql`SELECT activity FROM states`;
  await ask('users', 'text', sql`SELECT affinity.users(${activity})::text`);
  await ask('retention: no type', 'text', sql`SELECT jsonb_agg(r)::text
    FROM affinity.retention(${activity}) r`);
  await ask('retention', 'text, one name', sql`SELECT jsonb_agg(r)::text
    FROM affinity.retention(${activity}, max_period => ${2}) r`);
  await ask('retention: as_of', 'Date', sql`SELECT jsonb_agg(r)::text FROM states,
    affinity.retention(activity, as_of => ${new Date('2024-03-15T12:00:00+02:00')}, max_period => ${1}) r`);
  await ask('retention: brackets', 'array', sql`SELECT jsonb_agg(r)::text FROM states,
    affinity.retention_curve(activity, criterion => ${'bracket'}, brackets => ${[1, 2]}) r`);
  await ask('retention: cohorts_from', 'text', sql`SELECT jsonb_agg(r)::text FROM states,
    affinity.retention(activity, cohorts_from => ${'2024-03-01 00:00'}::text::timestamp, max_period => ${1}) r`);
  await ask('frequency', 'number', sql`SELECT jsonb_agg(r)::text FROM states,
    affinity.frequency(activity, last_periods => ${3}) r`);

  const times = [new Date('2024-02-29T23:30:00Z'), new Date('2024-03-01T08:30:00+09:00')];
  await ask('activity_agg: times of two zones', 'Dates, sql.array', sql`SELECT to_jsonb(d)::text FROM affinity.describe(
    (SELECT affinity.activity_agg(${7}::bigint, at, ${'day'}, ${'Europe/Paris'})
    FROM unnest(${sql.array(times)}::timestamptz[]) at)) d`);
  await ask('activity_agg: local times', 'text', sql`SELECT to_jsonb(d)::text FROM affinity.describe(
    (SELECT affinity.activity_agg(${7}::bigint, at::timestamp, ${'day'})
    FROM unnest(${['2024-02-29 23:30', '2024-03-01 08:30']}::text[]) at)) d`);
  await ask('window_funnel', 'text', sql`SELECT affinity.window_funnel(${'2 days'}, ${'default'}, at,
    product = ${'product 01'}, product = ${'product 02'})::text FROM purchases`);
  await ask('path_after', 'array, cast', sql`SELECT
    affinity.path_after(${['a', 'b', 'c', 'd']}::text[], ${'b'}, ${1})::text`);
  await sql.end();
}

main();
