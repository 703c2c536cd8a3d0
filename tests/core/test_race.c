/* Many threads and processes at once, on one name and on one handle. */
#include "support.h"

#include "platform/platform.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long a storm lasts. */
#define STORM_MILLISECONDS 400

/* ---- one name, many who want it ---- */

/* Each would make its own size, so the size tells whose it is. */
static void open_it(struct worker *worker) {
  worker->status = polyshm_segment_open(worker->shared, 1000 + worker->number, 0600, 0, &worker->segment);
}

static void threads_that_open_one_name_get_one_segment(void **state) {
  (void)state;
  for (int round = 0; round < 200; round++) {
    struct worker workers[MANY];
    char name[64];
    (void)snprintf(name, sizeof name, "%s", fresh_name());
    polyshm__without_tmpfile = round % 2;
    run_alike(workers, open_it, name);
    int64_t size = polyshm_segment_size(workers[0].segment);
    for (int i = 0; i < MANY; i++) {
      bool stale = true;
      assert_worker_is_well(&workers[i]);
      assert_int_equal(polyshm_segment_size(workers[i].segment), size);
      assert_ok(polyshm_segment_stale(workers[i].segment, &stale));
      assert_false(stale);
      polyshm_segment_free(workers[i].segment);
    }
    assert_ok(polyshm_segment_unlink_name(name));
  }
}

static void create_it(struct worker *worker) {
  worker->status = polyshm_segment_create(worker->shared, 1000 + worker->number, 0600, &worker->segment);
}

static void threads_that_create_one_name_have_one_winner(void **state) {
  (void)state;
  for (int round = 0; round < 200; round++) {
    struct worker workers[MANY];
    struct stat st;
    char name[64];
    (void)snprintf(name, sizeof name, "%s", fresh_name());
    polyshm__without_tmpfile = round % 2;
    run_alike(workers, create_it, name);
    assert_int_equal(stat(path_of_name(name), &st), 0);
    for (int i = 0; i < MANY; i++)
      if (st.st_size == 1000 + i) {
        assert_worker_is_well(&workers[i]);
        drop_segment(workers[i].segment);
      } else {
        assert_status(POLYSHM_EEXIST, workers[i].status);
        assert_null(workers[i].segment);
      }
  }
}

static void processes_that_open_one_name_get_one_segment(void **state) {
  (void)state;
  int64_t *sizes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(sizes != MAP_FAILED);
  for (int round = 0; round < 20; round++) {
    const char *name = fresh_name();
    atomic_int *ready = (atomic_int *)(sizes + MANY);
    pid_t children[MANY];
    atomic_store(ready, 0);
    polyshm__without_tmpfile = round % 2;
    for (int i = 0; i < MANY; i++) {
      children[i] = fork_child();
      if (children[i] == 0) {
        polyshm_segment *segment = NULL;
        (void)atomic_fetch_add(ready, 1);
        while (atomic_load(ready) < MANY)
          (void)sched_yield();
        sizes[i] = polyshm_segment_open(name, 1000 + i, 0600, 0, &segment);
        sizes[i] = sizes[i] ? sizes[i] : polyshm_segment_size(segment);
        _exit(0);
      }
    }
    for (int i = 0; i < MANY; i++) {
      assert_child_succeeds(children[i]);
      assert_in_range(sizes[i], 1000, 1000 + MANY - 1);
      assert_int_equal(sizes[i], sizes[0]);
    }
    assert_ok(polyshm_segment_unlink_name(name));
  }
  assert_int_equal(munmap(sizes, 4096), 0);
}

/* ---- a name that comes and goes ---- */

struct storm {
  const char *name;
  int64_t end;                /* milliseconds_now() */
  _Atomic int64_t made, seen; /* by those who make and those who look */
};

/* On a busy machine as long as it takes until both have done something. */
static bool storm_goes_on(const struct storm *storm) {
  const int64_t now = milliseconds_now();
  return now < storm->end || ((!atomic_load(&storm->made) || !atomic_load(&storm->seen)) &&
                              now < storm->end + LONG / MILLISECONDS);
}

#define ATTACHED_SIZE 12345

static void create_and_unlink(struct worker *worker) {
  struct storm *storm = worker->shared;
  while (!worker->status && storm_goes_on(storm)) {
    polyshm_segment *segment = NULL;
    worker->status = polyshm_segment_create(storm->name, ATTACHED_SIZE, 0640, &segment);
    if (worker->status == POLYSHM_EEXIST)
      worker->status = POLYSHM_OK;
    if (!segment)
      continue;
    worker->count++;
    atomic_fetch_add(&storm->made, 1);
    worker->status = polyshm_segment_unlink(segment);
    if (worker->status == POLYSHM_ENOENT) /* an opener was faster */
      worker->status = POLYSHM_OK;
    polyshm_segment_free(segment);
  }
}

/* Each segment that is seen is whole, and nothing but "not there" is ever said. */
static void attach_and_look(struct worker *worker) {
  struct storm *storm = worker->shared;
  while (!worker->status && storm_goes_on(storm)) {
    polyshm_segment *segment = NULL;
    int64_t flags = worker->count % 2 ? POLYSHM_FLAG_READONLY : 0;
    worker->status = polyshm_segment_attach(storm->name, flags, 0, &segment);
    if (worker->status == POLYSHM_ENOENT)
      worker->status = POLYSHM_OK;
    if (!segment)
      continue;
    worker->count++;
    atomic_fetch_add(&storm->seen, 1);
    const void *data = NULL;
    worker->status = polyshm_segment_borrow(segment, 0, ATTACHED_SIZE, &data);
    if (!worker->status &&
        (polyshm_segment_size(segment) != ATTACHED_SIZE || !all_bytes(data, ATTACHED_SIZE, 0)))
      worker->status = polyshm_fail(POLYSHM_EIO, "half-made: %d bytes", (int)polyshm_segment_size(segment));
    polyshm_segment_free(segment);
  }
}

static void open_and_unlink(struct worker *worker) {
  struct storm *storm = worker->shared;
  while (!worker->status && storm_goes_on(storm)) {
    polyshm_segment *segment = NULL;
    worker->status = polyshm_segment_open(storm->name, ATTACHED_SIZE, 0640, 0, &segment);
    if (worker->status)
      continue;
    worker->count++;
    atomic_fetch_add(&storm->made, 1);
    worker->status = polyshm_segment_unlink(segment);
    if (worker->status == POLYSHM_ENOENT)
      worker->status = POLYSHM_OK;
    polyshm_segment_free(segment);
  }
}

static void a_name_that_comes_and_goes_is_whole_or_absent(void **state) {
  (void)state;
  for (int way = 0; way < 2; way++) {
    struct worker workers[MANY];
    struct storm storm = {.name = fresh_name(), .end = milliseconds_now() + STORM_MILLISECONDS};
    void (*const works[MANY])(struct worker *) = {create_and_unlink, create_and_unlink, open_and_unlink,
                                                  attach_and_look,   attach_and_look,   attach_and_look};
    polyshm__without_tmpfile = way;
    run_workers(workers, works, &storm);
    polyshm_status left =
        polyshm_segment_unlink_name(storm.name); /* an open between two unlinks may leave it */
    assert_true(left == POLYSHM_OK || left == POLYSHM_ENOENT);
    for (int i = 0; i < MANY; i++)
      assert_worker_is_well(&workers[i]);
    assert_true(storm.made > 0 && storm.seen > 0);
  }
}

/* In the fallback every create also sweeps what the dead left: it must not take the living for dead. */
static void create_and_unlink_its_own(struct worker *worker) {
  const struct storm *storm = worker->shared;
  char name[64];
  (void)snprintf(name, sizeof name, "%s.%d", storm->name, worker->number);
  while (!worker->status && milliseconds_now() < storm->end) {
    polyshm_segment *segment = NULL;
    worker->status = polyshm_segment_create(name, 1, 0600, &segment);
    if (!worker->status)
      worker->status = polyshm_segment_unlink(segment);
    polyshm_segment_free(segment);
    worker->count++;
  }
}

static void creators_do_not_sweep_each_other(void **state) {
  (void)state;
  struct worker workers[MANY];
  struct storm storm = {.name = fresh_name(), .end = milliseconds_now() + 2 * STORM_MILLISECONDS};
  polyshm__without_tmpfile = true;
  run_alike(workers, create_and_unlink_its_own, &storm);
  for (int i = 0; i < MANY; i++)
    assert_worker_is_well(&workers[i]);
}

/* ---- one handle, many who use it ---- */

enum { RANGE = 1000 }; /* bytes that belong to one thread: plain memory is not for two writers */

struct shared_handle {
  polyshm_segment *segment;
  polyshm_view *view; /* of uint64, on bytes that belong to all: element by element two may write */
  atomic_int at_work;
};

static polyshm_status take_nothing(const void *elements, int64_t count, void *context) {
  (void)elements;
  *(int64_t *)context += count;
  return POLYSHM_OK;
}

/* Every call there is, over and over, until the segment is closed. */
static void use_until_closed(struct worker *worker) {
  struct shared_handle *shared = worker->shared;
  int64_t offset = (int64_t)worker->number * RANGE, element = (int64_t)MANY * RANGE, taken = 0;
  char bytes[RANGE];
  memset(bytes, worker->number, sizeof bytes);
  (void)atomic_fetch_add(&shared->at_work, 1);
  for (;; worker->count++) {
    polyshm_value number = from_int(worker->count);
    const void *data = NULL;
    polyshm_view *view = NULL;
    uint64_t address = 0;
    const polyshm_status statuses[] = {
        polyshm_segment_write(shared->segment, offset, bytes, RANGE),
        polyshm_segment_read(shared->segment, offset, bytes, RANGE),
        polyshm_segment_borrow(shared->segment, offset, RANGE, &data),
        polyshm_segment_fill(shared->segment, worker->number, offset, RANGE / 2),
        polyshm_segment_copy(shared->segment, shared->segment, offset, RANGE / 2, offset + RANGE / 2),
        polyshm_segment_set_value(shared->segment, POLYSHM_INT64, element, &number),
        polyshm_segment_get_value(shared->segment, POLYSHM_INT64, element, &number),
        polyshm_segment_address(shared->segment, &address),
        polyshm_view_set(shared->view, 1, &number),
        polyshm_view_get(shared->view, 1, &number),
        polyshm_view_fill(shared->view, &number, 2, 10),
        polyshm_segment_view(shared->segment, POLYSHM_UINT8, offset, RANGE, &view),
        view ? polyshm_view_walk(view, 0, RANGE, take_nothing, &taken) : POLYSHM_CLOSED,
        view ? polyshm_view_assign(view, 0, bytes, RANGE) : POLYSHM_CLOSED,
        view ? polyshm_view_read(view, 0, RANGE, bytes) : POLYSHM_CLOSED,
    };
    polyshm_view_free(view);
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
      if (statuses[i] != POLYSHM_OK && statuses[i] != POLYSHM_CLOSED) {
        worker->status = statuses[i];
        return;
      }
    if (statuses[0] == POLYSHM_CLOSED)
      return;
    for (int i = 0; i < RANGE; i++) /* what was read before the close is what was written */
      if (statuses[14] == POLYSHM_OK && bytes[i] != worker->number) {
        worker->status = polyshm_fail(POLYSHM_EIO, "byte %d is %d", i, bytes[i]);
        return;
      }
  }
}

static void grow_until_closed(struct worker *worker) {
  struct shared_handle *shared = worker->shared;
  for (int64_t size = polyshm_segment_size(shared->segment); !worker->status; size += 4096) {
    worker->status = polyshm_segment_resize(shared->segment, size < (8 << 20) ? size : 8 << 20);
    if (!worker->status)
      worker->status = polyshm_segment_refresh(shared->segment);
    worker->count++;
  }
  if (worker->status == POLYSHM_CLOSED)
    worker->status = POLYSHM_OK;
}

static void close_soon(struct worker *worker) {
  struct shared_handle *shared = worker->shared;
  while (atomic_load(&shared->at_work) < MANY - 2)
    (void)usleep(100);
  (void)usleep(3000);
  worker->status = polyshm_segment_close(shared->segment);
  worker->count = 1;
}

static void close_while_others_read_and_write(void **state) {
  (void)state;
  int64_t calls = 0;
  for (int round = 0; round < 40; round++) {
    struct worker workers[MANY];
    struct shared_handle shared = {.segment = new_segment(fresh_name(), (int64_t)MANY * RANGE + 800)};
    assert_ok(polyshm_segment_view(shared.segment, POLYSHM_UINT64, (int64_t)MANY * RANGE, 100, &shared.view));
    void (*const works[MANY])(struct worker *) = {use_until_closed, use_until_closed,  use_until_closed,
                                                  use_until_closed, grow_until_closed, close_soon};
    run_workers(workers, works, &shared);
    for (int i = 0; i < MANY; i++) {
      assert_worker_is_well(&workers[i]);
      calls += workers[i].count;
    }
    polyshm_view_free(shared.view);
    drop_segment(shared.segment);
  }
  assert_true(calls > 100);
}

/* The maker lets go of the segment while threads hold views on it: the last of them gives it back. */
static void use_and_free_a_view(struct worker *worker) {
  polyshm_view *const *views = worker->shared;
  polyshm_view *view = views[worker->number];
  polyshm_value number = from_int(worker->number);
  for (int i = 0; i < 1000 && !worker->status; i++)
    worker->status = polyshm_view_set(view, worker->number, &number);
  polyshm_view_free(view);
}

static void views_are_freed_by_any_thread(void **state) {
  (void)state;
  for (int round = 0; round < 50; round++) {
    struct worker workers[MANY];
    polyshm_view *views[MANY];
    const char *name = fresh_name();
    polyshm_segment *segment = new_segment(name, 4096);
    for (int i = 0; i < MANY; i++)
      assert_ok(polyshm_segment_view(segment, POLYSHM_INT8, 0, -1, &views[i]));
    polyshm_segment_free(segment);
    run_alike(workers, use_and_free_a_view, views);
    for (int i = 0; i < MANY; i++)
      assert_worker_is_well(&workers[i]);
    assert_ok(polyshm_segment_unlink_name(name));
  }
}

/* ---- growing ---- */

/* Each process grows by its own handle: none ever sees its bytes go, and the largest wins. */
static void processes_that_grow_one_segment(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *segment = new_segment(name, 4096);
  pid_t children[MANY];
  for (int i = 0; i < MANY; i++) {
    children[i] = fork_child();
    if (children[i] == 0) {
      polyshm_segment *own = NULL;
      polyshm_status status = polyshm_segment_attach(name, 0, 0, &own);
      for (int64_t size = 4096 + i; !status && size < 1 << 20; size += 8192) {
        status = polyshm_segment_resize(own, size);
        if (status == POLYSHM_RANGE) /* another was faster */
          status = polyshm_segment_refresh(own);
        if (!status)
          status = polyshm_segment_fill(own, i, polyshm_segment_size(own) - 1, 1);
      }
      polyshm_segment_free(own);
      polyshm_segment_free(segment); /* the inherited handle */
      _exit(status ? 1 : 0);
    }
  }
  for (int i = 0; i < MANY; i++)
    assert_child_succeeds(children[i]);
  assert_ok(polyshm_segment_refresh(segment));
  int64_t last = 4096 + (((1 << 20) - 4096 - 1) / 8192) * 8192;
  assert_in_range(polyshm_segment_size(segment), last, last + MANY - 1);
  drop_segment(segment);
}

/* ---- one element ---- */

struct torn {
  polyshm_view *to, *from;
  atomic_bool done;
};

static void write_all_or_nothing(struct worker *worker) {
  struct torn *torn = worker->shared;
  const polyshm_value values[] = {from_uint(UINT64_MAX), from_int(0)};
  for (int i = 0; !atomic_load(&torn->done); i++)
    if (polyshm_view_set(torn->to, 0, &values[i % 2]) != POLYSHM_OK)
      worker->status = POLYSHM_EIO;
}

static void read_all_or_nothing(struct worker *worker) {
  struct torn *torn = worker->shared;
  for (int64_t end = milliseconds_now() + 300; milliseconds_now() < end && !worker->status;)
    for (int i = 0; i < 1000; i++) {
      polyshm_value value;
      if (polyshm_view_get(torn->from, 0, &value) != POLYSHM_OK ||
          (value.as.uint64 != 0 && value.as.uint64 != UINT64_MAX))
        worker->status = polyshm_fail(POLYSHM_EIO, "torn: %llx", (unsigned long long)value.as.uint64);
    }
  atomic_store(&torn->done, true);
}

static void an_element_is_never_torn(void **state) {
  (void)state;
  struct worker workers[MANY];
  struct torn torn = {.to = NULL};
  const char *name = fresh_name();
  polyshm_segment *a = new_segment(name, 4096), *b = NULL;
  assert_ok(polyshm_segment_attach(name, POLYSHM_FLAG_READONLY, 0, &b));
  assert_ok(polyshm_segment_view(a, POLYSHM_UINT64, 64, 1, &torn.to));
  assert_ok(polyshm_segment_view(b, POLYSHM_UINT64, 64, 1, &torn.from));
  void (*const works[MANY])(struct worker *) = {write_all_or_nothing, write_all_or_nothing,
                                                read_all_or_nothing,  read_all_or_nothing,
                                                read_all_or_nothing,  read_all_or_nothing};
  run_workers(workers, works, &torn);
  for (int i = 0; i < MANY; i++)
    assert_worker_is_well(&workers[i]);
  polyshm_view_free(torn.to);
  polyshm_view_free(torn.from);
  polyshm_segment_free(b);
  drop_segment(a);
}

/* ---- fork ---- */

static void what_a_child_does_with_its_handles_stays_with_it(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *segment = new_segment(name, 4096);
  polyshm_view *view = NULL;
  const polyshm_value one = from_int(1);
  assert_ok(polyshm_segment_view(segment, POLYSHM_INT32, 0, -1, &view));
  for (int way = 0; way < 3; way++) {
    pid_t child = fork_child();
    if (child == 0) {
      polyshm_status status = polyshm_view_set(view, way, &one); /* it shares the memory */
      if (way == 0)
        status = status ? status : polyshm_segment_close(segment);
      if (way < 2) {
        polyshm_view_free(view);
        polyshm_segment_free(segment);
      }
      _exit(status ? 1 : 0);
    }
    assert_child_succeeds(child);
    polyshm_value seen;
    bool stale = true;
    assert_false(polyshm_segment_closed(segment));
    assert_ok(polyshm_view_get(view, way, &seen));
    assert_int_equal(seen.as.int64, 1);
    assert_ok(polyshm_view_set(view, 10, &one));
    assert_ok(polyshm_segment_stale(segment, &stale));
    assert_false(stale);
  }
  polyshm_view_free(view);
  drop_segment(segment);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(processes_that_open_one_name_get_one_segment),
      TEST(processes_that_grow_one_segment),
      TEST(what_a_child_does_with_its_handles_stays_with_it),
      TEST(threads_that_open_one_name_get_one_segment),
      TEST(threads_that_create_one_name_have_one_winner),
      TEST(a_name_that_comes_and_goes_is_whole_or_absent),
      TEST(creators_do_not_sweep_each_other),
      TEST(close_while_others_read_and_write),
      TEST(views_are_freed_by_any_thread),
      TEST(an_element_is_never_torn),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
