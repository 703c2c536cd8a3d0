/* peers.h: who else uses a word, as the algorithms on words ask for it. */
#ifndef POLYSHM_SYNC_PEERS_H
#define POLYSHM_SYNC_PEERS_H

#include <stdbool.h>
#include <stdint.h>

/** Tells who else uses the word, and whether the wait is still wanted. */
typedef struct polyshm__peers {
  bool (*alive)(void *context, uint32_t id); /**< what cannot be found out counts as life */
  bool (*closed)(void *context);
  void *context;
} polyshm__peers;

#endif
