# What Python's drivers need behind a pooler in transaction mode that keeps no
# named statements: asks shop.recommend by each over POOLER, with several
# connections at once, and compares with a direct connection (DIRECT).
#
#	pooled.py DIRECT POOLER		both as "host=… port=… dbname=…"
#
# Prints a line per driver that is installed: its name, "ok" or what is wrong.
import asyncio
import sys
import threading

direct, pooler = sys.argv[1:]
pooler_keywords = dict(word.split("=", 1) for word in pooler.split())
users = range(1, 101)
# Clients ask for lists of different lengths, so that a statement of another one
# would be noticed.
lengths = [3, 5, 7, 9, 11, 13]
query = "SELECT count(*), string_agg(item_id || score, ' ' ORDER BY rank) FROM shop.recommend(%s, {} + %s)"


def psycopg2_client():
    import psycopg2
    connection = psycopg2.connect(pooler)
    connection.autocommit = True
    cursor = connection.cursor()

    def ask(text, user):
        cursor.execute(text, (user, 0))
        return cursor.fetchone()
    return ask


def psycopg_client():
    import psycopg
    connection = psycopg.connect(pooler, autocommit=True, prepare_threshold=None)
    return lambda text, user: connection.execute(text, (user, 0)).fetchone()


async def asyncpg_connect():
    import asyncpg
    return await asyncpg.connect(statement_cache_size=0, host=pooler_keywords["host"],
                                 port=pooler_keywords["port"], database=pooler_keywords["dbname"])


def wrong(length, user, answer):
    if tuple(answer) != expected[length, user]:
        return ["%d, %d: %s" % (user, length, tuple(answer))]
    return []


def by_threads(make):
    found = []

    def work(client, length):
        try:
            for user in users:
                found.extend(wrong(length, user, client(query.format(length), user)))
        except Exception as error:
            found.append(str(error))
    threads = [threading.Thread(target=work, args=(make(), length)) for length in lengths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def by_asyncio():
    found = []

    async def work(connection, length):
        text = query.format(length).replace("%s", "$1", 1).replace("%s", "$2")
        for user in users:
            found.extend(wrong(length, user, await connection.fetchrow(text, user, 0)))

    async def all_clients():
        connections = [await asyncpg_connect() for _ in lengths]
        await asyncio.gather(*map(work, connections, lengths))
    asyncio.run(all_clients())
    return found


def ask_directly():
    try:
        import psycopg2 as driver
    except ImportError:
        import psycopg as driver
    cursor = driver.connect(direct).cursor()
    answers = {}
    for length in lengths:
        for user in users:
            cursor.execute(query.format(length), (user, 0))
            answers[length, user] = cursor.fetchone()
    return answers


expected = ask_directly()
for name, ask_all in [("psycopg2", lambda: by_threads(psycopg2_client)),
                      ("psycopg", lambda: by_threads(psycopg_client)),
                      ("asyncpg", by_asyncio)]:
    try:
        __import__(name)
    except ImportError:
        continue
    found = ask_all()
    print(name, found[0] if found else "ok")
