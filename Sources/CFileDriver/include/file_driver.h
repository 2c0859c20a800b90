// A driver of libhdf5's virtual file layer.
#ifndef ROTE_FILE_DRIVER_H
#define ROTE_FILE_DRIVER_H

#include <hdf5.h>
#include <stdint.h>

/// Has files of this access list opened by the driver. Negative where it cannot be registered.
///
/// libhdf5 loses errors: it writes chunks when a variable is closed, whose result has no place to go, and where it tries
/// once more to write what failed, it crashes. The driver keeps the first error of a file and takes every later write for
/// done, so that libhdf5 goes on undisturbed, and who closes the file asks for the error.
herr_t rote_driver_set(hid_t access);

/// What system calls of this thread's files said went wrong since `rote_driver_begin`: an errno, 0 for nothing, or
/// ROTE_DAMAGED_HEAP.
int rote_driver_error(void);
void rote_driver_begin(void);

/// Whether what this thread reads from now on are values, which may begin with any bytes: no heap is looked for in them.
void rote_driver_read_values(int are_values);

/// The driver refused a global heap whose lengths do not fit, before libhdf5, which trusts them, could read it.
enum { ROTE_DAMAGED_HEAP = -1 };

/// The first error of writing an open file, an errno; 0 where none went wrong.
int rote_driver_write_error(hid_t file);

/// Whether `count` bytes are a whole global heap with objects that lie within it.
///
/// Source: HDF5 File Format Specification, III.E.
int rote_is_sound_heap(const uint8_t *bytes, size_t count);

#endif
