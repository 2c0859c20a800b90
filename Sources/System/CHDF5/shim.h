// libhdf5 for Swift: macros that hide global variables and calls become functions.
#define H5_USE_110_API
#include <hdf5.h>
#include <hdf5_hl.h>
#include <string.h>

static inline hid_t rote_h5_u8(void) { return H5T_NATIVE_UINT8; }
static inline hid_t rote_h5_i8(void) { return H5T_NATIVE_INT8; }
static inline hid_t rote_h5_i32(void) { return H5T_NATIVE_INT32; }
static inline hid_t rote_h5_i64(void) { return H5T_NATIVE_INT64; }
static inline hid_t rote_h5_f32(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t rote_h5_u8_file(void) { return H5T_STD_U8LE; }
static inline hid_t rote_h5_i8_file(void) { return H5T_STD_I8LE; }
static inline hid_t rote_h5_i32_file(void) { return H5T_STD_I32LE; }
static inline hid_t rote_h5_i64_file(void) { return H5T_STD_I64LE; }
static inline hid_t rote_h5_f32_file(void) { return H5T_IEEE_F32LE; }
static inline hid_t rote_h5_c_string(void) { return H5T_C_S1; }

static inline hid_t rote_h5_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t rote_h5_file_create(void) { return H5P_FILE_CREATE; }
static inline hid_t rote_h5_group_create(void) { return H5P_GROUP_CREATE; }
static inline hid_t rote_h5_dataset_create(void) { return H5P_DATASET_CREATE; }
static inline hid_t rote_h5_dataset_access(void) { return H5P_DATASET_ACCESS; }

enum {
  ROTE_H5_DEFAULT = H5P_DEFAULT, ROTE_H5_ALL = H5S_ALL,
  ROTE_H5_RDONLY = 0, ROTE_H5_TRUNC = 2,
  ROTE_H5_FLETCHER32 = H5Z_FILTER_FLETCHER32
};

/// Whether the link at `path` is a plain one: not soft, not external. Negative where it cannot be read.
static inline int rote_h5_is_hard_link(hid_t file, const char *path) {
  H5L_info_t info;
  return H5Lget_info(file, path, &info, H5P_DEFAULT) < 0 ? -1 : info.type == H5L_TYPE_HARD;
}

/// Where the header of an open object lies in its file.
static inline herr_t rote_h5_address(hid_t object, haddr_t *address) {
  H5O_info_t info;
  if (H5Oget_info2(object, &info, H5O_INFO_BASIC) < 0) return -1;
  *address = info.addr;
  return 0;
}

static inline size_t rote_h5_variable_length(void) { return H5T_VARIABLE; }

/// Keeps libhdf5 from printing its error stack; and, where called first, from closing at exit what is still open: a file
/// that was not closed is given up.
static inline void rote_h5_quiet(void) {
  H5dont_atexit();
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

struct rote_h5_message { char text[256]; int is_out_of_memory; };

static herr_t rote_h5_deepest(unsigned n, const H5E_error2_t *e, void *out) {
  struct rote_h5_message *message = (struct rote_h5_message *)out;
  if (n == 0 && e->desc) strncpy(message->text, e->desc, sizeof message->text - 1);
  if (e->maj_num == H5E_RESOURCE && e->min_num == H5E_NOSPACE) message->is_out_of_memory = 1;
  return 0;
}

/// The innermost description on the error stack, which says most.
static inline struct rote_h5_message rote_h5_error(void) {
  struct rote_h5_message m;
  memset(&m, 0, sizeof m);
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, rote_h5_deepest, &m);
  H5Eclear2(H5E_DEFAULT);
  return m;
}
