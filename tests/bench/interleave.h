/* interleave.h: what the C programs of the families share. */
#ifndef INTERLEAVE_H
#define INTERLEAVE_H

#include <stdio.h>

typedef struct timed_run {
  const char *measure, *variant;
  double (*run)(void *context); /* returns its nanoseconds */
} timed_run;

/*
 * Lets each run take its turn in each pass, and prints a line for each; the order is turned round in every
 * other pass, the first pass warms up.
 */
static inline void interleave(int passes, int count, const timed_run *runs, void *context) {
  for (int pass = 0; pass <= passes; pass++)
    for (int k = 0; k < count; k++) {
      const timed_run *each = &runs[pass % 2 == 0 ? k : count - 1 - k];
      const double time = each->run(context);
      if (pass > 0)
        (void)printf("%s\t%s\t%f\n", each->measure, each->variant, time);
    }
}

#endif
