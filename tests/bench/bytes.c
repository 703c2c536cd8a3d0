/* bytes NAME PASSES: the core's read and write of a whole segment, and memcpy doing the same. The buffer is
 * warm. */
#include "interleave.h"
#include "yardstick.h"

#include <polyshm.h>

typedef struct both {
  polyshm_segment *segment;
  yardstick hand;
  void *buffer;
  size_t length;
} both;

static void check(polyshm_status status) {
  if (status) {
    (void)fprintf(stderr, "bytes: %s\n", polyshm_last_error());
    exit(1);
  }
}

static double our_read(void *context) {
  both *b = context;
  const int64_t start = yardstick_clock();
  check(polyshm_segment_read(b->segment, 0, b->buffer, (int64_t)b->length));
  return (double)(yardstick_clock() - start);
}

static double our_write(void *context) {
  both *b = context;
  const int64_t start = yardstick_clock();
  check(polyshm_segment_write(b->segment, 0, b->buffer, (int64_t)b->length));
  return (double)(yardstick_clock() - start);
}

static double plain(void *to, const void *from, size_t length) {
  const int64_t start = yardstick_clock();
  memcpy(to, from, length);
  __asm__ volatile("" ::"r"(to) : "memory"); /* the copy is needed */
  return (double)(yardstick_clock() - start);
}

static double plain_read(void *context) {
  both *b = context;
  return plain(b->buffer, b->hand.data, b->length);
}

static double plain_write(void *context) {
  both *b = context;
  return plain(b->hand.data, b->buffer, b->length);
}

int main(int argc, char **argv) {
  if (argc != 3)
    return 2;
  both b;
  /* Where a mapping lies makes 5 %: who maps first changes with the round. */
  const char *round = getenv("POLYSHM_BENCH_ROUND");
  const bool first = !round || atoi(round) % 2 == 0;
  if (first)
    check(polyshm_segment_attach(argv[1], 0, 0, &b.segment));
  if (!yardstick_map(&b.hand, argv[1]))
    return 1;
  if (!first)
    check(polyshm_segment_attach(argv[1], 0, 0, &b.segment));
  b.length = yardstick_bytes(&b.hand);
  b.buffer = malloc(b.length);
  if (!b.buffer)
    return 1;
  memset(b.buffer, 1, b.length);
  static const timed_run reads[] = {{"read", "ours", our_read}, {"read", "memcpy", plain_read}};
  static const timed_run writes[] = {{"write", "ours", our_write}, {"write", "memcpy", plain_write}};
  interleave(atoi(argv[2]), 2, reads, &b);
  interleave(atoi(argv[2]), 2, writes, &b);
  free(b.buffer);
  polyshm_segment_free(b.segment);
  return 0;
}
