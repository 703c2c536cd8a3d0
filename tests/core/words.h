/* words.h: participants that a test makes up, for the algorithms on words: nothing of an object is there. */
#ifndef POLYSHM_TESTS_WORDS_H
#define POLYSHM_TESTS_WORDS_H

#include "support.h"

#include "sync/peers.h"

#include <stdatomic.h>

#define ME 1U
#define OTHER 2U
#define THIRD 3U
#define IDS 4U

struct world {
  _Atomic bool alive[IDS];
  atomic_bool closed;
  atomic_int questions;
};

static bool is_alive(void *context, uint32_t id) {
  struct world *world = context;
  atomic_fetch_add(&world->questions, 1);
  return id < IDS && atomic_load(&world->alive[id]);
}

static bool is_closed(void *context) {
  struct world *world = context;
  return atomic_load(&world->closed);
}

static polyshm__peers peers_in(struct world *world) {
  return (polyshm__peers){is_alive, is_closed, world};
}

/* Somebody who waits in a thread of its own. */
struct waiter {
  polyshm_status (*wait)(void *context);
  void *context;
  pthread_t thread;
  polyshm_status status;
};

static void *wait_there(void *context) {
  struct waiter *waiter = context;
  waiter->status = waiter->wait(waiter->context);
  return NULL;
}

static void start_waiter(struct waiter *waiter, polyshm_status (*wait)(void *context), void *context) {
  *waiter = (struct waiter){.wait = wait, .context = context};
  assert_int_equal(pthread_create(&waiter->thread, NULL, wait_there, waiter), 0);
}

static polyshm_status end_of(struct waiter *waiter) {
  assert_int_equal(pthread_join(waiter->thread, NULL), 0);
  return waiter->status;
}

/* Until it has said in the word that it may sleep. */
static void await_bits(const _Atomic uint32_t *word, uint32_t bits) {
  for (int64_t end = milliseconds_now() + LONG / MILLISECONDS; !(atomic_load(word) & bits);) {
    assert_true(milliseconds_now() < end);
    sleep_milliseconds(1);
  }
}

#endif
