#include "value.h"

#include "argument.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

static const struct {
  const char *name;
  int64_t itemsize;
} dtypes[POLYSHM_DTYPE_COUNT] = {
#define ROW(NAME, name, type) {#name, (int64_t)sizeof(type)},
    POLYSHM_DTYPE_MAP(ROW)
#undef ROW
};

static bool is_dtype(polyshm_dtype dtype) {
  return dtype >= 0 && dtype < POLYSHM_DTYPE_COUNT;
}

polyshm_status polyshm_dtype_from_name(const char *name, polyshm_dtype *out) {
  if (!out)
    return polyshm__no_result("dtype");
  for (polyshm_dtype dtype = 0; name && dtype < POLYSHM_DTYPE_COUNT; dtype++)
    if (strcmp(dtypes[dtype].name, name) == 0) {
      *out = dtype;
      return POLYSHM_OK;
    }
#define SPACED(NAME, name, type) " " #name
  return polyshm_fail(POLYSHM_ARGUMENT, "dtype \"%.40s\": there is none of that name; the dtypes are%s",
                      name ? name : "", POLYSHM_DTYPE_MAP(SPACED));
#undef SPACED
}

const char *polyshm_dtype_name(polyshm_dtype dtype) {
  return is_dtype(dtype) ? dtypes[dtype].name : NULL;
}

int64_t polyshm_dtype_itemsize(polyshm_dtype dtype) {
  return is_dtype(dtype) ? dtypes[dtype].itemsize : 0;
}

static polyshm_status not_a_number(polyshm_dtype dtype, const polyshm_value *value) {
  static const char *const types[] = {[POLYSHM_TYPE_NONE] = "nothing",
                                      [POLYSHM_TYPE_BOOL] = "a boolean",
                                      [POLYSHM_TYPE_STR] = "text",
                                      [POLYSHM_TYPE_BYTES] = "bytes"};
  bool known = value->type >= 0 && value->type <= POLYSHM_TYPE_BYTES;
  return polyshm_fail(POLYSHM_TYPE, "%s needs a number, not %s", dtypes[dtype].name,
                      known ? types[value->type] : "a value of no known type");
}

static polyshm_status out_of_range(polyshm_dtype dtype, const polyshm_value *value, const char *why) {
  const char *name = dtypes[dtype].name;
  switch (value->type) {
  case POLYSHM_TYPE_INT64:
    return polyshm_fail(POLYSHM_RANGE, "%" PRId64 " %s %s", value->as.int64, why, name);
  case POLYSHM_TYPE_UINT64:
    return polyshm_fail(POLYSHM_RANGE, "%" PRIu64 " %s %s", value->as.uint64, why, name);
  default:
    return polyshm_fail(POLYSHM_RANGE, "%.17g %s %s", value->as.float64, why, name);
  }
}

/* Bounds as doubles are powers of two, so they are exact: low <= x < high. */
static polyshm_status whole(polyshm_dtype dtype, const polyshm_value *value, double low, double high) {
  double x = value->as.float64;
  if (!(x >= low && x < high))
    return out_of_range(dtype, value, "is outside");
  if (x != trunc(x))
    return out_of_range(dtype, value, "has a fraction, and none fits in");
  return POLYSHM_OK;
}

static polyshm_status to_int64(polyshm_dtype dtype, const polyshm_value *value, int64_t *out) {
  switch (value->type) {
  case POLYSHM_TYPE_INT64:
    *out = value->as.int64;
    return POLYSHM_OK;
  case POLYSHM_TYPE_UINT64:
    if (value->as.uint64 > INT64_MAX)
      return out_of_range(dtype, value, "is outside");
    *out = (int64_t)value->as.uint64;
    return POLYSHM_OK;
  case POLYSHM_TYPE_FLOAT64: {
    polyshm_status status = whole(dtype, value, -0x1p63, 0x1p63);
    if (status == POLYSHM_OK)
      *out = (int64_t)value->as.float64;
    return status;
  }
  default:
    return not_a_number(dtype, value);
  }
}

static polyshm_status to_uint64(polyshm_dtype dtype, const polyshm_value *value, uint64_t *out) {
  switch (value->type) {
  case POLYSHM_TYPE_INT64:
    if (value->as.int64 < 0)
      return out_of_range(dtype, value, "is outside");
    *out = (uint64_t)value->as.int64;
    return POLYSHM_OK;
  case POLYSHM_TYPE_UINT64:
    *out = value->as.uint64;
    return POLYSHM_OK;
  case POLYSHM_TYPE_FLOAT64: {
    polyshm_status status = whole(dtype, value, 0, 0x1p64);
    if (status == POLYSHM_OK)
      *out = (uint64_t)value->as.float64;
    return status;
  }
  default:
    return not_a_number(dtype, value);
  }
}

/* An integer fits a float when it comes back unchanged; 2^64 as a double is beyond uint64, so it is tested
 * first. */
static polyshm_status to_float(polyshm_dtype dtype, const polyshm_value *value, double *out) {
  bool single = dtype == POLYSHM_FLOAT32;
  double x;
  switch (value->type) {
  case POLYSHM_TYPE_INT64:
    x = single ? (double)(float)value->as.int64 : (double)value->as.int64;
    if (x >= 0x1p63 || (int64_t)x != value->as.int64)
      return out_of_range(dtype, value, "is not exact in");
    break;
  case POLYSHM_TYPE_UINT64:
    x = single ? (double)(float)value->as.uint64 : (double)value->as.uint64;
    if (x >= 0x1p64 || (uint64_t)x != value->as.uint64)
      return out_of_range(dtype, value, "is not exact in");
    break;
  case POLYSHM_TYPE_FLOAT64:
    x = value->as.float64;
    if (single && isfinite(x) && fabs(x) > FLT_MAX)
      return out_of_range(dtype, value, "is outside");
    break;
  default:
    return not_a_number(dtype, value);
  }
  *out = x;
  return POLYSHM_OK;
}

polyshm_status polyshm_dtype_pack(polyshm_dtype dtype, const polyshm_value *value, void *element) {
  polyshm_status status;
  if (!value || !element)
    return polyshm_fail(POLYSHM_ARGUMENT, "pack: no value or no place for it was given");
  switch (dtype) {
#define PACK_INTEGER(NAME, type, low, high)                                                                  \
  case POLYSHM_##NAME: {                                                                                     \
    int64_t number = 0;                                                                                      \
    if ((status = to_int64(dtype, value, &number)) != POLYSHM_OK)                                            \
      return status;                                                                                         \
    if (number < (low) || number > (high))                                                                   \
      return out_of_range(dtype, value, "is outside");                                                       \
    type narrow = (type)number;                                                                              \
    memcpy(element, &narrow, sizeof narrow);                                                                 \
    return POLYSHM_OK;                                                                                       \
  }
#define PACK_FLOAT(NAME, type)                                                                               \
  case POLYSHM_##NAME: {                                                                                     \
    double number = 0;                                                                                       \
    if ((status = to_float(dtype, value, &number)) != POLYSHM_OK)                                            \
      return status;                                                                                         \
    type narrow = (type)number;                                                                              \
    memcpy(element, &narrow, sizeof narrow);                                                                 \
    return POLYSHM_OK;                                                                                       \
  }
    PACK_INTEGER(INT8, int8_t, INT8_MIN, INT8_MAX)
    PACK_INTEGER(UINT8, uint8_t, 0, UINT8_MAX)
    PACK_INTEGER(INT16, int16_t, INT16_MIN, INT16_MAX)
    PACK_INTEGER(UINT16, uint16_t, 0, UINT16_MAX)
    PACK_INTEGER(INT32, int32_t, INT32_MIN, INT32_MAX)
    PACK_INTEGER(UINT32, uint32_t, 0, UINT32_MAX)
  case POLYSHM_INT64: {
    int64_t number = 0;
    if ((status = to_int64(dtype, value, &number)) == POLYSHM_OK)
      memcpy(element, &number, sizeof number);
    return status;
  }
  case POLYSHM_UINT64: {
    uint64_t number = 0;
    if ((status = to_uint64(dtype, value, &number)) == POLYSHM_OK)
      memcpy(element, &number, sizeof number);
    return status;
  }
    PACK_FLOAT(FLOAT32, float)
    PACK_FLOAT(FLOAT64, double)
#undef PACK_INTEGER
#undef PACK_FLOAT
  default:
    return polyshm_fail(POLYSHM_ARGUMENT, "%" PRId32 " is not a dtype", dtype);
  }
}

void polyshm_dtype_unpack(polyshm_dtype dtype, const void *element, polyshm_value *out) {
  polyshm__unpack(dtype, element, out);
}

bool polyshm_is_utf8(const char *data, int64_t length) {
  const uint8_t *at = (const uint8_t *)data, *end = length > 0 ? at + length : at;
  while (at < end) {
    if (*at < 0x80) {
      at++;
      continue;
    }
    /* RFC 3629, section 4: the first byte tells the length, and narrows the second. */
    int more;
    uint8_t low = 0x80, high = 0xBF;
    if (*at >= 0xC2 && *at <= 0xDF) {
      more = 1;
    } else if (*at >= 0xE0 && *at <= 0xEF) {
      more = 2;
      low = *at == 0xE0 ? 0xA0 : low;
      high = *at == 0xED ? 0x9F : high;
    } else if (*at >= 0xF0 && *at <= 0xF4) {
      more = 3;
      low = *at == 0xF0 ? 0x90 : low;
      high = *at == 0xF4 ? 0x8F : high;
    } else {
      return false;
    }
    if (end - at <= more || at[1] < low || at[1] > high)
      return false;
    for (int i = 2; i <= more; i++)
      if (at[i] < 0x80 || at[i] > 0xBF)
        return false;
    at += more + 1;
  }
  return true;
}

static bool is_number(const polyshm_value *value) {
  return value->type == POLYSHM_TYPE_INT64 || value->type == POLYSHM_TYPE_UINT64 ||
         value->type == POLYSHM_TYPE_FLOAT64;
}

static bool equal_numbers(const polyshm_value *a, const polyshm_value *b) {
  if (a->type == POLYSHM_TYPE_FLOAT64 && b->type == POLYSHM_TYPE_FLOAT64)
    return a->as.float64 == b->as.float64;
  if (a->type == POLYSHM_TYPE_FLOAT64) { /* the float, if there is one, is b from here on */
    const polyshm_value *other = a;
    a = b;
    b = other;
  }
  if (b->type == POLYSHM_TYPE_FLOAT64) { /* exactly: the float is that integer */
    double x = b->as.float64;
    if (a->type == POLYSHM_TYPE_INT64)
      return x >= -0x1p63 && x < 0x1p63 && x == trunc(x) && (int64_t)x == a->as.int64;
    return x >= 0 && x < 0x1p64 && x == trunc(x) && (uint64_t)x == a->as.uint64;
  }
  bool negative_a = a->type == POLYSHM_TYPE_INT64 && a->as.int64 < 0;
  bool negative_b = b->type == POLYSHM_TYPE_INT64 && b->as.int64 < 0;
  return negative_a == negative_b && a->as.uint64 == b->as.uint64;
}

bool polyshm_value_equal(const polyshm_value *a, const polyshm_value *b) {
  if (!a || !b)
    return false;
  if (is_number(a) && is_number(b))
    return equal_numbers(a, b);
  if (a->type != b->type)
    return false;
  switch (a->type) {
  case POLYSHM_TYPE_NONE:
    return true;
  case POLYSHM_TYPE_BOOL:
    return a->as.boolean == b->as.boolean;
  case POLYSHM_TYPE_STR:
  case POLYSHM_TYPE_BYTES:
    return a->as.bytes.length == b->as.bytes.length &&
           (a->as.bytes.length == 0 ||
            memcmp(a->as.bytes.data, b->as.bytes.data, (size_t)a->as.bytes.length) == 0);
  default:
    return false;
  }
}
