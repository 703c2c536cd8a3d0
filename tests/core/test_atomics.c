/* Atomics: every operation on every dtype against plain arithmetic, and waiting for an element. */
#include "support.h"

#include <polyshm/atomics.h>

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ELEMENTS = 8 };

static polyshm_view *new_view(polyshm_dtype dtype) {
  polyshm_segment *segment = new_segment(fresh_name(), 128);
  polyshm_view *view = NULL;
  assert_ok(polyshm_segment_view(segment, dtype, 0, ELEMENTS, &view));
  drop_segment(segment); /* the view holds the handle */
  return view;
}

/* A view of it in a segment that has a name, for others to attach to. */
static polyshm_view *view_of(polyshm_segment *segment, polyshm_dtype dtype) {
  polyshm_view *view = NULL;
  assert_ok(polyshm_segment_view(segment, dtype, 0, ELEMENTS, &view));
  return view;
}

/* ---- plain arithmetic ---- */

/* Two's complement bits of the dtype's width, whatever its sign. */
static const uint64_t edges[] = {0,
                                 1,
                                 2,
                                 0x55555555,
                                 0x7ffffffe,
                                 0x7fffffff,
                                 0x80000000,
                                 0x80000001,
                                 0xaaaaaaaa,
                                 0xfffffffe,
                                 0xffffffff,
                                 0x100000000,
                                 0x5555555555555555,
                                 0x7ffffffffffffffe,
                                 0x7fffffffffffffff,
                                 0x8000000000000000,
                                 0x8000000000000001,
                                 0xfffffffffffffffe,
                                 0xffffffffffffffff};

enum { EDGES = sizeof edges / sizeof *edges };

static const polyshm_dtype dtypes[] = {POLYSHM_INT32, POLYSHM_UINT32, POLYSHM_INT64, POLYSHM_UINT64};

static uint64_t cut(polyshm_dtype dtype, uint64_t bits) {
  return polyshm_dtype_itemsize(dtype) == 4 ? (uint32_t)bits : bits;
}

/* This is what a script sees of these bits. */
static polyshm_value number_of(polyshm_dtype dtype, uint64_t bits) {
  switch (dtype) {
  case POLYSHM_INT32:
    return from_int((int32_t)(uint32_t)bits);
  case POLYSHM_UINT32:
    return from_int((uint32_t)bits);
  case POLYSHM_INT64:
    return from_int((int64_t)bits);
  default:
    return bits > INT64_MAX ? from_uint(bits) : from_int((int64_t)bits);
  }
}

static void assert_same(polyshm_value a, polyshm_value b, const char *verb, polyshm_dtype dtype) {
  if (a.type != b.type || a.as.uint64 != b.as.uint64)
    fail_msg("%s of %s: %llx is not %llx", verb, polyshm_dtype_name(dtype), (unsigned long long)a.as.uint64,
             (unsigned long long)b.as.uint64);
}

static uint64_t add(uint64_t a, uint64_t b) {
  return a + b;
}

static uint64_t sub(uint64_t a, uint64_t b) {
  return a - b;
}

static uint64_t and_(uint64_t a, uint64_t b) {
  return a & b;
}

static uint64_t or_(uint64_t a, uint64_t b) {
  return a | b;
}

static uint64_t xor_(uint64_t a, uint64_t b) {
  return a ^ b;
}

static uint64_t exchange(uint64_t a, uint64_t b) {
  (void)a;
  return b;
}

static const struct operation {
  const char *verb;
  polyshm_status (*run)(polyshm_view *view, int64_t index, const polyshm_value *value, polyshm_value *out);
  uint64_t (*plain)(uint64_t a, uint64_t b);
} operations[] = {{"add", polyshm_view_add, add},  {"sub", polyshm_view_sub, sub},
                  {"and", polyshm_view_and, and_}, {"or", polyshm_view_or, or_},
                  {"xor", polyshm_view_xor, xor_}, {"exchange", polyshm_view_exchange, exchange}};

enum { OPERATIONS = sizeof operations / sizeof *operations };

/* In the middle, so that a neighbour would notice a write beside it. */
static void assert_elements(polyshm_view *view, polyshm_value third) {
  for (int i = 0; i < ELEMENTS; i++) {
    polyshm_value value;
    assert_ok(polyshm_view_load(view, i, &value));
    assert_same(value, i == 3 ? third : from_int(0), "load", polyshm_view_dtype(view));
  }
}

static void operations_are_plain_arithmetic(void **state) {
  (void)state;
  for (int d = 0; d < 4; d++) {
    const polyshm_dtype dtype = dtypes[d];
    polyshm_view *view = new_view(dtype);
    for (int o = 0; o < OPERATIONS; o++)
      for (int i = 0; i < EDGES * EDGES; i++) {
        const uint64_t before = cut(dtype, edges[i % EDGES]), operand = cut(dtype, edges[i / EDGES]);
        const polyshm_value first = number_of(dtype, before), second = number_of(dtype, operand);
        polyshm_value out = from_float(1);
        assert_ok(polyshm_view_store(view, 3, &first));
        assert_elements(view, first);
        assert_ok(operations[o].run(view, 3, &second, &out));
        assert_same(out, first, operations[o].verb, dtype);
        assert_elements(view, number_of(dtype, cut(dtype, operations[o].plain(before, operand))));
      }
    polyshm_view_free(view);
  }
}

static void compare_exchange_compares(void **state) {
  (void)state;
  for (int d = 0; d < 4; d++) {
    const polyshm_dtype dtype = dtypes[d];
    polyshm_view *view = new_view(dtype);
    for (int i = 0; i < EDGES * EDGES; i++) {
      const polyshm_value found = number_of(dtype, edges[i % EDGES]);
      const polyshm_value expected = number_of(dtype, edges[i / EDGES]), replacement = from_int(42);
      const bool same = cut(dtype, edges[i % EDGES]) == cut(dtype, edges[i / EDGES]);
      polyshm_value out = from_float(1);
      assert_ok(polyshm_view_store(view, 3, &found));
      assert_ok(polyshm_view_compare_exchange(view, 3, &expected, &replacement, &out));
      assert_same(out, found, "compare_exchange", dtype);
      assert_elements(view, same ? replacement : found);
    }
    polyshm_view_free(view);
  }
}

/* One place may be argument and result. */
static void arguments_may_be_results(void **state) {
  (void)state;
  polyshm_view *view = new_view(POLYSHM_INT64);
  polyshm_value value = from_int(5);
  assert_ok(polyshm_view_store(view, 0, &value));
  assert_ok(polyshm_view_add(view, 0, &value, &value));
  assert_int_equal(value.as.int64, 5);
  value = from_int(10);
  assert_ok(polyshm_view_compare_exchange(view, 0, &value, &value, &value));
  assert_int_equal(value.as.int64, 10);
  polyshm_view_free(view);
}

static void values_that_do_not_fit(void **state) {
  (void)state;
  const polyshm_value too_large[] = {from_int(INT64_C(1) << 31), from_int(INT64_C(1) << 32),
                                     from_uint(UINT64_C(1) << 63), from_int(-1)};
  for (int d = 0; d < 4; d++) {
    polyshm_view *view = new_view(dtypes[d]);
    const polyshm_value wrong[] = {too_large[d], from_float(0.5), from_float(-1e30)}, zero = from_int(0);
    for (int w = 0; w < 3; w++) {
      polyshm_value out;
      assert_status(POLYSHM_RANGE, polyshm_view_store(view, 3, &wrong[w]));
      for (int o = 0; o < OPERATIONS; o++)
        assert_status(POLYSHM_RANGE, operations[o].run(view, 3, &wrong[w], &out));
      assert_status(POLYSHM_RANGE, polyshm_view_compare_exchange(view, 3, &wrong[w], &zero, &out));
      assert_status(POLYSHM_RANGE, polyshm_view_compare_exchange(view, 3, &zero, &wrong[w], &out));
      assert_elements(view, zero);
    }
    const polyshm_value text = {.type = POLYSHM_TYPE_STR, .as.bytes = {"1", 1}};
    assert_status(POLYSHM_TYPE, polyshm_view_store(view, 3, &text));
    polyshm_view_free(view);
  }
}

/* ---- what is refused ---- */

/* Each call there is, on one element; `expected` for those that read, and for those that write. */
static void assert_all(polyshm_status to_read, polyshm_status to_write, polyshm_view *view, int64_t index) {
  const polyshm_value zero = from_int(0);
  polyshm_value out;
  polyshm_wait_outcome outcome;
  int64_t woken;
  assert_status(to_read, polyshm_view_load(view, index, &out));
  assert_status(to_write, polyshm_view_store(view, index, &zero));
  for (int o = 0; o < OPERATIONS; o++) {
    assert_status(to_write, operations[o].run(view, index, &zero, &out));
    if (to_write)
      assert_words(operations[o].verb);
  }
  assert_status(to_write, polyshm_view_compare_exchange(view, index, &zero, &zero, &out));
  if (to_write)
    assert_words("compare_exchange");
  assert_status(to_read, polyshm_view_wait(view, index, &zero, 0, &outcome));
  if (to_read)
    assert_words("wait");
  assert_status(to_read, polyshm_view_notify(view, index, -1, &woken));
  if (to_read)
    assert_words("notify");
}

static void what_is_refused(void **state) {
  (void)state;
  const int64_t outside[] = {ELEMENTS, -1, INT64_MIN, INT64_MAX, INT64_MAX / 4 + 1, INT64_C(1) << 62};
  polyshm_segment *segment = new_segment(fresh_name(), 128), *readonly = NULL;
  polyshm_view *view = view_of(segment, POLYSHM_INT32);
  assert_ok(polyshm_segment_attach(polyshm_segment_name(segment), POLYSHM_FLAG_READONLY, 0, &readonly));
  polyshm_view *only = view_of(readonly, POLYSHM_INT32);

  assert_all(POLYSHM_OK, POLYSHM_OK, view, 0);
  for (int i = 0; i < 6; i++)
    assert_all(POLYSHM_INDEX, POLYSHM_INDEX, view, outside[i]);
  assert_all(POLYSHM_OK, POLYSHM_READONLY, only, 0);
  assert_all(POLYSHM_ARGUMENT, POLYSHM_ARGUMENT, NULL, 0);

  assert_ok(polyshm_view_close(only));
  assert_all(POLYSHM_CLOSED, POLYSHM_CLOSED, only, 0);
  assert_ok(polyshm_segment_close(segment));
  assert_all(POLYSHM_CLOSED, POLYSHM_CLOSED, view, 0);
  assert_all(POLYSHM_CLOSED, POLYSHM_CLOSED, view, -1);
  polyshm_view_free(view);
  polyshm_view_free(only);
  polyshm_segment_free(readonly);
  drop_segment(segment);
}

static void dtypes_without_atomics(void **state) {
  (void)state;
  for (polyshm_dtype dtype = 0; polyshm_dtype_itemsize(dtype); dtype++) {
    bool atomic = false;
    for (int d = 0; d < 4; d++)
      atomic = atomic || dtypes[d] == dtype;
    polyshm_view *view = new_view(dtype);
    polyshm_wait_outcome outcome;
    const polyshm_value zero = from_int(0);
    if (!atomic) {
      assert_all(POLYSHM_TYPE, POLYSHM_TYPE, view, 0);
    } else if (dtype != POLYSHM_INT32) {
      assert_status(POLYSHM_TYPE, polyshm_view_wait(view, 0, &zero, 0, &outcome));
      assert_words(polyshm_dtype_name(dtype));
      assert_status(POLYSHM_TYPE, polyshm_view_notify(view, 0, 1, &(int64_t){0}));
    }
    polyshm_view_free(view);
  }
}

static void nothing_given(void **state) {
  (void)state;
  polyshm_view *view = new_view(POLYSHM_INT32);
  polyshm_value value = from_int(0);
  polyshm_wait_outcome outcome;
  int64_t woken;
  assert_status(POLYSHM_ARGUMENT, polyshm_view_load(view, 0, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_view_store(view, 0, NULL));
  for (int o = 0; o < OPERATIONS; o++) {
    assert_status(POLYSHM_ARGUMENT, operations[o].run(view, 0, NULL, &value));
    assert_status(POLYSHM_ARGUMENT, operations[o].run(view, 0, &value, NULL));
  }
  assert_status(POLYSHM_ARGUMENT, polyshm_view_compare_exchange(view, 0, NULL, &value, &value));
  assert_status(POLYSHM_ARGUMENT, polyshm_view_compare_exchange(view, 0, &value, NULL, &value));
  assert_status(POLYSHM_ARGUMENT, polyshm_view_compare_exchange(view, 0, &value, &value, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_view_wait(view, 0, NULL, 0, &outcome));
  assert_status(POLYSHM_ARGUMENT, polyshm_view_wait(view, 0, &value, 0, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_view_notify(view, 0, 1, NULL));
  assert_status(POLYSHM_RANGE, polyshm_view_notify(view, 0, -2, &woken));
  assert_status(POLYSHM_RANGE, polyshm_view_notify(view, 0, INT64_MIN, &woken));
  assert_elements(view, from_int(0));
  polyshm_view_free(view);
}

/* ---- many at once ---- */

enum { ROUNDS = 20000 };

static polyshm_status add_many_times(polyshm_view *view) {
  const polyshm_value one = from_int(1);
  polyshm_status status = POLYSHM_OK;
  for (int i = 0; i < ROUNDS && !status; i++) {
    polyshm_value out;
    status = i % 2 ? polyshm_view_add(view, 0, &one, &out) : polyshm_view_sub(view, 1, &one, &out);
  }
  return status;
}

/* The loop that everybody writes with it. */
static polyshm_status exchange_many_times(polyshm_view *view) {
  polyshm_status status = POLYSHM_OK;
  for (int i = 0; i < ROUNDS / 10 && !status; i++) {
    polyshm_value seen = from_int(0), found;
    status = polyshm_view_load(view, 2, &seen);
    while (!status) {
      const polyshm_value next = from_int(seen.as.int64 + 3);
      status = polyshm_view_compare_exchange(view, 2, &seen, &next, &found);
      if (found.as.int64 == seen.as.int64)
        break;
      seen = found;
    }
  }
  return status;
}

static void do_both(struct worker *worker) {
  worker->status = add_many_times(worker->shared);
  if (!worker->status)
    worker->status = exchange_many_times(worker->shared);
}

static void do_both_in_a_child(polyshm_view *view) {
  must_ok(add_many_times(view));
  must_ok(exchange_many_times(view));
}

static void nothing_is_lost(void **state) {
  (void)state;
  for (int d = 0; d < 4; d += 2) {
    polyshm_view *view = new_view(dtypes[d]);
    struct worker workers[MANY];
    int children[2];
    for (int i = 0; i < 2; i++) {
      children[i] = fork_child();
      if (children[i] == 0) {
        do_both_in_a_child(view);
        _exit(0);
      }
    }
    run_alike(workers, do_both, view);
    for (int i = 0; i < 2; i++)
      assert_child_succeeds(children[i]);
    for (int i = 0; i < MANY; i++)
      assert_worker_is_well(&workers[i]);
    const int64_t expected[] = {(MANY + 2) * (ROUNDS / 2), -(MANY + 2) * (ROUNDS / 2),
                                (MANY + 2) * (ROUNDS / 10) * 3};
    for (int i = 0; i < 3; i++) {
      polyshm_value sum;
      assert_ok(polyshm_view_load(view, i, &sum));
      assert_int_equal(sum.as.int64, expected[i]);
    }
    polyshm_view_free(view);
  }
}

/* ---- wait and notify ---- */

static void outcomes_have_names(void **state) {
  (void)state;
  assert_string_equal(polyshm_wait_outcome_name(POLYSHM_WAIT_TIMED_OUT), "timed-out");
  assert_string_equal(polyshm_wait_outcome_name(POLYSHM_WAIT_OK), "ok");
  assert_string_equal(polyshm_wait_outcome_name(POLYSHM_WAIT_NOT_EQUAL), "not-equal");
  assert_string_equal(polyshm_wait_outcome_name(3), "unknown");
  assert_string_equal(polyshm_wait_outcome_name(-1), "unknown");
}

static void waits_end_as_they_should(void **state) {
  (void)state;
  const int64_t timeouts[] = {0, 1, 20, 200};
  polyshm_view *view = new_view(POLYSHM_INT32);
  const polyshm_value numbers[] = {from_int(0), from_int(INT32_MIN), from_int(-1), from_int(1LL << 31)};
  polyshm_wait_outcome outcome = -1;
  assert_ok(polyshm_view_store(view, 2, &numbers[1]));
  for (int i = 0; i < 4; i++) {
    int64_t start = milliseconds_now();
    assert_ok(polyshm_view_wait(view, 2, &numbers[1], timeouts[i] * MILLISECONDS, &outcome));
    assert_int_equal(outcome, POLYSHM_WAIT_TIMED_OUT);
    assert_in_range(milliseconds_now() - start, timeouts[i] ? timeouts[i] - 1 : 0, timeouts[i] + 10000);
    assert_ok(polyshm_view_wait(view, 2, &numbers[2 * (i % 2)], i - 1, &outcome));
    assert_int_equal(outcome, POLYSHM_WAIT_NOT_EQUAL);
  }
  assert_status(POLYSHM_RANGE, polyshm_view_wait(view, 2, &numbers[3], -1, &outcome));
  polyshm_view_free(view);
}

/* How many sleep, in all processes; and what their waits came to. */
struct sleeping {
  atomic_int asleep, woken;
};

static polyshm_status count_once(void (*sleep_slice)(void *slice), void *slice, void *context) {
  struct sleeping **sleeping = context;
  if (*sleeping)
    (void)atomic_fetch_add(&(*sleeping)->asleep, 1);
  *sleeping = NULL;
  sleep_slice(slice);
  return POLYSHM_OK;
}

struct audience {
  polyshm_view *view;
  struct sleeping *sleeping;
};

static polyshm_status wait_long(const struct audience *audience) {
  struct sleeping *uncounted = audience->sleeping;
  const polyshm_value zero = from_int(0);
  polyshm_wait_outcome outcome = -1;
  polyshm_on_wait(count_once, &uncounted);
  polyshm_status status = polyshm_view_wait(audience->view, 1, &zero, LONG, &outcome);
  polyshm_on_wait(NULL, NULL);
  if (!status && outcome != POLYSHM_WAIT_OK)
    status = polyshm_fail(POLYSHM_ETIMEDOUT, "%s", polyshm_wait_outcome_name(outcome));
  if (!status)
    (void)atomic_fetch_add(&audience->sleeping->woken, 1);
  return status;
}

static void wait_in_a_thread(struct worker *worker) {
  worker->status = wait_long(worker->shared);
}

static void wait_for_count(const atomic_int *counter, int count) {
  for (int i = 0; i < 20000 && atomic_load(counter) < count; i++)
    sleep_milliseconds(1);
}

/* A notify between two slices of a wait wakes nobody: until all are woken, again. */
static polyshm_status notify_one_by_one(const struct audience *audience, int sleepers) {
  polyshm_status status = POLYSHM_OK;
  wait_for_count(&audience->sleeping->asleep, sleepers);
  for (int done = 0; done < sleepers && !status; done++) {
    int64_t woken = 0;
    for (int64_t end = milliseconds_now() + 20000; !status && !woken && milliseconds_now() < end;)
      status = polyshm_view_notify(audience->view, 1, 1, &woken);
    wait_for_count(&audience->sleeping->woken, done + 1);
    if (!status && (woken != 1 || atomic_load(&audience->sleeping->woken) != done + 1))
      status = polyshm_fail(POLYSHM_EIO, "%d of %d: one was to be woken, not %d", done, sleepers, (int)woken);
  }
  return status;
}

/* The element changes: nobody stays asleep, however many of them notify hits. */
static polyshm_status change_and_notify(const struct audience *audience, int sleepers) {
  const polyshm_value one = from_int(1);
  int64_t woken = 0;
  wait_for_count(&audience->sleeping->asleep, sleepers);
  polyshm_status status = polyshm_view_store(audience->view, 1, &one);
  if (!status)
    status = polyshm_view_notify(audience->view, 1, -1, &woken);
  if (!status && (woken < 0 || woken > sleepers))
    status = polyshm_fail(POLYSHM_EIO, "%d were woken", (int)woken);
  return status;
}

static void notify_in_a_thread(struct worker *worker) {
  worker->status = notify_one_by_one(worker->shared, MANY - 1);
}

static void change_in_a_thread(struct worker *worker) {
  worker->status = change_and_notify(worker->shared, MANY - 1);
}

static struct sleeping *new_sleeping(void) {
  struct sleeping *sleeping =
      mmap(NULL, sizeof *sleeping, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(sleeping != MAP_FAILED);
  return sleeping;
}

static void notify_wakes_threads(void **state) {
  (void)state;
  void (*const wakers[])(struct worker *) = {notify_in_a_thread, change_in_a_thread};
  for (int way = 0; way < 2; way++) {
    struct audience audience = {new_view(POLYSHM_INT32), new_sleeping()};
    struct worker workers[MANY];
    void (*const works[MANY])(struct worker *) = {wait_in_a_thread, wait_in_a_thread, wait_in_a_thread,
                                                  wait_in_a_thread, wait_in_a_thread, wakers[way]};
    run_workers(workers, works, &audience);
    for (int i = 0; i < MANY; i++)
      assert_worker_is_well(&workers[i]);
    assert_int_equal(munmap(audience.sleeping, sizeof *audience.sleeping), 0);
    polyshm_view_free(audience.view);
  }
}

/* Each with a mapping of its own, half of them read-only. */
static void notify_wakes_processes(void **state) {
  (void)state;
  polyshm_status (*const wakers[])(const struct audience *, int) = {notify_one_by_one, change_and_notify};
  for (int way = 0; way < 2; way++) {
    polyshm_segment *segment = new_segment(fresh_name(), 128);
    struct audience audience = {view_of(segment, POLYSHM_INT32), new_sleeping()};
    int children[MANY];
    for (int i = 0; i < MANY; i++) {
      children[i] = fork_child();
      if (children[i] == 0) {
        polyshm_segment *own = NULL;
        must_ok(polyshm_segment_attach(polyshm_segment_name(segment), i % 2 ? POLYSHM_FLAG_READONLY : 0, 0,
                                       &own));
        must_ok(polyshm_segment_view(own, POLYSHM_INT32, 0, ELEMENTS, &audience.view));
        must_ok(wait_long(&audience));
        _exit(0);
      }
    }
    assert_ok(wakers[way](&audience, MANY));
    for (int i = 0; i < MANY; i++)
      assert_child_succeeds(children[i]);
    assert_int_equal(munmap(audience.sleeping, sizeof *audience.sleeping), 0);
    polyshm_view_free(audience.view);
    drop_segment(segment);
  }
}

static void notify_without_waits(void **state) {
  (void)state;
  const int64_t counts[] = {-1, 0, 1, INT32_MAX, INT64_MAX};
  polyshm_view *view = new_view(POLYSHM_INT32);
  for (int i = 0; i < 5; i++) {
    int64_t woken = -1;
    assert_ok(polyshm_view_notify(view, 1, counts[i], &woken));
    assert_int_equal(woken, 0);
  }
  polyshm_view_free(view);
}

struct closing {
  polyshm_segment *segment;
  struct audience audience;
};

static void wait_until_closed(struct worker *worker) {
  const struct closing *closing = worker->shared;
  worker->status = wait_long(&closing->audience);
}

static void close_the_view(struct worker *worker) {
  const struct closing *closing = worker->shared;
  wait_for_count(&closing->audience.sleeping->asleep, MANY - 1);
  worker->status = polyshm_view_close(closing->audience.view);
}

static void close_the_segment(struct worker *worker) {
  const struct closing *closing = worker->shared;
  wait_for_count(&closing->audience.sleeping->asleep, MANY - 1);
  worker->status = polyshm_segment_close(closing->segment);
}

static void close_wakes_who_waits(void **state) {
  (void)state;
  void (*const closers[])(struct worker *) = {close_the_view, close_the_segment};
  for (int way = 0; way < 2; way++) {
    struct closing closing = {.segment = new_segment(fresh_name(), 128)};
    closing.audience = (struct audience){view_of(closing.segment, POLYSHM_INT32), new_sleeping()};
    struct worker workers[MANY];
    void (*const works[MANY])(struct worker *) = {wait_until_closed, wait_until_closed, wait_until_closed,
                                                  wait_until_closed, wait_until_closed, closers[way]};
    int64_t start = milliseconds_now();
    run_workers(workers, works, &closing);
    assert_true(milliseconds_now() - start < 5000);
    for (int i = 0; i < MANY - 1; i++)
      if (workers[i].status != POLYSHM_CLOSED)
        fail_msg("thread %d: %s", i, workers[i].words);
    assert_worker_is_well(&workers[MANY - 1]);
    assert_int_equal(munmap(closing.audience.sleeping, sizeof(struct sleeping)), 0);
    polyshm_view_free(closing.audience.view);
    drop_segment(closing.segment);
  }
}

static void a_signal_ends_a_wait(void **state) {
  (void)state;
  const int flags[] = {0, SA_RESTART};
  polyshm_view *view = new_view(POLYSHM_INT32);
  const polyshm_value zero = from_int(0);
  polyshm_wait_outcome outcome = -1;
  for (int i = 0; i < 2; i++) {
    signal_after(30, flags[i], true);
    polyshm_status status = polyshm_view_wait(view, 0, &zero, LONG, &outcome);
    no_more_signals();
    assert_status(POLYSHM_EINTR, status);
    assert_words("wait");
  }
  polyshm_view_free(view);
}

static polyshm_status give_up(void (*sleep_slice)(void *slice), void *slice, void *context) {
  sleep_slice(slice);
  return ++*(int *)context == 3 ? POLYSHM_EINTR : POLYSHM_OK;
}

static void a_hook_ends_a_wait(void **state) {
  (void)state;
  polyshm_view *view = new_view(POLYSHM_INT32);
  const polyshm_value zero = from_int(0);
  polyshm_wait_outcome outcome = -1;
  int calls = 0;
  polyshm_on_wait(give_up, &calls);
  assert_status(POLYSHM_EINTR, polyshm_view_wait(view, 0, &zero, -1, &outcome));
  polyshm_on_wait(NULL, NULL);
  assert_int_equal(calls, 3);
  polyshm_view_free(view);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(operations_are_plain_arithmetic),
      TEST(compare_exchange_compares),
      TEST(arguments_may_be_results),
      TEST(values_that_do_not_fit),
      TEST(what_is_refused),
      TEST(dtypes_without_atomics),
      TEST(nothing_given),
      TEST(nothing_is_lost),
      TEST(outcomes_have_names),
      TEST(waits_end_as_they_should),
      TEST(notify_wakes_threads),
      TEST(notify_wakes_processes),
      TEST(notify_without_waits),
      TEST(close_wakes_who_waits),
      TEST(a_signal_ends_a_wait),
      TEST(a_hook_ends_a_wait),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
