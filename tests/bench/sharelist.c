/* sharelist NAME PASSES COUNT: a ShareableList of 1000 mixed items: one get, one set, and a walk over all of
 * them. */
#include "interleave.h"
#include "yardstick.h"

#include <polyshm.h>

enum { ITEMS = 1000 };

typedef struct work {
  polyshm_list *list;
  polyshm_value values[ITEMS];
  char texts[ITEMS][16];
  int64_t count;
} work;

static void must(polyshm_status status) {
  if (!status)
    return;
  (void)fprintf(stderr, "sharelist: %s\n", polyshm_last_error());
  exit(1);
}

static polyshm_value value(work *w, int64_t k) {
  const bool bytes = k % 9 == 3;
  switch (k % 9) {
  case 0:
  case 6:
    return (polyshm_value){.type = POLYSHM_TYPE_INT64, .as.int64 = k};
  case 1:
  case 7:
    return (polyshm_value){.type = POLYSHM_TYPE_FLOAT64, .as.float64 = (double)k + 0.25};
  case 4:
    return (polyshm_value){.type = POLYSHM_TYPE_BOOL, .as.boolean = k % 2 == 0};
  case 5:
    return (polyshm_value){.type = POLYSHM_TYPE_NONE};
  default:
    (void)snprintf(w->texts[k], sizeof w->texts[k], bytes ? "\xff %d" : "text %d", (int)k);
    return (polyshm_value){.type = bytes ? POLYSHM_TYPE_BYTES : POLYSHM_TYPE_STR,
                           .as.bytes = {w->texts[k], (int64_t)strlen(w->texts[k])}};
  }
}

/* Nanoseconds of one get at `first`, and then every `step` on. */
static double gets(const work *w, int64_t first, int64_t step) {
  const int64_t start = yardstick_clock();
  for (int64_t k = 0; k < w->count; k++) {
    char scratch[64];
    polyshm_value got;
    must(polyshm_list_get(w->list, first + step * (k % ITEMS), scratch, sizeof scratch, &got));
  }
  return (double)(yardstick_clock() - start) / (double)w->count;
}

static double get(void *context) {
  return gets(context, 0, 1);
}

static double get_first(void *context) {
  return gets(context, 0, 0);
}

static double get_last(void *context) {
  return gets(context, ITEMS - 1, 0);
}

static double set(void *context) {
  work *w = context;
  const int64_t start = yardstick_clock();
  for (int64_t k = 0; k < w->count; k++)
    must(polyshm_list_set(w->list, k % ITEMS, &w->values[k % ITEMS]));
  return (double)(yardstick_clock() - start) / (double)w->count;
}

static polyshm_status take(const polyshm_value *item, void *context) {
  *(int64_t *)context += item->type;
  return POLYSHM_OK;
}

static double whole(void *context) {
  const work *w = context;
  char scratch[64];
  int64_t sum = 0;
  const int64_t start = yardstick_clock();
  for (int k = 0; k < 20; k++)
    must(polyshm_list_walk(w->list, 0, ITEMS, scratch, sizeof scratch, take, &sum));
  return (double)(yardstick_clock() - start) / 20;
}

int main(int argc, char **argv) {
  if (argc != 4)
    return 2;
  static work w;
  w.count = atoll(argv[3]);
  for (int64_t k = 0; k < ITEMS; k++)
    w.values[k] = value(&w, k);
  must(polyshm_list_create(argv[1], w.values, ITEMS, NULL, 0, 0600, &w.list));
  static const timed_run runs[] = {{"get", "ours", get},
                                   {"set", "ours", set},
                                   {"get item 999", "get item 0", get_first},
                                   {"get item 999", "ours", get_last},
                                   {"to list", "ours", whole}};
  interleave(atoi(argv[2]), 5, runs, &w);
  must(polyshm_list_unlink(w.list));
  polyshm_list_free(w.list);
  return 0;
}
