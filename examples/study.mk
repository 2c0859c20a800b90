# A study: which data, networks and runs, and all that is made of them. The top Makefile includes this; with tools that are
# installed it stands alone, in any folder:
#
#     make -f /usr/share/rote/study.mk DATA=cifar10
#
# Needs bash and GNU Make 4.3.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDEXPANSION:

here := $(dir $(lastword $(MAKEFILE_LIST)))

# Where the tools are: what stands before their names.
BIN = bin/
tools := $(addprefix $(BIN),fetch-data train distill score align report)

# --- The variables of a study: set them on the command line, as in `make study DATA=cifar10 ARCHIVE=... RUNS=40`. A study
# remembers them (settings.mk): what is not said means the same again.

# Each with what it does. A makefile that includes this adds its own before.
variables += $(addprefix decides/,DATA ARCHIVE EXAMPLES TEST DATA_OPTIONS RECIPE EPOCHS SEED RECORD TRAIN_OPTIONS \
  DISTILL_OPTIONS) $(addprefix adds/,SIZES STUDENT TEACHER RUNS PROXIES) $(addprefix passes/,STUDY BIN JOBS LAUNCH FORCE)
words := DATA EXAMPLES TEST RECIPE EPOCHS SEED RUNS PROXIES JOBS
numbers := RUNS
networks := SIZES STUDENT TEACHER
files := ARCHIVE

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
# 1 makes finished runs again where that is what it takes.
FORCE =
# Cores that one command may use, 0 for all. `make -j N` runs N commands at once, and so uses N x JOBS cores.
JOBS = 0
# What to put before each command, such as "srun -n1 -c1": all but fetch-data, as other machines often see no network.
LAUNCH =
include $(here)launch.mk
# Where the study's files go.
STUDY = study/$(DATA)

# What another makefile, as larger.mk, puts in place of these values; what the command line says counts for more.
$(if $(filter file,$(origin defaults)),$(eval $(defaults)))

# Options by which things are made: what finished runs depend on beside their inputs.
groups := data train distill
data_settings = $(strip $(DATA) $(addprefix --from ,$(ARCHIVE)) $(addprefix --train ,$(EXAMPLES)) \
  $(addprefix --test ,$(TEST)) $(DATA_OPTIONS))
train_settings = $(strip --recipe $(RECIPE) $(addprefix --epochs ,$(EPOCHS)) --seed $(SEED) $(RECORD) $(TRAIN_OPTIONS))
distill_settings = $(strip $(train_settings) $(DISTILL_OPTIONS))

# Those in unfinished blocks too. The arms are those of larger.mk.
finished = $(wildcard $(foreach folder,$1,$(STUDY)/$(folder)/*.h5 $(STUDY)/$(folder)/*.h5.partial/*/*.h5))
finished_distill = $(call finished,distilled/*/* arms/distilled-t2/*/* arms/self/*/*)
finished_train = $(call finished,runs/* distilled/*/* arms/*/*/*)
finished_data = $(finished_train)

# A makefile that puts other values in place makes other studies.
rules := $(if $(filter file,$(origin defaults)),$(notdir $(firstword $(MAKEFILE_LIST))),study.mk)
older := $(here)older.mk
include $(here)settings.mk

# `make DATA=cifar10` is a whole study, and so is `make STUDY=s` of one that is there; `make` alone says what there is.
.DEFAULT_GOAL := $(if $(or $(filter DATA,$(said)),$(and $(filter STUDY,$(said)),$(wildcard $(settings)))),study,help)

.PHONY: help demo study prepare data runs distilled scores trajectories proxies agreement influence alignment report \
  forecast FORCE

help::
	@echo 'make DATA=cifar10   a whole study of real images, fetched first; $(BIN)fetch-data --list names the sets'
	@echo 'make demo           a whole study on generated images, in a few minutes; prints its first tables'
	@echo 'make study          a study: data, runs, distilled, scores, trajectories, proxies, agreement, influence, alignment,'
	@echo '                    report (each is a target too)'
	@echo 'make forecast       what the study will cost; make prepare makes its data and settings alone, for job arrays'
	@echo
	@echo 'Variables of a study, with their values now:'
	@echo '  DATA=$(DATA) ARCHIVE=$(ARCHIVE) EXAMPLES=$(EXAMPLES) TEST=$(TEST) STUDY=$(STUDY)'
	@echo '  SIZES="$(SIZES)" STUDENT="$(STUDENT)" TEACHER="$(TEACHER)"'
	@echo '  RUNS=$(RUNS) RECIPE=$(RECIPE) EPOCHS=$(EPOCHS) SEED=$(SEED) PROXIES=$(PROXIES)'
	@echo '  RECORD="$(RECORD)"'
	@echo '  DATA_OPTIONS="$(DATA_OPTIONS)" TRAIN_OPTIONS="$(TRAIN_OPTIONS)" DISTILL_OPTIONS="$(DISTILL_OPTIONS)"'
	@echo '  FORCE=$(FORCE) (1: make finished runs again where settings differ; what is not said is what $(STUDY) was made with)'
	@echo '  JOBS=$(JOBS) (cores a command may use; make -j N uses N x JOBS) LAUNCH="$(LAUNCH)"'

# --- The study.
#
# Tools are order-only prerequisites: a rebuilt tool does not train everything again. What an artefact does depend on,
# beside its inputs, is the settings that made it, in a file that is rewritten only when they change.

# Blocks of runs: 000-009 010-019 ...; the last is shorter where RUNS is no multiple of 10, and its name says so.
blocks := $(shell for ((a = 0; a < $(RUNS); a += 10)); do \
  printf '%03d-%03d ' $$a $$((a + 10 < $(RUNS) ? a + 9 : $(RUNS) - 1)); done)

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

# All that runs depend on: a job array that trains their blocks (slurm/runs.sbatch) begins here.
prepare: $(STUDY)/data.h5 $(settings)/train $(settings)/distill
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

$(settings)/data: $(call unless_same,$(settings)/data,$(data_settings)) | $(memory)
	$(call write,$@,$(data_settings))

$(settings)/train: $(call unless_same,$(settings)/train,$(train_settings)) | $(memory)
	$(call write,$@,$(train_settings))

$(settings)/distill: $(call unless_same,$(settings)/distill,$(distill_settings)) | $(memory)
	$(call write,$@,$(distill_settings))

$(settings)/scored: $(call unless_same,$(settings)/scored,$(run_files) $(distilled_files)) | $(memory)
	$(call write,$@,$(run_files) $(distilled_files))

$(settings)/sized: $(call unless_same,$(settings)/sized,$(size_files)) | $(memory)
	$(call write,$@,$(size_files))

$(settings)/proxies: $(call unless_same,$(settings)/proxies,$(strip $(PROXIES))) | $(memory)
	$(call write,$@,$(strip $(PROXIES)))

$(settings)/blocks: $(call unless_same,$(settings)/blocks,$(blocks)) | $(memory)
	$(call write,$@,$(blocks))

$(settings)/reported: $(call unless_same,$(settings)/reported,$(reported)) | $(memory)
	$(call write,$@,$(reported))

# Made again, the data keep their file and its time where the bytes are the same.
late := $(call data_late,$(settings)/data,$(data_settings),$(ARCHIVE),$(STUDY)/data.h5,$(settings)/fetched)
$(STUDY)/data.h5: $(and $(late),$(settings)/fetched) | $(memory) ;
$(settings)/fetched: $(settings)/data $(and $(late),$(ARCHIVE) FORCE) | $(tools)
	$(call fetched,$(BIN)fetch-data $(data_settings),$(STUDY)/data.h5,$(finished_data))

$(STUDY)/runs/%.h5: $(STUDY)/data.h5 $(settings)/train | $(tools)
	@mkdir -p $(@D)
	$(call trained,$(BIN)train $< --architecture '$(call architecture,$(*D))' --runs $(call range,$(*F)) \
	  $(train_settings) -j $(JOBS))

# Student block by teacher block: student/teacher/block.
teacher_block = $(STUDY)/runs/$(word 2,$(subst /, ,$1))/$(word 3,$(subst /, ,$1)).h5
$(STUDY)/distilled/%.h5: $(STUDY)/data.h5 $$(call teacher_block,$$*) $(settings)/distill | $(tools)
	@mkdir -p $(@D)
	$(call trained,$(BIN)distill $(wordlist 1,2,$^) --architecture '$(call architecture,$(word 1,$(subst /, ,$*)))' \
	  --runs $(call range,$(*F)) $(distill_settings) -j $(JOBS))

$(STUDY)/scores.h5: $(settings)/scored $(run_files) $(distilled_files) | $(tools)
	$(call launched,$(BIN)score memorisation --files0-from - -o $@,$<)

$(STUDY)/trajectories.h5: $(settings)/sized $(size_files) | $(tools)
	$(call launched,$(BIN)score trajectories --files0-from - -j $(JOBS) -o $@,$<)

$(STUDY)/proxies.h5: $(settings)/sized $(settings)/proxies $(STUDY)/data.h5 $(size_files) | $(tools)
	$(call launched,$(BIN)score proxies $(STUDY)/data.h5 --files0-from - --measures $(PROXIES) -j $(JOBS) -o $@,$<)

$(STUDY)/agreement.h5: $(settings)/sized $(STUDY)/data.h5 $(STUDY)/proxies.h5 $(size_files) | $(tools)
	$(call launched,$(BIN)score agreement $(STUDY)/data.h5 $(STUDY)/proxies.h5 --files0-from - -j $(JOBS) -o $@,$<)

$(STUDY)/influence.h5: $(settings)/sized $(size_files) | $(tools)
	$(call launched,$(BIN)score influence --files0-from - -j $(JOBS) -o $@,$<)

$(STUDY)/alignment/%.h5: $(STUDY)/data.h5 $(settings)/blocks $$(call runs_of,$$*) | $(tools)
	@mkdir -p $(@D)
	$(call launched,$(BIN)align $< $(call runs_of,$*) -j $(JOBS) -o $@)

$(STUDY)/report.md: $(settings)/reported $(reported) | $(tools)
	$(call launched,$(BIN)report --files0-from - -o $@,$<)
	@sed '/^## Trajectories/,$$d; /^## Proxies/,$$d' $@
	@echo 'The whole report: $(STUDY)/report.md, $(STUDY)/report.html'

$(STUDY)/report.html: $(settings)/reported $(reported) | $(tools)
	$(call launched,$(BIN)report --files0-from - --format html -o $@,$<)

# --- What it costs: a dry run of each architecture on one core.

forecast_of = $(STUDY)/forecast/$1.txt
$(STUDY)/forecast/%.txt: $(STUDY)/data.h5 FORCE | $(tools)
	@mkdir -p $(@D)
	$(LAUNCH) $(BIN)train $< --architecture '$(call architecture,$*)' --runs 0:$(RUNS) $(train_settings) --dry-run -j 1 -q > $@

# Label, dry run, and that of the teacher.
forecast_trained = $(foreach a,$(architectures),$a $(call forecast_of,$a);)
forecast_distilled = $(foreach s,$(STUDENT),$(foreach t,$(TEACHER),$s<$t $(call forecast_of,$s) $(call forecast_of,$t);))
forecast: $(foreach a,$(architectures),$(call forecast_of,$a))
	@tr ';' '\n' <<< '$(forecast_trained) $(forecast_distilled)' | grep -v '^ *$$' | awk -f $(here)forecast.awk
