/*
 * wait.i: timeouts, and waits and long work that let Ruby live. SWIG would hold Ruby's lock through them: no other thread, Ctrl-C,
 * Timeout or Thread#raise until the end.
 *
 * A timeout is in seconds, Integer, Float or Rational; nil, or none, is for ever, 0 is a try. How a wait ended is a Symbol.
 */
%{
#include <ruby/thread.h>

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

static VALUE host_new_lock_outcome(host_context context, polyshm_lock_outcome outcome) {
  (void)context;
  return polyshm_ruby_lock_outcomes[outcome];
}

static VALUE host_new_wait_outcome(host_context context, polyshm_wait_outcome outcome) {
  (void)context;
  return polyshm_ruby_wait_outcomes[outcome];
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
