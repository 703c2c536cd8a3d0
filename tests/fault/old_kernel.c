#include "old_kernel.h"

#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>

void be_an_old_kernel(void) {
  sandbox_refuse(SYS_linkat, 4, AT_EMPTY_PATH, ENOENT);
}
