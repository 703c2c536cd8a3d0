/* sandbox.h: a seccomp(2) filter that refuses system calls, as the sandboxes of containers and browsers do.
 */
#ifndef POLYSHM_SANDBOX_H
#define POLYSHM_SANDBOX_H

#include <stdint.h>

enum { ALWAYS = -1 };

/** From now on, in this process and its children, a system call gives -error: always, or if its argument of
 * that number (0 ... 5) has one of the bits. Filters add up. */
void sandbox_refuse(int call, int argument, uint32_t bits, int error);

#endif
