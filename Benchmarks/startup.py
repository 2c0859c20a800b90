"""How long the tools take to say their version and their help: medians of wall time, in milliseconds.

    python3 Benchmarks/startup.py [--folder bin] [--rounds 31]
"""

import argparse
import statistics
import subprocess
import time
from pathlib import Path


def milliseconds(command):
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return 1e3 * (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path("bin"))
    parser.add_argument("--rounds", type=int, default=31)
    options = parser.parse_args()
    commands = [[path.resolve(), word] for path in sorted(options.folder.iterdir()) for word in ("--version", "--help")]
    # In turns, so that a busy moment meets all.
    times = [[milliseconds(command) for command in commands] for _ in range(options.rounds)]
    for command, measured in zip(commands, zip(*times)):
        print(f"{command[0].name:12} {command[1]:10} {statistics.median(measured):6.1f}   least {min(measured):.1f}")


if __name__ == "__main__":
    main()
