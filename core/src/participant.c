#include "participant_internal.h"

#include <stdlib.h>

/* ---- the calls that use the file and the latest participant ---- */

static bool enter(polyshm__participants *participants) {
  unsigned users = atomic_load(&participants->users);
  while (!(users & POLYSHM__CLOSED))
    if (atomic_compare_exchange_weak(&participants->users, &users, users + 1))
      return true;
  return false;
}

static void drop_token(polyshm__participants *participants) {
  polyshm__participant *latest = atomic_load(&participants->latest);
  if (latest)
    polyshm__token_drop(&latest->token);
}

static void close_file(polyshm__participants *participants, const polyshm_segment *segment) {
  int file = atomic_exchange(&participants->file, -1);
  if (polyshm__file_is(file, &segment->identity)) /* a daemon may have closed it */
    polyshm__file_close(file);
}

static void leave(polyshm__participants *participants, const polyshm_segment *segment) {
  unsigned users = atomic_fetch_sub(&participants->users, 1);
  if (users & POLYSHM__CLOSED)
    drop_token(participants); /* it may have been taken since */
  if (users == POLYSHM__CLOSED + 1)
    close_file(participants, segment);
}

void polyshm__participants_begin(polyshm__participants *participants, int file) {
  atomic_init(&participants->file, file);
}

void polyshm__participants_close(polyshm__participants *participants) {
  (void)atomic_fetch_or(&participants->users, POLYSHM__CLOSED);
}

void polyshm__participants_end(polyshm__participants *participants, const polyshm_segment *segment) {
  drop_token(
      participants); /* whoever is inside: after fork(2) that may be threads that only the parent has */
  if (atomic_load(&participants->users) == POLYSHM__CLOSED)
    close_file(participants, segment);
}

void polyshm__participants_free(polyshm__participants *participants) {
  for (polyshm__participant *one = atomic_load(&participants->latest), *next; one; one = next) {
    next = one->inherited;
    free(one);
  }
}

/* ---- to take part ---- */

static void identify(polyshm__participants *participants, const polyshm__token *token) {
  atomic_store(&participants->identity, (uint64_t)token->process << 32 | token->id);
}

static polyshm_status join(polyshm__participants *participants, const polyshm_segment *segment) {
  polyshm__participant *found = atomic_load(&participants->latest);
  if (found && found->token.process == polyshm__process()) { /* another thread was faster */
    identify(participants, &found->token);
    return POLYSHM_OK;
  }
  polyshm__participant *mine = calloc(1, sizeof *mine);
  if (!mine)
    return POLYSHM_ENOMEM;
  uint8_t *base = polyshm__segment_base(segment);
  polyshm_status status = polyshm__token_take(
      atomic_load(&participants->file), segment->name, &segment->identity,
      (_Atomic uint32_t *)(void *)(base + POLYSHM__NEXT_PARTICIPANT_OFFSET), &mine->token);
  if (status) {
    free(mine);
    return status;
  }
  mine->inherited = found;
  if (!atomic_compare_exchange_strong(&participants->latest, &found, mine)) { /* here, too */
    polyshm__token_drop(&mine->token);
    free(mine);
    mine = found;
  }
  identify(participants, &mine->token);
  return POLYSHM_OK;
}

polyshm_status polyshm__participants_join(polyshm__participants *participants,
                                          const polyshm_segment *segment) {
  if (!enter(participants))
    return POLYSHM_CLOSED;
  polyshm_status status = join(participants, segment);
  leave(participants, segment);
  return status;
}

/* ---- to ask for others ---- */

/* A descriptor to ask by: ours, or, where a daemon has closed that, one more. */
static bool ask(const polyshm__participants *participants, const polyshm_segment *segment, uint32_t id) {
  const int file = atomic_load(&participants->file);
  bool alive = true;
  if (polyshm__file_is(file, &segment->identity))
    return polyshm__token_alive(file, id, &alive) || alive;
  int again;
  if (polyshm__file_again(-1, segment->name, &segment->identity, &again))
    return true;
  bool unknown = polyshm__token_alive(again, id, &alive) != POLYSHM_OK;
  polyshm__file_close(again);
  return unknown || alive;
}

bool polyshm__participants_alive(polyshm__participants *participants, const polyshm_segment *segment,
                                 uint32_t id) {
  if (!enter(participants))
    return true;
  bool alive = ask(participants, segment, id);
  leave(participants, segment);
  return alive;
}
