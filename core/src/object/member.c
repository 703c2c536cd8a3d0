/* A handle becomes a member of its object in each process here, or is told why it cannot. */
#include "object.h"

#include <polyshm/directory.h>

#include <inttypes.h>
#include <stdio.h>

/* Where a file system does not keep a participant's lock, each living owner would be taken for dead. */
polyshm_status polyshm__object_no_tokens(const char *verb, const char *name, int file) {
  uint32_t type = polyshm__file_system(file);
  return polyshm_fail(
      POLYSHM_EOPNOTSUPP,
      "%s \"%s\": %s (%s, type 0x%" PRIx32
      ") drops a lock on a file that is mapped but not open, by which one tells who is alive: mount "
      "a tmpfs there, or name another directory (POLYSHM_DIRECTORY)",
      verb, name, polyshm_directory(), type == POLYSHM__OVERLAYFS ? "overlayfs" : "its file system", type);
}

/* Why nobody new gets an id. */
static polyshm_status no_id(polyshm__object *object, const char *verb) {
  const char *name = object->segment->name;
  char who[32] = "somebody";
  polyshm__obstacle obstacle;
  polyshm__participants_obstacle(&object->participants, object->segment, &obstacle);
  if (!obstacle.by_reader && !obstacle.many)
    return polyshm__object_fail(object, POLYSHM_EBUSY, verb, "no participant's id is free: try again");
  if (obstacle.process)
    (void)snprintf(who, sizeof who, "process %" PRId64, obstacle.process);
  return polyshm_fail(
      POLYSHM_EBUSY,
      "%s \"%s\": no participant's id is free: %s keeps a %s lock (fcntl) on the bytes of all ids: end "
      "it (fuser %s/%s tells who has the file open), and let no such user open the file",
      verb, name, who, obstacle.by_reader ? "read" : "write", polyshm_directory(), name);
}

static polyshm_status fail_to_join(polyshm__object *object, polyshm_status status, const char *verb) {
  switch (status) {
  case POLYSHM_EBUSY:
    return no_id(object, verb);
  case POLYSHM_EOPNOTSUPP:
    return polyshm__object_no_tokens(verb, object->segment->name, atomic_load(&object->participants.file));
  case POLYSHM_EACCES:
    return polyshm__object_fail(object, status, verb,
                                "a process takes part by opening the object anew, and this one may not: its "
                                "user or the mode has changed "
                                "since. Use it once before privileges are dropped, in each process (a try "
                                "with the time-out 0 will do), "
                                "or give it a group and the mode 0660");
  case POLYSHM_ENOENT:
    return polyshm__object_fail(object, status, verb,
                                "a process takes part by opening the object anew, and this one sees it "
                                "neither by its name nor in /proc, "
                                "though it is there: has the root been changed (chroot)? Use it once before "
                                "that, in each process (a try "
                                "with the time-out 0 will do)");
  default:
    return polyshm__object_fail(object, status, verb, NULL);
  }
}

polyshm_status polyshm__object_join(polyshm__object *object, const char *verb, uint32_t *id) {
  *id = polyshm__object_id(object);
  if (*id)
    return POLYSHM_OK;
  polyshm_status status = polyshm__participants_join(&object->participants, object->segment);
  if (status)
    return fail_to_join(object, status, verb);
  *id = polyshm__object_id(object);
  return POLYSHM_OK;
}

bool polyshm__object_alive(polyshm__object *object, uint32_t id) {
  return polyshm__participants_alive(&object->participants, object->segment, id);
}

static bool is_alive(void *context, uint32_t id) {
  return id == polyshm__object_id(context) || polyshm__object_alive(context, id);
}

static bool is_closed(void *context) {
  return polyshm__object_closed(context);
}

polyshm__peers polyshm__object_peers(polyshm__object *object) {
  return (polyshm__peers){is_alive, is_closed, object};
}
