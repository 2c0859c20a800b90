# How a makefile puts LAUNCH before a command.

# The command $1, which makes the target, launched; with $2 the names that this file lists go to its standard input: those of
# many runs do not fit on a command line. (What bash reads from a file may be longer than what make can pass to bash.)
#
# srun says that all is well when the node of its command has failed, and the target of before may still be there. What a tool
# writes is always a new file, by rename: a target that is still the old file was not made. Where another machine writes it may
# be a while until it shows here. make expands both lines before it runs the first. They are two, so that the shell becomes the
# command, and a signal to make's child reaches srun.
define launched
$(if $2,tr ' \n' '\0\0' < $2 | )$(LAUNCH) $1
$(if $(LAUNCH),@for wait in 0 1 2 3 4; do sleep $$wait; ls $(@D) > /dev/null; \
  if [ "$$(ls -i $@ 2>&1 || true)" != "$(shell ls -i $@ 2>&1 || true)" ]; then exit 0; fi; done; \
  echo '$@: was not made' >&2; exit 1)
endef
