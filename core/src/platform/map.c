#include "platform.h"

#include <polyshm/segment.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define MOST_PIECES 1024 /* in which a range is made blank where it cannot be done at once */

bool polyshm__mappable(int64_t size) {
  return (uint64_t)size <= PTRDIFF_MAX;
}

static int64_t whole_pages(int64_t size) {
  const int64_t page = polyshm_page_size();
  return (size + page - 1) / page * page;
}

static polyshm_status map_file(int fd, int64_t length, bool readonly, uint8_t **base) {
  if (!polyshm__mappable(length))
    return POLYSHM_ENOMEM;
  void *address =
      mmap(NULL, (size_t)length, readonly ? PROT_READ : PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (address == MAP_FAILED)
    return -errno;
  *base = address;
  return POLYSHM_OK;
}

polyshm_status polyshm__map(polyshm__mapping *mapping, int fd, int64_t size, bool readonly) {
  mapping->readonly = readonly;
  mapping->first = (polyshm__range){.length = whole_pages(size)};
  atomic_init(&mapping->newest, &mapping->first);
  return map_file(fd, mapping->first.length, readonly, &mapping->first.base);
}

/* ---- growing ---- */

static bool extend(polyshm__range *range, int64_t length) {
  if (!polyshm__mappable(length) ||
      mremap(range->base, (size_t)range->length, (size_t)length, 0) == MAP_FAILED)
    return false;
  range->length = length;
  return true;
}

static polyshm_status outgrow(polyshm__mapping *mapping, int fd, int64_t length) {
  polyshm__range *range = malloc(sizeof *range);
  if (!range)
    return POLYSHM_ENOMEM;
  *range = (polyshm__range){.length = length, .older = polyshm__map_newest(mapping)};
  polyshm_status status = map_file(fd, length, mapping->readonly, &range->base);
  if (status)
    free(range);
  else
    atomic_store_explicit(&mapping->newest, range, memory_order_release);
  return status;
}

/*
 * Twice of what is asked for, so that n steps take log n ranges and not n. A range may reach behind the end
 * of its file, which takes addresses there and no memory, and what is written to the file's new bytes is seen
 * without another call. Where so many addresses cannot be had (32 bits, RLIMIT_AS) it is what is asked for.
 */
polyshm_status polyshm__map_reach(polyshm__mapping *mapping, int fd, int64_t size) {
  polyshm__range *newest = polyshm__map_newest(mapping);
  const int64_t exact = whole_pages(size);
  if (exact <= newest->length || extend(newest, 2 * exact) || outgrow(mapping, fd, 2 * exact) == POLYSHM_OK ||
      extend(newest, exact))
    return POLYSHM_OK;
  return outgrow(mapping, fd, exact);
}

/* ---- the end ---- */

/*
 * Whether the kernel counts all private memory, however it is asked for, and may refuse it: then mmap(2) with
 * MAP_FIXED may, before Linux 6.12, have taken away what was there when it fails. In the other modes pages
 * that are asked for with MAP_NORESERVE are not counted, and all else is tested before anything is taken
 * away. Asked once; unknown counts as yes.
 */
static bool counts_memory(void) {
  static _Atomic int known; /* 0: not yet; 1: no; 2: yes */
  int answer = atomic_load_explicit(&known, memory_order_relaxed);
  if (!answer) {
    char mode = '2';
    int file = open("/proc/sys/vm/overcommit_memory", O_RDONLY | O_CLOEXEC);
    if (file >= 0 && read(file, &mode, 1) != 1)
      mode = '2';
    if (file >= 0)
      close(file);
    answer = mode == '2' ? 2 : 1;
    atomic_store_explicit(&known, answer, memory_order_relaxed);
  }
  return answer == 2;
}

static void *map_blank(uint8_t *there, int64_t length, int fixed) {
  return mmap(there, (size_t)length, PROT_READ | PROT_WRITE,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | fixed, -1, 0);
}

/*
 * Where it could fail half-way, other threads would soon have their own memory in the hole, and lose it when
 * the range is unmapped. There the blank pages are mapped elsewhere and then moved, which takes three times
 * as long.
 */
static bool make_blank(uint8_t *base, int64_t length) {
  if (!counts_memory())
    return map_blank(base, length, MAP_FIXED) != MAP_FAILED;
  void *blank = map_blank(NULL, length, 0);
  if (blank == MAP_FAILED)
    return false;
  if (mremap(blank, (size_t)length, (size_t)length, MREMAP_MAYMOVE | MREMAP_FIXED, base) != MAP_FAILED)
    return true;
  (void)munmap(blank, (size_t)length);
  return false;
}

/* In pieces where there are no addresses for the whole once more. */
static bool make_range_blank(const polyshm__range *range) {
  const int64_t least = whole_pages(range->length / MOST_PIECES);
  int64_t step = range->length;
  for (int64_t done = 0; done < range->length;) {
    const int64_t piece = step < range->length - done ? step : range->length - done;
    if (make_blank(range->base + done, piece))
      done += piece;
    else if (step > least)
      step = whole_pages(step / 2) > least ? whole_pages(step / 2) : least;
    else
      return false;
  }
  return true;
}

bool polyshm__map_blank(polyshm__mapping *mapping) {
  bool all = true;
  for (const polyshm__range *range = polyshm__map_newest(mapping); range; range = range->older)
    all = make_range_blank(range) && all;
  return all;
}

void polyshm__unmap(polyshm__mapping *mapping) {
  for (polyshm__range *range = polyshm__map_newest(mapping), *older; range; range = older) {
    older = range->older;
    (void)munmap(range->base, (size_t)range->length);
    if (older)
      free(range); /* the first is a part of the mapping */
  }
}
