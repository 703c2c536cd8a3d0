/* runs.h: what the programs here share that load a module in several threads at once. Each run is a process
 * of its own, because only the first load in a process fills the module's tables. */
#ifndef POLYSHM_TESTS_EMBED_RUNS_H
#define POLYSHM_TESTS_EMBED_RUNS_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4 };

/* They all wait here before they load. */
static pthread_barrier_t start;

/* Lets each context have a thread; whether one of them gave something but NULL. */
static int run_threads(void *(*load)(void *context), void *const contexts[THREADS]) {
  pthread_t threads[THREADS];
  int failed = 0;
  (void)pthread_barrier_init(&start, NULL, THREADS);
  for (int i = 0; i < THREADS; i++)
    if (pthread_create(&threads[i], NULL, load, contexts[i]))
      return 1;
  for (int i = 0; i < THREADS; i++) {
    void *result = NULL;
    (void)pthread_join(threads[i], &result);
    failed |= result != NULL;
  }
  return failed;
}

/* A program's main: PROGRAM RUNS. */
static int run_many(int argc, char **argv, int (*run)(const char *program)) {
  int runs = argc > 1 ? atoi(argv[1]) : 1, bad = 0;
  for (int i = 0; i < runs; i++) {
    pid_t child = fork();
    if (child == 0) {
      (void)alarm(60);
      _Exit(run(argv[0]));
    }
    int ended = 0;
    if (child < 0 || waitpid(child, &ended, 0) != child || ended)
      bad++;
  }
  printf("%d passed, %d failed\n", runs - bad, bad);
  return bad != 0;
}

#endif
