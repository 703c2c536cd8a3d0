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

static polyshm_dtype polyshm_ruby_dtype(VALUE name) {
  polyshm_dtype dtype;
  for (dtype = 0; dtype < POLYSHM_DTYPE_COUNT; dtype++)
    if (name == polyshm_ruby_dtypes[dtype])
      return dtype;
  VALUE text = SYMBOL_P(name) ? rb_sym2str(name) : name;
  if (!RB_TYPE_P(text, T_STRING))
    polyshm_ruby_type_error("dtype", "a Symbol or String", name);
  polyshm_status status = polyshm_dtype_from_name(polyshm_ruby_cstr(&text, "dtype"), &dtype);
  if (status)
    polyshm_ruby_raise(status);
  RB_GC_GUARD(text);
  return dtype;
}

/* ---- values ---- */

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

static inline polyshm_status polyshm_ruby_to_value(VALUE object, polyshm_value *value) {
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
  return polyshm_ruby_to_other_value(object, value);
}

/* Returns the object that the value points into. */
static inline VALUE polyshm_ruby_value_argument(VALUE object, polyshm_value *value) {
  polyshm_status status = polyshm_ruby_transcode(&object);
  if (!status)
    status = polyshm_ruby_to_value(object, value);
  if (status)
    polyshm_ruby_raise(status);
  return object;
}

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

/* ---- elements out ---- */

typedef struct polyshm_ruby_list {
  VALUE array; /* Ruby's collector sees it, because the list is on the C stack */
  int64_t count;
  polyshm_dtype dtype;
} polyshm_ruby_list;

#define POLYSHM_RUBY_INT8 INT2FIX
#define POLYSHM_RUBY_UINT8 INT2FIX
#define POLYSHM_RUBY_INT16 INT2FIX
#define POLYSHM_RUBY_UINT16 INT2FIX
#define POLYSHM_RUBY_INT32 INT2NUM
#define POLYSHM_RUBY_UINT32 UINT2NUM
#define POLYSHM_RUBY_UINT64 ULL2NUM
#define POLYSHM_RUBY_FLOAT32 DBL2NUM
#define POLYSHM_RUBY_FLOAT64 DBL2NUM

/* Appends in batches: one push costs as much as making the number. The Array is made here, not before, because only now the
 * core has found that there are so many elements. */
static polyshm_status polyshm_ruby_take(const void *elements, int64_t count, void *context) {
  enum { BATCH = 256 };
  VALUE batch[BATCH];
  polyshm_ruby_list *list = context;
  if (NIL_P(list->array))
    list->array = rb_ary_new_capa((long)list->count);
  for (int64_t done = 0, length; done < count; done += length) {
    length = count - done < BATCH ? count - done : BATCH;
    switch (list->dtype) {
#define TAKE(NAME, name, type)                                                                                         \
  case POLYSHM_##NAME: {                                                                                               \
    const type *numbers = (const type *)elements + done;                                                               \
    for (int64_t i = 0; i < length; i++)                                                                               \
      batch[i] = POLYSHM_RUBY_##NAME(numbers[i]);                                                                      \
    break;                                                                                                             \
  }
      POLYSHM_DTYPE_MAP(TAKE)
#undef TAKE
    }
    rb_ary_cat(list->array, batch, (long)length);
  }
  return POLYSHM_OK;
}

/* ---- elements in ---- */

/* Packs the whole Array before the view is touched. The memory is a hidden String: an exception leaks nothing. */
static VALUE polyshm_ruby_pack(VALUE array, polyshm_dtype dtype) {
  if (!RB_TYPE_P(array, T_ARRAY))
    polyshm_ruby_type_error("elements", "an Array", array);
  const long count = RARRAY_LEN(array), itemsize = (long)polyshm_dtype_itemsize(dtype);
  VALUE memory = rb_str_tmp_new(count * itemsize);
  char *element = RSTRING_PTR(memory);
  for (long i = 0; i < count; i++, element += itemsize) {
    polyshm_value value;
    polyshm_status status = polyshm_ruby_to_value(RARRAY_AREF(array, i), &value);
    if (!status)
      status = polyshm_dtype_pack(dtype, &value, element);
    if (status)
      polyshm_ruby_raise(polyshm_fail(status, "element %ld: %s", i, polyshm_last_error()));
  }
  return memory;
}

/* ---- items out ---- */

/* Room for an item's text: on the C stack, or where that is too small in a hidden String, which an exception frees, too. */
typedef struct polyshm_ruby_room {
  VALUE memory;
  char *text;
  int64_t size;
  char least[256];
} polyshm_ruby_room;

static inline void polyshm_ruby_make_room(polyshm_ruby_room *room, int64_t size) {
  room->memory = Qnil;
  room->text = room->least;
  room->size = sizeof room->least;
  if (size > room->size) {
    room->memory = rb_str_tmp_new((long)size);
    room->text = RSTRING_PTR(room->memory);
    room->size = size;
  }
}

static inline void polyshm_ruby_free_room(polyshm_ruby_room *room) {
  if (!NIL_P(room->memory))
    rb_str_resize(room->memory, 0); /* at once: it may be large */
}

/* One item needs the room of its own slot, which is asked for only where the largest is a large one. */
static inline void polyshm_ruby_make_room_for(polyshm_ruby_room *room, const polyshm_list *list, int64_t index) {
  int64_t size = polyshm_list_scratch(list);
  if (size > (int64_t)sizeof room->least && polyshm_list_capacity(list, index, &size))
    size = 0; /* a bad index: the call itself will say so */
  polyshm_ruby_make_room(room, size);
}

typedef struct polyshm_ruby_items {
  VALUE array; /* made, and seen by the collector, as that of polyshm_ruby_list */
  int64_t count;
} polyshm_ruby_items;

static polyshm_status polyshm_ruby_take_item(const polyshm_value *value, void *context) {
  polyshm_ruby_items *items = context;
  if (NIL_P(items->array))
    items->array = rb_ary_new_capa((long)items->count);
  rb_ary_push(items->array, polyshm_ruby_from_value(value));
  return POLYSHM_OK;
}

/* ---- items in ---- */

NORETURN(static void polyshm_ruby_bad_item(long index, polyshm_status status));

static void polyshm_ruby_bad_item(long index, polyshm_status status) {
  polyshm_ruby_raise(polyshm_fail(status, "item %ld: %s", index, polyshm_last_error()));
}

/* A private copy of the Array, its text in UTF-8: Ruby code that runs meanwhile cannot change it. */
static VALUE polyshm_ruby_copy_items(VALUE array) {
  if (!RB_TYPE_P(array, T_ARRAY))
    polyshm_ruby_type_error("values", "an Array", array);
  VALUE copy = rb_obj_hide(rb_ary_dup(array));
  for (long i = 0; i < RARRAY_LEN(copy); i++) {
    const VALUE item = RARRAY_AREF(copy, i);
    VALUE text = item;
    polyshm_status status = polyshm_ruby_transcode(&text);
    if (status)
      polyshm_ruby_bad_item(i, status);
    if (text != item)
      rb_ary_store(copy, i, text);
  }
  return copy;
}

static int64_t polyshm_ruby_text_bytes(VALUE items) {
  int64_t bytes = 0;
  for (long i = 0; i < RARRAY_LEN(items); i++)
    if (RB_TYPE_P(RARRAY_AREF(items, i), T_STRING))
      bytes += RSTRING_LEN(RARRAY_AREF(items, i));
  return bytes;
}

/* In memory that is a hidden String, with copies of all text: while the core works other threads may run, and Ruby's collector,
 * which moves Strings. */
static VALUE polyshm_ruby_to_values(VALUE items) {
  const long count = RARRAY_LEN(items);
  const int64_t bytes = count * (int64_t)sizeof(polyshm_value) + polyshm_ruby_text_bytes(items);
  VALUE memory = rb_str_tmp_new((long)bytes);
  polyshm_value *values = (polyshm_value *)RSTRING_PTR(memory);
  char *text = (char *)(values + count);
  for (long i = 0; i < count; i++) {
    polyshm_status status = polyshm_ruby_to_value(RARRAY_AREF(items, i), &values[i]);
    if (status)
      polyshm_ruby_bad_item(i, status);
    if (values[i].type != POLYSHM_TYPE_STR && values[i].type != POLYSHM_TYPE_BYTES)
      continue;
    values[i].as.bytes.data = memcpy(text, values[i].as.bytes.data, (size_t)values[i].as.bytes.length);
    text += values[i].as.bytes.length;
  }
  return memory;
}

/* nil, one number, or an Array of them, in memory that is a hidden String. */
static VALUE polyshm_ruby_reserve(VALUE reserve) {
  const bool many = RB_TYPE_P(reserve, T_ARRAY);
  const long count = many ? RARRAY_LEN(reserve) : !NIL_P(reserve);
  VALUE memory = rb_str_tmp_new(count * (long)sizeof(int64_t));
  int64_t *bytes = (int64_t *)RSTRING_PTR(memory);
  for (long i = 0; i < count; i++)
    bytes[i] = polyshm_ruby_int64(many ? RARRAY_AREF(reserve, i) : reserve, "reserve");
  return memory;
}

/* ---- the list of segments ---- */

typedef struct polyshm_ruby_infos {
  VALUE array;
  const polyshm_segment_info *info;
} polyshm_ruby_infos;

static VALUE polyshm_ruby_add_info(VALUE argument) {
  const polyshm_ruby_infos *infos = (const polyshm_ruby_infos *)argument;
  const polyshm_segment_info *info = infos->info;
  VALUE fields[] = {rb_utf8_str_new_cstr(info->name), rb_utf8_str_new_cstr(info->kind), LL2NUM(info->size),
                    LL2NUM(info->mode), LL2NUM(info->owner)};
  return rb_ary_push(infos->array, rb_ary_new_from_values(5, fields));
}

/* The core holds a directory open meanwhile: running out of memory must not jump over it. */
static polyshm_status polyshm_ruby_visit(const polyshm_segment_info *info, void *context) {
  polyshm_ruby_infos *infos = context;
  infos->info = info;
  (void)rb_protect(polyshm_ruby_add_info, (VALUE)infos, &polyshm_ruby_caught);
  return polyshm_ruby_caught ? POLYSHM_EINTR : POLYSHM_OK;
}
%}

%init %{
  for (polyshm_dtype dtype = 0; dtype < POLYSHM_DTYPE_COUNT; dtype++)
    polyshm_ruby_dtypes[dtype] = ID2SYM(rb_intern(polyshm_dtype_name(dtype)));
%}

%typemap(in, noblock=1) polyshm_dtype { $1 = polyshm_ruby_dtype($input); }
%typemap(out, noblock=1) polyshm_dtype { $result = polyshm_ruby_dtypes[$1]; }

%typemap(in, noblock=1) const polyshm_value *value (polyshm_value value, VALUE object) {
  object = polyshm_ruby_value_argument($input, &value);
  $1 = &value;
}
%typemap(freearg, noblock=1) const polyshm_value *value { RB_GC_GUARD(object$argnum); }
%apply const polyshm_value *value { const polyshm_value *expected, const polyshm_value *replacement }
%typemap(in, numinputs=0, noblock=1) polyshm_value *out (polyshm_value value) { $1 = &value; }
%typemap(argout, noblock=1) polyshm_value *out { $result = polyshm_ruby_from_value($1); }

%typemap(in, noblock=1) (int64_t count, polyshm_view_visit *visit, void *context) (polyshm_ruby_list list) {
  list = (polyshm_ruby_list){Qnil, polyshm_ruby_int64($input, "$1_name"), polyshm_view_dtype(arg1)};
  $1 = list.count;
  $2 = polyshm_ruby_take;
  $3 = &list;
}
%typemap(argout, noblock=1) (int64_t count, polyshm_view_visit *visit, void *context) {
  $result = NIL_P(list$argnum.array) ? rb_ary_new() : list$argnum.array;
}

%typemap(in, noblock=1) (const void *elements, int64_t count) (VALUE memory) {
  memory = polyshm_ruby_pack($input, polyshm_view_dtype(arg1));
  $1 = RSTRING_PTR(memory);
  $2 = RARRAY_LEN($input);
}
%typemap(freearg, noblock=1) (const void *elements, int64_t count) {
  rb_str_resize(memory$argnum, 0); /* at once: it may be large */
  RB_GC_GUARD(memory$argnum);
}

/* Scratch goes with the argument before it: alone, it would have no input, and SWIG would put it before arg1 is known. */
%typemap(in, noblock=1) (const polyshm_value *value, void *scratch, int64_t size)
                        (polyshm_value value, VALUE object, polyshm_ruby_room room) {
  polyshm_ruby_make_room(&room, polyshm_list_scratch(arg1)); /* first: it may collect, and move what a value points into */
  object = polyshm_ruby_value_argument($input, &value);
  $1 = &value;
  $2 = room.text;
  $3 = room.size;
}
%typemap(freearg, noblock=1) (const polyshm_value *value, void *scratch, int64_t size) {
  polyshm_ruby_free_room(&room$argnum);
  RB_GC_GUARD(object$argnum);
}

%typemap(in, noblock=1) (int64_t index, void *scratch, int64_t size) (polyshm_ruby_room room) {
  $1 = polyshm_ruby_int64($input, "$1_name");
  polyshm_ruby_make_room_for(&room, arg1, $1);
  $2 = room.text;
  $3 = room.size;
}
%typemap(freearg, noblock=1) (int64_t index, void *scratch, int64_t size) { polyshm_ruby_free_room(&room$argnum); }

%typemap(in, noblock=1) (int64_t count, void *scratch, int64_t size, polyshm_list_visit *visit, void *context)
                        (polyshm_ruby_items items, polyshm_ruby_room room) {
  items = (polyshm_ruby_items){Qnil, polyshm_ruby_int64($input, "$1_name")};
  polyshm_ruby_make_room(&room, polyshm_list_scratch(arg1));
  $1 = items.count;
  $2 = room.text;
  $3 = room.size;
  $4 = polyshm_ruby_take_item;
  $5 = &items;
}
%typemap(argout, noblock=1) (int64_t count, void *scratch, int64_t size, polyshm_list_visit *visit, void *context) {
  $result = NIL_P(items$argnum.array) ? rb_ary_new() : items$argnum.array;
}
%typemap(freearg, noblock=1) (int64_t count, void *scratch, int64_t size, polyshm_list_visit *visit, void *context) {
  polyshm_ruby_free_room(&room$argnum);
}

%typemap(in, noblock=1) (const polyshm_value *values, int64_t count) (VALUE items, VALUE memory) {
  items = polyshm_ruby_copy_items($input);
}
/* SWIG puts `check` behind all arguments. */
%typemap(check, noblock=1) (const polyshm_value *values, int64_t count) {
  memory$argnum = polyshm_ruby_to_values(items$argnum);
  $1 = (polyshm_value *)RSTRING_PTR(memory$argnum);
  $2 = RARRAY_LEN(items$argnum);
}
%typemap(freearg, noblock=1) (const polyshm_value *values, int64_t count) {
  rb_str_resize(memory$argnum, 0); /* at once: it may be large */
  RB_GC_GUARD(memory$argnum);
  RB_GC_GUARD(items$argnum);
}

%typemap(in, noblock=1) (const int64_t *reserve, int64_t reserve_count) (VALUE memory) {
  memory = polyshm_ruby_reserve($input);
  $1 = (int64_t *)RSTRING_PTR(memory);
  $2 = RSTRING_LEN(memory) / (long)sizeof(int64_t);
}
%typemap(freearg, noblock=1) (const int64_t *reserve, int64_t reserve_count) { RB_GC_GUARD(memory$argnum); }

%typemap(argout, noblock=1) polyshm_list_format_text *out { $result = rb_utf8_str_new_cstr($1->text); }
%typemap(in, numinputs=0, noblock=1) polyshm_list_format_text *out (polyshm_list_format_text format) { $1 = &format; }

%typemap(in, numinputs=0, noblock=1) (polyshm_segment_visit *visit, void *context) (polyshm_ruby_infos infos) {
  infos = (polyshm_ruby_infos){rb_ary_new(), NULL};
  $1 = polyshm_ruby_visit;
  $2 = &infos;
}
%typemap(argout, noblock=1) (polyshm_segment_visit *visit, void *context) { $result = infos$argnum.array; }
