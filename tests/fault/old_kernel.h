/* old_kernel.h: linkat(AT_EMPTY_PATH) as it is for all but root before Linux 6.10, where names are given
 * through /proc. */
#ifndef POLYSHM_OLD_KERNEL_H
#define POLYSHM_OLD_KERNEL_H

/** From now on, in this process and its children. */
void be_an_old_kernel(void);

#endif
