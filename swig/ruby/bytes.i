/*
 * bytes.i: names and bytes. SWIG cuts both at the first NUL.
 *
 * A String's bytes are taken as they are, whatever its encoding. Bytes come out as ASCII-8BIT, names as UTF-8. Only a String
 * is taken: nothing is asked for to_str, so no code of a script's runs inside a call.
 */
%{
/* The string that a call uses, kept by being on the C stack, whose strings Ruby's collector neither frees nor moves. */
typedef VALUE host_text;
#define HOST_NO_TEXT Qnil
#define host_free_text(text) RB_GC_GUARD(*(text))

/* A String as C's, or NULL for nil. It is a copy: other threads may change theirs while a wait has let them run, and the collector
 * moves what several Strings share. */
static polyshm_status host_to_text(host_context context, VALUE object, const char *word, host_text *text, char **out) {
  (void)context;
  *out = NULL;
  if (NIL_P(object))
    return POLYSHM_OK;
  if (!RB_TYPE_P(object, T_STRING))
    return polyshm_ruby_type_error(word, "a String", object);
  if (memchr(RSTRING_PTR(object), 0, (size_t)RSTRING_LEN(object)))
    return polyshm_fail(POLYSHM_ARGUMENT, "%s: a NUL is in \"%s\"", word, RSTRING_PTR(object));
  *text = rb_str_new(RSTRING_PTR(object), RSTRING_LEN(object));
  *out = rb_string_value_cstr(text);
  return POLYSHM_OK;
}

/* Many bytes are written while other threads run, which may change their String. */
static polyshm_status host_to_bytes(host_context context, VALUE object, const char *word, host_text *bytes, void **data,
                                    int64_t *length) {
  (void)context;
  if (!RB_TYPE_P(object, T_STRING))
    return polyshm_ruby_type_error(word, "a String", object);
  *bytes = RSTRING_LEN(object) > POLYSHM_LARGE ? rb_str_new_frozen(object) : object;
  *data = RSTRING_PTR(*bytes);
  *length = RSTRING_LEN(*bytes);
  return POLYSHM_OK;
}

static VALUE host_new_text(host_context context, const char *text) {
  (void)context;
  return rb_utf8_str_new_cstr(text);
}

static polyshm_hooked polyshm_ruby_hook(void);
static void polyshm_ruby_unhook(polyshm_hooked before);

/* A range as a String of its own. Nobody can close the segment between the call and the copy of a few: Ruby's lock is held. A long
 * one is read again, while other threads run; Ruby sees it when it is whole. */
static polyshm_status host_new_shared(host_context context, const polyshm_segment *segment, int64_t offset, int64_t length,
                                      const void *borrowed, VALUE *made) {
  (void)context;
  if (length <= POLYSHM_LARGE) {
    *made = rb_str_new(borrowed, (long)length);
    return POLYSHM_OK;
  }
  VALUE bytes = rb_str_tmp_new((long)length);
  const polyshm_hooked before = polyshm_ruby_hook();
  polyshm_status status = polyshm_segment_read(segment, offset, RSTRING_PTR(bytes), length);
  polyshm_ruby_unhook(before);
  if (status)
    rb_str_resize(bytes, 0);
  else
    *made = rb_obj_reveal(bytes, rb_cString);
  return status;
}
%}
