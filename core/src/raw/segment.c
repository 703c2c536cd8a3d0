#include "segment.h"
#include "bulk.h"

#include "companion.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- words ---- */

/* No name that exists is longer than 255 bytes. */
static polyshm_status fail(polyshm_status status, const char *verb, const char *name) {
  return polyshm_fail(status, "%s \"%.255s\": %s", verb, name, polyshm__words(status));
}

/* Of a call that makes or removes a name. */
static polyshm_status fail_to_change(polyshm_status status, const char *verb, const char *name) {
  const char *words = polyshm__words_of_directory(status, true);
  return polyshm_fail(status, "%s \"%.255s\": %s", verb, name, words ? words : polyshm__words(status));
}

static polyshm_status no_handle(const char *verb) {
  return polyshm_fail(POLYSHM_ARGUMENT, "%s: no segment was given", verb);
}

polyshm_status polyshm__segment_closed_error(const polyshm_segment *segment, const char *verb) {
  return polyshm_fail(POLYSHM_CLOSED, "%s \"%s\": the segment is closed; attach again", verb, segment->name);
}

/* ---- names ---- */

/* As CPython does, for users who know the name as "/name". */
static const char *without_slash(const char *name) {
  return name && name[0] == '/' ? name + 1 : name;
}

/* A path component: what attach and unlink take. */
static polyshm_status check_component(const char *verb, const char *name) {
  if (!name)
    return polyshm_fail(POLYSHM_ARGUMENT, "%s: a name is needed", verb);
  const char *why = NULL;
  if (!*name)
    why = "a name cannot be empty";
  else if (strchr(name, '/'))
    why = "a name holds no '/'";
  else if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
    why = "that is a directory";
  return why ? polyshm_fail(POLYSHM_ARGUMENT, "%s \"%.255s\": %s", verb, name, why) : POLYSHM_OK;
}

enum { NAME_MOST = 200, COMPANION_NAME_MOST = NAME_MOST + 5 };

/* A name that every language, shell and file system keeps as it is: what create takes. */
static polyshm_status check_new_name(const char *verb, const char *name, size_t most) {
  static const char alphanumeric[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  static const char others[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  polyshm_status status = check_component(verb, name);
  if (status)
    return status;
  const char *why = NULL;
  if (!strchr(alphanumeric, name[0]))
    why = "a new name begins with a letter or a digit";
  else if (strspn(name, others) != strlen(name))
    why = "a new name holds only letters, digits, '.', '_' and '-'";
  else if (strlen(name) > most)
    why = "a new name has at most 200 bytes";
  else if (strncmp(name, "sem.", 4) == 0)
    why = "sem.* belongs to POSIX semaphores";
  return why ? polyshm_fail(POLYSHM_ARGUMENT, "%s \"%.255s\": %s", verb, name, why) : POLYSHM_OK;
}

/* ---- handles ---- */

static polyshm_status make_handle(const char *verb, const char *name, int fd, const polyshm__facts *facts,
                                  int64_t flags, polyshm_segment **out) {
  const int64_t size = facts->size;
  const bool readonly = flags & POLYSHM_FLAG_READONLY;
  polyshm_segment *segment = calloc(1, sizeof *segment);
  if (!segment)
    return fail(POLYSHM_ENOMEM, verb, name);
  uint32_t number; /* of this process, for the mutex. A system that cannot tell forks lets it be, always. */
  polyshm_status status = polyshm__process_numbered(&number) == POLYSHM_ENOMEM ? POLYSHM_ENOMEM : POLYSHM_OK;
  if (!status)
    status = polyshm__map(&segment->mapping, fd, size, readonly);
  if (status) {
    free(segment);
    return fail(status, verb, name);
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

static polyshm_status check_size(const char *verb, const char *name, int64_t size) {
  if (size >= 1 && size <= POLYSHM_SIZE_MAX)
    return POLYSHM_OK;
  return polyshm_fail(POLYSHM_RANGE, "%s \"%s\": size %" PRId64 " is outside 1 ... %" PRId64 " bytes", verb,
                      name, size, POLYSHM_SIZE_MAX);
}

static polyshm_status check_new(const char *verb, const char *name, int64_t size, int64_t mode,
                                const polyshm__contents *contents) {
  const size_t most = contents && contents->companion_of ? COMPANION_NAME_MOST : NAME_MOST;
  polyshm_status status = name ? check_new_name(verb, name, most) : POLYSHM_OK;
  if (!status)
    status = check_size(verb, name ? name : "", size);
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

/* Of a call that was to allocate so many bytes. */
static polyshm_status fail_to_allocate(polyshm_status status, const char *verb, const char *name,
                                       int64_t bytes) {
  polyshm__memory memory;
  if (status == POLYSHM_ENOMEM)
    polyshm__memory_look(&memory);
  if (status != POLYSHM_ENOMEM || polyshm__memory_has(&memory, bytes))
    return fail(status, verb, name);
  return polyshm_fail(status,
                      "%s \"%.255s\": %s %" PRId64 " bytes, of which %" PRId64 " are left: ask for less%s",
                      verb, name,
                      memory.of_machine ? "the memory of this machine is"
                                        : "the memory limit of this container or control group is",
                      memory.limit, memory.left, memory.of_machine ? "" : ", or raise it");
}

struct creation {
  const char *verb, *name; /* NULL: one is drawn */
  int64_t size;
  uint32_t mode;
  const polyshm__contents *contents;
  int *file;
};

/* What there is to say where no way to create went through. */
static polyshm_status fail_to_create(const struct creation *creation, polyshm_status status,
                                     const char *refused) {
  const char *verb = creation->verb, *name = creation->name ? creation->name : "";
  if (status == POLYSHM_ENOMEM)
    return fail_to_allocate(status, verb, name, creation->size);
  if (!refused || (status != POLYSHM_EOPNOTSUPP && polyshm__words_of_directory(status, true)))
    return fail_to_change(status, verb, name);
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
    return fail(status, verb, word);
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

static polyshm_status no_result(const char *verb) {
  return polyshm_fail(POLYSHM_ARGUMENT, "%s: no place for the result", verb);
}

polyshm_status polyshm__segment_create(const char *name, int64_t size, int64_t mode,
                                       const polyshm__contents *contents, int *file, polyshm_segment **out) {
  if (!out)
    return no_result("create");
  *out = NULL;
  name = without_slash(name);
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
    return status == POLYSHM_ENOENT ? status : fail(status, verb, name);
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
    return no_result("attach");
  *out = NULL;
  name = without_slash(name);
  polyshm_status status = check_component("attach", name);
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
      return fail(waited == POLYSHM_ETIMEDOUT ? status : waited, "attach", name);
  }
}

polyshm_status polyshm_segment_attach(const char *name, int64_t flags, int64_t timeout,
                                      polyshm_segment **out) {
  return polyshm__segment_attach(name, flags, timeout, NULL, out);
}

polyshm_status polyshm__segment_open(const char *name, int64_t size, int64_t mode, int64_t flags,
                                     const polyshm__contents *contents, int *file, polyshm_segment **out) {
  if (!out)
    return no_result("open");
  *out = NULL;
  name = without_slash(name);
  polyshm_status status = check_component("open", name); /* a generated name is never there to attach to */
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
      return fail(status, "open", name);
    if (status != POLYSHM_ENOENT)
      return status;
    status = create(&creation, out);
    if (status != POLYSHM_EEXIST)
      return status;
  }
  return fail(POLYSHM_EAGAIN, "open", name);
}

polyshm_status polyshm_segment_open(const char *name, int64_t size, int64_t mode, int64_t flags,
                                    polyshm_segment **out) {
  return polyshm__segment_open(name, size, mode, flags, NULL, NULL, out);
}

/* ---- the name ---- */

polyshm_status polyshm__segment_named(const polyshm_segment *segment, bool *same) {
  polyshm__facts facts;
  polyshm_status status = polyshm__file_facts(segment->name, &facts);
  *same = !status && polyshm__same_file(&facts.identity, &segment->identity);
  return status == POLYSHM_ENOENT ? POLYSHM_OK : status;
}

polyshm_status polyshm_segment_stale(const polyshm_segment *segment, bool *out) {
  if (!segment)
    return no_handle("stale");
  if (!out)
    return no_result("stale");
  bool same = false;
  polyshm_status status = polyshm__segment_named(segment, &same);
  if (status)
    return fail(status, "stale", segment->name);
  *out = !same;
  return POLYSHM_OK;
}

polyshm_status polyshm_segment_unlink(const polyshm_segment *segment) {
  if (!segment)
    return no_handle("unlink");
  bool same = false;
  polyshm_status status = polyshm__segment_named(segment, &same);
  if (!status && !same)
    return polyshm_fail(POLYSHM_ENOENT, "unlink \"%s\": the name is gone, or means a newer segment",
                        segment->name);
  /* Between the check and this the name could change hands only if somebody else unlinked it in that moment.
   */
  if (!status)
    status = polyshm__file_unlink(segment->name);
  if (status)
    return fail_to_change(status, "unlink", segment->name);
  (void)polyshm__companion_unlink(segment->name, &segment->identity, POLYSHM__COMPANION_OURS);
  return POLYSHM_OK;
}

polyshm_status polyshm_segment_unlink_name(const char *name) {
  name = without_slash(name);
  polyshm_status status = check_component("unlink", name);
  if (status)
    return status;
  polyshm__facts facts; /* which segment it means, for its lock */
  bool known = polyshm__file_facts(name, &facts) == POLYSHM_OK;
  status = polyshm__file_unlink(name);
  if (!status && known)
    (void)polyshm__companion_unlink(name, &facts.identity, POLYSHM__COMPANION_OURS);
  return status ? fail_to_change(status, "unlink", name) : POLYSHM_OK;
}

/* ---- growing ---- */

/* A handle keeps no descriptor: the file is found by its name. */
static polyshm_status open_file(const polyshm_segment *segment, const char *verb, int *fd, int64_t *size) {
  polyshm__facts facts;
  polyshm_status status =
      polyshm__file_open_same(segment->name, segment->readonly, &segment->identity, fd, &facts);
  *size = facts.size;
  return status ? fail(status, verb, segment->name) : POLYSHM_OK;
}

static void set_size(polyshm_segment *segment, int64_t size) {
  atomic_store_explicit(&segment->base, polyshm__map_newest(&segment->mapping)->base, memory_order_release);
  atomic_store_explicit(&segment->size, size, memory_order_release);
}

/* Mapped before the file grows: a resize that fails leaves it as it was. */
static polyshm_status prepare_growth(polyshm_segment *segment, int fd, int64_t found, int64_t size) {
  if (size < found)
    return POLYSHM_RANGE;
  polyshm_status status = polyshm__file_room(fd, found, size);
  return status ? status : polyshm__map_reach(&segment->mapping, fd, size);
}

static polyshm_status prepare_growth_locked(polyshm_segment *segment, int fd, int64_t found, int64_t size) {
  polyshm__mutex_lock(&segment->change);
  polyshm_status status =
      polyshm_segment_closed(segment) ? POLYSHM_CLOSED : prepare_growth(segment, fd, found, size);
  polyshm__mutex_unlock(&segment->change);
  return status;
}

/* Another thread's resize may have gone further meanwhile. */
static polyshm_status take_growth_over(polyshm_segment *segment, int64_t before, int64_t size) {
  polyshm__mutex_lock(&segment->change);
  const bool closed = polyshm_segment_closed(segment);
  const int64_t now = polyshm__segment_size(segment);
  if (!closed && (now == before || now < size))
    set_size(segment, size);
  polyshm__mutex_unlock(&segment->change);
  return closed ? POLYSHM_CLOSED : POLYSHM_OK;
}

/* Without the mutex while it may take long: others may close the segment then. */
static polyshm_status grow(polyshm_segment *segment, int64_t size) {
  int fd;
  int64_t found;
  const int64_t before = polyshm__segment_size(segment);
  polyshm_status status = open_file(segment, "resize", &fd, &found);
  if (status)
    return status;
  status = prepare_growth_locked(segment, fd, found, size);
  if (!status)
    status = polyshm__file_grow(fd, size, &found);
  polyshm__file_close(fd);
  if (!status)
    status = take_growth_over(segment, before, size);
  if (status == POLYSHM_CLOSED)
    return polyshm__segment_closed_error(segment, "resize");
  if (status == POLYSHM_RANGE)
    return polyshm_fail(status,
                        "resize \"%s\": size %" PRId64 " would shrink it, and it is %" PRId64
                        " bytes long: segments only grow",
                        segment->name, size, found);
  return status ? fail_to_allocate(status, "resize", segment->name, size - found) : POLYSHM_OK;
}

/* A smaller size was cut by a peer: what lies beyond would be a bus error, and is out of bounds from now on.
 */
static polyshm_status take_size_over(polyshm_segment *segment) {
  int fd;
  int64_t found;
  if (polyshm_segment_closed(segment))
    return polyshm__segment_closed_error(segment, "refresh");
  polyshm_status status = open_file(segment, "refresh", &fd, &found);
  if (status)
    return status;
  status = polyshm__map_reach(&segment->mapping, fd, found);
  polyshm__file_close(fd);
  if (status)
    return fail(status, "refresh", segment->name);
  set_size(segment, found);
  return POLYSHM_OK;
}

polyshm_status polyshm_segment_resize(polyshm_segment *segment, int64_t size) {
  if (!segment)
    return no_handle("resize");
  if (polyshm_segment_closed(segment))
    return polyshm__segment_closed_error(segment, "resize");
  polyshm_status status = check_size("resize", segment->name, size);
  if (status)
    return status;
  if (segment->readonly)
    return fail(POLYSHM_READONLY, "resize", segment->name);
  return grow(segment, size);
}

polyshm_status polyshm_segment_refresh(polyshm_segment *segment) {
  if (!segment)
    return no_handle("refresh");
  polyshm__mutex_lock(&segment->change);
  polyshm_status status = take_size_over(segment);
  polyshm__mutex_unlock(&segment->change);
  return status;
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
    return no_handle("address");
  if (!out)
    return no_result("address");
  *out = (uintptr_t)polyshm__segment_base(segment);
  return polyshm__segment_done(segment, "address");
}

bool polyshm_segment_readonly(const polyshm_segment *segment) {
  return segment && segment->readonly;
}

bool polyshm_segment_closed(const polyshm_segment *segment) {
  return !segment || atomic_load_explicit(&segment->closed, memory_order_acquire);
}

/* ---- bytes ---- */

polyshm_status polyshm__segment_range(const polyshm_segment *segment, const char *verb, int64_t offset,
                                      int64_t length, uint8_t **data) {
  if (!segment)
    return no_handle(verb);
  if (polyshm_segment_closed(segment))
    return polyshm__segment_closed_error(segment, verb);
  int64_t size = polyshm__segment_size(segment);
  if (!polyshm__within(offset, length, size))
    return polyshm_fail(POLYSHM_INDEX,
                        "%s \"%s\": %" PRId64 " bytes from offset %" PRId64 " on lie outside its %" PRId64
                        " bytes, which count from 0",
                        verb, segment->name, length, offset, size);
  *data = polyshm__segment_base(segment) + offset;
  return POLYSHM_OK;
}

polyshm_status polyshm__segment_writable(const polyshm_segment *segment, const char *verb, int64_t offset,
                                         int64_t length, uint8_t **data) {
  polyshm_status status = polyshm__segment_range(segment, verb, offset, length, data);
  if (!status && segment->readonly)
    status = fail(POLYSHM_READONLY, verb, segment->name);
  return status;
}

static polyshm_status no_data(const char *verb) {
  return polyshm_fail(POLYSHM_ARGUMENT, "%s: no data was given", verb);
}

polyshm_status polyshm_segment_read(const polyshm_segment *segment, int64_t offset, void *data,
                                    int64_t length) {
  uint8_t *from = NULL;
  polyshm_status status = polyshm__segment_range(segment, "read", offset, length, &from);
  if (status)
    return status;
  if (!data && length)
    return no_data("read");
  status = polyshm__copy_bytes(segment, "read", data, from, length);
  return status ? status : polyshm__segment_done(segment, "read");
}

polyshm_status polyshm_segment_borrow(const polyshm_segment *segment, int64_t offset, int64_t length,
                                      const void **data) {
  if (!data)
    return no_result("read");
  uint8_t *from = NULL;
  polyshm_status status = polyshm__segment_range(segment, "read", offset, length, &from);
  *data = from;
  return status;
}

polyshm_status polyshm_segment_write(polyshm_segment *segment, int64_t offset, const void *data,
                                     int64_t length) {
  uint8_t *to = NULL;
  polyshm_status status = polyshm__segment_writable(segment, "write", offset, length, &to);
  if (status)
    return status;
  if (!data && length)
    return no_data("write");
  status = polyshm__copy_bytes(segment, "write", to, data, length);
  return status ? status : polyshm__segment_done(segment, "write");
}

polyshm_status polyshm_segment_fill(polyshm_segment *segment, int64_t byte, int64_t offset, int64_t length) {
  uint8_t *to = NULL;
  polyshm_status status = polyshm__segment_writable(segment, "fill", offset, length, &to);
  if (status)
    return status;
  if (byte < 0 || byte > 255)
    return polyshm_fail(POLYSHM_RANGE, "fill \"%s\": %" PRId64 " is no byte, which is 0 ... 255",
                        segment->name, byte);
  status = polyshm__fill_bytes(segment, to, (int)byte, length);
  return status ? status : polyshm__segment_done(segment, "fill");
}

polyshm_status polyshm_segment_copy(polyshm_segment *segment, const polyshm_segment *source, int64_t offset,
                                    int64_t length, int64_t source_offset) {
  uint8_t *to = NULL, *from = NULL;
  polyshm_status status = polyshm__segment_writable(segment, "copy", offset, length, &to);
  if (!status)
    status = polyshm__segment_range(source, "copy", source_offset, length, &from);
  if (!status)
    status = polyshm__move_bytes(&(polyshm__move){segment, source, to, from, offset, source_offset}, length);
  if (!status)
    status = polyshm__segment_done(source, "copy");
  return status ? status : polyshm__segment_done(segment, "copy");
}

static polyshm_status check_dtype(const char *verb, polyshm_dtype dtype) {
  if (polyshm_dtype_itemsize(dtype))
    return POLYSHM_OK;
  return polyshm_fail(POLYSHM_ARGUMENT, "%s: %" PRId32 " is not a dtype", verb, dtype);
}

polyshm_status polyshm_segment_get_value(const polyshm_segment *segment, polyshm_dtype dtype, int64_t offset,
                                         polyshm_value *out) {
  uint8_t *from = NULL;
  int64_t itemsize = polyshm_dtype_itemsize(dtype);
  polyshm_status status = check_dtype("get_value", dtype);
  if (!status)
    status = polyshm__segment_range(segment, "get_value", offset, itemsize, &from);
  if (status)
    return status;
  if (!out)
    return no_result("get_value");
  polyshm__element_get(dtype, from, out);
  return polyshm__segment_done(segment, "get_value");
}

polyshm_status polyshm_segment_set_value(polyshm_segment *segment, polyshm_dtype dtype, int64_t offset,
                                         const polyshm_value *value) {
  uint8_t *to = NULL;
  int64_t itemsize = polyshm_dtype_itemsize(dtype);
  polyshm_status status = check_dtype("set_value", dtype);
  if (!status)
    status = polyshm__segment_writable(segment, "set_value", offset, itemsize, &to);
  if (status)
    return status;
  if (!value)
    return no_data("set_value");
  status = polyshm__element_set(dtype, to, value);
  if (status)
    return status;
  return polyshm__segment_done(segment, "set_value");
}

/* ---- all there are ---- */

struct walk {
  polyshm_segment_visit *visit;
  void *context;
  polyshm_status answer; /* of the last visit */
};

static polyshm_status visit_name(const char *name, void *context) {
  struct walk *walk = context;
  polyshm__facts facts;
  if (name[0] == '.' || strncmp(name, "sem.", 4) == 0)
    return POLYSHM_OK;
  if (polyshm__file_facts(name, &facts) || !facts.plain)
    return POLYSHM_OK; /* gone meanwhile, or none of ours */
  polyshm__header header;
  int64_t length = 0;
  polyshm_status unread = polyshm__file_peek(name, &header, sizeof header, &length);
  polyshm_segment_info info = {.name = name,
                               .kind = unread ? "unknown" : polyshm__header_kind_name(&header, length),
                               .size = facts.size,
                               .mode = (int64_t)facts.mode,
                               .owner = (int64_t)facts.owner};
  walk->answer = walk->visit(&info, walk->context);
  return walk->answer;
}

polyshm_status polyshm_each_segment(polyshm_segment_visit *visit, void *context) {
  if (!visit)
    return polyshm_fail(POLYSHM_ARGUMENT, "each_segment: no visitor was given");
  struct walk walk = {.visit = visit, .context = context};
  polyshm_status status = polyshm__file_each(visit_name, &walk);
  if (status && !walk.answer)
    return polyshm_fail(status, "each_segment: %s", polyshm__words(status));
  return status;
}
