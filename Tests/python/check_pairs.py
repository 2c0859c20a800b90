"""Starts two commands at once on one output, again and again: equal ones do the work once, others lose nothing.

    python3 Tests/python/check_pairs.py [--pairs 100] [--seed 0]

What a run's training is counted by are the `done` events of the logs. Runs the tools in bin/, from the folder of the makefile.
"""

import argparse
import collections
import json
import random
import signal
import subprocess
import tempfile
import time
from pathlib import Path

BIN = Path("bin").resolve()
NETWORK = ["--architecture", "mlp width=16", "--epochs", "4", "--batch-size", "20", "--snapshots", "0,every:2"]


def start(arguments, output, *more):
    tool, *rest = arguments
    return subprocess.Popen(
        [BIN / tool, *rest, "-q", "-o", output, *more], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE)


def finish(process):
    errors = process.communicate()[1].decode()
    return process.returncode, errors


def make(arguments, output):
    status, errors = finish(start(arguments, output))
    assert status == 0, errors
    return output.read_bytes()


def done(log):
    """How often each run was trained to its end."""
    lines = log.read_text().splitlines() if log.exists() else []
    return collections.Counter(event["run"] for event in map(json.loads, lines) if event["event"] == "done")


def at_once(first, second, output, chance, longest):
    """Two commands, the second after a while, each with a log: how they ended, and what each trained."""
    logs = [output.with_suffix(f".log{i}") for i in (0, 1)]
    processes = [start(first, output, "--log", logs[0])]
    time.sleep(chance.choice([0, chance.uniform(0, longest)]))
    processes.append(start(second, output, "--log", logs[1]))
    ends = [finish(process) for process in processes]
    trained = [done(log) for log in logs]
    for log in logs:
        log.unlink(missing_ok=True)
    return ends, trained


def check_nothing_left(folder, output):
    left = [path.name for path in folder.iterdir() if path.name.startswith((output.name, f".{output.name}")) and path != output]
    assert not left, f"left over: {left}"


def check_training(folder, name, command, pairs, chance):
    """`command` makes the arguments for runs from A up to and without B."""
    runs = (0, 4), (2, 6)
    begin = time.monotonic()
    calm = {span: make(command(*span), folder / f"{name}-{span[0]}.h5") for span in runs}
    duration = (time.monotonic() - begin) / 2
    output = folder / f"{name}.h5"
    counts = collections.Counter()
    for pair in range(pairs):
        kind = ("equal", "other runs", "killed", "stopped", "forced")[pair % 5]
        one, other = command(*runs[0]), command(*runs[1])
        cores = ["-j", str(chance.randint(1, 3))]
        if kind == "other runs":
            ends, trained = at_once(one, other, output, chance, duration)
            content = output.read_bytes()
            # Whoever came first has its runs, and the other is told so before it trains anything.
            winner = 0 if content == calm[runs[0]] else 1
            assert content == calm[runs[winner]], "other bytes"
            assert [status for status, _ in ends] == ([0, 64] if winner == 0 else [64, 0]), ends
            assert trained[winner] == dict.fromkeys(range(*runs[winner]), 1) and not trained[1 - winner], trained
        elif kind in ("equal", "forced"):
            # Neither cores nor how often states are saved show in a file.
            force = ["--force"] if kind == "forced" else []
            ends, trained = at_once(
                [*one, *force], [*one, *force, *cores, "--save-every", "0"], output, chance,
                duration if kind == "equal" else 0)
            assert [status for status, _ in ends] == [0, 0], ends
            assert output.read_bytes() == calm[runs[0]], "other bytes"
            counts["waited"] += sum("waiting" in errors for _, errors in ends)
            # Where the second begins when the first has ended, --force trains again.
            if kind == "equal":
                assert trained[0] + trained[1] == dict.fromkeys(range(*runs[0]), 1), trained
        else:
            # The first is killed or stopped in its midst; the second, which waits, goes on from there.
            logs = [folder / "first.log", folder / "second.log"]
            first = start([*one, "--save-every", "0"], output, "--log", logs[0])
            time.sleep(chance.uniform(0, duration))
            second = start([*one, *cores], output, "--log", logs[1])
            time.sleep(chance.uniform(0, duration / 2))
            first.send_signal(signal.SIGKILL if kind == "killed" else signal.SIGTERM)
            finish(first)
            status, errors = finish(second)
            assert status == 0, errors
            assert output.read_bytes() == calm[runs[0]], "other bytes"
            trained = done(logs[0]) + done(logs[1])
            assert max(trained.values()) == 1, f"a run is trained twice: {trained}"
            for log in logs:
                log.unlink(missing_ok=True)
            # What a killed process left goes with the next start.
            for path in folder.glob(f".{output.name}.*"):
                path.unlink()
        check_nothing_left(folder, output)
        output.unlink()
        counts[kind] += 1
    print(f"check-pairs: {name}: " + ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())), flush=True)


def check_others(folder, name, first, second, pairs, chance):
    """Two commands of a tool that keeps no parts: one whole file, of one that says that it is there."""
    begin = time.monotonic()
    calm = [make(arguments, folder / f"calm-{i}-{name}") for i, arguments in enumerate((first, second))]
    duration = (time.monotonic() - begin) / 2
    output = folder / name
    for pair in range(pairs):
        chosen = (0, 0) if pair % 2 else (0, 1)
        processes = []
        for i in chosen:
            processes.append(start((first, second)[i], output))
            time.sleep(chance.choice([0, chance.uniform(0, duration)]))
        ends = [finish(process) for process in processes]
        content = output.read_bytes()
        statuses = [status for status, _ in ends]
        if chosen == (0, 0):
            assert statuses == [0, 0] and content == calm[0], ends
        else:
            assert set(statuses) <= {0, 74} and content in [calm[i] for i, status in zip(chosen, statuses) if status == 0], ends
        check_nothing_left(folder, output)
        output.unlink()
    print(f"check-pairs: {name}: {pairs} pairs", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        data, teachers = folder / "data.h5", folder / "teachers.h5"
        make(["fetch-data", "sprites", "--train", "0:300", "--test", "0:100"], data)
        make(["train", data, *NETWORK, "--runs", "0:6"], teachers)
        check_training(
            folder, "train", lambda a, b: ["train", data, *NETWORK, "--runs", f"{a}:{b}"], options.pairs, chance)
        check_training(
            folder, "distill", lambda a, b: ["distill", data, teachers, *NETWORK, "--runs", f"{a}:{b}"], options.pairs, chance)
        sprites = ["fetch-data", "sprites", "--test", "0:100", "--train"]
        check_others(folder, "fetched.h5", [*sprites, "0:200"], [*sprites, "0:250"], options.pairs, chance)
        score = ["score", "memorisation", teachers]
        check_others(folder, "scores.h5", score, [*score, "--of", "probability"], options.pairs, chance)
        align = ["align", data, teachers]
        check_others(folder, "alignment.h5", align, [*align, "--runs", "0:2"], options.pairs, chance)
        report = ["report", teachers]
        check_others(folder, "report.md", report, [*report, "--format", "html"], options.pairs, chance)


if __name__ == "__main__":
    main()
