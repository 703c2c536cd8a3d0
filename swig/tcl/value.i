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
static inline Tcl_Obj *host_new_float(Tcl_Interp *interp, double number) {
  (void)interp;
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

static inline polyshm_status host_new_value(Tcl_Interp *interp, const polyshm_value *value, Tcl_Obj **out) {
  (void)interp;
  switch (value->type) {
  case POLYSHM_TYPE_INT64:
    *out = Tcl_NewWideIntObj(value->as.int64);
    break;
  case POLYSHM_TYPE_UINT64:
    *out = host_new_uint64(NULL, value->as.uint64);
    break;
  case POLYSHM_TYPE_FLOAT64:
    *out = host_new_float(NULL, value->as.float64);
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

static polyshm_status host_seconds(Tcl_Interp *interp, Tcl_Obj *word, double *seconds) {
  polyshm_value value;
  (void)interp;
  polyshm_status status = tcl_value(word, &value);
  if (status)
    return status;
  if (value.type == POLYSHM_TYPE_STR)
    return polyshm_fail(POLYSHM_TYPE, "timeout \"%.100s\" is no number of seconds", value.as.bytes.data);
  *seconds = value.type == POLYSHM_TYPE_INT64    ? (double)value.as.int64
             : value.type == POLYSHM_TYPE_UINT64 ? (double)value.as.uint64
                                                 : value.as.float64;
  return POLYSHM_OK;
}

/* ---- lists ---- */

/* How messages name the places of a list. */
#define HOST_ELEMENT "element %lld"
#define HOST_ITEM "item %lld"
#define HOST_FIRST 0

typedef void *host_memory;
#define HOST_NO_MEMORY NULL

static polyshm_status host_allocate(Tcl_Interp *interp, host_memory *memory, int64_t bytes, void **allocated) {
  (void)interp;
  *memory = *allocated = malloc((size_t)bytes + 1);
  return *memory ? POLYSHM_OK : polyshm_fail(POLYSHM_ENOMEM, "%s", polyshm_status_text(POLYSHM_ENOMEM));
}

static void host_free(host_memory *memory) {
  free(*memory);
}

/* Every word is a list, and a number is one of one element. */
#define host_is_list(interp, word) true

static polyshm_status host_list_length(Tcl_Interp *interp, Tcl_Obj *word, const char *what, int64_t *length) {
  Tcl_Size count;
  (void)interp;
  if (Tcl_ListObjLength(NULL, word, &count) != TCL_OK)
    return polyshm_fail(POLYSHM_TYPE, "%s: a list is needed", what);
  *length = count;
  return POLYSHM_OK;
}

/* The text of an item points into this until the call is over. */
typedef Tcl_Obj *host_hold;
#define HOST_NOTHING_HELD NULL

static inline void host_let_go(host_hold *hold) {
  if (*hold)
    Tcl_DecrRefCount(*hold);
}

static inline Tcl_Obj *host_list_item(Tcl_Interp *interp, Tcl_Obj *list, int64_t index) {
  Tcl_Obj *item = NULL;
  (void)interp;
  return Tcl_ListObjIndex(NULL, list, (Tcl_Size)index, &item) == TCL_OK && item ? item : list;
}

#define host_drop(interp, item, hold) host_let_go(hold)

typedef struct host_list {
  Tcl_Obj **elements;
  int64_t done;
} host_list;

/* Tcl ends the process when it finds no memory, so ask first. */
static polyshm_status host_list_begin(Tcl_Interp *interp, host_list *list, int64_t count) {
  const int64_t each = sizeof(Tcl_Obj) + 2 * sizeof(Tcl_Obj *), most = TCL_SIZE_MAX / (Tcl_Size)sizeof(Tcl_Obj *) - 64;
  void *room = count < most ? malloc((size_t)(count * each) + 1) : NULL;
  (void)interp;
  free(room);
  list->elements = room ? malloc((size_t)count * sizeof *list->elements + 1) : NULL;
  return list->elements ? POLYSHM_OK
                        : polyshm_fail(POLYSHM_ENOMEM, "list: %" PRId64 " elements are too many for one Tcl list", count);
}

static inline void host_list_put(Tcl_Interp *interp, host_list *list, int64_t index, Tcl_Obj *item) {
  (void)interp;
  list->elements[index] = item;
  list->done = index + 1;
}

#define host_list_status(interp, list) POLYSHM_OK

static Tcl_Obj *host_list_end(Tcl_Interp *interp, host_list *list, int64_t count) {
  (void)interp;
  list->done = 0; /* the elements are the new list's */
  return Tcl_NewListObj((Tcl_Size)count, list->elements);
}

static void host_list_free(Tcl_Interp *interp, host_list *list, int64_t taken) {
  (void)interp;
  (void)taken;
  for (int64_t i = 0; i < list->done; i++)
    Tcl_DecrRefCount(list->elements[i]);
  free(list->elements);
}

/* Numbers of views: the core checks whether they fit. */
#define host_number(interp, word, dtype, value, hold) ((void)(dtype), (void)(hold), tcl_value(word, value))

/* ---- the list of segments ---- */

/* The interpreter's result keeps the list from the start. */
typedef struct host_visiting {
  Tcl_Obj *list;
} host_visiting;

static polyshm_status host_begin_visit(Tcl_Interp *interp, host_visiting *visiting) {
  visiting->list = Tcl_NewListObj(0, NULL);
  Tcl_SetObjResult(interp, visiting->list);
  return POLYSHM_OK;
}

#define host_end_visit(interp, visiting) ((visiting)->list)

static polyshm_status host_visit(const polyshm_segment_info *info, void *context) {
  Tcl_Obj *segment = Tcl_NewDictObj();
  Tcl_DictObjPut(NULL, segment, Tcl_NewStringObj("name", -1), tcl_text(info->name));
  Tcl_DictObjPut(NULL, segment, Tcl_NewStringObj("kind", -1), tcl_text(info->kind));
  Tcl_DictObjPut(NULL, segment, Tcl_NewStringObj("size", -1), Tcl_NewWideIntObj(info->size));
  Tcl_DictObjPut(NULL, segment, Tcl_NewStringObj("mode", -1), Tcl_NewWideIntObj(info->mode));
  Tcl_DictObjPut(NULL, segment, Tcl_NewStringObj("owner", -1), Tcl_NewWideIntObj(info->owner));
  Tcl_ListObjAppendElement(NULL, ((host_visiting *)context)->list, segment);
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

static void tcl_hold(Tcl_Obj *object, host_hold *hold) {
  Tcl_IncrRefCount(object);
  *hold = object;
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

static polyshm_status tcl_as_text(Tcl_Obj *word, polyshm_value *value, host_hold *held) {
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

static polyshm_status tcl_as_bytes(Tcl_Obj *word, polyshm_value *value, host_hold *held) {
  void *data;
  polyshm_status status = tcl_bytes(word, &data, &value->as.bytes.length);
  value->as.bytes.data = data;
  if (!status)
    tcl_hold(word, held);
  return status;
}

static polyshm_status tcl_as(int32_t kind, Tcl_Obj *word, polyshm_value *value, host_hold *held) {
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

/* A kind and a value as two words; none may do without. */
static polyshm_status tcl_item_of(Tcl_Obj *kind_word, Tcl_Obj *word, polyshm_value *value, host_hold *held) {
  int32_t kind;
  if (!tcl_find_kind(kind_word, &kind) || (!word && kind != POLYSHM_TYPE_NONE))
    return tcl_no_item(kind_word);
  if (word)
    return tcl_as(kind, word, value, held);
  value->type = kind;
  return POLYSHM_OK;
}

/* {kind value}, or the word none. */
static polyshm_status host_item(Tcl_Interp *interp, Tcl_Obj *word, polyshm_value *value, host_hold *held) {
  Tcl_Size length;
  Tcl_Obj **parts;
  (void)interp;
  if (Tcl_ListObjGetElements(NULL, word, &length, &parts) != TCL_OK || length < 1 || length > 2)
    return tcl_no_item(word);
  return tcl_item_of(parts[0], length == 2 ? parts[1] : NULL, value, held);
}
%}

%init %{
  if (!tcl_double_type) {
    Tcl_Obj *number = Tcl_NewDoubleObj(0);
    tcl_double_type = number->typePtr;
    Tcl_DecrRefCount(number);
  }
%}

#define values list /* Tcl's word for a range, which the API renames to values */
