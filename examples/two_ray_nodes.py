"""A batch on a Ray cluster of two nodes, both on this machine; on real machines the commands are those below.

python examples/two_ray_nodes.py recordings/ reports/

    machine 1:  ray start --head --port 6379 --num-cpus 4
    machine 2:  ray start --address MACHINE1:6379 --num-cpus 4
    either:     mellm analyze recordings/ --out reports/ --workers 8 --engine ray --address MACHINE1:6379
"""

import argparse
import os
from pathlib import Path

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

import ray
from ray.cluster_utils import Cluster

from mellm.analysis.batch import run_batch
from mellm.analysis.ray_cluster import RayRunner


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--cpus", type=int, default=1, help="processors of each node")
    arguments = parser.parse_args()
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": arguments.cpus})
    cluster.add_node(num_cpus=arguments.cpus)
    try:
        ray.init(address=cluster.address, log_to_driver=False)
        print(f"nodes: {len(ray.nodes())}, processors: {ray.cluster_resources()['CPU']:.0f}")
        rows = run_batch(arguments.clips, arguments.out, workers=2 * arguments.cpus, run=RayRunner())
        print(f"{sum(row.status == 'done' for row in rows)} of {len(rows)} clips done")
    finally:
        ray.shutdown()
        cluster.shutdown()


if __name__ == "__main__":
    main()
