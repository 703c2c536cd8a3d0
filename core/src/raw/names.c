/* This file knows which names there may be, whether one still means its segment, how it goes, and which there
 * are. */
#include "companion.h"
#include "segment.h"

#include <stdio.h>
#include <string.h>

/* ---- which there may be ---- */

const char *polyshm__name_without_slash(const char *name) {
  return name && name[0] == '/' ? name + 1 : name;
}

polyshm_status polyshm__name_check(const char *verb, const char *name) {
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

polyshm_status polyshm__name_check_new(const char *verb, const char *name, size_t most) {
  static const char alphanumeric[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  static const char others[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  polyshm_status status = polyshm__name_check(verb, name);
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

/* ---- a segment's own ---- */

polyshm_status polyshm__segment_named(const polyshm_segment *segment, bool *same) {
  polyshm__facts facts;
  polyshm_status status = polyshm__file_facts(segment->name, &facts);
  *same = !status && polyshm__same_file(&facts.identity, &segment->identity);
  return status == POLYSHM_ENOENT ? POLYSHM_OK : status;
}

polyshm_status polyshm_segment_stale(const polyshm_segment *segment, bool *out) {
  if (!segment)
    return polyshm__no_segment("stale");
  if (!out)
    return polyshm__no_result("stale");
  bool same = false;
  polyshm_status status = polyshm__segment_named(segment, &same);
  if (status)
    return polyshm__segment_fail(status, "stale", segment->name);
  *out = !same;
  return POLYSHM_OK;
}

polyshm_status polyshm_segment_unlink(const polyshm_segment *segment) {
  if (!segment)
    return polyshm__no_segment("unlink");
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
    return polyshm__segment_fail_to_change(status, "unlink", segment->name);
  (void)polyshm__companion_unlink(segment->name, &segment->identity, POLYSHM__COMPANION_OURS);
  return POLYSHM_OK;
}

polyshm_status polyshm_segment_unlink_name(const char *name) {
  name = polyshm__name_without_slash(name);
  polyshm_status status = polyshm__name_check("unlink", name);
  if (status)
    return status;
  polyshm__facts facts; /* which segment it means, for its lock */
  bool known = polyshm__file_facts(name, &facts) == POLYSHM_OK;
  status = polyshm__file_unlink(name);
  if (!status && known)
    (void)polyshm__companion_unlink(name, &facts.identity, POLYSHM__COMPANION_OURS);
  return status ? polyshm__segment_fail_to_change(status, "unlink", name) : POLYSHM_OK;
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
    return polyshm__missing("each_segment", "visitor");
  struct walk walk = {.visit = visit, .context = context};
  polyshm_status status = polyshm__file_each(visit_name, &walk);
  if (status && !walk.answer)
    return polyshm_fail(status, "each_segment: %s", polyshm__words(status));
  return status;
}
