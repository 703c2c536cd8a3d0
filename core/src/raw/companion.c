#include "companion.h"

#include "header.h"

#include <stdio.h>
#include <string.h>

polyshm__record polyshm__record_of(const polyshm__identity *segment) {
  return (polyshm__record){.inode = segment->inode, .birth = segment->birth};
}

polyshm__companion polyshm__companion_is(const polyshm__record *record, const polyshm__identity *segment) {
  if (record->inode == 0 && record->birth == 0)
    return POLYSHM__COMPANION_INDEPENDENT;
  const polyshm__identity recorded = {segment->device, record->inode, record->birth};
  return polyshm__same_file(&recorded, segment) ? POLYSHM__COMPANION_OURS : POLYSHM__COMPANION_STALE;
}

void polyshm__companion_name(char name[POLYSHM__COMPANION_NAME_BYTES], const char *segment) {
  (void)snprintf(name, POLYSHM__COMPANION_NAME_BYTES, "%s.lock", segment);
}

/* Whether an open file is a lock, and the record in it. */
static bool read_record(int fd, const polyshm__facts *facts, polyshm__record *record) {
  polyshm__header header;
  int64_t length = 0;
  if (!facts->plain || polyshm__file_read(fd, &header, sizeof header, 0, &length) ||
      strcmp(polyshm__header_kind_name(&header, length), polyshm__kind_name(POLYSHM__KIND_LOCK)) != 0)
    return false;
  return polyshm__file_read(fd, record, sizeof *record, POLYSHM__BODY_OFFSET + POLYSHM__RECORD_OFFSET,
                            &length) == POLYSHM_OK &&
         length == sizeof *record;
}

polyshm_status polyshm__companion_unlink(const char *segment, const polyshm__identity *identity,
                                         polyshm__companion sort) {
  char name[POLYSHM__COMPANION_NAME_BYTES];
  int fd;
  polyshm__facts facts;
  polyshm__record record;
  polyshm__companion_name(name, segment);
  polyshm_status status = polyshm__file_facts(name, &facts); /* most have none: half of what open(2) takes */
  if (!status)
    status = polyshm__file_open(name, true, &fd, &facts);
  if (status)
    return status == POLYSHM_ENOENT ? POLYSHM_OK : status;
  if (read_record(fd, &facts, &record) && polyshm__companion_is(&record, identity) == sort)
    status = polyshm__file_unlink_same(fd, name, &facts.identity);
  polyshm__file_close(fd);
  return status == POLYSHM_ESTALE ? POLYSHM_OK : status; /* somebody else did */
}
