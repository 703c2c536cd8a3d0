/*
 * number.i: integers and booleans. SWIG wraps, truncates or rounds what does not fit, and calls rb_rescue for each number.
 * Only an Integer is an integer: 1.5, 3.0, "12" and nil are TYPE.
 */
%{
#include <inttypes.h>

/* A bignum's 64 bits, and who can hold it: POLYSHM_TYPE_INT64, POLYSHM_TYPE_UINT64, or nobody: POLYSHM_TYPE_NONE. */
static int32_t polyshm_ruby_bignum(VALUE number, uint64_t *bits) {
  /* 1 and -1: within 2^64 and -2^64, and bits are two's complement; 2 and -2: beyond. */
  switch (rb_integer_pack(number, bits, 1, sizeof *bits, 0, INTEGER_PACK_NATIVE_BYTE_ORDER | INTEGER_PACK_2COMP)) {
  case 1:
    return *bits > INT64_MAX ? POLYSHM_TYPE_UINT64 : POLYSHM_TYPE_INT64;
  case -1:
    return *bits > INT64_MAX ? POLYSHM_TYPE_INT64 : POLYSHM_TYPE_NONE;
  default:
    return POLYSHM_TYPE_NONE;
  }
}

static inline bool host_absent(host_context context, VALUE object) {
  (void)context;
  return NIL_P(object);
}
#define host_left_out host_absent

static polyshm_status polyshm_ruby_other_int64(VALUE number, const char *word, int64_t *integer) {
  if (!RB_TYPE_P(number, T_BIGNUM))
    return polyshm_ruby_type_error(word, "an Integer", number);
  uint64_t bits = 0;
  if (polyshm_ruby_bignum(number, &bits) != POLYSHM_TYPE_INT64)
    return polyshm_fail(POLYSHM_RANGE, "%s: the Integer does not fit in 64 bits", word);
  *integer = (int64_t)bits;
  return POLYSHM_OK;
}

static inline polyshm_status host_integer(host_context context, VALUE number, const char *word, int64_t *integer) {
  (void)context;
  if (!RB_FIXNUM_P(number))
    return polyshm_ruby_other_int64(number, word, integer);
  *integer = FIX2LONG(number);
  return POLYSHM_OK;
}

/* An Integer, a Float or a Rational. */
static polyshm_status host_seconds(host_context context, VALUE number, double *seconds) {
  (void)context;
  if (!RB_INTEGER_TYPE_P(number) && !RB_FLOAT_TYPE_P(number) && !RB_TYPE_P(number, T_RATIONAL))
    return polyshm_ruby_type_error("timeout", "a number of seconds or nil", number);
  if (RB_TYPE_P(number, T_BIGNUM)) /* NUM2DBL() would warn of its size */
    *seconds = RBIGNUM_POSITIVE_P(number) ? HUGE_VAL : -HUGE_VAL;
  else
    *seconds = NUM2DBL(number);
  return POLYSHM_OK;
}

#if SIZEOF_LONG == 8
#define POLYSHM_RUBY_INT64(number) LONG2NUM((long)(number)) /* inline; LL2NUM is a call */
#else
#define POLYSHM_RUBY_INT64(number) LL2NUM(number)
#endif

static inline VALUE host_new_bool(host_context context, bool truth) {
  (void)context;
  return truth ? Qtrue : Qfalse;
}

static inline VALUE host_new_int64(host_context context, int64_t number) {
  (void)context;
  return POLYSHM_RUBY_INT64(number);
}

static inline VALUE host_new_uint64(host_context context, uint64_t number) {
  (void)context;
  return ULL2NUM(number);
}

static inline VALUE host_new_float(host_context context, double number) {
  (void)context;
  return DBL2NUM(number);
}
%}

%typemap(constcode) int64_t "rb_define_const($module, \"$symname\", POLYSHM_RUBY_INT64($value));"
