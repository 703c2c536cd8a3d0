/* own.i: what only Ruby has: IO::Buffer, and threads of its own. */
%{
#include <ruby/io/buffer.h>
%}

/* An IO::Buffer on the segment's own bytes. It keeps its segment, and with it the address range, alive. */
%typemap(in, numinputs=0, noblock=1) VALUE owner { $1 = self; }
%extend polyshm_segment {
  VALUE new_buffer(VALUE owner) {
    uint64_t address = 0;
    polyshm_status status = polyshm_segment_address($self, &address);
    if (status)
      polyshm_ruby_raise(status);
    enum rb_io_buffer_flags flags = RB_IO_BUFFER_EXTERNAL;
    if (polyshm_segment_readonly($self))
      flags |= RB_IO_BUFFER_READONLY;
    VALUE buffer = rb_io_buffer_new((void *)(uintptr_t)address, (size_t)polyshm_segment_size($self), flags);
    rb_ivar_set(buffer, rb_intern("polyshm_segment"), owner); /* no @: scripts cannot take it off */
    return buffer;
  }
}

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
