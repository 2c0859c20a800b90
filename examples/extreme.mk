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
# 1 makes finished runs again where that is what it takes.
FORCE =
JOBS = 0
LAUNCH =
include $(here)launch.mk

# Each with what it does (settings.mk). A cell's runs are one file: more of them are other settings.
archives := $(addprefix ARCHIVE_,cifar10 cifar100 svhn)
variables += $(addprefix decides/,SCALE ARCHIVE $(archives) DATA_OPTIONS EXAMPLES EPOCHS SNAPSHOTS TEST_EVERY RUNS OTHER_RUNS \
  OTHER_EPOCHS OTHER_SNAPSHOTS DEEP_EPOCHS DEEP_RUNS) $(addprefix adds/,SETS SIGMAS FEW_SIGMAS DEEP) \
  $(addprefix passes/,STUDY BIN JOBS LAUNCH FORCE)
words := SCALE EXAMPLES EPOCHS SNAPSHOTS TEST_EVERY RUNS OTHER_RUNS OTHER_EPOCHS OTHER_SNAPSHOTS DEEP_EPOCHS DEEP_RUNS JOBS
networks := DEEP
files := ARCHIVE $(archives)

ifeq ($(filter paper small,$(SCALE)),)
  $(error SCALE=$(SCALE): it is paper or small)
endif

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

# --- What is remembered (settings.mk): of each set, and of each kind of cell.

data_options = $(strip $(addprefix --from ,$(ARCHIVE_$1)) $(addprefix --train ,$(EXAMPLES)) $(DATA_OPTIONS))
long = --epochs $(EPOCHS) --snapshots $(SNAPSHOTS)
short = --epochs $(OTHER_EPOCHS) --snapshots $(OTHER_SNAPSHOTS)
kinds := sin relu other deep
sin_settings = $(long) --runs $(RUNS) --test-every $(TEST_EVERY)
relu_settings = $(long) --runs $(OTHER_RUNS) --test-every $(TEST_EVERY)
other_settings = $(short) --runs $(OTHER_RUNS) --test-every $(TEST_EVERY)
deep_settings = --epochs $(DEEP_EPOCHS) --snapshots 0$(comma)$(DEEP_EPOCHS) --runs $(DEEP_RUNS) --test-every $(TEST_EVERY)

# A cell, set/activation/sigma/loss or set/network/own/loss, and its kind.
part = $(word $2,$(subst /, ,$1))
kind = $(if $(filter own,$(call part,$1,3)),deep,$(if $(findstring -shuffled,$(call part,$1,1)),other,$(or $(patsubst \
  %/cross-entropy,%,$(filter sin/cross-entropy relu/cross-entropy,$(call part,$1,2)/$(call part,$1,4))),other)))

# Cells with finished runs, those included that wait for others; and which are of a set or a kind.
finished := $(sort $(patsubst $(STUDY)/%/,%,$(dir $(wildcard $(STUDY)/*/*/*/*/runs.h5) $(patsubst %.partial/,%,$(dir \
  $(patsubst %/,%,$(dir $(wildcard $(STUDY)/*/*/*/*/runs.h5.partial/*/*.h5))))))))
finished_set = $(filter $1/% $1-shuffled/%,$(finished))
finished_kind = $(foreach cell,$(finished),$(if $(filter $1,$(call kind,$(cell))),$(cell)))

sets := $(sort $(archives:ARCHIVE_%=%) $(SETS) $(patsubst $(STUDY)/settings/data-%,%,$(wildcard $(STUDY)/settings/data-*)))
groups := $(kinds) $(sets:%=data-%)
$(foreach k,$(kinds),$(eval finished_$k = $$(call finished_kind,$k)))
$(foreach s,$(sets),$(eval data-$s_settings = $$(call data_options,$s))$(eval finished_data-$s = $$(call finished_set,$s)))

rules := extreme.mk
include $(here)settings.mk

# Studies of before there were settings have none: those that hold now are written down as theirs, older than all that is there.
# Until then what there is, $2, does not depend on the file of its group $1.
adopted = $(and $2,$(if $(wildcard $(settings)/$1),,yes))
since = $(if $(adopted),,$(file_of))
file_of = $(settings)/$1
define kept
$(settings)/$1: $(call unless_same,$(settings)/$1,$($1_settings)) | $(memory)
	$$(call write,$$@,$$($1_settings))$(if $(adopted),$$(if $$(writes),$$(shell touch -t 197001020000 $$@)))
endef
$(foreach k,$(kinds),$(eval $(call kept,$k,$(finished_$k))))

# --- The parts, as set/activation/sigma/loss.

first := $(firstword $(SETS))
cells = $(foreach set,$1,$(foreach a,$2,$(foreach s,$3,$(foreach l,$4,$(STUDY)/$(set)/$a/$s/$l))))
sin_cells := $(call cells,$(SETS),sin,$(SIGMAS),cross-entropy)
relu_cells := $(call cells,$(SETS),relu,$(FEW_SIGMAS),cross-entropy)
loss_cells := $(call cells,$(first),sin relu,$(FEW_SIGMAS),hinge squared)
activation_cells := $(call cells,$(first),sigmoid linear,$(FEW_SIGMAS),cross-entropy)
shuffled_cells := $(call cells,$(first)-shuffled,sin relu,$(FEW_SIGMAS),cross-entropy)
deep_cells := $(foreach a,$(DEEP),$(STUDY)/$(first)/$a/own/cross-entropy)
parts = sin relu loss activation shuffled deep
# Removed when all that is made of them is there, these are not missed.
.SECONDARY: $(foreach part,$(parts),$(foreach file,runs alignment,$(addsuffix /$(file).h5,$($(part)_cells)))) \
  $(addprefix $(STUDY)/,$(addsuffix /data.h5,$(SETS) $(first)-shuffled))

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
	@echo
	@echo 'Variables: $(sort $(known))'
	@echo 'What is not said is what $(STUDY) was made with; FORCE=1 makes finished runs again where it is other than before.'

# Each part's report beside its files: accuracy, learning curves, alignment.
$(parts): %: $(STUDY)/%.md
$(foreach part,$(parts),$(eval cells-$(part)_settings := $($(part)_cells)))
define part_report
$(call kept,cells-$1,$(wildcard $(STUDY)/$1.md))
$(STUDY)/$1.md: $(addsuffix /runs.h5,$($1_cells)) $(addsuffix /alignment.h5,$($1_cells)) $(call \
  since,cells-$1,$(wildcard $(STUDY)/$1.md)) | $(settings)/cells-$1
endef
$(foreach part,$(parts),$(eval $(call part_report,$(part))))
$(addprefix $(STUDY)/,$(addsuffix .md,$(parts))):
	$(call launched,$(BIN)report tables $(filter %.h5,$^) -o $@)
	@cat $@

initial_files := $(foreach a,sin relu,$(STUDY)/$(first)/$a/initial.tsv)
initial_settings = --sigmas $(subst $(space),$(comma),$(strip $(SIGMAS))) --runs $(RUNS)
$(eval $(call kept,initial,$(wildcard $(initial_files))))
initial: $(initial_files)
$(STUDY)/$(first)/%/initial.tsv: $(STUDY)/$(first)/data.h5 $(call since,initial,$(wildcard $(initial_files))) | $(settings)/initial
	@mkdir -p $(@D)
	$(call launched,$(BIN)align init $< --architecture 'mlp activation=$*' $(initial_settings) -j $(JOBS) -o $@)

pairs: $(STUDY)/pairs.tsv
$(STUDY)/pairs.tsv: | $(tools)
	@mkdir -p $(@D)
	$(LAUNCH) $(BIN)align pairs > $@

# --- Artefacts.

# Of a set, or of one with -shuffled after its name.
define data
$(if $(filter $1,$2),$(call kept,data-$2,$(wildcard $(STUDY)/$2/data.h5 $(STUDY)/$2-shuffled/data.h5)))
late := $(if $(and $(wildcard $(STUDY)/$1/data.h5),$(call adopted,data-$2,yes)),,$(call \
  data_late,$(settings)/data-$2,$(data-$2_settings),$(ARCHIVE_$2),$(STUDY)/$1/data.h5,$(settings)/fetched-$1))
$(STUDY)/$1/data.h5: $$(and $$(late),$(settings)/fetched-$1) | $(memory) $(settings)/data-$2 ;
$(settings)/fetched-$1: $(settings)/data-$2 $$(and $$(late),$(ARCHIVE_$2) FORCE) | $(tools)
	@mkdir -p $(STUDY)/$1
	$$(call fetched,$(BIN)fetch-data $2 $$(data-$2_settings)$(if $(findstring -shuffled,$1), --shuffle-labels),$(STUDY)/$1/data.h5,$$(call \
	  finished_set,$2))
endef
$(foreach s,$(SETS),$(eval $(call data,$s,$s)))
$(eval $(call data,$(first)-shuffled,$(first)))

# A cell's network; deep ones keep their own initialisation, which is Glorot's.
is_deep = $(filter deep,$(call kind,$1))
network = $(if $(is_deep),$(call part,$1,2),mlp activation=$(call part,$1,2))
initialisation = $(if $(is_deep),--initialisation glorot,--first-layer-std $(call part,$1,3))

train = $(BIN)train $< --architecture '$(call network,$*)' $(call initialisation,$*) --loss $(call part,$*,4) \
  --recipe extreme $($(call kind,$*)_settings) --subset 1 --keep checkpoint

settings_of = $(foreach k,$(call kind,$1),$(call $2,$k,$(finished_$k)))
$(STUDY)/%/runs.h5: $(STUDY)/$$(call part,$$*,1)/data.h5 $$(call settings_of,$$*,since) | $$(call settings_of,$$*,file_of)
	@mkdir -p $(@D)
	$(call trained,$(train) -j $(JOBS))

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
