#include "flagword.h"

#define SLEEPERS 1U /* somebody may sleep on the word */
#define SET 2U
#define FLAGS (SLEEPERS | SET)
#define GENERATION 4U

/* It is written even where it is set: who clears it and then looks at what was written before this set() must
 * find it, and only two writes of one word are sure to be in one order. */
void polyshm__flagword_set(_Atomic uint32_t *word) {
  uint32_t seen = atomic_load(word), next;
  do
    next = seen & SET ? seen : ((seen & ~FLAGS) + GENERATION) | SET;
  while (!atomic_compare_exchange_weak(word, &seen, next));
  if (next != seen && seen & SLEEPERS)
    (void)polyshm__wake(word, INT64_MAX); /* all: the bit is gone, nobody would wake those left */
}

void polyshm__flagword_clear(_Atomic uint32_t *word) {
  (void)atomic_fetch_and(word, ~SET);
}

bool polyshm__flagword_is_set(const _Atomic uint32_t *word) {
  return atomic_load(word) & SET;
}

polyshm_status polyshm__flagword_wait(_Atomic uint32_t *word, int64_t timeout, const polyshm__peers *peers) {
  polyshm__wait wait = polyshm__wait_begin(timeout);
  uint32_t seen = atomic_load(word);
  const uint32_t generation = seen & ~FLAGS;
  polyshm_status status = POLYSHM_OK;
  bool woken;
  while (!status && !peers->closed(peers->context)) {
    if (seen & SET || (seen & ~FLAGS) != generation)
      return POLYSHM_OK;
    if (!timeout || seen & SLEEPERS || atomic_compare_exchange_strong(word, &seen, seen | SLEEPERS))
      status = polyshm__wait_word(&wait, word, seen | SLEEPERS, &woken);
    else
      status = polyshm__wait_go(&wait);
    if (!status)
      seen = atomic_load(word);
  }
  return status ? status : POLYSHM_CLOSED;
}
