"""A Ray cluster of several nodes on loopback: `python -m tests.harness.ray_nodes COUNT`.

Prints its address. A line on its standard input kills one node at work, neither the head nor one to
which a command is connected; it ends when its standard input does.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from ray._raylet import GcsClient  # type: ignore[attr-defined]
from ray.cluster_utils import Cluster

from tests.harness.ray_cluster import FRESH_WORKER, ancestors, command_lines

MEMORY_BYTES = 120_000_000
AT_WORK = f"{FRESH_WORKER}.work"


def main() -> None:
    """Runs the cluster."""
    cluster = Cluster()
    for _ in range(int(sys.argv[1])):
        cluster.add_node(num_cpus=1, object_store_memory=MEMORY_BYTES, include_dashboard=False)
    sys.stdout.write(f"{cluster.address}\n")
    sys.stdout.flush()
    for _ in sys.stdin:
        kill_node(cluster)
    cluster.shutdown()


def kill_node(cluster: Cluster) -> None:
    """Kills a node on which a part is worked on, as soon as there is one."""
    jobs = GcsClient(cluster.address).get_all_job_info().values()
    connected = {job.driver_address.node_id.hex() for job in jobs}
    head: Any = cluster.head_node
    spared = {head.node_id, *connected}
    while True:
        for node in cluster.list_all_nodes():
            if node.node_id not in spared and is_at_work(node):
                cluster.remove_node(node, allow_graceful=False)
                return
        time.sleep(0.05)


def is_at_work(node: Any) -> bool:
    """Says whether a process of a node works on a part."""
    (raylet, *_) = node.all_processes["raylet"]
    return any(
        line.startswith(AT_WORK) and raylet.process.pid in ancestors(pid)
        for line, pid in command_lines()
    )


if __name__ == "__main__":
    main()
