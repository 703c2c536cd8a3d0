/*
 * How much memory this process may still take: what the machine has, and the limits of its control groups,
 * which containers set. The kernel does not refuse beyond them, it kills. cgroups(7), the kernel's
 * admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
 */
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

const char *polyshm__system_root = "";

#define UNLIMITED INT64_MAX

enum { TEXT_BYTES = 8192 };

/* ---- files ---- */

/* The file of that name in a folder, as text; false: there is none. */
static bool read_text(const char *folder, const char *name, char *text) {
  char path[PATH_MAX];
  if (snprintf(path, sizeof path, "%s%s", folder, name) >= (int)sizeof path)
    return false;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  ssize_t length = read(fd, text, TEXT_BYTES - 1), more = length;
  while (more > 0 && length < TEXT_BYTES - 1) {
    more = read(fd, text + length, (size_t)(TEXT_BYTES - 1 - length));
    length += more > 0 ? more : 0;
  }
  close(fd);
  text[length > 0 ? length : 0] = '\0';
  return length > 0;
}

static int64_t number_at(const char *text) {
  return *text >= '0' && *text <= '9' ? strtoll(text, NULL, 10) : UNLIMITED; /* "max" */
}

/* Version 1 has the largest whole number of pages for no limit. */
static int64_t read_number(const char *folder, const char *name) {
  char text[TEXT_BYTES];
  int64_t number = read_text(folder, name, text) ? number_at(text) : UNLIMITED;
  return number < INT64_MAX / 2 ? number : UNLIMITED;
}

/* From "name number" in a line of its own; 0 where there is none. */
static int64_t find_number(const char *text, const char *name) {
  size_t length = strlen(name);
  for (const char *line = text; line; line = strchr(line, '\n'), line = line ? line + 1 : NULL)
    if (strncmp(line, name, length) == 0 && line[length] == ' ')
      return number_at(line + length + strspn(line + length, " "));
  return 0;
}

/* ---- one control group ---- */

/* The same facts have other names in each version, and what version 2 counts for swap alone, version 1 counts
 * for both together. */
struct version {
  const char *limit, *usage, *swap_limit, *swap_usage;
  const char *reclaimable[3]; /* in memory.stat: page cache but for shared memory, which has no other place */
  bool swap_includes_memory;
};

static const struct version version_1 = {"/memory.limit_in_bytes",
                                         "/memory.usage_in_bytes",
                                         "/memory.memsw.limit_in_bytes",
                                         "/memory.memsw.usage_in_bytes",
                                         {"total_active_file", "total_inactive_file", NULL},
                                         true};
static const struct version version_2 = {"/memory.max",
                                         "/memory.current",
                                         "/memory.swap.max",
                                         "/memory.swap.current",
                                         {"active_file", "inactive_file", "slab_reclaimable"},
                                         false};

/* proc(5): what programs can still get without that others are killed, in kB. */
static void look_at_machine(polyshm__memory *memory) {
  char text[TEXT_BYTES];
  if (!read_text(polyshm__system_root, "/proc/meminfo", text) || !find_number(text, "MemAvailable:"))
    return; /* Linux 3.14 has it */
  *memory = (polyshm__memory){
      .limit = find_number(text, "MemTotal:") * 1024,
      .left = (find_number(text, "MemAvailable:") + find_number(text, "SwapFree:")) * 1024,
      .of_machine = true,
  };
}

static int64_t free_swap(void) {
  struct sysinfo info;
  return sysinfo(&info) == 0 ? (int64_t)info.freeswap * info.mem_unit : 0;
}

static int64_t least(int64_t a, int64_t b) {
  return a < b ? a : b;
}

/* Returns what may still be taken of what is limited, or UNLIMITED. */
static int64_t left_of(const char *folder, const char *limit_name, const char *usage_name) {
  int64_t limit = read_number(folder, limit_name), usage = read_number(folder, usage_name);
  return limit == UNLIMITED || usage == UNLIMITED ? UNLIMITED : limit > usage ? limit - usage : 0;
}

static void look(const char *folder, const struct version *version, polyshm__memory *memory) {
  char text[TEXT_BYTES];
  int64_t left = left_of(folder, version->limit, version->usage);
  if (left == UNLIMITED)
    return;
  int64_t reclaimable = 0;
  if (read_text(folder, "/memory.stat", text))
    for (int i = 0; i < 3 && version->reclaimable[i]; i++)
      reclaimable += find_number(text, version->reclaimable[i]);
  int64_t swap = left_of(folder, version->swap_limit, version->swap_usage);
  if (version->swap_includes_memory) {
    left += free_swap();
    left = least(left, swap);
  } else {
    left += least(swap, free_swap());
  }
  left += reclaimable;
  if (left < memory->left)
    *memory = (polyshm__memory){.limit = read_number(folder, version->limit), .left = left};
}

/* A group and those above it. In a container the mounted root is its own group, and the path that the process
 * is told may be the one that the host knows: then there is no such folder, and the root alone counts. */
static void look_upward(const char *root, const char *path, const struct version *version,
                        polyshm__memory *memory) {
  char folder[PATH_MAX];
  int root_length = snprintf(folder, sizeof folder, "%s%s", polyshm__system_root, root);
  size_t room = sizeof folder - (size_t)root_length;
  if (strncmp(path, "/..", 3) != 0 && strcmp(path, "/") != 0) /* "/..": outside this namespace */
    (void)snprintf(folder + root_length, room, "%s", path);
  for (;;) {
    look(folder, version, memory);
    char *last = strrchr(folder + root_length, '/');
    if (!last)
      return;
    *last = '\0';
  }
}

/* Whether a comma-separated list has "memory". */
static bool has_memory(const char *controllers) {
  for (const char *item = controllers; item; item = strchr(item, ','), item = item ? item + 1 : NULL)
    if (strcspn(item, ",") == strlen("memory") && strncmp(item, "memory", strlen("memory")) == 0)
      return true;
  return false;
}

/* A line of /proc/self/cgroup: number, controllers (none: version 2) and path, with ':' between them. */
static void look_at_line(char *line, polyshm__memory *memory) {
  char *controllers = strchr(line, ':');
  char *path = controllers ? strchr(controllers + 1, ':') : NULL;
  if (!path)
    return;
  *path++ = '\0';
  controllers++;
  if (has_memory(controllers))
    look_upward("/sys/fs/cgroup/memory", path, &version_1, memory);
  if (*controllers)
    return;
  look_upward("/sys/fs/cgroup", path, &version_2, memory);
  look_upward("/sys/fs/cgroup/unified", path, &version_2, memory);
}

void polyshm__memory_look(polyshm__memory *memory) {
  *memory = (polyshm__memory){.limit = UNLIMITED, .left = UNLIMITED};
  look_at_machine(memory);
  char text[TEXT_BYTES];
  if (!read_text(polyshm__system_root, "/proc/self/cgroup", text))
    return;
  for (char *line = text, *end; *line; line = end) {
    end = line + strcspn(line, "\n");
    if (*end)
      *end++ = '\0';
    look_at_line(line, memory);
  }
}

bool polyshm__memory_has(const polyshm__memory *memory, int64_t bytes) {
  return bytes + bytes / 128 <= memory->left; /* the kernel's own tables for these pages count, too */
}
