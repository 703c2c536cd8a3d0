/**
 * @file value.h
 * @brief dtypes, and polyshm_value: the one currency between the core and the scripts.
 *
 * @since 0.1
 */
/**
 * @defgroup value Values
 * @ingroup polyshm
 * @brief dtypes, and polyshm_value: the one currency between the core and the scripts.
 *
 * Numbers are never silently bent. An integer dtype takes whole numbers in its range, given as integer or as
 * float; a float dtype takes integers it can hold exactly, and floats (float32 rounds to nearest, as IEEE 754
 * and numpy do, but a finite value beyond its range is refused). All else is POLYSHM_RANGE or POLYSHM_TYPE.
 *
 * @par Threads
 * These functions keep no state: any thread may call them at any time.
 *
 * @{
 */
#ifndef POLYSHM_VALUE_H
#define POLYSHM_VALUE_H

#include <polyshm/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** X(NAME, numpy's name, C type): the element types, in the machine's byte order. */
#define POLYSHM_DTYPE_MAP(X)                                                                                 \
  X(INT8, int8, int8_t)                                                                                      \
  X(UINT8, uint8, uint8_t)                                                                                   \
  X(INT16, int16, int16_t)                                                                                   \
  X(UINT16, uint16, uint16_t)                                                                                \
  X(INT32, int32, int32_t)                                                                                   \
  X(UINT32, uint32, uint32_t)                                                                                \
  X(INT64, int64, int64_t)                                                                                   \
  X(UINT64, uint64, uint64_t)                                                                                \
  X(FLOAT32, float32, float)                                                                                 \
  X(FLOAT64, float64, double)

/** A dtype's constant: POLYSHM_INT8 … POLYSHM_FLOAT64. */
typedef int32_t polyshm_dtype;

/** The dtypes: numpy's name and the C type of an element. */
enum {
#define POLYSHM_DTYPE_CONSTANT(NAME, name, type) POLYSHM_##NAME,
  POLYSHM_DTYPE_MAP(POLYSHM_DTYPE_CONSTANT)
#undef POLYSHM_DTYPE_CONSTANT
      POLYSHM_DTYPE_COUNT /**< how many there are */
};

/**
 * Finds a dtype by numpy's name.
 *
 * @param name the name: "int8" … "float64".
 * @param out the dtype.
 * @retval POLYSHM_ARGUMENT there is none of that name; the words list the names.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_dtype_from_name(const char *name, polyshm_dtype *out);

/**
 * numpy's name of a dtype.
 *
 * @param dtype the dtype.
 * @return its name; NULL if it is none. Static text.
 */
POLYSHM_API const char *polyshm_dtype_name(polyshm_dtype dtype);

/**
 * The size of one element.
 *
 * @param dtype the dtype.
 * @return bytes; 0 if it is no dtype.
 */
POLYSHM_API int64_t polyshm_dtype_itemsize(polyshm_dtype dtype);

/** What a value holds. */
enum {
  POLYSHM_TYPE_NONE,    /**< nothing */
  POLYSHM_TYPE_BOOL,    /**< a boolean */
  POLYSHM_TYPE_INT64,   /**< a whole number */
  POLYSHM_TYPE_UINT64,  /**< the core gives only numbers above INT64_MAX: those below are INT64 */
  POLYSHM_TYPE_FLOAT64, /**< a double */
  POLYSHM_TYPE_STR,     /**< UTF-8 text */
  POLYSHM_TYPE_BYTES    /**< any bytes */
};

/** A value on its way between a script and the core. Plain data: nothing is owned, str and bytes only point.
 */
typedef struct polyshm_value {
  int32_t type; /**< POLYSHM_TYPE_NONE … POLYSHM_TYPE_BYTES: which member of @p as holds it */
  /** What it holds. */
  union {
    bool boolean;    /**< of POLYSHM_TYPE_BOOL */
    int64_t int64;   /**< of POLYSHM_TYPE_INT64 */
    uint64_t uint64; /**< of POLYSHM_TYPE_UINT64 */
    double float64;  /**< of POLYSHM_TYPE_FLOAT64 */
    /** Text or bytes. */
    struct {
      const char *data; /**< the first byte; no NUL need follow */
      int64_t length;   /**< bytes */
    } bytes;            /**< of POLYSHM_TYPE_STR and POLYSHM_TYPE_BYTES */
  } as;                 /**< the value, by its type */
} polyshm_value;

/**
 * Writes a value as one element.
 *
 * @param dtype the element's type.
 * @param value a number.
 * @param element where it goes. It need not be aligned, and is left as it was on failure.
 * @retval POLYSHM_TYPE the value is not a number.
 * @retval POLYSHM_RANGE the number is out of range, fractional, or not exact in this dtype.
 * @retval POLYSHM_ARGUMENT there is no such dtype.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_dtype_pack(polyshm_dtype dtype, const polyshm_value *value,
                                                              void *element);

/**
 * Reads one element as a value.
 *
 * @param dtype the element's type.
 * @param element where it lies. It need not be aligned.
 * @param out INT64, UINT64 (only above INT64_MAX) or FLOAT64; NONE if there is no such dtype or @p element is
 * NULL. NULL is ignored.
 */
POLYSHM_API void polyshm_dtype_unpack(polyshm_dtype dtype, const void *element, polyshm_value *out);

/**
 * Whether two values are equal: numbers by their value (2 is 2.0), all else by type and content.
 *
 * @param a one of them.
 * @param b the other.
 * @return whether they are; false if one is NULL.
 */
POLYSHM_API bool polyshm_value_equal(const polyshm_value *a, const polyshm_value *b);

/**
 * Whether bytes are UTF-8 as RFC 3629 has it: no overlong form, no surrogate, nothing above U+10FFFF.
 *
 * @param data the first byte.
 * @param length bytes.
 * @return whether they are; true for no bytes.
 */
POLYSHM_API bool polyshm_is_utf8(const char *data, int64_t length);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
