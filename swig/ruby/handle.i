/*
 * handle.i: receivers and other handles, and handles that a call returns. SWIG's own check looks an instance variable up
 * by name at each call (five times the cost of the whole call) and lets nil through as NULL.
 *
 * Ruby itself guards the rest: the classes have no allocator, so there is no `allocate`, `dup` or Marshal.load of them, and
 * the core's handle stays until Ruby has freed the object.
 */
%{
static inline void *polyshm_ruby_handle(VALUE object, VALUE class, const char *word) {
  void *handle = NULL;
  /* No type is asked of SWIG: the class says it all. Not DATA_PTR, which SWIG 4.5 breaks. */
  if (!RTEST(rb_obj_is_kind_of(object, class)) || SWIG_ConvertPtr(object, &handle, NULL, 0) != SWIG_OK || !handle)
    polyshm_ruby_type_error(word, rb_class2name(class), object);
  return handle;
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

static swig_class SwigClassSharedMemory, SwigClassView;
%}

%typemap(in, noblock=1) polyshm_segment *, const polyshm_segment * {
  $1 = ($1_ltype)polyshm_ruby_handle($input, SwigClassSharedMemory.klass, "$1_name");
}
%typemap(in, noblock=1) polyshm_view *, const polyshm_view * {
  $1 = ($1_ltype)polyshm_ruby_handle($input, SwigClassView.klass, "$1_name");
}
%apply polyshm_segment * { struct polyshm_segment *self }
%apply polyshm_view * { struct polyshm_view *self }

%typemap(in, numinputs=0, noblock=1) polyshm_segment **out (polyshm_segment *handle), polyshm_view **out (polyshm_view *handle) {
  $1 = &handle;
}
%typemap(argout, noblock=1) polyshm_segment **out {
  $result = SWIG_NewPointerObj(*$1, SWIGTYPE_p_polyshm_segment, SWIG_POINTER_OWN);
  polyshm_ruby_count_memory(*$1, 1);
}
%typemap(argout, noblock=1) polyshm_view **out {
  $result = SWIG_NewPointerObj(*$1, SWIGTYPE_p_polyshm_view, SWIG_POINTER_OWN);
}

%exception polyshm_segment::close %{
  polyshm_ruby_count_memory(arg1, -1);
  $action
%}

%predicate polyshm_segment::closed;
%predicate polyshm_segment::readonly;
%predicate polyshm_segment::stale;
%predicate polyshm_view::closed;
