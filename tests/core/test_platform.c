/* platform/: what the core asks of the system. */
#include "support.h"

#include "platform/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define HIDDEN_PREFIX ".polyshm."

/* Each test of a draft runs on both ways to make one. */
static void both_ways(void (*check)(void)) {
  polyshm__without_tmpfile = false;
  check();
  polyshm__without_tmpfile = true;
  check();
}

static bool exists(const char *name) {
  struct stat st;
  return lstat(path_of_name(name), &st) == 0;
}

/* ---- drafts ---- */

static void check_draft(void) {
  const char *name = fresh_name();
  polyshm__draft draft;
  struct stat st;
  assert_ok(polyshm__draft_begin(&draft, 10000, 0640, polyshm__without_tmpfile));
  assert_int_equal(draft.hidden_name, polyshm__without_tmpfile);
  assert_false(exists(name));
  assert_int_equal(fstat(draft.fd, &st), 0);
  assert_int_equal(st.st_size, 10000);
  assert_true(st.st_blocks * 512 >= 10000); /* allocated, each page of it */
  assert_int_equal(st.st_mode, S_IFREG | 0640);
  assert_true(fcntl(draft.fd, F_GETFD) & FD_CLOEXEC);
  assert_ok(polyshm__draft_publish(&draft, name));
  polyshm__draft_end(&draft);
  assert_true(exists(name));
  polyshm__facts facts;
  assert_ok(polyshm__file_facts(name, &facts));
  assert_true(polyshm__same_file(&facts.identity, &draft.identity));
  assert_true(facts.plain && facts.linked_once);
  assert_int_equal(facts.size, 10000);
  assert_int_equal(facts.mode, 0640);
  assert_int_equal(facts.owner, geteuid());
  assert_ok(polyshm__file_unlink(name));
}

static void a_draft_is_whole_before_it_has_its_name(void **state) {
  (void)state;
  both_ways(check_draft);
}

static void check_mode(void) {
  static const uint32_t modes[] = {0, 0400, 0600, 0644, 0666, 0707, 0777};
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
    polyshm__draft draft;
    struct stat st;
    assert_ok(polyshm__draft_begin(&draft, 1, modes[i], polyshm__without_tmpfile));
    assert_int_equal(fstat(draft.fd, &st), 0);
    assert_int_equal(st.st_mode, S_IFREG | modes[i]);
    polyshm__draft_end(&draft);
  }
}

static void a_draft_has_exactly_its_mode(void **state) {
  (void)state;
  static const mode_t masks[] = {0, 022, 077, 0777};
  for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
    mode_t before = umask(masks[i]);
    both_ways(check_mode);
    (void)umask(before);
  }
}

static void check_taken(void) {
  const char *name = fresh_name();
  polyshm__draft first, second;
  assert_ok(polyshm__draft_begin(&first, 1, 0600, polyshm__without_tmpfile));
  assert_ok(polyshm__draft_begin(&second, 2, 0600, polyshm__without_tmpfile));
  assert_ok(polyshm__draft_publish(&first, name));
  assert_status(POLYSHM_EEXIST, polyshm__draft_publish(&second, name));
  assert_status(POLYSHM_EEXIST, polyshm__draft_publish(&second, name));
  polyshm__draft_end(&first);
  polyshm__facts facts;
  assert_ok(polyshm__file_facts(name, &facts));
  assert_int_equal(facts.size, 1);
  assert_ok(polyshm__file_unlink(name));
  assert_ok(polyshm__draft_publish(&second, name)); /* now it is free */
  polyshm__draft_end(&second);
  polyshm__draft_end(&second);
  assert_ok(polyshm__file_unlink(name));
}

static void a_taken_name_is_left_alone(void **state) {
  (void)state;
  both_ways(check_taken);
}

static void a_hidden_name_is_swept_when_its_maker_is_dead(void **state) {
  (void)state;
  polyshm__without_tmpfile = true;
  polyshm__draft dead, alive, next;
  assert_ok(polyshm__draft_begin(&dead, 1, 0600, polyshm__without_tmpfile));
  assert_ok(polyshm__draft_begin(&alive, 1, 0600, polyshm__without_tmpfile));
  assert_int_equal(close(dead.fd), 0); /* what death does */
  assert_true(exists(dead.hidden));
  assert_ok(polyshm__draft_begin(&next, 1, 0600, polyshm__without_tmpfile));
  assert_false(exists(dead.hidden));
  assert_true(exists(alive.hidden));
  polyshm__draft_end(&next);
  polyshm__draft_end(&alive);
  assert_false(exists(alive.hidden));
}

static void a_sweep_bears_what_others_plant(void **state) {
  (void)state;
  polyshm__without_tmpfile = true;
  char directory[64], link[64], pipe[64];
  (void)snprintf(directory, sizeof directory, HIDDEN_PREFIX "%s", fresh_name());
  (void)snprintf(link, sizeof link, HIDDEN_PREFIX "%s", fresh_name());
  (void)snprintf(pipe, sizeof pipe, HIDDEN_PREFIX "%s", fresh_name());
  const char *target = fresh_name();
  polyshm_segment *segment = new_segment(target, 1);
  assert_int_equal(mkdir(path_of_name(directory), 0700), 0);
  assert_int_equal(symlink(path_of_name(target), path_of_name(link)), 0);
  assert_int_equal(mkfifo(path_of_name(pipe), 0600), 0);
  polyshm__draft draft;
  assert_ok(polyshm__draft_begin(&draft, 1, 0600, polyshm__without_tmpfile));
  polyshm__draft_end(&draft);
  assert_true(exists(target));
  assert_int_equal(rmdir(path_of_name(directory)), 0);
  assert_int_equal(unlink(path_of_name(link)), 0);
  (void)unlink(path_of_name(pipe));
  drop_segment(segment);
}

/* ---- files ---- */

static void open_tells_the_facts(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *segment = new_segment(name, 5);
  for (int readonly = 0; readonly < 2; readonly++) {
    int fd = -1;
    polyshm__facts facts;
    assert_ok(polyshm__file_open(name, readonly, &fd, &facts));
    assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, readonly ? O_RDONLY : O_RDWR);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(facts.size, 5);
    assert_int_equal(facts.mode, 0600);
    assert_true(facts.plain && facts.linked_once);
    polyshm__file_close(fd);
  }
  const char *second = path_of_name(fresh_name());
  polyshm__facts facts;
  assert_int_equal(link(path_of_name(name), second), 0);
  assert_ok(polyshm__file_facts(name, &facts));
  assert_false(facts.linked_once);
  assert_int_equal(unlink(second), 0);
  drop_segment(segment);
}

static void open_bears_what_others_plant(void **state) {
  (void)state;
  const char *name = fresh_name();
  const char *path = path_of_name(name);
  for (int readonly = 0; readonly < 2; readonly++) {
    int fd = -1;
    polyshm__facts facts;
    assert_status(POLYSHM_ENOENT, polyshm__file_open(name, readonly, &fd, &facts));

    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_status(POLYSHM_ELOOP, polyshm__file_open(name, readonly, &fd, &facts));
    assert_ok(polyshm__file_facts(name, &facts));
    assert_false(facts.plain);
    assert_int_equal(unlink(path), 0);

    assert_int_equal(mkdir(path, 0700), 0);
    assert_status(POLYSHM_EISDIR, polyshm__file_open(name, readonly, &fd, &facts));
    assert_status(POLYSHM_EISDIR, polyshm__file_unlink(name));
    assert_int_equal(rmdir(path), 0);

    assert_int_equal(mkfifo(path, 0600), 0);
    assert_ok(polyshm__file_open(name, readonly, &fd, &facts));
    assert_false(facts.plain);
    polyshm__file_close(fd);
    assert_int_equal(unlink(path), 0);

    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_status(POLYSHM_ENXIO, polyshm__file_open(name, readonly, &fd, &facts));
    assert_int_equal(close(listener), 0);
    assert_int_equal(unlink(path), 0);
  }
}

static void names_of_255_bytes_and_more(void **state) {
  (void)state;
  char name[4000];
  memset(name, 'n', sizeof name);
  int fd = -1;
  polyshm__facts facts;
  const size_t lengths[] = {255, 256, 257, 300, sizeof name - 1};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    name[lengths[i]] = '\0';
    polyshm_status expected = lengths[i] == 255 ? POLYSHM_ENOENT : POLYSHM_ENAMETOOLONG;
    assert_status(expected, polyshm__file_open(name, false, &fd, &facts));
    assert_status(expected, polyshm__file_facts(name, &facts));
    assert_status(expected, polyshm__file_unlink(name));
    name[lengths[i]] = 'n';
  }
}

static void a_draft_keeps_to_the_file_limit(void **state) {
  (void)state;
  struct rlimit before, limit = {8192, RLIM_INFINITY};
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  limit.rlim_max = before.rlim_max;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  for (int way = 0; way < 2; way++) {
    polyshm__draft draft;
    polyshm__without_tmpfile = way;
    assert_ok(polyshm__draft_begin(&draft, 8192, 0600, polyshm__without_tmpfile));
    polyshm__draft_end(&draft);
    assert_status(POLYSHM_EFBIG,
                  polyshm__draft_begin(&draft, 8193, 0600, polyshm__without_tmpfile)); /* and no SIGXFSZ */
    assert_int_equal(draft.fd, -1);
  }
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
}

static polyshm_status count_to_two(const char *name, void *context) {
  (void)name;
  int *count = context;
  return ++*count == 2 ? 77 : POLYSHM_OK;
}

static void each_stops_when_it_is_told(void **state) {
  (void)state;
  int count = 0;
  assert_int_equal(polyshm__file_each(count_to_two, &count), 77); /* "." and ".." are always there */
  assert_int_equal(count, 2);
}

/* ---- memory ---- */

#define PAGE ((size_t)polyshm_page_size())
enum { PAGES_ASIDE = 64 };

/* Mapped at `start`, one page of a file of ten. */
static void map_there(polyshm__mapping *mapping, polyshm__draft *draft, uint8_t *start) {
  *mapping = (polyshm__mapping){.first = {.base = start, .length = (int64_t)PAGE}};
  atomic_init(&mapping->newest, &mapping->first);
  assert_ptr_equal(mmap(start, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, draft->fd, 0), start);
}

/* An address with room behind it for a mapping that grows, or without. */
static uint8_t *set_aside(void) {
  uint8_t *start =
      mmap(NULL, PAGES_ASIDE * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  assert_true(start != MAP_FAILED);
  return start;
}

static void a_mapping_grows_where_it_stands(void **state) {
  (void)state;
  polyshm__draft draft;
  polyshm__mapping mapping;
  assert_ok(polyshm__draft_begin(&draft, (int64_t)(10 * PAGE), 0600, polyshm__without_tmpfile));
  uint8_t *start = set_aside();
  map_there(&mapping, &draft, start);
  assert_int_equal(munmap(start + PAGE, (PAGES_ASIDE - 1) * PAGE), 0);
  memset(start, 1, PAGE);
  assert_ok(polyshm__map_reach(&mapping, draft.fd, (int64_t)(10 * PAGE)));
  assert_ptr_equal(polyshm__map_newest(&mapping)->base, start);
  assert_true(all_bytes(start, (int64_t)PAGE, 1));
  memset(start + PAGE, 2, 9 * PAGE);
  polyshm__unmap(&mapping);
  polyshm__draft_end(&draft);
}

static void a_mapping_grows_elsewhere_and_stays(void **state) {
  (void)state;
  polyshm__draft draft;
  polyshm__mapping mapping;
  assert_ok(polyshm__draft_begin(&draft, (int64_t)(10 * PAGE), 0600, polyshm__without_tmpfile));
  uint8_t *start = set_aside();
  map_there(&mapping, &draft, start);
  assert_ok(polyshm__map_reach(&mapping, draft.fd, (int64_t)(10 * PAGE)));
  uint8_t *base = polyshm__map_newest(&mapping)->base;
  assert_ptr_not_equal(base, start);
  start[5] = 42;
  assert_int_equal(base[5], 42); /* the same bytes twice */
  base[6] = 43;
  assert_int_equal(start[6], 43);
  polyshm__unmap(&mapping);
  assert_int_equal(munmap(start + PAGE, (PAGES_ASIDE - 1) * PAGE), 0);
  polyshm__draft_end(&draft);
}

static void a_blank_reads_zero_and_is_not_shared(void **state) {
  (void)state;
  for (int readonly = 0; readonly < 2; readonly++) {
    polyshm__draft draft;
    polyshm__mapping stale, other;
    assert_ok(polyshm__draft_begin(&draft, 5000, 0600, polyshm__without_tmpfile));
    assert_ok(polyshm__map(&stale, draft.fd, 5000, readonly));
    assert_ok(polyshm__map(&other, draft.fd, 5000, false));
    uint8_t *blank = stale.first.base, *shared = other.first.base;
    memset(shared, 7, 5000);
    assert_int_equal(blank[4999], 7);
    assert_true(polyshm__map_blank(&stale));
    assert_true(all_bytes(blank, 5000, 0));
    blank[0] = 9; /* a stale pointer that writes hits nobody */
    assert_int_equal(shared[0], 7);
    polyshm__unmap(&stale);
    polyshm__unmap(&other);
    polyshm__draft_end(&draft);
  }
}

static void a_mapping_that_cannot_be(void **state) {
  (void)state;
  polyshm__mapping mapping;
  assert_int_equal(polyshm__map(&mapping, -1, 4096, false), -EBADF);
  assert_null(mapping.first.base);
}

/* ---- the process ---- */

static void random_numbers_differ(void **state) {
  (void)state;
  enum { DRAWS = 1000 };
  uint32_t drawn[DRAWS];
  int same = 0;
  for (int i = 0; i < DRAWS; i++) {
    drawn[i] = polyshm__random();
    for (int j = 0; j < i; j++)
      same += drawn[j] == drawn[i];
  }
  assert_true(same <= 2); /* of 500 000 pairs one in 8 600 such runs has a same one */
}

static void the_user_is_the_effective_one(void **state) {
  (void)state;
  assert_int_equal(polyshm__user(), geteuid());
  assert_int_equal(polyshm_page_size(), sysconf(_SC_PAGESIZE));
}

/* ---- waiting ---- */

static void deadlines(void **state) {
  (void)state;
  assert_int_equal(polyshm__deadline(-1), INT64_MAX);
  assert_int_equal(polyshm__deadline(INT64_MIN), INT64_MAX);
  assert_int_equal(polyshm__deadline(INT64_MAX), INT64_MAX);
  assert_int_equal(polyshm__time_left(INT64_MAX, 1000), 1000);
  assert_int_equal(polyshm__time_left(0, 1000), 0);
  int64_t left = polyshm__time_left(polyshm__deadline(INT64_C(10000000000)), INT64_MAX);
  assert_true(left > INT64_C(9000000000) && left <= INT64_C(10000000000));
}

static void a_pause_takes_its_time(void **state) {
  (void)state;
  int64_t start = milliseconds_now();
  assert_ok(polyshm__pause(30000000));
  int64_t taken = milliseconds_now() - start;
  assert_true(taken >= 29 && taken < 2000);
}

static volatile sig_atomic_t signals;

static void take_signal(int number) {
  (void)number;
  signals = signals + 1;
}

/* A handler as signal(3) sets it, and a timer that calls it once after 100 ms. */
static void signal_soon(void) {
  struct sigaction action = {.sa_handler = take_signal, .sa_flags = SA_RESTART};
  struct itimerval timer = {.it_value = {.tv_usec = 100000}};
  signals = 0;
  assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
  assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

static void a_signal_ends_a_pause(void **state) {
  (void)state;
  signal_soon();
  int64_t start = milliseconds_now();
  assert_status(POLYSHM_EINTR, polyshm__pause(INT64_C(5000000000)));
  assert_true(milliseconds_now() - start < 4000);
  assert_int_equal(signals, 1);
}

struct hook_calls {
  int count;
  polyshm_status answer;
};

static polyshm_status hook(void (*sleep_slice)(void *slice), void *slice, void *context) {
  struct hook_calls *calls = context;
  calls->count++;
  sleep_slice(slice);
  return calls->answer;
}

static void a_hook_decides(void **state) {
  (void)state;
  struct hook_calls calls = {0, POLYSHM_OK};
  polyshm_on_wait(hook, &calls);
  signal_soon();
  assert_ok(polyshm__pause(INT64_C(1000000000))); /* interrupted, but the hook says to go on */
  assert_int_equal(signals, 1);
  calls.answer = POLYSHM_EINTR;
  assert_status(POLYSHM_EINTR, polyshm__pause(1));
  calls.answer = POLYSHM_CLOSED;
  assert_status(POLYSHM_CLOSED, polyshm__pause(1));
  assert_int_equal(calls.count, 3);
  polyshm_on_wait(NULL, NULL);
  assert_ok(polyshm__pause(1));
  assert_int_equal(calls.count, 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_draft_is_whole_before_it_has_its_name),
      TEST(a_draft_has_exactly_its_mode),
      TEST(a_taken_name_is_left_alone),
      TEST(a_hidden_name_is_swept_when_its_maker_is_dead),
      TEST(a_sweep_bears_what_others_plant),
      TEST(open_tells_the_facts),
      TEST(open_bears_what_others_plant),
      TEST(names_of_255_bytes_and_more),
      TEST(a_draft_keeps_to_the_file_limit),
      TEST(each_stops_when_it_is_told),
      TEST(a_mapping_grows_where_it_stands),
      TEST(a_mapping_grows_elsewhere_and_stays),
      TEST(a_blank_reads_zero_and_is_not_shared),
      TEST(a_mapping_that_cannot_be),
      TEST(random_numbers_differ),
      TEST(the_user_is_the_effective_one),
      TEST(deadlines),
      TEST(a_pause_takes_its_time),
      TEST(a_signal_ends_a_pause),
      TEST(a_hook_decides),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
