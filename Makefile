# rote: builds the tools, and runs studies with them. `make help` says what there is.

ifeq ($(filter grouped-target,$(.FEATURES)),)
  $(error GNU Make 4.3 or newer is needed; this is $(MAKE_VERSION))
endif

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDEXPANSION:
# `make DATA=cifar10` is a whole study, `make` alone says what there is.
.DEFAULT_GOAL := $(if $(filter command line,$(origin DATA)),study,help)

# --- The variables of a study: set them on the command line, as in `make study DATA=cifar10 ARCHIVE=... RUNS=40`.

# A set of `fetch-data --list`.
DATA = sprites
# Its published archive, a folder with its files, or the files; empty: fetched where it is not in the cache.
ARCHIVE =
# Training and test examples, as A:B; all where empty.
EXAMPLES =
TEST =
# Architectures; options follow a plus sign, as in mlp+width=128.
SIZES = $(sizes_$(DATA))
sizes_sprites = mlp+width=16 mlp+width=32 mlp+width=128
sizes_cifar10 = resnet-8 resnet-14 resnet-20
sizes_cifar100 = $(sizes_cifar10)
sizes_svhn = $(sizes_cifar10)
sizes_tiny-imagenet = resnet-18 resnet-34 resnet-50
sizes_fashion-mnist = $(sizes_cifar10)
sizes_folder = $(sizes_cifar10)
# Students are distilled from each teacher, and trained on labels too, to compare. Empty: no distillation.
STUDENT = $(firstword $(SIZES))
TEACHER = $(lastword $(SIZES))
# Runs of each architecture, in blocks of 10.
RUNS = 20
# quick (for sprites), cifar, tiny-imagenet, extreme or a file of JSON; and the number of epochs where it is not its own.
RECIPE = $(or $(recipe_$(DATA)),cifar)
recipe_sprites = quick
recipe_tiny-imagenet = tiny-imagenet
EPOCHS =
SEED = 0
# What runs keep beside their results, for proxies and for alignment along training.
RECORD = $(record_$(DATA))
record_sprites = --test-every 5 --snapshots 0,every:10 --dynamics evaluation
# Proxies of memorisation, those of `score proxies --list` with commas between them. Of large data sets curvature, vog,
# prediction_depth and grand take as long as training.
PROXIES = $(or $(proxies_$(DATA)),$(cheap_proxies))
cheap_proxies = c_score,el2n,grand_last_layer,agreement,ensemble_confidence,input_norm,random
proxies_sprites = c_score,cumulative_accuracy,csl,forgetting_events,first_learned_epoch,aum,el2n,grand,prediction_depth,$\
  loss_sensitivity,input_norm,random
# Further options, which end up in the tools' command lines as they are.
DATA_OPTIONS =
TRAIN_OPTIONS =
DISTILL_OPTIONS =
# Cores that one command may use, 0 for all. `make -j N` runs N commands at once, and so uses N x JOBS cores.
JOBS = 0
# What to put before each heavy command, such as "srun -n1 -c1".
LAUNCH =
# Where the study's files go.
STUDY = study/$(DATA)

tools := $(addprefix bin/,fetch-data train distill score align report)
sources := Package.swift $(sort $(shell find Sources -type f))

.PHONY: help deps check-deps build test bench fuzz demo study data runs distilled scores trajectories proxies \
  agreement influence alignment report \
  results-sprites results-proxies results-gold results-cifar10 results-arms \
  results-extreme results-tiny-imagenet check-format check-make check-resume check-torch clean FORCE

help:
	@echo 'make build          the six tools, in bin/'
	@echo 'make demo           a whole study on generated images, in a few minutes; prints its first tables'
	@echo 'make test           the tests'
	@echo 'make bench          speed, in tables; TORCH_PYTHON=python, one that has torch, for PyTorch beside it'
	@echo 'make DATA=cifar10   a whole study of real images, fetched first; bin/fetch-data --list names the sets'
	@echo 'make study          a study: data, runs, distilled, scores, trajectories, proxies, agreement, influence, alignment,'
	@echo '                    report (each is a target too)'
	@echo 'make results-sprites, results-proxies, results-gold; make results-cifar10, -arms, -extreme, -tiny-imagenet ARCHIVE=...   those of docs/results.md'
	@echo 'make deps           installs what building needs; make check-deps what check-format needs'
	@echo 'make check-format   reads files with other programs, damages them; fetch-data beside SciPy, libmatio, djpeg'
	@echo 'make check-torch    networks and weights beside PyTorch; TORCH_PYTHON=python, one with torch, torchvision, h5py'
	@echo 'make fuzz           feeds damaged archives to the decoders; FUZZ_SECONDS for each'
	@echo 'make check-make     interrupts studies, and changes their settings'
	@echo 'make check-resume   cuts runs off, KILLS times a job, and compares their bytes with those of undisturbed ones'
	@echo 'make clean          removes what was built; studies stay'
	@echo
	@echo 'Variables of a study, with their values now:'
	@echo '  DATA=$(DATA) ARCHIVE=$(ARCHIVE) EXAMPLES=$(EXAMPLES) TEST=$(TEST) STUDY=$(STUDY)'
	@echo '  SIZES="$(SIZES)" STUDENT="$(STUDENT)" TEACHER="$(TEACHER)"'
	@echo '  RUNS=$(RUNS) RECIPE=$(RECIPE) EPOCHS=$(EPOCHS) SEED=$(SEED) PROXIES=$(PROXIES)'
	@echo '  RECORD="$(RECORD)"'
	@echo '  DATA_OPTIONS="$(DATA_OPTIONS)" TRAIN_OPTIONS="$(TRAIN_OPTIONS)" DISTILL_OPTIONS="$(DISTILL_OPTIONS)"'
	@echo '  JOBS=$(JOBS) (cores a command may use; make -j N uses N x JOBS) LAUNCH="$(LAUNCH)"'

# --- The tools.

deps:
	scripts/deps build

check-deps:
	scripts/deps check

build: $(tools)

# The manifest anew each time: it has the commit that --version prints.
$(tools) &: $(sources)
	scripts/deps build
	swift build -c release --manifest-cache none
	mkdir -p bin/.new
	folder=$$(swift build -c release --show-bin-path); install -m 755 $(tools:bin/%=$$folder/%) bin/.new/
	mv $(tools:bin/%=bin/.new/%) bin/
	rmdir bin/.new

# A scratch folder of its own: tests are built so that they can import what is internal, and in a shared folder each
# change from one to the other would build everything anew.
test:
	scripts/deps build
	swift test -c release --scratch-path .build-test --disable-xctest

clean:
	rm -rf .build .build-test .build-fuzz .fuzz .venv bin

# --- Speed.

# A Python that has torch; empty: ours alone. And options of `bench table`, as in BENCH_OPTIONS="--only mlp --rounds 15".
TORCH_PYTHON =
BENCH_OPTIONS =

# oneDNN's figures are there where its header is.
bench:
	scripts/deps build
	swift build -c release --product bench
	folder=$$(swift build -c release --show-bin-path); \
	onednn=; \
	if echo '#include <dnnl.h>' | cc -E - >/dev/null 2>&1; then \
	  onednn=$$folder/onednn; \
	  cc -O2 Benchmarks/onednn.c -o $$onednn -ldnnl; \
	fi; \
	$$folder/bench peak; echo; \
	$$folder/bench table $(addprefix --python ,$(TORCH_PYTHON)) $(BENCH_OPTIONS); echo; \
	$$folder/bench convolutions $${onednn:+--onednn $$onednn}

# --- The study.
#
# Tools are order-only prerequisites: a rebuilt tool does not train everything again. What an artefact does depend on,
# beside its inputs, is the settings that made it, in a file that is rewritten only when they change.

settings := $(STUDY)/settings

data_settings = $(strip $(DATA) $(addprefix --from ,$(ARCHIVE)) $(addprefix --train ,$(EXAMPLES)) \
  $(addprefix --test ,$(TEST)) $(DATA_OPTIONS))
train_settings = $(strip --recipe $(RECIPE) $(addprefix --epochs ,$(EPOCHS)) --seed $(SEED) $(RECORD) $(TRAIN_OPTIONS))
distill_settings = $(strip $(train_settings) $(DISTILL_OPTIONS))

# Blocks of runs: 000-009 010-019 ...; the last is shorter where RUNS is no multiple of 10, and its name says so.
blocks := $(shell for ((a = 0; a < $(RUNS); a += 10)); do \
  printf '%03d-%03d ' $$a $$((a + 10 < $(RUNS) ? a + 9 : $(RUNS) - 1)); done 2>/dev/null)
ifeq ($(blocks),)
  $(error RUNS must be a number above 0, not "$(RUNS)")
endif

# "mlp width=128" of mlp+width=128, and 10:20 of 010-019.
architecture = $(subst +, ,$1)
range = $(shell echo $1 | awk -F- '{ print $$1 + 0 ":" $$2 + 1 }')

# The files of an architecture's runs, and of a student's from a teacher.
runs_of = $(foreach block,$(blocks),$(STUDY)/runs/$1/$(block).h5)
distilled_of = $(foreach block,$(blocks),$(STUDY)/distilled/$1/$2/$(block).h5)

architectures := $(sort $(SIZES) $(and $(STUDENT),$(TEACHER),$(STUDENT) $(TEACHER)))
run_files := $(foreach a,$(architectures),$(call runs_of,$a))
distilled_files := $(foreach s,$(STUDENT),$(foreach t,$(TEACHER),$(call distilled_of,$s,$t)))
alignment_files := $(foreach a,$(architectures),$(STUDY)/alignment/$a.h5)
# Networks trained on labels, which trajectories (of two sizes or more), proxies and influence are of.
size_files := $(foreach a,$(SIZES),$(call runs_of,$a))
trajectories_file := $(and $(word 2,$(SIZES)),$(STUDY)/trajectories.h5)
measures := $(trajectories_file) $(STUDY)/proxies.h5 $(STUDY)/agreement.h5 $(STUDY)/influence.h5
reported := $(STUDY)/data.h5 $(STUDY)/scores.h5 $(measures) $(alignment_files) $(run_files) $(distilled_files)

data: $(STUDY)/data.h5
runs: $(run_files)
distilled: $(distilled_files)
scores: $(STUDY)/scores.h5
trajectories: $(trajectories_file)
proxies: $(STUDY)/proxies.h5
agreement: $(STUDY)/agreement.h5
influence: $(STUDY)/influence.h5
alignment: $(alignment_files)
report: $(STUDY)/report.md $(STUDY)/report.html
study demo: report

# FORCE where the file at $1 does not hold the text $2; nothing where it does.
unless_same = $(if $(and $(findstring <$2>,<$(file <$1)>),$(findstring <$(file <$1)>,<$2>)),,FORCE)

# Writes the text $2 to the file $1, but not under make -n, which expands recipes too.
write = $(if $(findstring n,$(firstword -$(MAKEFLAGS))),,$(file >$1,$2))

$(settings):
	@mkdir -p $@

$(settings)/data: $(call unless_same,$(settings)/data,$(data_settings)) | $(settings)
	$(call write,$@,$(data_settings))

$(settings)/train: $(call unless_same,$(settings)/train,$(train_settings)) | $(settings)
	$(call write,$@,$(train_settings))

$(settings)/distill: $(call unless_same,$(settings)/distill,$(distill_settings)) | $(settings)
	$(call write,$@,$(distill_settings))

$(settings)/scored: $(call unless_same,$(settings)/scored,$(run_files) $(distilled_files)) | $(settings)
	$(call write,$@,$(run_files) $(distilled_files))

$(settings)/sized: $(call unless_same,$(settings)/sized,$(size_files)) | $(settings)
	$(call write,$@,$(size_files))

$(settings)/proxies: $(call unless_same,$(settings)/proxies,$(strip $(PROXIES))) | $(settings)
	$(call write,$@,$(strip $(PROXIES)))

$(settings)/blocks: $(call unless_same,$(settings)/blocks,$(blocks)) | $(settings)
	$(call write,$@,$(blocks))

$(settings)/reported: $(call unless_same,$(settings)/reported,$(reported)) | $(settings)
	$(call write,$@,$(reported))

$(STUDY)/data.h5: $(settings)/data $(ARCHIVE) | $(tools)
	bin/fetch-data $(data_settings) -o $@

$(STUDY)/runs/%.h5: $(STUDY)/data.h5 $(settings)/train | $(tools)
	@mkdir -p $(@D)
	$(LAUNCH) bin/train $< --architecture '$(call architecture,$(*D))' --runs $(call range,$(*F)) \
	  $(train_settings) -j $(JOBS) --force -o $@

# Student block by teacher block: student/teacher/block.
teacher_block = $(STUDY)/runs/$(word 2,$(subst /, ,$1))/$(word 3,$(subst /, ,$1)).h5
$(STUDY)/distilled/%.h5: $(STUDY)/data.h5 $$(call teacher_block,$$*) $(settings)/distill | $(tools)
	@mkdir -p $(@D)
	$(LAUNCH) bin/distill $(wordlist 1,2,$^) --architecture '$(call architecture,$(word 1,$(subst /, ,$*)))' \
	  --runs $(call range,$(*F)) $(distill_settings) -j $(JOBS) --force -o $@

# Names of files by standard input: those of many runs do not fit on a command line.
# (What bash reads from a file, below, may be longer than what make can pass to bash.)
$(STUDY)/scores.h5: $(settings)/scored $(run_files) $(distilled_files) | $(tools)
	tr ' \n' '\0\0' < $< | $(LAUNCH) bin/score memorisation --files0-from - -o $@

$(STUDY)/trajectories.h5: $(settings)/sized $(size_files) | $(tools)
	tr ' \n' '\0\0' < $< | $(LAUNCH) bin/score trajectories --files0-from - -j $(JOBS) -o $@

$(STUDY)/proxies.h5: $(settings)/sized $(settings)/proxies $(STUDY)/data.h5 $(size_files) | $(tools)
	tr ' \n' '\0\0' < $< | $(LAUNCH) bin/score proxies $(STUDY)/data.h5 --files0-from - \
	  --measures $(PROXIES) -j $(JOBS) -o $@

$(STUDY)/agreement.h5: $(settings)/sized $(STUDY)/data.h5 $(STUDY)/proxies.h5 $(size_files) | $(tools)
	tr ' \n' '\0\0' < $< | $(LAUNCH) bin/score agreement $(STUDY)/data.h5 $(STUDY)/proxies.h5 --files0-from - \
	  -j $(JOBS) -o $@

$(STUDY)/influence.h5: $(settings)/sized $(size_files) | $(tools)
	tr ' \n' '\0\0' < $< | $(LAUNCH) bin/score influence --files0-from - -j $(JOBS) -o $@

$(STUDY)/alignment/%.h5: $(STUDY)/data.h5 $(settings)/blocks $$(call runs_of,$$*) | $(tools)
	@mkdir -p $(@D)
	$(LAUNCH) bin/align $< $(call runs_of,$*) -j $(JOBS) -o $@

$(STUDY)/report.md: $(settings)/reported $(reported) | $(tools)
	tr ' \n' '\0\0' < $< | bin/report --files0-from - -o $@
	@sed '/^## Trajectories/,$$d; /^## Proxies/,$$d' $@
	@echo 'The whole report: $(STUDY)/report.md, $(STUDY)/report.html'

$(STUDY)/report.html: $(settings)/reported $(reported) | $(tools)
	tr ' \n' '\0\0' < $< | bin/report --files0-from - --format html -o $@

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
	$(MAKE) -f examples/extreme.mk SCALE=small ARCHIVE='$(ARCHIVE)' JOBS=$(JOBS) STUDY=study/results-extreme

results-arms:
	$(MAKE) -f examples/larger.mk arms SCALE=small SIZES='resnet-8 resnet-20' ARCHIVE='$(ARCHIVE)' JOBS=$(JOBS) STUDY=study/results-larger

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

check-make: .venv/ready $(tools)
	$(python) Tests/python/check_make.py

# Needs no particular machine, but a Python with torch, torchvision, numpy and h5py.
check-torch: $(tools)
	$(TORCH_PYTHON) Tests/torch/networks.py
	$(TORCH_PYTHON) Tests/torch/check_networks.py --self-test
	swift build -c release --product bench
	$(TORCH_PYTHON) Tests/torch/check_networks.py --bench "$$(swift build -c release --show-bin-path)/bench"
	$(TORCH_PYTHON) Tests/python/check_weights.py
	$(TORCH_PYTHON) Tests/torch/check_alignment.py

# Signals a job.
KILLS = 20

check-resume: $(tools)
	python3 Tests/python/check_resume.py --kills $(KILLS)

# For each of the seven decoders.
FUZZ_SECONDS = 120

fuzz:
	scripts/deps build
	FUZZ_EXECUTIONS=1000000 scripts/fuzz $(FUZZ_SECONDS)
