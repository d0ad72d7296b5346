#!/usr/bin/python3
"""asyncpg asks the server for the types of parameters; values must be of those."""
import asyncio
import datetime
import uuid

import asyncpg


async def recommended(connection, user_id):
    return await connection.fetch(
        "SELECT item_id, rank, personalized FROM shop.recommend($1, $2)", user_id, 3)


async def main():
    connection = await asyncpg.connect()

    async def ask(call, how, sql, *args):
        try:
            answer = ", ".join(" ".join(map(str, row.values())) for row in await connection.fetch(sql, *args))
        except asyncpg.PostgresError as error:
            answer = "error " + error.sqlstate
        print(call, how, answer, sep="\t")

    rows = "SELECT jsonb_agg(r)::text FROM "
    await ask("recommend", "int", rows + "small.recommend($1, $2) r", 7, 3)
    await ask("recommend: an id that smallint does not hold", "int", rows + "small.recommend($1, $2) r", 4000000000, 3)
    await ask("recommend: no user", "None", rows + "small.recommend($1, $2) r", None, 3)
    await ask("recommend: text items, exclude", "list", rows + "shop.recommend($1, $2, exclude => $3) r",
              7, 3, ["product 01", "product 12"])
    await ask("recommend: candidates", "lists", rows + "small.recommend($1, $2, candidates => $3, exclude => $4) r",
              7, 3, [1, 2, 3, 11, 12, 70000], [2])
    count = "SELECT count(*) FROM small.recommend($1, $2, candidates => $3)"
    await ask("recommend: candidates, none", "empty list", count, 7, 3, [])
    await ask("recommend: candidates, NULL", "None", count, 7, 3, None)
    await ask("recommend: candidates, all", "marker, as text",
              rows + "small.recommend($1, $2, candidates => $3::text::bigint[]) r", 7, 3, "[0:0]={NULL}")
    await ask("recommend: a uuid", "UUID", rows + "guid.recommend($1, $2) r", uuid.UUID(int=7), 3)
    await ask("recommend: a uuid", "text", rows + "guid.recommend($1, $2) r", str(uuid.UUID(int=7)), 3)
    answer = ", ".join(f"{row['item_id']} {row['rank']} {str(row['personalized'])[0].lower()}"
                       for row in await recommended(connection, 7))
    print("recommend: rows", "records", answer, sep="\t")

    await ask("recommend_for", "list", rows + "small.recommend_for($1, $2) r", [1, 2], 3)
    await ask("recommend_all", "int", "SELECT count(*) FROM small.recommend_all($1)", 2)
    await ask("score", "list", rows + "small.score($1, $2) r", 7, [3, 1, 2])
    await ask("explain", "int", rows + "small.explain($1, $2, $3) r", 7, 3, 2)
    await ask("similar_items", "text", rows + "shop.similar_items($1, $2) r", "product 01", 3)
    await ask("similar_users", "int", rows + "small.similar_users($1, $2) r", 7, 3)
    await ask("audience", "int", rows + "small.audience($1, $2) r", 3, 3)

    await ask("cosine: no type", "lists", "SELECT affinity.cosine($1, $2)::text", [1.0, 2.5, 3.0], [3.0, 2.0, 1.0])
    await ask("cosine", "lists, one cast", "SELECT affinity.cosine($1::float8[], $2)::text",
              [1.0, 2.5, 3.0], [3.0, 2.0, 1.0])
    await ask("cosine: a column", "list",
              "SELECT jsonb_agg(round(affinity.cosine(v, $1)::numeric, 6) ORDER BY id)::text FROM vectors",
              [1.0, 2.5, 3.0])
    await ask("jaccard", "lists, one cast", "SELECT affinity.jaccard($1::text[], $2)::text",
              ["red", "blue", "dark green"], ["red", "dark green"])

    state = await connection.fetchval("SELECT activity FROM states")
    await ask("users", "value", "SELECT affinity.users($1)::text", state)
    await ask("retention: no type", "value", rows + "affinity.retention($1) r", state)
    await ask("retention", "value, one name", rows + "affinity.retention($1, max_period => $2) r", state, 2)
    noon = datetime.datetime(2024, 3, 15, 12, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
    await ask("retention: as_of", "datetime",
              rows + "states, affinity.retention(activity, as_of => $1::timestamptz, max_period => $2) r", noon, 1)
    await ask("retention: brackets", "list",
              rows + "states, affinity.retention_curve(activity, criterion => $1, brackets => $2) r", "bracket", [1, 2])
    await ask("retention: cohorts_from", "naive datetime",
              rows + "states, affinity.retention(activity, cohorts_from => $1::timestamp, max_period => $2) r",
              datetime.datetime(2024, 3, 1), 1)
    await ask("frequency", "int", rows + "states, affinity.frequency(activity, last_periods => $1) r", 3)

    utc = datetime.timezone.utc
    tokyo = datetime.timezone(datetime.timedelta(hours=9))
    await ask("activity_agg: times of two zones", "datetimes", """SELECT to_jsonb(d)::text FROM affinity.describe(
              (SELECT affinity.activity_agg($1::bigint, at, $2, $3) FROM unnest($4::timestamptz[]) at)) d""",
              7, "day", "Europe/Paris",
              [datetime.datetime(2024, 2, 29, 23, 30, tzinfo=utc), datetime.datetime(2024, 3, 1, 8, 30, tzinfo=tokyo)])
    await ask("activity_agg: local times", "naive datetimes", """SELECT to_jsonb(d)::text FROM affinity.describe(
              (SELECT affinity.activity_agg($1::bigint, at, $2) FROM unnest($3::timestamp[]) at)) d""",
              7, "day", [datetime.datetime(2024, 2, 29, 23, 30), datetime.datetime(2024, 3, 1, 8, 30)])
    funnel = "SELECT affinity.window_funnel($1{}, $2, at, product = $3, product = $4)::text FROM purchases"
    await ask("window_funnel", "timedelta, cast", funnel.format("::interval"),
              datetime.timedelta(days=2), "default", "product 01", "product 02")
    await ask("window_funnel", "text", funnel.format(""), "2 days", "default", "product 01", "product 02")
    await ask("path_after", "list, as text[]", "SELECT affinity.path_after($1::text[], $2, $3)::text",
              ["a", "b", "c", "d"], "b", 1)
    await connection.close()


asyncio.run(main())
