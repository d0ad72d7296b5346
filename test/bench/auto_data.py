#!/usr/bin/python3
"""Interactions that the benchmark of algorithm auto makes up.

What a user takes is drawn by popularity (a power law), by tastes (a few hidden
dimensions), by series (small groups of items, one of which leads to the next),
and by what is on sale at the time; some of it is had again.

usage: auto_data.py NAME TRAIN.csv TEST.csv
Columns: user, item, time. Sets with times are split by them, the last tenth is
to be predicted; of others a fifth of each user's items is.
"""
import sys

import numpy as np

# users, items, rows of a user (mean; spread of its logarithm), exponent of the
# popularity, dimensions and strength of tastes, part of rows from series, part
# of repeats, median life of an item in parts of the time (0: forever), times
SETS = {
    "dense": (3000, 1700, 100, 0.9, 0.8, 12, 1.2, 0.1, 0, 0, False),
    "dense_times": (2500, 1500, 100, 0.9, 0.8, 12, 1.2, 0.1, 0, 0.8, True),
    "medium": (8000, 5000, 30, 0.8, 0.9, 20, 1.5, 0.2, 0, 0, False),
    "sparse": (20000, 15000, 8, 0.8, 0.8, 30, 2.0, 0.4, 0, 0, False),
    "sparse_times": (20000, 12000, 8, 0.8, 0.8, 30, 2.0, 0.3, 0.1, 0.5, True),
    "thin": (3000, 3000, 8, 0.7, 0.8, 10, 1.5, 0.3, 0, 0, False),
    "shop": (23570, 12000, 3, 0.9, 1.0, 10, 1.5, 0.2, 0.1, 0.3, True),
    "groceries": (3000, 2000, 80, 0.7, 0.9, 8, 1.0, 0.1, 0.6, 0, True),
    "fashion": (8000, 4000, 20, 0.8, 0.7, 10, 1.2, 0.1, 0, 0.05, True),
    "noise": (3000, 2000, 20, 0.7, 1.0, 4, 0, 0, 0, 0, False),
    "small": (400, 500, 15, 0.7, 0.8, 6, 1.5, 0.2, 0, 0, False),
    "tiny": (60, 100, 8, 0.6, 0.8, 4, 1.5, 0.2, 0, 0, True),
    "million": (40000, 30000, 27, 0.9, 0.9, 30, 1.5, 0.2, 0, 0, False),
}
SERIES = 6
DAYS = 700
FIRST_DAY = np.datetime64("2022-01-01T00:00:00")


def rows_of(rng, n, tries, series, repeats, accept, when):
    """n items of a user, in the order of time, out of those tried."""
    had = []
    at = []
    k = 0
    for t in when:
        if had and rng.random() < repeats:
            item = had[rng.integers(len(had))]
        elif had and rng.random() < series:
            item = had[-1 - rng.integers(min(len(had), 5))]
            item = item // SERIES * SERIES + rng.integers(SERIES)
            if not accept(item, t):
                continue
        else:
            while k < len(tries) and not accept(tries[k], t):
                k += 1
            if k == len(tries):
                break
            item = tries[k]
            k += 1
        had.append(int(item))
        at.append(t)
    return had, at


def make(name):
    (users, items, mean, spread, power, dims, strength, series, repeats,
     life, times) = SETS[name]
    rng = np.random.default_rng(sum(name.encode()))
    items = items // SERIES * SERIES
    log_popularity = -power * np.log(5 + rng.permutation(items))
    # items of a series are alike
    item_taste = np.repeat(rng.normal(size=(items // SERIES, dims)), SERIES, 0)
    item_taste += 0.5 * rng.normal(size=(items, dims))
    user_taste = strength * rng.normal(size=(users, dims)) / np.sqrt(dims)
    n = np.maximum(2, rng.lognormal(np.log(mean) - spread ** 2 / 2, spread,
                                    users)).astype(int)
    n = np.minimum(n, items // 4)
    born = rng.uniform(-3 * life, 1, items)
    lives = life * rng.lognormal(0, 0.5, items) if life else None

    def accept(item, t):
        if lives is None:
            return True
        age = t - born[item]
        return age >= 0 and rng.random() < np.exp(-age / lives[item])

    out = []
    for begin in range(0, users, 500):
        p = np.exp(log_popularity +
                   user_taste[begin:begin + 500] @ item_taste.T)
        total = np.cumsum(p, 1)
        for i in range(len(p)):
            u = begin + i
            # without repeats, so as many as are accepted and new
            want = n[u] * (30 if life else 4) + 20
            draw = np.searchsorted(total[i], rng.random(want) * total[i, -1])
            _, first = np.unique(draw, return_index=True)
            tries = draw[np.sort(first)]
            start = rng.uniform(-0.3, 1)
            when = np.sort(start + rng.exponential(0.3, n[u]) *
                           rng.uniform(0.2, 2))
            when = when[(when >= 0) & (when < 1)] if times else when
            had, at = rows_of(rng, n[u], tries, series, repeats, accept, when)
            out.extend((u, h, t) for h, t in zip(had, at))
    rows = np.array(out)
    return rows, times, rng


def main():
    name, train, test = sys.argv[1:]
    rows, times, rng = make(name)
    if times:
        held = rows[:, 2] >= np.quantile(rows[:, 2], 0.9)
    else:
        _, pair = np.unique(rows[:, :2].astype(np.int64) @ [1 << 32, 1],
                            return_inverse=True)
        held = (rng.random(pair.max() + 1) < 0.2)[pair]
    for path, part in (train, rows[~held]), (test, rows[held]):
        with open(path, "w") as f:
            for user, item, t in part:
                at = FIRST_DAY + np.timedelta64(int(t * DAYS * 86400), "s")
                f.write(f"{int(user)},{int(item)},{at if times else ''}\n")


if __name__ == "__main__":
    main()
