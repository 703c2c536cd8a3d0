/*
 * item.h: numbers and items of lists as words, for the peers in C. An item's line: `int 42`, `float 0.5` as
 * %.17g, `bool 1`, `none`, `str 68c3a9`, `bytes 00ff` in hexadecimal digits.
 */
#ifndef ITEM_H
#define ITEM_H

#include <polyshm.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline polyshm_value parse(polyshm_dtype dtype, const char *word) {
  polyshm_value value;
  if (dtype >= POLYSHM_FLOAT32) {
    value.type = POLYSHM_TYPE_FLOAT64;
    value.as.float64 = strtod(word, NULL);
  } else if (word[0] == '-') {
    value.type = POLYSHM_TYPE_INT64;
    value.as.int64 = strtoll(word, NULL, 10);
  } else {
    value.type = POLYSHM_TYPE_UINT64;
    value.as.uint64 = strtoull(word, NULL, 10);
    if (value.as.uint64 <= INT64_MAX)
      value.type = POLYSHM_TYPE_INT64;
  }
  return value;
}

static inline void print(const polyshm_value *value) {
  if (value->type == POLYSHM_TYPE_FLOAT64)
    printf(" %.17g", value->as.float64);
  else if (value->type == POLYSHM_TYPE_UINT64)
    printf(" %" PRIu64, value->as.uint64);
  else
    printf(" %" PRId64, value->as.int64);
}

/* Hexadecimal digits as the bytes they tell, in their own place. */
static inline int64_t unhex(char *digits) {
  int64_t length = 0;
  for (const char *pair = digits; pair[0] && pair[1]; pair += 2) {
    const char two[3] = {pair[0], pair[1], 0};
    digits[length++] = (char)strtoul(two, NULL, 16);
  }
  return length;
}

/* An item of a line, which must stay. */
static inline polyshm_value parse_item(char *line) {
  char *word = line + strcspn(line, " ");
  if (*word)
    *word++ = 0;
  if (strcmp(line, "none") == 0)
    return (polyshm_value){.type = POLYSHM_TYPE_NONE};
  if (strcmp(line, "bool") == 0)
    return (polyshm_value){.type = POLYSHM_TYPE_BOOL, .as.boolean = *word == '1'};
  if (strcmp(line, "int") == 0)
    return parse(POLYSHM_INT64, word);
  if (strcmp(line, "float") == 0)
    return parse(POLYSHM_FLOAT64, word);
  return (polyshm_value){.type = strcmp(line, "str") == 0 ? POLYSHM_TYPE_STR : POLYSHM_TYPE_BYTES,
                         .as.bytes = {word, unhex(word)}};
}

static inline polyshm_status print_item(const polyshm_value *value, void *context) {
  (void)context;
  static const char *const kinds[] = {"none", "bool", "int", "", "float", "str", "bytes"};
  fputs(kinds[value->type], stdout);
  switch (value->type) {
  case POLYSHM_TYPE_NONE:
    break;
  case POLYSHM_TYPE_BOOL:
    printf(" %d", value->as.boolean);
    break;
  case POLYSHM_TYPE_INT64:
  case POLYSHM_TYPE_FLOAT64:
    print(value);
    break;
  default:
    for (int64_t i = 0; i < value->as.bytes.length; i++)
      printf("%s%02x", i ? "" : " ", (uint8_t)value->as.bytes.data[i]);
  }
  putchar('\n');
  return POLYSHM_OK;
}

#endif
