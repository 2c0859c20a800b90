#define _GNU_SOURCE
#include "file_driver.h"

#if H5_VERSION_GE(1, 13, 0)
#include <H5FDdevelop.h>
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct file {
  H5FD_t shared;
  int descriptor;
  int is_read_only;
  // The errno of the first write, truncation or flush that failed.
  int write_error;
  haddr_t end_of_addresses, end_of_file;
  dev_t device;
  ino_t inode;
};

// As in libhdf5's own drivers: offsets are signed.
static const haddr_t most = ((haddr_t)1 << (8 * sizeof(off_t) - 1)) - 1;

static _Thread_local int last_error;

int rote_driver_error(void) { return last_error; }
void rote_driver_begin(void) {
  last_error = 0;
  // What is left there after a call tells a want of memory from what libhdf5 calls one.
  errno = 0;
}

static _Thread_local int are_values_read;

void rote_driver_read_values(int are_values) { are_values_read = are_values; }

static void note(struct file *file, int error) {
  last_error = error;
  if (!file->write_error) file->write_error = error;
}

static H5FD_t *open_file(const char *name, unsigned flags, hid_t access, haddr_t limit) {
  (void)access;
  (void)limit;
  int how = (flags & H5F_ACC_RDWR ? O_RDWR : O_RDONLY) | O_CLOEXEC;
  if (flags & H5F_ACC_TRUNC) how |= O_TRUNC;
  if (flags & H5F_ACC_CREAT) how |= O_CREAT;
  if (flags & H5F_ACC_EXCL) how |= O_EXCL;
  struct stat info;
  int descriptor = open(name, how, 0666);
  if (descriptor < 0 || fstat(descriptor, &info) != 0) {
    last_error = errno;
    if (descriptor >= 0) close(descriptor);
    return 0;
  }
  struct file *file = calloc(1, sizeof *file);
  if (!file) {
    last_error = ENOMEM;
    close(descriptor);
    return 0;
  }
  file->descriptor = descriptor;
  file->is_read_only = !(flags & H5F_ACC_RDWR);
  file->end_of_file = info.st_size;
  file->device = info.st_dev;
  file->inode = info.st_ino;
  // libhdf5 looks for a file before it makes it.
  last_error = 0;
  return &file->shared;
}

// Some file systems tell a full disk only now.
static herr_t close_file(H5FD_t *shared) {
  struct file *file = (struct file *)shared;
  if (close(file->descriptor) != 0) last_error = errno;
  free(file);
  return 0;
}

static int compare(const H5FD_t *a, const H5FD_t *b) {
  const struct file *f = (const struct file *)a, *g = (const struct file *)b;
  if (f->device != g->device) return f->device < g->device ? -1 : 1;
  return f->inode < g->inode ? -1 : f->inode > g->inode;
}

// Those of the usual driver that decide where things lie in a file. Without POSIX_COMPAT_HANDLE libhdf5 does not look for
// a name behind a descriptor, which has none any more.
static herr_t query(const H5FD_t *file, unsigned long *flags) {
  (void)file;
  *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
           H5FD_FEAT_AGGREGATE_SMALLDATA | H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
  return 0;
}

static haddr_t end_of_addresses(const H5FD_t *file, H5FD_mem_t type) {
  (void)type;
  return ((const struct file *)file)->end_of_addresses;
}

static herr_t set_end_of_addresses(H5FD_t *file, H5FD_mem_t type, haddr_t address) {
  (void)type;
  ((struct file *)file)->end_of_addresses = address;
  return 0;
}

static haddr_t end_of_file(const H5FD_t *file, H5FD_mem_t type) {
  (void)type;
  return ((const struct file *)file)->end_of_file;
}

static herr_t handle(H5FD_t *file, hid_t access, void **out) {
  (void)access;
  *out = &((struct file *)file)->write_error;
  return 0;
}

// All of it, however the system cuts it up; zeros beyond the end of the file. Negative, with errno, where it fails.
static int read_all(int descriptor, haddr_t address, size_t count, uint8_t *bytes) {
  while (count > 0) {
    ssize_t n = pread(descriptor, bytes, count, (off_t)address);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    if (n == 0) break;
    bytes += n;
    address += n;
    count -= n;
  }
  memset(bytes, 0, count);
  return 0;
}

static uint64_t number(const uint8_t *bytes, int count) {
  uint64_t value = 0;
  for (int i = count - 1; i >= 0; i--) value = value << 8 | bytes[i];
  return value;
}

static int begins_heap(const uint8_t *bytes, size_t count) { return count >= 16 && !memcmp(bytes, "GCOL\1\0\0\0", 8); }

int rote_is_sound_heap(const uint8_t *bytes, size_t count) {
  if (!begins_heap(bytes, count) || number(bytes + 8, 8) != count) return 0;
  size_t place = 16;
  // Each object: index, references, 4 bytes of nothing, length, and its bytes up to a multiple of 8.
  while (count - place >= 16) {
    uint64_t index = number(bytes + place, 2), length = number(bytes + place + 8, 8);
    if (length > count - place) return 0;
    // Index 0 is the space that is left, whose length counts its head.
    uint64_t step = index == 0 ? length : 16 + (length + 7) / 8 * 8;
    if (step < 16 || step > count - place) return 0;
    place += step;
  }
  return 1;
}

// Text of variable length lies in global heaps, which have no checksum and whose lengths libhdf5 1.10 trusts. It reads
// the least that a heap can have, then all of it; either way the whole of it is looked at first. 0, or what is wrong.
static int heap_error(struct file *file, haddr_t address, const uint8_t *head) {
  uint64_t count = number(head + 8, 8);
  if (count < 4096 || address > file->end_of_file || count > file->end_of_file - address) return ROTE_DAMAGED_HEAP;
  uint8_t *bytes = malloc(count);
  if (!bytes) return ENOMEM;
  int error = 0;
  if (read_all(file->descriptor, address, count, bytes) != 0)
    error = errno;
  else if (!rote_is_sound_heap(bytes, count))
    error = ROTE_DAMAGED_HEAP;
  free(bytes);
  return error;
}

static herr_t read_file(H5FD_t *shared, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t count, void *out) {
  (void)type;
  (void)transfer;
  struct file *file = (struct file *)shared;
  // No failure of the system's: the file says where to read.
  if (address > most || count > most - address) return -1;
  if (read_all(file->descriptor, address, count, out) != 0) {
    last_error = errno;
    return -1;
  }
  if (!file->is_read_only || are_values_read || !begins_heap(out, count)) return 0;
  int error = heap_error(file, address, out);
  if (error) last_error = error;
  return error ? -1 : 0;
}

static herr_t write_file(
    H5FD_t *shared, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t count, const void *in) {
  (void)type;
  (void)transfer;
  struct file *file = (struct file *)shared;
  if (address + count > file->end_of_file) file->end_of_file = address + count;
  const uint8_t *bytes = in;
  while (count > 0 && !file->write_error) {
    ssize_t n = pwrite(file->descriptor, bytes, count, (off_t)address);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      note(file, errno);
      break;
    }
    bytes += n;
    address += n;
    count -= n;
  }
  return 0;
}

static herr_t truncate_file(H5FD_t *shared, hid_t transfer, hbool_t is_closing) {
  (void)transfer;
  (void)is_closing;
  struct file *file = (struct file *)shared;
  if (file->is_read_only || file->end_of_file == file->end_of_addresses) return 0;
  if (!file->write_error && ftruncate(file->descriptor, (off_t)file->end_of_addresses) != 0) note(file, errno);
  file->end_of_file = file->end_of_addresses;
  return 0;
}

static const H5FD_class_t driver = {
#if H5_VERSION_GE(1, 13, 0)
    .version = H5FD_CLASS_VERSION,
    // Of those that nobody registers.
    .value = 511,
#endif
    .name = "rote",
    .maxaddr = ((haddr_t)1 << (8 * sizeof(off_t) - 1)) - 1,
    .fc_degree = H5F_CLOSE_WEAK,
    .open = open_file,
    .close = close_file,
    .cmp = compare,
    .query = query,
    .get_eoa = end_of_addresses,
    .set_eoa = set_end_of_addresses,
    .get_eof = end_of_file,
    .get_handle = handle,
    .read = read_file,
    .write = write_file,
    .truncate = truncate_file,
    .fl_map = H5FD_FLMAP_DICHOTOMY,
};

herr_t rote_driver_set(hid_t access) {
  static hid_t id = H5I_INVALID_HID;
  if (id < 0) id = H5FDregister(&driver);
  return id < 0 ? -1 : H5Pset_driver(access, id, 0);
}

int rote_driver_write_error(hid_t file) {
  void *error = 0;
  return H5Fget_vfd_handle(file, H5P_DEFAULT, &error) < 0 || !error ? EIO : *(int *)error;
}
