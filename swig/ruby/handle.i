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

typedef struct polyshm_ruby_birth {
  void *handle;
  swig_type_info *type;
} polyshm_ruby_birth;

static VALUE polyshm_ruby_give_birth(VALUE argument) {
  const polyshm_ruby_birth *birth = (const polyshm_ruby_birth *)argument;
  return SWIG_NewPointerObj(birth->handle, birth->type, SWIG_POINTER_OWN);
}

/* A new object. What a class that inherits from ours makes is of that class: `self` of its verbs. SWIG knows one class for each
 * type, and an object's class cannot be changed later, as Ruby keeps instance variables by class. No Ruby runs in between. */
static VALUE polyshm_ruby_new(VALUE self, void *handle, swig_type_info *type) {
  polyshm_ruby_birth birth = {handle, type};
  swig_class *class = type->clientdata;
  const VALUE usual = class->klass;
  if (!RB_TYPE_P(self, T_CLASS) || self == usual || !RTEST(rb_class_inherited_p(self, usual)))
    return polyshm_ruby_give_birth((VALUE)&birth);
  int failed;
  class->klass = self;
  const VALUE object = rb_protect(polyshm_ruby_give_birth, (VALUE)&birth, &failed);
  class->klass = usual;
  if (failed)
    rb_jump_tag(failed);
  return object;
}

/*
 * Ruby's collector runs when much was allocated, and knows only of its own: it is told of what handles keep, or dropped ones
 * would keep their memory, and take mappings of which a process has some ten thousand, for ages. What it was told of an open
 * segment stands beside the handle: told of less at the end than of more before, it would forget what else was allocated.
 */
typedef struct polyshm_ruby_segment {
  polyshm_segment *segment;
  ssize_t told;
} polyshm_ruby_segment;

static void polyshm_ruby_tell(polyshm_ruby_segment *handle) {
  const ssize_t bytes = polyshm_segment_closed(handle->segment) ? 0 : (ssize_t)polyshm_segment_size(handle->segment);
  const ssize_t before = handle->told;
  handle->told = bytes;
  rb_gc_adjust_memory_usage(bytes - before);
}

static void polyshm_ruby_free_segment(void *argument) {
  polyshm_ruby_segment *handle = argument;
  rb_gc_adjust_memory_usage(-handle->told);
  polyshm_segment_free(handle->segment);
  free(handle);
}
#undef delete_polyshm_segment
#define delete_polyshm_segment polyshm_ruby_free_segment

static VALUE polyshm_ruby_new_segment(VALUE self, polyshm_segment *segment) {
  polyshm_ruby_segment *handle = malloc(sizeof *handle);
  if (!handle) {
    polyshm_segment_free(segment);
    rb_memerror();
  }
  *handle = (polyshm_ruby_segment){segment, 0};
  VALUE object = polyshm_ruby_new(self, handle, SWIGTYPE_p_polyshm_segment);
  polyshm_ruby_tell(handle);
  return object;
}

/* A lock, a semaphore or an event has a page mapped, and most have one more for the sign of life. */
#define POLYSHM_RUBY_SMALL ((ssize_t)(2 * polyshm_page_size()))

static VALUE polyshm_ruby_new_small(VALUE self, void *handle, swig_type_info *type) {
  VALUE object = polyshm_ruby_new(self, handle, type);
  rb_gc_adjust_memory_usage(POLYSHM_RUBY_SMALL);
  return object;
}

#define FREE_SMALL(type)                                                                                               \
  static void polyshm_ruby_free_##type(polyshm_##type *handle) {                                                       \
    rb_gc_adjust_memory_usage(-POLYSHM_RUBY_SMALL);                                                                    \
    polyshm_##type##_free(handle);                                                                                     \
  }
FREE_SMALL(lock)
FREE_SMALL(semaphore)
FREE_SMALL(event)
#undef FREE_SMALL
#undef delete_polyshm_lock
#undef delete_polyshm_semaphore
#undef delete_polyshm_event
#define delete_polyshm_lock polyshm_ruby_free_lock
#define delete_polyshm_semaphore polyshm_ruby_free_semaphore
#define delete_polyshm_event polyshm_ruby_free_event

/* Where no more files may be open, or no more mapped, dropped handles are collected, as Ruby's File does it, and the call is worth
 * a second try. */
static bool polyshm_ruby_collected(polyshm_status status) {
  if (status != POLYSHM_EMFILE && status != POLYSHM_ENOMEM)
    return false;
  rb_funcall(rb_mGC, rb_intern("start"), 0); /* rb_gc() would leave them to be freed later */
  return true;
}

/* A list has its SharedMemory from the start, and only one: that counts the memory, and frees its IO::Buffer at close. */
static VALUE polyshm_ruby_new_list(VALUE self, polyshm_list *list) {
  VALUE object = polyshm_ruby_new(self, list, SWIGTYPE_p_polyshm_list);
  polyshm_segment *segment;
  polyshm_status status = polyshm_list_segment(list, &segment);
  if (status)
    polyshm_ruby_raise(status);
  rb_ivar_set(object, rb_intern("@shm"), polyshm_ruby_new_segment(Qnil, segment));
  return object;
}
%}

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
%enddef

POLYSHM_RUBY_CLASS(polyshm_segment, SharedMemory)
POLYSHM_RUBY_CLASS(polyshm_view, View)
POLYSHM_RUBY_CLASS(polyshm_list, ShareableList)
POLYSHM_RUBY_CLASS(polyshm_lock, Lock)
POLYSHM_RUBY_CLASS(polyshm_semaphore, Semaphore)
POLYSHM_RUBY_CLASS(polyshm_event, Event)
%typemap(in, noblock=1) polyshm_segment *, const polyshm_segment * {
  $1 = ((polyshm_ruby_segment *)polyshm_ruby_handle($input, &SwigClassSharedMemory, "$1_name"))->segment;
}
%apply polyshm_segment * { struct polyshm_segment *self }

%typemap(argout, noblock=1) polyshm_segment **out { $result = polyshm_ruby_new_segment(self, *$1); }
%typemap(argout, noblock=1) polyshm_list **out { $result = polyshm_ruby_new_list(self, *$1); }
%typemap(argout, noblock=1) polyshm_lock **out, polyshm_semaphore **out, polyshm_event **out {
  $result = polyshm_ruby_new_small(self, *$1, $*1_descriptor);
}
/* A view keeps the segment's memory, of which its object tells the collector. */
%typemap(argout, noblock=1) polyshm_view **out {
  $result = SWIG_NewPointerObj(*$1, $*1_descriptor, SWIG_POINTER_OWN);
  rb_ivar_set($result, rb_intern("polyshm_segment"), self);
}

%typemap(out, noblock=1) polyshm_status polyshm_segment::resize, polyshm_status polyshm_segment::refresh,
                         polyshm_status polyshm_segment::close {
  polyshm_ruby_tell(DATA_PTR(self));
  if ($1)
    polyshm_ruby_raise($1);
  $result = Qnil;
}

%rename("readonly?") polyshm_segment::readonly;
%rename("owned?") polyshm_lock::owned;
%rename("locked?") polyshm_lock::locked;
%rename("dirty?") polyshm_lock::dirty;
%rename("set?") polyshm_event::is_set;
%rename("and") polyshm_view::and; /* behind a dot Ruby takes keywords */
%rename("or") polyshm_view::or;
