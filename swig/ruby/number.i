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

static int64_t polyshm_ruby_other_int64(VALUE number, const char *word) {
  if (!RB_TYPE_P(number, T_BIGNUM))
    polyshm_ruby_type_error(word, "an Integer", number);
  uint64_t bits = 0;
  if (polyshm_ruby_bignum(number, &bits) != POLYSHM_TYPE_INT64)
    polyshm_ruby_raise(polyshm_fail(POLYSHM_RANGE, "%s: the Integer does not fit in 64 bits", word));
  return (int64_t)bits;
}

static inline int64_t polyshm_ruby_int64(VALUE number, const char *word) {
  return RB_FIXNUM_P(number) ? FIX2LONG(number) : polyshm_ruby_other_int64(number, word);
}

#if SIZEOF_LONG == 8
#define POLYSHM_RUBY_INT64(number) LONG2NUM((long)(number)) /* inline; LL2NUM is a call */
#else
#define POLYSHM_RUBY_INT64(number) LL2NUM(number)
#endif
%}

%typemap(in, noblock=1) int64_t { $1 = polyshm_ruby_int64($input, "$1_name"); }
%typemap(out, noblock=1) int64_t { $result = POLYSHM_RUBY_INT64($1); }
%typemap(constcode) int64_t "rb_define_const($module, \"$symname\", POLYSHM_RUBY_INT64($value));"

%typemap(in, numinputs=0, noblock=1) uint64_t *out (uint64_t number = 0) { $1 = &number; }
%typemap(argout, noblock=1) uint64_t *out { $result = ULL2NUM(*$1); }

%typemap(in, numinputs=0, noblock=1) int64_t *out (int64_t number = 0) { $1 = &number; }
%typemap(argout, noblock=1) int64_t *out { $result = POLYSHM_RUBY_INT64(*$1); }

%typemap(out, noblock=1) bool { $result = $1 ? Qtrue : Qfalse; }
%typemap(in, numinputs=0, noblock=1) bool *out (bool truth = false) { $1 = &truth; }
%typemap(argout, noblock=1) bool *out { $result = *$1 ? Qtrue : Qfalse; }
