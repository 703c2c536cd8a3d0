/* Sleeps in one piece, until it is woken. */
#include "liar.h"

polyshm__wait __wrap_polyshm__wait_begin(int64_t timeout) {
  polyshm__wait wait = __real_polyshm__wait_begin(timeout);
  wait.slice = INT64_MAX;
  return wait;
}
