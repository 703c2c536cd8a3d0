/* value.h: one element to a value and back, inline, for a dtype that the caller's switch has made a
 * constant. */
#ifndef POLYSHM_BASE_VALUE_H
#define POLYSHM_BASE_VALUE_H

#include <polyshm/value.h>

#include <string.h>

/* X(NAME, ctype, TYPE, field): the dtypes whose every element is one type of value, to the last bit. */
#define POLYSHM__PLAIN_MAP(X)                                                                                \
  X(INT8, int8_t, INT64, int64)                                                                              \
  X(UINT8, uint8_t, INT64, int64)                                                                            \
  X(INT16, int16_t, INT64, int64)                                                                            \
  X(UINT16, uint16_t, INT64, int64)                                                                          \
  X(INT32, int32_t, INT64, int64)                                                                            \
  X(UINT32, uint32_t, INT64, int64)                                                                          \
  X(INT64, int64_t, INT64, int64)                                                                            \
  X(FLOAT64, double, FLOAT64, float64)

static inline void polyshm__unpack(polyshm_dtype dtype, const void *element, polyshm_value *out) {
  if (!out)
    return;
  out->type = POLYSHM_TYPE_NONE;
  if (!element)
    return;
  switch (dtype) {
#define UNPACK(NAME, ctype, KIND, field)                                                                     \
  case POLYSHM_##NAME: {                                                                                     \
    ctype number;                                                                                            \
    memcpy(&number, element, sizeof number);                                                                 \
    out->type = POLYSHM_TYPE_##KIND;                                                                         \
    out->as.field = number;                                                                                  \
    return;                                                                                                  \
  }
    POLYSHM__PLAIN_MAP(UNPACK)
    UNPACK(FLOAT32, float, FLOAT64, float64)
#undef UNPACK
  case POLYSHM_UINT64: {
    uint64_t number;
    memcpy(&number, element, sizeof number);
    out->type = number > INT64_MAX ? POLYSHM_TYPE_UINT64 : POLYSHM_TYPE_INT64;
    out->as.uint64 = number; /* the same bits as int64 where the kind is INT64 */
    return;
  }
  default:
    return;
  }
}

/* Packs what needs no conversion, and tells whether it did. The rest is polyshm_dtype_pack()'s. */
static inline bool polyshm__pack_plain(polyshm_dtype dtype, const polyshm_value *value, void *element) {
  switch (dtype) {
#define PACK(NAME, ctype, KIND, field)                                                                       \
  case POLYSHM_##NAME: {                                                                                     \
    if (value->type != POLYSHM_TYPE_##KIND || (ctype)value->as.field != value->as.field)                     \
      return false;                                                                                          \
    ctype number = (ctype)value->as.field;                                                                   \
    memcpy(element, &number, sizeof number);                                                                 \
    return true;                                                                                             \
  }
    POLYSHM__PLAIN_MAP(PACK)
#undef PACK
  default:
    return false;
  }
}

#endif
