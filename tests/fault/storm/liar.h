/* liar.h: what the broken variants replace, by the linker's --wrap; the core is the same. */
#ifndef POLYSHM_LIAR_H
#define POLYSHM_LIAR_H

#include "platform/platform.h"

polyshm_status __real_polyshm__token_alive(int fd, const char *name, const polyshm__identity *identity,
                                           uint32_t id, bool *alive);
polyshm_status __wrap_polyshm__token_alive(int fd, const char *name, const polyshm__identity *identity,
                                           uint32_t id, bool *alive);
polyshm__wait __real_polyshm__wait_begin(int64_t timeout);
polyshm__wait __wrap_polyshm__wait_begin(int64_t timeout);

#endif
