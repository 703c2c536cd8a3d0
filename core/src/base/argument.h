/* argument.h: what every call says of an argument that is missing. */
#ifndef POLYSHM_BASE_ARGUMENT_H
#define POLYSHM_BASE_ARGUMENT_H

#include <polyshm/status.h>

/** "read: no segment was given" */
static inline polyshm_status polyshm__missing(const char *verb, const char *what) {
  return polyshm_fail(POLYSHM_ARGUMENT, "%s: no %s was given", verb, what);
}

/** No pointer to where the bytes are, or where they go. */
static inline polyshm_status polyshm__no_data(const char *verb) {
  return polyshm__missing(verb, "data");
}

/** No pointer to where the result goes. */
static inline polyshm_status polyshm__no_result(const char *verb) {
  return polyshm_fail(POLYSHM_ARGUMENT, "%s: no place for the result", verb);
}

#endif
