# How a makefile puts LAUNCH before a command.

# The command $1, which makes the target, launched; with $2 the names that this file lists go to its standard input: those of
# many runs do not fit on a command line. (What bash reads from a file may be longer than what make can pass to bash.)
#
# srun says that all is well when the node of its command has failed, and the target of before may still be there. What a tool
# writes is always a new file, by rename: a target that is still the old file was not made. make expands both lines before it
# runs the first. They are two, so that the shell becomes the command, and a signal to make's child reaches srun.
define launched
$(if $2,tr ' \n' '\0\0' < $2 | )$(LAUNCH) $1
$(if $(LAUNCH),@[ "$$(ls -i $@ 2>&1 || true)" != "$(shell ls -i $@ 2>&1 || true)" ] || { echo '$@: was not made' >&2; exit 1; })
endef
