/*
 * bytes.i: names and bytes. SWIG cuts both at the first NUL.
 *
 * A String's bytes are taken as they are, whatever its encoding. Bytes come out as ASCII-8BIT, names as UTF-8. Only a String
 * is taken: nothing is asked for to_str, so no code of a script's runs inside a call.
 */
%{
#include <ruby/io/buffer.h>

/* A String as C's, or NULL for nil. *text becomes the string that holds it, a copy: other threads may change theirs while a wait
 * has let them run, and the collector moves what several Strings share. It moves nothing that the C stack points at. */
static const char *polyshm_ruby_cstr(VALUE *text, const char *word) {
  if (NIL_P(*text))
    return NULL;
  if (!RB_TYPE_P(*text, T_STRING))
    polyshm_ruby_type_error(word, "a String", *text);
  if (memchr(RSTRING_PTR(*text), 0, (size_t)RSTRING_LEN(*text)))
    polyshm_ruby_raise(polyshm_fail(POLYSHM_ARGUMENT, "%s: a NUL is in \"%s\"", word, RSTRING_PTR(*text)));
  *text = rb_str_new(RSTRING_PTR(*text), RSTRING_LEN(*text));
  return rb_string_value_cstr(text);
}
%}

%typemap(in, noblock=1) const char * (VALUE text) {
  text = $input;
  $1 = ($1_ltype)polyshm_ruby_cstr(&text, "$1_name");
}
%typemap(freearg, noblock=1) const char * { RB_GC_GUARD(text$argnum); }
%typemap(out, noblock=1) const char * { $result = rb_utf8_str_new_cstr($1); }

/* Many bytes are written while other threads run, which may change their String. */
%typemap(in, noblock=1) (const void *data, int64_t length) (VALUE bytes) {
  bytes = $input;
  if (!RB_TYPE_P(bytes, T_STRING))
    polyshm_ruby_type_error("$1_name", "a String", bytes);
  if (RSTRING_LEN(bytes) > POLYSHM_LARGE)
    bytes = rb_str_new_frozen(bytes);
  $1 = RSTRING_PTR(bytes);
  $2 = RSTRING_LEN(bytes);
}
%typemap(freearg, noblock=1) (const void *data, int64_t length) { RB_GC_GUARD(bytes$argnum); }

/* Nobody can close the segment between the call and the copy of a few: Ruby's lock is held. */
%typemap(in, noblock=1) (int64_t length, const void **data) (const void *borrowed) {
  $1 = polyshm_ruby_int64($input, "$1_name");
  $2 = ($2_ltype)&borrowed;
}
%typemap(argout, noblock=1) (int64_t length, const void **data) {
  $result = polyshm_ruby_read(arg1, arg2, $1, *$2);
}

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
