"""What als.sql compares algorithm als with: plain numpy, in double precision.

    als.py ratings      kind, user, item, rating, and what it were without noise
    als.py cases        name, kind and options of each training
    als.py results      name, then either iteration, loss, RMSE and MAE of ratings
                        trained on, RMSE and MAE of those held out, or (without
                        holdout) user, item, prediction

All output is CSV and the same every time.
"""
import csv
import json
import os
import sys

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

# users, items, ratings a user gives on average, factors, deviation of noise
KINDS = {
    "stars": (240, 90, 25, 3, 0.5),
    "sharp": (300, 100, 60, 4, 0.25),
    "wide": (30, 12, 6, 2, 0.5),
}

CASES = {
    "plain": ("stars", {}),
    "long": ("stars", {"factors": 4, "iterations": 25, "regularization": 0.5}),
    "ridge": ("stars", {"regularization_exponent": 0, "regularization": 8}),
    "weighted": ("stars", {"regularization_exponent": 1, "regularization": 0.1}),
    "one": ("stars", {"factors": 1, "bias_regularization": 50, "seed": 7}),
    "held": ("stars", {"holdout": 0.2, "seed": 3}),
    "planted": ("sharp", {"factors": 6, "iterations": 20, "holdout": 0.1,
                          "regularization": 0.2}),
    "wide": ("wide", {"factors": 40, "regularization": 0.3}),
}
DEFAULTS = {"factors": 8, "iterations": 6, "regularization": 1,
            "regularization_exponent": 0.5, "bias_regularization": 5,
            "holdout": 0, "tolerance": 0, "seed": 1}


def generate(kind):
    """Users and items have ids with gaps; some ratings of a pair come twice."""
    users, items, each, rank, noise = KINDS[kind]
    random = np.random.default_rng(sum(kind.encode()))
    popular = random.random(items) ** 2 + 0.05
    popular /= popular.sum()
    rows = []
    x = random.normal(size=(users, rank)) * 0.8
    y = random.normal(size=(items, rank)) * 0.8
    b_user = random.normal(size=users) * 0.5
    b_item = random.normal(size=items) * 0.6
    for u in range(users):
        n = 1 + random.binomial(2 * each, 0.5)
        for i in random.choice(items, min(n, items), replace=False, p=popular):
            plain = 1.0 + b_user[u] + b_item[i] + x[u] @ y[i]
            for _ in range(2 if random.random() < 0.05 else 1):
                rating = np.float32(plain + random.normal() * noise)
                rows.append((u * 7 - 100, i * 3 - 50, rating, plain))
    return rows


def matrix(rows):
    """Numbers of users and items in the order of ids, means of duplicates."""
    users = sorted({row[0] for row in rows})
    items = sorted({row[1] for row in rows})
    pairs = {}
    for u, i, rating, _ in rows:
        pairs.setdefault((u, i), []).append(float(rating))
    u = np.array([users.index(pair[0]) for pair in pairs])
    i = np.array([items.index(pair[1]) for pair in pairs])
    r = np.array([np.float32(np.mean(v)) for v in pairs.values()], dtype=float)
    return users, items, u, i, r


def mix(seed, a, b):
    """A hash of a pair of numbers: the steps of splitmix64."""
    a = np.asarray(a, dtype=np.uint64)
    b = np.asarray(b, dtype=np.uint64)
    with np.errstate(over="ignore"):
        h = (a << np.uint64(32) | b) + np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15)
        h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return h ^ (h >> np.uint64(31))


def solve(own, other, target_of, ratings_of, o):
    """Every row of a side, its bias first; returns the penalty."""
    penalty = 0
    for row, entries in enumerate(ratings_of):
        n = len(entries)
        own[row] = 0
        if n == 0:
            continue
        cols, ratings = target_of(entries)
        f = other[cols].copy()
        target = ratings - f[:, 0]
        f[:, 0] = 1
        d = np.full(f.shape[1], o["regularization"] * n ** o["regularization_exponent"])
        d[0] = o["bias_regularization"]
        own[row] = np.linalg.solve(f.T @ f + np.diag(d), f.T @ target)
        penalty += d @ own[row] ** 2
    return penalty


def train(kind, o):
    users, items, u, i, r = matrix(generate(kind))
    held = mix(o["seed"], u, i) < np.uint64(int(o["holdout"] * 2.0 ** 64))
    trained = ~held
    mean = r[trained].mean()
    deviation = r[trained].std()
    scaled = (r - mean) / deviation
    width = o["factors"] + 1

    k = np.arange(1, width)
    x = np.zeros((len(users), width))
    even = mix(2 ** 32 - 1 - o["seed"], np.arange(len(users))[:, None], k[None, :])
    x[:, 1:] = ((even >> np.uint64(11)).astype(float) / 2.0 ** 52 - 1) * 0.3 * np.sqrt(3)
    y = np.zeros((len(items), width))
    by_user = [np.flatnonzero(trained & (u == n)) for n in range(len(users))]
    by_item = [np.flatnonzero(trained & (i == n)) for n in range(len(items))]

    course = []
    for _ in range(o["iterations"]):
        penalty = solve(y, x, lambda e: (u[e], scaled[e]), by_item, o)
        penalty += solve(x, y, lambda e: (i[e], scaled[e]), by_user, o)
        error = scaled - x[u, 0] - y[i, 0] - (x[u, 1:] * y[i, 1:]).sum(axis=1)
        row = [((error[trained] ** 2).sum() + penalty) / trained.sum()]
        for which in (trained, held):
            e = error[which] * deviation
            row += [np.sqrt((e ** 2).mean()), np.abs(e).mean()] if len(e) else ["", ""]
        course.append(row)
    scores = mean + deviation * (x[:, :1] + y[:, 0] + x[:, 1:] @ y[:, 1:].T)
    return users, items, course, scores


def main():
    out = csv.writer(sys.stdout, lineterminator="\n")
    what = sys.argv[1]
    if what == "ratings":
        for kind in KINDS:
            for u, i, rating, plain in generate(kind):
                out.writerow([kind, u, i, float(rating), float(plain)])
        return
    for name, (kind, options) in CASES.items():
        options = {**DEFAULTS, **options}
        if what == "cases":
            out.writerow([name, kind, json.dumps(options)])
            continue
        users, items, course, scores = train(kind, options)
        for n, row in enumerate(course):
            out.writerow([name, n + 1, *row, "", "", ""])
        for n, u in enumerate(users if options["holdout"] == 0 else []):
            for m, i in enumerate(items):
                out.writerow([name, *6 * [""], u, i, scores[n, m]])


main()
