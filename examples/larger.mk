# All of "What do larger image classifiers memorise?" (Lukasik et al., TMLR 2024), from the repository's root. The study is
# that of the top Makefile, with the paper's settings or small ones; trajectories, proxies and their agreement come on top.
# Every artefact is a target; what is cut off goes on with the same command.
#
#     make -f examples/larger.mk ARCHIVE=cifar-10-binary.tar.gz SCALE=small    about an hour on two cores
#     make -f examples/larger.mk                                               the paper's scale: CIFAR-100, 400 runs a size
#
# `make -f examples/larger.mk help` names the parts. The arms of distillation, about an hour more, are for themselves:
#
#     make -f examples/larger.mk arms ARCHIVE=cifar-10-binary.tar.gz SCALE=small

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDEXPANSION:
# Files that only other files need are kept too.
.SECONDARY:

# paper or small.
SCALE = paper
ARCHIVE =
JOBS = 0
STUDY = study/larger-$(SCALE)

data_paper = cifar100
data_small = cifar10
examples_small = 0:5000
sizes_paper = resnet-8 resnet-14 resnet-20 resnet-32 resnet-44 resnet-56 resnet-110
sizes_small = resnet-8 resnet-14 resnet-20
runs_paper = 400
runs_small = 20
# Students of each size from the largest teacher.
student_paper = resnet-8 resnet-20 resnet-56
student_small = resnet-8
recipe_paper = cifar
recipe_small = quick
# Without augmentation so small a set is learnt by heart in 30 epochs.
train_options_paper = --dynamics evaluation --keep checkpoint,logit
train_options_small = --epochs 30 --batch-size 128 --learning-rate 0.2 --weight-decay 1e-4 --augmentation none \
  --test-every 10 --dynamics evaluation --keep checkpoint,logit
# Without augmentation a teacher sees the same images every epoch: what it says of them once gives the same students.
distill_options_paper =
distill_options_small = --teacher-logits stored
# Of proxies those that need no network: of all runs and epochs these alone take minutes.
PROXIES = c_score,cumulative_probability,csl,variability,aum,forgetting_events,first_learned_epoch,agreement,ensemble_confidence,random

SIZES = $(sizes_$(SCALE))
TRAINED = $(shell ls $(foreach a,$(SIZES),$(STUDY)/runs/$a/*.h5) 2>/dev/null)

TEACHER = $(lastword $(SIZES))
STUDENTS = $(student_$(SCALE))
arms = distilled-t2 self smooth stopped
settings = --architecture $1 --recipe $(recipe_$(SCALE)) $(train_options_$(SCALE)) --runs 0:$(runs_$(SCALE)) -j $(JOBS)

.PHONY: all help study trajectories proxies agreement arms
all: trajectories agreement

help:
	@echo 'study         runs of every size, students, scores, alignment, report.md and report.html (the top Makefile)'
	@echo 'arms          of students: distilled with T squared, by the same network, labels smoothed, labels stopped as'
	@echo '              accurate as the distilled; beside labels and distilled'
	@echo 'trajectories  of scores over sizes; proxies; agreement of proxies with scores and their changes'

study:
	$(MAKE) study DATA=$(data_$(SCALE)) ARCHIVE='$(ARCHIVE)' EXAMPLES=$(examples_$(SCALE)) SIZES='$(SIZES)' \
	  STUDENT='$(student_$(SCALE))' TEACHER=$(TEACHER) RUNS=$(runs_$(SCALE)) RECIPE=$(recipe_$(SCALE)) \
	  TRAIN_OPTIONS='$(train_options_$(SCALE))' DISTILL_OPTIONS='$(distill_options_$(SCALE))' STUDY=$(STUDY) JOBS=$(JOBS)

# The study knows which files are out of date; these follow it.
trajectories: study
	@$(MAKE) -f examples/larger.mk SCALE=$(SCALE) STUDY=$(STUDY) JOBS=$(JOBS) $(STUDY)/trajectories.h5
proxies: study
	@$(MAKE) -f examples/larger.mk SCALE=$(SCALE) STUDY=$(STUDY) JOBS=$(JOBS) $(STUDY)/proxies.h5
agreement: study
	@$(MAKE) -f examples/larger.mk SCALE=$(SCALE) STUDY=$(STUDY) JOBS=$(JOBS) $(STUDY)/agreement.h5

$(STUDY)/trajectories.h5: $(TRAINED)
	printf '%s\0' $^ | bin/score trajectories --files0-from - -o $@

$(STUDY)/proxies.h5: $(STUDY)/data.h5 $(TRAINED)
	printf '%s\0' $^ | bin/score proxies --files0-from - --measures $(PROXIES) -j $(JOBS) -o $@

$(STUDY)/agreement.h5: $(STUDY)/data.h5 $(STUDY)/proxies.h5 $(TRAINED)
	printf '%s\0' $^ | bin/score agreement --files0-from - -o $@

arms: study
	@$(MAKE) -f examples/larger.mk SCALE=$(SCALE) STUDY=$(STUDY) JOBS=$(JOBS) $(STUDENTS:%=$(STUDY)/arms/%/report.md)

runs_of = $(sort $(wildcard $(STUDY)/runs/$1/*.h5))
distilled_of = $(sort $(wildcard $(STUDY)/distilled/$1/$(TEACHER)/*.h5))

$(STUDY)/arms/%/distilled-t2.h5: $(STUDY)/data.h5 $$(call runs_of,$(TEACHER))
	@mkdir -p $(@D)
	bin/distill $^ --temperature-squared $(distill_options_$(SCALE)) $(call settings,$*) -o $@

$(STUDY)/arms/%/self.h5: $(STUDY)/data.h5 $$(call runs_of,$$*)
	@mkdir -p $(@D)
	bin/distill $^ $(distill_options_$(SCALE)) $(call settings,$*) -o $@

$(STUDY)/arms/%/smooth.h5: $(STUDY)/data.h5
	@mkdir -p $(@D)
	bin/train $< --label-smoothing 0.1 $(call settings,$*) -o $@

# Each run ends after the epoch in which it is as accurate on its subset as the distilled are in the mean.
$(STUDY)/arms/%/stopped.h5: $(STUDY)/data.h5 $$(call distilled_of,$$*)
	@mkdir -p $(@D)
	accuracy=$$(bin/report tables $(call distilled_of,$*) --format tsv -q | awk -F'\t' \
	  '$$1 == "cell" { for (i = 1; i <= NF; i++) at[$$i] = i } $$1 ~ /^$*/ { print $$at["in_accuracy"]; exit }'); \
	bin/train $< --stop-at-accuracy $$accuracy $(call settings,$*) -o $@

all_arms = $(call runs_of,$1) $(call distilled_of,$1) $(arms:%=$(STUDY)/arms/$1/%.h5)

$(STUDY)/arms/%/scores.h5: $$(call all_arms,$$*)
	bin/score memorisation $^ -o $@

$(STUDY)/arms/%/report.md: $(STUDY)/arms/%/scores.h5 $$(call all_arms,$$*)
	bin/report tables $^ -o $@
	@cat $@
