/* The sign of life on an overlayfs: the kernel lets it go when its descriptor is closed. Runs under
 * `environment overlay-shm`. */
#include "support.h"

#include "platform/platform.h"

#include <stdio.h>

struct place {
  int fd;
  const char *name;
  polyshm__identity identity;
};

static struct place new_place(void) {
  struct place place = {.name = fresh_name()};
  polyshm__facts facts;
  polyshm_segment_free(new_segment(place.name, 100));
  assert_ok(polyshm__file_open(place.name, false, &place.fd, &facts));
  place.identity = facts.identity;
  return place;
}

static void drop_place(const struct place *place) {
  polyshm__file_close(place->fd);
  assert_ok(polyshm_segment_unlink_name(place->name));
}

static void it_is_seen_to_be_gone(void **state) {
  (void)state;
  const struct place place = new_place();
  assert_int_equal(polyshm__file_system(place.fd), POLYSHM__OVERLAYFS);
  for (int i = 0; i < 2; i++) /* it is asked again: nothing good was learned */
    assert_false(polyshm__token_possible(place.fd, place.name, &place.identity));
  drop_place(&place);
}

/* Should create and attach have found nothing out, the first lock does, with its own descriptor or without.
 */
static void no_token_is_taken(void **state) {
  (void)state;
  const struct place place = new_place();
  _Atomic uint32_t next_id = 1;
  polyshm__token token = {NULL, 0, 0};
  const int descriptors[] = {place.fd, -1};
  for (int i = 0; i < 2; i++) {
    bool alive = true;
    assert_status(POLYSHM_EOPNOTSUPP,
                  polyshm__token_take(descriptors[i], place.name, &place.identity, &next_id, &token));
    assert_null(token.page);
    assert_ok(polyshm__token_alive(place.fd, place.name, &place.identity, token.id, &alive));
    assert_false(alive);
  }
  drop_place(&place);
}

int main(void) {
  const struct CMUnitTest tests[] = {TEST(it_is_seen_to_be_gone), TEST(no_token_is_taken)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
