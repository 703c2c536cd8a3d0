/* Says of all that they live. */
#include "liar.h"

polyshm_status __wrap_polyshm__token_alive(int fd, const char *name, const polyshm__identity *identity,
                                           uint32_t id, bool *alive) {
  (void)fd;
  (void)name;
  (void)identity;
  (void)id;
  *alive = true;
  return POLYSHM_OK;
}
