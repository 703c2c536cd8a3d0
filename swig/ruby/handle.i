/*
 * handle.i: receivers and other handles, and handles that a call returns. SWIG's own check looks an instance variable up
 * by name at each call (five times the cost of the whole call) and lets nil through as NULL.
 *
 * Ruby itself guards the rest: the classes have no allocator, so there is no `allocate`, `dup` or Marshal.load of them, and
 * the core's handle stays until Ruby has freed the object.
 */
%{
/*
 * What an object holds. Ruby's collector runs when much was allocated, and knows only of its own: it is told of what handles keep,
 * or dropped ones would keep their memory, and take mappings of which a process has some ten thousand, for ages. What it was told
 * stands beside the handle: told of less at the end than of more before, it would forget what else was allocated.
 */
typedef struct polyshm_ruby_handle {
  void *object;
  const polyshm_class *class;
  ssize_t told; /* bytes, or what it is told of elsewhere */
} polyshm_ruby_handle;
enum { POLYSHM_RUBY_ELSEWHERE = -1 };

/* A lock, a semaphore or an event has a page mapped, and most have one more for the sign of life. */
#define HOST_SMALL_WEIGHT (2 * polyshm_page_size())

static void polyshm_ruby_tell(polyshm_ruby_handle *handle) {
  if (handle->told == POLYSHM_RUBY_ELSEWHERE)
    return;
  const ssize_t bytes = handle->class->closed(handle->object) ? 0 : (ssize_t)handle->class->weight(handle->object);
  const ssize_t before = handle->told;
  handle->told = bytes;
  rb_gc_adjust_memory_usage(bytes - before);
}

static void polyshm_ruby_free(polyshm_ruby_handle *handle) {
  if (handle->told > 0)
    rb_gc_adjust_memory_usage(-handle->told);
  handle->class->free(handle->object);
  free(handle);
}

/* Our objects are known by the function that frees them, which no other object has. */
static inline polyshm_status polyshm_ruby_behind(VALUE object, const swig_type_info *type, void (*free)(void *), const char *word,
                                                 void **behind) {
  const swig_class *class = type->clientdata;
#if SWIG_VERSION < 0x040500
  if (RB_TYPE_P(object, T_DATA) && RDATA(object)->dfree == free) {
    *behind = ((const polyshm_ruby_handle *)RDATA(object)->data)->object;
    return POLYSHM_OK;
  }
#else /* typed data; without a type to look for, SWIG is fast */
  void *handle = NULL;
  (void)free;
  if (RTEST(rb_obj_is_kind_of(object, class->klass)) && SWIG_ConvertPtr(object, &handle, NULL, 0) == SWIG_OK && handle) {
    *behind = ((const polyshm_ruby_handle *)handle)->object;
    return POLYSHM_OK;
  }
#endif
  return polyshm_ruby_type_error(word, rb_class2name(class->klass), object);
}

/* What an object of any of our classes holds, or NULL. */
static const polyshm_ruby_handle *polyshm_ruby_ours(VALUE object) {
  void *behind;
  for (swig_type_info **type = swig_types; *type; type++)
    if ((*type)->clientdata &&
        !polyshm_ruby_behind(object, *type, ((const swig_class *)(*type)->clientdata)->destroy, "", &behind))
      return DATA_PTR(object);
  return NULL;
}

typedef struct polyshm_ruby_birth {
  polyshm_ruby_handle *handle;
  swig_type_info *type;
} polyshm_ruby_birth;

static VALUE polyshm_ruby_give_birth(VALUE argument) {
  const polyshm_ruby_birth *birth = (const polyshm_ruby_birth *)argument;
  return SWIG_NewPointerObj(birth->handle, birth->type, SWIG_POINTER_OWN);
}

/* A new object. What a class that inherits from ours makes is of that class: `self` of its verbs. SWIG knows one class for each
 * type, and an object's class cannot be changed later, as Ruby keeps instance variables by class. No Ruby runs in between.
 * What weighs nothing is a part of what made it, and keeps that: a view its segment. */
static VALUE polyshm_ruby_new(VALUE self, void *object, swig_type_info *type, const polyshm_class *class) {
  polyshm_ruby_birth birth = {malloc(sizeof(polyshm_ruby_handle)), type};
  if (!birth.handle) {
    class->free(object);
    rb_memerror();
  }
  *birth.handle = (polyshm_ruby_handle){object, class, class->weighs ? 0 : POLYSHM_RUBY_ELSEWHERE};
  swig_class *usual = type->clientdata;
  const VALUE usual_class = usual->klass;
  if (RB_TYPE_P(self, T_CLASS) && RTEST(rb_class_inherited_p(self, usual_class)))
    usual->klass = self;
  int failed;
  const VALUE made = rb_protect(polyshm_ruby_give_birth, (VALUE)&birth, &failed);
  usual->klass = usual_class;
  if (failed)
    rb_jump_tag(failed);
  if (!class->weighs)
    rb_ivar_set(made, rb_intern("polyshm_maker"), self);
  polyshm_ruby_tell(birth.handle);
  return made;
}

/* Where no more files may be open, or no more mapped, dropped handles are collected, as Ruby's File does it, and the call is worth
 * a second try. */
static bool polyshm_ruby_collected(polyshm_status status) {
  if (status != POLYSHM_EMFILE && status != POLYSHM_ENOMEM)
    return false;
  rb_funcall(rb_mGC, rb_intern("start"), 0); /* rb_gc() would leave them to be freed later */
  return true;
}

static const polyshm_class polyshm_class_p_polyshm_list, polyshm_class_p_polyshm_segment;

/* A list has its SharedMemory from the start, and only one: that counts the memory, and frees its IO::Buffer at close. */
static VALUE polyshm_ruby_new_list(VALUE self, polyshm_list *list) {
  VALUE object = polyshm_ruby_new(self, list, SWIGTYPE_p_polyshm_list, &polyshm_class_p_polyshm_list);
  polyshm_ruby_handle *handle = DATA_PTR(object);
  rb_gc_adjust_memory_usage(-handle->told);
  handle->told = POLYSHM_RUBY_ELSEWHERE;
  polyshm_segment *segment;
  polyshm_status status = polyshm_list_segment(list, &segment);
  if (status)
    polyshm_ruby_raise(status);
  rb_ivar_set(object, rb_intern("@shm"),
              polyshm_ruby_new(Qnil, segment, SWIGTYPE_p_polyshm_segment, &polyshm_class_p_polyshm_segment));
  return object;
}

/* FACTS: an Array with a row for each that the api files tell: type, fact, word, number. */
#define HOST_TELL(type, fact, word, number) polyshm_ruby_tell_fact(type, fact, word, number)
#define POLYSHM_ABSENT INT64_MIN /* an option without a default */

static void polyshm_ruby_tell_fact(const char *type, const char *fact, const char *word, int64_t number) {
  const ID name = rb_intern("FACTS");
  if (!rb_const_defined(mPolyShm, name))
    rb_const_set(mPolyShm, name, rb_ary_new());
  VALUE row[] = {ID2SYM(rb_intern(type)), ID2SYM(rb_intern(fact)), ID2SYM(rb_intern(word)),
                 number == POLYSHM_ABSENT ? Qnil : POLYSHM_RUBY_INT64(number)};
  rb_ary_push(rb_const_get(mPolyShm, name), rb_ary_new_from_values(4, row));
}
%}

%typemap(in, noblock=1) SWIGTYPE * (void *behind), const SWIGTYPE * (void *behind) {
  %host_try(polyshm_ruby_behind($input, $1_descriptor, polyshm_ruby_free$1_mangle, "$1_name", &behind));
  $1 = behind;
}
%typemap(in, numinputs=0, noblock=1) SWIGTYPE **out ($*1_ltype made = NULL) { $1 = &made; }
%typemap(argout, noblock=1) SWIGTYPE **out {
  $result = polyshm_ruby_new(self, *$1, $*1_descriptor, &polyshm_class$*1_mangle);
}
%typemap(argout, noblock=1) polyshm_list **out { $result = polyshm_ruby_new_list(self, *$1); }

%define %host_class(type, Name)
%{
static void delete_polyshm_##type(polyshm_##type *handle) { polyshm_ruby_free((polyshm_ruby_handle *)handle); }
static void free_polyshm_##type(void *); /* SWIG's own, which calls that one */
static void (*const polyshm_ruby_free_p_polyshm_##type)(void *) = free_polyshm_##type;
%}
%rename(Name) polyshm_##type;
%polyshm_weighs_anew(polyshm_##type::close)
%enddef

%define %polyshm_weighs_anew(call)
%typemap(out, noblock=1) polyshm_status call {
  polyshm_ruby_tell(DATA_PTR(self));
  if ($1)
    polyshm_ruby_raise($1);
  $result = Qnil;
}
%enddef

%define %polyshm_sequence(type)
%polyshm_tell(type, "sequence", "", 0)
%enddef

%rename("and") polyshm_view::and; /* behind a dot Ruby takes keywords */
%rename("or") polyshm_view::or;
