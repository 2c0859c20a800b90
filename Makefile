# rote: builds the tools, and runs studies with them. `make help` says what there is.

ifeq ($(filter grouped-target,$(.FEATURES)),)
  $(error GNU Make 4.3 or newer is needed; this is $(MAKE_VERSION))
endif

help::
	@echo 'make build          the six tools, in bin/'
	@echo 'make install        PREFIX=/usr/local, DESTDIR=, PROGRAM_PREFIX= (as rote-); make uninstall removes it'
	@echo 'make dist           a source archive; make deb a Debian package; both in dist/'
	@echo 'make test           the tests'
	@echo 'make bench          speed, in tables; TORCH_PYTHON=python, one that has torch, for PyTorch beside it'
	@echo 'make results-sprites, results-proxies, results-gold; make results-cifar10, -arms, -extreme, -tiny-imagenet ARCHIVE=...   those of docs/results.md'
	@echo 'make deps           installs what building needs; make check-deps what check-format needs'
	@echo 'make check-format   reads files with other programs, damages them; fetch-data beside SciPy, libmatio, djpeg'
	@echo 'make check-torch    networks and weights beside PyTorch; TORCH_PYTHON=python, one with torch, torchvision, h5py'
	@echo 'make fuzz           feeds damaged archives to the decoders; FUZZ_SECONDS for each'
	@echo 'make check-faults   lets each system call of small runs fail, each EVERY-th; and fills the disk now and then'
	@echo 'make check-foreign  damaged files of other programs: no signal, no run without end'
	@echo 'make check-all      the checks above and the two below in full: hours'
	@echo 'make check-make     interrupts studies, changes and misspells their settings, and looks what is made again'
	@echo 'make check-resume   cuts runs off, KILLS times a job, and compares their bytes with those of undisturbed ones;'
	@echo '                    and starts two commands at once on one output, PAIRS of each kind'
	@echo 'make check-slurm    the same study by make, srun and a job array on a Slurm of this machine, with tasks killed'
	@echo 'make check-install  make install and uninstall in a scratch folder'
	@echo 'make check-deb      installs the package in a fresh Debian by debootstrap, and removes it; needs root'
	@echo 'make clean          removes what was built; studies stay'

# Targets that are no part of a study, which may be given any variable, and what these take of those here.
free_goals := deps check-deps build test bench fuzz results-sprites results-proxies results-gold results-cifar10 results-arms \
  results-extreme results-tiny-imagenet check-format check-foreign check-faults check-all check-make check-resume check-slurm \
  check-torch install uninstall dist deb check-install check-deb clean
variables += $(addprefix passes/,PREFIX DESTDIR PROGRAM_PREFIX TORCH_PYTHON BENCH_OPTIONS FLIPS TINY_IMAGENET EVERY FULL_DISK KILLS \
  PAIRS FUZZ_SECONDS)

include examples/study.mk

# What is built here, whatever BIN a study takes its tools from.
built := $(addprefix bin/,fetch-data train distill score align report)

sources := Package.swift $(sort $(shell find Sources -type f))

.PHONY: $(free_goals)

# --- The tools.

deps:
	scripts/deps build

check-deps:
	scripts/deps check

build: $(built)

# On Linux the Swift runtime goes into the programs, which then run where there is no Swift.
swift_build := swift build -c release $(if $(filter Linux,$(shell uname)),--static-swift-stdlib)

# The manifest anew each time: it has the commit that --version prints. And the program that makes manual pages.
$(built) &: $(sources)
	scripts/deps build
	$(swift_build) --manifest-cache none
	$(swift_build) --product generate-manual
	mkdir -p bin/.new
	install -m 755 $(built:bin/%=.build/release/%) bin/.new/
	mv $(built:bin/%=bin/.new/%) bin/
	rmdir bin/.new

# A scratch folder of its own: tests are built so that they can import what is internal, and in a shared folder each
# change from one to the other would build everything anew.
test:
	scripts/deps build
	swift test -c release --scratch-path .build-test --disable-xctest

# --- Installing: PREFIX, DESTDIR and PROGRAM_PREFIX (as rote-) are GNU's.

PREFIX = /usr/local
DESTDIR =
PROGRAM_PREFIX =

install: $(built)
	DESTDIR='$(DESTDIR)' scripts/install install '$(PREFIX)' '$(PROGRAM_PREFIX)'

uninstall:
	DESTDIR='$(DESTDIR)' scripts/install uninstall '$(PREFIX)' '$(PROGRAM_PREFIX)'

# A source archive and a Debian package, of the commit and the tools that are there.
dist:
	scripts/dist dist

deb: $(built)
	scripts/deps package
	scripts/deb dist

check-install: $(built)
	scripts/check-install

# Installs the package in a fresh Debian, runs the demo pipeline, removes it; needs root.
check-deb: deb
	scripts/deps chroot
	scripts/check-deb dist/rote_*.deb

clean:
	rm -rf .build .build-test .build-fuzz .fuzz .venv bin dist

# --- Speed.

# A Python that has torch; empty: ours alone. And options of `bench table`, as in BENCH_OPTIONS="--only mlp --rounds 15".
TORCH_PYTHON =
BENCH_OPTIONS =

# oneDNN's figures are there where its header is.
bench:
	scripts/deps build
	$(swift_build) --product bench
	folder=.build/release; \
	onednn=; \
	if echo '#include <dnnl.h>' | cc -E - >/dev/null 2>&1; then \
	  onednn=$$folder/onednn; \
	  cc -O2 Benchmarks/onednn.c -o $$onednn -ldnnl; \
	fi; \
	$$folder/bench peak; echo; \
	$$folder/bench table $(addprefix --python ,$(TORCH_PYTHON)) $(BENCH_OPTIONS); echo; \
	$$folder/bench convolutions $${onednn:+--onednn $$onednn}

# --- The studies of docs/results.md: on 2 cores from a minute (sprites) to two hours (arms).

results-sprites:
	$(MAKE) study DATA=sprites STUDY=study/results-sprites SIZES=mlp+width=128 STUDENT= RUNS=40

# Memorisation and all proxies of two sizes, 40 runs each, and how they agree.
proxies_study := study/results-proxies
proxies_files := $(foreach w,32 128,$(proxies_study)/mlp-$w.h5)

$(proxies_study)/data.h5: | $(tools)
	@mkdir -p $(@D)
	bin/fetch-data sprites -o $@

$(proxies_study)/mlp-%.h5: $(proxies_study)/data.h5 | $(tools)
	bin/train $< --architecture 'mlp width=$*' --recipe quick --runs 0:40 --dynamics evaluation \
	  --snapshots 0,1,10,20,30 -j $(JOBS) -o $@

$(proxies_study)/memorisation.h5: $(proxies_files) | $(tools)
	bin/score memorisation $^ --of correctness,probability,margin -o $@

$(proxies_study)/proxies.h5: $(proxies_study)/data.h5 $(proxies_files) | $(tools)
	bin/score proxies $^ -j $(JOBS) -o $@

$(proxies_study)/agreement.h5: $(proxies_study)/data.h5 $(proxies_study)/proxies.h5 $(proxies_files) | $(tools)
	bin/score agreement $^ -o $@

results-proxies: $(proxies_study)/memorisation.h5 $(proxies_study)/agreement.h5

# 2,000 runs of a small MLP in blocks of 20, and how their scores lie in the intervals from 20 and from 100 of them. On one
# core 7 minutes.
gold := study/results-gold
gold_runs := $(patsubst %,$(gold)/runs/%.h5,$(shell seq -f %04g 0 20 1980))
gold_scores := $(gold)/scores/gold.h5 $(patsubst %,$(gold)/scores/20/%.h5,$(shell seq -f %04g 0 20 1980)) \
  $(patsubst %,$(gold)/scores/100/%.h5,$(shell seq -f %04g 0 100 1900))

$(gold)/data.h5: | $(tools)
	@mkdir -p $(@D)
	bin/fetch-data sprites --test 0:100 -o $@

$(gold)/runs/%.h5: $(gold)/data.h5 | $(tools)
	@mkdir -p $(@D)
	$(LAUNCH) bin/train $< --architecture 'mlp width=32' --recipe quick --epochs 4 --batch-size 100 --learning-rate 0.04 \
	  --test-every 4 --runs $$((10#$*)):$$((10#$* + 20)) --keep none -q -j $(JOBS) -o $@

$(gold)/scores/gold.h5: $(gold_runs) | $(tools)
	@mkdir -p $(@D)
	printf '%s\0' $^ | bin/score memorisation --files0-from - -o $@

$(gold)/scores/20/%.h5: $(gold)/runs/%.h5 | $(tools)
	@mkdir -p $(@D)
	bin/score memorisation $< -q -o $@

# The five blocks from the one that names it.
$(gold)/scores/100/%.h5: $(gold_runs) | $(tools)
	@mkdir -p $(@D)
	bin/score memorisation $$(seq -f '$(gold)/runs/%04g.h5' $$((10#$*)) 20 $$((10#$* + 80))) -q -o $@

results-gold: $(gold_scores) .venv/ready
	$(python) Tests/python/gold.py $(gold)

results-cifar10:
	$(MAKE) study DATA=cifar10 EXAMPLES=0:5000 SIZES=resnet-8 STUDENT=resnet-8 TEACHER=resnet-8 RUNS=20 RECIPE=quick \
	  TRAIN_OPTIONS="--epochs 30 --batch-size 128 --learning-rate 0.2 --weight-decay 1e-4 --augmentation pad-crop-flip \
	  --test-every 10"

# All of the second paper and the arms of distillation, of 5,000 images.
results-extreme:
	$(MAKE) -f examples/extreme.mk SCALE=small $(if $(ARCHIVE),ARCHIVE='$(ARCHIVE)') JOBS=$(JOBS) STUDY=study/results-extreme

results-arms:
	$(MAKE) -f examples/larger.mk arms SCALE=small SIZES='resnet-8 resnet-20' $(if $(ARCHIVE),ARCHIVE='$(ARCHIVE)') JOBS=$(JOBS) STUDY=study/results-larger

# Ten classes of Tiny-ImageNet, in the published layout: ARCHIVE.
tiny := study/results-tiny-imagenet

$(tiny)/data.h5: | $(tools)
	@mkdir -p $(@D)
	bin/fetch-data tiny-imagenet $(addprefix --from ,$(ARCHIVE)) --no-verify -o $@

tiny_epochs_resnet-18 = 30
tiny_epochs_mobilenet-v3-small = 60
tiny_files := $(addprefix $(tiny)/,resnet-18.h5 mobilenet-v3-small.h5)
$(tiny_files): $(tiny)/%.h5: $(tiny)/data.h5 | $(tools)
	bin/train $< --architecture $* --recipe tiny-imagenet --epochs $(tiny_epochs_$*) --subset 1 --runs 0:1 \
	  --test-every 10 --keep none -j $(JOBS) -o $@

results-tiny-imagenet: $(tiny_files)
	bin/report tables $^

# --- Checks with other programs.

python := .venv/bin/python

# Not the program itself, which is a link to the system's.
.venv/ready: Tests/python/requirements.txt
	scripts/deps check
	python3 -m venv .venv
	$(python) -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

# Damaged files a kind.
FLIPS = 2000
# The archive, or one in its layout: its pictures are held against djpeg's, where it is there.
TINY_IMAGENET = ../shared/data/tiny-imagenet-10-classes.zip

check-format: .venv/ready $(tools)
	$(python) Tests/python/check_format.py --flips $(FLIPS)
	$(python) Tests/python/check_example.py
	$(python) Tests/python/check_label_errors.py
	$(python) Tests/python/check_report.py
	$(python) Tests/python/check_report_scale.py --runs 10
	$(python) Tests/python/check_svhn.py
	$(python) Tests/python/check_tiny_imagenet.py $(TINY_IMAGENET)
	$(python) Tests/python/check_hostile.py

# Each how-manieth of some 13,000 points is taken; commands on a disk that is full at times.
EVERY = 1
FULL_DISK = 1000

check-faults: $(tools)
	python3 Tests/python/check_faults.py --every $(EVERY) --full-disk $(FULL_DISK)

check-foreign: .venv/ready $(tools)
	$(python) Tests/python/check_foreign.py --flips $(FLIPS)

# What takes too long for every change.
check-all: check-faults check-foreign check-format check-make check-resume

check-make: .venv/ready $(tools)
	$(python) Tests/python/check_make.py

# Needs no particular machine, but a Python with torch, torchvision, numpy and h5py.
check-torch: $(tools)
	$(TORCH_PYTHON) Tests/torch/networks.py
	$(TORCH_PYTHON) Tests/torch/check_networks.py --self-test
	$(swift_build) --product bench
	$(TORCH_PYTHON) Tests/torch/check_networks.py --bench .build/release/bench
	$(TORCH_PYTHON) Tests/python/check_weights.py
	$(TORCH_PYTHON) Tests/torch/check_alignment.py

# Signals a job.
KILLS = 20

# Pairs of commands at once on one output, of each kind.
PAIRS = 20

check-resume: $(tools)
	python3 Tests/python/check_resume.py --kills $(KILLS)
	python3 Tests/python/check_pairs.py --pairs $(PAIRS)

# A Slurm of this machine's own, on the loopback interface.
check-slurm: $(tools)
	scripts/deps slurm
	python3 Tests/python/check_slurm.py

# For each of the seven decoders.
FUZZ_SECONDS = 120

fuzz:
	scripts/deps build
	FUZZ_EXECUTIONS=1000000 scripts/fuzz $(FUZZ_SECONDS)
