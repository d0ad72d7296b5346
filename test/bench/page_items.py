# page_items.py ITEMS SPREAD FOLDER: a catalog of ITEMS items with 64 factors, as
# columns of the table items (page_items), the parameters of an ials model of them
# (page_parameters), and what 2,000 users like (page_likes).
import sys

import numpy as np

n, spread, folder = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
width = 64
rng = np.random.default_rng(7)
# what a training on Gowalla has, from the first to the last column
deviation = np.linspace(0.16, 0.079, width)
factor = rng.standard_normal((n, width)) * deviation
factor *= np.exp(rng.normal(0, spread, n))[:, None]
square = (factor ** 2).sum(0)
order = np.argsort(-square)
factor, square = factor[:, order].astype(np.float32), square[order]

with open(folder + '/page_items', 'w') as out:
    for i, row in enumerate(factor):
        out.write('%d\t%d\t%d\t{}\t{}\t{%s}\t\\N\n' % (
            i, i, n - i, ','.join('%.6g' % x for x in row)))
with open(folder + '/page_parameters', 'w') as out:
    out.write('{%s,0.1}' % ','.join('%.6g' % x for x in square))
with open(folder + '/page_likes', 'w') as out:
    for user in range(2000):
        taste = rng.standard_normal(width) * deviation
        seen = rng.integers(0, n, 4000)
        liked = seen[np.argsort(-(factor[seen] @ taste))[:40]]
        for item in sorted(set(liked.tolist())):
            out.write('%d\t%d\n' % (user, item))
