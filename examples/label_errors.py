"""Which labels are wrong? cleanlab's answer, from the probabilities of runs that were not trained on an example.

    train data.h5 --architecture mlp --runs 0:40 -o runs.h5
    score out-of-sample runs.h5 -o probabilities.h5
    python examples/label_errors.py data.h5 probabilities.h5 > wrong.tsv

Prints, most suspicious first, each example that `cleanlab.filter.find_label_issues` reports: its place in the published
order, its label, the class that the runs take it for, and the probability that they give to its label, which is cleanlab's
self-confidence. Examples that all runs were trained on have no such probabilities; they are left out, and counted.
"""

import argparse
import csv
import signal
import sys

import h5py
import numpy as np
from cleanlab.filter import find_label_issues


def main():
    parser = argparse.ArgumentParser(description="Finds wrong labels by cleanlab.")
    parser.add_argument("data")
    parser.add_argument("probabilities", help="of score out-of-sample")
    parser.add_argument("--cell", help="the configuration, by its label, where the file has several")
    options = parser.parse_args()

    with h5py.File(options.data) as data, h5py.File(options.probabilities) as scores:
        if "out_of_sample/probability" not in scores:
            sys.exit(f"{options.probabilities}: has no probabilities; make it with score out-of-sample")
        if data.attrs["content"] != scores.attrs["data"]:
            sys.exit(f"{options.probabilities}: is of another data set than {options.data}")
        cells = scores["cell"].asstr()[:].tolist()
        if options.cell is None and len(cells) > 1 or options.cell not in (None, *cells):
            sys.exit(f"take one configuration with --cell: {', '.join(cells)}")
        probability = scores["out_of_sample/probability"][cells.index(options.cell or cells[0])]
        example, label, names = data["train/example"][:], data["train/label"][:], data["class"].asstr()[:]

    known = ~np.isnan(probability).any(axis=1)
    if not known.any():
        sys.exit("no example was left out by any run: train with --subset below 1")
    if not known.all():
        print(f"{(~known).sum()} examples were in the subset of all runs, and are left out", file=sys.stderr)
    example, label, probability = example[known], label[known], probability[known].astype(np.float64)
    found = find_label_issues(label, probability, return_indices_ranked_by="self_confidence", n_jobs=1)

    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # a closed pipe, as of head, ends it silently
    table = csv.writer(sys.stdout, delimiter="\t", lineterminator="\n")
    table.writerow(["example", "label", "suggested label", "probability"])
    for i in found:
        table.writerow([example[i], names[label[i]], names[probability[i].argmax()], f"{probability[i, label[i]]:.4f}"])


if __name__ == "__main__":
    main()
