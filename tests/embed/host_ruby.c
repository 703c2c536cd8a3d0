/* host_ruby.c: the half of host.h that is Ruby's. A process has one Ruby, once. */
#include <ruby.h>

#include <stdio.h>
#include <stdlib.h>

#include "host.h"

const bool host_many = false;
bool (*const host_end_waiting)(void *interpreter) =
    NULL; /* a Ruby that ends ends its threads' waits: own_and_wait */

static int failed_end;

void host_begin(const char *program) {
  (void)program;
}

static bool told(int failed) {
  if (!failed)
    return true;
  VALUE error = rb_errinfo();
  rb_set_errinfo(Qnil);
  VALUE text = rb_funcall(error, rb_intern("full_message"), 0);
  (void)fprintf(stderr, "%s\n", StringValueCStr(text));
  return false;
}

static VALUE load(VALUE path) {
  rb_load(path, 0);
  return Qnil;
}

static VALUE call(VALUE function) {
  return rb_funcall(rb_const_get(rb_cObject, rb_intern("Host")), (ID)function, 0);
}

void *host_open(const char *script) {
  int failed = 0;
  static char *words[] = {"host", "-e", "", NULL};
  if (ruby_setup())
    return NULL;
  (void)ruby_options(3, words);
  (void)rb_protect(load, rb_str_new_cstr(script), &failed);
  return told(failed) ? words : NULL;
}

bool host_call(void *interpreter, const char *function) {
  int failed = 0;
  (void)interpreter;
  (void)rb_protect(call, (VALUE)rb_intern(function), &failed);
  return told(failed);
}

void host_close(void *interpreter) {
  (void)interpreter;
  failed_end = ruby_cleanup(0);
}

_Noreturn void host_exit(void) {
  exit(failed_end);
}
