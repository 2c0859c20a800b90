# All of "Extreme Memorization via Scale of Initialization" (Mehta, Cutkosky and Neyshabur, ICLR 2021), from the repository's
# root. Every artefact is a target; what is cut off goes on with the same command.
#
#     make -f examples/extreme.mk ARCHIVE=cifar-10-binary.tar.gz SCALE=small    about an hour on two cores, CIFAR-10 alone
#     make -f examples/extreme.mk                                               the paper's scale
#     make -f examples/extreme.mk forecast                                      what that costs
#
# `make -f examples/extreme.mk help` names the parts. One of them: `make -f examples/extreme.mk sin SCALE=small`.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDEXPANSION:
.DEFAULT_GOAL := all
# Files that only other files need are kept too.
.SECONDARY:

here := $(dir $(lastword $(MAKEFILE_LIST)))
# Where the tools are: what stands before their names.
BIN = bin/

# paper or small.
SCALE = paper
# CIFAR-10's published archive, a folder with its files, or the files; empty: fetched where it is not in the cache. The same
# of the other sets; and further options of fetch-data.
ARCHIVE =
ARCHIVE_cifar10 = $(ARCHIVE)
ARCHIVE_cifar100 =
ARCHIVE_svhn =
DATA_OPTIONS =
STUDY = study/extreme-$(SCALE)
JOBS = 0
LAUNCH =
include $(here)launch.mk

# Of the transition between .01 and .1 there are more; all but the five are for the correlation.
SIGMAS = 0.001 0.01 0.02 0.03 0.05 0.1 1 10
FEW_SIGMAS = 0.001 0.01 0.1 1 10

sets_paper = cifar10 cifar100 svhn
sets_small = cifar10
examples_small = 0:5000
epochs_paper = 2000
epochs_small = 80
snapshots_paper = 0,1,10,100,500,2000
snapshots_small = 0,5,80
test_every_paper = 10
test_every_small = 5
runs_paper = 0:3
runs_small = 0:3
# Of all but the sine, whose scores are correlated.
other_runs_paper = 0:3
other_runs_small = 0:1
# Of what stands in the paper's appendix: other losses and activations, and shuffled labels.
other_epochs_paper = 2000
other_epochs_small = 40
other_snapshots_paper = 0,1,10,100,500,2000
other_snapshots_small = 0,5,40
# Convolutional networks are a hundred times the work.
deep_paper = convnet resnet-50 densenet-121
deep_small = convnet
deep_epochs_paper = 200
deep_epochs_small = 20
deep_runs_paper = 0:3
deep_runs_small = 0:1

SETS = $(sets_$(SCALE))
EXAMPLES = $(examples_$(SCALE))
EPOCHS = $(epochs_$(SCALE))
SNAPSHOTS = $(snapshots_$(SCALE))
TEST_EVERY = $(test_every_$(SCALE))
RUNS = $(runs_$(SCALE))
OTHER_RUNS = $(other_runs_$(SCALE))
OTHER_EPOCHS = $(other_epochs_$(SCALE))
OTHER_SNAPSHOTS = $(other_snapshots_$(SCALE))
DEEP = $(deep_$(SCALE))
DEEP_EPOCHS = $(deep_epochs_$(SCALE))
DEEP_RUNS = $(deep_runs_$(SCALE))

# The parts, as set/activation/sigma/loss.
first := $(firstword $(SETS))
cells = $(foreach set,$1,$(foreach a,$2,$(foreach s,$3,$(foreach l,$4,$(STUDY)/$(set)/$a/$s/$l))))
sin_cells := $(call cells,$(SETS),sin,$(SIGMAS),cross-entropy)
relu_cells := $(call cells,$(SETS),relu,$(FEW_SIGMAS),cross-entropy)
loss_cells := $(call cells,$(first),sin relu,$(FEW_SIGMAS),hinge squared)
activation_cells := $(call cells,$(first),sigmoid linear,$(FEW_SIGMAS),cross-entropy)
shuffled_cells := $(call cells,$(first)-shuffled,sin relu,$(FEW_SIGMAS),cross-entropy)
deep_cells := $(foreach a,$(DEEP),$(STUDY)/$(first)/$a/own/cross-entropy)
parts = sin relu loss activation shuffled deep

comma := ,
empty :=
space := $(empty) $(empty)

.PHONY: all help $(parts) initial pairs forecast FORCE
tools := $(addprefix $(BIN),fetch-data train align report)
# Not where the tools are installed.
ifneq ($(wildcard Package.swift),)
$(tools) &:
	$(MAKE) build
endif

all: $(parts) initial pairs

help:
	@echo 'Parts: $(parts) initial pairs; SCALE=paper or small'
	@echo 'sin         the sine by sigma: accuracy, alignment, gradients; best accuracy against alignment (Figures 1, 2)'
	@echo 'relu        ReLU by sigma (4); loss: hinge and squared; activation: sigmoid and linear (appendix)'
	@echo 'shuffled    the labels shuffled (5c, d); deep: $(DEEP) (1c, 5a, b)'
	@echo 'forecast    what the parts cost'
	@echo 'initial     alignment before training; pairs: two vectors (3)'

# Each part's report beside its files: accuracy, learning curves, alignment.
$(parts): %: $(STUDY)/%.md
$(foreach part,$(parts),$(eval $(STUDY)/$(part).md: $(addsuffix /runs.h5,$($(part)_cells)) \
  $(addsuffix /alignment.h5,$($(part)_cells))))
$(addprefix $(STUDY)/,$(addsuffix .md,$(parts))):
	$(call launched,$(BIN)report tables $^ -o $@)
	@cat $@

# Runs appear whole. A tool that is killed after that has failed, and its file is to stay all the same.
.PRECIOUS: $(foreach part,$(parts),$(addsuffix /runs.h5,$($(part)_cells)))

initial: $(foreach a,sin relu,$(STUDY)/$(first)/$a/initial.tsv)
$(STUDY)/$(first)/%/initial.tsv: $(STUDY)/$(first)/data.h5
	@mkdir -p $(@D)
	$(call launched,$(BIN)align init $< --architecture 'mlp activation=$*' --sigmas $(subst \
	  $(space),$(comma),$(strip $(SIGMAS))) --runs $(RUNS) -j $(JOBS) -o $@)

pairs: $(STUDY)/pairs.tsv
$(STUDY)/pairs.tsv: | $(tools)
	@mkdir -p $(@D)
	$(LAUNCH) $(BIN)align pairs > $@

# --- Artefacts.

set = $(firstword $(subst -, ,$*))
$(STUDY)/%/data.h5: | $(tools)
	@mkdir -p $(@D)
	$(BIN)fetch-data $(set) $(addprefix --from ,$(ARCHIVE_$(set))) $(addprefix --train ,$(EXAMPLES)) \
	  $(if $(findstring -shuffled,$*),--shuffle-labels) $(DATA_OPTIONS) -o $@

# A cell's set, activation or network, sigma and loss.
part = $(word $2,$(subst /, ,$1))
is_deep = $(filter $(DEEP),$(call part,$1,2))
network = $(if $(is_deep),$(call part,$1,2),mlp activation=$(call part,$1,2))
# Deep networks keep their own initialisation, which is Glorot's.
initialisation = $(if $(is_deep),--initialisation glorot,--first-layer-std $(call part,$1,3))
is_one_of = $(and $(filter $(SETS),$(call part,$1,1)),$(filter $2,$(call part,$1,2)/$(call part,$1,4)))
long = --epochs $(EPOCHS) --snapshots $(SNAPSHOTS)
short = --epochs $(OTHER_EPOCHS) --snapshots $(OTHER_SNAPSHOTS)
deep = --epochs $(DEEP_EPOCHS) --snapshots 0$(comma)$(DEEP_EPOCHS)
schedule = $(if $(is_deep),$(deep) --runs $(DEEP_RUNS),$(if $(call is_one_of,$1,sin/cross-entropy),$(long) --runs $(RUNS),$(if \
  $(call is_one_of,$1,relu/cross-entropy),$(long),$(short)) --runs $(OTHER_RUNS)))

train = $(BIN)train $< --architecture '$(call network,$*)' $(call initialisation,$*) --loss $(call part,$*,4) \
  --recipe extreme $(call schedule,$*) --subset 1 --test-every $(TEST_EVERY) --keep checkpoint

$(STUDY)/%/runs.h5: $(STUDY)/$$(call part,$$*,1)/data.h5
	@mkdir -p $(@D)
	$(call launched,$(train) -j $(JOBS) -o $@)

$(STUDY)/%/alignment.h5: $(STUDY)/$$(call part,$$*,1)/data.h5 $(STUDY)/%/runs.h5
	$(call launched,$(BIN)align $^ \
	  $(if $(call is_deep,$*),--tensors 'logits$(comma)all parameters$(comma)representation') -j $(JOBS) -o $@)

# --- What it costs: a dry run of each cell on one core.

$(STUDY)/%/forecast.txt: $(STUDY)/$$(call part,$$*,1)/data.h5 FORCE
	@mkdir -p $(@D)
	$(LAUNCH) $(train) --dry-run -j 1 -q > $@

forecast_lines = $(foreach part,$(parts),$(foreach cell,$($(part)_cells),$(part) $(cell)/forecast.txt;))
forecast: $(addsuffix /forecast.txt,$(foreach part,$(parts),$($(part)_cells)))
	@tr ';' '\n' <<< '$(forecast_lines)' | grep -v '^ *$$' | awk -f $(here)forecast.awk
