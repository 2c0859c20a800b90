# What a study remembers, and what is refused before anything is done: docs/studies.md. The makefile that includes this gives
#
#   variables                     its variables, as KIND/NAME: decides/EPOCHS, adds/RUNS, passes/JOBS
#   words numbers networks files  those that are one word, a number above 0, architectures, names of files
#   groups, NAME_settings         options by which things are made, a group a file, settings/NAME
#   finished_NAME                 the finished runs that other settings of this group would make again
#   rules                         its name, for studies that another makefile made
#   older                         a makefile that reads what studies of before settings/variables were made with
#   free_goals                    targets that are no part of a study, of which nothing is asked

# Spaces around what is said mean nothing, and would be part of names.
$(foreach n,$(notdir $(variables)),$(if $(filter command,$(origin $n)),$(eval override $n := $$(strip $$($n)))))

settings := $(STUDY)/settings
memory := $(settings)/variables

comma := ,
empty :=
space := $(empty) $(empty)
define newline


endef
same = $(and $(findstring <$1>,<$2>),$(findstring <$2>,<$1>))
# Make 4.3 takes the last newline away only where its buffer, growing, has not moved to a lower address.
text = $(strip $(file <$1))

# --- What is said, and to make what.

known := $(notdir $(variables))
remembered := $(notdir $(filter-out passes/%,$(variables)))
said := $(strip $(foreach n,$(known),$(if $(filter command override,$(origin $n)),$n)))

checked := $(if $(MAKECMDGOALS),$(filter-out $(free_goals),$(MAKECMDGOALS)),all)
# Where nothing but these is to be made: they make no runs.
asking := $(if $(filter-out help forecast,$(checked)),,$(checked))

# What the shell, and what make too, take for something else than a letter of a name.
shell_signs := ' " ` & ; | < > ( ) { } * ? [ ] \ ! $$ \#
signs := $(shell_signs) : %
signs_of = $(strip $(foreach c,$2,$(findstring $c,$1)))
odd = $(call signs_of,$1,$(signs))
in_quotes = '$(subst ','\'',$1)'
quoted = $(if $(or $(call signs_of,$1,$(shell_signs)),$(word 2,$1)),$(in_quotes),$1)
# This command line with these of the variables, and with the words $2, as one would type it.
line = $(strip make $(if $(filter $(CURDIR),$(realpath $(PWD))),,-C $(call quoted,$(CURDIR))) \
  $(addprefix -f ,$(filter-out GNUmakefile makefile Makefile,$(firstword $(MAKEFILE_LIST)))) $(MAKECMDGOALS) \
  $(foreach n,$1,$n=$(call quoted,$(value $n))) $2)
line_with = $(call line,$(filter-out $1,$(said)),$1=$(call quoted,$2))
forced_line = $(call line_with,FORCE,1)
given = $1=$(call quoted,$(value $1))

# Stops because of $1; $2 is to be typed.
refuse = $(error $1$(newline)    $2$(newline)Nothing was done)

# --- Variables that are none. Make's own are let through.

unknown := $(firstword $(filter-out $(known) SHELL GNUMAKEFLAGS VPATH CURDIR MAKE% .% -%, \
  $(sort $(foreach v,$(.VARIABLES),$(if $(filter command,$(origin $v)),$v)))))
ifneq ($(and $(checked),$(unknown)),)
  nearest := $(shell awk -v asked=$(call quoted,$(unknown)) -v known=$(subst $(space),$(comma),$(strip $(known))) \
    -f $(here)nearest.awk)
  $(call refuse,$(call given,$(unknown)): there is no variable $(unknown). $(if $(nearest),The nearest is \
    $(nearest):,These are named by),$(if $(nearest),$(call line_with,$(nearest),$(value $(unknown))),make help))
endif

# --- What was said before: NAME=value, a line each; here as a list of words, in which a space is written <space>.

as_word = $(subst $(space),<space>,$(strip $1))
remembered_words := $(strip $(subst $(space),<space>,$(file <$(memory))))
is_remembered = $(filter $1=%,$(remembered_words))
was = $(subst <space>,$(space),$(patsubst $1=%,%,$(call is_remembered,$1)))
recall = $(foreach n,$1,$(if $(filter $n,$(said)),,$(if $(call is_remembered,$n),$(eval $n = $$(call was,$n)))))

ifeq ($(remembered_words),)
  -include $(older)
endif
$(call recall,$(remembered))

# What is to be remembered.
remember = $(subst <space>,$(space),$(subst $(space),$(newline),$(strip makefile=$(rules) $(foreach n,$(remembered),$(if \
  $(filter $n,$(said))$(call is_remembered,$n),$n=$(call as_word,$($n)))))))

# --- Values that cannot be meant.

# Stops where $2 is not empty: the variable $1 is not $3, as $4 would be.
must = $(if $(strip $2),$(call refuse,$1="$(value $1)": $3:,$(call line_with,$1,$(strip $4))))
without = $(if $1,$(call without,$(wordlist 2,$(words $1),$1),$(subst $(firstword $1),,$2)),$2)
clean = $(call without,$(signs),$(subst ~,$(HOME),$(subst $(space),-,$1)))
digits = 0 1 2 3 4 5 6 7 8 9
# Words that begin with an option where a name should be, and all words with those joined to their names.
nameless = $(strip $(foreach w,$1,$(if $(findstring =,$(firstword $(subst +, ,$w))),$w)))
joined = $(subst $(space)<join>,+,$(foreach w,$1,$(if $(call nameless,$w),<join>)$w))
absent = $(filter-out $(wildcard $1),$1)

ifneq ($(checked),)
$(foreach n,STUDY BIN,$(call must,$n,$(call odd,$($n))$(findstring ~,$($n))$(word 2,$($n)),a folder's name must have no spaces \
  and no signs of the shell's,$(call clean,$($n))))
$(call must,STUDY,$(if $(strip $(STUDY)),,empty),a study needs a folder,study/$(DATA))
$(if $(filter-out 0 1,$(FORCE)),$(call refuse,FORCE="$(value FORCE)": it is 1 or not given:,$(call line,$(filter-out FORCE,$(said)))))
$(foreach n,$(words),$(call must,$n,$(word 2,$($n)),this is one word$(comma) without spaces,$(subst $(space),,$(strip $($n)))))
$(foreach n,$(numbers),$(call must,$n,$(call without,$(digits),$($n))$(filter 0%,$($n))$(if $($n),,empty)$(shell [ \
  '$(subst ','\'',$($n))' -le 1000000 ] 2>/dev/null || echo large),a number from 1 to 1000000 is needed,20))
$(foreach n,$(networks),$(call must,$n,$(findstring $(comma),$($n)),between names there are spaces$(comma) not commas,$(subst \
  $(comma), ,$($n)))$(call must,$n,$(call nameless,$($n)),an architecture's options follow a plus sign,$(call \
  joined,$($n)))$(call must,$n,$(call odd,$($n)),names must have no signs of the shell's,$(call without,$(signs),$($n))))
# Spaces stand between several files; where these are not there, they are in a name.
$(foreach n,$(filter $(files),$(said)),$(if $(or $(call odd,$($n)),$(and $(word 2,$($n)),$(call absent,$($n)))),$(call \
  refuse,$n="$($n)": a file's name must have no spaces and no signs of the shell's. Give it another:,ln -s '$(subst ','\'',$(if \
  $(filter /%,$($n)),,$(CURDIR)/)$($n))' archive)))
endif

# --- What is said otherwise than before, where that would make finished runs again.

force := $(if $(filter 1,$(FORCE)),--force)
stored = $(call text,$(settings)/$1)
changed := $(strip $(foreach g,$(groups),$(if $(call stored,$g),$(if $(call same,$(call stored,$g),$($g_settings)),,$(if \
  $(finished_$g),$g)))))
new := $(strip $(foreach n,$(filter $(notdir $(filter decides/%,$(variables))),$(said)),$(if $(and $(call \
  is_remembered,$n),$(call same,$(call was,$n),$(strip $($n)))),,$n)))
# A forecast makes data.
stakes := $(if $(filter help,$(asking)),,$(if $(asking),$(filter data%,$(changed)),$(and $(checked),$(changed))))
stranger := $(filter-out $(rules),$(call was,makefile))

ifneq ($(and $(asking),$(stakes),$(new)),)
  $(call refuse,$(STUDY): a forecast for other data would replace those that finished runs are of. Name another folder:,$(call \
    line_with,STUDY,$(STUDY)-2))
endif
ifeq ($(force),)
  ifneq ($(and $(checked),$(if $(asking),,making),$(stranger)),)
    $(call refuse,$(STUDY) was made by $(stranger)$(comma) not by $(rules). Name that makefile by -f$(comma) or another \
      folder:,$(call line_with,STUDY,$(STUDY)-2))
  endif
  ifneq ($(and $(stakes),$(new)),)
    $(call refuse,$(STUDY): $(foreach n,$(new),$(call given,$n)) would make finished runs again (files: $(words $(sort $(foreach \
      g,$(stakes),$(finished_$g)))))$(comma) and without \
      $(if $(word 2,$(new)),them,it) the study goes on as it is. They were made with$(newline)  $(call \
      stored,$(firstword $(stakes)))$(newline)and would be made with$(newline)  $($(firstword $(stakes))_settings)$(newline)To \
      make them again$(comma) type,$(forced_line))
  endif
  ifeq ($(new),)
    $(if $(stakes),$(warning $(STUDY) goes on with the settings that it was made with. Those of $(rules) are others \
      now:$(foreach g,$(stakes),$(newline)  $g: $(call stored,$g)$(newline)  now: $($g_settings))$(newline)To make its runs again by \
      them$(comma) type$(newline)    $(forced_line)))
    $(foreach g,$(changed),$(eval $g_settings := $$(call stored,$g)))
  endif
endif

# --- Files in settings/.

# FORCE where the file at $1 does not hold the text $2, whatever the spaces; nothing where it does.
unless_same = $(if $(call same,$(strip $2),$(call text,$1)),,FORCE)

# Writes the text $2 to the file $1, at once and whole, as its recipe is expanded; but not under make -n, -q or -t, which expand
# it too.
flags = $(firstword -$(MAKEFLAGS))
writes = $(if $(findstring n,$(flags))$(findstring q,$(flags))$(findstring t,$(flags)),,yes)
write = $(if $(writes),$(shell mkdir -p $(dir $1))$(file >$1.new,$2)$(shell mv $1.new $1))

# A forecast asks, and changes nothing of what is remembered. Whatever is made comes after this.
ifneq ($(asking),)
$(memory): ;
else
$(memory): $(call unless_same,$(memory),$(remember))
	$(call write,$@,$(remember))
endif

# --- Data, which keep their file and its time where they come out with the same bytes.

# FORCE where the data file $4 is missing, or older than the settings $1 with the text $2 or than an archive of $3; or what was
# looked at last, $5, is.
data_late = $(if $(wildcard $4),$(call unless_same,$1,$2)$(if $(shell find $1 $(wildcard $3) -maxdepth 0 -newer $(firstword $(wildcard \
  $5 $4)) 2>&1),FORCE),FORCE)

# Makes the data file $2 by the command $1. The target, whose time says that this was done, has the digest of the data beside
# it, with their time, in case that they are removed.
define fetched
$1 -o $@.h5
@if cmp -s $@.h5 $2; then rm $@.h5; \
elif [ "$$(cat $@.sha256 2>/dev/null)" = "$$(sha256sum < $@.h5)" ]; then touch -r $@.sha256 $@.h5 && mv $@.h5 $2; \
elif $(if $(and $(or $(wildcard $2),$(wildcard $@.sha256)),$3,$(if $(force),,kept)),true,false); then rm $@.h5; \
  echo '$2: comes out with other data than those that finished runs ($(words $3) files) are of, and was left as it is.' \
    'To replace it and make the runs again, type' >&2; \
  echo $(call in_quotes,    $(forced_line)) >&2; exit 1; \
else rm -f $@.sha256; mv $@.h5 $2; fi; \
if [ ! -s $@.sha256 ]; then sha256sum < $2 > $@.sha256.new; touch -r $2 $@.sha256.new; mv $@.sha256.new $@.sha256; fi; touch $@
endef

# --- Runs, which are replaced under FORCE=1 alone.

# Makes the runs of the target by the command $1, launched. Where they are there, and something that they are made from is
# newer, the tool looks whether they are what it would make. That makes no runs, and is not launched. Under FORCE=1 those that are
# not (status 64) are made again, and no others. An empty file, as make -t leaves it, is none.
trained = $(if $(shell [ ! -s $@ ] || echo there),$(if $(and $(force),$(call are_others,$1)),$(call launched,$1 --force -o $@),$(call \
  looked_at,$1)),$(call launched,$1 -o $@))
are_others = $(if $(writes),$(shell $1 -o $@ > /dev/null 2>&1 || [ $$? != 64 ] || echo others),unknown)
define looked_at
$1 -o $@ || { \
  echo '$@: holds finished runs, and was left as it is. To make again all that is older than what it was made from, type' >&2; \
  echo $(call in_quotes,    $(forced_line)) >&2; exit 1; }
@touch $@
endef
