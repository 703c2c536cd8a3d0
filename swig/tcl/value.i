/*
 * value.i (Tcl): numbers of a dtype, one by one and as lists; the items of a ShareableList; and the list of segments. SWIG
 * knows none of these types.
 *
 * A number: a word becomes the one it reads as: `12` is an integer and `1.5` a float, typed in or computed. What reads as no
 * number is text, which the core refuses. An item says its kind, since in Tcl all is text: {int 42} {str 42} none.
 */
%{
static const Tcl_ObjType *tcl_double_type;

static polyshm_status tcl_value(Tcl_Obj *word, polyshm_value *value) {
  double number;
  if (word->typePtr != tcl_double_type && tcl_integer(word, value))
    return POLYSHM_OK;
  if (Tcl_GetDoubleFromObj(NULL, word, &number) == TCL_OK) {
    if (word->typePtr != tcl_double_type)
      return polyshm_fail(POLYSHM_RANGE, "%.100s is beyond 64 bits", Tcl_GetString(word));
    value->type = POLYSHM_TYPE_FLOAT64;
    value->as.float64 = number;
  } else if (word->typePtr == tcl_double_type) { /* NaN, which Tcl_GetDoubleFromObj does not give */
    value->type = POLYSHM_TYPE_FLOAT64;
    value->as.float64 = word->internalRep.doubleValue;
  } else {
    Tcl_Size length;
    value->type = POLYSHM_TYPE_STR;
    value->as.bytes.data = Tcl_GetStringFromObj(word, &length);
    value->as.bytes.length = length;
  }
  return POLYSHM_OK;
}

/* UTF-8 is Tcl's own but for NUL and, in 8.6, for what lies above U+FFFF. */
static bool tcl_own_text(const char *text, int64_t length) {
  for (int64_t i = 0; i < length; i++)
    if (text[i] == 0 || (TCL_MAJOR_VERSION < 9 && (unsigned char)text[i] >= 0xF0))
      return false;
  return true;
}

static polyshm_status tcl_new_text(const char *text, int64_t length, Tcl_Obj **out) {
  polyshm_status status = tcl_ask(2 * length);
  if (status)
    return status;
  *out = tcl_own_text(text, length) ? Tcl_NewStringObj(text, (Tcl_Size)length) : tcl_text_of(text, (Tcl_Size)length);
  return POLYSHM_OK;
}

/* The powers of two that Tcl, 8.6 and 9.0, writes as text which reads back as the number next to it: a bit for each exponent,
 * as it stands in the number. */
static const uint64_t tcl_miswritten[32] = {
  0xe000000000611c40, 0x0000007c00000807, 0x0000002000180408, 0x0ff80f8020ff8040, 0x6001000f000081e0,
  0x040c020000004100, 0x01e0000000f80400, 0x4000600007000040, 0x0000000c03e0903c, 0x8040c0200c004010,
  0xc0004103001e0001, 0x6010000000c00000, 0x0400004080000018, 0x0008002000000610, 0x080460fc60000000,
  0x000000c000080000, 0x8000000000000000, 0x020008000110000f, 0x00200c1020100008, 0x0000000000400000,
  0x00010000c0040800, 0x0202018001010000, 0x0000000000102040, 0x2001000000008100, 0x2000830080200000,
  0x0000000000020000, 0x0000000030001800, 0x0400000800000030, 0x0000800400000000, 0xe0004003e0000000,
  0x0800000000000000, 0x0000020000008020
};

/* Those get their text with them. All others cost a look at their bits. */
static inline Tcl_Obj *tcl_new_double(double number) {
  Tcl_Obj *object = Tcl_NewDoubleObj(number);
  uint64_t bits;
  memcpy(&bits, &number, sizeof bits);
  unsigned exponent = bits >> 52 & 0x7FF;
  if (bits << 12 == 0 && tcl_miswritten[exponent / 64] >> exponent % 64 & 1) {
    char text[TCL_DOUBLE_SPACE];
    Tcl_Size length = snprintf(text, sizeof text, "%.17g", number);
    char *point = strchr(text, ','); /* in the locale of a program that has one */
    if (point)
      *point = '.';
    object->bytes = memcpy(Tcl_Alloc((unsigned)length + 1), text, (size_t)length + 1);
    object->length = length;
  }
  return object;
}

static inline polyshm_status tcl_new_value(const polyshm_value *value, Tcl_Obj **out) {
  switch (value->type) {
  case POLYSHM_TYPE_INT64:
    *out = Tcl_NewWideIntObj(value->as.int64);
    break;
  case POLYSHM_TYPE_UINT64:
    *out = tcl_new_uint64(value->as.uint64);
    break;
  case POLYSHM_TYPE_FLOAT64:
    *out = tcl_new_double(value->as.float64);
    break;
  case POLYSHM_TYPE_BOOL:
    *out = Tcl_NewBooleanObj(value->as.boolean);
    break;
  case POLYSHM_TYPE_STR:
    return tcl_new_text(value->as.bytes.data, value->as.bytes.length, out);
  case POLYSHM_TYPE_BYTES:
    return tcl_new_bytes(value->as.bytes.data, value->as.bytes.length, out);
  default: /* none */
    *out = Tcl_NewObj();
    break;
  }
  return POLYSHM_OK;
}

/* ---- a range as a list ---- */

typedef struct tcl_range {
  Tcl_Obj **elements;
  int64_t count, done;
  polyshm_dtype dtype;
} tcl_range;

/* Tcl ends the process when it finds no memory, so ask first. */
static polyshm_status tcl_range_begin(tcl_range *range) {
  const int64_t each = sizeof(Tcl_Obj) + 2 * sizeof(Tcl_Obj *), most = TCL_SIZE_MAX / (Tcl_Size)sizeof(Tcl_Obj *) - 64;
  void *room = range->count < most ? malloc((size_t)(range->count * each)) : NULL;
  free(room);
  range->elements = room ? malloc((size_t)range->count * sizeof *range->elements) : NULL;
  return range->elements ? POLYSHM_OK
                        : polyshm_fail(POLYSHM_ENOMEM, "list: %" PRId64 " elements are too many for one Tcl list", range->count);
}

static polyshm_status tcl_take(const void *elements, int64_t count, void *context) {
  tcl_range *range = context;
  if (!range->elements) {
    polyshm_status status = tcl_range_begin(range);
    if (status)
      return status;
  }
  Tcl_Obj **out = range->elements + range->done;
  switch (range->dtype) {
#define TAKE(NAME, name, type)                                                                                         \
  case POLYSHM_##NAME:                                                                                                 \
    for (int64_t i = 0; i < count; i++)                                                                                \
      out[i] = _Generic((type)0, float: tcl_new_double, double: tcl_new_double, uint64_t: tcl_new_uint64,              \
                        default: Tcl_NewWideIntObj)(((const type *)elements)[i]);                                      \
    break;
    POLYSHM_DTYPE_MAP(TAKE)
#undef TAKE
  }
  range->done += count;
  return POLYSHM_OK;
}

static void tcl_range_drop(tcl_range *range) {
  for (int64_t i = 0; i < range->done; i++)
    Tcl_DecrRefCount(range->elements[i]);
  free(range->elements);
}

/* ---- a list as a range: all is checked before anything is written ---- */

static polyshm_status tcl_pack(Tcl_Obj *word, polyshm_dtype dtype, uint8_t **packed, int64_t *count) {
  Tcl_Size length;
  Tcl_Obj **elements;
  if (Tcl_ListObjGetElements(NULL, word, &length, &elements) != TCL_OK)
    return polyshm_fail(POLYSHM_TYPE, "elements: a list is needed");
  size_t itemsize = (size_t)polyshm_dtype_itemsize(dtype);
  *count = length;
  *packed = length ? malloc((size_t)length * itemsize) : NULL;
  if (length && !*packed)
    return polyshm_fail(POLYSHM_ENOMEM, "elements: %s", polyshm_status_text(POLYSHM_ENOMEM));
  for (Tcl_Size i = 0; i < length; i++) {
    polyshm_value value;
    polyshm_status status = tcl_value(elements[i], &value);
    if (!status)
      status = polyshm_dtype_pack(dtype, &value, *packed + (size_t)i * itemsize);
    if (status)
      return polyshm_fail(status, "element %" PRId64 ": %s", (int64_t)i, polyshm_last_error());
  }
  return POLYSHM_OK;
}

/* ---- the list of segments ---- */

static polyshm_status tcl_visit(const polyshm_segment_info *info, void *context) {
  Tcl_Obj *segment = Tcl_NewDictObj();
  Tcl_DictObjPut(NULL, segment, Tcl_NewStringObj("name", -1), tcl_text(info->name));
  Tcl_DictObjPut(NULL, segment, Tcl_NewStringObj("kind", -1), tcl_text(info->kind));
  Tcl_DictObjPut(NULL, segment, Tcl_NewStringObj("size", -1), Tcl_NewWideIntObj(info->size));
  Tcl_DictObjPut(NULL, segment, Tcl_NewStringObj("mode", -1), Tcl_NewWideIntObj(info->mode));
  Tcl_DictObjPut(NULL, segment, Tcl_NewStringObj("owner", -1), Tcl_NewWideIntObj(info->owner));
  Tcl_ListObjAppendElement(NULL, context, segment);
  return POLYSHM_OK;
}

/* ---- items: a word to a value ---- */

static const struct {
  const char *name;
  int32_t kind;
} tcl_kinds[] = {{"int", POLYSHM_TYPE_INT64}, {"float", POLYSHM_TYPE_FLOAT64}, {"bool", POLYSHM_TYPE_BOOL},
                 {"str", POLYSHM_TYPE_STR},   {"bytes", POLYSHM_TYPE_BYTES},   {"none", POLYSHM_TYPE_NONE}};

static const char *tcl_kind_name(int32_t kind) {
  size_t i = 0;
  while (tcl_kinds[i].kind != kind)
    i++;
  return tcl_kinds[i].name;
}

static polyshm_status tcl_no_item(Tcl_Obj *word) {
  return polyshm_fail(POLYSHM_TYPE,
                      "\"%.100s\" is no item: {int n} {float x} {bool b} {str text} {bytes data} and none are",
                      Tcl_GetString(word));
}

static bool tcl_find_kind(Tcl_Obj *word, int32_t *kind) {
  const char *name = Tcl_GetString(word);
  for (size_t i = 0; i < sizeof tcl_kinds / sizeof *tcl_kinds; i++)
    if (strcmp(tcl_kinds[i].name, name) == 0) {
      *kind = tcl_kinds[i].kind;
      return true;
    }
  return false;
}

/* An item's text and bytes point into this until the call is over. */
static void tcl_hold(Tcl_Obj *object, Tcl_Obj **held) {
  Tcl_IncrRefCount(object);
  *held = object;
}

static void tcl_release(Tcl_Obj *held) {
  if (held)
    Tcl_DecrRefCount(held);
}

static polyshm_status tcl_as_bool(Tcl_Obj *word, polyshm_value *value) {
  double number;
  int truth;
  bool taken;
  if (Tcl_GetDoubleFromObj(NULL, word, &number) == TCL_OK) { /* for Tcl itself every number is a boolean */
    truth = number != 0;
    taken = number == 0 || number == 1;
  } else {
    taken = word->typePtr != tcl_double_type && Tcl_GetBooleanFromObj(NULL, word, &truth) == TCL_OK;
  }
  if (!taken)
    return polyshm_fail(POLYSHM_TYPE, "bool \"%.100s\" is no boolean", Tcl_GetString(word));
  value->as.boolean = truth;
  return POLYSHM_OK;
}

static polyshm_status tcl_as_float(Tcl_Obj *word, polyshm_value *value) {
  polyshm_value number;
  double packed;
  polyshm_status status = tcl_value(word, &number);
  if (!status)
    status = polyshm_dtype_pack(POLYSHM_FLOAT64, &number, &packed);
  if (!status)
    value->as.float64 = packed;
  return status;
}

static polyshm_status tcl_as_text(Tcl_Obj *word, polyshm_value *value, Tcl_Obj **held) {
  Tcl_Size length;
  value->as.bytes.data = Tcl_GetStringFromObj(word, &length);
  value->as.bytes.length = length;
  if (polyshm_is_utf8(value->as.bytes.data, length)) {
    tcl_hold(word, held);
    return POLYSHM_OK;
  }
  Tcl_DString text;
  Tcl_Obj *copy = NULL;
  polyshm_status status = tcl_ask(2 * (int64_t)length);
  if (status)
    return status;
  tcl_utf8(word, &text);
  status = tcl_new_bytes(Tcl_DStringValue(&text), Tcl_DStringLength(&text), &copy);
  Tcl_DStringFree(&text);
  if (status)
    return status;
  tcl_hold(copy, held);
  value->as.bytes.data = (const char *)Tcl_GetByteArrayFromObj(copy, &length);
  value->as.bytes.length = length;
  return POLYSHM_OK;
}

static polyshm_status tcl_as_bytes(Tcl_Obj *word, polyshm_value *value, Tcl_Obj **held) {
  void *data;
  polyshm_status status = tcl_bytes(word, &data, &value->as.bytes.length);
  value->as.bytes.data = data;
  if (!status)
    tcl_hold(word, held);
  return status;
}

static polyshm_status tcl_as(int32_t kind, Tcl_Obj *word, polyshm_value *value, Tcl_Obj **held) {
  value->type = kind;
  switch (kind) {
  case POLYSHM_TYPE_INT64: /* the core says what is wrong with a UINT64 */
    return tcl_integer(word, value) ? POLYSHM_OK : tcl_no_int64(word, "int");
  case POLYSHM_TYPE_FLOAT64:
    return tcl_as_float(word, value);
  case POLYSHM_TYPE_BOOL:
    return tcl_as_bool(word, value);
  case POLYSHM_TYPE_STR:
    return tcl_as_text(word, value, held);
  case POLYSHM_TYPE_BYTES:
    return tcl_as_bytes(word, value, held);
  default:
    return *Tcl_GetString(word) ? polyshm_fail(POLYSHM_TYPE, "none has no value, and \"%.100s\" is one", Tcl_GetString(word))
                                : POLYSHM_OK;
  }
}

/* {kind value}, or the word none. */
static polyshm_status tcl_item(Tcl_Obj *word, polyshm_value *value, Tcl_Obj **held) {
  Tcl_Size length;
  Tcl_Obj **parts;
  int32_t kind;
  if (Tcl_ListObjGetElements(NULL, word, &length, &parts) != TCL_OK || length < 1 || length > 2)
    return tcl_no_item(word);
  if (!tcl_find_kind(parts[0], &kind) || (length == 1 && kind != POLYSHM_TYPE_NONE))
    return tcl_no_item(parts[0]);
  if (length == 2)
    return tcl_as(kind, parts[1], value, held);
  value->type = kind;
  return POLYSHM_OK;
}

typedef struct tcl_items {
  polyshm_value *data;
  Tcl_Obj **held;
  int64_t count;
} tcl_items;

static polyshm_status tcl_items_of(Tcl_Obj *word, tcl_items *items) {
  Tcl_Size length;
  Tcl_Obj **words;
  if (Tcl_ListObjGetElements(NULL, word, &length, &words) != TCL_OK)
    return polyshm_fail(POLYSHM_TYPE, "items: a list is needed");
  items->data = malloc((size_t)length * sizeof *items->data + 1);
  items->held = calloc((size_t)length + 1, sizeof *items->held);
  if (!items->data || !items->held)
    return polyshm_fail(POLYSHM_ENOMEM, "items: %s", polyshm_status_text(POLYSHM_ENOMEM));
  items->count = length;
  for (Tcl_Size i = 0; i < length; i++) {
    polyshm_status status = tcl_item(words[i], &items->data[i], &items->held[i]);
    if (status)
      return polyshm_fail(status, "item %" PRId64 ": %s", (int64_t)i, polyshm_last_error());
  }
  return POLYSHM_OK;
}

/* A word's bytes move when it is read as something else, so they are looked up when all words have been read. */
static polyshm_status tcl_items_settle(tcl_items *items) {
  polyshm_status status = POLYSHM_OK;
  for (int64_t i = 0; !status && i < items->count; i++)
    if (items->data[i].type == POLYSHM_TYPE_BYTES) {
      void *data;
      status = tcl_bytes(items->held[i], &data, &items->data[i].as.bytes.length);
      items->data[i].as.bytes.data = data;
    }
  return status;
}

static void tcl_items_drop(tcl_items *items) {
  for (int64_t i = 0; i < items->count; i++)
    tcl_release(items->held[i]);
  free(items->held);
  free(items->data);
}

static polyshm_status tcl_reserve(Tcl_Obj *word, int64_t **reserve, int64_t *count) {
  Tcl_Size length;
  Tcl_Obj **words;
  if (Tcl_ListObjGetElements(NULL, word, &length, &words) != TCL_OK)
    return polyshm_fail(POLYSHM_TYPE, "reserve: a number is needed, or a list of them");
  *reserve = malloc((size_t)length * sizeof **reserve + 1);
  if (!*reserve)
    return polyshm_fail(POLYSHM_ENOMEM, "reserve: %s", polyshm_status_text(POLYSHM_ENOMEM));
  *count = length;
  polyshm_status status = POLYSHM_OK;
  for (Tcl_Size i = 0; !status && i < length; i++)
    status = tcl_int64(words[i], "reserve", *reserve + i);
  return status;
}

/* ---- items: a value to a word ---- */

/* Where the core puts an item's text: the caller's room, or what is made if that is too small. */
typedef struct tcl_scratch {
  void *data, *made;
  int64_t size;
} tcl_scratch;

enum { TCL_ROOM = 256 };

static polyshm_status tcl_scratch_begin(tcl_scratch *scratch, char room[TCL_ROOM], int64_t size) {
  if (size <= TCL_ROOM) {
    *scratch = (tcl_scratch){room, NULL, TCL_ROOM};
    return POLYSHM_OK;
  }
  void *made = malloc((size_t)size);
  *scratch = (tcl_scratch){made, made, size};
  return made ? POLYSHM_OK : polyshm_fail(POLYSHM_ENOMEM, "%s", polyshm_status_text(POLYSHM_ENOMEM));
}

/* For one item; an index that is none is the next call's to refuse. */
static polyshm_status tcl_scratch_at(tcl_scratch *scratch, char room[TCL_ROOM], const polyshm_list *list, int64_t index) {
  int64_t size = polyshm_list_scratch(list);
  if (size > TCL_ROOM && polyshm_list_capacity(list, index, &size))
    size = 0;
  return tcl_scratch_begin(scratch, room, size);
}

static void tcl_scratch_end(tcl_scratch *scratch) {
  free(scratch->made);
}

static polyshm_status tcl_take_value(const polyshm_value *value, void *context) {
  tcl_range *range = context;
  polyshm_status status = range->elements ? POLYSHM_OK : tcl_range_begin(range);
  if (!status)
    status = tcl_new_value(value, &range->elements[range->done]);
  range->done += !status;
  return status;
}

static polyshm_status tcl_take_item(const polyshm_value *value, void *context) {
  tcl_range *range = context;
  polyshm_status status = tcl_take_value(value, context);
  if (!status) {
    Tcl_Obj **element = &range->elements[range->done - 1], *name = Tcl_NewStringObj(tcl_kind_name(value->type), -1);
    if (value->type == POLYSHM_TYPE_NONE) {
      Tcl_DecrRefCount(*element);
      *element = name;
    } else {
      *element = Tcl_NewListObj(2, (Tcl_Obj *[]){name, *element});
    }
  }
  return status;
}

/* ---- what is Tcl's own of a list ---- */

#define polyshm_list_create_unnamed(...) polyshm_list_create(NULL, __VA_ARGS__)

/* As `list`, but with the kinds. */
static polyshm_status polyshm_list_items(const polyshm_list *list, int64_t index, int64_t count, void *scratch, int64_t size,
                                         polyshm_list_visit *visit, void *context) {
  (void)visit;
  return polyshm_list_walk(list, index, count, scratch, size, tcl_take_item, context);
}

static polyshm_status tcl_kind_at(const polyshm_list *list, int64_t index, int32_t *kind) {
  polyshm_value value;
  tcl_scratch scratch;
  char room[TCL_ROOM];
  polyshm_status status = tcl_scratch_at(&scratch, room, list, index);
  if (!status)
    status = polyshm_list_get(list, index, scratch.data, scratch.size, &value);
  tcl_scratch_end(&scratch);
  if (!status)
    *kind = value.type;
  return status;
}

static polyshm_status polyshm_list_kind(const polyshm_list *list, int64_t index, Tcl_Obj **out) {
  int32_t kind;
  polyshm_status status = tcl_kind_at(list, index, &kind);
  if (!status)
    *out = Tcl_NewStringObj(tcl_kind_name(kind), -1);
  return status;
}

/* `set index value`: the item keeps its kind. The word none would be two things to an item that holds text. */
static polyshm_status tcl_as_before(int32_t before, Tcl_Obj *word, polyshm_value *value, Tcl_Obj **held) {
  if (strcmp(Tcl_GetString(word), "none") == 0) {
    if (before == POLYSHM_TYPE_STR || before == POLYSHM_TYPE_BYTES)
      return polyshm_fail(POLYSHM_ARGUMENT, "set: say \"%s none\" for the word, or \"none {}\" for no value",
                          tcl_kind_name(before));
    value->type = POLYSHM_TYPE_NONE;
    return POLYSHM_OK;
  }
  if (before == POLYSHM_TYPE_NONE && *Tcl_GetString(word))
    return polyshm_fail(POLYSHM_TYPE, "set: the item is none: say of which kind \"%.100s\" is", Tcl_GetString(word));
  return tcl_as(before, word, value, held);
}

static polyshm_status polyshm_list_set_plain(polyshm_list *list, int64_t index, Tcl_Obj *word) {
  int32_t before;
  polyshm_value value;
  Tcl_Obj *held = NULL;
  polyshm_status status = tcl_kind_at(list, index, &before);
  if (status && status != POLYSHM_CORRUPT)
    return polyshm_list_set(list, index, NULL); /* fails, too, in the words of set */
  if (!status)
    status = tcl_as_before(before, word, &value, &held);
  if (!status)
    status = polyshm_list_set(list, index, &value);
  tcl_release(held);
  return status;
}

static polyshm_status polyshm_list_set_item(polyshm_list *list, int64_t index, Tcl_Obj *item) {
  polyshm_value value;
  Tcl_Obj *held = NULL;
  polyshm_status status = tcl_item(item, &value, &held);
  if (!status)
    status = polyshm_list_set(list, index, &value);
  tcl_release(held);
  return status;
}
%}

%init %{
  if (!tcl_double_type) {
    Tcl_Obj *number = Tcl_NewDoubleObj(0);
    tcl_double_type = number->typePtr;
    Tcl_DecrRefCount(number);
  }
%}

%typemap(in, noblock=1) polyshm_dtype {
  if (tcl_failed(interp, polyshm_dtype_from_name(Tcl_GetString($input), &$1))) SWIG_fail;
}
%typemap(out, noblock=1) polyshm_dtype {
  Tcl_SetObjResult(interp, tcl_text(polyshm_dtype_name($1)));
}

%typemap(in, noblock=1) const polyshm_value *value (polyshm_value value) {
  if (tcl_failed(interp, tcl_value($input, &value))) SWIG_fail;
  $1 = &value;
}
%apply const polyshm_value *value { const polyshm_value *expected, const polyshm_value *replacement };
%typemap(in, numinputs=0, noblock=1) polyshm_value *out (polyshm_value value) {
  $1 = &value;
}
%typemap(argout, noblock=1) polyshm_value *out (Tcl_Obj *word = NULL) {
  if (tcl_failed(interp, tcl_new_value($1, &word))) SWIG_fail;
  Tcl_SetObjResult(interp, word);
}

#define values list /* Tcl's word for a range, which the API renames to values */
%typemap(in, noblock=1) (int64_t count, polyshm_view_visit *visit, void *context) (tcl_range range = {0}) {
  if (tcl_failed(interp, tcl_int64($input, "count", &$1))) SWIG_fail;
  range.count = $1;
  range.dtype = polyshm_view_dtype(arg1);
  $2 = tcl_take;
  $3 = &range;
}
%typemap(argout, noblock=1) (int64_t count, polyshm_view_visit *visit, void *context) {
  Tcl_SetObjResult(interp, Tcl_NewListObj((Tcl_Size)range$argnum.done, range$argnum.elements));
  range$argnum.done = 0; /* the elements are the list's now */
}
%typemap(freearg, noblock=1) (int64_t count, polyshm_view_visit *visit, void *context) {
  tcl_range_drop(&range$argnum);
}

%typemap(in, noblock=1) (const void *elements, int64_t count) (uint8_t *packed = NULL) {
  if (tcl_failed(interp, tcl_pack($input, polyshm_view_dtype(arg1), &packed, &$2))) SWIG_fail;
  $1 = packed;
}
%typemap(freearg, noblock=1) (const void *elements, int64_t count) {
  free(packed$argnum);
}

/* The interpreter's result keeps the list from the start: SWIG writes no freearg for what scripts do not give. */
%typemap(in, numinputs=0, noblock=1) (polyshm_segment_visit *visit, void *context) {
  $1 = tcl_visit;
  $2 = Tcl_NewListObj(0, NULL);
  Tcl_SetObjResult(interp, $2);
}

%typemap(in, noblock=1) (const polyshm_value *values, int64_t count) (tcl_items items = {0}) {
  if (tcl_failed(interp, tcl_items_of($input, &items))) SWIG_fail;
  $1 = items.data;
  $2 = items.count;
}
%typemap(check, noblock=1) (const polyshm_value *values, int64_t count) {
  if (tcl_failed(interp, tcl_items_settle(&items$argnum))) SWIG_fail;
}
%typemap(freearg, noblock=1) (const polyshm_value *values, int64_t count) {
  tcl_items_drop(&items$argnum);
}

%typemap(in, noblock=1) (const int64_t *reserve, int64_t reserve_count) (int64_t *reserve = NULL) {
  if (tcl_failed(interp, tcl_reserve($input, &reserve, &$2))) SWIG_fail;
  $1 = reserve;
}
%typemap(freearg, noblock=1) (const int64_t *reserve, int64_t reserve_count) {
  free(reserve$argnum);
}

/* An index, and scratch for what is there; an item to look for, and scratch for every item. */
%typemap(in, noblock=1) (int64_t index, void *scratch, int64_t size) (tcl_scratch scratch = {0}, char room[TCL_ROOM]) {
  if (tcl_failed(interp, tcl_int64($input, "index", &$1))) SWIG_fail;
  if (tcl_failed(interp, tcl_scratch_at(&scratch, room, arg1, $1))) SWIG_fail;
  $2 = scratch.data;
  $3 = scratch.size;
}
%typemap(freearg, noblock=1) (int64_t index, void *scratch, int64_t size) {
  tcl_scratch_end(&scratch$argnum);
}
%typemap(in, noblock=1) (const polyshm_value *value, void *scratch, int64_t size)
                        (polyshm_value value, Tcl_Obj *held = NULL, tcl_scratch scratch = {0}, char room[TCL_ROOM]) {
  if (tcl_failed(interp, tcl_item($input, &value, &held))) SWIG_fail;
  if (tcl_failed(interp, tcl_scratch_begin(&scratch, room, polyshm_list_scratch(arg1)))) SWIG_fail;
  $1 = &value;
  $2 = scratch.data;
  $3 = scratch.size;
}
%typemap(freearg, noblock=1) (const polyshm_value *value, void *scratch, int64_t size) {
  tcl_scratch_end(&scratch$argnum);
  tcl_release(held$argnum);
}

%typemap(in, noblock=1) (int64_t count, void *scratch, int64_t size, polyshm_list_visit *visit, void *context)
                        (tcl_range range = {0}, tcl_scratch scratch = {0}, char room[TCL_ROOM]) {
  if (tcl_failed(interp, tcl_int64($input, "count", &$1))) SWIG_fail;
  if (tcl_failed(interp, tcl_scratch_begin(&scratch, room, polyshm_list_scratch(arg1)))) SWIG_fail;
  range.count = $1;
  $2 = scratch.data;
  $3 = scratch.size;
  $4 = tcl_take_value;
  $5 = &range;
}
%typemap(argout, noblock=1) (int64_t count, void *scratch, int64_t size, polyshm_list_visit *visit, void *context) {
  Tcl_SetObjResult(interp, Tcl_NewListObj((Tcl_Size)range$argnum.done, range$argnum.elements));
  range$argnum.done = 0; /* the elements are the list's now */
}
%typemap(freearg, noblock=1) (int64_t count, void *scratch, int64_t size, polyshm_list_visit *visit, void *context) {
  tcl_scratch_end(&scratch$argnum);
  tcl_range_drop(&range$argnum);
}

%typemap(in, numinputs=0, noblock=1) polyshm_list_format_text *out (polyshm_list_format_text text) {
  $1 = &text;
}
%typemap(argout, noblock=1) polyshm_list_format_text *out {
  Tcl_SetObjResult(interp, tcl_text($1->text));
}

%typemap(in, noblock=1) Tcl_Obj *word, Tcl_Obj *item {
  $1 = $input;
}
%typemap(in, numinputs=0, noblock=1) Tcl_Obj **out (Tcl_Obj *made = NULL) {
  $1 = &made;
}
%typemap(argout, noblock=1) Tcl_Obj **out {
  Tcl_SetObjResult(interp, *$1);
}

/* Tcl's own set takes the place of the API's. */
%ignore polyshm_list::set;
%rename(set) polyshm_list::set_plain;
%extend polyshm_list {
  polyshm_status kind(int64_t index, Tcl_Obj **out);
  polyshm_status items(int64_t index, int64_t count, void *scratch, int64_t size, polyshm_list_visit *visit, void *context);
  polyshm_status set_plain(int64_t index, Tcl_Obj *word);
}
polyshm_status polyshm_list_set_item(struct polyshm_list *self, int64_t index, Tcl_Obj *item);
