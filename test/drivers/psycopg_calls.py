#!/usr/bin/python3
"""psycopg 3 sends arguments with the type of the value: a small int as smallint."""
import datetime
import uuid

import psycopg

connection = psycopg.connect("", autocommit=True)


def ask(call, how, sql, *args):
    try:
        answer = ", ".join(" ".join(map(str, row)) for row in connection.execute(sql, args))
    except psycopg.Error as error:
        answer = "error " + error.sqlstate
    print(call, how, answer, sep="\t")


rows = "SELECT jsonb_agg(r)::text FROM "
ask("recommend", "int", rows + "small.recommend(%s, %s) r", 7, 3)
ask("recommend", "text", rows + "small.recommend(%s, %s) r", "7", "3")
ask("recommend: an id that smallint does not hold", "int", rows + "small.recommend(%s, %s) r", 4000000000, 3)
ask("recommend: no user", "None", rows + "small.recommend(%s, %s) r", None, 3)
ask("recommend: text items, exclude", "list", rows + "shop.recommend(%s, %s, exclude => %s) r",
    7, 3, ["product 01", "product 12"])
candidates = rows + "small.recommend(%s, %s, candidates => %s, exclude => %s) r"
ask("recommend: candidates", "lists", candidates, 7, 3, [1, 2, 3, 11, 12, 70000], [2])
count = "SELECT count(*) FROM small.recommend(%s, %s, candidates => %s)"
ask("recommend: candidates, none", "empty list", count, 7, 3, [])
ask("recommend: candidates, NULL", "None", count, 7, 3, None)
ask("recommend: candidates, all", "marker", candidates, 7, 3, "[0:0]={NULL}", None)
ask("recommend: a uuid", "UUID", rows + "guid.recommend(%s, %s) r", uuid.UUID(int=7), 3)
ask("recommend: a uuid", "text", rows + "guid.recommend(%s, %s) r", str(uuid.UUID(int=7)), 3)


def recommended(user_id):
    return connection.execute(
        "SELECT item_id, rank, personalized FROM shop.recommend(%s, %s)", (user_id, 3)).fetchall()


answer = ", ".join(f"{item} {rank} {str(personalized)[0].lower()}" for item, rank, personalized in recommended(7))
print("recommend: rows", "tuples", answer, sep="\t")

ask("recommend_for", "list", rows + "small.recommend_for(%s, %s) r", [1, 2], 3)
ask("recommend_all", "int", "SELECT count(*) FROM small.recommend_all(%s)", 2)
ask("score", "list", rows + "small.score(%s, %s) r", 7, [3, 1, 2])
ask("explain", "int", rows + "small.explain(%s, %s, %s) r", 7, 3, 2)
ask("similar_items", "text", rows + "shop.similar_items(%s, %s) r", "product 01", 3)
ask("similar_users", "int", rows + "small.similar_users(%s, %s) r", 7, 3)
ask("audience", "int", rows + "small.audience(%s, %s) r", 3, 3)

ask("cosine", "lists", "SELECT affinity.cosine(%s, %s)::text", [1.0, 2.5, 3.0], [3.0, 2.0, 1.0])
ask("cosine: a column", "list, cast",
    "SELECT jsonb_agg(round(affinity.cosine(v, %s::real[])::numeric, 6) ORDER BY id)::text FROM vectors",
    [1.0, 2.5, 3.0])
ask("jaccard", "lists, one cast", "SELECT affinity.jaccard(%s::text[], %s)::text", ["red", "blue", "dark green"], ["red", "dark green"])

state = connection.execute("SELECT activity FROM states").fetchone()[0]
ask("users", "text", "SELECT affinity.users(%s)::text", state)
ask("retention", "text, one name", rows + "affinity.retention(%s, max_period => %s) r", state, 2)
noon = datetime.datetime(2024, 3, 15, 12, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
ask("retention: as_of", "datetime", rows + "states, affinity.retention(activity, as_of => %s, max_period => %s) r", noon, 1)
ask("retention: brackets", "list",
    rows + "states, affinity.retention_curve(activity, criterion => %s, brackets => %s) r", "bracket", [1, 2])
ask("retention: cohorts_from", "naive datetime",
    rows + "states, affinity.retention(activity, cohorts_from => %s, max_period => %s) r",
    datetime.datetime(2024, 3, 1), 1)
ask("frequency", "int", rows + "states, affinity.frequency(activity, last_periods => %s) r", 3)

utc = datetime.timezone.utc
tokyo = datetime.timezone(datetime.timedelta(hours=9))
describe = """SELECT to_jsonb(d)::text FROM affinity.describe((SELECT affinity.activity_agg(%s, at, %s{zone})
    FROM unnest(%s) at)) d"""
ask("activity_agg: times of two zones", "datetimes", describe.format(zone=", %s"), 7, "day", "Europe/Paris",
    [datetime.datetime(2024, 2, 29, 23, 30, tzinfo=utc), datetime.datetime(2024, 3, 1, 8, 30, tzinfo=tokyo)])
ask("activity_agg: local times", "naive datetimes", describe.format(zone=""), 7, "day",
    [datetime.datetime(2024, 2, 29, 23, 30), datetime.datetime(2024, 3, 1, 8, 30)])
funnel = "SELECT affinity.window_funnel(%s, %s, at, product = %s, product = %s)::text FROM purchases"
ask("window_funnel", "timedelta", funnel, datetime.timedelta(days=2), "default", "product 01", "product 02")
ask("window_funnel", "text", funnel, "2 days", "default", "product 01", "product 02")
ask("path_after", "list", "SELECT affinity.path_after(%s, %s, %s)::text", ["a", "b", "c", "d"], "b", 1)
