// What Swift cannot do in a signal handler, and the commit that this build was made from.
#ifndef ROTE_TOOLKIT_H
#define ROTE_TOOLKIT_H

/// Ends the process in the usual ways on SIGINT, SIGTERM and SIGHUP, after removing the registered files; restores
/// SIGPIPE, which a parent may have set to be ignored.
void rote_signals_install(void);

/// From now on SIGTERM and SIGUSR1 only ask the process to stop, which `rote_is_stop_requested` tells; a second SIGTERM
/// ends it as before.
void rote_stop_requests_take(void);

int rote_is_stop_requested(void);

/// Puts a stand-in that fails where standard input, output or error is closed, so that no file of ours takes its number.
void rote_standard_streams_open(void);

/// Takes the file of a slot off the list.
void rote_cleanup_remove(int slot);

/// Removes the files of all slots, and lets none be made any more: the process is about to end. A signal handler may call it.
void rote_cleanup_all(void);

const char *rote_commit(void);

/// `open` with flags and mode as a plain function, since Swift does not import variadic ones.
int rote_open(const char *path, int flags, unsigned mode);

/// Renames a file where nothing is under the new name; else fails with EEXIST. Where the file system cannot do both at once,
/// it looks first.
int rote_rename_new(const char *from, const char *to);

/// `mkostemps` with O_CLOEXEC: a temporary file that is registered for removal by a signal in `slot`, or, where that is
/// null, has no name any more. No signal comes between the two.
int rote_temporary(char *path_template, int suffix_length, int *slot);

/// Has the allocator give arrays of more than a mebibyte back to the system when they are freed.
void rote_give_back_large_arrays(void);

/// Cores that this process may run on.
int rote_cores(void);

#endif
