#!/usr/bin/python3
"""Metrics of lists, by numpy and straight from their definitions.

Reads JSON: lists (user: [[item, score], ...], all items that are not left out,
best first), test ([user, item] pairs), history (pairs), popularity (by item),
k. Writes JSON: "targets metric k" to [value, users, standard error of the mean].
"""
import json
import sys

import numpy as np

data = json.load(sys.stdin)
popularity = {item: float(p) for item, p in data['popularity'].items()}
known = set(popularity)
total = sum(p for p in popularity.values() if p > 0)
history = {}
for user, item in data['history']:
    history.setdefault(user, set()).add(item)
wanted = {}
for user, item in data['test']:
    wanted.setdefault(user, set()).add(item)
values = {}
result = {}


def put(name, value):
    values.setdefault(name, []).append(value)


def dcg(gains):
    gains = np.asarray(gains, float)
    return float((gains / np.log2(np.arange(len(gains)) + 2)).sum())


def area(scores, is_wanted):
    """Pairs in the right order, ties counting half: every pair looked at."""
    good, bad = scores[is_wanted], scores[~is_wanted]
    if len(good) == 0 or len(bad) == 0:
        return None
    return float(np.mean((good[:, None] > bad).astype(float)
                         + 0.5 * (good[:, None] == bad)))


for user, all_wanted in wanted.items():
    ranking = data['lists'].get(user, [])
    items = [item for item, _ in ranking]
    repeat = all_wanted & history.get(user, set()) & known
    for targets, want in (('all', all_wanted), ('new', all_wanted - repeat),
                          ('repeat', repeat)):
        if not want:
            continue
        for k in data['k']:
            hits = np.array([item in want for item in items[:k]], float)
            at = np.flatnonzero(hits)
            name = f'{targets} %s {k}'
            put(name % 'recall', hits.sum() / len(want))
            put(name % 'precision', hits.sum() / k)
            put(name % 'ndcg', dcg(hits) / dcg(np.ones(min(k, len(want)))))
            put(name % 'map', sum((j + 1) / (rank + 1) for j, rank in enumerate(at))
                / min(k, len(want)))
            put(name % 'mrr', 1 / (at[0] + 1) if len(at) else 0)
            put(name % 'hit_rate', float(len(at) > 0))
    for k in data['k']:
        if not items[:k]:
            continue
        p = np.array([popularity[item] for item in items[:k]])
        put(f'all novelty {k}', np.mean(-np.log2(np.where(p > 0, p, 0.5) / total)))
        put(f'all average_popularity {k}', p.mean())
    auc = area(np.array([score for _, score in ranking]),
               np.array([item in all_wanted for item in items], bool)) if ranking else None
    if auc is not None:
        put('all auc ', auc)

for name, value in values.items():
    value = np.array(value, float)
    error = float(value.std(ddof=1) / np.sqrt(len(value))) if len(value) > 1 else 0
    result[name] = [float(value.mean()), len(value), error]
for k in data['k']:
    shown = {item: 0 for item in known}
    for user in wanted:
        for item, _ in data['lists'].get(user, [])[:k]:
            shown[item] += 1
    x = np.array(list(shown.values()), float)
    result[f'all coverage {k}'] = [float((x > 0).mean()), len(wanted), 0]
    if x.sum() > 0:
        # half the mean difference of two items, relative to the mean
        result[f'all gini {k}'] = [float(np.abs(x[:, None] - x).mean() / (2 * x.mean())),
                                   len(wanted), 0]
json.dump(result, sys.stdout)
