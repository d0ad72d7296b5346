"""Customers whose parameters are known, and likelihoods of their models, by numpy.

	lifetime.py rows SETS SIZE	customers: model, set, three values, as CSV
	lifetime.py truth			model, number of the parameter, value
	lifetime.py judge SETS SIZE	reads model, set, ln L, parameters (as CSV) and writes for
		each model, set, ln L here, how far the gradient is from 0 beside its noise, and
		whether a point nearby is better

Nothing is taken from the implementation: customers are simulated one event at a
time, and likelihoods are the papers' formulas by lgamma, that of Pareto/NBD by an
integral over the time of leaving.
"""
import csv
import math
import sys

import numpy as np

TRUTH = {
    "bg_nbd": (0.5, 6.0, 0.8, 2.5),
    "mbg_nbd": (0.7, 5.0, 0.8, 2.5),
    "pareto_nbd": (0.8, 8.0, 0.8, 15.0),
    "bg_bb": (1.2, 0.75, 0.66, 2.8),
    "gamma_gamma": (6.0, 4.0, 15.0),
    "sbg": (0.7, 1.8),
    "bdw": (0.6, 2.0, 1.4),
}
lgamma = np.vectorize(math.lgamma, otypes=[float])


def simulate(model, seed, n):
    rng = np.random.RandomState(list(TRUTH).index(model) * 100000 + seed)
    p = TRUTH[model]
    if model in ("sbg", "bdw"):
        theta = rng.beta(p[0], p[1], n)
        left = (np.log(rng.uniform(size=n)) / np.log1p(-theta)) ** (1 / (p[2] if len(p) > 2 else 1))
        return np.array([(t, (left > t).sum(), 0) for t in range(13)], float)
    if model == "gamma_gamma":
        x = 1 + rng.poisson(2, n)
        nu = rng.gamma(p[1], 1 / p[2], n)
        return np.stack([x, rng.gamma(p[0] * x) / nu / x, np.zeros(n)], axis=1)
    if model == "bg_bb":
        chance, leave = rng.beta(p[0], p[1], n), rng.beta(p[2], p[3], n)
        there, x, last = np.ones(n, bool), np.zeros(n), np.zeros(n)
        for i in range(1, 11):
            there &= rng.uniform(size=n) >= leave
            buys = there & (rng.uniform(size=n) < chance)
            x += buys
            last[buys] = i
        return np.stack([x, last, np.full(n, 10.0)], axis=1)
    rate, t = rng.gamma(p[0], 1 / p[1], n), rng.randint(150, 400, n) / 7.0
    if model == "pareto_nbd":
        end = np.minimum(t, rng.exponential(size=n) / rng.gamma(p[2], 1 / p[3], n))
        leave, there = np.zeros(n), np.ones(n, bool)
    else:
        end, leave = t, rng.beta(p[2], p[3], n)
        there = np.ones(n, bool) if model == "bg_nbd" else rng.uniform(size=n) >= leave
    at, x, last = np.zeros(n), np.zeros(n), np.zeros(n)
    while there.any():
        at = at + rng.exponential(size=n) / rate
        there &= at <= end
        x += there
        last[there] = at[there]
        there &= rng.uniform(size=n) >= leave
    return np.stack([x, last, t], axis=1)


def log_beta(a, b):
    return lgamma(a) + lgamma(b) - lgamma(np.asarray(a) + b)


def likelihood(model, rows, p):
    x, u, t = rows.T
    if model in ("sbg", "bdw"):
        c = p[2] if len(p) > 2 else 1
        s = log_beta(p[0], p[1] + x ** c) - log_beta(p[0], p[1])
        return ((u[:-1] - u[1:]) * np.log(np.exp(s[:-1]) - np.exp(s[1:]))).sum() + u[-1] * s[-1]
    if model == "gamma_gamma":
        a, q, g = p
        return (lgamma(a * x + q) - lgamma(a * x) - lgamma(q) + q * math.log(g) + (a * x - 1) * np.log(u)
                + a * x * np.log(x) - (a * x + q) * np.log(g + u * x)).sum()
    if model == "bg_bb":
        a, b, g, d = p
        total = 0.0
        for (x, u, t), n in zip(*np.unique(rows, axis=0, return_counts=True)):
            like = math.exp(log_beta(a + x, b + t - x) - log_beta(a, b) + log_beta(g, d + t) - log_beta(g, d))
            for i in range(int(t - u)):
                like += math.exp(log_beta(a + x, b + u - x + i) - log_beta(a, b)
                                 + log_beta(g + 1, d + u + i) - log_beta(g, d))
            total += n * math.log(like)
        return total
    r, alpha, third, fourth = p
    base = lgamma(r + x) - lgamma(r) + r * math.log(alpha)
    if model == "pareto_nbd":
        node, weight = np.polynomial.legendre.leggauss(60)
        step = (1 + node) / 2
        v = u[:, None] + (t - u)[:, None] * step ** 2
        left = third * (t - u) * ((step * np.exp(-(r + x)[:, None] * np.log(alpha + v)
                                                 - (third + 1) * np.log(fourth + v))) @ weight)
        return (base + third * math.log(fourth)
                + np.log((alpha + t) ** -(r + x) * (fourth + t) ** -third + left)).sum()
    more = model == "mbg_nbd"
    there = np.exp(log_beta(third, fourth + x + more) - log_beta(third, fourth) - (r + x) * np.log(alpha + t))
    left = np.exp(log_beta(third + 1, fourth + x + more - 1 + (x + more == 0)) - log_beta(third, fourth)
                  - (r + x) * np.log(alpha + u)) * (x + more > 0)
    return (base + np.log(there + left)).sum()


def judge(model, rows, p):
    p, rng = np.log(p), np.random.RandomState(1)

    def f(q):
        return likelihood(model, rows, np.exp(q))

    best = f(p)
    slope = max(abs(f(p + h) - f(p - h)) / 2e-3 for h in 1e-3 * np.eye(len(p)))
    near = max(f(p + scale * rng.normal(size=len(p))) for scale in (0.3, 0.03, 0.003) for _ in range(12))
    return best, slope / math.sqrt(len(rows)), near > best + 1e-6


def main():
    out = csv.writer(sys.stdout, lineterminator="\n")
    if sys.argv[1] == "truth":
        out.writerows((m, i, v) for m, p in TRUTH.items() for i, v in enumerate(p, 1))
        return
    sets, size = int(sys.argv[2]), int(sys.argv[3])
    if sys.argv[1] == "rows":
        for model in TRUTH:
            for s in range(sets):
                out.writerows((model, s, "%d" % x, "%.17g" % u, "%.17g" % t) for x, u, t in simulate(model, s, size))
        return
    for model, s, value, *p in csv.reader(sys.stdin):
        p = [float(v) for v in p if v != ""]
        out.writerow((model, s, value) + judge(model, simulate(model, int(s), size), p))


main()
