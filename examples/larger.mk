# All of "What do larger image classifiers memorise?" (Lukasik et al., TMLR 2024): the study of study.mk, with the paper's
# settings or small ones, and the arms of distillation on top. Every artefact is a target; what is cut off goes on with the
# same command. From the repository's root:
#
#     make -f examples/larger.mk ARCHIVE=cifar-10-binary.tar.gz SCALE=small    some hours on two cores, half of them arms
#     make -f examples/larger.mk                                               the paper's scale: CIFAR-100, 400 runs a size
#     make -f examples/larger.mk forecast                                      what that costs
#
# `make -f examples/larger.mk help` names the parts.

# paper or small.
SCALE = paper
variables += decides/SCALE

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
# What each example did in every epoch, for proxies.
record_paper = --dynamics evaluation
record_small = --dynamics evaluation --test-every 10
# Without augmentation so small a set is learnt by heart in 30 epochs.
train_options_paper =
train_options_small = --epochs 30 --batch-size 128 --learning-rate 0.2 --weight-decay 1e-4 --augmentation none
# Without augmentation a teacher sees the same images every epoch: what it says of them once gives the same students.
distill_options_paper =
distill_options_small = --teacher-logits stored

# Of proxies those that need no network: of all runs and epochs these alone take minutes.
proxies = c_score,cumulative_probability,csl,variability,aum,forgetting_events,first_learned_epoch,agreement,$\
  ensemble_confidence,random

ifeq ($(data_$(SCALE)),)
  $(error SCALE=$(SCALE): it is paper or small)
endif

define defaults
  DATA = $$(data_$$(SCALE))
  EXAMPLES = $$(examples_$$(SCALE))
  SIZES = $$(sizes_$$(SCALE))
  STUDENT = $$(student_$$(SCALE))
  TEACHER = $$(lastword $$(SIZES))
  RUNS = $$(runs_$$(SCALE))
  RECIPE = $$(recipe_$$(SCALE))
  RECORD = $$(record_$$(SCALE))
  PROXIES = $$(proxies)
  TRAIN_OPTIONS = $$(train_options_$$(SCALE))
  DISTILL_OPTIONS = $$(distill_options_$$(SCALE))
  STUDY = study/larger-$$(SCALE)
endef

include $(dir $(lastword $(MAKEFILE_LIST)))study.mk

.DEFAULT_GOAL := all
.PHONY: all arms
all: study arms

help::
	@echo
	@echo 'SCALE=paper or small. all: the study, and arms: students distilled with T squared, by the same network, labels'
	@echo 'smoothed, labels stopped as accurate as the distilled; beside labels and distilled'

# Not where the tools are installed.
ifneq ($(wildcard Package.swift),)
$(tools) &:
	$(MAKE) build
endif

# --- The arms, as arms/ARM/STUDENT/TEACHER/BLOCK.h5, and a report for each pair.

pairs := $(foreach s,$(STUDENT),$(foreach t,$(TEACHER),$s/$t))
# Where the teacher is of the student's size, students distilled from it are distilled by the same network already.
names_of_arms = distilled-t2 $(if $(filter $(word 1,$(subst /, ,$1)),$(word 2,$(subst /, ,$1))),,self) smooth stopped
arms_of = $(foreach arm,$(call names_of_arms,$1),$(blocks:%=$(STUDY)/arms/$(arm)/$1/%.h5))
distilled_of_pair = $(blocks:%=$(STUDY)/distilled/$1/%.h5)
all_arms_of = $(call runs_of,$(word 1,$(subst /, ,$1))) $(call distilled_of_pair,$1) $(call arms_of,$1)
# Named one by one: what only patterns name, make removes in the end.
arms: $(foreach p,$(pairs),$(call arms_of,$p) $(addprefix $(STUDY)/arms/$p,.files .h5 .md) $(STUDY)/arms/stopped/$p/accuracy)

# Options of a block, student/teacher/block.
student = --architecture '$(call architecture,$(word 1,$(subst /, ,$*)))' --runs $(call range,$(*F))
own_block = $(STUDY)/runs/$(word 1,$(subst /, ,$1))/$(word 3,$(subst /, ,$1)).h5

$(STUDY)/arms/distilled-t2/%.h5: $(STUDY)/data.h5 $$(call teacher_block,$$*) $(settings)/distill
	@mkdir -p $(@D)
	$(call trained,$(BIN)distill $(wordlist 1,2,$^) $(student) $(distill_settings) --temperature-squared -j $(JOBS))

# These two know no teacher, and are made for each, as reports are of pairs.
$(STUDY)/arms/self/%.h5: $(STUDY)/data.h5 $$(call own_block,$$*) $(settings)/distill
	@mkdir -p $(@D)
	$(call trained,$(BIN)distill $(wordlist 1,2,$^) $(student) $(distill_settings) -j $(JOBS))

$(STUDY)/arms/smooth/%.h5: $(STUDY)/data.h5 $(settings)/train
	@mkdir -p $(@D)
	$(call trained,$(BIN)train $< $(student) $(train_settings) --label-smoothing 0.1 -j $(JOBS))

# Each run ends after the epoch in which it is as accurate on its subset as the distilled are in the mean. That is measured, and
# no setting: where more runs give another accuracy, those that were stopped at the last one are made again.
$(STUDY)/arms/stopped/%/measured: $(settings)/blocks $$(call distilled_of_pair,$$*)
	@mkdir -p $(@D)
	$(LAUNCH) $(BIN)report tables $(filter %.h5,$^) --format tsv -q | awk -F'\t' \
	  'n { print $$n; exit } $$1 == "cell" { for (i = 1; i <= NF; i++) if ($$i == "in_accuracy") n = i }' > $@
	@cmp -s $@ $(@D)/accuracy || cp $@ $(@D)/accuracy
$(STUDY)/arms/stopped/%/accuracy: $(STUDY)/arms/stopped/%/measured ;

$(STUDY)/arms/stopped/%.h5: $(STUDY)/data.h5 $(STUDY)/arms/stopped/$$(*D)/accuracy $(settings)/train
	@mkdir -p $(@D)
	$(call $(if $(filter %/accuracy,$?),launched,trained),$(BIN)train $< $(student) $(train_settings) \
	  --stop-at-accuracy $$(cat $(word 2,$^)) -j $(JOBS)$(if $(filter %/accuracy,$?), --force -o $@))

# What a makefile writes to a file may be longer than a command line.
$(STUDY)/arms/%.files: $(settings)/blocks $$(call all_arms_of,$$*)
	$(call write,$@,$(call all_arms_of,$*))

$(STUDY)/arms/%.h5: $(STUDY)/arms/%.files
	$(call launched,$(BIN)score memorisation --files0-from - -o $@,$<)

$(STUDY)/arms/%.md: $(STUDY)/arms/%.files $(STUDY)/arms/%.h5
	$(call launched,$(BIN)report tables $(word 2,$^) --files0-from - -o $@,$<)
	@cat $@

# The arms' share of what all costs; stopped runs take this at most.
forecast_trained += $(foreach p,$(pairs),$(foreach a,smooth stopped,\
  $(subst /,<,$p),$a $(call forecast_of,$(word 1,$(subst /, ,$p)));))
forecast_distilled += $(foreach s,$(STUDENT),$(foreach t,$(TEACHER),$s<$t,T2 $(call forecast_of,$s) $(call forecast_of,$t); \
  $s<$s $(call forecast_of,$s) $(call forecast_of,$s);))
