#include "header.h"

#include "../platform/platform.h"

#include <inttypes.h>
#include <string.h>

#define ENDIAN UINT32_C(0x01020304)
#define SWAPPED_ENDIAN UINT32_C(0x04030201)

/* docs/layouts.md, "Versions": another major cannot be read, another minor can. */
enum { MAJOR = 1, MINOR = 0 };

static const char magic[8] = "POLYSHM";

static const struct {
  char letters[5];
  const char *name;
} kinds[] = {
#define KIND(NAME, letters, name) [POLYSHM__KIND_##NAME] = {letters, name},
    POLYSHM__KIND_MAP(KIND)
#undef KIND
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

const char *polyshm__kind_name(polyshm__kind kind) {
  return kinds[kind].name;
}

/* CRC-32C (Castagnoli), RFC 3720 appendix B.4, bit by bit: 60 bytes once per attach need no table. */
static uint32_t crc32c(const void *data, size_t length) {
  const uint8_t *bytes = data;
  uint32_t crc = ~UINT32_C(0);
  for (size_t i = 0; i < length; i++) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; bit++)
      crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0x82F63B78) : 0);
  }
  return ~crc;
}

static uint32_t crc_of(const polyshm__header *header) {
  return crc32c(header, offsetof(polyshm__header, crc));
}

void polyshm__header_make(polyshm__header *header, polyshm__kind kind, int64_t size) {
  *header = (polyshm__header){.endian = ENDIAN,
                              .major = MAJOR,
                              .minor = MINOR,
                              .body_offset = POLYSHM__BODY_OFFSET,
                              .size = (uint64_t)size,
                              .created = (uint64_t)polyshm__clock(),
                              .creator = polyshm__user()};
  memcpy(header->magic, magic, sizeof magic);
  memcpy(header->kind, kinds[kind].letters, sizeof header->kind);
  for (size_t i = 0; i < sizeof header->instance; i += sizeof(uint32_t)) {
    uint32_t random = polyshm__random();
    memcpy(header->instance + i, &random, sizeof random);
  }
  header->crc = crc_of(header);
}

static bool is_object(const polyshm__header *header, int64_t length) {
  return length == sizeof *header && memcmp(header->magic, magic, sizeof magic) == 0;
}

const char *polyshm__header_kind_name(const polyshm__header *header, int64_t length) {
  if (!is_object(header, length))
    return "SharedMemory";
  for (int i = 0; i < KINDS; i++)
    if (memcmp(header->kind, kinds[i].letters, sizeof header->kind) == 0)
      return kinds[i].name;
  return "unknown";
}

polyshm_status polyshm__header_check(const polyshm__header *header, int64_t length, int64_t size,
                                     polyshm__kind kind, const char *verb, const char *name) {
  const char *wanted = kinds[kind].name;
  if (!is_object(header, length))
    return polyshm_fail(POLYSHM_KIND, "%s \"%s\": its kind is SharedMemory, plain bytes, not %s", verb, name,
                        wanted);
  if (header->endian == SWAPPED_ENDIAN)
    return polyshm_fail(POLYSHM_INCOMPATIBLE, "%s \"%s\": it was made on a machine of the other byte order",
                        verb, name);
  if (header->endian == ENDIAN && header->major > MAJOR)
    return polyshm_fail(POLYSHM_INCOMPATIBLE,
                        "%s \"%s\": it was made by a newer polyshm, in layout %" PRIu16
                        ", and this one knows layout %d: upgrade it, or let the older one make the object",
                        verb, name, header->major, MAJOR);
  if (header->endian != ENDIAN || header->major < 1 || header->crc != crc_of(header))
    return polyshm_fail(POLYSHM_CORRUPT, "%s \"%s\": its header is damaged: unlink it and create it anew",
                        verb, name);
  if (memcmp(header->kind, kinds[kind].letters, sizeof header->kind) != 0)
    return polyshm_fail(POLYSHM_KIND, "%s \"%s\": its kind is %s, not %s", verb, name,
                        polyshm__header_kind_name(header, length), wanted);
  if (header->size != (uint64_t)size || header->body_offset != POLYSHM__BODY_OFFSET)
    return polyshm_fail(POLYSHM_CORRUPT,
                        "%s \"%s\": it is %" PRId64 " bytes long, and was made with %" PRIu64
                        ": unlink it and create it anew",
                        verb, name, size, header->size);
  return POLYSHM_OK;
}
