/* Sometimes says of the living that they are dead. */
#include "liar.h"

static _Thread_local unsigned asked;

polyshm_status __wrap_polyshm__token_alive(int fd, const char *name, const polyshm__identity *identity,
                                           uint32_t id, bool *alive) {
  polyshm_status status = __real_polyshm__token_alive(fd, name, identity, id, alive);
  if (++asked % 10 == 0)
    *alive = false;
  return status;
}
