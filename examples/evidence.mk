# The evidence on real images for the claims of both papers that examples/larger.mk and examples/extreme.mk name: a study a
# letter. What is compared, at which level and after how many runs is written here before the runs are made. From the
# repository's root:
#
#     nice -n 19 make -f examples/evidence.mk a CIFAR10=cifar-10-binary.tar.gz JOBS=2
#
# SIGTERM to train saves all, and the same command goes on. Runs come in blocks of ten, a block of every network before the
# next of any, so that what is there at any moment is balanced over sizes. A finished block is never made again: the rules
# have no settings that could change, and nothing here passes --force.
#
# None of it is the papers' protocol: batch, rate, decay and epochs differ, and but for the bridge nothing is augmented.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDEXPANSION:
.SECONDARY:
.DEFAULT_GOAL := help

# What extreme.mk is given below is given by name: it takes no variables of this makefile.
MAKEOVERRIDES =

here := $(dir $(lastword $(MAKEFILE_LIST)))
# Where the tools are: what stands before their names.
BIN = bin/
# Published archives, fetched where they are empty. Of Tiny-ImageNet one of ten classes, in the published layout.
CIFAR10 =
TINY_IMAGENET = tiny-imagenet-10-classes.zip
CSCORES = cifar10-cscores-first-25000.npz
# The studies' folders are $(STUDY)-a and so on.
STUDY = study/evidence
JOBS = 0
# Of slim, with h5py.
PYTHON = .venv/bin/python

.PHONY: help all a a-runs slim b c c-longer bridge d e f
all: a c b c-longer bridge d e f

help:
	@echo 'a         width: ResNet-8 of widths .5, 1, 2 on 7,000 images, 40 runs (a-runs), and what is made of them'
	@echo 'b         distillation: students of widths .5, 1 from teachers of widths 1, 2'
	@echo 'c         depth: ResNet-8 to -56 on 50,000 images, 10 and 20 runs; c-longer: twice the epochs'
	@echo 'bridge    augmentation by depth, 100 epochs'
	@echo 'd         ten classes of Tiny-ImageNet: ResNet-18, MobileNet-V3 small by width'
	@echo 'e         the second paper at the small scale, three seeds;  f: published C-scores'
	@echo 'CIFAR10=$(CIFAR10) TINY_IMAGENET=$(TINY_IMAGENET) CSCORES=$(CSCORES) STUDY=$(STUDY) BIN=$(BIN) JOBS=$(JOBS)'

# --- What all studies share.
#
# All seeds are 0: subsets, initialisation, batch order. Run k has the same subset at every size and in every arm, so that
# differences are paired by run. Claims are decided by correctness; probability and confidence are sensitivity. Intervals are
# 95 % t intervals over blocks of runs (pairs at ratio .5, single runs at .7), two-sided. One primary contrast a study; the
# others are secondary, with Holm's correction, and only at full K. What an early look ends is marked as biased outward.

# 35,000 images a run interpolate with these after some 20 epochs of ResNet-8. Momentum, Nesterov and weight decay (1e-4) are
# the recipe's, and its warm-up, a quarter of the epochs.
recipe := --recipe cifar --batch-size 128 --learning-rate 0.2 --decay cosine --augmentation none --seed 0

tens := 000-009 010-019 020-029 030-039
range = $$(echo $(*F) | awk -F- '{ print $$1 + 0 ":" $$2 + 1 }')
architecture = '$(subst +, ,$1)'
train = $(BIN)train $< --architecture $(call architecture,$(*D)) --runs $(range) $1 -j $(JOBS) -q -o $@
# The files of the first $3 blocks in folder $1 of networks $2: block by block.
blocks_of = $(foreach b,$(wordlist 1,$3,$(tens)),$(foreach n,$2,$1/$n/$b.h5))

# --- A, width.
#
# The claim: memorisation rises with size until networks interpolate and falls from there on; most examples' falls, some rise.
# Primary contrast: mean memorisation of width 2 less that of width 1, both of which interpolate; the claim is a fall.
# Looks at 10, 20, 30 and 40 runs, each at p < .0182; half-width at 40 at most .005.
# Secondary, at 40 runs: width 1 less width .5 (from the smallest size to the first whose in-accuracy is .995 or more: width 1
# in a trial of runs 0 and 1, of which accuracies alone were looked at: .94, 1.00, 1.00 in, .54, .57, .60 out), in- and
# out-accuracy, the masses in [0,.1] and [.9,1] of the fitted mixture, shares of trajectory categories at alpha .1, and for
# each proxy the correlation of its change with memorisation's. Width 4, 20 runs, only where the interval of the primary
# contrast at 40 runs has 0 in it: $(call blocks_of,$(STUDY)-a/runs,resnet-8+width=4,2).

sizes_a := resnet-8+width=0.5 resnet-8 resnet-8+width=2
# Dynamics, logits and seven networks a run are for proxies, and for b's teachers: 1 GB. docs/evidence has these runs without
# them (slim), 8 kB a run. Curvature, eight core hours, is left out.
train_a := $(recipe) --subset 0.5 --epochs 25 --test-every 25
keep_a := --dynamics evaluation --snapshots 0,1,5,10,15,20
proxies_a := c_score,cumulative_probability,cumulative_accuracy,csl,variability,aum,forgetting_events,first_learned_epoch,$\
  learned_for_good_epoch,agreement,ensemble_confidence,el2n,grand,grand_last_layer,vog,vog_within_class,$\
  loss_sensitivity,prediction_depth,input_norm,random
runs_a := $(call blocks_of,$(STUDY)-a/runs,$(sizes_a),4)

a-runs: $(runs_a)

# Finished blocks, for docs/evidence.
slim_a := $(patsubst $(STUDY)-a/runs/%,$(here)../docs/evidence/a/%,$(wildcard $(STUDY)-a/runs/*/*.h5))
slim: $(slim_a)
$(slim_a): $(here)../docs/evidence/a/%: $(STUDY)-a/runs/%
	@mkdir -p $(@D)
	$(PYTHON) $(here)../docs/evidence/slim.py $< $@
a: a-runs $(addprefix $(STUDY)-a/,scores.h5 trajectories.h5 proxies.h5 agreement.h5)

$(STUDY)-a/data.h5:
	@mkdir -p $(@D)
	$(BIN)fetch-data cifar10 $(addprefix --from ,$(CIFAR10)) --train 0:7000 -q -o $@

$(STUDY)-a/runs/%.h5: $(STUDY)-a/data.h5
	@mkdir -p $(@D)
	$(call train,$(train_a) $(keep_a))

$(STUDY)-a/scores.h5: $(runs_a)
	$(BIN)score memorisation $^ --of correctness,probability -q -o $@

$(STUDY)-a/trajectories.h5: $(runs_a)
	$(BIN)score trajectories $^ -j $(JOBS) -q -o $@

$(STUDY)-a/proxies.h5: $(STUDY)-a/data.h5 $(runs_a)
	$(BIN)score proxies $^ --measures $(proxies_a) -j $(JOBS) -q -o $@

$(STUDY)-a/agreement.h5: $(STUDY)-a/data.h5 $(STUDY)-a/proxies.h5 $(runs_a)
	$(BIN)score agreement $^ -j $(JOBS) -q -o $@

# --- B, distillation.
#
# The claim: distillation inhibits memorisation, most where it rises with size. Students have their teachers' subsets, T = 3.
# Primary contrast: memorisation of students of width 1 from teachers of width 2, T = 3 with T squared, less that of labels;
# one look, at 40 runs, p < .05. Secondary: the other pairs; without T squared against labels stopped at the same in-accuracy;
# by category, taken from the other half of the runs; the slope of the effect on the change from width .5 to 2.
# Without augmentation a teacher says the same of an image in every epoch: its logits are stored.

train_b := $(recipe) --epochs 25 --test-every 25 --keep none
pairs_b := resnet-8+width=0.5/resnet-8 resnet-8+width=0.5/resnet-8+width=2 resnet-8/resnet-8 resnet-8/resnet-8+width=2
runs_b := $(foreach arm,t1 t2 stopped,$(call blocks_of,$(STUDY)-b/$(arm),$(pairs_b),4))
b: $(runs_b)

# Of student/teacher/block.
student = $(call architecture,$(firstword $(subst /, ,$*)))
teachers = $(STUDY)-a/runs/$(word 2,$(subst /, ,$1))/$(word 3,$(subst /, ,$1)).h5
distil = $(BIN)distill $< $(word 2,$^) --architecture $(student) --runs $(range) $(train_b) --temperature 3 \
  --teacher-logits stored $1 -j $(JOBS) -q -o $@

$(STUDY)-b/t1/%.h5: $(STUDY)-a/data.h5 $$(call teachers,$$*)
	@mkdir -p $(@D)
	$(call distil,)

$(STUDY)-b/t2/%.h5: $(STUDY)-a/data.h5 $$(call teachers,$$*)
	@mkdir -p $(@D)
	$(call distil,--temperature-squared)

# Labels, each run until it is as accurate on its subset as the students without T squared are in the mean over all blocks.
$(STUDY)-b/stopped/%/accuracy: $$(call blocks_of,$(STUDY)-b/t1,$$*,4)
	@mkdir -p $(@D)
	$(BIN)report tables $^ --format tsv -q | awk -F'\t' \
	  'n { print $$n; exit } $$1 == "cell" { for (i = 1; i <= NF; i++) if ($$i == "in_accuracy") n = i }' > $@

$(STUDY)-b/stopped/%.h5: $(STUDY)-a/data.h5 $(STUDY)-b/stopped/$$(*D)/accuracy
	@mkdir -p $(@D)
	$(BIN)train $< --architecture $(student) --runs $(range) $(train_b) --subset 0.5 --stop-at-accuracy $$(cat $(word 2,$^)) \
	  -j $(JOBS) -q -o $@

# --- C, depth.
#
# The claim: memorisation falls with depth where all depths interpolate (the rise cannot be seen here: that is for a's smallest
# width and the bridge). Primary contrast: memorisation of ResNet-20 less that of ResNet-8; looks at 10 and 20 runs, each at
# p < .0294; half-width at most .004. Secondary, at full K: adjacent depths, -32 and -56 (10 runs, half-width at most .005).
# c-longer: twice the epochs, -14 less -8, 10 runs: the sign must be c's.

train_c := $(recipe) --subset 0.7 --test-every 16
runs_c := $(call blocks_of,$(STUDY)-c/runs,resnet-8 resnet-14 resnet-20 resnet-32 resnet-56,1) \
  $(call blocks_of,$(STUDY)-c/runs,resnet-8 resnet-14 resnet-20,2)
runs_c_longer := $(call blocks_of,$(STUDY)-c/longer,resnet-8 resnet-14,1)
c: $(runs_c) $(STUDY)-c/scores.h5
c-longer: $(runs_c_longer)

$(STUDY)-c/data.h5:
	@mkdir -p $(@D)
	$(BIN)fetch-data cifar10 $(addprefix --from ,$(CIFAR10)) -q -o $@

# Logits are for probability and confidence in f.
$(STUDY)-c/runs/%.h5: $(STUDY)-c/data.h5
	@mkdir -p $(@D)
	$(call train,$(train_c) --epochs 16 --keep logit)

$(STUDY)-c/longer/%.h5: $(STUDY)-c/data.h5
	@mkdir -p $(@D)
	$(call train,$(train_c) --epochs 32 --keep none)

$(STUDY)-c/scores.h5: $(runs_c)
	$(BIN)score memorisation $^ --of correctness,probability,margin -q -o $@

# --- The bridge to the paper's protocol.
#
# Primary contrast: the interaction of augmentation and depth, (-20 less -8 with crop and flip) less (-20 less -8 without);
# one look, 10 runs, p < .05. Secondary: each of the four.

train_bridge := $(recipe) --subset 0.5 --epochs 100 --test-every 20 --keep none
runs_bridge := $(foreach arm,none pad-crop-flip,$(call blocks_of,$(STUDY)-bridge/$(arm),resnet-8 resnet-20,1))
bridge: $(runs_bridge)

$(STUDY)-bridge/data.h5:
	@mkdir -p $(@D)
	$(BIN)fetch-data cifar10 $(addprefix --from ,$(CIFAR10)) --train 0:14000 -q -o $@

$(STUDY)-bridge/none/%.h5: $(STUDY)-bridge/data.h5
	@mkdir -p $(@D)
	$(call train,$(train_bridge))

$(STUDY)-bridge/pad-crop-flip/%.h5: $(STUDY)-bridge/data.h5
	@mkdir -p $(@D)
	$(call train,$(train_bridge) --augmentation pad-crop-flip)

# --- D, ten classes of Tiny-ImageNet: networks that do not interpolate.
#
# Primary contrast: memorisation of MobileNet-V3 small at width 1 less width .35; looks at 10 and 20 runs, each at p < .0294.
# Secondary: adjacent widths; ResNet-18 is described, not compared. Epochs are those of results-tiny-imagenet.

train_d := --recipe tiny-imagenet --seed 0 --subset 0.7 --test-every 30 --keep none
mobile_d := mobilenet-v3-small+width=0.35 mobilenet-v3-small+width=0.5 mobilenet-v3-small
runs_d := $(foreach b,$(wordlist 1,2,$(tens)),$(foreach n,$(mobile_d) resnet-18,$(STUDY)-d/runs/$n/$b.h5))
d: $(runs_d)

$(STUDY)-d/data.h5:
	@mkdir -p $(@D)
	$(BIN)fetch-data tiny-imagenet $(addprefix --from ,$(TINY_IMAGENET)) --no-verify -q -o $@

$(STUDY)-d/runs/%.h5: $(STUDY)-d/data.h5
	@mkdir -p $(@D)
	$(call train,$(train_d) --epochs $(if $(findstring resnet,$*),30,60))

# --- E, the second paper, three seeds.
#
# Primary contrast: correlation over seeds and scales of the sine's test accuracy with its alignment; the paper says positive.
# 80 epochs stand for the paper's 2,000.

e:
	$(MAKE) -f $(here)extreme.mk SCALE=small $(if $(CIFAR10),ARCHIVE='$(CIFAR10)') STUDY='$(STUDY)-e' BIN='$(BIN)' JOBS='$(JOBS)' \
	  OTHER_RUNS=0:3 DEEP_RUNS=0:3 DEEP='convnet resnet-50 densenet-121'

# --- F, published C-scores of CIFAR-10's first 25,000 examples.
#
# Primary number: Spearman's correlation of 1 - memorisation, by correctness, of ResNet-20 at 20 runs with the C-scores.

f: $(STUDY)-c/cscores.h5 $(STUDY)-c/scores.h5

$(STUDY)-c/cscores.h5: $(STUDY)-c/data.h5
	$(BIN)score import $(CSCORES) --from c-score --data $< -q -o $@
