/* value_internal.h: one element to a value and back, inline, for a dtype that the caller's switch has made a
 * constant. */
#ifndef POLYSHM_VALUE_INTERNAL_H
#define POLYSHM_VALUE_INTERNAL_H

#include <polyshm/value.h>

#include <string.h>

static inline void polyshm__unpack(polyshm_dtype dtype, const void *element, polyshm_value *out) {
  if (!out)
    return;
  out->kind = POLYSHM_KIND_NONE;
  if (!element)
    return;
  switch (dtype) {
#define UNPACK(NAME, type, KIND, field)                                                                      \
  case POLYSHM_##NAME: {                                                                                     \
    type number;                                                                                             \
    memcpy(&number, element, sizeof number);                                                                 \
    out->kind = POLYSHM_KIND_##KIND;                                                                         \
    out->as.field = number;                                                                                  \
    return;                                                                                                  \
  }
    UNPACK(INT8, int8_t, INT64, int64)
    UNPACK(UINT8, uint8_t, INT64, int64)
    UNPACK(INT16, int16_t, INT64, int64)
    UNPACK(UINT16, uint16_t, INT64, int64)
    UNPACK(INT32, int32_t, INT64, int64)
    UNPACK(UINT32, uint32_t, INT64, int64)
    UNPACK(INT64, int64_t, INT64, int64)
    UNPACK(FLOAT32, float, FLOAT64, float64)
    UNPACK(FLOAT64, double, FLOAT64, float64)
#undef UNPACK
  case POLYSHM_UINT64: {
    uint64_t number;
    memcpy(&number, element, sizeof number);
    out->kind = number > INT64_MAX ? POLYSHM_KIND_UINT64 : POLYSHM_KIND_INT64;
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
#define PACK(NAME, type, KIND, field)                                                                        \
  case POLYSHM_##NAME: {                                                                                     \
    if (value->kind != POLYSHM_KIND_##KIND || (type)value->as.field != value->as.field)                      \
      return false;                                                                                          \
    type number = (type)value->as.field;                                                                     \
    memcpy(element, &number, sizeof number);                                                                 \
    return true;                                                                                             \
  }
    PACK(INT8, int8_t, INT64, int64)
    PACK(UINT8, uint8_t, INT64, int64)
    PACK(INT16, int16_t, INT64, int64)
    PACK(UINT16, uint16_t, INT64, int64)
    PACK(INT32, int32_t, INT64, int64)
    PACK(UINT32, uint32_t, INT64, int64)
    PACK(INT64, int64_t, INT64, int64)
    PACK(FLOAT64, double, FLOAT64, float64)
#undef PACK
  default:
    return false;
  }
}

#endif
