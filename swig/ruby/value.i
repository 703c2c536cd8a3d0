/*
 * value.i: dtypes, polyshm_value and lists as Ruby's own objects. SWIG knows none of them.
 *
 * nil, true, false, Integer, Float and String become what they are, to the last bit; everything else is TYPE. An Integer
 * beyond uint64 is RANGE. A String in ASCII-8BIT is bytes, any other is text, and is transcoded if it is not in UTF-8 already.
 * dtypes are Symbols, and Strings are taken too. Lists are Arrays.
 */
%{
#include <ruby/encoding.h>

/* ---- dtypes ---- */

static VALUE polyshm_ruby_dtypes[POLYSHM_DTYPE_COUNT];

static polyshm_status host_dtype(host_context context, VALUE name, polyshm_dtype *dtype) {
  for (*dtype = 0; *dtype < POLYSHM_DTYPE_COUNT; (*dtype)++)
    if (name == polyshm_ruby_dtypes[*dtype])
      return POLYSHM_OK;
  VALUE object = SYMBOL_P(name) ? rb_sym2str(name) : name;
  if (!RB_TYPE_P(object, T_STRING))
    return polyshm_ruby_type_error("dtype", "a Symbol or String", name);
  char *word;
  host_text text = HOST_NO_TEXT;
  polyshm_status status = host_to_text(context, object, "dtype", &text, &word);
  if (!status)
    status = polyshm_dtype_from_name(word, dtype);
  host_free_text(&text);
  return status;
}

static VALUE host_new_dtype(host_context context, polyshm_dtype dtype) {
  (void)context;
  return polyshm_ruby_dtypes[dtype];
}

/* ---- values ---- */

/* The object that a value points into, kept by being on the C stack. */
typedef VALUE host_hold;
#define HOST_NOTHING_HELD Qnil
#define host_let_go(hold) RB_GC_GUARD(*(hold))

/* Text in another encoding becomes a String in UTF-8; other objects stay. This may run Ruby code, which loads encodings. */
static polyshm_status polyshm_ruby_transcode(VALUE *object) {
  if (RB_SPECIAL_CONST_P(*object) || RB_BUILTIN_TYPE(*object) != T_STRING)
    return POLYSHM_OK;
  const int encoding = rb_enc_get_index(*object);
  if (encoding == rb_utf8_encindex() || encoding == rb_usascii_encindex() || encoding == rb_ascii8bit_encindex())
    return POLYSHM_OK;
  VALUE text = rb_str_conv_enc(*object, rb_enc_from_index(encoding), rb_utf8_encoding());
  if (rb_enc_get_index(text) != rb_utf8_encindex()) /* what it cannot convert it gives back */
    return polyshm_fail(POLYSHM_ARGUMENT, "this text in %s cannot be had in UTF-8",
                        rb_enc_name(rb_enc_from_index(encoding)));
  *object = text;
  return POLYSHM_OK;
}

/* Strings are in an encoding that polyshm_ruby_transcode() leaves. */
static polyshm_status polyshm_ruby_to_other_value(VALUE object, polyshm_value *value) {
  value->type = POLYSHM_TYPE_NONE;
  switch (rb_type(object)) {
  case T_NIL:
    return POLYSHM_OK;
  case T_TRUE:
  case T_FALSE:
    value->type = POLYSHM_TYPE_BOOL;
    value->as.boolean = object == Qtrue;
    return POLYSHM_OK;
  case T_BIGNUM:
    value->type = polyshm_ruby_bignum(object, &value->as.uint64);
    return value->type ? POLYSHM_OK : polyshm_fail(POLYSHM_RANGE, "the Integer does not fit in 64 bits");
  case T_STRING:
    value->type = rb_enc_get_index(object) == rb_ascii8bit_encindex() ? POLYSHM_TYPE_BYTES : POLYSHM_TYPE_STR;
    value->as.bytes.data = RSTRING_PTR(object);
    value->as.bytes.length = RSTRING_LEN(object);
    return POLYSHM_OK;
  default:
    return polyshm_fail(POLYSHM_TYPE, "a number, String, nil, true or false is needed, not %s",
                        polyshm_ruby_kind(object));
  }
}

static polyshm_status polyshm_ruby_to_other_item(VALUE object, polyshm_value *value, host_hold *hold) {
  *hold = object;
  polyshm_status status = polyshm_ruby_transcode(hold);
  return status ? status : polyshm_ruby_to_other_value(*hold, value);
}

static inline polyshm_status host_item(host_context context, VALUE object, polyshm_value *value, host_hold *hold) {
  (void)context;
  if (RB_FIXNUM_P(object)) {
    value->type = POLYSHM_TYPE_INT64;
    value->as.int64 = FIX2LONG(object);
    return POLYSHM_OK;
  }
  if (RB_FLOAT_TYPE_P(object)) {
    value->type = POLYSHM_TYPE_FLOAT64;
    value->as.float64 = RFLOAT_VALUE(object);
    return POLYSHM_OK;
  }
  return polyshm_ruby_to_other_item(object, value, hold);
}

/* Of any dtype: the core checks whether the number fits. */
#define host_number(context, object, dtype, value, hold) ((void)(dtype), host_item(context, object, value, hold))

static VALUE polyshm_ruby_from_other_value(const polyshm_value *value) {
  switch (value->type) {
  case POLYSHM_TYPE_UINT64:
    return ULL2NUM(value->as.uint64);
  case POLYSHM_TYPE_BOOL:
    return value->as.boolean ? Qtrue : Qfalse;
  case POLYSHM_TYPE_STR:
    return rb_utf8_str_new(value->as.bytes.data, (long)value->as.bytes.length);
  case POLYSHM_TYPE_BYTES:
    return rb_str_new(value->as.bytes.data, (long)value->as.bytes.length);
  default:
    return Qnil;
  }
}

static inline VALUE polyshm_ruby_from_value(const polyshm_value *value) {
  if (value->type == POLYSHM_TYPE_INT64)
    return POLYSHM_RUBY_INT64(value->as.int64);
  if (value->type == POLYSHM_TYPE_FLOAT64)
    return DBL2NUM(value->as.float64);
  return polyshm_ruby_from_other_value(value);
}

static inline polyshm_status host_new_value(host_context context, const polyshm_value *value, VALUE *made) {
  (void)context;
  *made = polyshm_ruby_from_value(value);
  return POLYSHM_OK;
}

/* ---- lists ---- */

/* How messages name the places of a list. */
#define HOST_ELEMENT "element %lld"
#define HOST_ITEM "item %lld"
#define HOST_FIRST 0

/* Memory that an exception frees, too: a hidden String. */
typedef VALUE host_memory;
#define HOST_NO_MEMORY Qnil

static polyshm_status host_allocate(host_context context, host_memory *memory, int64_t bytes, void **allocated) {
  (void)context;
  *memory = rb_str_tmp_new((long)bytes);
  *allocated = RSTRING_PTR(*memory);
  return POLYSHM_OK;
}

static inline void host_free(host_memory *memory) {
  if (!NIL_P(*memory))
    rb_str_resize(*memory, 0); /* at once: it may be large */
  RB_GC_GUARD(*memory);
}

static inline bool host_is_list(host_context context, VALUE object) {
  (void)context;
  return RB_TYPE_P(object, T_ARRAY);
}

static polyshm_status host_list_length(host_context context, VALUE object, const char *word, int64_t *length) {
  if (!host_is_list(context, object))
    return polyshm_ruby_type_error(word, "an Array", object);
  *length = RARRAY_LEN(object);
  return POLYSHM_OK;
}

#define host_list_item(context, array, index) rb_ary_entry(array, (long)(index))
#define host_drop(context, item, hold) host_let_go(hold)

/* An Array in the making. It grows in batches: one push costs as much as making a number. The collector sees all of it, because it
 * is on the C stack. */
enum { POLYSHM_RUBY_BATCH = 64 };

typedef struct host_list {
  VALUE array;
  int waiting;
  VALUE batch[POLYSHM_RUBY_BATCH];
} host_list;

static polyshm_status host_list_begin(host_context context, host_list *list, int64_t count) {
  (void)context;
  list->array = rb_ary_new_capa((long)count);
  list->waiting = 0;
  return POLYSHM_OK;
}

static inline void polyshm_ruby_flush(host_list *list) {
  rb_ary_cat(list->array, list->batch, list->waiting);
  list->waiting = 0;
}

static inline void host_list_put(host_context context, host_list *list, int64_t index, VALUE item) {
  (void)context;
  (void)index;
  list->batch[list->waiting++] = item;
  if (list->waiting == POLYSHM_RUBY_BATCH)
    polyshm_ruby_flush(list);
}

static VALUE host_list_end(host_context context, host_list *list, int64_t count) {
  (void)context;
  (void)count;
  polyshm_ruby_flush(list);
  return list->array;
}

#define host_list_status(context, list) POLYSHM_OK
#define host_list_free(context, list, taken) ((void)(list))

/* ---- the list of segments ---- */

typedef struct host_visiting {
  VALUE array;
  const polyshm_segment_info *info;
} host_visiting;

static VALUE polyshm_ruby_add_info(VALUE argument) {
  const host_visiting *infos = (const host_visiting *)argument;
  const polyshm_segment_info *info = infos->info;
  VALUE fields[] = {rb_utf8_str_new_cstr(info->name), rb_utf8_str_new_cstr(info->kind), LL2NUM(info->size),
                    LL2NUM(info->mode), LL2NUM(info->owner)};
  return rb_ary_push(infos->array, rb_ary_new_from_values(5, fields));
}

/* The core holds a directory open meanwhile: running out of memory must not jump over it. */
static polyshm_status host_visit(const polyshm_segment_info *info, void *context) {
  host_visiting *infos = context;
  infos->info = info;
  (void)rb_protect(polyshm_ruby_add_info, (VALUE)infos, &polyshm_ruby_caught);
  return polyshm_ruby_caught ? POLYSHM_EINTR : POLYSHM_OK;
}

static polyshm_status host_begin_visit(host_context context, host_visiting *visiting) {
  (void)context;
  *visiting = (host_visiting){rb_ary_new(), NULL};
  return POLYSHM_OK;
}

#define host_end_visit(context, visiting) ((visiting)->array)
%}

%init %{
  for (polyshm_dtype dtype = 0; dtype < POLYSHM_DTYPE_COUNT; dtype++)
    polyshm_ruby_dtypes[dtype] = ID2SYM(rb_intern(polyshm_dtype_name(dtype)));
%}
