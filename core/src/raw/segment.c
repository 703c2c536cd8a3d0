#include "segment.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- failures ---- */

/* No name that exists is longer than 255 bytes. */
polyshm_status polyshm__segment_fail(polyshm_status status, const char *verb, const char *name) {
  return polyshm_fail(status, "%s \"%.255s\": %s", verb, name, polyshm__words(status));
}

polyshm_status polyshm__segment_fail_to_change(polyshm_status status, const char *verb, const char *name) {
  const char *words = polyshm__words_of_directory(status, true);
  return polyshm_fail(status, "%s \"%.255s\": %s", verb, name, words ? words : polyshm__words(status));
}

polyshm_status polyshm__segment_closed_error(const polyshm_segment *segment, const char *verb) {
  return polyshm_fail(POLYSHM_CLOSED, "%s \"%s\": the segment is closed; attach again", verb, segment->name);
}

polyshm_status polyshm__segment_fail_to_allocate(polyshm_status status, const char *verb, const char *name,
                                                 int64_t bytes) {
  polyshm__memory memory;
  if (status == POLYSHM_ENOMEM)
    polyshm__memory_look(&memory);
  if (status != POLYSHM_ENOMEM || polyshm__memory_has(&memory, bytes))
    return polyshm__segment_fail(status, verb, name);
  return polyshm_fail(status,
                      "%s \"%.255s\": %s %" PRId64 " bytes, of which %" PRId64 " are left: ask for less%s",
                      verb, name,
                      memory.of_machine ? "the memory of this machine is"
                                        : "the memory limit of this container or control group is",
                      memory.limit, memory.left, memory.of_machine ? "" : ", or raise it");
}

polyshm_status polyshm__segment_check_size(const char *verb, const char *name, int64_t size) {
  if (size >= 1 && size <= POLYSHM_SIZE_MAX)
    return POLYSHM_OK;
  return polyshm_fail(POLYSHM_RANGE, "%s \"%s\": size %" PRId64 " is outside 1 ... %" PRId64 " bytes", verb,
                      name, size, POLYSHM_SIZE_MAX);
}

/* ---- handles ---- */

static polyshm_status make_handle(const char *verb, const char *name, int fd, const polyshm__facts *facts,
                                  int64_t flags, polyshm_segment **out) {
  const int64_t size = facts->size;
  const bool readonly = flags & POLYSHM_FLAG_READONLY;
  polyshm_segment *segment = calloc(1, sizeof *segment);
  if (!segment)
    return polyshm__segment_fail(POLYSHM_ENOMEM, verb, name);
  uint32_t number; /* of this process, for the mutex. A system that cannot tell forks lets it be, always. */
  polyshm_status status = polyshm__process_numbered(&number) == POLYSHM_ENOMEM ? POLYSHM_ENOMEM : POLYSHM_OK;
  if (!status)
    status = polyshm__map(&segment->mapping, fd, size, readonly);
  if (status) {
    free(segment);
    return polyshm__segment_fail(status, verb, name);
  }
  atomic_init(&segment->base, segment->mapping.first.base);
  atomic_init(&segment->size, size);
  atomic_init(&segment->references, 1);
  segment->readonly = readonly;
  segment->any_owner = flags & POLYSHM_FLAG_ANY_OWNER;
  segment->mode = facts->mode;
  segment->owner = facts->owner;
  segment->group = facts->group;
  segment->identity = facts->identity;
  (void)snprintf(segment->name, sizeof segment->name, "%s", name);
  *out = segment;
  return POLYSHM_OK;
}

void polyshm__segment_retain(polyshm_segment *segment) {
  atomic_fetch_add_explicit(&segment->references, 1, memory_order_relaxed);
}

void polyshm_segment_free(polyshm_segment *segment) {
  if (!segment || atomic_fetch_sub_explicit(&segment->references, 1, memory_order_acq_rel) != 1)
    return;
  if (segment->lock)
    segment->free_lock(segment->lock);
  polyshm__unmap(&segment->mapping);
  free(segment);
}

polyshm_status polyshm_segment_close(polyshm_segment *segment) {
  if (!segment)
    return POLYSHM_OK;
  polyshm__mutex_lock(&segment->change);
  atomic_store(&segment->closed, true);
  if (!segment->blank) /* a second close() tries again, and so does a child of fork(2) in the middle of one */
    segment->blank = polyshm__map_blank(&segment->mapping);
  polyshm__mutex_unlock(&segment->change);
  return POLYSHM_OK;
}

/* ---- create, attach, open ---- */

static polyshm_status check_new(const char *verb, const char *name, int64_t size, int64_t mode,
                                const polyshm__contents *contents) {
  const size_t most = contents && contents->companion_of ? POLYSHM__COMPANION_NAME_MOST : POLYSHM__NAME_MOST;
  polyshm_status status = name ? polyshm__name_check_new(verb, name, most) : POLYSHM_OK;
  if (!status)
    status = polyshm__segment_check_size(verb, name ? name : "", size);
  if (!status && (mode < 0 || mode > 0777))
    status = polyshm_fail(POLYSHM_RANGE, "%s \"%s\": mode %" PRId64 " is outside 0 ... 0777 (octal)", verb,
                          name ? name : "", mode);
  return status;
}

static polyshm_status publish_generated(polyshm__draft *draft, polyshm_segment *segment) {
  polyshm_status status;
  do {
    (void)snprintf(segment->name, sizeof segment->name, "psm_%08" PRIx32, polyshm__random());
    status = polyshm__draft_publish(draft, segment->name);
  } while (status == POLYSHM_EEXIST);
  return status;
}

struct creation {
  const char *verb, *name; /* NULL: one is drawn */
  int64_t size;
  uint32_t mode;
  const polyshm__contents *contents;
  int *file;
};

/* Says what there is to say where no way to create went through. */
static polyshm_status fail_to_create(const struct creation *creation, polyshm_status status,
                                     const char *refused) {
  const char *verb = creation->verb, *name = creation->name ? creation->name : "";
  if (status == POLYSHM_ENOMEM)
    return polyshm__segment_fail_to_allocate(status, verb, name, creation->size);
  if (!refused || (status != POLYSHM_EOPNOTSUPP && polyshm__words_of_directory(status, true)))
    return polyshm__segment_fail_to_change(status, verb, name);
  return polyshm_fail(
      status,
      "%s \"%.255s\": the system refuses %s here (%s): a sandbox (seccomp, AppArmor, SELinux) "
      "may be the cause, and must allow it",
      verb, name, refused, polyshm_status_name(status));
}

/* *refused: it failed because the system does not let us, and the other way may be open. */
static polyshm_status try_create(const struct creation *creation, bool fallback, const char **refused,
                                 polyshm_segment **out) {
  polyshm__draft draft;
  polyshm_segment *segment = NULL;
  const char *verb = creation->verb, *word = creation->name ? creation->name : "";
  polyshm_status status = polyshm__draft_begin(&draft, creation->size, creation->mode, fallback);
  *refused = draft.refused;
  if (status)
    return fail_to_create(creation, status, *refused);
  const polyshm__contents *contents = creation->contents;
  if (contents && contents->companion_of)
    status = polyshm__draft_give(&draft, contents->companion_of->owner, contents->companion_of->group,
                                 creation->mode);
  if (status) {
    polyshm__draft_end(&draft);
    return polyshm__segment_fail(status, verb, word);
  }
  const polyshm__facts facts = {.identity = draft.identity,
                                .size = creation->size,
                                .mode = creation->mode,
                                .owner = draft.owner,
                                .group = draft.group};
  status = make_handle(verb, word, draft.fd, &facts, 0, &segment);
  if (!status) {
    if (contents)
      status = contents->write(polyshm__segment_base(segment), &draft, contents->context);
    if (!status) {
      status = creation->name ? polyshm__draft_publish(&draft, creation->name)
                              : publish_generated(&draft, segment);
      *refused = draft.refused;
      if (status)
        (void)fail_to_create(creation, status, *refused);
    }
    if (status) {
      polyshm_segment_free(segment);
      segment = NULL;
    }
  }
  if (!status && creation->file) {
    *creation->file = draft.fd;
    draft.fd = -1;
  }
  polyshm__draft_end(&draft);
  *out = segment;
  return status;
}

static polyshm_status create(const struct creation *creation, polyshm_segment **out) {
  bool fallback = polyshm__without_tmpfile;
  const char *refused;
  polyshm_status status = try_create(creation, fallback, &refused, out);
  if (!status || !refused || fallback)
    return status;
  status = try_create(creation, true, &refused, out);
  if (!status)
    polyshm__without_tmpfile = true; /* this way works here and the other does not, as was just seen */
  return status;
}

polyshm_status polyshm__segment_create(const char *name, int64_t size, int64_t mode,
                                       const polyshm__contents *contents, int *file, polyshm_segment **out) {
  if (!out)
    return polyshm__no_result("create");
  *out = NULL;
  name = polyshm__name_without_slash(name);
  polyshm_status status = check_new("create", name, size, mode, contents);
  struct creation creation = {"create", name, size, (uint32_t)mode, contents, NULL};
  creation.file = file;
  return status ? status : create(&creation, out);
}

polyshm_status polyshm_segment_create(const char *name, int64_t size, int64_t mode, polyshm_segment **out) {
  return polyshm__segment_create(name, size, mode, NULL, NULL, out);
}

/* Why a file is not taken for a segment, or NULL. Planted files are how one user harms another in a shared
 * directory. */
static const char *distrust(const polyshm__facts *facts, int64_t flags) {
  if (!facts->plain)
    return "not trusted: it is no plain file";
  if (!facts->linked_once)
    return "not trusted: the file has a second hard link";
  if (!(flags & POLYSHM_FLAG_ANY_OWNER) && facts->owner != 0 && facts->owner != polyshm__user())
    return "not trusted: it belongs to another user; attach with any_owner to accept that";
  return NULL;
}

/* ENOENT and ENODATA are left to the caller to put into words. */
static polyshm_status attach(const char *verb, const char *name, int64_t flags, int *file,
                             polyshm_segment **out) {
  bool readonly = flags & POLYSHM_FLAG_READONLY;
  int fd;
  polyshm__facts facts;
  polyshm_status status = polyshm__file_open(name, readonly, &fd, &facts);
  if (status)
    return status == POLYSHM_ENOENT ? status : polyshm__segment_fail(status, verb, name);
  const char *why = distrust(&facts, flags);
  if (why)
    status = polyshm_fail(POLYSHM_EPERM, "%s \"%s\": %s", verb, name, why);
  else if (facts.size == 0)
    status = POLYSHM_ENODATA;
  else
    status = make_handle(verb, name, fd, &facts, flags, out);
  if (!status && !readonly)
    polyshm__file_give_back(fd, &facts);
  if (!status && file)
    *file = fd;
  else
    polyshm__file_close(fd);
  return status;
}

static polyshm_status check_flags(const char *verb, int64_t flags, int64_t allowed) {
  if ((flags & ~allowed) == 0)
    return POLYSHM_OK;
  return polyshm_fail(POLYSHM_ARGUMENT, "%s: flags %" PRId64 " are not for this call", verb, flags);
}

polyshm_status polyshm__segment_attach(const char *name, int64_t flags, int64_t timeout, int *file,
                                       polyshm_segment **out) {
  if (!out)
    return polyshm__no_result("attach");
  *out = NULL;
  name = polyshm__name_without_slash(name);
  polyshm_status status = polyshm__name_check("attach", name);
  if (!status)
    status = check_flags("attach", flags, POLYSHM_FLAG_READONLY | POLYSHM_FLAG_ANY_OWNER);
  if (status)
    return status;
  polyshm__wait wait = polyshm__wait_begin(timeout);
  for (;;) {
    status = attach("attach", name, flags, file, out);
    /* ENODATA: CPython makes a segment in two steps, and we may have come in between. */
    bool may_come = status == POLYSHM_ENOENT || status == POLYSHM_ENODATA;
    if (!may_come)
      return status;
    polyshm_status waited = polyshm__wait_slice(&wait);
    if (waited)
      return polyshm__segment_fail(waited == POLYSHM_ETIMEDOUT ? status : waited, "attach", name);
  }
}

polyshm_status polyshm_segment_attach(const char *name, int64_t flags, int64_t timeout,
                                      polyshm_segment **out) {
  return polyshm__segment_attach(name, flags, timeout, NULL, out);
}

polyshm_status polyshm__segment_open(const char *name, int64_t size, int64_t mode, int64_t flags,
                                     const polyshm__contents *contents, int *file, polyshm_segment **out) {
  if (!out)
    return polyshm__no_result("open");
  *out = NULL;
  name = polyshm__name_without_slash(name);
  polyshm_status status =
      polyshm__name_check("open", name); /* a generated name is never there to attach to */
  if (!status)
    status = check_new("open", name, size, mode, contents);
  if (!status)
    status = check_flags("open", flags, POLYSHM_FLAG_ANY_OWNER);
  if (status)
    return status;
  const struct creation creation = {"open", name, size, (uint32_t)mode, contents, file};
  for (int tries = 0; tries < 1000; tries++) {
    status = attach("open", name, flags, file, out);
    if (status == POLYSHM_ENODATA)
      return polyshm__segment_fail(status, "open", name);
    if (status != POLYSHM_ENOENT)
      return status;
    status = create(&creation, out);
    if (status != POLYSHM_EEXIST)
      return status;
  }
  return polyshm__segment_fail(POLYSHM_EAGAIN, "open", name);
}

polyshm_status polyshm_segment_open(const char *name, int64_t size, int64_t mode, int64_t flags,
                                    polyshm_segment **out) {
  return polyshm__segment_open(name, size, mode, flags, NULL, NULL, out);
}

/* ---- attributes ---- */

int64_t polyshm__segment_header(const polyshm_segment *segment, polyshm__header *header) {
  const int64_t size = polyshm__segment_size(segment), most = sizeof *header;
  const int64_t length = size < most ? size : most;
  memcpy(header, polyshm__segment_base(segment), (size_t)length);
  return length;
}

const char *polyshm_segment_name(const polyshm_segment *segment) {
  return segment ? segment->name : "";
}

int64_t polyshm_segment_size(const polyshm_segment *segment) {
  return segment ? polyshm__segment_size(segment) : 0;
}

polyshm_status polyshm_segment_address(const polyshm_segment *segment, uint64_t *out) {
  if (!segment)
    return polyshm__no_segment("address");
  if (!out)
    return polyshm__no_result("address");
  *out = (uintptr_t)polyshm__segment_base(segment);
  return polyshm__segment_done(segment, "address");
}

bool polyshm_segment_readonly(const polyshm_segment *segment) {
  return segment && segment->readonly;
}

bool polyshm_segment_closed(const polyshm_segment *segment) {
  return !segment || atomic_load_explicit(&segment->closed, memory_order_acquire);
}
