#!/usr/bin/env bash
# Makes earlier.tar.gz, files that a later build must read, go on with and score to the same bytes, with the tools of an
# earlier one (BIN/train and so on) and libhdf5 1.10.8:
#
#     BIN=/path/to/bin Tests/ToolTests/Fixtures/earlier.sh
set -eu -o pipefail
archive=$(cd "$(dirname "$0")" && pwd)/earlier.tar.gz
PATH=$(cd "${BIN:-bin}" && pwd):$PATH
# Parts belong to an instruction set: this is everyone's.
export ROTE_ISA=portable
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

recipe="--epochs 2 --batch-size 5 --snapshots 1 --dynamics evaluation -j 1 -q"
fetch-data sprites --train 0:24 --test 0:8 -q -o data.h5
train data.h5 --architecture 'mlp width=2' $recipe --runs 0:3 -o runs.h5
distill data.h5 runs.h5 --architecture 'mlp width=1' $recipe --runs 0:3 -o students.h5
score memorisation runs.h5 students.h5 -q -o scores.h5
align data.h5 runs.h5 -j 1 -q -o alignment.h5

# Two jobs: the digest of the whole; and stopped when a run was done and the next had a state.
long="--epochs 40 --batch-size 3 --snapshots every:20 --dynamics training --save-every 0 -j 1 -q --runs 0:3"
trained() { train data.h5 --architecture 'resnet-8 width=0.25' $long -o "$1"; }
distilled() { distill data.h5 runs.h5 --architecture 'mlp width=1' $long -o "$1"; }
for job in trained distilled; do
  $job whole.h5
  echo "$(sha256sum < whole.h5 | cut -d ' ' -f 1) $(report show whole.h5 --format tsv | awk -F'\t' '$1 == "Content" { print $2 }')" > $job.whole
  rm whole.h5
  $job $job.h5 2> /dev/null &
  until compgen -G "$job.h5.partial/*/*.h5" && compgen -G "$job.h5.partial/*/*.state"; do sleep 0.01; done > /dev/null
  pkill -TERM -P $! || kill -TERM $!
  wait $! || [ $? = 75 ]
done
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf - . | gzip -9n > "$archive"
