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

/*
 * The end of Ruby's threads. A thread that ends while it owns a lock is dead for that lock; but Ruby runs its threads one
 * after the other on few of the system's, of whose ends alone the core hears by itself.
 *
 * From 3.2 on Ruby tells when a thread ends, however it does. Before, it tells only of those that run to their end, so the facade
 * (thread_end.rb) has each thread's block run in the one made here.
 */
%{
#if defined(RUBY_INTERNAL_THREAD_EVENT_EXITED)
#define POLYSHM_RUBY_HEARS_OF_ENDS true

static void polyshm_ruby_thread_ended(rb_event_flag_t event, const rb_internal_thread_event_data_t *data, void *unused) {
  (void)event;
  (void)data;
  (void)unused;
  polyshm_thread_end();
}

static void polyshm_ruby_watch_threads(void) {
  (void)rb_internal_thread_add_event_hook(polyshm_ruby_thread_ended, RUBY_INTERNAL_THREAD_EVENT_EXITED, NULL);
}
#else
#define POLYSHM_RUBY_HEARS_OF_ENDS false
static void polyshm_ruby_watch_threads(void) {}
#endif

typedef struct polyshm_ruby_block_call {
  VALUE block;
  int argc;
  const VALUE *argv;
} polyshm_ruby_block_call;

static VALUE polyshm_ruby_call_block(VALUE argument) {
  const polyshm_ruby_block_call *call = (const polyshm_ruby_block_call *)argument;
  VALUE arguments = rb_ary_new_from_values(call->argc, call->argv);
  return rb_proc_call_kw(call->block, arguments, rb_keyword_given_p() ? RB_PASS_KEYWORDS : RB_NO_KEYWORDS);
}

static VALUE polyshm_ruby_end_thread(VALUE unused) {
  polyshm_thread_end();
  return unused;
}

static VALUE polyshm_ruby_thread_body(RB_BLOCK_CALL_FUNC_ARGLIST(first, block)) {
  polyshm_ruby_block_call call = {block, argc, argv};
  (void)first;
  (void)blockarg;
  return rb_ensure(polyshm_ruby_call_block, (VALUE)&call, polyshm_ruby_end_thread, Qnil);
}

/* A Proc that does what the block does, and then ends the thread for the core. */
static VALUE polyshm_ruby_ending(VALUE self, VALUE block) {
  (void)self;
  return rb_proc_new(polyshm_ruby_thread_body, block);
}
%}

%init %{
  polyshm_ruby_watch_threads();
  rb_define_const(mPolyShm, "HEARS_OF_ENDS", POLYSHM_RUBY_HEARS_OF_ENDS ? Qtrue : Qfalse);
  rb_define_module_function(mPolyShm, "ending", polyshm_ruby_ending, 1);
%}
