/*
 * handle.i: receivers and other handles, and handles that a call returns. SWIG's own check looks an instance variable up
 * by name at each call (five times the cost of the whole call) and lets nil through as NULL.
 *
 * Ruby itself guards the rest: the classes have no allocator, so there is no `allocate`, `dup` or Marshal.load of them, and
 * the core's handle stays until Ruby has freed the object.
 */
%{
/* Our objects are known by the function that frees them, which no other object has. */
static inline void *polyshm_ruby_handle(VALUE object, const swig_class *class, const char *word) {
#if SWIG_VERSION < 0x040500
  if (RB_TYPE_P(object, T_DATA) && RDATA(object)->dfree == class->destroy)
    return RDATA(object)->data;
#else /* typed data; without a type to look for, SWIG is fast */
  void *handle = NULL;
  if (RTEST(rb_obj_is_kind_of(object, class->klass)) && SWIG_ConvertPtr(object, &handle, NULL, 0) == SWIG_OK && handle)
    return handle;
#endif
  polyshm_ruby_type_error(word, rb_class2name(class->klass), object);
}

/* Ruby's collector runs when much was allocated, and knows only of its own: it is told of an open segment's bytes, or
 * dropped handles would keep their memory for ages. */
static void polyshm_ruby_count_memory(const polyshm_segment *segment, int sign) {
  if (!polyshm_segment_closed(segment))
    rb_gc_adjust_memory_usage(sign * (ssize_t)polyshm_segment_size(segment));
}

static void polyshm_ruby_free_segment(polyshm_segment *segment) {
  polyshm_ruby_count_memory(segment, -1);
  polyshm_segment_free(segment);
}
#undef delete_polyshm_segment
#define delete_polyshm_segment polyshm_ruby_free_segment

static VALUE polyshm_ruby_new_segment(polyshm_segment *segment) {
  VALUE object = SWIG_NewPointerObj(segment, SWIGTYPE_p_polyshm_segment, SWIG_POINTER_OWN);
  polyshm_ruby_count_memory(segment, 1);
  return object;
}

/* The handle of a lock or a semaphore has a file open. Where no more may be, dropped handles are collected, as Ruby's
 * File does it, and the call is worth a second try. */
static bool polyshm_ruby_collected(polyshm_status status) {
  if (status == POLYSHM_EMFILE)
    rb_funcall(rb_mGC, rb_intern("start"), 0); /* rb_gc() would leave them to be freed later */
  return status == POLYSHM_EMFILE;
}

/* A list has its SharedMemory from the start, and only one: that counts the memory, and frees its IO::Buffer at close. */
static VALUE polyshm_ruby_new_list(polyshm_list *list) {
  VALUE object = SWIG_NewPointerObj(list, SWIGTYPE_p_polyshm_list, SWIG_POINTER_OWN);
  polyshm_segment *segment;
  polyshm_status status = polyshm_list_segment(list, &segment);
  if (status)
    polyshm_ruby_raise(status);
  rb_ivar_set(object, rb_intern("@shm"), polyshm_ruby_new_segment(segment));
  return object;
}
%}

/* For calls that open a file, be it for a moment. */
%define POLYSHM_RUBY_OPENS_FILES(call)
%exception call %{
  $action
  if (polyshm_ruby_collected(result)) {
    $action
  }
%}
%enddef

%define POLYSHM_RUBY_CLASS(type, Class)
%{
static swig_class SwigClass##Class;
%}
%typemap(in, noblock=1) type *, const type * {
  $1 = ($1_ltype)polyshm_ruby_handle($input, &SwigClass##Class, "$1_name");
}
%apply type * { struct type *self }
%typemap(in, numinputs=0, noblock=1) type **out (type *handle) { $1 = &handle; }
%typemap(argout, noblock=1) type **out { $result = SWIG_NewPointerObj(*$1, $*1_descriptor, SWIG_POINTER_OWN); }
%rename("closed?") type::closed; /* %predicate would leave a status unlooked at */
%rename("stale?") type::stale;
POLYSHM_RUBY_OPENS_FILES(type##_create)
POLYSHM_RUBY_OPENS_FILES(type##_open)
%enddef

POLYSHM_RUBY_CLASS(polyshm_segment, SharedMemory)
POLYSHM_RUBY_CLASS(polyshm_view, View)
POLYSHM_RUBY_CLASS(polyshm_list, ShareableList)
POLYSHM_RUBY_CLASS(polyshm_lock, Lock)
POLYSHM_RUBY_CLASS(polyshm_semaphore, Semaphore)
POLYSHM_RUBY_CLASS(polyshm_event, Event)
POLYSHM_RUBY_OPENS_FILES(polyshm_segment::resize)
POLYSHM_RUBY_OPENS_FILES(polyshm_segment::refresh)
POLYSHM_RUBY_OPENS_FILES(polyshm_segment::lock)
POLYSHM_RUBY_OPENS_FILES(polyshm_each_segment)

%typemap(argout, noblock=1) polyshm_segment **out { $result = polyshm_ruby_new_segment(*$1); }
%typemap(argout, noblock=1) polyshm_list **out { $result = polyshm_ruby_new_list(*$1); }

%exception polyshm_segment::close %{
  polyshm_ruby_count_memory(arg1, -1);
  $action
%}

%rename("readonly?") polyshm_segment::readonly;
%rename("owned?") polyshm_lock::owned;
%rename("locked?") polyshm_lock::locked;
%rename("dirty?") polyshm_lock::dirty;
%rename("set?") polyshm_event::is_set;
%rename("and") polyshm_view::and; /* behind a dot Ruby takes keywords */
%rename("or") polyshm_view::or;
