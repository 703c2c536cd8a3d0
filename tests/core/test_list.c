/* list.h: the list, byte for byte, and what hostile bytes do to it. */
#include "support.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "platform/platform.h"

#define NOT_NULL ((void *)(uintptr_t)0x10)
#define COUNT(array) ((int64_t)(sizeof(array) / sizeof *(array)))

static polyshm_value none(void) {
  return (polyshm_value){.type = POLYSHM_TYPE_NONE};
}

static polyshm_value boolean(bool it) {
  return (polyshm_value){.type = POLYSHM_TYPE_BOOL, .as.boolean = it};
}

static polyshm_value str(const char *text) {
  return (polyshm_value){.type = POLYSHM_TYPE_STR, .as.bytes = {text, (int64_t)strlen(text)}};
}

static polyshm_value bytes(const char *data, int64_t length) {
  return (polyshm_value){.type = POLYSHM_TYPE_BYTES, .as.bytes = {data, length}};
}

static polyshm_list *new_list(const polyshm_value *values, int64_t count) {
  polyshm_list *list = NULL;
  assert_ok(polyshm_list_create(fresh_name(), values, count, NULL, 0, 0600, &list));
  assert_non_null(list);
  return list;
}

static void drop_list(polyshm_list *list) {
  polyshm_status status = polyshm_list_unlink(list);
  assert_true(status == POLYSHM_OK || status == POLYSHM_ENOENT);
  polyshm_list_free(list);
}

static void assert_value(const polyshm_value *found, polyshm_value expected, int line) {
  bool same = found->type == expected.type;
  if (same && expected.type == POLYSHM_TYPE_FLOAT64)
    same = memcmp(&found->as.float64, &expected.as.float64, sizeof expected.as.float64) == 0;
  else if (same)
    same = polyshm_value_equal(found, &expected);
  if (!same) {
    print_error("found kind %d, number %lld\n", (int)found->type, (long long)found->as.int64);
    _fail(__FILE__, line);
  }
}

#define assert_item(list, index, expected) assert_item_at(list, index, expected, __LINE__)
static void assert_item_at(const polyshm_list *list, int64_t index, polyshm_value expected, int line) {
  char scratch[256];
  polyshm_value value = {.type = -1};
  assert_status_at(POLYSHM_OK, polyshm_list_get(list, index, scratch, sizeof scratch, &value), "get",
                   __FILE__, line);
  assert_value(&value, expected, line);
}

static polyshm_status get(const polyshm_list *list, int64_t index) {
  char scratch[256];
  polyshm_value value;
  return polyshm_list_get(list, index, scratch, sizeof scratch, &value);
}

static polyshm_status set(polyshm_list *list, int64_t index, polyshm_value value) {
  return polyshm_list_set(list, index, &value);
}

/* ---- the bytes, written by hand from docs/layouts.md ---- */

typedef struct bytes_of {
  uint8_t at[8192];
  int64_t size;
} bytes_of;

/* An item as it lies there. */
typedef struct item {
  const char *format;
  int8_t code;
  int64_t slot;
  const void *data;
  int64_t length;
} item;

static void append(bytes_of *all, const void *data, int64_t length, int64_t room) {
  assert_true(all->size + room <= (int64_t)sizeof all->at);
  memset(all->at + all->size, 0, (size_t)room);
  if (length)
    memcpy(all->at + all->size, data, (size_t)length);
  all->size += room;
}

static void lay_out(const item *items, int64_t count, bytes_of *out) {
  int64_t offset = 0;
  out->size = 0;
  append(out, &count, 8, 8);
  append(out, &offset, 8, 8);
  for (int64_t i = 0; i < count; i++) {
    offset += items[i].slot;
    append(out, &offset, 8, 8);
  }
  for (int64_t i = 0; i < count; i++)
    append(out, items[i].data, items[i].length, items[i].slot);
  for (int64_t i = 0; i < count; i++)
    append(out, items[i].format, (int64_t)strlen(items[i].format), 8);
  for (int64_t i = 0; i < count; i++)
    append(out, &items[i].code, 1, 1);
}

/* This is what any other process sees under the name. */
static void read_file(const char *name, bytes_of *out) {
  FILE *file = fopen(path_of_name(name), "rb");
  assert_non_null(file);
  out->size = (int64_t)fread(out->at, 1, sizeof out->at, file);
  (void)fclose(file);
}

#define assert_bytes(name, expected) assert_bytes_at(name, expected, __LINE__)
static void assert_bytes_at(const char *name, const bytes_of *expected, int line) {
  bytes_of found;
  read_file(name, &found);
  int64_t i = 0;
  while (i < found.size && i < expected->size && found.at[i] == expected->at[i])
    i++;
  if (i < found.size || i < expected->size) {
    print_error("%lld bytes, not %lld; the first difference is at %lld\n", (long long)found.size,
                (long long)expected->size, (long long)i);
    _fail(__FILE__, line);
  }
}

/* A segment with these bytes, and nothing that the core wrote. */
static const char *plant(const void *data, int64_t size) {
  const char *name = fresh_name();
  polyshm_segment *segment = new_segment(name, size);
  assert_ok(polyshm_segment_write(segment, 0, data, size));
  polyshm_segment_free(segment);
  return name;
}

static polyshm_list *attach(const char *name) {
  polyshm_list *list = NULL;
  assert_ok(polyshm_list_attach(name, 0, 0, &list));
  return list;
}

/* The example of CPython's documentation, as CPython 3.11 and 3.13 write it. */
static const char cpythons[] =
    "07000000000000000000000000000000080000000000000010000000000000001800000000000000"
    "2000000000000000280000000000000030000000000000003800000000000000686f776479000000"
    "486f5764590000005839b4c8761271c0640000000000000000000000000000000000000000000001"
    "2a000000000000003873000000000000387300000000000064000000000000007100000000000000"
    "7878787878783f78787878787878783f710000000000000001020000030000";

static void from_hex(const char *hex, bytes_of *out) {
  *out = (bytes_of){.size = (int64_t)strlen(hex) / 2};
  for (int64_t i = 0; i < out->size; i++) {
    const char pair[3] = {hex[2 * i], hex[2 * i + 1], 0};
    out->at[i] = (uint8_t)strtoul(pair, NULL, 16);
  }
}

static void cpythons_example(void **state) {
  (void)state;
  const polyshm_value values[] = {str("howdy"), bytes("HoWdY", 5), from_float(-273.154), from_int(100),
                                  none(),       boolean(true),     from_int(42)};
  bytes_of expected;
  from_hex(cpythons, &expected);
  assert_int_equal(expected.size, 191);
  polyshm_list *list = new_list(values, COUNT(values));
  assert_bytes(polyshm_list_name(list), &expected);
  drop_list(list);

  const char *name = plant(expected.at, expected.size);
  list = attach(name);
  assert_int_equal(polyshm_list_length(list), COUNT(values));
  for (int64_t i = 0; i < COUNT(values); i++)
    assert_item(list, i, values[i]);
  drop_list(list);
}

/* ---- create ---- */

static void an_empty_list(void **state) {
  (void)state;
  polyshm_list *list = new_list(NULL, 0);
  assert_int_equal(polyshm_list_length(list), 0);
  assert_int_equal(polyshm_list_scratch(list), 0);
  const bytes_of expected = {.size = 16};
  assert_bytes(polyshm_list_name(list), &expected);
  int64_t found = 77;
  polyshm_value one = from_int(1);
  assert_ok(polyshm_list_count(list, &one, NULL, 0, &found));
  assert_int_equal(found, 0);
  assert_ok(polyshm_list_index(list, &one, NULL, 0, &found));
  assert_int_equal(found, -1);
  assert_ok(polyshm_list_assign(list, 0, NULL, 0));
  assert_status(POLYSHM_INDEX, get(list, 0));
  assert_status(POLYSHM_INDEX, get(list, -1));
  assert_status(POLYSHM_INDEX, set(list, 0, one));
  drop_list(list);
}

static void the_slot_is_longer_than_the_text(void **state) {
  (void)state;
  static const char text[] = "0123456789abcdef0123456789abcdef";
  for (int64_t length = 0; length <= 32; length++) {
    const polyshm_value values[] = {bytes(text, length), from_int(7)};
    polyshm_list *list = new_list(values, 2);
    const int64_t slot = 8 * (length / 8 + 1);
    int64_t capacity = 0;
    assert_ok(polyshm_list_capacity(list, 0, &capacity));
    assert_int_equal(capacity, slot);
    assert_int_equal(polyshm_list_scratch(list), slot);
    assert_item(list, 0, values[0]);
    char format[24];
    (void)snprintf(format, sizeof format, "%lds", (long)slot);
    polyshm_list_format_text found;
    assert_ok(polyshm_list_format(list, 0, &found));
    assert_string_equal(found.text, format);
    drop_list(list);
  }
}

static void text_counts_in_bytes(void **state) {
  (void)state; /* CPython counts code points, and loses half of it */
  const polyshm_value values[] = {str("\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9"),
                                  str("a\u00e9\u00e9\u00e9\u00e9"), str("\U0001F600\U0001F600"),
                                  str("\xf4\x8f\xbf\xbf")};
  const item items[] = {{"16s", 1, 16, values[0].as.bytes.data, 14},
                        {"16s", 1, 16, values[1].as.bytes.data, 9},
                        {"16s", 1, 16, values[2].as.bytes.data, 8},
                        {"8s", 1, 8, values[3].as.bytes.data, 4}};
  bytes_of expected;
  lay_out(items, 4, &expected);
  polyshm_list *list = new_list(values, 4);
  assert_bytes(polyshm_list_name(list), &expected);
  for (int64_t i = 0; i < 4; i++)
    assert_item(list, i, values[i]);
  drop_list(list);
}

static void numbers_at_their_ends(void **state) {
  (void)state;
  const polyshm_value values[] = {from_int(INT64_MIN),  from_int(INT64_MAX),   from_int(0),
                                  from_int(-1),         from_float(NAN),       from_float(-0.0),
                                  from_float(INFINITY), from_float(-INFINITY), from_float(0x1p-1074)};
  polyshm_list *list = new_list(values, COUNT(values));
  for (int64_t i = 0; i < COUNT(values); i++)
    assert_item(list, i, values[i]);
  assert_ok(set(list, 4, from_uint(INT64_MAX)));
  assert_item(list, 4, from_int(INT64_MAX));
  drop_list(list);
  const polyshm_value small = from_uint(5);
  list = new_list(&small, 1);
  assert_item(list, 0, from_int(5));
  drop_list(list);
}

static void reserve(void **state) {
  (void)state;
  const polyshm_value values[] = {str("abc"), from_int(1), bytes("\1\2", 2), none(), str("0123456789")};
  const struct {
    int64_t count, bytes[5], slots[5];
  } forms[] = {
      {0, {0}, {8, 8, 8, 8, 16}},
      {1, {0}, {8, 8, 8, 8, 16}},
      {1, {9}, {16, 8, 16, 8, 16}},
      {1, {16}, {16, 8, 16, 8, 16}},
      {1, {17}, {24, 8, 24, 8, 24}},
      {5, {0, 0, 0, 0, 0}, {8, 8, 8, 8, 16}},
      {5, {100, 9, 0, 24, 1}, {104, 16, 8, 24, 16}},
  };
  for (int64_t f = 0; f < COUNT(forms); f++) {
    polyshm_list *list = NULL;
    assert_ok(polyshm_list_create(fresh_name(), values, 5, forms[f].bytes, forms[f].count, 0600, &list));
    int64_t largest = 0;
    for (int64_t i = 0; i < 5; i++) {
      int64_t capacity = 0;
      assert_ok(polyshm_list_capacity(list, i, &capacity));
      assert_int_equal(capacity, forms[f].slots[i]);
      largest = capacity > largest ? capacity : largest;
      assert_item(list, i, values[i]);
    }
    assert_int_equal(polyshm_list_scratch(list), largest);
    drop_list(list);
  }
  /* A reserved slot's format is that of the whole slot, and its item may become text, which it fills. */
  polyshm_list *list = NULL;
  assert_ok(polyshm_list_create(fresh_name(), values, 5, forms[6].bytes, 5, 0600, &list));
  polyshm_list_format_text format;
  assert_ok(polyshm_list_format(list, 0, &format));
  assert_string_equal(format.text, "104s");
  assert_ok(polyshm_list_format(list, 1, &format));
  assert_string_equal(format.text, "q");
  assert_ok(set(list, 1, str("sixteen bytes...")));
  assert_item(list, 1, str("sixteen bytes..."));
  assert_item(list, 2, values[2]);
  drop_list(list);

  const int64_t bad[] = {-1, INT64_MIN, POLYSHM_LIST_TEXT_MAX + 1, INT64_MAX};
  for (int64_t i = 0; i < COUNT(bad); i++) {
    const int64_t among[] = {0, 0, bad[i], 0, 0};
    list = NOT_NULL;
    assert_status(POLYSHM_RANGE, polyshm_list_create(fresh_name(), values, 5, &bad[i], 1, 0600, &list));
    assert_null(list);
    assert_status(POLYSHM_RANGE, polyshm_list_create(fresh_name(), values, 5, among, 5, 0600, &list));
  }
  const int64_t counts[] = {-1, 2, 4, 6, INT64_MAX, INT64_MIN};
  for (int64_t i = 0; i < COUNT(counts); i++) {
    const int64_t none_at_all[6] = {0};
    assert_status(POLYSHM_ARGUMENT,
                  polyshm_list_create(fresh_name(), values, 5, none_at_all, counts[i], 0600, &list));
    assert_words("reserve");
  }
  assert_status(POLYSHM_ARGUMENT, polyshm_list_create(fresh_name(), values, 5, NULL, 1, 0600, &list));
}

/* This is what no list holds, whoever asks for it. */
static const struct refused {
  polyshm_status status;
  polyshm_value value;
  const char *words;
} refused[] = {
    {POLYSHM_RANGE,
     {.type = POLYSHM_TYPE_UINT64, .as.uint64 = (uint64_t)INT64_MAX + 1},
     "9223372036854775808"},
    {POLYSHM_RANGE, {.type = POLYSHM_TYPE_UINT64, .as.uint64 = UINT64_MAX}, "int64"},
    {POLYSHM_ARGUMENT, {.type = POLYSHM_TYPE_STR, .as.bytes = {"a\0", 2}}, "NUL"},
    {POLYSHM_ARGUMENT, {.type = POLYSHM_TYPE_BYTES, .as.bytes = {"\0", 1}}, "NUL"},
    {POLYSHM_ARGUMENT, {.type = POLYSHM_TYPE_STR, .as.bytes = {"\xff", 1}}, "UTF-8"},
    {POLYSHM_ARGUMENT, {.type = POLYSHM_TYPE_STR, .as.bytes = {"a\xc3", 2}}, "UTF-8"},
    {POLYSHM_ARGUMENT, {.type = POLYSHM_TYPE_STR, .as.bytes = {NULL, 1}}, "no data"},
    {POLYSHM_ARGUMENT, {.type = POLYSHM_TYPE_BYTES, .as.bytes = {"a", -1}}, "no data"},
    {POLYSHM_ARGUMENT, {.type = POLYSHM_TYPE_BYTES, .as.bytes = {"a", INT64_MIN}}, "no data"},
    {POLYSHM_RANGE, {.type = POLYSHM_TYPE_BYTES, .as.bytes = {"a", INT64_MAX}}, "exceeds available storage"},
    {POLYSHM_RANGE, {.type = POLYSHM_TYPE_STR, .as.bytes = {"a", POLYSHM_LIST_TEXT_MAX + 1}}, "9999992"},
    {POLYSHM_TYPE, {.type = -1}, "integers, floats, booleans, text, bytes and none"},
    {POLYSHM_TYPE, {.type = POLYSHM_TYPE_BYTES + 1}, "integers"},
    {POLYSHM_TYPE, {.type = INT32_MAX}, "integers"},
};

static void what_no_list_holds(void **state) {
  (void)state;
  const polyshm_value good[] = {str("first"), from_int(2), str("third")};
  polyshm_list *list = new_list(good, 3);
  bytes_of before;
  read_file(polyshm_list_name(list), &before);
  for (int64_t i = 0; i < COUNT(refused); i++) {
    const polyshm_value values[] = {from_int(1), refused[i].value, str("x")};
    polyshm_list *other = NOT_NULL;
    const char *name = fresh_name();
    assert_status(refused[i].status, polyshm_list_create(name, values, 3, NULL, 0, 0600, &other));
    assert_words(refused[i].words);
    assert_words("item 1");
    assert_null(other);
    other = NOT_NULL;
    assert_status(refused[i].status, polyshm_list_open(name, values, 3, NULL, 0, 0600, 0, &other));
    assert_null(other);
    assert_int_equal(access(path_of_name(name), F_OK), -1);
    assert_status(refused[i].status, set(list, 0, refused[i].value));
    assert_words(refused[i].words);
    assert_words("item 0");
    assert_words(polyshm_list_name(list));
    assert_status(refused[i].status, polyshm_list_assign(list, 0, values, 3)); /* item 0 was good */
    assert_words("item 1");
    assert_words(polyshm_list_name(list));
    assert_bytes(polyshm_list_name(list), &before);
  }
  drop_list(list);
}

static void bad_arguments_of_create(void **state) {
  (void)state;
  const polyshm_value one = from_int(1);
  polyshm_list *list = NOT_NULL;
  assert_status(POLYSHM_ARGUMENT, polyshm_list_create(fresh_name(), &one, 1, NULL, 0, 0600, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_create(fresh_name(), NULL, 1, NULL, 0, 0600, &list));
  assert_null(list);
  const int64_t counts[] = {-1, INT64_MIN, INT64_MAX, POLYSHM_SIZE_MAX};
  for (int64_t i = 0; i < COUNT(counts); i++)
    assert_status(POLYSHM_RANGE, polyshm_list_create(fresh_name(), &one, counts[i], NULL, 0, 0600, &list));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_create("", &one, 1, NULL, 0, 0600, &list));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_create("a/b", &one, 1, NULL, 0, 0600, &list));
  assert_status(POLYSHM_RANGE, polyshm_list_create(fresh_name(), &one, 1, NULL, 0, 01000, &list));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_open(fresh_name(), &one, 1, NULL, 0, 0600, 0, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_open(NULL, &one, 1, NULL, 0, 0600, 0, &list));
  assert_status(POLYSHM_ARGUMENT,
                polyshm_list_open(fresh_name(), &one, 1, NULL, 0, 0600, POLYSHM_FLAG_READONLY, &list));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_attach(fresh_name(), 0, 0, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_attach(NULL, 0, 0, &list));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_attach(fresh_name(), 1 << 20, 0, &list));
  assert_status(POLYSHM_ENOENT, polyshm_list_attach(fresh_name(), 0, 0, &list));
  assert_null(list);
}

static void names_exclude_and_generated_ones_differ(void **state) {
  (void)state;
  const polyshm_value one = from_int(1);
  polyshm_list *a = new_list(&one, 1), *b = NOT_NULL;
  assert_status(POLYSHM_EEXIST, polyshm_list_create(polyshm_list_name(a), &one, 1, NULL, 0, 0600, &b));
  assert_null(b);
  assert_ok(polyshm_list_create(NULL, &one, 1, NULL, 0, 0600, &b));
  assert_int_equal(strncmp(polyshm_list_name(b), "psm_", 4), 0);
  drop_list(a);
  drop_list(b);
}

static void open_attaches_or_creates(void **state) {
  (void)state;
  const polyshm_value first[] = {str("first"), from_int(1)}, second = from_int(2);
  const char *name = fresh_name();
  const int64_t reserve_bytes = 40;
  polyshm_list *a = NULL, *b = NULL;
  assert_ok(polyshm_list_open(name, first, 2, &reserve_bytes, 1, 0600, 0, &a));
  int64_t capacity = 0;
  assert_ok(polyshm_list_capacity(a, 0, &capacity));
  assert_int_equal(capacity, 40);
  assert_ok(polyshm_list_open(name, &second, 1, NULL, 0, 0600, 0, &b));
  assert_int_equal(polyshm_list_length(b), 2);
  assert_ok(set(b, 1, from_int(3)));
  assert_item(a, 1, from_int(3));
  polyshm_list_free(b);
  drop_list(a);
  /* Whatever is there may be no list. */
  name = fresh_name();
  polyshm_segment *segment = new_segment(name, 8);
  b = NOT_NULL;
  assert_status(POLYSHM_CORRUPT, polyshm_list_open(name, &second, 1, NULL, 0, 0600, 0, &b));
  assert_null(b);
  drop_segment(segment);
}

/* ---- published whole ---- */

typedef struct watch {
  char name[64];
  atomic_bool stop;
  int64_t seen;
  bool wrong;
} watch;

static void *look_for_half_a_list(void *context) {
  watch *w = context;
  while (!atomic_load(&w->stop)) {
    polyshm_list *list = NULL;
    polyshm_status status = polyshm_list_attach(w->name, POLYSHM_FLAG_READONLY, 0, &list);
    if (status == POLYSHM_OK) {
      char scratch[64];
      polyshm_value value;
      w->seen++;
      w->wrong |= polyshm_list_length(list) != 1000;
      w->wrong |= polyshm_list_get(list, -1, scratch, sizeof scratch, &value) ||
                  value.type != POLYSHM_TYPE_STR || value.as.bytes.length != 4;
      polyshm_list_free(list);
    } else {
      w->wrong |= status != POLYSHM_ENOENT;
    }
  }
  return NULL;
}

static void published_whole(bool without_tmpfile) {
  static polyshm_value values[1000];
  for (int64_t i = 0; i < 1000; i++)
    values[i] = i % 2 ? str("text") : from_int(i);
  watch w = {.wrong = false};
  (void)snprintf(w.name, sizeof w.name, "%s", fresh_name());
  polyshm__without_tmpfile = without_tmpfile;
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, look_for_half_a_list, &w), 0);
  const int64_t end = milliseconds_now() + 500;
  while (milliseconds_now() < end) {
    polyshm_list *list = NULL;
    assert_ok(polyshm_list_create(w.name, values, 1000, NULL, 0, 0600, &list));
    (void)usleep(200);
    assert_ok(polyshm_list_unlink(list));
    polyshm_list_free(list);
  }
  atomic_store(&w.stop, true);
  (void)pthread_join(thread, NULL);
  assert_false(w.wrong);
  assert_true(w.seen > 0);
}

static void a_list_is_published_whole(void **state) {
  (void)state;
  published_whole(false);
}

static void also_without_tmpfile(void **state) {
  (void)state;
  published_whole(true);
}

/* ---- handles ---- */

static void closing_and_unlinking(void **state) {
  (void)state;
  const polyshm_value values[] = {from_int(1), str("two")};
  polyshm_list *list = new_list(values, 2), *other = NULL;
  char name[64];
  (void)snprintf(name, sizeof name, "%s", polyshm_list_name(list));
  assert_false(polyshm_list_closed(list));
  assert_ok(polyshm_list_close(list));
  assert_ok(polyshm_list_close(list));
  assert_true(polyshm_list_closed(list));
  assert_string_equal(polyshm_list_name(list), name);
  assert_int_equal(polyshm_list_length(list), 2);
  char scratch[8];
  polyshm_value value = from_int(77);
  int64_t number = 77;
  polyshm_list_format_text format;
  assert_status(POLYSHM_CLOSED, polyshm_list_get(list, 0, scratch, sizeof scratch, &value));
  assert_status(POLYSHM_CLOSED, polyshm_list_get(list, 1, scratch, sizeof scratch, &value));
  assert_status(POLYSHM_CLOSED, set(list, 0, from_int(1)));
  assert_status(POLYSHM_CLOSED, polyshm_list_assign(list, 0, values, 2));
  assert_status(POLYSHM_CLOSED, polyshm_list_assign(list, 0, values, 0));
  assert_status(POLYSHM_CLOSED, polyshm_list_format(list, 0, &format));
  assert_status(POLYSHM_CLOSED, polyshm_list_count(list, values, scratch, sizeof scratch, &number));
  assert_status(POLYSHM_CLOSED, polyshm_list_index(list, values, scratch, sizeof scratch, &number));
  assert_int_equal(number, 77);
  assert_int_equal(value.as.int64, 77);
  other = attach(name); /* close left the name */
  assert_item(other, 1, str("two"));
  assert_ok(polyshm_list_unlink(list)); /* also when closed */
  assert_status(POLYSHM_ENOENT, polyshm_list_unlink(other));
  assert_item(other, 0, from_int(1)); /* the memory stays */
  polyshm_list_free(other);
  polyshm_list_free(list);
}

static void the_segment_below(void **state) {
  (void)state;
  const polyshm_value values[] = {from_int(1), str("two")};
  polyshm_list *list = new_list(values, 2);
  polyshm_segment *segment = NULL;
  assert_ok(polyshm_list_segment(list, &segment));
  assert_string_equal(polyshm_segment_name(segment), polyshm_list_name(list));
  assert_int_equal(polyshm_segment_size(segment), 8 * 4 + 16 + 9 * 2);
  assert_ok(polyshm_segment_resize(segment, 100000)); /* what is behind a list is not its own */
  assert_item(list, 1, str("two"));
  polyshm_list *other = attach(polyshm_list_name(list));
  assert_int_equal(polyshm_list_length(other), 2);
  assert_item(other, 1, str("two"));
  polyshm_list_free(other);
  assert_ok(polyshm_segment_close(segment));
  assert_true(polyshm_list_closed(list));
  assert_status(POLYSHM_CLOSED, get(list, 0));
  assert_ok(polyshm_list_unlink(list));
  polyshm_list_free(list);
  polyshm_value value;
  assert_status(POLYSHM_CLOSED, polyshm_segment_get_value(segment, POLYSHM_INT8, 0, &value)); /* its own */
  polyshm_segment_free(segment);
}

static void readonly(void **state) {
  (void)state;
  const polyshm_value values[] = {from_int(1), str("two")};
  polyshm_list *list = new_list(values, 2), *reader = NULL;
  assert_ok(polyshm_list_attach(polyshm_list_name(list), POLYSHM_FLAG_READONLY, 0, &reader));
  assert_item(reader, 0, values[0]);
  assert_item(reader, 1, values[1]);
  assert_status(POLYSHM_READONLY, set(reader, 0, from_int(2)));
  assert_status(POLYSHM_READONLY, polyshm_list_assign(reader, 0, values, 2));
  assert_ok(set(list, 0, from_int(2)));
  assert_item(reader, 0, from_int(2));
  polyshm_list_free(reader);
  drop_list(list);
}

static polyshm_status take_nothing(const polyshm_value *value, void *context) {
  (void)value;
  (void)context;
  return POLYSHM_OK;
}

static void nothing_given(void **state) {
  (void)state;
  char scratch[8];
  polyshm_value value = from_int(1);
  int64_t number = 0;
  polyshm_list_format_text format;
  polyshm_segment *segment = NOT_NULL;
  polyshm_list_free(NULL);
  assert_ok(polyshm_list_close(NULL));
  assert_true(polyshm_list_closed(NULL));
  assert_string_equal(polyshm_list_name(NULL), "");
  assert_int_equal(polyshm_list_length(NULL), 0);
  assert_int_equal(polyshm_list_scratch(NULL), 0);
  assert_status(POLYSHM_ARGUMENT, polyshm_list_unlink(NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_segment(NULL, &segment));
  assert_null(segment);
  assert_status(POLYSHM_ARGUMENT, polyshm_list_capacity(NULL, 0, &number));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_format(NULL, 0, &format));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_get(NULL, 0, scratch, 8, &value));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_set(NULL, 0, &value));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_walk(NULL, 0, 0, scratch, 8, take_nothing, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_assign(NULL, 0, &value, 1));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_count(NULL, &value, scratch, 8, &number));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_index(NULL, &value, scratch, 8, &number));

  const polyshm_value values[] = {from_int(1), str("two")};
  polyshm_list *list = new_list(values, 2);
  assert_status(POLYSHM_ARGUMENT, polyshm_list_segment(list, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_capacity(list, 0, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_format(list, 0, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_get(list, 0, scratch, 8, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_set(list, 0, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_walk(list, 0, 2, scratch, 8, NULL, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_assign(list, 0, NULL, 1));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_count(list, NULL, scratch, 8, &number));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_count(list, &value, scratch, 8, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_index(list, NULL, scratch, 8, &number));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_index(list, &value, scratch, 8, NULL));
  /* Scratch: none is needed for what is no text. */
  assert_ok(polyshm_list_get(list, 0, NULL, 0, &value));
  const int64_t sizes[] = {7, 0, -1, INT64_MIN};
  for (int64_t i = 0; i < COUNT(sizes); i++) {
    assert_status(POLYSHM_ARGUMENT, polyshm_list_get(list, 1, scratch, sizes[i], &value));
    assert_words("8 bytes of scratch");
  }
  assert_status(POLYSHM_ARGUMENT, polyshm_list_get(list, 1, NULL, 8, &value));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_walk(list, 0, 2, scratch, 7, take_nothing, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_list_count(list, &value, scratch, 7, &number));
  drop_list(list);
}

/* ---- items ---- */

static void indexes(void **state) {
  (void)state;
  const polyshm_value values[] = {from_int(10), from_int(20), from_int(30)};
  polyshm_list *list = new_list(values, 3);
  bytes_of before;
  read_file(polyshm_list_name(list), &before);
  for (int64_t i = 0; i < 3; i++)
    assert_item(list, i - 3, values[i]);
  const int64_t bad[] = {
      3, 4, -4, -7, -12, INT32_MAX, INT64_MAX, INT64_MIN, INT64_C(1) << 31, -(INT64_C(1) << 61)};
  for (int64_t i = 0; i < COUNT(bad); i++) {
    int64_t number;
    polyshm_list_format_text format;
    assert_status(POLYSHM_INDEX, get(list, bad[i]));
    assert_words("3 items");
    assert_status(POLYSHM_INDEX, set(list, bad[i], from_int(1)));
    assert_status(POLYSHM_INDEX, polyshm_list_capacity(list, bad[i], &number));
    assert_status(POLYSHM_INDEX, polyshm_list_format(list, bad[i], &format));
  }
  assert_bytes(polyshm_list_name(list), &before);
  polyshm_list_format_text format;
  assert_ok(set(list, -1, from_float(0.5)));
  assert_item(list, 2, from_float(0.5));
  assert_ok(polyshm_list_format(list, -1, &format));
  assert_string_equal(format.text, "d");
  const struct {
    int64_t index, count;
  } ranges[] = {{-1, 1},        {0, 4},         {3, 1},         {4, 0}, {0, -1},
                {1, INT64_MAX}, {INT64_MAX, 1}, {INT64_MIN, 0}, {2, 2}};
  for (int64_t i = 0; i < COUNT(ranges); i++) {
    assert_status(POLYSHM_INDEX,
                  polyshm_list_walk(list, ranges[i].index, ranges[i].count, NULL, 0, take_nothing, NULL));
    assert_status(POLYSHM_INDEX, polyshm_list_assign(list, ranges[i].index, values, ranges[i].count));
  }
  assert_ok(polyshm_list_walk(list, 3, 0, NULL, 0, take_nothing, NULL));
  assert_ok(polyshm_list_assign(list, 3, NULL, 0));
  drop_list(list);
}

/* Every kind follows every kind in slots of 8 and of 24 bytes; the bytes are those that CPython would write.
 */
static void kinds_change_in_every_combination(void **state) {
  (void)state;
  const double half = 0.5;
  const int64_t minus = -2;
  const uint8_t truth[8] = {[7] = 1};
  const struct {
    polyshm_value value;
    item stored; /* in a slot of 8 */
  } kinds[] = {
      {from_int(-2), {"q", 0, 8, &minus, 8}},
      {from_float(0.5), {"d", 0, 8, &half, 8}},
      {boolean(true), {"xxxxxxx?", 0, 8, truth, 8}},
      {boolean(false), {"xxxxxxx?", 0, 8, NULL, 0}},
      {none(), {"xxxxxx?x", 3, 8, NULL, 0}},
      {str("\u00e9\u00e8"), {"8s", 1, 8, "\u00e9\u00e8", 4}},
      {bytes("\xff\0\1", 3), {"8s", 2, 8, "\xff\0\1", 3}},
      {str(""), {"8s", 1, 8, NULL, 0}},
      {bytes("", 0), {"8s", 2, 8, NULL, 0}},
      {str("8 bytes!"), {"8s", 1, 8, "8 bytes!", 8}},
  };
  for (int64_t slot = 8; slot <= 24; slot += 16)
    for (int64_t from = 0; from < COUNT(kinds); from++)
      for (int64_t to = 0; to < COUNT(kinds); to++) {
        const polyshm_value guarded[] = {str("before"), kinds[from].value, from_int(-1)};
        const int64_t least[] = {0, slot, 0};
        if (slot == 8 && guarded[1].type >= POLYSHM_TYPE_STR && guarded[1].as.bytes.length == 8)
          continue; /* gets 16 at creation */
        polyshm_list *list = NULL;
        assert_ok(polyshm_list_create(fresh_name(), guarded, 3, least, 3, 0600, &list));
        assert_ok(set(list, 1, kinds[to].value));
        assert_item(list, 1, kinds[to].value);
        /* A number leaves what a longer slot has behind it: there is none left by those of 8 bytes. */
        item items[] = {
            {"8s", 1, 8, "before", 6}, kinds[to].stored, {"q", 0, 8, "\xff\xff\xff\xff\xff\xff\xff\xff", 8}};
        items[1].slot = slot;
        if (slot == 24 && strcmp(items[1].format, "8s") == 0)
          items[1].format = "24s";
        bytes_of expected;
        lay_out(items, 3, &expected);
        assert_bytes(polyshm_list_name(list), &expected);
        drop_list(list);
      }
}

static void a_number_leaves_the_rest_of_a_longer_slot(void **state) {
  (void)state;
  const polyshm_value value = bytes("0123456789abcdefghij", 20);
  polyshm_list *list = new_list(&value, 1);
  assert_ok(set(list, 0, from_int(-1)));
  const item items[] = {{"q", 0, 24,
                         "\xff\xff\xff\xff\xff\xff\xff\xff"
                         "89abcdefghij",
                         20}};
  bytes_of expected;
  lay_out(items, 1, &expected);
  assert_bytes(polyshm_list_name(list), &expected);
  assert_ok(set(list, 0, str("x"))); /* and text clears it */
  const item then[] = {{"24s", 1, 24, "x", 1}};
  lay_out(then, 1, &expected);
  assert_bytes(polyshm_list_name(list), &expected);
  drop_list(list);
}

static void text_at_the_limits_of_its_slot(void **state) {
  (void)state;
  const polyshm_value values[] = {str("1234567"), str("next")};
  polyshm_list *list = new_list(values, 2);
  assert_ok(set(list, 0, str("12345678")));
  assert_item(list, 0, str("12345678"));
  assert_item(list, 1, str("next"));
  bytes_of before;
  read_file(polyshm_list_name(list), &before);
  const polyshm_value longer[] = {str("123456789"), str("\u00e9\u00e9\u00e9\u00e9\u00e9"),
                                  bytes("123456789", 9)};
  for (int64_t i = 0; i < COUNT(longer); i++) {
    assert_status(POLYSHM_RANGE, set(list, 0, longer[i]));
    assert_words("its slot has 8");
    assert_bytes(polyshm_list_name(list), &before);
  }
  assert_ok(set(list, 0, bytes("a\0b", 3))); /* a NUL within is kept */
  assert_item(list, 0, bytes("a\0b", 3));
  polyshm_value inner = bytes("a\0b", 3);
  inner.type = POLYSHM_TYPE_STR;
  assert_ok(set(list, 0, inner));
  assert_item(list, 0, inner);
  assert_ok(set(list, 0, (polyshm_value){.type = POLYSHM_TYPE_STR, .as.bytes = {NULL, 0}}));
  assert_item(list, 0, str(""));
  drop_list(list);
}

static void the_longest_text(void **state) {
  (void)state;
  enum { MOST = 9999991 };
  char *text = malloc(MOST + 1), *scratch = malloc(MOST + 9);
  assert_non_null(text);
  assert_non_null(scratch);
  memset(text, 'x', MOST + 1);
  polyshm_value value = bytes(text, MOST);
  polyshm_list *list = new_list(&value, 1);
  assert_int_equal(polyshm_list_scratch(list), MOST + 1);
  polyshm_list_format_text format;
  assert_ok(polyshm_list_format(list, 0, &format));
  assert_string_equal(format.text, "9999992s");
  polyshm_value found;
  assert_ok(polyshm_list_get(list, 0, scratch, MOST + 1, &found));
  assert_value(&found, value, __LINE__);
  value.as.bytes.length = MOST + 1; /* its slot takes one more, as all slots do */
  assert_ok(polyshm_list_set(list, 0, &value));
  assert_ok(polyshm_list_get(list, 0, scratch, MOST + 1, &found));
  assert_value(&found, value, __LINE__);
  drop_list(list);

  /* A peer's slot of 10,000,008 bytes: no format of eight characters can tell all of it. */
  const int64_t head[] = {1, 0, 10000008};
  const int64_t size = 24 + head[2] + 9;
  const char *name = fresh_name();
  polyshm_segment *segment = new_segment(name, size);
  assert_ok(polyshm_segment_write(segment, 0, head, sizeof head));
  assert_ok(polyshm_segment_write(segment, 24 + head[2], "q", 1));
  list = attach(name);
  int64_t capacity = 0;
  assert_ok(polyshm_list_capacity(list, 0, &capacity));
  assert_int_equal(capacity, 9999999);
  assert_item(list, 0, from_int(0));
  value.as.bytes.length = 12;
  assert_ok(polyshm_list_set(list, 0, &value));
  assert_ok(polyshm_list_format(list, 0, &format));
  assert_string_equal(format.text, "9999999s");
  assert_int_equal(polyshm_list_scratch(list), 9999999);
  assert_ok(polyshm_list_get(list, 0, scratch, 9999999, &found));
  assert_value(&found, value, __LINE__);
  value.as.bytes.length = 10000000;
  assert_status(POLYSHM_RANGE, polyshm_list_set(list, 0, &value));
  polyshm_segment_free(segment);
  drop_list(list);
  free(text);
  free(scratch);
}

static void a_format_shorter_than_its_slot(void **state) {
  (void)state; /* as CPython will write it after gh-145261 */
  const item items[] = {{"5s", 1, 16, "hello, not read", 15},
                        {"14s", 1, 16, "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9", 14},
                        {"0s", 2, 8, "abc", 3},
                        {"1s", 1, 8, "", 0}};
  bytes_of all;
  lay_out(items, 4, &all);
  polyshm_list *list = attach(plant(all.at, all.size));
  assert_item(list, 0, str("hello"));
  assert_item(list, 1, str("\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9"));
  assert_item(list, 2, bytes("", 0));
  assert_item(list, 3, str(""));
  polyshm_list_format_text format;
  assert_ok(polyshm_list_format(list, 0, &format));
  assert_string_equal(format.text, "5s");
  /* Whatever we write has the whole slot's: CPython would cut its next text to a shorter one. */
  assert_ok(set(list, 0, str("0123456789")));
  assert_item(list, 0, str("0123456789"));
  assert_ok(polyshm_list_format(list, 0, &format));
  assert_string_equal(format.text, "16s");
  drop_list(list);
}

static void what_cpython_reads_leniently(void **state) {
  (void)state;
  uint8_t truth[8] = {1, 2, 3, 4, 5, 6, 7, 0x80};
  const item items[] = {{"xxxxxxx?", 0, 8, truth, 8}, {"q", 3, 8, truth, 8}, {"xxxxxx?x", 3, 8, truth, 8}};
  bytes_of all;
  lay_out(items, 3, &all);
  polyshm_list *list = attach(plant(all.at, all.size));
  assert_item(list, 0, boolean(true));
  assert_item(list, 1, none());
  assert_item(list, 2, none());
  drop_list(list);
}

/* ---- whole lists ---- */

typedef struct taken {
  const polyshm_value *expected;
  polyshm_list *close;
  int64_t seen, stop;
  jmp_buf *out;
} taken;

static polyshm_status take(const polyshm_value *value, void *context) {
  taken *t = context;
  assert_value(value, t->expected[t->seen], __LINE__);
  t->seen++;
  if (t->seen == t->stop && t->out)
    longjmp(*t->out, 1);
  if (t->seen == t->stop && t->close)
    assert_ok(polyshm_list_close(t->close));
  else if (t->seen == t->stop)
    return POLYSHM_EINTR;
  return POLYSHM_OK;
}

static void a_walk(void **state) {
  (void)state;
  const polyshm_value values[] = {from_int(1),      str("two"),      none(),
                                  bytes("\xff", 1), from_float(5.5), boolean(false)};
  char scratch[8];
  polyshm_list *list = new_list(values, 6);
  for (int64_t index = 0; index <= 6; index++)
    for (int64_t count = 0; count <= 6 - index; count++) {
      taken t = {.expected = values + index};
      assert_ok(polyshm_list_walk(list, index, count, scratch, sizeof scratch, take, &t));
      assert_int_equal(t.seen, count);
    }
  taken t = {.expected = values, .stop = 3};
  assert_status(POLYSHM_EINTR, polyshm_list_walk(list, 0, 6, scratch, sizeof scratch, take, &t));
  assert_int_equal(t.seen, 3);
  jmp_buf out;
  static taken jumps;
  jumps = (taken){.expected = values, .stop = 4, .out = &out};
  if (setjmp(out) == 0) {
    assert_ok(polyshm_list_walk(list, 0, 6, scratch, sizeof scratch, take, &jumps));
    fail();
  }
  assert_int_equal(jumps.seen, 4);
  t = (taken){.expected = values, .stop = 2, .close = list};
  assert_status(POLYSHM_CLOSED, polyshm_list_walk(list, 0, 6, scratch, sizeof scratch, take, &t));
  assert_int_equal(t.seen, 2);
  assert_status(POLYSHM_CLOSED, polyshm_list_walk(list, 0, 0, scratch, sizeof scratch, take, &t));
  drop_list(list);
}

static void an_assignment(void **state) {
  (void)state;
  const polyshm_value values[] = {from_int(1), str("two"), none(), str("four")};
  const polyshm_value others[] = {none(), from_float(2), str("three"), str("4 bytes.")};
  polyshm_list *list = new_list(values, 4);
  assert_ok(polyshm_list_assign(list, 0, others, 4));
  for (int64_t i = 0; i < 4; i++)
    assert_item(list, i, others[i]);
  assert_ok(polyshm_list_assign(list, 2, values, 2));
  assert_item(list, 1, others[1]);
  assert_item(list, 2, values[0]);
  assert_item(list, 3, values[1]);
  bytes_of before;
  read_file(polyshm_list_name(list), &before);
  const polyshm_value last_too_long[] = {from_int(1), from_int(2), from_int(3), str("too long!")};
  assert_status(POLYSHM_RANGE, polyshm_list_assign(list, 0, last_too_long, 4));
  assert_words("item 3");
  assert_status(POLYSHM_RANGE, polyshm_list_assign(list, 2, last_too_long + 2, 2));
  assert_words("item 3");
  assert_bytes(polyshm_list_name(list), &before);
  drop_list(list);
}

static void count_and_index(void **state) {
  (void)state;
  const polyshm_value values[] = {str("a"), from_int(2),   from_float(2), bytes("a", 1),  none(),
                                  str("a"), boolean(true), from_int(1),   from_float(NAN)};
  polyshm_list *list = new_list(values, COUNT(values));
  const struct {
    polyshm_value value;
    int64_t count, index;
  } sought[] = {
      {str("a"), 2, 0},
      {bytes("a", 1), 1, 3},
      {from_int(2), 2, 1},
      {from_float(2), 2, 1},
      {from_uint(2), 2, 1},
      {none(), 1, 4},
      {boolean(true), 1, 6},
      {boolean(false), 0, -1},
      {from_int(1), 1, 7},
      {from_float(NAN), 0, -1},
      {from_float(2.5), 0, -1},
      {str(""), 0, -1},
      {from_uint(UINT64_MAX), 0, -1},
      {{.type = -1}, 0, -1},
  };
  for (int64_t i = 0; i < COUNT(sought); i++) {
    char scratch[8];
    int64_t found = 77;
    assert_ok(polyshm_list_count(list, &sought[i].value, scratch, sizeof scratch, &found));
    assert_int_equal(found, sought[i].count);
    assert_ok(polyshm_list_index(list, &sought[i].value, scratch, sizeof scratch, &found));
    assert_int_equal(found, sought[i].index);
  }
  drop_list(list);
}

static void a_search_at_a_broken_item(void **state) {
  (void)state;
  const item items[] = {{"8s", 1, 8, "a", 1}, {"8s", 1, 8, "\xff", 1}, {"8s", 1, 8, "b", 1}};
  bytes_of all;
  lay_out(items, 3, &all);
  polyshm_list *list = attach(plant(all.at, all.size));
  polyshm_value a = str("a"), b = str("b");
  char scratch[8];
  int64_t found = 77;
  assert_status(POLYSHM_CORRUPT, polyshm_list_index(list, &b, scratch, sizeof scratch, &found));
  assert_status(POLYSHM_CORRUPT, polyshm_list_count(list, &a, scratch, sizeof scratch, &found));
  assert_int_equal(found, 77);
  assert_ok(polyshm_list_index(list, &a, scratch, sizeof scratch, &found)); /* found before it */
  assert_int_equal(found, 0);
  taken t = {.expected = &a};
  assert_status(POLYSHM_CORRUPT, polyshm_list_walk(list, 0, 3, scratch, sizeof scratch, take, &t));
  assert_int_equal(t.seen, 1);
  drop_list(list);
}

/* ---- lists that CPython is making ---- */

/* CPython writes a list's bytes in their order, into zeros. */
struct maker {
  const char *name;
  bytes_of all;
  int64_t done; /* bytes it has written */
  int waits;    /* calls of the hook */
};

static void begin_to_make(struct maker *maker, int64_t done) {
  bytes_of begun = maker->all;
  memset(begun.at + done, 0, (size_t)(begun.size - done));
  maker->name = plant(begun.at, begun.size);
  maker->done = done;
  maker->waits = 0;
}

/* As somebody waits for the list, CPython goes on. */
static polyshm_status make_the_rest(void (*sleep_slice)(void *slice), void *slice, void *context) {
  (void)sleep_slice;
  (void)slice;
  struct maker *maker = context;
  FILE *file = fopen(path_of_name(maker->name), "r+b");
  assert_non_null(file);
  assert_int_equal(fwrite(maker->all.at, 1, (size_t)maker->all.size, file), maker->all.size);
  assert_int_equal(fclose(file), 0);
  maker->waits++;
  return POLYSHM_OK;
}

static polyshm_status count_the_wait(void (*sleep_slice)(void *slice), void *slice, void *context) {
  struct maker *maker = context;
  sleep_slice(slice);
  maker->waits++;
  return POLYSHM_OK;
}

/* Where the formats and the codes of that list end, and its last code other than 0. */
enum { FORMATS_END = 184, CODES_SEEN = FORMATS_END + 5 };

static void attach_begun(struct maker *maker, int64_t done) {
  polyshm_list *list = NOT_NULL;
  begin_to_make(maker, done);
  if (done < FORMATS_END) {
    assert_status(POLYSHM_ENODATA, polyshm_list_attach(maker->name, 0, 0, &list));
    assert_words("still filling");
    assert_null(list);
  } else { /* only codes are missing, as after a death between an item's format and its code */
    assert_ok(polyshm_list_attach(maker->name, 0, 0, &list));
    assert_int_equal(polyshm_list_length(list), 7);
    polyshm_list_free(list);
  }
  polyshm_on_wait(make_the_rest, maker);
  assert_ok(polyshm_list_attach(maker->name, 0, LONG, &list));
  polyshm_on_wait(NULL, NULL);
  assert_int_equal(maker->waits, done < CODES_SEEN ? 1 : 0);
  assert_int_equal(polyshm_list_length(list), 7);
  assert_item(list, 0, str("howdy"));
  drop_list(list);
}

static void a_list_that_cpython_is_making(void **state) {
  (void)state;
  struct maker maker;
  from_hex(cpythons, &maker.all);
  for (int64_t done = 0; done < maker.all.size; done += done < FORMATS_END ? 8 : 1)
    attach_begun(&maker, done);
}

static void a_list_that_nobody_finishes(void **state) {
  (void)state;
  struct maker maker;
  polyshm_list *list = NOT_NULL;
  from_hex(cpythons, &maker.all);
  begin_to_make(&maker, FORMATS_END - 8);
  polyshm_on_wait(count_the_wait, &maker);
  assert_status(POLYSHM_ENODATA, polyshm_list_attach(maker.name, 0, 20 * MILLISECONDS, &list));
  assert_null(list);
  assert_true(maker.waits >= 1);
  assert_ok(polyshm_segment_unlink_name(maker.name));

  begin_to_make(&maker, FORMATS_END); /* all but the codes: the list can be used, as it is */
  assert_ok(polyshm_list_attach(maker.name, 0, LONG, &list));
  polyshm_on_wait(NULL, NULL);
  assert_true(maker.waits >= 2);
  assert_status(POLYSHM_CORRUPT, get(list, 0));
  assert_ok(set(list, 0, str("mended")));
  assert_item(list, 0, str("mended"));
  drop_list(list);
}

/* ---- hostile bytes ---- */

/* Attaching is refused, says why, and leaves nothing. */
#define assert_no_list(all) assert_no_list_at(all, __LINE__)
static void assert_no_list_at(const bytes_of *all, int line) {
  const char *name = plant(all->at, all->size);
  polyshm_list *list = NOT_NULL;
  assert_status_at(POLYSHM_CORRUPT, polyshm_list_attach(name, 0, 0, &list), "attach", __FILE__, line);
  assert_null(list);
  assert_words_at("it is no list", __FILE__, line);
  assert_ok(polyshm_segment_unlink_name(name));
}

static void sample(bytes_of *out) {
  static const int64_t number = 7;
  const item items[] = {{"8s", 1, 8, "one", 3}, {"q", 0, 8, &number, 8}, {"16s", 2, 16, "0123456789", 10}};
  lay_out(items, 3, out);
}

static void put_word(bytes_of *all, int64_t at, int64_t word) {
  memcpy(all->at + at, &word, sizeof word);
}

static void sizes_cut(void **state) {
  (void)state;
  bytes_of all;
  sample(&all);
  const int64_t whole = all.size;
  for (all.size = 1; all.size < whole; all.size++)
    assert_no_list(&all);
  polyshm_list *list = attach(plant(all.at, all.size));
  drop_list(list);
}

static void lengths_and_offsets_broken(void **state) {
  (void)state;
  bytes_of all;
  const int64_t lengths[] = {
      4, 5, 1000, -1, INT64_MIN, INT64_MAX, INT64_C(1) << 40, INT64_C(1) << 61, INT64_MAX / 8};
  for (int64_t i = 0; i < COUNT(lengths); i++) {
    sample(&all);
    put_word(&all, 0, lengths[i]);
    assert_no_list(&all);
  }
  const int64_t offsets[] = {-8,  -1, 1, 4, 7, 9, 12, INT64_MIN, INT64_MAX, INT64_MAX - 7, INT64_C(1) << 40,
                             1000};
  for (int64_t word = 1; word <= 4; word++)
    for (int64_t i = 0; i < COUNT(offsets); i++) {
      sample(&all);
      put_word(&all, 8 * word, offsets[i]);
      assert_no_list(&all);
    }
  sample(&all);
  put_word(&all, 8, 8); /* the first is 0 */
  assert_no_list(&all);
  sample(&all);
  put_word(&all, 24, 8); /* a slot of nothing */
  assert_no_list(&all);
  sample(&all);
  put_word(&all, 16, 24); /* one before the last one */
  put_word(&all, 24, 16);
  assert_no_list(&all);
  sample(&all);
  put_word(&all, 32, 40); /* the rest would lie one word outside */
  assert_no_list(&all);
  memset(all.at, 0xff, sizeof all.at);
  assert_no_list(&all);
}

static void formats_broken(void **state) {
  (void)state;
  static const char *const broken[] = {"",          "s",        "9s",
                                       "16s",       "99999999", "9999999s",
                                       "0000009s",  "-1s",      "8",
                                       "8sq",       "8s8s",     "q8s",
                                       "Q",         "qq",       "xxxxxxx",
                                       "xxxxxxx?x", "?xxxxxxx", "xxxxxx??",
                                       " 8s",       "+8s",      "8S",
                                       "d ",        "\xff",     "1e1s",
                                       "8 s",       "xxxxx?xx", "\xff\xff\xff\xff\xff\xff\xff\xff"};
  for (int64_t i = 0; i < COUNT(broken); i++)
    for (int8_t code = 0; code <= 2; code++) {
      bytes_of all;
      sample(&all);
      const int64_t formats = 40 + 32, codes = formats + 24;
      memset(all.at + formats, 0, 8);
      memcpy(all.at + formats, broken[i], strnlen(broken[i], 8));
      all.at[codes] = (uint8_t)code;
      if (strncmp(broken[i], "xxxxxxx?", 8) == 0) /* nine characters are eight there */
        continue;
      polyshm_list *list = attach(plant(all.at, all.size));
      assert_status(POLYSHM_CORRUPT, get(list, 0));
      assert_words("item 0");
      polyshm_list_format_text format;
      assert_status(POLYSHM_CORRUPT, polyshm_list_format(list, 0, &format));
      assert_item(list, 1, from_int(7)); /* the others are as they were */
      assert_ok(set(list, 0, str("mended")));
      assert_item(list, 0, str("mended"));
      drop_list(list);
    }
}

static void garbage_behind_a_format(void **state) {
  (void)state;
  bytes_of all;
  sample(&all);
  memcpy(all.at + 72, "8s\0q", 4);
  memcpy(all.at + 80, "q\0\0\0\0\0\0d", 8);
  polyshm_list *list = attach(plant(all.at, all.size));
  assert_status(POLYSHM_CORRUPT, get(list, 0));
  assert_status(POLYSHM_CORRUPT, get(list, 1));
  drop_list(list);
}

static void codes_broken(void **state) {
  (void)state;
  for (int code = -128; code < 128; code++) {
    bytes_of all;
    sample(&all);
    all.at[96] = (uint8_t)code; /* of text */
    all.at[97] = (uint8_t)code; /* of a number */
    polyshm_list *list = attach(plant(all.at, all.size));
    bool text = code == 1 || code == 2;
    assert_status(text || code == 3 ? POLYSHM_OK : POLYSHM_CORRUPT, get(list, 0));
    assert_status(code == 0 || code == 3 ? POLYSHM_OK : POLYSHM_CORRUPT, get(list, 1));
    drop_list(list);
  }
}

static void text_that_is_not_utf8(void **state) {
  (void)state; /* what CPython leaves of 'aéééé' */
  const item items[] = {{"8s", 1, 8, "a\u00e9\u00e9\u00e9\xc3", 8}};
  bytes_of all;
  lay_out(items, 1, &all);
  polyshm_list *list = attach(plant(all.at, all.size));
  assert_status(POLYSHM_CORRUPT, get(list, 0));
  assert_words("not UTF-8");
  drop_list(list);
}

static void offsets_that_move_later_move_nothing(void **state) {
  (void)state;
  bytes_of all;
  sample(&all);
  polyshm_list *list = attach(plant(all.at, all.size));
  polyshm_segment *segment = NULL;
  assert_ok(polyshm_list_segment(list, &segment));
  assert_ok(polyshm_segment_fill(segment, 0xff, 0, 40));
  assert_item(list, 0, str("one"));
  assert_item(list, 1, from_int(7));
  assert_item(list, 2, bytes("0123456789", 10));
  assert_int_equal(polyshm_list_length(list), 3);
  polyshm_segment_free(segment);
  drop_list(list);
}

/* Each bit of a list, turned alone: an answer or CORRUPT, and nothing else. */
static void every_bit_flipped(void **state) {
  (void)state;
  bytes_of all;
  sample(&all);
  const char *name = plant(all.at, all.size);
  polyshm_segment *segment = NULL;
  assert_ok(polyshm_segment_attach(name, 0, 0, &segment));
  for (int64_t bit = 0; bit < 8 * all.size; bit++) {
    uint8_t byte = (uint8_t)(all.at[bit / 8] ^ (1 << bit % 8));
    assert_ok(polyshm_segment_write(segment, bit / 8, &byte, 1));
    polyshm_list *list = NULL;
    polyshm_status status = polyshm_list_attach(name, 0, 0, &list);
    /* An offset that becomes 0 is one that CPython has not written yet. */
    assert_true(status == POLYSHM_OK || status == POLYSHM_CORRUPT || status == POLYSHM_ENODATA);
    for (int64_t i = 0; i < polyshm_list_length(list); i++) {
      status = get(list, i);
      assert_true(status == POLYSHM_OK || status == POLYSHM_CORRUPT);
    }
    polyshm_list_free(list);
    assert_ok(polyshm_segment_write(segment, bit / 8, &all.at[bit / 8], 1));
  }
  drop_segment(segment);
}

/* ---- others' writes ---- */

/* Each thread has a handle, and so a mapping, of its own: as processes have. */
typedef struct flip {
  const char *name;
  polyshm_value values[2];
  atomic_bool *stop;
  int64_t done;
  polyshm_status status;
} flip;

static void *flip_between(void *context) {
  flip *f = context;
  polyshm_list *list = NULL;
  f->status = polyshm_list_attach(f->name, 0, 0, &list);
  for (; !f->status && !atomic_load_explicit(f->stop, memory_order_relaxed); f->done++)
    f->status = polyshm_list_set(list, 0, &f->values[f->done % 2]);
  polyshm_list_free(list);
  return NULL;
}

/* Two write, this one reads: what came, in kinds. */
static void contend(polyshm_value a, polyshm_value b, polyshm_value c, polyshm_value d, bool torn) {
  polyshm_list *list = NULL;
  const polyshm_value two[] = {a, none()};
  const int64_t slots[] = {24, 0};
  assert_ok(polyshm_list_create(fresh_name(), two, 2, slots, 2, 0600, &list));
  atomic_bool stop = false;
  flip flips[] = {{.name = polyshm_list_name(list), .values = {a, b}, .stop = &stop},
                  {.name = polyshm_list_name(list), .values = {c, d}, .stop = &stop}};
  pthread_t threads[2];
  for (int i = 0; i < 2; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, flip_between, &flips[i]), 0);
  int64_t reads = 0, strange = 0;
  for (const int64_t end = milliseconds_now() + 400; milliseconds_now() < end;)
    for (int i = 0; i < 100; i++, reads++) {
      char scratch[24];
      polyshm_value value;
      polyshm_status status = polyshm_list_get(list, 0, scratch, sizeof scratch, &value);
      if (status != POLYSHM_OK) {
        strange += status != POLYSHM_CORRUPT || !torn;
        continue;
      }
      if (!torn && !polyshm_value_equal(&value, &a) && !polyshm_value_equal(&value, &b) &&
          !polyshm_value_equal(&value, &c) && !polyshm_value_equal(&value, &d))
        strange++;
      if (value.type >= POLYSHM_TYPE_STR && (value.as.bytes.length < 0 || value.as.bytes.length > 24))
        strange++;
      if (value.type == POLYSHM_TYPE_STR && !polyshm_is_utf8(value.as.bytes.data, value.as.bytes.length))
        strange++;
    }
  atomic_store(&stop, true);
  for (int i = 0; i < 2; i++) {
    (void)pthread_join(threads[i], NULL);
    assert_int_equal(flips[i].status, POLYSHM_OK);
    assert_true(flips[i].done > 0);
  }
  assert_int_equal(strange, 0);
  assert_true(reads > 0);
  assert_item(list, 1, none());
  drop_list(list);
}

static void text_flips_while_it_is_read(void **state) {
  (void)state;
  contend(str("\u00e9\u00e9\u00e9\u00e9\u00e9"), str("abcdefghijklmnopqrstuvwx"), bytes("\xff\xfe\xfd", 3),
          str(""), true);
}

static void kinds_flip_while_they_are_read(void **state) {
  (void)state;
  contend(str("a\u00e9"), from_int(-1), none(), from_float(1e300), true);
}

static void numbers_are_never_torn(void **state) {
  (void)state;
  contend(from_int(0), from_int(-1), from_int(INT64_C(0x5555555555555555)), from_int(0x33333333), false);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(cpythons_example),
      TEST(an_empty_list),
      TEST(the_slot_is_longer_than_the_text),
      TEST(text_counts_in_bytes),
      TEST(numbers_at_their_ends),
      TEST(reserve),
      TEST(what_no_list_holds),
      TEST(bad_arguments_of_create),
      TEST(names_exclude_and_generated_ones_differ),
      TEST(open_attaches_or_creates),
      TEST(a_list_is_published_whole),
      TEST(also_without_tmpfile),
      TEST(closing_and_unlinking),
      TEST(the_segment_below),
      TEST(readonly),
      TEST(nothing_given),
      TEST(indexes),
      TEST(kinds_change_in_every_combination),
      TEST(a_number_leaves_the_rest_of_a_longer_slot),
      TEST(text_at_the_limits_of_its_slot),
      TEST(the_longest_text),
      TEST(a_format_shorter_than_its_slot),
      TEST(what_cpython_reads_leniently),
      TEST(a_walk),
      TEST(an_assignment),
      TEST(count_and_index),
      TEST(a_search_at_a_broken_item),
      TEST(a_list_that_cpython_is_making),
      TEST(a_list_that_nobody_finishes),
      TEST(sizes_cut),
      TEST(lengths_and_offsets_broken),
      TEST(formats_broken),
      TEST(garbage_behind_a_format),
      TEST(codes_broken),
      TEST(text_that_is_not_utf8),
      TEST(offsets_that_move_later_move_nothing),
      TEST(every_bit_flipped),
      TEST(text_flips_while_it_is_read),
      TEST(kinds_flip_while_they_are_read),
      TEST(numbers_are_never_torn),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
