#include "participant.h"

#include <stdlib.h>

/* ---- the calls that use the file and the latest participant ---- */

/* As they are for this process. */
static uint64_t of_this_process(uint64_t users) {
  const uint64_t process = polyshm__process();
  return users >> 32 == process ? users : process << 32 | (users & POLYSHM__CLOSED);
}

static polyshm_status enter(polyshm__participants *participants) {
  uint32_t process;
  polyshm_status status = polyshm__process_numbered(&process);
  if (status)
    return status;
  uint64_t users = atomic_load(&participants->users);
  while (!(users & POLYSHM__CLOSED))
    if (atomic_compare_exchange_weak(&participants->users, &users, of_this_process(users) + 1))
      return POLYSHM_OK;
  return POLYSHM_CLOSED;
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
  uint64_t users = atomic_load(&participants->users);
  do
    if (of_this_process(users) != users)
      return; /* a handler of a signal called fork(2), and in the child nobody has entered */
  while (!atomic_compare_exchange_weak(&participants->users, &users, users - 1));
  if (users & POLYSHM__CLOSED)
    drop_token(participants); /* it may have been taken since */
  if ((users & UINT32_MAX) == POLYSHM__CLOSED + 1)
    close_file(participants, segment);
}

void polyshm__participants_begin(polyshm__participants *participants, int file) {
  atomic_init(&participants->file, file);
}

void polyshm__participants_close(polyshm__participants *participants) {
  uint64_t users = atomic_load(&participants->users);
  while (
      !atomic_compare_exchange_weak(&participants->users, &users, of_this_process(users) | POLYSHM__CLOSED)) {
  }
}

void polyshm__participants_end(polyshm__participants *participants, const polyshm_segment *segment) {
  drop_token(participants); /* whoever is inside */
  if ((of_this_process(atomic_load(&participants->users)) & UINT32_MAX) == POLYSHM__CLOSED)
    close_file(participants, segment);
}

void polyshm__participants_free(polyshm__participants *participants, const polyshm_segment *segment) {
  close_file(participants, segment);
  for (polyshm__participant *one = atomic_load(&participants->latest), *next; one; one = next) {
    next = one->inherited;
    free(one);
  }
}

/* ---- to take part ---- */

static _Atomic uint32_t *next_participant(const polyshm_segment *segment) {
  return (_Atomic uint32_t *)(void *)(polyshm__segment_base(segment) + POLYSHM__NEXT_PARTICIPANT_OFFSET);
}

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
  polyshm_status status = polyshm__token_take(atomic_load(&participants->file), segment->name,
                                              &segment->identity, next_participant(segment), &mine->token);
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
  polyshm_status status = enter(participants);
  if (status)
    return status;
  status = join(participants, segment);
  leave(participants, segment);
  return status;
}

void polyshm__participants_obstacle(polyshm__participants *participants, const polyshm_segment *segment,
                                    polyshm__obstacle *obstacle) {
  *obstacle = (polyshm__obstacle){0};
  if (enter(participants))
    return;
  polyshm__token_obstacle(atomic_load(&participants->file), atomic_load(next_participant(segment)), obstacle);
  leave(participants, segment);
}

/* ---- to ask for others ---- */

bool polyshm__participants_alive(polyshm__participants *participants, const polyshm_segment *segment,
                                 uint32_t id) {
  if (enter(participants))
    return true;
  bool alive = true;
  polyshm_status status =
      polyshm__token_alive(atomic_load(&participants->file), segment->name, &segment->identity, id, &alive);
  leave(participants, segment);
  return status || alive;
}
