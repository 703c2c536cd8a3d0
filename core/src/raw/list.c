#include <polyshm/list.h>

#include "segment.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The layout, docs/layouts.md: int64 length; int64 offsets[length + 1]; slots; char formats[length][8]; int8
 * codes[length]. Source: CPython's Lib/multiprocessing/shared_memory.py, 3.9 to 3.13.
 */
#define WORD ((int64_t)sizeof(uint64_t))
#define ITEM_LEAST (WORD + WORD + WORD + 1) /* an offset, a slot, a format, a code */
#define HEAD_LEAST (2 * WORD)

/* A code tells CPython what to make of an item after it has unpacked it. */
enum { CODE_NUMBER = 0, CODE_STR = 1, CODE_BYTES = 2, CODE_NONE = 3 };

/* The longest text that a format's eight characters can tell: "9999999s". A peer's slot may be that long; the
 * largest of ours is the next lower multiple of 8, and always longer than its text. */
#define TEXT_MOST INT64_C(9999999)
#define SLOT_MOST (TEXT_MOST / WORD * WORD)
static_assert(POLYSHM_LIST_TEXT_MAX == SLOT_MOST - 1, "polyshm/list.h");

/* Nanoseconds to wait for codes that are missing. CPython writes them microseconds after all else, and an
 * item whose writer died between its format and its code must not keep others from the rest. */
#define CODES_WAIT INT64_C(100000000)

#define FORMAT_INT "q"
#define FORMAT_FLOAT "d"
#define FORMAT_BOOL "xxxxxxx?" /* the boolean is the slot's byte 7 */
#define FORMAT_NONE "xxxxxx?x"

struct polyshm_list {
  polyshm_segment *segment;
  int64_t length;
  int64_t slots, formats, codes, size; /* where each area begins, and where the last one ends */
  int64_t largest;                     /* bytes of the largest slot */
  int64_t offsets[];                   /* length + 1 of them, private: a peer cannot move the slots */
};

/* ---- words ---- */

static polyshm_status no_list(const char *verb) {
  return polyshm__missing(verb, "list");
}

/* Says what is wrong with a value that is to become an item. A new list may have no name yet: NULL. */
__attribute__((format(printf, 5, 6))) static polyshm_status
bad_item(polyshm_status status, const char *verb, const char *name, int64_t index, const char *format, ...) {
  char why[160];
  va_list values;
  va_start(values, format);
  (void)vsnprintf(why, sizeof why, format, values);
  va_end(values);
  return name ? polyshm_fail(status, "%s \"%.255s\": item %" PRId64 ": %s", verb, name, index, why)
              : polyshm_fail(status, "%s: item %" PRId64 ": %s", verb, index, why);
}

/* ---- values ---- */

static bool is_text(const polyshm_value *value) {
  return value->type == POLYSHM_TYPE_STR || value->type == POLYSHM_TYPE_BYTES;
}

/* Whether a list can hold the value at all; `most` is the longest text. */
static polyshm_status check_value(const char *verb, const char *name, int64_t index,
                                  const polyshm_value *value, int64_t most) {
  switch (value->type) {
  case POLYSHM_TYPE_NONE:
  case POLYSHM_TYPE_BOOL:
  case POLYSHM_TYPE_INT64:
  case POLYSHM_TYPE_FLOAT64:
    return POLYSHM_OK;
  case POLYSHM_TYPE_UINT64:
    if (value->as.uint64 <= INT64_MAX)
      return POLYSHM_OK;
    return bad_item(POLYSHM_RANGE, verb, name, index,
                    "%" PRIu64 " is outside int64, which a list's integers are", value->as.uint64);
  case POLYSHM_TYPE_STR:
  case POLYSHM_TYPE_BYTES:
    break;
  default:
    return bad_item(POLYSHM_TYPE, verb, name, index,
                    "a list holds integers, floats, booleans, text, bytes and none");
  }
  const char *data = value->as.bytes.data;
  int64_t length = value->as.bytes.length;
  if (length < 0 || (length && !data))
    return bad_item(POLYSHM_ARGUMENT, verb, name, index, "no data was given");
  if (length > most)
    return bad_item(POLYSHM_RANGE, verb, name, index,
                    "text of %" PRId64 " bytes exceeds available storage: its slot has %" PRId64, length,
                    most);
  if (length && data[length - 1] == 0)
    return bad_item(POLYSHM_ARGUMENT, verb, name, index,
                    "text that ends in NUL would lose it, because NULs fill its slot");
  if (value->type == POLYSHM_TYPE_STR && !polyshm_is_utf8(data, length))
    return bad_item(POLYSHM_ARGUMENT, verb, name, index, "the text is not UTF-8; as bytes it can be had");
  return POLYSHM_OK;
}

/* ---- items in memory ---- */

/* Eight characters, padded with NULs, as one word: formats are written and read whole. */
static uint64_t format_word(const char *format) {
  uint64_t word = 0;
  memcpy(&word, format, strnlen(format, sizeof word));
  return word;
}

static uint64_t text_format(int64_t slot) {
  char format[24];
  (void)snprintf(format, sizeof format, "%" PRId64 "s", slot);
  return format_word(format);
}

/* The length in "<length>s", or -1. */
static int64_t text_length(uint64_t word) {
  char format[sizeof word + 1] = {0};
  memcpy(format, &word, sizeof word);
  int64_t length = 0;
  size_t digits = 0;
  for (; format[digits] >= '0' && format[digits] <= '9'; digits++)
    length = 10 * length + (format[digits] - '0');
  return digits && format_word(format) == word && format[digits] == 's' && !format[digits + 1] ? length : -1;
}

/* Returns how much of an item's slot its text can use. */
static int64_t slot_bytes(const polyshm_list *list, int64_t index) {
  const int64_t bytes = list->offsets[index + 1] - list->offsets[index];
  return bytes < TEXT_MOST ? bytes : TEXT_MOST;
}

/* An item's three places. */
typedef struct place {
  uint8_t *slot, *format, *code;
  int64_t size;
} place;

static place place_of(const polyshm_list *list, uint8_t *base, int64_t index) {
  return (place){.slot = base + list->slots + list->offsets[index],
                 .format = base + list->formats + index * WORD,
                 .code = base + list->codes + index,
                 .size = slot_bytes(list, index)};
}

static uint64_t load_word(const uint8_t *from) {
  uint64_t word;
  polyshm__element_load(from, &word, WORD);
  return word;
}

static void store_word(uint8_t *to, uint64_t word) {
  polyshm__element_store(to, &word, WORD);
}

static void store_head(place at, uint64_t format, int8_t code) {
  store_word(at.format, format);
  polyshm__element_store(at.code, &code, 1);
}

/* Writes a value that was checked, in CPython's order: format, code, data. */
static void store_value(place at, const polyshm_value *value) {
  uint64_t word = 0;
  switch (value->type) {
  case POLYSHM_TYPE_STR:
  case POLYSHM_TYPE_BYTES:
    /* Always the whole slot: CPython keeps the format it finds, and would cut its next text to a shorter one.
     */
    store_head(at, text_format(at.size), value->type == POLYSHM_TYPE_STR ? CODE_STR : CODE_BYTES);
    if (value->as.bytes.length)
      memcpy(at.slot, value->as.bytes.data, (size_t)value->as.bytes.length);
    memset(at.slot + value->as.bytes.length, 0, (size_t)(at.size - value->as.bytes.length));
    return;
  case POLYSHM_TYPE_NONE:
    store_head(at, format_word(FORMAT_NONE), CODE_NONE);
    break;
  case POLYSHM_TYPE_BOOL: {
    const uint8_t bytes[sizeof word] = {[sizeof word - 1] = value->as.boolean};
    memcpy(&word, bytes, sizeof word);
    store_head(at, format_word(FORMAT_BOOL), CODE_NUMBER);
    break;
  }
  case POLYSHM_TYPE_FLOAT64:
    memcpy(&word, &value->as.float64, sizeof word);
    store_head(at, format_word(FORMAT_FLOAT), CODE_NUMBER);
    break;
  default: /* INT64, and a UINT64 in its range */
    word = value->as.uint64;
    store_head(at, format_word(FORMAT_INT), CODE_NUMBER);
    break;
  }
  store_word(at.slot, word);
}

static polyshm_status corrupt(const polyshm_list *list, const char *verb, int64_t index, const char *why) {
  return polyshm_fail(POLYSHM_CORRUPT, "%s \"%s\": item %" PRId64 " %s", verb, polyshm_list_name(list), index,
                      why);
}

static polyshm_status load_text(const polyshm_list *list, const char *verb, int64_t index, place at,
                                uint64_t format, int8_t code, void *scratch, int64_t size,
                                polyshm_value *out) {
  int64_t length = text_length(format);
  if (length < 0 || length > at.size)
    return corrupt(list, verb, index, "has a format that no list has");
  if (length > size || (length && !scratch))
    return polyshm_fail(POLYSHM_ARGUMENT,
                        "%s \"%s\": item %" PRId64 " needs %" PRId64 " bytes of scratch, not %" PRId64, verb,
                        polyshm_list_name(list), index, length, size);
  char *text = scratch;
  if (length)
    memcpy(text, at.slot, (size_t)length);
  while (length && text[length - 1] == 0)
    length--;
  if (code == CODE_STR && !polyshm_is_utf8(text, length))
    return corrupt(list, verb, index, "is text that is not UTF-8: its writer stored a part of it");
  out->type = code == CODE_STR ? POLYSHM_TYPE_STR : POLYSHM_TYPE_BYTES;
  out->as.bytes.data = length ? text : "";
  out->as.bytes.length = length;
  return POLYSHM_OK;
}

/* Format and code are fetched once, tested, then used: a peer may change them meanwhile. */
static polyshm_status load_value(const polyshm_list *list, const char *verb, uint8_t *base, int64_t index,
                                 void *scratch, int64_t size, polyshm_value *out) {
  place at = place_of(list, base, index);
  uint64_t format = load_word(at.format);
  int8_t code;
  polyshm__element_load(at.code, &code, 1);
  if (code == CODE_STR || code == CODE_BYTES)
    return load_text(list, verb, index, at, format, code, scratch, size, out);
  if (code == CODE_NONE) { /* whatever the bytes: CPython, too */
    out->type = POLYSHM_TYPE_NONE;
    return POLYSHM_OK;
  }
  if (code != CODE_NUMBER)
    return corrupt(list, verb, index, "has a code that no list has");
  uint64_t word = load_word(at.slot);
  if (format == format_word(FORMAT_INT)) {
    out->type = POLYSHM_TYPE_INT64;
    out->as.uint64 = word;
  } else if (format == format_word(FORMAT_FLOAT)) {
    out->type = POLYSHM_TYPE_FLOAT64;
    memcpy(&out->as.float64, &word, sizeof word);
  } else if (format == format_word(FORMAT_BOOL)) {
    out->type = POLYSHM_TYPE_BOOL;
    out->as.boolean = ((const uint8_t *)&word)[sizeof word - 1] != 0;
  } else {
    return corrupt(list, verb, index, "has a format that no list has");
  }
  return POLYSHM_OK;
}

/* ---- making one ---- */

/* A new list is made from this; its offsets are laid out before the segment is made. */
typedef struct plan {
  const polyshm_value *values;
  polyshm_list *list;
} plan;

static polyshm_status write_list(uint8_t *base, const polyshm__draft *draft, void *context) {
  (void)draft;
  const plan *of = context;
  const polyshm_list *list = of->list;
  store_word(base, (uint64_t)list->length);
  memcpy(base + WORD, list->offsets, (size_t)((list->length + 1) * WORD));
  for (int64_t i = 0; i < list->length; i++)
    store_value(place_of(list, base, i), &of->values[i]);
  return POLYSHM_OK;
}

static polyshm_list *new_list(int64_t length) {
  polyshm_list *list = malloc(sizeof *list + (size_t)(length + 1) * sizeof list->offsets[0]);
  if (list)
    *list = (polyshm_list){.length = length, .slots = WORD * (length + 2)};
  return list;
}

/* Lays out what follows the slots, when the offsets stand. */
static void finish_layout(polyshm_list *list) {
  list->formats = list->slots + list->offsets[list->length];
  list->codes = list->formats + list->length * WORD;
  list->size = list->codes + list->length;
  list->largest = 0;
  for (int64_t i = 0; i < list->length; i++)
    if (slot_bytes(list, i) > list->largest)
      list->largest = slot_bytes(list, i);
}

static int64_t round_up(int64_t bytes) {
  return (bytes + WORD - 1) / WORD * WORD;
}

/* The least number of bytes asked for slots: none, one number for those of text, or one for each. */
typedef struct reserve {
  const int64_t *bytes;
  int64_t count;
} reserve;

static polyshm_status check_reserve(const char *verb, reserve least, int64_t count) {
  if (least.count != 0 && least.count != 1 && least.count != count)
    return polyshm_fail(POLYSHM_ARGUMENT,
                        "%s: reserve is one number, or one for each of the %" PRId64 " items, not %" PRId64,
                        verb, count, least.count);
  if (least.count && !least.bytes)
    return polyshm__missing(verb, "reserve");
  for (int64_t i = 0; i < least.count; i++)
    if (least.bytes[i] < 0 || least.bytes[i] > POLYSHM_LIST_TEXT_MAX)
      return polyshm_fail(POLYSHM_RANGE, "%s: reserve %" PRId64 " is outside 0 ... %" PRId64 " bytes", verb,
                          least.bytes[i], POLYSHM_LIST_TEXT_MAX);
  return POLYSHM_OK;
}

/* The bytes of a slot; as in CPython, one for text is always longer than the text. */
static int64_t slot_size(const polyshm_value *value, int64_t index, reserve least) {
  int64_t size = is_text(value) ? WORD * (value->as.bytes.length / WORD + 1) : WORD;
  int64_t asked = least.count > 1 ? least.bytes[index] : least.count && is_text(value) ? least.bytes[0] : 0;
  return size < asked ? round_up(asked) : size;
}

static polyshm_status make_plan(const char *verb, const char *name, const polyshm_value *values,
                                int64_t count, reserve least, plan *out) {
  if (count < 0 || count > POLYSHM_SIZE_MAX / ITEM_LEAST)
    return polyshm_fail(POLYSHM_RANGE, "%s: a list cannot have %" PRId64 " items", verb, count);
  if (count && !values)
    return polyshm_fail(POLYSHM_ARGUMENT, "%s: no values were given", verb);
  polyshm_status status = check_reserve(verb, least, count);
  if (status)
    return status;
  polyshm_list *list = new_list(count);
  if (!list)
    return polyshm_fail(POLYSHM_ENOMEM, "%s: %s", verb, polyshm_status_text(POLYSHM_ENOMEM));
  list->offsets[0] = 0;
  for (int64_t i = 0; !status && i < count; i++) {
    status = check_value(verb, name, i, &values[i], POLYSHM_LIST_TEXT_MAX);
    if (!status)
      list->offsets[i + 1] = list->offsets[i] + slot_size(&values[i], i, least);
  }
  if (status) {
    free(list);
    return status;
  }
  finish_layout(list);
  *out = (plan){values, list};
  return POLYSHM_OK;
}

/* ---- reading one's layout ---- */

static polyshm_status not_a_list(const char *verb, const char *name, const char *why, int64_t found) {
  return polyshm_fail(POLYSHM_CORRUPT, "%s \"%s\": it is no list: %s %" PRId64, verb, name, why, found);
}

static polyshm_status unfinished(const char *verb, const char *name) {
  return polyshm_fail(POLYSHM_ENODATA,
                      "%s \"%s\": its maker is still filling it, or died before it had: attach with a "
                      "time-out, and unlink what nobody finishes",
                      verb, name);
}

/*
 * Each number is fetched once into private memory, and tested there: a peer may change the shared ones at any
 * time.
 *
 * CPython makes a list in the order of the layout, in zeros that are there already. So a length of 0 in more
 * than an empty list's bytes, a slot at 0 after the first, and a last format of zeros are of a list that it
 * is still making.
 *
 * The memory is the spare one, if that (or NULL) is a list of this length; it stays the caller's unless it is
 * *out.
 */
static polyshm_status read_layout(const char *verb, const polyshm_segment *segment, polyshm_list *spare,
                                  polyshm_list **out) {
  const char *name = polyshm_segment_name(segment);
  const int64_t size = polyshm_segment_size(segment);
  if (size < HEAD_LEAST)
    return not_a_list(verb, name, "the shortest list has 16 bytes, and this has", size);
  uint8_t *base = polyshm__segment_base(segment);
  const int64_t length = (int64_t)load_word(base), most = (size - HEAD_LEAST) / ITEM_LEAST;
  if (length < 0 || length > most)
    return not_a_list(verb, name, "its size is not that of a list whose length is", length);
  if (length == 0 && size > HEAD_LEAST)
    return unfinished(verb, name);
  polyshm_list *list = spare && spare->length == length ? spare : new_list(length);
  if (!list)
    return polyshm_fail(POLYSHM_ENOMEM, "%s \"%s\": %s", verb, name, polyshm_status_text(POLYSHM_ENOMEM));
  int64_t last = 0;
  polyshm_status status = POLYSHM_OK;
  for (int64_t i = 0; !status && i <= length; i++, last = list->offsets[i - 1]) {
    const int64_t offset = (int64_t)load_word(base + WORD * (i + 1));
    list->offsets[i] = offset;
    if (i > 0 && offset == 0)
      status = unfinished(verb, name);
    else if (i == 0 ? offset != 0 : offset < last + WORD || offset > size || offset % WORD)
      status = not_a_list(verb, name, "an item cannot lie at offset", offset);
  }
  if (!status) {
    finish_layout(list);
    if (list->size > size)
      status = not_a_list(verb, name, "it is shorter than the list that it begins, of bytes", list->size);
    else if (length && load_word(place_of(list, base, length - 1).format) == 0)
      status = unfinished(verb, name);
  }
  if (status) {
    if (list != spare)
      free(list);
    return status;
  }
  *out = list;
  return POLYSHM_OK;
}

/* Whether the codes are still missing, which CPython writes last: text and none have one other than 0. */
static bool lacks_codes(const polyshm_list *list) {
  uint8_t *base = polyshm__segment_base(list->segment);
  for (int64_t i = list->length - 1; i >= 0; i--) {
    const place at = place_of(list, base, i);
    const uint64_t format = load_word(at.format);
    int8_t code;
    polyshm__element_load(at.code, &code, 1);
    if (text_length(format) >= 0 || format == format_word(FORMAT_NONE))
      return code == CODE_NUMBER;
  }
  return false;
}

/* Whether it is nothing else. */
static polyshm_status check_kind(const char *verb, const polyshm_segment *segment) {
  polyshm__header header;
  const char *kind = polyshm__header_kind_name(&header, polyshm__segment_header(segment, &header));
  if (strcmp(kind, "SharedMemory") == 0)
    return POLYSHM_OK;
  return polyshm_fail(POLYSHM_KIND, "%s \"%s\": its kind is %s, not ShareableList", verb,
                      polyshm_segment_name(segment), kind);
}

/* Takes the segment over, or frees it; *out is NULL before. */
static polyshm_status list_on(const char *verb, polyshm_segment *segment, polyshm_list *spare,
                              polyshm_list **out) {
  polyshm_status status = check_kind(verb, segment);
  if (!status)
    status = read_layout(verb, segment, spare, out);
  if (*out)
    (*out)->segment = segment;
  else
    polyshm_segment_free(segment);
  return status;
}

/* ---- create, attach, open ---- */

polyshm_status polyshm_list_create(const char *name, const polyshm_value *values, int64_t count,
                                   const int64_t *bytes, int64_t reserve_count, int64_t mode,
                                   polyshm_list **out) {
  if (!out)
    return polyshm__no_result("create");
  *out = NULL;
  plan made = {0};
  polyshm_status status = make_plan("create", name, values, count, (reserve){bytes, reserve_count}, &made);
  if (!made.list)
    return status;
  status = polyshm__segment_create(name, made.list->size, mode,
                                   &(polyshm__contents){.write = write_list, .context = &made}, NULL,
                                   &made.list->segment);
  if (status)
    free(made.list);
  else
    *out = made.list;
  return status;
}

/* One look. `whole` tells whether nothing of what CPython writes is missing. */
static polyshm_status attach_once(const char *name, int64_t flags, int64_t timeout, polyshm_list **out,
                                  bool *whole) {
  polyshm_segment *segment = NULL;
  polyshm_status status = polyshm_segment_attach(name, flags, timeout, &segment);
  if (!status)
    status = list_on("attach", segment, NULL, out);
  *whole = *out ? !lacks_codes(*out) : status != POLYSHM_ENODATA;
  return status;
}

polyshm_status polyshm_list_attach(const char *name, int64_t flags, int64_t timeout, polyshm_list **out) {
  if (!out)
    return polyshm__no_result("attach");
  *out = NULL;
  polyshm__wait wait = polyshm__wait_begin(timeout);
  int64_t left = timeout;
  for (;;) {
    bool whole;
    polyshm_status status = attach_once(name, flags, left, out, &whole);
    if (whole || (!status && polyshm__waited(&wait) > CODES_WAIT))
      return status;
    polyshm_status waited = polyshm__wait_slice(&wait);
    if (waited == POLYSHM_ETIMEDOUT)
      return status;
    polyshm_list_free(*out);
    *out = NULL;
    if (waited)
      return polyshm_fail(waited, "attach \"%s\": %s", name, polyshm__words(waited));
    if (timeout > 0)
      left = polyshm__time_left(wait.deadline, timeout);
  }
}

polyshm_status polyshm_list_open(const char *name, const polyshm_value *values, int64_t count,
                                 const int64_t *bytes, int64_t reserve_count, int64_t mode, int64_t flags,
                                 polyshm_list **out) {
  if (!out)
    return polyshm__no_result("open");
  *out = NULL;
  plan made = {0};
  polyshm_status status = make_plan("open", name, values, count, (reserve){bytes, reserve_count}, &made);
  if (!made.list)
    return status;
  polyshm_segment *segment = NULL;
  status = polyshm__segment_open(name, made.list->size, mode, flags,
                                 &(polyshm__contents){.write = write_list, .context = &made}, NULL, &segment);
  if (!status) /* with the plan's memory: what has just been created must not fail for want of it */
    status = list_on("open", segment, made.list, out);
  if (*out != made.list)
    free(made.list);
  return status;
}

polyshm_status polyshm_list_close(polyshm_list *list) {
  return list ? polyshm_segment_close(list->segment) : POLYSHM_OK;
}

void polyshm_list_free(polyshm_list *list) {
  if (!list)
    return;
  polyshm_segment_free(list->segment);
  free(list);
}

polyshm_status polyshm_list_unlink(const polyshm_list *list) {
  return list ? polyshm_segment_unlink(list->segment) : no_list("unlink");
}

bool polyshm_list_closed(const polyshm_list *list) {
  return !list || polyshm_segment_closed(list->segment);
}

const char *polyshm_list_name(const polyshm_list *list) {
  return list ? polyshm_segment_name(list->segment) : "";
}

polyshm_status polyshm_list_segment(const polyshm_list *list, polyshm_segment **out) {
  if (!out)
    return polyshm__no_result("segment");
  *out = NULL;
  if (!list)
    return no_list("segment");
  polyshm__segment_retain(list->segment);
  *out = list->segment;
  return POLYSHM_OK;
}

int64_t polyshm_list_length(const polyshm_list *list) {
  return list ? list->length : 0;
}

int64_t polyshm_list_scratch(const polyshm_list *list) {
  return list ? list->largest : 0;
}

/* ---- items ---- */

static polyshm_status check_index(const polyshm_list *list, const char *verb, int64_t *index) {
  if (!list)
    return no_list(verb);
  int64_t found = *index < 0 ? *index + list->length : *index;
  if (found < 0 || found >= list->length)
    return polyshm_fail(POLYSHM_INDEX,
                        "%s \"%s\": index %" PRId64 " is outside a list of %" PRId64
                        " items, which count from 0",
                        verb, polyshm_list_name(list), *index, list->length);
  *index = found;
  return POLYSHM_OK;
}

static polyshm_status check_range(const polyshm_list *list, const char *verb, int64_t index, int64_t count) {
  if (!list)
    return no_list(verb);
  if (polyshm__within(index, count, list->length))
    return POLYSHM_OK;
  return polyshm_fail(POLYSHM_INDEX,
                      "%s \"%s\": %" PRId64 " items from index %" PRId64 " on lie outside a list of %" PRId64,
                      verb, polyshm_list_name(list), count, index, list->length);
}

/* The list's bytes; a segment that a peer cut is found out here. */
static polyshm_status bytes_of(const polyshm_list *list, const char *verb, uint8_t **base) {
  return polyshm__segment_range(list->segment, verb, 0, list->size, base);
}

polyshm_status polyshm_list_capacity(const polyshm_list *list, int64_t index, int64_t *out) {
  polyshm_status status = check_index(list, "capacity", &index);
  if (status)
    return status;
  if (!out)
    return polyshm__no_result("capacity");
  *out = slot_bytes(list, index);
  return POLYSHM_OK;
}

polyshm_status polyshm_list_format(const polyshm_list *list, int64_t index, polyshm_list_format_text *out) {
  uint8_t *base = NULL;
  polyshm_status status = check_index(list, "format", &index);
  if (!status)
    status = bytes_of(list, "format", &base);
  if (status)
    return status;
  if (!out)
    return polyshm__no_result("format");
  const place at = place_of(list, base, index);
  const uint64_t word = load_word(at.format);
  const int64_t length = text_length(word);
  if (length > at.size ||
      (length < 0 && word != format_word(FORMAT_INT) && word != format_word(FORMAT_FLOAT) &&
       word != format_word(FORMAT_BOOL) && word != format_word(FORMAT_NONE)))
    return corrupt(list, "format", index, "has a format that no list has");
  *out = (polyshm_list_format_text){{0}};
  memcpy(out->text, &word, sizeof word);
  return polyshm__segment_done(list->segment, "format");
}

polyshm_status polyshm_list_get(const polyshm_list *list, int64_t index, void *scratch, int64_t size,
                                polyshm_value *out) {
  uint8_t *base = NULL;
  polyshm_status status = check_index(list, "get", &index);
  if (!status)
    status = bytes_of(list, "get", &base);
  if (status)
    return status;
  if (!out)
    return polyshm__no_result("get");
  status = load_value(list, "get", base, index, scratch, size, out);
  polyshm_status done = polyshm__segment_done(list->segment, "get");
  return done ? done : status;
}

polyshm_status polyshm_list_assign(polyshm_list *list, int64_t index, const polyshm_value *values,
                                   int64_t count) {
  uint8_t *base = NULL;
  polyshm_status status = check_range(list, "assign", index, count);
  if (!status)
    status = polyshm__segment_writable(list->segment, "assign", 0, list->size, &base);
  if (status)
    return status;
  if (count && !values)
    return polyshm_fail(POLYSHM_ARGUMENT, "assign: no values were given");
  for (int64_t i = 0; !status && i < count; i++)
    status = check_value("assign", polyshm_list_name(list), index + i, &values[i],
                         place_of(list, base, index + i).size);
  if (status)
    return status;
  for (int64_t i = 0; i < count; i++)
    store_value(place_of(list, base, index + i), &values[i]);
  return polyshm__segment_done(list->segment, "assign");
}

polyshm_status polyshm_list_set(polyshm_list *list, int64_t index, const polyshm_value *value) {
  uint8_t *base = NULL;
  polyshm_status status = check_index(list, "set", &index);
  if (!status)
    status = polyshm__segment_writable(list->segment, "set", 0, list->size, &base);
  if (status)
    return status;
  if (!value)
    return polyshm__missing("set", "value");
  const place at = place_of(list, base, index);
  status = check_value("set", polyshm_list_name(list), index, value, at.size);
  if (status)
    return status;
  store_value(at, value);
  return polyshm__segment_done(list->segment, "set");
}

/* ---- whole lists ---- */

static polyshm_status walk(const polyshm_list *list, const char *verb, int64_t index, int64_t count,
                           void *scratch, int64_t size, polyshm_list_visit *visit, void *context) {
  uint8_t *base = NULL;
  polyshm_status status = check_range(list, verb, index, count);
  for (int64_t i = index; !status && i < index + count; i++) {
    polyshm_value value;
    status = bytes_of(list, verb, &base); /* asked each time: visit may close the list */
    if (!status)
      status = load_value(list, verb, base, i, scratch, size, &value);
    polyshm_status done = polyshm__segment_done(list->segment, verb);
    status = done ? done : status;
    if (!status)
      status = visit(&value, context);
  }
  if (!status && !count)
    status = bytes_of(list, verb, &base); /* an empty range of a closed list is closed, too */
  return status;
}

polyshm_status polyshm_list_walk(const polyshm_list *list, int64_t index, int64_t count, void *scratch,
                                 int64_t size, polyshm_list_visit *visit, void *context) {
  if (!visit)
    return polyshm_fail(POLYSHM_ARGUMENT, "walk: no visitor was given");
  return walk(list, "read", index, count, scratch, size, visit, context);
}

/* The search of count and index. */
typedef struct search {
  const polyshm_value *value;
  int64_t most; /* equal items, and it ends */
  int64_t seen, equal;
} search;

enum { FOUND = 1 }; /* ends a walk, and is no failure */

static polyshm_status compare(const polyshm_value *value, void *context) {
  search *sought = context;
  sought->seen++;
  sought->equal += polyshm_value_equal(value, sought->value);
  return sought->equal == sought->most ? FOUND : POLYSHM_OK;
}

static polyshm_status search_for(const polyshm_list *list, const char *verb, void *scratch, int64_t size,
                                 search *sought) {
  if (!sought->value)
    return polyshm__missing(verb, "value");
  polyshm_status status = walk(list, verb, 0, polyshm_list_length(list), scratch, size, compare, sought);
  return status == FOUND ? POLYSHM_OK : status;
}

polyshm_status polyshm_list_count(const polyshm_list *list, const polyshm_value *value, void *scratch,
                                  int64_t size, int64_t *out) {
  if (!out)
    return polyshm__no_result("count");
  search sought = {.value = value, .most = INT64_MAX};
  polyshm_status status = search_for(list, "count", scratch, size, &sought);
  if (!status)
    *out = sought.equal;
  return status;
}

polyshm_status polyshm_list_index(const polyshm_list *list, const polyshm_value *value, void *scratch,
                                  int64_t size, int64_t *out) {
  if (!out)
    return polyshm__no_result("index");
  search sought = {.value = value, .most = 1};
  polyshm_status status = search_for(list, "index", scratch, size, &sought);
  if (!status)
    *out = sought.equal ? sought.seen - 1 : -1;
  return status;
}
