"""A Ray cluster of several nodes on loopback: `python -m tests.harness.ray_nodes COUNT`.

Prints its address, and ends when its standard input does.
"""

from __future__ import annotations

import sys

from ray.cluster_utils import Cluster

MEMORY_BYTES = 120_000_000


def main() -> None:
    """Runs the cluster."""
    cluster = Cluster()
    for _ in range(int(sys.argv[1])):
        cluster.add_node(num_cpus=1, object_store_memory=MEMORY_BYTES, include_dashboard=False)
    sys.stdout.write(f"{cluster.address}\n")
    sys.stdout.flush()
    sys.stdin.read()
    cluster.shutdown()


if __name__ == "__main__":
    main()
