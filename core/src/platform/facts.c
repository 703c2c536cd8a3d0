/* The system tells the facts of a file, and its time of birth where the file system keeps that: statx(2),
 * which not every libc has, or fstatat(2). */
#include "platform.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* linux/stat.h's struct statx, as far as it is looked at. */
struct instant {
  int64_t seconds;
  uint32_t nanoseconds;
  int32_t reserved;
};

struct answer {
  uint32_t mask, block_size;
  uint64_t attributes;
  uint32_t links, owner, group;
  uint16_t mode, spare;
  uint64_t inode, size, blocks, attributes_mask;
  struct instant accessed, born, changed, modified;
  uint32_t special_major, special_minor, device_major, device_minor;
  uint64_t more[14];
};
static_assert(sizeof(struct answer) == 256 && offsetof(struct answer, inode) == 32 &&
                  offsetof(struct answer, born) == 80 && offsetof(struct answer, device_major) == 136,
              "the kernel's layout");

#define BASIC 0x7ffU
#define BIRTH 0x800U

static uint64_t device_of(uint32_t major, uint32_t minor) {
  return (uint64_t)major << 32 | minor;
}

static void set_kind(polyshm__facts *facts, uint32_t mode, uint64_t links) {
  facts->mode = mode & 07777;
  facts->plain = S_ISREG(mode);
  facts->directory = S_ISDIR(mode);
  facts->linked_once = links == 1;
  facts->unlinked = links == 0;
}

static bool ask(int fd, const char *path, int flags, polyshm__facts *facts) {
  struct answer answer = {0};
  if (syscall(SYS_statx, fd, path, flags, BASIC | BIRTH, &answer))
    return false;
  *facts = (polyshm__facts){.identity.device = device_of(answer.device_major, answer.device_minor),
                            .identity.inode = answer.inode,
                            .size = (int64_t)answer.size,
                            .allocated = (int64_t)answer.blocks * 512,
                            .owner = answer.owner,
                            .group = answer.group};
  set_kind(facts, answer.mode, answer.links);
  if (answer.mask & BIRTH)
    facts->identity.birth = answer.born.seconds * 1000000000 + answer.born.nanoseconds;
  return true;
}

/* Before Linux 4.11, and in sandboxes that do not know of statx, which say EPERM. */
static bool is_unknown(int error) {
  return error == ENOSYS || error == EPERM;
}

static polyshm_status ask_as_before(int fd, const char *path, int flags, polyshm__facts *facts) {
  struct stat st;
  if (fstatat(fd, path, &st, flags))
    return -errno;
  *facts = (polyshm__facts){.identity.device = device_of(major(st.st_dev), minor(st.st_dev)),
                            .identity.inode = (uint64_t)st.st_ino,
                            .size = st.st_size,
                            .allocated = (int64_t)st.st_blocks * 512,
                            .owner = st.st_uid,
                            .group = st.st_gid};
  set_kind(facts, st.st_mode, (uint64_t)st.st_nlink);
  return POLYSHM_OK;
}

static polyshm_status facts_of(int fd, const char *path, int flags, polyshm__facts *facts) {
  if (ask(fd, path, flags, facts))
    return POLYSHM_OK;
  return is_unknown(errno) ? ask_as_before(fd, path, flags, facts) : -errno;
}

polyshm_status polyshm__facts_of_open(int fd, polyshm__facts *facts) {
  return facts_of(fd, "", AT_EMPTY_PATH, facts);
}

polyshm_status polyshm__facts_of_path(const char *path, polyshm__facts *facts) {
  return facts_of(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, facts);
}
