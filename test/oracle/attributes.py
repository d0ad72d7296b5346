#!/usr/bin/python3
"""Weights of sparse ease with attributes of items, over all items as candidates.

attributes.py FACTS ATTRIBUTES KIND WEIGHT USERS NEIGHBORS: WEIGHT may be auto; CSV of user and item,
without duplicates; CSV of item and tag, or of item and numbers of an embedding.
Prints item, neighbor and weight for all that is not 0. Regularization is 20,
both exponents are 0.5.
"""
import csv
import sys

import numpy as np

facts, attributes, kind, weight, users, neighbors = sys.argv[1:]
users, neighbors = float(users), int(neighbors)

with open(facts) as file:
    pairs = sorted({(int(u), int(i)) for u, i in csv.reader(file)})
with open(attributes) as file:
    rows = [(int(row[0]), row[1:]) for row in csv.reader(file)]
items = sorted({i for _, i in pairs} | {i for i, _ in rows})
at = {item: place for place, item in enumerate(items)}
known = sorted({i for i, _ in rows})
n = len(items)

# similarity
if kind == "tags":
    tags = {tag: t for t, tag in enumerate(sorted({row[0] for _, row in rows}))}
    m = np.zeros((n, len(tags)))
    for item, row in rows:
        m[at[item], tags[row[0]]] = 1
    m *= np.log((len(known) + 1) / m.sum(0))
else:
    m = np.zeros((n, len(rows[0][1])))
    for item, row in rows:
        m[at[item]] = [float(x) for x in row]
length = np.sqrt((m ** 2).sum(1))
m /= np.where(length > 0, length, 1)[:, None]
alike = np.float32(m @ m.T).astype(float)
np.fill_diagonal(alike, 0)
prior = np.zeros((n, n))
near = np.zeros((n, n), bool)
for j in range(n):
    # the first of equal ones; nothing below 0
    best = sorted(range(n), key=lambda i: (-alike[i, j], i))[:neighbors]
    for i in best:
        near[i, j] = alike[i, j] > 0
        prior[i, j] = max(alike[i, j], 0)

# the equations
u = {user: place for place, user in enumerate(sorted({u for u, _ in pairs}))}
x = np.zeros((len(u), n))
for user, item in pairs:
    x[u[user], at[item]] = 1
d = x.sum(1)
factor = d ** -0.5
factor *= d.sum() / (factor * d).sum()
had = x.sum(0)
gram = x.T @ (factor[:, None] * x)
penalty = 20 * np.sqrt(had / had.mean())
wanted = np.where(had > 0, had / had[had > 0].mean(), 1)
prior *= wanted
if weight == "auto":
    alone = gram / (np.diag(gram) + penalty + (had == 0))[:, None]
    warm = near & (had >= 20)[:, None] & (had >= 20)[None, :]
    prior *= (prior * alone)[warm].sum() / (prior[warm] ** 2).sum()
else:
    prior *= float(weight)
b = np.zeros((n, n))
for j in range(n):
    s = np.flatnonzero((had > 0) & (np.arange(n) != j) & ((gram[j] > 0) | near[:, j]))
    if had[j] == 0:
        b[s, j] = prior[s, j]
        continue
    drawn = users / had[j]
    b[s, j] = np.linalg.solve(gram[np.ix_(s, s)] + np.diag((1 + drawn) * penalty[s]),
                              gram[s, j] + drawn * penalty[s] * prior[s, j])
for i in np.flatnonzero(had == 0):
    b[i] = prior[:, i] * wanted
for i, j in zip(*np.nonzero(b)):
    print(items[i], items[j], repr(float(b[i, j])), sep=",")
