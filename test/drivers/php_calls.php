<?php
// pg_query_params sends every argument as text without a type, and so does PDO.
$connection = pg_connect('');
$pdo = new PDO(sprintf('pgsql:host=%s;port=%s;dbname=%s', getenv('PGHOST'), getenv('PGPORT'), getenv('PGDATABASE')),
    getenv('PGUSER'), getenv('PGPASSWORD') ?: null);

function say(string $call, string $how, string $answer): void
{
    echo "$call\t$how\t$answer\n";
}

function ask(string $call, string $how, string $sql, ...$args): void
{
    global $connection;
    pg_send_query_params($connection, $sql, $args);
    $result = pg_get_result($connection);
    $error = pg_result_error_field($result, PGSQL_DIAG_SQLSTATE);
    say($call, $how, $error ? "error $error" : implode(', ', array_map(fn ($row) => implode(' ', $row),
        pg_fetch_all($result, PGSQL_NUM))));
    pg_get_result($connection);
}

function ask_pdo(string $call, string $how, string $sql, ...$args): void
{
    global $pdo;
    try {
        $statement = $pdo->prepare($sql);
        $statement->execute($args);
        say($call, $how, implode(', ', array_map(fn ($row) => implode(' ', $row), $statement->fetchAll(PDO::FETCH_NUM))));
    } catch (PDOException $error) {
        say($call, $how, 'error ' . $error->getCode());
    }
}

// PHP arrays become text: quote what is not a number.
function to_array(array $values): string
{
    return '{' . implode(',', array_map(
        fn ($value) => is_string($value) ? '"' . addcslashes($value, '"\\') . '"' : $value, $values)) . '}';
}

function recommended(PDO $pdo, int $userId): array
{
    $statement = $pdo->prepare('SELECT item_id, rank, personalized FROM shop.recommend(?, ?)');
    $statement->execute([$userId, 3]);
    return $statement->fetchAll(PDO::FETCH_ASSOC);
}

$rows = 'SELECT jsonb_agg(r)::text FROM';
$uuid = '00000000-0000-0000-0000-000000000007';
ask('recommend', 'int', "$rows small.recommend(\$1, \$2) r", 7, 3);
ask_pdo('recommend', 'int, PDO', "$rows small.recommend(?, ?) r", 7, 3);
ask_pdo('recommend', 'text, PDO', "$rows small.recommend(:user, :k) r", '7', '3');
ask('recommend: an id that smallint does not hold', 'int', "$rows small.recommend(\$1, \$2) r", 4000000000, 3);
ask('recommend: no user', 'null', "$rows small.recommend(\$1, \$2) r", null, 3);
ask('recommend: text items, exclude', 'array', "$rows shop.recommend(\$1, \$2, exclude => \$3) r", 7, 3,
    to_array(['product 01', 'product 12']));
$candidates = "$rows small.recommend(\$1, \$2, candidates => \$3, exclude => \$4) r";
ask('recommend: candidates', 'arrays', $candidates, 7, 3, to_array([1, 2, 3, 11, 12, 70000]), to_array([2]));
$count = 'SELECT count(*) FROM small.recommend($1, $2, candidates => $3)';
ask('recommend: candidates, none', 'empty array', $count, 7, 3, to_array([]));
ask('recommend: candidates, NULL', 'null', $count, 7, 3, null);
ask('recommend: candidates, all', 'marker', $candidates, 7, 3, '[0:0]={NULL}', null);
ask('recommend: a uuid', 'text', "$rows guid.recommend(\$1, \$2) r", $uuid, 3);
say('recommend: rows', 'arrays, PDO', implode(', ', array_map(
    fn ($row) => "{$row['item_id']} {$row['rank']} " . ($row['personalized'] ? 't' : 'f'), recommended($pdo, 7))));

ask('recommend_for', 'array', "$rows small.recommend_for(\$1, \$2) r", to_array([1, 2]), 3);
ask('recommend_all', 'int', 'SELECT count(*) FROM small.recommend_all($1)', 2);
ask('score', 'array', "$rows small.score(\$1, \$2) r", 7, to_array([3, 1, 2]));
ask('explain', 'int', "$rows small.explain(\$1, \$2, \$3) r", 7, 3, 2);
ask('similar_items', 'text', "$rows shop.similar_items(\$1, \$2) r", 'product 01', 3);
ask('similar_users', 'int', "$rows small.similar_users(\$1, \$2) r", 7, 3);
ask('audience', 'int', "$rows small.audience(\$1, \$2) r", 3, 3);

$three = to_array([1, 2.5, 3]);
ask('cosine: no type', 'arrays', 'SELECT affinity.cosine($1, $2)', $three, to_array([3, 2, 1]));
ask('cosine', 'arrays, one cast', 'SELECT affinity.cosine($1::float8[], $2)', $three, to_array([3, 2, 1]));
ask('cosine: a column', 'array',
    'SELECT jsonb_agg(round(affinity.cosine(v, $1)::numeric, 6) ORDER BY id) FROM vectors', $three);
ask('jaccard', 'arrays, one cast', 'SELECT affinity.jaccard($1::text[], $2)',
    to_array(['red', 'blue', 'dark green']), to_array(['red', 'dark green']));

$state = pg_fetch_result(pg_query($connection, 'SELECT activity FROM states'), 0, 0);
ask('users', 'text', 'SELECT affinity.users($1)', $state);
ask('retention: no type', 'text', "$rows affinity.retention(\$1) r", $state);
ask('retention', 'text, one name', "$rows affinity.retention(\$1, max_period => \$2) r", $state, 2);
ask('retention: as_of', 'text', "$rows states, affinity.retention(activity, as_of => \$1, max_period => \$2) r",
    (new DateTimeImmutable('2024-03-15 12:00', new DateTimeZone('+02:00')))->format(DATE_ATOM), 1);
ask('retention: brackets', 'array',
    "$rows states, affinity.retention_curve(activity, criterion => \$1, brackets => \$2) r", 'bracket', to_array([1, 2]));
ask('retention: cohorts_from', 'text',
    "$rows states, affinity.retention(activity, cohorts_from => \$1, max_period => \$2) r", '2024-03-01', 1);
ask('frequency', 'int', "$rows states, affinity.frequency(activity, last_periods => \$1) r", 3);

$describe = 'SELECT to_jsonb(d) FROM affinity.describe((SELECT affinity.activity_agg($1::bigint, at, $2%s)
    FROM unnest($3::%s[]) at)) d';
ask('activity_agg: times of two zones', 'text', sprintf($describe, ', $4', 'timestamptz'), 7, 'day',
    to_array(['2024-02-29T23:30:00Z', '2024-03-01T08:30:00+09:00']), 'Europe/Paris');
ask('activity_agg: local times', 'text', sprintf($describe, '', 'timestamp'), 7, 'day',
    to_array(['2024-02-29 23:30', '2024-03-01 08:30']));
ask('window_funnel', 'text', 'SELECT affinity.window_funnel($1, $2, at, product = $3, product = $4) FROM purchases',
    '2 days', 'default', 'product 01', 'product 02');
ask('path_after', 'array', 'SELECT affinity.path_after($1, $2, $3)', to_array(['a', 'b', 'c', 'd']), 'b', 1);
