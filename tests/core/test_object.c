/* This is what locks, semaphores and events have in common: the header, the names, the handles. */
#include "support.h"

#include "platform/platform.h"
#include "raw/header.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the kinds, as one ---- */

/* Each call of a kind, on handles without a type. */
#define KIND(type, name, size, create_call, open_call, use_call)                                             \
  static polyshm_status type##_create(const char *id, int64_t mode, void **out) {                            \
    polyshm_##type *handle = NULL;                                                                           \
    polyshm_status status = create_call;                                                                     \
    if (out)                                                                                                 \
      *out = handle;                                                                                         \
    return status;                                                                                           \
  }                                                                                                          \
  static polyshm_status type##_open(const char *id, int64_t mode, int64_t flags, void **out) {               \
    polyshm_##type *handle = NULL;                                                                           \
    polyshm_status status = open_call;                                                                       \
    if (out)                                                                                                 \
      *out = handle;                                                                                         \
    return status;                                                                                           \
  }                                                                                                          \
  static polyshm_status type##_attach(const char *id, int64_t flags, int64_t timeout, void **out) {          \
    polyshm_##type *handle = NULL;                                                                           \
    polyshm_status status = polyshm_##type##_attach(id, flags, timeout, out ? &handle : NULL);               \
    if (out)                                                                                                 \
      *out = handle;                                                                                         \
    return status;                                                                                           \
  }                                                                                                          \
  static polyshm_status type##_use(void *handle) {                                                           \
    bool out = false;                                                                                        \
    int32_t outcome = 0;                                                                                     \
    (void)out;                                                                                               \
    (void)outcome;                                                                                           \
    return use_call;                                                                                         \
  }                                                                                                          \
  static polyshm_status type##_close(void *handle) {                                                         \
    return polyshm_##type##_close(handle);                                                                   \
  }                                                                                                          \
  static void type##_free(void *handle) {                                                                    \
    polyshm_##type##_free(handle);                                                                           \
  }                                                                                                          \
  static polyshm_status type##_unlink(const void *handle) {                                                  \
    return polyshm_##type##_unlink(handle);                                                                  \
  }                                                                                                          \
  static bool type##_closed(const void *handle) {                                                            \
    return polyshm_##type##_closed(handle);                                                                  \
  }                                                                                                          \
  static const char *type##_name(const void *handle) {                                                       \
    return polyshm_##type##_name(handle);                                                                    \
  }                                                                                                          \
  static polyshm_status type##_stale(const void *handle, bool *out) {                                        \
    return polyshm_##type##_stale(handle, out);                                                              \
  }                                                                                                          \
  static const struct kind type##_kind = {name,          size,          type##_create, type##_open,          \
                                          type##_attach, type##_use,    type##_close,  type##_free,          \
                                          type##_unlink, type##_closed, type##_name,   type##_stale};

struct kind {
  const char *name;
  int64_t size; /* of its file */
  polyshm_status (*create)(const char *id, int64_t mode, void **out);
  polyshm_status (*open)(const char *id, int64_t mode, int64_t flags, void **out);
  polyshm_status (*attach)(const char *id, int64_t flags, int64_t timeout, void **out);
  polyshm_status (*use)(
      void *handle); /* a call that writes, and one that has a participant where there are */
  polyshm_status (*close)(void *handle);
  void (*free)(void *handle);
  polyshm_status (*unlink)(const void *handle);
  bool (*closed)(const void *handle);
  const char *(*id)(const void *handle);
  polyshm_status (*stale)(const void *handle, bool *out);
};

enum { PERMITS = 5 };

KIND(lock, "Lock", 4096 + 64, polyshm_lock_create(id, mode, out ? &handle : NULL),
     polyshm_lock_open(id, mode, flags, out ? &handle : NULL), polyshm_lock_lock(handle, 0, &outcome))
KIND(semaphore, "Semaphore", 4096 + 64 + 4 * PERMITS,
     polyshm_semaphore_create(id, PERMITS, mode, out ? &handle : NULL),
     polyshm_semaphore_open(id, PERMITS, mode, flags, out ? &handle : NULL),
     polyshm_semaphore_acquire(handle, 0, &out))
KIND(event, "Event", 4096 + 64, polyshm_event_create(id, mode, out ? &handle : NULL),
     polyshm_event_open(id, mode, flags, out ? &handle : NULL), polyshm_event_set(handle))

static const struct kind *const kinds[] = {&lock_kind, &semaphore_kind, &event_kind};

enum { KINDS = sizeof kinds / sizeof *kinds };

static void *new_object(const struct kind *kind) {
  void *object = NULL;
  assert_ok(kind->create(fresh_name(), 0600, &object));
  assert_non_null(object);
  return object;
}

static void drop_object(const struct kind *kind, void *object) {
  polyshm_status status = kind->unlink(object);
  assert_true(status == POLYSHM_OK || status == POLYSHM_ENOENT);
  kind->free(object);
}

/* Neither attach nor open takes it, and both say why. */
static void assert_refused(polyshm_status expected, const char *words, const struct kind *kind,
                           const char *name) {
  void *object = (void *)"something";
  assert_status(expected, kind->attach(name, 0, 0, &object));
  assert_words(words);
  assert_words("attach");
  assert_words(name);
  assert_null(object);
  object = (void *)"something";
  assert_status(expected, kind->open(name, 0600, 0, &object));
  assert_words(words);
  assert_words("open");
  assert_null(object);
}

static void assert_accepted(const struct kind *kind, const char *name) {
  void *object = NULL;
  assert_ok(kind->attach(name, 0, 0, &object));
  assert_ok(kind->use(object));
  kind->free(object);
}

/* The object's bytes as a segment's user has them. */
static polyshm_segment *bytes_of(const char *name) {
  polyshm_segment *segment = NULL;
  assert_ok(polyshm_segment_attach(name, 0, 0, &segment));
  return segment;
}

static void put(polyshm_segment *segment, polyshm_dtype dtype, int64_t offset, int64_t number) {
  const polyshm_value value = from_int(number);
  assert_ok(polyshm_segment_set_value(segment, dtype, offset, &value));
}

static int64_t get(polyshm_segment *segment, polyshm_dtype dtype, int64_t offset) {
  polyshm_value value = from_int(0);
  assert_ok(polyshm_segment_get_value(segment, dtype, offset, &value));
  return value.as.int64;
}

/* Anew, over all that is covered by it. docs/layouts.md: reflected, bytes 0 to 59. */
static void sign(polyshm_segment *segment) {
  uint32_t crc = ~UINT32_C(0);
  for (int i = 0; i < 60; i++) {
    crc ^= (uint32_t)get(segment, POLYSHM_UINT8, i);
    for (int bit = 0; bit < 8; bit++)
      crc = crc & 1 ? crc >> 1 ^ UINT32_C(0x82F63B78) : crc >> 1;
  }
  put(segment, POLYSHM_UINT32, 60, (int64_t)~crc & 0xffffffff);
}

/* ---- kinds ---- */

static polyshm_status find_kind(const polyshm_segment_info *info, void *context) {
  const char **name = context; /* what is sought, and then its kind */
  if (strcmp(info->name, name[0]) != 0)
    return POLYSHM_OK;
  static char kind[32];
  (void)snprintf(kind, sizeof kind, "%s", info->kind);
  name[1] = kind;
  return POLYSHM_OK;
}

static const char *listed_kind(const char *name) {
  const char *found[] = {name, "none"};
  assert_ok(polyshm_each_segment(find_kind, found));
  return found[1];
}

static void a_name_of_another_kind(void **state) {
  (void)state;
  for (int i = 0; i < KINDS; i++) {
    void *object = new_object(kinds[i]);
    const char *name = kinds[i]->id(object);
    char words[64];
    polyshm_list *list = NULL;
    const polyshm_value one = from_int(1);
    assert_string_equal(listed_kind(name), kinds[i]->name);
    for (int j = 0; j < KINDS; j++) {
      (void)snprintf(words, sizeof words, "its kind is %s, not %s", kinds[i]->name, kinds[j]->name);
      if (i != j)
        assert_refused(POLYSHM_KIND, words, kinds[j], name);
    }
    (void)snprintf(words, sizeof words, "its kind is %s, not ShareableList", kinds[i]->name);
    assert_status(POLYSHM_KIND, polyshm_list_attach(name, 0, 0, &list));
    assert_words(words);
    assert_status(POLYSHM_KIND, polyshm_list_open(name, &one, 1, NULL, 0, 0600, 0, &list));
    assert_words(words);
    assert_null(list);
    drop_object(kinds[i], object);
  }
}

static void a_name_of_plain_bytes(void **state) {
  (void)state;
  const int64_t sizes[] = {1, 63, 64, 4095, 4096, 4160, 20000};
  for (int i = 0; i < 7; i++) {
    polyshm_segment *segment = new_segment(fresh_name(), sizes[i]);
    for (int j = 0; j < KINDS; j++)
      assert_refused(POLYSHM_KIND, "SharedMemory", kinds[j], polyshm_segment_name(segment));
    assert_string_equal(listed_kind(polyshm_segment_name(segment)), "SharedMemory");
    drop_segment(segment);
  }
  const polyshm_value values[] = {from_int(1), from_float(2.5)};
  polyshm_list *list = NULL;
  assert_ok(polyshm_list_create(fresh_name(), values, 2, NULL, 0, 0600, &list));
  for (int j = 0; j < KINDS; j++)
    assert_refused(POLYSHM_KIND, "SharedMemory", kinds[j], polyshm_list_name(list));
  assert_ok(polyshm_list_unlink(list));
  polyshm_list_free(list);
}

static void a_kind_that_is_not_known_yet(void **state) {
  (void)state;
  void *object = new_object(&event_kind);
  const char *name = event_kind.id(object);
  polyshm_segment *segment = bytes_of(name);
  assert_ok(polyshm_segment_write(segment, offsetof(polyshm__header, kind), "NEXT", 4));
  sign(segment);
  for (int i = 0; i < KINDS; i++)
    assert_refused(POLYSHM_KIND, "its kind is unknown", kinds[i], name);
  assert_string_equal(listed_kind(name), "unknown");
  polyshm_segment_free(segment);
  drop_object(&event_kind, object);
}

/* ---- the header ---- */

static void what_the_header_holds(void **state) {
  (void)state;
  static const char *const letters[] = {"LOCK", "SEMA", "EVNT"}, *const tags[] = {"LCK1", "SEM1", "EVT1"};
  for (int i = 0; i < KINDS; i++) {
    void *a = new_object(kinds[i]), *b = new_object(kinds[i]);
    polyshm_segment *segment = bytes_of(kinds[i]->id(a)), *other = bytes_of(kinds[i]->id(b));
    const void *bytes = NULL, *others = NULL;
    const int64_t size = polyshm_segment_size(segment);
    assert_int_equal(size, kinds[i]->size);
    assert_ok(polyshm_segment_borrow(segment, 0, size, &bytes));
    assert_ok(polyshm_segment_borrow(other, 0, size, &others));
    assert_memory_equal(bytes, "POLYSHM", 8);
    assert_int_equal(get(segment, POLYSHM_UINT32, 8), 0x01020304);
    assert_int_equal(get(segment, POLYSHM_UINT16, 12), 1);
    assert_int_equal(get(segment, POLYSHM_UINT16, 14), 0);
    assert_int_equal(get(segment, POLYSHM_UINT32, 16), 4096);
    assert_memory_equal((const char *)bytes + 20, letters[i], 4);
    assert_int_equal(get(segment, POLYSHM_UINT64, 24), size);
    assert_memory_not_equal((const char *)bytes + 32, (const char *)others + 32, 16);
    assert_true(get(segment, POLYSHM_UINT64, 48) > INT64_C(1600000000000000000)); /* since 2020 */
    assert_int_equal(get(segment, POLYSHM_UINT32, 56), geteuid());
    int64_t crc = get(segment, POLYSHM_UINT32, 60);
    sign(segment);
    assert_int_equal(get(segment, POLYSHM_UINT32, 60), crc);
    assert_int_equal(get(segment, POLYSHM_UINT32, 64), 1);
    assert_true(all_bytes((const char *)bytes + 68, 4096 - 68, 0));
    assert_memory_equal((const char *)bytes + 4096 + 4, tags[i], 4);
    polyshm_segment_free(segment);
    polyshm_segment_free(other);
    drop_object(kinds[i], a);
    drop_object(kinds[i], b);
  }
}

static void versions(void **state) {
  (void)state;
  for (int i = 0; i < KINDS; i++) {
    void *object = new_object(kinds[i]);
    const char *name = kinds[i]->id(object);
    polyshm_segment *segment = bytes_of(name);
    const int64_t majors[] = {2, 3, 256, 65535}, minors[] = {1, 2, 256, 65535};
    for (int j = 0; j < 4; j++) {
      put(segment, POLYSHM_UINT16, offsetof(polyshm__header, major), majors[j]);
      assert_refused(POLYSHM_INCOMPATIBLE, "upgrade", kinds[i], name); /* whatever its checksum may mean */
      sign(segment);
      assert_refused(POLYSHM_INCOMPATIBLE, "newer", kinds[i], name);
    }
    put(segment, POLYSHM_UINT16, offsetof(polyshm__header, major), 0);
    sign(segment);
    assert_refused(POLYSHM_CORRUPT, "header is damaged", kinds[i], name);
    put(segment, POLYSHM_UINT16, offsetof(polyshm__header, major), 1);
    for (int j = 0; j < 4; j++) {
      put(segment, POLYSHM_UINT16, offsetof(polyshm__header, minor), minors[j]);
      assert_refused(POLYSHM_CORRUPT, "header is damaged", kinds[i], name);
      sign(segment);
      assert_accepted(kinds[i], name);
    }
    polyshm_segment_free(segment);
    drop_object(kinds[i], object);
  }
}

static void another_byte_order(void **state) {
  (void)state;
  for (int i = 0; i < KINDS; i++) {
    void *object = new_object(kinds[i]);
    const char *name = kinds[i]->id(object);
    polyshm_segment *segment = bytes_of(name);
    put(segment, POLYSHM_UINT32, offsetof(polyshm__header, endian), 0x04030201);
    assert_refused(POLYSHM_INCOMPATIBLE, "byte order", kinds[i], name);
    sign(segment);
    assert_refused(POLYSHM_INCOMPATIBLE, "byte order", kinds[i], name);
    put(segment, POLYSHM_UINT32, offsetof(polyshm__header, endian), 0x01020305);
    sign(segment);
    assert_refused(POLYSHM_CORRUPT, "header is damaged", kinds[i], name);
    polyshm_segment_free(segment);
    drop_object(kinds[i], object);
  }
}

/* Every bit of the header matters, and each damage is said to be one of three. */
static void each_bit_damaged_in_turn(void **state) {
  (void)state;
  for (int i = 0; i < KINDS; i++) {
    void *object = new_object(kinds[i]), *attached = NULL;
    const char *name = kinds[i]->id(object);
    polyshm_segment *segment = bytes_of(name);
    for (int bit = 0; bit < 64 * 8; bit++) {
      const int64_t byte = bit / 8, was = get(segment, POLYSHM_UINT8, byte);
      put(segment, POLYSHM_UINT8, byte, was ^ 1 << bit % 8);
      polyshm_status status = kinds[i]->attach(name, 0, 0, &attached);
      if (byte < 8)
        assert_status(POLYSHM_KIND, status);
      else if (byte == 12 || byte == 13)
        assert_true(status == POLYSHM_INCOMPATIBLE || status == POLYSHM_CORRUPT);
      else
        assert_status(POLYSHM_CORRUPT, status);
      assert_null(attached);
      put(segment, POLYSHM_UINT8, byte, was);
    }
    for (int64_t byte = 68; byte < 4096; byte += 61) /* the rest may once mean something */
      put(segment, POLYSHM_UINT8, byte, 0xff);
    assert_accepted(kinds[i], name);
    polyshm_segment_free(segment);
    drop_object(kinds[i], object);
  }
}

/* With a checksum that is right. */
static void fields_that_do_not_fit(void **state) {
  (void)state;
  for (int i = 0; i < KINDS; i++) {
    void *object = new_object(kinds[i]);
    const char *name = kinds[i]->id(object);
    polyshm_segment *segment = bytes_of(name);
    const int64_t sizes[] = {0, 1, kinds[i]->size - 1, kinds[i]->size + 1, INT64_MAX};
    const int64_t bodies[] = {0, 64, 4095, 4097, 8192, 0xffffffff};
    for (int j = 0; j < 5; j++) {
      put(segment, POLYSHM_UINT64, offsetof(polyshm__header, size), sizes[j]);
      sign(segment);
      assert_refused(POLYSHM_CORRUPT, "bytes long", kinds[i], name);
    }
    put(segment, POLYSHM_UINT64, offsetof(polyshm__header, size), kinds[i]->size);
    for (int j = 0; j < 6; j++) {
      put(segment, POLYSHM_UINT32, offsetof(polyshm__header, body_offset), bodies[j]);
      sign(segment);
      assert_refused(POLYSHM_CORRUPT, "unlink it", kinds[i], name);
    }
    put(segment, POLYSHM_UINT32, offsetof(polyshm__header, body_offset), 4096);
    sign(segment);
    for (int byte = 4096 + 4; byte < 4096 + 8; byte++) {
      const int64_t was = get(segment, POLYSHM_UINT8, byte);
      put(segment, POLYSHM_UINT8, byte, was ^ 1);
      assert_refused(POLYSHM_CORRUPT, "damaged", kinds[i], name);
      put(segment, POLYSHM_UINT8, byte, was);
    }
    assert_accepted(kinds[i], name);
    polyshm_segment_free(segment);
    drop_object(kinds[i], object);
  }
}

static void a_semaphores_count_that_does_not_fit(void **state) {
  (void)state;
  const int64_t counts[] = {0, 1, PERMITS - 1, PERMITS + 1, 1024, 1025, 0x40000000 + PERMITS, 0xffffffff};
  void *object = new_object(&semaphore_kind);
  const char *name = semaphore_kind.id(object);
  polyshm_segment *segment = bytes_of(name);
  for (int i = 0; i < 8; i++) {
    put(segment, POLYSHM_UINT32, 4096 + 8, counts[i]);
    assert_refused(POLYSHM_CORRUPT, "damaged", &semaphore_kind, name);
  }
  assert_int_equal(polyshm_semaphore_count(object), PERMITS);
  assert_ok(semaphore_kind.use(object));
  polyshm_segment_free(segment);
  drop_object(&semaphore_kind, object);
}

static void cut_and_extended_files(void **state) {
  (void)state;
  for (int i = 0; i < KINDS; i++) {
    const int64_t sizes[] = {1, 63, 64, 4095, 4096, 4097, kinds[i]->size - 1, kinds[i]->size + 1, 100000};
    for (int j = 0; j < 9; j++) {
      void *object = new_object(kinds[i]);
      const char *name = kinds[i]->id(object);
      assert_ok(kinds[i]->close(object));
      assert_int_equal(truncate(path_of_name(name), sizes[j]), 0);
      if (sizes[j] < 64)
        assert_refused(POLYSHM_KIND, "SharedMemory", kinds[i], name);
      else
        assert_refused(POLYSHM_CORRUPT, "bytes long", kinds[i], name);
      drop_object(kinds[i], object);
    }
    void *object = new_object(kinds[i]);
    assert_ok(kinds[i]->close(object));
    assert_int_equal(truncate(path_of_name(kinds[i]->id(object)), 0), 0);
    assert_refused(POLYSHM_ENODATA, "", kinds[i], kinds[i]->id(object));
    drop_object(kinds[i], object);
  }
}

/* Whole by its header, and too small for what it says it is. */
static void a_body_that_is_too_small(void **state) {
  (void)state;
  const int64_t sizes[] = {4096, 4097, 4096 + 8, 4096 + 63};
  for (int i = 0; i < KINDS; i++)
    for (int j = 0; j < 4; j++) {
      void *object = new_object(kinds[i]);
      const char *name = kinds[i]->id(object);
      assert_ok(kinds[i]->close(object));
      assert_int_equal(truncate(path_of_name(name), sizes[j]), 0);
      polyshm_segment *segment = bytes_of(name);
      put(segment, POLYSHM_UINT64, offsetof(polyshm__header, size), sizes[j]);
      sign(segment);
      assert_refused(POLYSHM_CORRUPT, "damaged", kinds[i], name);
      polyshm_segment_free(segment);
      drop_object(kinds[i], object);
    }
}

/* ---- names, modes, flags, handles ---- */

static void create_attach_open_unlink(void **state) {
  (void)state;
  for (int i = 0; i < KINDS; i++)
    for (int way = 0; way < 2; way++) {
      const char *name = fresh_name();
      void *a = NULL, *b = NULL, *none = (void *)"something";
      bool stale = true;
      polyshm__without_tmpfile = way;
      assert_status(POLYSHM_ENOENT, kinds[i]->attach(name, 0, 0, &none));
      assert_null(none);
      assert_ok(kinds[i]->open(name, 0660, 0, &a));
      assert_ok(kinds[i]->open(name, 0600, 0, &b));
      none = (void *)"something";
      assert_status(POLYSHM_EEXIST, kinds[i]->create(name, 0600, &none));
      assert_null(none);
      struct stat st;
      assert_int_equal(stat(path_of_name(name), &st), 0);
      assert_int_equal(st.st_mode & 07777, 0660);
      assert_string_equal(kinds[i]->id(b), name);
      assert_ok(kinds[i]->stale(a, &stale));
      assert_false(stale);
      assert_ok(kinds[i]->unlink(b));
      assert_status(POLYSHM_ENOENT, kinds[i]->unlink(a));
      assert_ok(kinds[i]->stale(a, &stale));
      assert_true(stale);
      assert_ok(kinds[i]->use(a));
      assert_ok(kinds[i]->use(b));
      /* A newer one of the name is left alone. */
      void *newer = NULL;
      assert_ok(kinds[i]->create(name, 0600, &newer));
      assert_status(POLYSHM_ENOENT, kinds[i]->unlink(a));
      assert_ok(kinds[i]->stale(newer, &stale));
      assert_false(stale);
      kinds[i]->free(a);
      kinds[i]->free(b);
      drop_object(kinds[i], newer);
    }
}

static void modes_and_names(void **state) {
  (void)state;
  const int64_t modes[] = {0600, 0660, 0666, 0777, 0611}, no_modes[] = {-1, 01000, 07777, INT64_MAX};
  /* some could take no part in it: its owner, its group or others, of whom who may read could yet hinder all
   */
  const int64_t useless[] = {0, 0400, 0200, 0640, 0604, 0644, 0666 & ~0400, 0620, 0662, 0060, 0006};
  const char *const no_names[] = {"", "a/b", ".", "..", "-a", "sem.a", "a b", "\xff"};
  for (int i = 0; i < KINDS; i++) {
    struct stat st;
    void *object = NULL;
    for (int j = 0; j < 5; j++) {
      assert_ok(kinds[i]->create(fresh_name(), modes[j], &object));
      assert_int_equal(stat(path_of_name(kinds[i]->id(object)), &st), 0);
      assert_int_equal(st.st_mode & 07777, modes[j]);
      assert_ok(kinds[i]->use(object));
      drop_object(kinds[i], object);
    }
    for (int j = 0; j < 4; j++) {
      assert_status(POLYSHM_RANGE, kinds[i]->create(fresh_name(), no_modes[j], &object));
      assert_status(POLYSHM_RANGE, kinds[i]->open(fresh_name(), no_modes[j], 0, &object));
    }
    for (size_t j = 0; j < sizeof useless / sizeof *useless; j++) {
      assert_status(POLYSHM_ARGUMENT, kinds[i]->create(fresh_name(), useless[j], &object));
      assert_words("both or neither, as in 0600");
      assert_status(POLYSHM_ARGUMENT, kinds[i]->open(fresh_name(), useless[j], 0, &object));
      assert_null(object);
    }
    for (int j = 0; j < 8; j++) {
      assert_status(POLYSHM_ARGUMENT, kinds[i]->create(no_names[j], 0600, &object));
      assert_status(POLYSHM_ARGUMENT, kinds[i]->open(no_names[j], 0600, 0, &object));
      if (j < 4)
        assert_status(POLYSHM_ARGUMENT, kinds[i]->attach(no_names[j], 0, 0, &object));
      assert_null(object);
    }
    assert_status(POLYSHM_ARGUMENT, kinds[i]->attach(NULL, 0, 0, &object));
    assert_status(POLYSHM_ARGUMENT, kinds[i]->open(NULL, 0600, 0, &object));
    assert_ok(kinds[i]->create(NULL, 0600, &object)); /* a name is generated */
    assert_memory_equal(kinds[i]->id(object), "psm_", 4);
    assert_accepted(kinds[i], kinds[i]->id(object));
    drop_object(kinds[i], object);
    char slashed[80];
    (void)snprintf(slashed, sizeof slashed, "/%s", fresh_name());
    assert_ok(kinds[i]->create(slashed, 0600, &object));
    assert_string_equal(kinds[i]->id(object), slashed + 1);
    assert_accepted(kinds[i], slashed);
    drop_object(kinds[i], object);
  }
}

static void flags(void **state) {
  (void)state;
  for (int i = 0; i < KINDS; i++) {
    void *object = new_object(kinds[i]), *other = NULL;
    const char *name = kinds[i]->id(object);
    for (int64_t both = 0; both < 2; both++) {
      const int64_t readonly = POLYSHM_FLAG_READONLY | (both ? POLYSHM_FLAG_ANY_OWNER : 0);
      assert_status(POLYSHM_ARGUMENT, kinds[i]->attach(name, readonly, 0, &other));
      assert_words("readonly");
      assert_status(POLYSHM_ARGUMENT, kinds[i]->open(name, 0600, readonly, &other));
    }
    assert_status(POLYSHM_ARGUMENT, kinds[i]->attach(name, 4, 0, &other));
    assert_status(POLYSHM_ARGUMENT, kinds[i]->attach(name, INT64_MIN, 0, &other));
    assert_null(other);
    if (geteuid() == 0) { /* only root can give a file to another user */
      assert_int_equal(chown(path_of_name(name), 65534, 65534), 0);
      assert_refused(POLYSHM_EPERM, "any_owner", kinds[i], name);
    }
    assert_ok(kinds[i]->attach(name, POLYSHM_FLAG_ANY_OWNER, 0, &other));
    assert_ok(kinds[i]->use(other));
    kinds[i]->free(other);
    assert_ok(kinds[i]->open(name, 0600, POLYSHM_FLAG_ANY_OWNER, &other));
    kinds[i]->free(other);
    drop_object(kinds[i], object);
  }
}

static void planted_files(void **state) {
  (void)state;
  for (int i = 0; i < KINDS; i++) {
    void *object = new_object(kinds[i]);
    const char *name = kinds[i]->id(object), *second = fresh_name(), *symbolic = fresh_name();
    assert_int_equal(symlink(path_of_name(name), path_of_name(symbolic)), 0);
    assert_refused(POLYSHM_ELOOP, "symbolic", kinds[i], symbolic);
    assert_int_equal(link(path_of_name(name), path_of_name(second)), 0);
    assert_refused(POLYSHM_EPERM, "hard link", kinds[i], name);
    assert_int_equal(unlink(path_of_name(second)), 0);
    assert_int_equal(unlink(path_of_name(symbolic)), 0);
    const char *fifo = fresh_name();
    assert_int_equal(mkfifo(path_of_name(fifo), 0600), 0);
    assert_refused(POLYSHM_EPERM, "plain file", kinds[i], fifo);
    assert_int_equal(unlink(path_of_name(fifo)), 0);
    drop_object(kinds[i], object);
  }
}

static void closed_handles(void **state) {
  (void)state;
  for (int i = 0; i < KINDS; i++) {
    void *object = new_object(kinds[i]);
    bool stale = true;
    assert_false(kinds[i]->closed(object));
    for (int again = 0; again < 2; again++) {
      assert_ok(kinds[i]->close(object));
      assert_true(kinds[i]->closed(object));
      assert_status(POLYSHM_CLOSED, kinds[i]->use(object));
      assert_words("is closed");
      assert_words(kinds[i]->name);
    }
    assert_ok(kinds[i]->stale(object, &stale));
    assert_false(stale);
    assert_accepted(kinds[i], kinds[i]->id(object));
    drop_object(kinds[i], object);
  }
}

static void every_call_of_a_closed_handle(void **state) {
  (void)state;
  polyshm_lock *lock = new_object(&lock_kind);
  polyshm_semaphore *semaphore = new_object(&semaphore_kind);
  polyshm_event *event = new_object(&event_kind);
  polyshm_lock_outcome outcome;
  bool out;
  int64_t number;
  assert_ok(polyshm_lock_lock(lock, 0, &outcome));
  assert_ok(polyshm_semaphore_acquire(semaphore, 0, &out));
  assert_ok(polyshm_lock_close(lock));
  assert_ok(polyshm_semaphore_close(semaphore));
  assert_ok(polyshm_event_close(event));
  for (int64_t timeout = -1; timeout < 2; timeout++) {
    assert_status(POLYSHM_CLOSED, polyshm_lock_lock(lock, timeout, &outcome));
    assert_status(POLYSHM_CLOSED, polyshm_semaphore_acquire(semaphore, timeout, &out));
    assert_status(POLYSHM_CLOSED, polyshm_event_wait(event, timeout, &out));
  }
  assert_status(POLYSHM_CLOSED, polyshm_lock_unlock(lock));
  assert_status(POLYSHM_CLOSED, polyshm_lock_owned(lock, &out));
  assert_status(POLYSHM_CLOSED, polyshm_lock_locked(lock, &out));
  assert_status(POLYSHM_CLOSED, polyshm_lock_dirty(lock, &out));
  assert_status(POLYSHM_CLOSED, polyshm_lock_repaired(lock));
  assert_status(POLYSHM_CLOSED, polyshm_semaphore_release(semaphore));
  assert_status(POLYSHM_CLOSED, polyshm_semaphore_value(semaphore, &number));
  assert_int_equal(polyshm_semaphore_count(semaphore), PERMITS);
  assert_status(POLYSHM_CLOSED, polyshm_event_set(event));
  assert_status(POLYSHM_CLOSED, polyshm_event_clear(event));
  assert_status(POLYSHM_CLOSED, polyshm_event_is_set(event, &out));
  drop_object(&lock_kind, lock);
  drop_object(&semaphore_kind, semaphore);
  drop_object(&event_kind, event);
}

static void nothing_given(void **state) {
  (void)state;
  for (int i = 0; i < KINDS; i++) {
    void *object = new_object(kinds[i]);
    const char *name = kinds[i]->id(object);
    bool stale;
    assert_status(POLYSHM_ARGUMENT, kinds[i]->create(fresh_name(), 0600, NULL));
    assert_status(POLYSHM_ARGUMENT, kinds[i]->attach(name, 0, 0, NULL));
    assert_status(POLYSHM_ARGUMENT, kinds[i]->open(name, 0600, 0, NULL));
    assert_status(POLYSHM_ARGUMENT, kinds[i]->use(NULL));
    assert_words(kinds[i]->name);
    assert_status(POLYSHM_ARGUMENT, kinds[i]->unlink(NULL));
    assert_status(POLYSHM_ARGUMENT, kinds[i]->stale(NULL, &stale));
    assert_status(POLYSHM_ARGUMENT, kinds[i]->stale(object, NULL));
    assert_ok(kinds[i]->close(NULL));
    kinds[i]->free(NULL);
    assert_true(kinds[i]->closed(NULL));
    assert_string_equal(kinds[i]->id(NULL), "");
    drop_object(kinds[i], object);
  }
  void *lock = new_object(&lock_kind), *semaphore = new_object(&semaphore_kind);
  void *event = new_object(&event_kind);
  polyshm_lock_outcome outcome;
  bool out;
  int64_t number;
  assert_status(POLYSHM_ARGUMENT, polyshm_lock_lock(lock, 0, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_lock_lock(NULL, 0, &outcome));
  assert_status(POLYSHM_ARGUMENT, polyshm_lock_unlock(NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_lock_owned(lock, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_lock_owned(NULL, &out));
  assert_status(POLYSHM_ARGUMENT, polyshm_lock_locked(lock, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_lock_locked(NULL, &out));
  assert_status(POLYSHM_ARGUMENT, polyshm_lock_dirty(lock, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_lock_dirty(NULL, &out));
  assert_status(POLYSHM_ARGUMENT, polyshm_lock_repaired(NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_semaphore_acquire(semaphore, 0, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_semaphore_release(NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_semaphore_value(semaphore, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_semaphore_value(NULL, &number));
  assert_status(POLYSHM_ARGUMENT, polyshm_event_clear(NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_event_is_set(event, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_event_is_set(NULL, &out));
  assert_status(POLYSHM_ARGUMENT, polyshm_event_wait(event, 0, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_event_wait(NULL, 0, &out));
  drop_object(&lock_kind, lock);
  drop_object(&semaphore_kind, semaphore);
  drop_object(&event_kind, event);
}

/* ---- attaching in time ---- */

struct later {
  const struct kind *kind;
  const char *name;
};

static void *create_later(void *context) {
  const struct later *later = context;
  void *object = NULL;
  sleep_milliseconds(50);
  if (later->kind->create(later->name, 0600, &object) == POLYSHM_OK)
    later->kind->free(object);
  return NULL;
}

static void a_name_that_comes_is_attached(void **state) {
  (void)state;
  for (int i = 0; i < KINDS; i++) {
    struct later later = {kinds[i], fresh_name()};
    void *object = NULL;
    pthread_t thread;
    int64_t start = milliseconds_now();
    assert_status(POLYSHM_ENOENT, kinds[i]->attach(later.name, 0, 20 * MILLISECONDS, &object));
    assert_in_range(milliseconds_now() - start, 19, 10000);
    assert_int_equal(pthread_create(&thread, NULL, create_later, &later), 0);
    polyshm_status status = kinds[i]->attach(later.name, 0, i ? LONG : -1, &object);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_ok(status);
    drop_object(kinds[i], object);
  }
}

/* ---- many at once ---- */

struct race {
  const struct kind *kind;
  const char *name;
  void *objects[MANY];
};

static void open_it(struct worker *worker) {
  struct race *race = worker->shared;
  worker->status = race->kind->open(race->name, 0600, 0, &race->objects[worker->number]);
}

static void all_open_one_object(void **state) {
  (void)state;
  for (int round = 0; round < 60; round++) {
    struct race race = {kinds[round % KINDS], fresh_name(), {NULL}};
    struct worker workers[MANY];
    polyshm__without_tmpfile = round % 2;
    run_alike(workers, open_it, &race);
    for (int i = 0; i < MANY; i++) {
      bool stale = true;
      assert_worker_is_well(&workers[i]);
      assert_ok(race.kind->stale(race.objects[i], &stale));
      assert_false(stale);
      race.kind->free(race.objects[i]);
    }
    assert_ok(polyshm_segment_unlink_name(race.name));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_name_of_another_kind),
      TEST(a_name_of_plain_bytes),
      TEST(a_kind_that_is_not_known_yet),
      TEST(what_the_header_holds),
      TEST(versions),
      TEST(another_byte_order),
      TEST(each_bit_damaged_in_turn),
      TEST(fields_that_do_not_fit),
      TEST(a_semaphores_count_that_does_not_fit),
      TEST(cut_and_extended_files),
      TEST(a_body_that_is_too_small),
      TEST(create_attach_open_unlink),
      TEST(modes_and_names),
      TEST(flags),
      TEST(planted_files),
      TEST(closed_handles),
      TEST(every_call_of_a_closed_handle),
      TEST(nothing_given),
      TEST(a_name_that_comes_is_attached),
      TEST(all_open_one_object),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
