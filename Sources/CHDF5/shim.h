#pragma once
#include <hdf5.h>
#include <stdio.h>
#include <string.h>

// Swift sees functions, not HDF5's macros.
static inline hid_t ascribe_h5_float32(void) { return H5T_IEEE_F32LE; }
static inline hid_t ascribe_h5_float64(void) { return H5T_IEEE_F64LE; }
static inline hid_t ascribe_h5_int32(void) { return H5T_STD_I32LE; }
static inline hid_t ascribe_h5_int64(void) { return H5T_STD_I64LE; }
static inline hid_t ascribe_h5_uint8(void) { return H5T_STD_U8LE; }
static inline hid_t ascribe_h5_native_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t ascribe_h5_native_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t ascribe_h5_native_int32(void) { return H5T_NATIVE_INT32; }
static inline hid_t ascribe_h5_native_int64(void) { return H5T_NATIVE_INT64; }
static inline hid_t ascribe_h5_native_uint8(void) { return H5T_NATIVE_UINT8; }

static inline hid_t ascribe_h5_file_create_class(void) { return H5P_FILE_CREATE; }
static inline hid_t ascribe_h5_file_access_class(void) { return H5P_FILE_ACCESS; }
static inline hid_t ascribe_h5_group_create_class(void) { return H5P_GROUP_CREATE; }
static inline hid_t ascribe_h5_dataset_create_class(void) { return H5P_DATASET_CREATE; }
static inline unsigned ascribe_h5_truncate(void) { return H5F_ACC_TRUNC; }
static inline unsigned ascribe_h5_read_only(void) { return H5F_ACC_RDONLY; }
static inline unsigned ascribe_h5_creation_order(void) {
  return H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
}
static inline long ascribe_h5_open_count(void) {
  return (long)H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL);
}
static inline hid_t ascribe_h5_all(void) { return H5S_ALL; }

/// A text type of variable length in UTF-8.
static inline hid_t ascribe_h5_text(void) {
  hid_t type = H5Tcopy(H5T_C_S1);
  if (type < 0) return type;
  if (H5Tset_size(type, H5T_VARIABLE) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0) {
    H5Tclose(type);
    return -1;
  }
  return type;
}

/// IEEE binary16 (5 exponent bits) or bfloat16 (8 exponent bits), little-endian.
static inline hid_t ascribe_h5_half(int exponentBits) {
  hid_t type = H5Tcopy(H5T_IEEE_F32LE);
  size_t e = (size_t)exponentBits, m = 15 - e;
  if (type < 0) return type;
  if (H5Tset_fields(type, 15, m, e, 0, m) < 0 || H5Tset_size(type, 2) < 0
      || H5Tset_ebias(type, ((size_t)1 << (e - 1)) - 1) < 0) {
    H5Tclose(type);
    return -1;
  }
  return type;
}

/// Number of attributes of an object, negative on failure.
static inline long ascribe_h5_attribute_count(hid_t object) {
#if H5_VERSION_GE(1, 12, 0)
  H5O_info2_t info;
  if (H5Oget_info3(object, &info, H5O_INFO_NUM_ATTRS) < 0) return -1;
#elif H5_VERSION_GE(1, 10, 3)
  H5O_info_t info;
  if (H5Oget_info2(object, &info, H5O_INFO_NUM_ATTRS) < 0) return -1;
#else
  H5O_info_t info;
  if (H5Oget_info(object, &info) < 0) return -1;
#endif
  return (long)info.num_attrs;
}

/// Frees the texts that a read of `type` allocated.
static inline herr_t ascribe_h5_reclaim(hid_t type, hid_t space, void *buffer) {
#if H5_VERSION_GE(1, 12, 0)
  return H5Treclaim(type, space, H5P_DEFAULT, buffer);
#else
  return H5Dvlen_reclaim(type, space, H5P_DEFAULT, buffer);
#endif
}

/// Takes no lock on the file: Ascribe's files are immutable once they have their name.
static inline herr_t ascribe_h5_no_locking(hid_t access) {
#if H5_VERSION_GE(1, 12, 1) || (H5_VERS_MAJOR == 1 && H5_VERS_MINOR == 10 && H5_VERS_RELEASE >= 7)
  return H5Pset_file_locking(access, 0, 1);
#else
  return 0;
#endif
}

struct ascribe_h5_text_buffer {
  char *text;
  size_t capacity, used;
};

static inline herr_t ascribe_h5_collect(unsigned n, const H5E_error2_t *error, void *data) {
  struct ascribe_h5_text_buffer *buffer = (struct ascribe_h5_text_buffer *)data;
  size_t left = buffer->capacity - buffer->used;
  if (left < 2) return 0;
  int wrote = snprintf(buffer->text + buffer->used, left, "%s%s: %s", n ? "; " : "",
                       error->func_name ? error->func_name : "?", error->desc ? error->desc : "?");
  if (wrote > 0) buffer->used += (size_t)wrote < left ? (size_t)wrote : left - 1;
  return 0;
}

/// Writes this thread's error stack into `text`, innermost function first, and clears the stack.
static inline void ascribe_h5_error_text(char *text, size_t capacity) {
  struct ascribe_h5_text_buffer buffer = {text, capacity, 0};
  text[0] = 0;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, ascribe_h5_collect, &buffer);
  H5Eclear2(H5E_DEFAULT);
}

/// Keeps HDF5 from printing errors of this thread on standard error.
/* libhdf5 closes what is open when the process ends, and crashes there on a file that the disk
   refused; all files are closed here, so it need not. To be called before anything else. */
static inline void ascribe_h5_no_exit_handler(void) { H5dont_atexit(); }

static inline void ascribe_h5_silence(void) { H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }

/// The number of a filter of a property list, by its place; negative on failure.
static inline H5Z_filter_t ascribe_h5_filter(
    hid_t list, unsigned place, unsigned *flags, size_t *count, unsigned *values, size_t length,
    char *name) {
  unsigned config = 0;
  return H5Pget_filter2(list, place, flags, count, values, length, name, &config);
}
