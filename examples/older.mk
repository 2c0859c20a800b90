# Settings of studies that were made before settings/variables was there, read from the options in settings/data, train and
# distill and from the names of their files. Nothing is read where what is said already gives the same options: one value may
# have been said in two ways, as in EXAMPLES=0:300 and DATA_OPTIONS="--train 0:300".

# The value of the option $1 with which the list $2 begins, all of them where there are several, and what follows.
option = $(if $(filter $1,$(firstword $2)),$(word 2,$2))
options = $(if $(filter $1,$(firstword $2)),$(word 2,$2) $(call options,$1,$(call after,$1,$2)))
after = $(if $(filter $1,$(firstword $2)),$(wordlist 3,$(words $2),$2),$2)
after_all = $(if $(filter $1,$(firstword $2)),$(call after_all,$1,$(call after,$1,$2)),$2)
folder = $(notdir $(patsubst %/,%,$(dir $1)))
unique = $(if $1,$(firstword $1) $(call unique,$(filter-out $(firstword $1),$1)))

# Remembers older_NAME of the variables $1, where it is not what holds anyway.
take = $(foreach n,$1,$(if $(filter $n,$(said))$(call same,$(strip $($n)),$(strip $(older_$n))),,$(eval \
  remembered_words += $n=$$(call as_word,$$(strip $$(older_$n))))$(call recall,$n)))

older := $(call text,$(settings)/data)
ifneq ($(older),)
ifeq ($(call same,$(older),$(data_settings)),)
  older_DATA := $(firstword $(older))
  older := $(wordlist 2,$(words $(older)),$(older))
  older_ARCHIVE := $(call options,--from,$(older))
  older := $(call after_all,--from,$(older))
  older_EXAMPLES := $(call option,--train,$(older))
  older := $(call after,--train,$(older))
  older_TEST := $(call option,--test,$(older))
  older_DATA_OPTIONS := $(call after,--test,$(older))
  # DATA first: other values follow from it.
  $(call take,DATA ARCHIVE EXAMPLES TEST DATA_OPTIONS)
endif
endif

older := $(call text,$(settings)/train)
ifneq ($(older),)
ifeq ($(call same,$(older),$(train_settings)),)
  older_RECIPE := $(call option,--recipe,$(older))
  older := $(call after,--recipe,$(older))
  older_EPOCHS := $(call option,--epochs,$(older))
  older := $(call after,--epochs,$(older))
  older_SEED := $(call option,--seed,$(older))
  older := $(call as_word,$(strip $(call after,--seed,$(older))))
  # What is recorded and further options follow each other: the first are those that hold anyway, or none.
  older_RECORD := $(if $(filter $(call as_word,$(strip $(RECORD)))%,$(older)),$(strip $(RECORD)))
  older_TRAIN_OPTIONS := $(subst <space>,$(space),$(patsubst $(call as_word,$(older_RECORD))%,%,$(older)))
  $(call take,RECIPE EPOCHS SEED RECORD TRAIN_OPTIONS)
endif
endif

older := $(call text,$(settings)/distill)
ifneq ($(older),)
ifeq ($(call same,$(older),$(distill_settings)),)
  older_DISTILL_OPTIONS := $(subst <space>,$(space),$(patsubst $(call as_word,$(call text,$(settings)/train))%,%,$(call \
    as_word,$(older))))
  $(call take,DISTILL_OPTIONS)
endif
endif

older := $(call text,$(settings)/sized)
ifneq ($(older),)
  older_SIZES := $(call unique,$(foreach f,$(older),$(call folder,$f)))
  older_RUNS := $(shell echo $$((10#$(lastword $(subst -, ,$(basename $(notdir $(lastword $(older)))))) + 1)))
  $(call take,SIZES RUNS)
endif

older := $(call text,$(settings)/scored)
ifneq ($(older),)
  older := $(foreach f,$(older),$(if $(findstring /distilled/,$f),$f))
  older_STUDENT := $(call unique,$(foreach f,$(older),$(call folder,$(patsubst %/,%,$(dir $f)))))
  older_TEACHER := $(call unique,$(foreach f,$(older),$(call folder,$f)))
  # Without students there may still be a teacher, of whom nothing is known.
  $(call take,STUDENT $(and $(older),TEACHER))
endif

older := $(call text,$(settings)/proxies)
ifneq ($(older),)
  older_PROXIES := $(older)
  $(call take,PROXIES)
endif
