/* view.h: typed windows. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOT_NULL ((void *)(uintptr_t)0x10)

static polyshm_view *new_view(polyshm_segment *segment, polyshm_dtype dtype, int64_t offset, int64_t count) {
  polyshm_view *view = NULL;
  assert_ok(polyshm_segment_view(segment, dtype, offset, count, &view));
  assert_non_null(view);
  return view;
}

static int64_t int_at(const polyshm_view *view, int64_t index) {
  polyshm_value value = {.type = -1};
  assert_ok(polyshm_view_get(view, index, &value));
  assert_int_equal(value.type, POLYSHM_TYPE_INT64);
  return value.as.int64;
}

/* ---- making one ---- */

static void a_view_has_its_attributes(void **state) {
  (void)state;
  polyshm_segment *a = new_segment(fresh_name(), 100);
  for (polyshm_dtype dtype = 0; dtype < POLYSHM_DTYPE_COUNT; dtype++) {
    int64_t itemsize = polyshm_dtype_itemsize(dtype);
    const int64_t offsets[] = {0, itemsize, 2 * itemsize, 96};
    for (int i = 0; i < 4; i++) {
      int64_t room = (100 - offsets[i]) / itemsize;
      const int64_t counts[] = {-1, 0, room};
      for (int j = 0; j < 3; j++) {
        polyshm_view *v = new_view(a, dtype, offsets[i], counts[j]);
        assert_int_equal(polyshm_view_dtype(v), dtype);
        assert_int_equal(polyshm_view_offset(v), offsets[i]);
        assert_int_equal(polyshm_view_count(v), counts[j] < 0 ? room : counts[j]);
        assert_false(polyshm_view_closed(v));
        polyshm_view_free(v);
      }
      polyshm_view *v = NOT_NULL;
      assert_status(POLYSHM_INDEX, polyshm_segment_view(a, dtype, offsets[i], room + 1, &v));
      assert_null(v);
    }
  }
  polyshm_view_free(new_view(a, POLYSHM_INT32, 100, -1)); /* none, but within */
  drop_segment(a);
}

static void views_that_cannot_be(void **state) {
  (void)state;
  polyshm_segment *a = new_segment(fresh_name(), 64);
  const struct {
    polyshm_status status;
    polyshm_dtype dtype;
    int64_t offset, count;
  } bad[] = {
      {POLYSHM_INDEX, POLYSHM_INT32, 0, 17},
      {POLYSHM_INDEX, POLYSHM_INT32, 64, 1},
      {POLYSHM_INDEX, POLYSHM_INT32, 65, -1},
      {POLYSHM_INDEX, POLYSHM_INT32, 68, 0},
      {POLYSHM_INDEX, POLYSHM_INT32, -4, 1},
      {POLYSHM_INDEX, POLYSHM_INT32, -4, -1},
      {POLYSHM_INDEX, POLYSHM_INT32, 0, -2},
      {POLYSHM_INDEX, POLYSHM_INT32, 0, INT64_MIN},
      {POLYSHM_INDEX, POLYSHM_INT32, 0, INT64_MAX},
      {POLYSHM_INDEX, POLYSHM_INT32, INT64_MAX, 1},
      {POLYSHM_INDEX, POLYSHM_INT32, INT64_MAX, -1},
      {POLYSHM_INDEX, POLYSHM_INT32, INT64_MIN, -1},
      {POLYSHM_INDEX, POLYSHM_FLOAT64, 0, INT64_C(1) << 61},
      {POLYSHM_ARGUMENT, POLYSHM_INT16, 1, 1},
      {POLYSHM_ARGUMENT, POLYSHM_INT32, 2, 1},
      {POLYSHM_ARGUMENT, POLYSHM_INT64, 4, -1},
      {POLYSHM_ARGUMENT, POLYSHM_FLOAT64, 7, 0},
      {POLYSHM_ARGUMENT, POLYSHM_FLOAT32, 2, 1},
      {POLYSHM_ARGUMENT, -1, 0, 1},
      {POLYSHM_ARGUMENT, POLYSHM_DTYPE_COUNT, 0, 1},
      {POLYSHM_ARGUMENT, INT32_MAX, 0, 1},
      {POLYSHM_ARGUMENT, INT32_MIN, 0, 1},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    polyshm_view *v = NOT_NULL;
    assert_status(bad[i].status, polyshm_segment_view(a, bad[i].dtype, bad[i].offset, bad[i].count, &v));
    assert_null(v);
  }
  polyshm_view *v = NOT_NULL;
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_view(a, POLYSHM_FLOAT64, 4, 1, &v));
  assert_words("multiple of 8");
  assert_ok(polyshm_segment_close(a));
  assert_status(POLYSHM_CLOSED, polyshm_segment_view(a, POLYSHM_INT8, 0, 1, &v));
  assert_null(v);
  drop_segment(a);
}

/* ---- elements ---- */

static void get_and_set_every_dtype(void **state) {
  (void)state;
  polyshm_segment *a = new_segment(fresh_name(), 128);
  for (polyshm_dtype dtype = 0; dtype < POLYSHM_DTYPE_COUNT; dtype++) {
    int64_t itemsize = polyshm_dtype_itemsize(dtype);
    bool is_float = dtype >= POLYSHM_FLOAT32;
    polyshm_view *v = new_view(a, dtype, 8, 10);
    assert_ok(polyshm_segment_fill(a, 0, 0, 128));
    for (int64_t i = 0; i < 10; i++) {
      polyshm_value value = is_float ? from_float(0.5 + (double)i) : from_int(100 + i);
      assert_ok(polyshm_view_set(v, i, &value));
    }
    for (int64_t i = 0; i < 10; i++) {
      polyshm_value value = {.type = -1}, direct = {.type = -1};
      assert_ok(polyshm_view_get(v, i, &value));
      assert_ok(polyshm_segment_get_value(a, dtype, 8 + i * itemsize, &direct));
      assert_int_equal(value.type, is_float ? POLYSHM_TYPE_FLOAT64 : POLYSHM_TYPE_INT64);
      if (is_float)
        assert_true(value.as.float64 == 0.5 + (double)i);
      else
        assert_int_equal(value.as.int64, 100 + i);
      assert_int_equal(direct.as.uint64, value.as.uint64);
    }
    uint8_t bytes[128];
    assert_ok(polyshm_segment_read(a, 0, bytes, 128));
    assert_true(all_bytes(bytes, 8, 0) && all_bytes(bytes + 8 + 10 * itemsize, 120 - 10 * itemsize, 0));
    polyshm_view_free(v);
  }
  drop_segment(a);
}

static void indexes_outside(void **state) {
  (void)state;
  polyshm_segment *a = new_segment(fresh_name(), 64);
  polyshm_view *v = new_view(a, POLYSHM_INT32, 16, 4);
  polyshm_value value = from_int(1);
  const int64_t bad[] = {
      -1,        4,         INT64_C(1) << 31, INT64_C(1) << 32, INT64_C(1) << 61, INT64_C(1) << 62,
      INT64_MAX, INT64_MIN, INT64_MAX / 4 + 1};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_status(POLYSHM_INDEX, polyshm_view_get(v, bad[i], &value));
    assert_words("a view of 4 elements");
    assert_status(POLYSHM_INDEX, polyshm_view_set(v, bad[i], &value));
  }
  polyshm_view *none = new_view(a, POLYSHM_INT32, 16, 0);
  assert_status(POLYSHM_INDEX, polyshm_view_get(none, 0, &value));
  polyshm_view_free(none);
  polyshm_view_free(v);
  char bytes[64];
  assert_ok(polyshm_segment_read(a, 0, bytes, 64));
  assert_true(all_bytes(bytes, 64, 0));
  drop_segment(a);
}

static void a_refused_value_changes_nothing(void **state) {
  (void)state;
  polyshm_segment *a = new_segment(fresh_name(), 8);
  polyshm_view *v = new_view(a, POLYSHM_UINT8, 0, -1);
  const polyshm_value seven = from_int(7), bad = from_int(256), fraction = from_float(1.5),
                      text = {.type = POLYSHM_TYPE_STR, .as.bytes = {"1", 1}};
  assert_ok(polyshm_view_fill(v, &seven, 0, 8));
  assert_status(POLYSHM_RANGE, polyshm_view_set(v, 0, &bad));
  assert_status(POLYSHM_RANGE, polyshm_view_set(v, 0, &fraction));
  assert_status(POLYSHM_TYPE, polyshm_view_set(v, 0, &text));
  assert_status(POLYSHM_RANGE, polyshm_view_fill(v, &bad, 0, 8));
  assert_status(POLYSHM_TYPE, polyshm_view_fill(v, &text, 0, 8));
  for (int64_t i = 0; i < 8; i++)
    assert_int_equal(int_at(v, i), 7);
  polyshm_view_free(v);
  drop_segment(a);
}

/* ---- ranges ---- */

static const struct {
  int64_t index, count;
  bool inside;
} ranges[] = {
    {0, 0, true},
    {0, 10, true},
    {10, 0, true},
    {9, 1, true},
    {0, 11, false},
    {10, 1, false},
    {11, 0, false},
    {-1, 1, false},
    {-1, 0, false},
    {0, -1, false},
    {5, INT64_MAX, false},
    {INT64_MAX, INT64_MAX, false},
    {INT64_MIN, INT64_MIN, false},
    {INT64_C(1) << 62, 1, false},
    {0, INT64_C(1) << 62, false},
};

static polyshm_status count_elements(const void *elements, int64_t count, void *context) {
  assert_non_null(elements);
  *(int64_t *)context += count;
  return POLYSHM_OK;
}

static void every_range_is_checked(void **state) {
  (void)state;
  polyshm_segment *a = new_segment(fresh_name(), 80);
  polyshm_view *v = new_view(a, POLYSHM_INT32, 16, 10);
  polyshm_value one = from_int(1);
  int32_t elements[10] = {0};
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
    int64_t index = ranges[i].index, count = ranges[i].count, taken = 0;
    polyshm_status expected = ranges[i].inside ? POLYSHM_OK : POLYSHM_INDEX;
    assert_status(expected, polyshm_view_read(v, index, count, elements));
    assert_status(expected, polyshm_view_assign(v, index, elements, count));
    assert_status(expected, polyshm_view_fill(v, &one, index, count));
    assert_status(expected, polyshm_view_walk(v, index, count, count_elements, &taken));
    assert_int_equal(taken, ranges[i].inside ? count : 0);
  }
  char bytes[80];
  assert_ok(polyshm_segment_read(a, 0, bytes, 80));
  assert_true(all_bytes(bytes, 16, 0) && all_bytes(bytes + 56, 24, 0));
  polyshm_view_free(v);
  drop_segment(a);
}

static void read_and_write_move_whole_ranges(void **state) {
  (void)state;
  polyshm_segment *a = new_segment(fresh_name(), 80);
  polyshm_view *v = new_view(a, POLYSHM_INT16, 4, 8);
  const int16_t in[] = {1, -2, 32767, -32768};
  int16_t out[6] = {99, 99, 99, 99, 99, 99};
  assert_ok(polyshm_view_assign(v, 3, in, 4));
  assert_ok(polyshm_view_read(v, 2, 5, out));
  const int16_t expected[] = {0, 1, -2, 32767, -32768, 99};
  assert_memory_equal(out, expected, sizeof expected);
  assert_int_equal(int_at(v, 6), -32768);
  assert_int_equal(int_at(v, 7), 0);
  polyshm_view_free(v);
  drop_segment(a);
}

static void fill_every_dtype(void **state) {
  (void)state;
  polyshm_segment *a = new_segment(fresh_name(), 96);
  for (polyshm_dtype dtype = 0; dtype < POLYSHM_DTYPE_COUNT; dtype++) {
    polyshm_view *v = new_view(a, dtype, 8, 10);
    const polyshm_value zero = from_int(0), three = from_int(3);
    assert_ok(polyshm_view_fill(v, &zero, 0, 10));
    assert_ok(polyshm_view_fill(v, &three, 2, 5));
    for (int64_t i = 0; i < 10; i++) {
      polyshm_value value;
      assert_ok(polyshm_view_get(v, i, &value));
      double number = value.type == POLYSHM_TYPE_FLOAT64 ? value.as.float64 : (double)value.as.int64;
      assert_true(number == (i >= 2 && i < 7 ? 3 : 0));
    }
    polyshm_view_free(v);
  }
  drop_segment(a);
}

/* ---- walks ---- */

struct walk {
  int64_t taken, pieces;
  double last;
  polyshm_status answer;
};

static polyshm_status take_ascending(const void *elements, int64_t count, void *context) {
  struct walk *walk = context;
  const double *numbers = elements;
  assert_int_equal((uintptr_t)elements % 8, 0);
  assert_true(count > 0 && count <= 512);
  for (int64_t i = 0; i < count; i++)
    assert_true(numbers[i] == walk->last + 1 + (double)i);
  walk->last = numbers[count - 1];
  walk->taken += count;
  walk->pieces++;
  return walk->answer;
}

static void a_walk_hands_over_all_in_order(void **state) {
  (void)state;
  const int64_t count = 2000;
  polyshm_segment *a = new_segment(fresh_name(), count * 8);
  polyshm_view *v = new_view(a, POLYSHM_FLOAT64, 0, -1);
  for (int64_t i = 0; i < count; i++) {
    polyshm_value value = from_float((double)i);
    assert_ok(polyshm_view_set(v, i, &value));
  }
  const int64_t counts[] = {0, 1, 511, 512, 513, 1024, 1999};
  for (int i = 0; i < 7; i++) {
    struct walk walk = {.last = 0};
    assert_ok(polyshm_view_walk(v, 1, counts[i], take_ascending, &walk));
    assert_int_equal(walk.taken, counts[i]);
  }
  const polyshm_status answers[] = {POLYSHM_TYPE, 1, INT32_MIN};
  for (int i = 0; i < 3; i++) {
    struct walk walk = {.last = 0, .answer = answers[i]};
    assert_int_equal(polyshm_view_walk(v, 1, 1999, take_ascending, &walk), answers[i]);
    assert_int_equal(walk.pieces, 1);
  }
  polyshm_view_free(v);
  drop_segment(a);
}

struct interruption {
  polyshm_segment *segment;
  polyshm_view *view;
  jmp_buf *jump;
};

static polyshm_status close_the_segment(const void *elements, int64_t count, void *context) {
  (void)elements;
  (void)count;
  return polyshm_segment_close(((struct interruption *)context)->segment);
}

static polyshm_status jump_out(const void *elements, int64_t count, void *context) {
  (void)elements;
  (void)count;
  longjmp(*((struct interruption *)context)->jump, 1);
}

/* This is what a language's error does in the middle of its list. */
static void a_walk_may_be_jumped_out_of(void **state) {
  (void)state;
  polyshm_segment *a = new_segment(fresh_name(), 10000);
  polyshm_view *v = new_view(a, POLYSHM_INT8, 0, -1);
  jmp_buf jump;
  struct interruption interruption = {a, v, &jump};
  if (setjmp(jump) == 0) {
    assert_ok(polyshm_view_walk(v, 0, 10000, jump_out, &interruption));
    fail_msg("the walk came back");
  }
  polyshm_view_free(v);
  drop_segment(a);
}

static void a_walk_ends_when_the_segment_is_closed(void **state) {
  (void)state;
  polyshm_segment *a = new_segment(fresh_name(), 10000);
  polyshm_view *v = new_view(a, POLYSHM_INT8, 0, -1);
  struct interruption interruption = {a, v, NULL};
  assert_status(POLYSHM_CLOSED, polyshm_view_walk(v, 0, 10000, close_the_segment, &interruption));
  polyshm_view_free(v);
  drop_segment(a);
}

/* ---- closing, growing, cutting ---- */

static void assert_all_calls_are_closed(polyshm_view *v) {
  polyshm_value value = from_int(1);
  int32_t elements[4] = {0};
  int64_t taken = 0;
  assert_true(polyshm_view_closed(v));
  assert_status(POLYSHM_CLOSED, polyshm_view_get(v, 0, &value));
  assert_words("closed");
  assert_status(POLYSHM_CLOSED, polyshm_view_get(v, -1, &value));
  assert_status(POLYSHM_CLOSED, polyshm_view_set(v, 0, &value));
  assert_status(POLYSHM_CLOSED, polyshm_view_read(v, 0, 4, elements));
  assert_status(POLYSHM_CLOSED, polyshm_view_read(v, 0, 0, elements));
  assert_status(POLYSHM_CLOSED, polyshm_view_assign(v, 0, elements, 4));
  assert_status(POLYSHM_CLOSED, polyshm_view_fill(v, &value, 0, 4));
  assert_status(POLYSHM_CLOSED, polyshm_view_walk(v, 0, 4, count_elements, &taken));
  assert_status(POLYSHM_CLOSED, polyshm_view_walk(v, 0, 0, count_elements, &taken));
  assert_int_equal(taken, 0);
  assert_int_equal(polyshm_view_count(v), 4);
  assert_int_equal(polyshm_view_offset(v), 8);
  assert_int_equal(polyshm_view_dtype(v), POLYSHM_INT32);
}

static void a_view_of_a_closed_segment_is_closed(void **state) {
  (void)state;
  polyshm_segment *a = new_segment(fresh_name(), 64);
  polyshm_view *v = new_view(a, POLYSHM_INT32, 8, 4);
  assert_ok(polyshm_segment_close(a));
  assert_all_calls_are_closed(v);
  assert_words("the segment is closed");
  polyshm_view_free(v);
  drop_segment(a);
}

static void a_closed_view_leaves_its_segment_open(void **state) {
  (void)state;
  polyshm_segment *a = new_segment(fresh_name(), 64);
  polyshm_view *v = new_view(a, POLYSHM_INT32, 8, 4), *w = new_view(a, POLYSHM_INT32, 8, 4);
  assert_ok(polyshm_view_close(v));
  assert_ok(polyshm_view_close(v));
  assert_all_calls_are_closed(v);
  assert_words("the view is closed");
  assert_false(polyshm_segment_closed(a));
  assert_int_equal(int_at(w, 0), 0);
  polyshm_view_free(v);
  polyshm_view_free(w);
  drop_segment(a);
}

static void a_view_keeps_its_segment(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *a = new_segment(name, 64);
  polyshm_view *v = new_view(a, POLYSHM_INT32, 8, 4);
  const polyshm_value five = from_int(5);
  polyshm_segment_free(a); /* the script let go of it, the view did not */
  assert_ok(polyshm_view_set(v, 0, &five));
  assert_int_equal(int_at(v, 0), 5);
  assert_ok(polyshm_segment_unlink_name(name));
  assert_int_equal(int_at(v, 0), 5);
  polyshm_view_free(v);
}

static void a_view_of_a_readonly_handle_reads(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *a = new_segment(name, 64), *r = NULL;
  assert_ok(polyshm_segment_attach(name, POLYSHM_FLAG_READONLY, 0, &r));
  polyshm_view *v = new_view(r, POLYSHM_INT32, 8, 4);
  const polyshm_value one = from_int(1), bad = {.type = POLYSHM_TYPE_NONE};
  int32_t elements[4] = {0};
  assert_status(POLYSHM_READONLY, polyshm_view_set(v, 0, &one));
  assert_words("without readonly");
  assert_status(POLYSHM_READONLY, polyshm_view_set(v, 0, &bad));
  assert_status(POLYSHM_READONLY, polyshm_view_assign(v, 0, elements, 4));
  assert_status(POLYSHM_READONLY, polyshm_view_fill(v, &one, 0, 4));
  assert_ok(polyshm_segment_set_value(a, POLYSHM_INT32, 8, &one));
  assert_int_equal(int_at(v, 0), 1);
  polyshm_view_free(v);
  polyshm_segment_free(r);
  drop_segment(a);
}

static void a_view_stays_through_resize(void **state) {
  (void)state;
  polyshm_segment *a = new_segment(fresh_name(), 64);
  polyshm_view *v = new_view(a, POLYSHM_INT32, 8, 4);
  const polyshm_value nine = from_int(9);
  for (int64_t size = 10000; size <= 1000000; size *= 10) {
    assert_ok(polyshm_view_set(v, 3, &nine));
    assert_ok(polyshm_segment_resize(a, size));
    assert_int_equal(int_at(v, 3), 9);
    assert_int_equal(polyshm_view_count(v), 4); /* its own window */
  }
  polyshm_view_free(v);
  drop_segment(a);
}

static void a_view_of_what_was_cut_is_outside(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *a = new_segment(name, 20000);
  polyshm_view *v = new_view(a, POLYSHM_INT32, 0, -1);
  polyshm_value value = from_int(1);
  int32_t elements[30] = {0};
  assert_int_equal(truncate(path_of_name(name), 100), 0);
  assert_ok(polyshm_segment_refresh(a));
  assert_int_equal(int_at(v, 24), 0);
  assert_status(POLYSHM_INDEX, polyshm_view_get(v, 25, &value));
  assert_words("cut to 100 bytes");
  assert_status(POLYSHM_INDEX, polyshm_view_set(v, 4999, &value));
  assert_status(POLYSHM_INDEX, polyshm_view_read(v, 0, 26, elements));
  assert_ok(polyshm_view_read(v, 0, 25, elements));
  assert_status(POLYSHM_INDEX, polyshm_view_assign(v, 0, elements, 26));
  assert_status(POLYSHM_INDEX, polyshm_view_fill(v, &value, 0, 26));
  polyshm_view *w = new_view(a, POLYSHM_INT32, 0, -1);
  assert_int_equal(polyshm_view_count(w), 25);
  polyshm_view_free(w);
  assert_ok(polyshm_segment_resize(a, 20000));
  assert_int_equal(int_at(v, 4999), 0);
  polyshm_view_free(v);
  drop_segment(a);
}

/* ---- nothing given ---- */

static void null_is_an_argument_error(void **state) {
  (void)state;
  polyshm_segment *a = new_segment(fresh_name(), 64);
  polyshm_view *v = new_view(a, POLYSHM_INT32, 0, 4);
  polyshm_value value = from_int(1);
  int32_t elements[4] = {0};
  int64_t taken = 0;
  polyshm_view *none = NOT_NULL;
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_view(NULL, POLYSHM_INT8, 0, 1, &none));
  assert_null(none);
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_view(a, POLYSHM_INT8, 0, 1, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_view_get(NULL, 0, &value));
  assert_status(POLYSHM_ARGUMENT, polyshm_view_get(v, 0, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_view_set(NULL, 0, &value));
  assert_status(POLYSHM_ARGUMENT, polyshm_view_set(v, 0, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_view_read(NULL, 0, 1, elements));
  assert_status(POLYSHM_ARGUMENT, polyshm_view_read(v, 0, 1, NULL));
  assert_ok(polyshm_view_read(v, 0, 0, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_view_assign(NULL, 0, elements, 1));
  assert_status(POLYSHM_ARGUMENT, polyshm_view_assign(v, 0, NULL, 1));
  assert_ok(polyshm_view_assign(v, 0, NULL, 0));
  assert_status(POLYSHM_ARGUMENT, polyshm_view_fill(NULL, &value, 0, 1));
  assert_status(POLYSHM_ARGUMENT, polyshm_view_fill(v, NULL, 0, 1));
  assert_status(POLYSHM_ARGUMENT, polyshm_view_walk(NULL, 0, 1, count_elements, &taken));
  assert_status(POLYSHM_ARGUMENT, polyshm_view_walk(v, 0, 1, NULL, NULL));
  assert_ok(polyshm_view_close(NULL));
  polyshm_view_free(NULL);
  assert_true(polyshm_view_closed(NULL));
  assert_int_equal(polyshm_view_count(NULL), 0);
  assert_int_equal(polyshm_view_offset(NULL), 0);
  assert_int_equal(polyshm_view_dtype(NULL), -1);
  polyshm_view_free(v);
  drop_segment(a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_view_has_its_attributes),
      TEST(views_that_cannot_be),
      TEST(get_and_set_every_dtype),
      TEST(indexes_outside),
      TEST(a_refused_value_changes_nothing),
      TEST(every_range_is_checked),
      TEST(read_and_write_move_whole_ranges),
      TEST(fill_every_dtype),
      TEST(a_walk_hands_over_all_in_order),
      TEST(a_walk_may_be_jumped_out_of),
      TEST(a_walk_ends_when_the_segment_is_closed),
      TEST(a_view_of_a_closed_segment_is_closed),
      TEST(a_closed_view_leaves_its_segment_open),
      TEST(a_view_keeps_its_segment),
      TEST(a_view_of_a_readonly_handle_reads),
      TEST(a_view_stays_through_resize),
      TEST(a_view_of_what_was_cut_is_outside),
      TEST(null_is_an_argument_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
