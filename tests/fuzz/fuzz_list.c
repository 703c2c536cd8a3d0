/*
 * fuzz_list.c: libFuzzer's target for the list's decoder. The input is a segment's bytes; a page without
 * access begins where they end, and in a second run another ends where they begin. list.c is included, not
 * linked: its layout's reader is static, and so needs no way in that others could find.
 */
#include "../../core/src/raw/list.c"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST 65536

static void must(bool it, const char *what, int line) {
  if (it)
    return;
  fprintf(stderr, "fuzz_list.c:%d: not so: %s\n", line, what);
  abort();
}
#define MUST(it) must((it), #it, __LINE__)

/* A segment over memory of our own: two references, so that the one which list_on() drops is not the last. */
static polyshm_segment *segment_over(uint8_t *base, int64_t size) {
  static polyshm_segment segment = {.name = "fuzz"};
  atomic_store(&segment.base, base);
  atomic_store(&segment.size, size);
  atomic_store(&segment.references, 2);
  return &segment;
}

static polyshm_status count_one(const polyshm_value *value, void *context) {
  MUST(value->type >= POLYSHM_TYPE_NONE && value->type <= POLYSHM_TYPE_BYTES);
  ++*(int64_t *)context;
  return POLYSHM_OK;
}

static bool answer(polyshm_status status) {
  return status == POLYSHM_OK || status == POLYSHM_CORRUPT;
}

static void read_all(const polyshm_list *list, char *scratch, int64_t size) {
  const int64_t length = polyshm_list_length(list);
  int64_t readable = 0, capacity = 0, walked = 0;
  polyshm_status status;
  bool first = true; /* of those that are broken */
  for (int64_t i = -length; i < length; i++) {
    polyshm_value value;
    polyshm_list_format_text format;
    MUST(polyshm_list_capacity(list, i, &capacity) == POLYSHM_OK && capacity >= 8 && capacity <= size);
    MUST(answer(polyshm_list_format(list, i, &format)));
    status = polyshm_list_get(list, i, scratch, size, &value);
    MUST(answer(status));
    first = first && !status;
    readable += i >= 0 && first;
    if (i == -1)
      first = true;
    if (status)
      continue;
    const uint8_t code = polyshm__segment_base(list->segment)[list->codes + (i < 0 ? i + length : i)];
    MUST(code <= CODE_NONE && (code == CODE_NONE) == (value.type == POLYSHM_TYPE_NONE));
    MUST(value.type != POLYSHM_TYPE_STR || polyshm_is_utf8(value.as.bytes.data, value.as.bytes.length));
    if (value.type == POLYSHM_TYPE_STR || value.type == POLYSHM_TYPE_BYTES) {
      MUST(value.as.bytes.length >= 0 && value.as.bytes.length <= capacity);
      MUST(!value.as.bytes.length || value.as.bytes.data == scratch);
    }
    int64_t found = -2;
    char copy[64]; /* searching overwrites scratch */
    if ((value.type == POLYSHM_TYPE_STR || value.type == POLYSHM_TYPE_BYTES) && value.as.bytes.length) {
      if (value.as.bytes.length > (int64_t)sizeof copy)
        continue;
      memcpy(copy, value.as.bytes.data, (size_t)value.as.bytes.length);
      value.as.bytes.data = copy;
    }
    if (i >= 0 && i < 16) {
      MUST(answer(polyshm_list_index(list, &value, scratch, size, &found)) && found <= i);
      MUST(answer(polyshm_list_count(list, &value, scratch, size, &found)));
    }
  }
  polyshm_value value;
  MUST(polyshm_list_get(list, length, scratch, size, &value) == POLYSHM_INDEX);
  MUST(polyshm_list_get(list, -length - 1, scratch, size, &value) == POLYSHM_INDEX);
  status = polyshm_list_walk(list, 0, length, scratch, size, count_one, &walked);
  MUST(answer(status) && walked == readable && (status == POLYSHM_OK) == (walked == length));
}

/* Every kind into every item, and what is read then is what was written. */
static void write_all(polyshm_list *list, char *scratch, int64_t size) {
  static const polyshm_value values[] = {
      {.type = POLYSHM_TYPE_INT64, .as.int64 = -2},
      {.type = POLYSHM_TYPE_STR, .as.bytes = {"\xc3\xa9\xc3\xa9", 4}},
      {.type = POLYSHM_TYPE_FLOAT64, .as.float64 = 0.5},
      {.type = POLYSHM_TYPE_NONE},
      {.type = POLYSHM_TYPE_BYTES, .as.bytes = {"0123456789abcdef", 16}},
      {.type = POLYSHM_TYPE_BOOL, .as.boolean = true},
      {.type = POLYSHM_TYPE_STR, .as.bytes = {"", 0}},
  };
  enum { VALUES = sizeof values / sizeof *values };
  const int64_t length = polyshm_list_length(list);
  for (int64_t k = 0; k < VALUES; k++)
    for (int64_t i = 0; i < length; i++) {
      const polyshm_value *value = &values[(k + i) % VALUES];
      polyshm_value found;
      int64_t capacity = 0;
      MUST(polyshm_list_capacity(list, i, &capacity) == POLYSHM_OK);
      polyshm_status status = polyshm_list_set(list, i, value);
      if (value->type == POLYSHM_TYPE_BYTES && capacity < 16) {
        MUST(status == POLYSHM_RANGE);
        continue;
      }
      MUST(status == POLYSHM_OK);
      MUST(polyshm_list_get(list, i, scratch, size, &found) == POLYSHM_OK);
      MUST(found.type == value->type && polyshm_value_equal(&found, value));
    }
}

static void run(uint8_t *base, int64_t size) {
  polyshm_list *list = NULL;
  if (list_on("attach", segment_over(base, size), NULL, &list)) {
    MUST(list == NULL);
    return;
  }
  const int64_t room = polyshm_list_scratch(list);
  MUST(room <= size && list->size <= size && polyshm_list_length(list) <= size / ITEM_LEAST);
  char *scratch = malloc((size_t)room + 1); /* exactly: ASan sees a byte beyond */
  MUST(scratch != NULL);
  read_all(list, scratch, room);
  const int64_t head = list->slots, length = list->length;
  uint8_t *before = malloc((size_t)head);
  MUST(before != NULL);
  memcpy(before, base, (size_t)head);
  write_all(list, scratch, room);
  MUST(memcmp(before, base, (size_t)head) == 0); /* items are not written into the offsets */
  free(before);
  free(list);
  /* And what we have written is a list, all of it readable, to the next who attaches. */
  MUST(list_on("attach", segment_over(base, size), NULL, &list) == POLYSHM_OK && list->length == length);
  int64_t walked = 0;
  MUST(polyshm_list_walk(list, 0, length, scratch, room, count_one, &walked) == POLYSHM_OK &&
       walked == length);
  free(scratch);
  free(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static uint8_t *middle;
  if (!middle) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *start = mmap(NULL, MOST + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    MUST(start != MAP_FAILED);
    middle = start + page;
    MUST(mprotect(middle, MOST, PROT_READ | PROT_WRITE) == 0);
  }
  if (size == 0 || size > MOST)
    return -1;
  memcpy(middle + MOST - size, data, size);
  run(middle + MOST - size, (int64_t)size);
  memcpy(middle, data, size);
  run(middle, (int64_t)size);
  return 0;
}
