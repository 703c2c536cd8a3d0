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

static swig_class SwigClassSharedMemory, SwigClassView, SwigClassShareableList;

static VALUE polyshm_ruby_new_segment(polyshm_segment *segment) {
  VALUE object = SWIG_NewPointerObj(segment, SWIGTYPE_p_polyshm_segment, SWIG_POINTER_OWN);
  polyshm_ruby_count_memory(segment, 1);
  return object;
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

%typemap(in, noblock=1) polyshm_segment *, const polyshm_segment * {
  $1 = ($1_ltype)polyshm_ruby_handle($input, &SwigClassSharedMemory, "$1_name");
}
%typemap(in, noblock=1) polyshm_view *, const polyshm_view * {
  $1 = ($1_ltype)polyshm_ruby_handle($input, &SwigClassView, "$1_name");
}
%typemap(in, noblock=1) polyshm_list *, const polyshm_list * {
  $1 = ($1_ltype)polyshm_ruby_handle($input, &SwigClassShareableList, "$1_name");
}
%apply polyshm_segment * { struct polyshm_segment *self }
%apply polyshm_view * { struct polyshm_view *self }
%apply polyshm_list * { struct polyshm_list *self }

%typemap(in, numinputs=0, noblock=1) polyshm_segment **out (polyshm_segment *handle), polyshm_view **out (polyshm_view *handle),
                                    polyshm_list **out (polyshm_list *handle) {
  $1 = &handle;
}
%typemap(argout, noblock=1) polyshm_segment **out {
  $result = polyshm_ruby_new_segment(*$1);
}
%typemap(argout, noblock=1) polyshm_view **out {
  $result = SWIG_NewPointerObj(*$1, SWIGTYPE_p_polyshm_view, SWIG_POINTER_OWN);
}
%typemap(argout, noblock=1) polyshm_list **out { $result = polyshm_ruby_new_list(*$1); }

%exception polyshm_segment::close %{
  polyshm_ruby_count_memory(arg1, -1);
  $action
%}

%predicate polyshm_segment::closed;
%predicate polyshm_segment::readonly;
%predicate polyshm_segment::stale;
%predicate polyshm_view::closed;
%predicate polyshm_list::closed;
