/* atomics NAME PASSES COUNT: an atomic add on a view of int64, and the bare instruction: nanoseconds of one.
 */
#include "interleave.h"
#include "yardstick.h"

#include <polyshm.h>

typedef struct work {
  polyshm_view *view;
  int64_t *element;
  int64_t count;
} work;

static double our_add(void *context) {
  const work *w = context;
  const polyshm_value one = {.type = POLYSHM_TYPE_INT64, .as.int64 = 1};
  polyshm_value before;
  const int64_t start = yardstick_clock();
  for (int64_t i = 0; i < w->count; i++)
    if (polyshm_view_add(w->view, 0, &one, &before)) {
      (void)fprintf(stderr, "atomics: %s\n", polyshm_last_error());
      exit(1);
    }
  return (double)(yardstick_clock() - start) / (double)w->count;
}

static double bare_add(void *context) {
  const work *w = context;
  const int64_t start = yardstick_clock();
  for (int64_t i = 0; i < w->count; i++)
    __atomic_fetch_add(w->element, 1, __ATOMIC_SEQ_CST);
  return (double)(yardstick_clock() - start) / (double)w->count;
}

int main(int argc, char **argv) {
  static const timed_run runs[] = {{"add", "ours", our_add}, {"add", "__atomic_fetch_add", bare_add}};
  if (argc != 4)
    return 2;
  polyshm_segment *segment = NULL;
  yardstick hand;
  work w = {.count = atoll(argv[3])};
  if (polyshm_segment_attach(argv[1], 0, 0, &segment) ||
      polyshm_segment_view(segment, POLYSHM_INT64, 0, 1, &w.view) || !yardstick_map(&hand, argv[1]))
    return 1;
  w.element = (int64_t *)(void *)hand.data;
  interleave(atoi(argv[2]), 2, runs, &w);
  polyshm_view_free(w.view);
  polyshm_segment_free(segment);
  return 0;
}
