/* value.h: dtypes, and what fits into which. */
#include "support.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Packs at an odd address, between guard bytes that must survive, and as before on failure. */
static polyshm_status pack(polyshm_dtype dtype, polyshm_value value, void *element) {
  unsigned char bytes[16];
  memset(bytes, 0xA5, sizeof bytes);
  polyshm_status status = polyshm_dtype_pack(dtype, &value, bytes + 3);
  size_t written = status ? 0 : (size_t)polyshm_dtype_itemsize(dtype);
  assert_true(all_bytes(bytes, 3, 0xA5));
  assert_true(all_bytes(bytes + 3 + written, (int64_t)(sizeof bytes - 3 - written), 0xA5));
  if (!status)
    memcpy(element, bytes + 3, written);
  return status;
}

static polyshm_value unpack(polyshm_dtype dtype, const void *element) {
  unsigned char bytes[16];
  memset(bytes, 0xA5, sizeof bytes);
  memcpy(bytes + 3, element, (size_t)polyshm_dtype_itemsize(dtype));
  polyshm_value value = {.type = -1};
  polyshm_dtype_unpack(dtype, bytes + 3, &value);
  return value;
}

static void assert_same(polyshm_value actual, polyshm_value expected) {
  assert_int_equal(actual.type, expected.type);
  assert_memory_equal(&actual.as.uint64, &expected.as.uint64, sizeof expected.as.uint64);
}

#define assert_fits(dtype, value, expected) assert_fits_at(dtype, value, expected, __LINE__)
static void assert_fits_at(polyshm_dtype dtype, polyshm_value value, polyshm_value expected, int line) {
  uint64_t element = 0;
  assert_status_at(POLYSHM_OK, pack(dtype, value, &element), "pack", __FILE__, line);
  assert_same(unpack(dtype, &element), expected);
}

#define assert_refused(status, dtype, value) assert_refused_at(status, dtype, value, __LINE__)
static void assert_refused_at(polyshm_status status, polyshm_dtype dtype, polyshm_value value, int line) {
  uint64_t element = 0;
  assert_status_at(status, pack(dtype, value, &element), "pack", __FILE__, line);
}

/* ---- dtypes ---- */

static void every_dtype_has_its_name_and_size(void **state) {
  (void)state;
#define CHECK(NAME, name, type)                                                                              \
  {                                                                                                          \
    polyshm_dtype dtype = -1;                                                                                \
    assert_ok(polyshm_dtype_from_name(#name, &dtype));                                                       \
    assert_int_equal(dtype, POLYSHM_##NAME);                                                                 \
    assert_string_equal(polyshm_dtype_name(dtype), #name);                                                   \
    assert_int_equal(polyshm_dtype_itemsize(dtype), sizeof(type));                                           \
  }
  POLYSHM_DTYPE_MAP(CHECK)
#undef CHECK
  assert_int_equal(POLYSHM_DTYPE_COUNT, 10);
}

static void no_dtype(void **state) {
  (void)state;
  const polyshm_dtype bad[] = {-1, POLYSHM_DTYPE_COUNT, INT32_MAX, INT32_MIN};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_null(polyshm_dtype_name(bad[i]));
    assert_int_equal(polyshm_dtype_itemsize(bad[i]), 0);
    assert_refused(POLYSHM_ARGUMENT, bad[i], from_int(1));
    polyshm_value value = from_int(1);
    uint64_t element = 0;
    polyshm_dtype_unpack(bad[i], &element, &value);
    assert_int_equal(value.type, POLYSHM_TYPE_NONE);
  }
}

static void no_name_of_a_dtype(void **state) {
  (void)state;
  const char *const bad[] = {"", "int", "int9", "INT8", "float", "float64 ", " float64", "d", "complex128"};
  polyshm_dtype dtype = 77;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_status(POLYSHM_ARGUMENT, polyshm_dtype_from_name(bad[i], &dtype));
    assert_words("float64");
    assert_int_equal(dtype, 77);
  }
  assert_status(POLYSHM_ARGUMENT, polyshm_dtype_from_name(NULL, &dtype));
  assert_status(POLYSHM_ARGUMENT, polyshm_dtype_from_name("int8", NULL));
}

/* ---- integers ---- */

static const struct range {
  polyshm_dtype dtype;
  int64_t low, high;
} ranges[] = {
    {POLYSHM_INT8, INT8_MIN, INT8_MAX},    {POLYSHM_UINT8, 0, UINT8_MAX},
    {POLYSHM_INT16, INT16_MIN, INT16_MAX}, {POLYSHM_UINT16, 0, UINT16_MAX},
    {POLYSHM_INT32, INT32_MIN, INT32_MAX}, {POLYSHM_UINT32, 0, UINT32_MAX},
};
enum { RANGES = sizeof ranges / sizeof *ranges };

static void small_integers_at_their_ends(void **state) {
  (void)state;
  for (int i = 0; i < RANGES; i++) {
    const struct range *r = &ranges[i];
    const int64_t inside[] = {r->low, r->low + 1, 0, 1, r->high - 1, r->high};
    for (int j = 0; j < 6; j++) {
      assert_fits(r->dtype, from_int(inside[j]), from_int(inside[j]));
      assert_fits(r->dtype, from_float((double)inside[j]), from_int(inside[j]));
    }
    const int64_t outside[] = {r->low - 1, r->high + 1, INT64_MIN, INT64_MAX};
    for (int j = 0; j < 4; j++) {
      assert_refused(POLYSHM_RANGE, r->dtype, from_int(outside[j]));
      assert_refused(POLYSHM_RANGE, r->dtype, from_float((double)outside[j]));
    }
    assert_refused(POLYSHM_RANGE, r->dtype, from_uint(UINT64_MAX));
    assert_words(polyshm_dtype_name(r->dtype));
  }
}

static void int64_at_its_ends(void **state) {
  (void)state;
  assert_fits(POLYSHM_INT64, from_int(INT64_MIN), from_int(INT64_MIN));
  assert_fits(POLYSHM_INT64, from_int(INT64_MAX), from_int(INT64_MAX));
  assert_fits(POLYSHM_INT64, from_float(-0x1p63), from_int(INT64_MIN));
  assert_fits(POLYSHM_INT64, from_float(0x1.fffffffffffffp62), from_int(INT64_MAX - 1023));
  assert_refused(POLYSHM_RANGE, POLYSHM_INT64, from_float(0x1p63));
  assert_refused(POLYSHM_RANGE, POLYSHM_INT64, from_float(nextafter(-0x1p63, -INFINITY)));
  assert_refused(POLYSHM_RANGE, POLYSHM_INT64, from_uint((uint64_t)INT64_MAX + 1));
  assert_words("9223372036854775808");
  assert_refused(POLYSHM_RANGE, POLYSHM_INT64, from_uint(UINT64_MAX));
}

static void uint64_at_its_ends(void **state) {
  (void)state;
  assert_fits(POLYSHM_UINT64, from_int(0), from_int(0));
  assert_fits(POLYSHM_UINT64, from_int(INT64_MAX), from_int(INT64_MAX));
  assert_fits(POLYSHM_UINT64, from_uint((uint64_t)INT64_MAX + 1), from_uint((uint64_t)INT64_MAX + 1));
  assert_fits(POLYSHM_UINT64, from_uint(UINT64_MAX), from_uint(UINT64_MAX));
  assert_fits(POLYSHM_UINT64, from_float(0x1p63), from_uint((uint64_t)INT64_MAX + 1));
  assert_fits(POLYSHM_UINT64, from_float(0x1.fffffffffffffp63), from_uint(UINT64_MAX - 2047));
  assert_fits(POLYSHM_UINT64, from_float(-0.0), from_int(0));
  assert_refused(POLYSHM_RANGE, POLYSHM_UINT64, from_int(-1));
  assert_refused(POLYSHM_RANGE, POLYSHM_UINT64, from_int(INT64_MIN));
  assert_refused(POLYSHM_RANGE, POLYSHM_UINT64, from_float(-1));
  assert_refused(POLYSHM_RANGE, POLYSHM_UINT64, from_float(0x1p64));
}

/* The core makes UINT64 only above INT64_MAX, but a caller's own small one is a number like any other. */
static void a_small_uint64_is_a_number_too(void **state) {
  (void)state;
  for (polyshm_dtype dtype = 0; dtype < POLYSHM_FLOAT32; dtype++)
    assert_fits(dtype, from_uint(5), from_int(5));
  assert_fits(POLYSHM_FLOAT32, from_uint(5), from_float(5));
  assert_fits(POLYSHM_FLOAT64, from_uint(5), from_float(5));
  assert_fits(POLYSHM_INT64, from_uint(INT64_MAX), from_int(INT64_MAX));
  assert_refused(POLYSHM_RANGE, POLYSHM_INT8, from_uint(128));
}

static void integers_take_no_fraction_and_nothing_infinite(void **state) {
  (void)state;
  for (polyshm_dtype dtype = 0; dtype < POLYSHM_FLOAT32; dtype++) {
    assert_refused(POLYSHM_RANGE, dtype, from_float(1.5));
    assert_words("fraction");
    assert_refused(POLYSHM_RANGE, dtype, from_float(0.1));
    assert_refused(POLYSHM_RANGE, dtype, from_float(-0.5));
    assert_refused(POLYSHM_RANGE, dtype, from_float(DBL_MIN));
    assert_refused(POLYSHM_RANGE, dtype, from_float(NAN));
    assert_refused(POLYSHM_RANGE, dtype, from_float(-NAN));
    assert_refused(POLYSHM_RANGE, dtype, from_float(INFINITY));
    assert_refused(POLYSHM_RANGE, dtype, from_float(-INFINITY));
    assert_refused(POLYSHM_RANGE, dtype, from_float(1e300));
    assert_fits(dtype, from_float(-0.0), from_int(0));
  }
}

/* ---- floats ---- */

static void float64_takes_every_float(void **state) {
  (void)state;
  const double numbers[] = {0.0,     -0.0,         0.1,      DBL_MAX,   -DBL_MAX,
                            DBL_MIN, DBL_TRUE_MIN, INFINITY, -INFINITY, NAN};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    assert_fits(POLYSHM_FLOAT64, from_float(numbers[i]), from_float(numbers[i]));
}

static void float64_takes_the_integers_it_holds_exactly(void **state) {
  (void)state;
  const int64_t p53 = INT64_C(1) << 53;
  assert_fits(POLYSHM_FLOAT64, from_int(p53), from_float(0x1p53));
  assert_fits(POLYSHM_FLOAT64, from_int(-p53), from_float(-0x1p53));
  assert_fits(POLYSHM_FLOAT64, from_int(p53 + 2), from_float(0x1p53 + 2));
  assert_fits(POLYSHM_FLOAT64, from_int(INT64_MIN), from_float(-0x1p63));
  assert_fits(POLYSHM_FLOAT64, from_uint((uint64_t)1 << 63), from_float(0x1p63));
  assert_refused(POLYSHM_RANGE, POLYSHM_FLOAT64, from_int(p53 + 1));
  assert_words("9007199254740993 is not exact in float64");
  assert_refused(POLYSHM_RANGE, POLYSHM_FLOAT64, from_int(-p53 - 1));
  assert_refused(POLYSHM_RANGE, POLYSHM_FLOAT64, from_int(INT64_MAX));
  assert_refused(POLYSHM_RANGE, POLYSHM_FLOAT64, from_uint(UINT64_MAX));
  assert_refused(POLYSHM_RANGE, POLYSHM_FLOAT64, from_uint(((uint64_t)1 << 63) + 1));
}

static void float32_takes_the_integers_it_holds_exactly(void **state) {
  (void)state;
  const int64_t p24 = 1 << 24;
  assert_fits(POLYSHM_FLOAT32, from_int(p24), from_float(0x1p24));
  assert_fits(POLYSHM_FLOAT32, from_int(-p24), from_float(-0x1p24));
  assert_fits(POLYSHM_FLOAT32, from_int(p24 + 2), from_float(0x1p24 + 2));
  assert_fits(POLYSHM_FLOAT32, from_int(INT64_MIN), from_float(-0x1p63));
  assert_refused(POLYSHM_RANGE, POLYSHM_FLOAT32, from_int(p24 + 1));
  assert_refused(POLYSHM_RANGE, POLYSHM_FLOAT32, from_int(-p24 - 1));
  assert_refused(POLYSHM_RANGE, POLYSHM_FLOAT32, from_int((INT64_C(1) << 53) + 1));
  assert_refused(POLYSHM_RANGE, POLYSHM_FLOAT32, from_int(INT64_MAX));
  assert_refused(POLYSHM_RANGE, POLYSHM_FLOAT32, from_uint(UINT64_MAX));
}

static void float32_rounds_floats_but_not_to_infinity(void **state) {
  (void)state;
  const double above = nextafter((double)FLT_MAX, INFINITY);
  assert_fits(POLYSHM_FLOAT32, from_float(0.1), from_float((double)0.1F));
  assert_fits(POLYSHM_FLOAT32, from_float(-0.0), from_float(-0.0));
  assert_fits(POLYSHM_FLOAT32, from_float(0x1p24 + 1), from_float(0x1p24));
  assert_fits(POLYSHM_FLOAT32, from_float((double)FLT_MAX), from_float((double)FLT_MAX));
  assert_fits(POLYSHM_FLOAT32, from_float(-(double)FLT_MAX), from_float(-(double)FLT_MAX));
  assert_fits(POLYSHM_FLOAT32, from_float(1e-300), from_float(0));
  assert_fits(POLYSHM_FLOAT32, from_float(INFINITY), from_float(INFINITY));
  assert_fits(POLYSHM_FLOAT32, from_float(-INFINITY), from_float(-INFINITY));
  assert_fits(POLYSHM_FLOAT32, from_float(NAN), from_float(NAN));
  assert_refused(POLYSHM_RANGE, POLYSHM_FLOAT32, from_float(above));
  assert_refused(POLYSHM_RANGE, POLYSHM_FLOAT32, from_float(-above));
  assert_refused(POLYSHM_RANGE, POLYSHM_FLOAT32, from_float(DBL_MAX));
}

/* ---- what is no number ---- */

static void other_kinds_are_refused(void **state) {
  (void)state;
  const polyshm_value others[] = {
      {.type = POLYSHM_TYPE_NONE},
      {.type = POLYSHM_TYPE_BOOL, .as.boolean = true},
      {.type = POLYSHM_TYPE_STR, .as.bytes = {"12", 2}},
      {.type = POLYSHM_TYPE_BYTES, .as.bytes = {"12", 2}},
      {.type = -1},
      {.type = 7},
      {.type = INT32_MAX},
      {.type = INT32_MIN},
  };
  const char *const words[] = {"nothing", "a boolean", "text", "bytes", "", "", "", ""};
  for (polyshm_dtype dtype = 0; dtype < POLYSHM_DTYPE_COUNT; dtype++)
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
      assert_refused(POLYSHM_TYPE, dtype, others[i]);
      assert_words(words[i]);
      assert_words(polyshm_dtype_name(dtype));
    }
}

static void nothing_given(void **state) {
  (void)state;
  polyshm_value value = from_int(1);
  uint64_t element = 7;
  for (polyshm_dtype dtype = 0; dtype < POLYSHM_DTYPE_COUNT; dtype++) {
    assert_status(POLYSHM_ARGUMENT, polyshm_dtype_pack(dtype, NULL, &element));
    assert_status(POLYSHM_ARGUMENT, polyshm_dtype_pack(dtype, &value, NULL));
    polyshm_dtype_unpack(dtype, &element, NULL);
    polyshm_dtype_unpack(dtype, NULL, &value);
    assert_int_equal(value.type, POLYSHM_TYPE_NONE);
    value = from_int(1);
  }
  assert_int_equal(element, 7);
}

/* ---- text ---- */

/* A code point as UTF-8's pattern has it, in a given number of bytes: also overlong, also beyond Unicode. */
static void encode(uint32_t code, int length, char *out) {
  static const unsigned lead[] = {0, 0, 0xC0, 0xE0, 0xF0, 0xF8, 0xFC};
  for (int i = length - 1; i > 0; i--, code >>= 6)
    out[i] = (char)(0x80 | (code & 0x3F));
  out[0] = (char)(lead[length] | code);
}

static int utf8_length(uint32_t code) {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

static void every_code_point(void **state) {
  (void)state;
  int64_t wrong = 0;
  for (uint32_t code = 0; code < 0x200000; code++) {
    char text[8];
    const int length = utf8_length(code);
    const bool expected = code < 0x110000 && (code < 0xD800 || code > 0xDFFF);
    encode(code, length, text);
    text[length] = 'x';
    wrong += polyshm_is_utf8(text, length) != expected;
    wrong += polyshm_is_utf8(text, length + 1) != expected;
    for (int cut = 1; cut < length; cut++) {
      wrong += polyshm_is_utf8(text, cut);
      wrong += polyshm_is_utf8(text + cut, length - cut);
    }
  }
  assert_int_equal(wrong, 0);
}

static void overlong_and_other_forms(void **state) {
  (void)state;
  int64_t wrong = 0;
  char text[8];
  for (uint32_t code = 0; code < 0x10000; code++)
    for (int length = utf8_length(code) + 1; length <= 6; length++) {
      encode(code, length, text);
      wrong += polyshm_is_utf8(text, length);
    }
  assert_int_equal(wrong, 0);
  /* All there are of three bytes after a lead of three. */
  for (unsigned all = 0xE00000; all < 0xF00000; all++) {
    const unsigned second = all >> 8 & 0xFF, third = all & 0xFF;
    const unsigned code = (all >> 16 & 0xF) << 12 | (second & 0x3F) << 6 | (third & 0x3F);
    const char three[] = {(char)(all >> 16), (char)second, (char)third};
    const bool expected =
        second >> 6 == 2 && third >> 6 == 2 && code >= 0x800 && (code < 0xD800 || code > 0xDFFF);
    wrong += polyshm_is_utf8(three, 3) != expected;
  }
  assert_int_equal(wrong, 0);
  assert_true(polyshm_is_utf8(NULL, 0));
  assert_true(polyshm_is_utf8("", 0));
  assert_true(polyshm_is_utf8("a\0b", 3));
  for (int byte = 0x80; byte < 0x100; byte++) {
    text[0] = (char)byte;
    assert_false(polyshm_is_utf8(text, 1));
  }
}

/* ---- equality ---- */

static void values_that_are_equal(void **state) {
  (void)state;
  /* Those in a row equal one another, and none of another row. */
  const struct {
    int row;
    polyshm_value value;
  } all[] = {
      {0, from_int(2)},
      {0, from_uint(2)},
      {0, from_float(2)},
      {1, from_int(0)},
      {1, from_float(0.0)},
      {1, from_float(-0.0)},
      {1, from_uint(0)},
      {2, from_int(INT64_MIN)},
      {2, from_float(-0x1p63)},
      {3, from_uint((uint64_t)1 << 63)},
      {3, from_float(0x1p63)},
      {4, from_int(INT64_MAX)},
      {4, from_uint(INT64_MAX)},
      {5, from_uint(UINT64_MAX)},
      {6, from_int(-1)},
      {6, from_float(-1)},
      {7, from_int((INT64_C(1) << 53) + 1)},
      {8, from_float(0x1p53)},
      {8, from_int(INT64_C(1) << 53)},
      {9, from_float(0x1p64)},
      {10, from_float(INFINITY)},
      {11, from_float(-INFINITY)},
      {12, from_float(2.5)},
      {13, {.type = POLYSHM_TYPE_NONE}},
      {14, {.type = POLYSHM_TYPE_BOOL, .as.boolean = true}},
      {15, {.type = POLYSHM_TYPE_BOOL, .as.boolean = false}},
      {16, {.type = POLYSHM_TYPE_STR, .as.bytes = {"a", 1}}},
      {16, {.type = POLYSHM_TYPE_STR, .as.bytes = {"ab", 1}}},
      {17, {.type = POLYSHM_TYPE_BYTES, .as.bytes = {"a", 1}}},
      {18, {.type = POLYSHM_TYPE_STR, .as.bytes = {"ab", 2}}},
      {19, {.type = POLYSHM_TYPE_STR, .as.bytes = {NULL, 0}}},
      {19, {.type = POLYSHM_TYPE_STR, .as.bytes = {"", 0}}},
      {20, {.type = POLYSHM_TYPE_BYTES, .as.bytes = {"", 0}}},
      {21, {.type = POLYSHM_TYPE_BYTES, .as.bytes = {"a\0b", 3}}},
      {22, {.type = POLYSHM_TYPE_BYTES, .as.bytes = {"a\0c", 3}}},
  };
  for (size_t a = 0; a < sizeof all / sizeof *all; a++)
    for (size_t b = 0; b < sizeof all / sizeof *all; b++)
      if (polyshm_value_equal(&all[a].value, &all[b].value) != (all[a].row == all[b].row))
        fail_msg("values %zu and %zu", a, b);
}

static void what_equals_nothing(void **state) {
  (void)state;
  const polyshm_value one = from_int(1), nan = from_float(NAN), odd = {.type = 99};
  assert_false(polyshm_value_equal(NULL, &one));
  assert_false(polyshm_value_equal(&one, NULL));
  assert_false(polyshm_value_equal(NULL, NULL));
  assert_false(polyshm_value_equal(&nan, &nan));
  assert_false(polyshm_value_equal(&nan, &one));
  assert_false(polyshm_value_equal(&one, &nan));
  assert_false(polyshm_value_equal(&odd, &odd));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(every_dtype_has_its_name_and_size),
      TEST(no_dtype),
      TEST(no_name_of_a_dtype),
      TEST(small_integers_at_their_ends),
      TEST(int64_at_its_ends),
      TEST(uint64_at_its_ends),
      TEST(a_small_uint64_is_a_number_too),
      TEST(integers_take_no_fraction_and_nothing_infinite),
      TEST(float64_takes_every_float),
      TEST(float64_takes_the_integers_it_holds_exactly),
      TEST(float32_takes_the_integers_it_holds_exactly),
      TEST(float32_rounds_floats_but_not_to_infinity),
      TEST(other_kinds_are_refused),
      TEST(nothing_given),
      TEST(every_code_point),
      TEST(overlong_and_other_forms),
      TEST(values_that_are_equal),
      TEST(what_equals_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
