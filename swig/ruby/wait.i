/*
 * wait.i: timeouts, and waits that let Ruby live. SWIG would hold Ruby's lock through them: no other thread, Ctrl-C, Timeout
 * or Thread#raise until the end.
 *
 * A timeout is in seconds, Integer, Float or Rational; nil is for ever, 0 is a try.
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
  (void)rb_protect(polyshm_ruby_let_others_run, (VALUE)&argument, &polyshm_ruby_caught);
  polyshm_on_wait(polyshm_ruby_wait, context); /* a signal's handler may have waited too, and taken it off */
  return polyshm_ruby_caught ? polyshm_fail(POLYSHM_EINTR, "interrupted") : POLYSHM_OK;
}
%}

%typemap(in, noblock=1) int64_t timeout { $1 = polyshm_ruby_timeout($input); }
/* SWIG puts `check` behind all arguments, so none of them can raise while the hook is on; polyshm_ruby_raise() takes it off, too. */
%typemap(check, noblock=1) int64_t timeout { polyshm_on_wait(polyshm_ruby_wait, NULL); }
%typemap(argout, noblock=1) int64_t timeout { polyshm_on_wait(NULL, NULL); }
