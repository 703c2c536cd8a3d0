/*
 * wait.i: timeouts, and waits and long work that let Ruby live. SWIG would hold Ruby's lock through them: no other thread, Ctrl-C,
 * Timeout or Thread#raise until the end.
 *
 * A timeout is in seconds, Integer, Float or Rational; nil, or none, is for ever, 0 is a try. How a wait ended is a Symbol.
 */
%{
#include <ruby/thread.h>
#include <math.h>

static int64_t polyshm_ruby_timeout(VALUE timeout) {
  if (NIL_P(timeout))
    return -1;
  if (!RB_INTEGER_TYPE_P(timeout) && !RB_FLOAT_TYPE_P(timeout) && !RB_TYPE_P(timeout, T_RATIONAL))
    polyshm_ruby_type_error("timeout", "a number of seconds or nil", timeout);
  double seconds;
  if (RB_TYPE_P(timeout, T_BIGNUM)) /* NUM2DBL() would warn of its size */
    seconds = RBIGNUM_POSITIVE_P(timeout) ? HUGE_VAL : -HUGE_VAL;
  else
    seconds = NUM2DBL(timeout);
  if (!(seconds >= 0))
    polyshm_ruby_raise(polyshm_fail(POLYSHM_RANGE, "timeout: %g is no number of seconds from 0 on", seconds));
  double nanoseconds = ceil(seconds * 1e9);
  return nanoseconds < 0x1p63 ? (int64_t)nanoseconds : INT64_MAX;
}

typedef struct polyshm_ruby_slice {
  void (*sleep)(void *slice);
  void *slice;
} polyshm_ruby_slice;

static void *polyshm_ruby_sleep(void *argument) {
  const polyshm_ruby_slice *slice = argument;
  slice->sleep(slice->slice);
  return NULL;
}

/* Lets other threads run, and looks for interrupts before and after. */
static VALUE polyshm_ruby_let_others_run(VALUE slice) {
  rb_thread_call_without_gvl(polyshm_ruby_sleep, (void *)slice, RUBY_UBF_IO, NULL);
  return Qnil;
}

static polyshm_status polyshm_ruby_wait(void (*sleep)(void *slice), void *slice, void *context) {
  polyshm_ruby_slice argument = {sleep, slice};
  int caught = 0;
  (void)context;
  (void)rb_protect(polyshm_ruby_let_others_run, (VALUE)&argument, &caught);
  polyshm_ruby_caught = caught; /* not before: a signal's handler may have had calls of its own meanwhile */
  return caught ? polyshm_fail(POLYSHM_EINTR, "interrupted") : POLYSHM_OK;
}

/* The hook is on for a call of the core alone: nothing raises meanwhile, and no other Ruby code meets it. */
static polyshm_hooked polyshm_ruby_hook(void) {
  polyshm_ruby_caught = 0;
  return polyshm_on_wait(polyshm_ruby_wait, NULL);
}

static void polyshm_ruby_unhook(polyshm_hooked before) {
  (void)polyshm_on_wait(before.hook, before.context);
}

/* A range as a String of its own. Ruby sees it when it is whole. */
static VALUE polyshm_ruby_read(const polyshm_segment *segment, int64_t offset, int64_t length, const void *borrowed) {
  if (length <= POLYSHM_LARGE)
    return rb_str_new(borrowed, (long)length);
  VALUE bytes = rb_str_tmp_new((long)length);
  const polyshm_hooked before = polyshm_ruby_hook();
  polyshm_status status = polyshm_segment_read(segment, offset, RSTRING_PTR(bytes), length);
  polyshm_ruby_unhook(before);
  if (status) {
    rb_str_resize(bytes, 0);
    polyshm_ruby_raise(status);
  }
  return rb_obj_reveal(bytes, rb_cString);
}

/* ---- outcomes ---- */

#define NONE(name, number, text) [number] = Qnil,
static VALUE polyshm_ruby_lock_outcomes[] = {POLYSHM_LOCK_OUTCOME_MAP(NONE)};
static VALUE polyshm_ruby_wait_outcomes[] = {POLYSHM_WAIT_OUTCOME_MAP(NONE)};
#undef NONE

/* "not-equal" is :not_equal */
static VALUE polyshm_ruby_symbol(const char *text) {
  VALUE name = rb_funcall(rb_str_new_cstr(text), rb_intern("tr"), 2, rb_str_new_cstr("-"), rb_str_new_cstr("_"));
  return ID2SYM(rb_intern_str(name));
}

/* ---- synchronize ---- */

/*
 * lock.synchronize(timeout: nil) { |outcome| ... }, and that of a semaphore: locks, or acquires a permit, for the block, and gives
 * it back however that ends. All of it is C, because Ruby lets in what other threads raise where C says so: nothing comes
 * between taking a lock and the block, nor between the block's end and giving it back.
 */
static int64_t polyshm_ruby_timeout_option(VALUE options) {
  if (!RB_TYPE_P(options, T_HASH))
    polyshm_ruby_type_error("synchronize", "timeout: seconds", options);
  VALUE timeout = rb_hash_lookup2(options, ID2SYM(rb_intern("timeout")), Qundef);
  if (RHASH_SIZE(options) != (timeout != Qundef))
    polyshm_ruby_raise(polyshm_fail(POLYSHM_ARGUMENT, "synchronize: there is no option but timeout"));
  return timeout == Qundef ? -1 : polyshm_ruby_timeout(timeout);
}

static void polyshm_ruby_need_block(void) {
  if (!rb_block_given_p())
    polyshm_ruby_raise(polyshm_fail(POLYSHM_ARGUMENT, "synchronize: a block is needed"));
}

/* The block may have given it back itself, or closed the handle, or this may be a child that it forked. */
static VALUE polyshm_ruby_gave_back(polyshm_status status, VALUE result, int thrown) {
  if (thrown)
    rb_jump_tag(thrown);
  if (status && status != POLYSHM_NOT_OWNER && status != POLYSHM_CLOSED)
    polyshm_ruby_raise(status);
  return result;
}
%}

%init %{
#define NAME(name, number, text) polyshm_ruby_lock_outcomes[number] = polyshm_ruby_symbol(text);
  POLYSHM_LOCK_OUTCOME_MAP(NAME)
#undef NAME
  polyshm_ruby_lock_outcomes[POLYSHM_LOCK_TIMED_OUT] = Qnil; /* not locked: no truth */
#define NAME(name, number, text) polyshm_ruby_wait_outcomes[number] = polyshm_ruby_symbol(text);
  POLYSHM_WAIT_OUTCOME_MAP(NAME)
#undef NAME
%}

%typemap(default, noblock=1) int64_t timeout, int64_t timeout_option { $1 = -1; }
%typemap(in, noblock=1) int64_t timeout_option { $1 = polyshm_ruby_timeout_option($input); }
%typemap(in, noblock=1) int64_t timeout { $1 = polyshm_ruby_timeout($input); }

/*
 * What the api files mark. Such calls, and few others, may meet the limit of what is open or mapped: then there is a second try,
 * with all of Ruby's that the arguments point into still in its place (value.i, bytes.i).
 */
%define %polyshm_may_work(call, condition)
%exception call %{
  const bool long_work = condition;
  int tries = 0;
  do {
    polyshm_hooked before = {NULL, NULL};
    if (long_work)
      before = polyshm_ruby_hook();
    $action
    if (long_work)
      polyshm_ruby_unhook(before);
  } while (result && !tries++ && polyshm_ruby_collected(result));
%}
%enddef
%define %polyshm_may_wait(call)
%polyshm_may_work(call, true)
%enddef
%polyshm_may_work(polyshm_segment::refresh, false)
%polyshm_may_work(polyshm_each_segment, false)

%typemap(in, numinputs=0, noblock=1) polyshm_lock_outcome *out (polyshm_lock_outcome outcome) { $1 = &outcome; }
%typemap(argout, noblock=1) polyshm_lock_outcome *out { $result = polyshm_ruby_lock_outcomes[*$1]; }

%typemap(in, numinputs=0, noblock=1) polyshm_wait_outcome *out (polyshm_wait_outcome outcome) { $1 = &outcome; }
%typemap(argout, noblock=1) polyshm_wait_outcome *out { $result = polyshm_ruby_wait_outcomes[*$1]; }

%extend polyshm_lock {
  VALUE synchronize(int64_t timeout_option) {
    polyshm_ruby_need_block();
    polyshm_lock_outcome outcome;
    polyshm_status status;
    int tries = 0;
    do {
      const polyshm_hooked before = polyshm_ruby_hook();
      status = polyshm_lock_lock($self, timeout_option, &outcome);
      polyshm_ruby_unhook(before);
    } while (!tries++ && polyshm_ruby_collected(status));
    if (status)
      polyshm_ruby_raise(status);
    if (outcome == POLYSHM_LOCK_TIMED_OUT)
      return Qnil;
    int thrown;
    VALUE result = rb_protect(rb_yield, polyshm_ruby_lock_outcomes[outcome], &thrown);
    return polyshm_ruby_gave_back(polyshm_lock_unlock($self), result, thrown);
  }
}

%extend polyshm_semaphore {
  VALUE synchronize(int64_t timeout_option) {
    polyshm_ruby_need_block();
    bool acquired;
    polyshm_status status;
    int tries = 0;
    do {
      const polyshm_hooked before = polyshm_ruby_hook();
      status = polyshm_semaphore_acquire($self, timeout_option, &acquired);
      polyshm_ruby_unhook(before);
    } while (!tries++ && polyshm_ruby_collected(status));
    if (status)
      polyshm_ruby_raise(status);
    if (!acquired)
      return Qnil;
    int thrown;
    VALUE result = rb_protect(rb_yield, Qtrue, &thrown);
    return polyshm_ruby_gave_back(polyshm_semaphore_release($self), result, thrown);
  }
}

%include <thread.i>
