/*
 * status.i: what a call reports becomes a Ruby exception. SWIG would hand scripts a bare number.
 *
 * The system's failures are Errno::EEXIST, … as Ruby's own File raises them; misuse is one of Ruby's standard classes or
 * PolyShm::ClosedError, ReadOnlyError, CorruptError, KindError, IncompatibleError. Each is a PolyShm::Error as well, with #code.
 */
%{
#include <math.h>

typedef void *host_context; /* Ruby's functions want none */
typedef VALUE host_object;
#define HOST NULL

static VALUE polyshm_ruby_error, polyshm_ruby_closed_error, polyshm_ruby_read_only_error, polyshm_ruby_corrupt_error,
    polyshm_ruby_kind_error, polyshm_ruby_incompatible_error;

/* Every misuse has a class: a code added to the core's table does not compile until it has one here. */
#define POLYSHM_RUBY_CLASS_CLOSED polyshm_ruby_closed_error
#define POLYSHM_RUBY_CLASS_READONLY polyshm_ruby_read_only_error
#define POLYSHM_RUBY_CLASS_INDEX rb_eIndexError
#define POLYSHM_RUBY_CLASS_RANGE rb_eRangeError
#define POLYSHM_RUBY_CLASS_TYPE rb_eTypeError
#define POLYSHM_RUBY_CLASS_ARGUMENT rb_eArgError
#define POLYSHM_RUBY_CLASS_CORRUPT polyshm_ruby_corrupt_error
#define POLYSHM_RUBY_CLASS_KIND polyshm_ruby_kind_error
#define POLYSHM_RUBY_CLASS_INCOMPATIBLE polyshm_ruby_incompatible_error
#define POLYSHM_RUBY_CLASS_NOT_OWNER rb_eThreadError /* as Ruby's own Mutex has it */
#define POLYSHM_RUBY_CLASS_DEADLOCK rb_eThreadError

static VALUE polyshm_ruby_own_class(const char *name) {
  VALUE class = rb_define_class_under(mPolyShm, name, rb_eStandardError);
  rb_include_module(class, polyshm_ruby_error);
  return class;
}

static VALUE polyshm_ruby_exception(polyshm_status status, VALUE words) {
  switch (status) {
#define MISUSE(name, code, text)                                                                                       \
  case code:                                                                                                           \
    return rb_exc_new_str(POLYSHM_RUBY_CLASS_##name, words);
    POLYSHM_MISUSE_MAP(MISUSE)
#undef MISUSE
  default:
    return rb_syserr_new_str(polyshm_status_errno(status), words);
  }
}

/*
 * Ruby's exceptions jump, and nothing may jump over the core. So a callback catches what Ruby code in it throws
 * (rb_protect's tag), has the core return, and polyshm_ruby_raise() lets it go on from here.
 */
static _Thread_local int polyshm_ruby_caught;

NORETURN(static void polyshm_ruby_raise(polyshm_status status));

static void polyshm_ruby_raise(polyshm_status status) {
  int caught = polyshm_ruby_caught;
  polyshm_ruby_caught = 0;
  if (caught)
    rb_jump_tag(caught);
  VALUE exception = polyshm_ruby_exception(status, rb_utf8_str_new_cstr(polyshm_last_error()));
  rb_extend_object(exception, polyshm_ruby_error);
  rb_ivar_set(exception, rb_intern("@code"), rb_utf8_str_new_cstr(polyshm_status_name(status)));
  rb_exc_raise(exception);
}

/* Says what an object is, for the words of a TYPE error, without calling any of its methods. */
static const char *polyshm_ruby_kind(VALUE object) {
  if (NIL_P(object))
    return "nil";
  return object == Qtrue ? "true" : object == Qfalse ? "false" : rb_obj_classname(object);
}

static polyshm_status polyshm_ruby_type_error(const char *word, const char *needed, VALUE object) {
  return polyshm_fail(POLYSHM_TYPE, "%s: %s is needed, not %s", word, needed, polyshm_ruby_kind(object));
}
%}

%init %{
  polyshm_ruby_error = rb_define_module_under(mPolyShm, "Error");
  rb_define_attr(polyshm_ruby_error, "code", 1, 0);
  polyshm_ruby_closed_error = polyshm_ruby_own_class("ClosedError");
  polyshm_ruby_read_only_error = polyshm_ruby_own_class("ReadOnlyError");
  polyshm_ruby_corrupt_error = polyshm_ruby_own_class("CorruptError");
  polyshm_ruby_kind_error = polyshm_ruby_own_class("KindError");
  polyshm_ruby_incompatible_error = polyshm_ruby_own_class("IncompatibleError");
%}

%typemap(out, noblock=1) polyshm_status {
  if ($1)
    polyshm_ruby_raise($1);
  $result = Qnil;
}

%define %host_try(call)
do {
  polyshm_status status = call;
  if (status) polyshm_ruby_raise(status);
} while (0)
%enddef
%define %host_result(made) $result = made %enddef
%define %polyshm_expected_to_fail(call) %enddef /* Errno::ENOENT is what a program rescues */
