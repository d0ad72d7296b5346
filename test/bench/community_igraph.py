"""Leiden and PageRank by igraph, of edges as numbers on stdin: seconds of CPU."""
import sys
import time

try:
    import igraph
except ImportError:
    print("igraph is not installed: python3-igraph")
    sys.exit()


def timed(name, work):
    start = time.process_time()
    result = work()
    print(f"{name}: {time.process_time() - start:.2f} s")
    return result


edges = [tuple(map(int, line.split(","))) for line in sys.stdin]
graph = timed("igraph, making the graph", lambda: igraph.Graph(edges))
graph.es["weight"] = 1.0
timed("igraph, summing the edges of a pair", lambda: graph.simplify(loops=False, combine_edges="sum"))
found = timed("igraph, leiden, 2 passes",
              lambda: graph.community_leiden("modularity", weights="weight", n_iterations=2))
print(f"modularity: igraph {graph.modularity(found.membership, weights='weight'):.5f}, communities {len(found)}")
timed("igraph, PageRank", lambda: graph.pagerank(weights="weight"))
