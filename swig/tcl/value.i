/*
 * value.i (Tcl): numbers of a dtype, one by one and as lists, and the list of segments. SWIG knows none of these types.
 *
 * A word becomes the number it reads as: `12` is an integer and `1.5` a float, typed in or computed. What reads as no
 * number is text, which the core refuses.
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
    value->kind = POLYSHM_KIND_FLOAT64;
    value->as.float64 = number;
  } else if (word->typePtr == tcl_double_type) { /* NaN, which Tcl_GetDoubleFromObj does not give */
    value->kind = POLYSHM_KIND_FLOAT64;
    value->as.float64 = word->internalRep.doubleValue;
  } else {
    Tcl_Size length;
    value->kind = POLYSHM_KIND_STR;
    value->as.bytes.data = Tcl_GetStringFromObj(word, &length);
    value->as.bytes.length = length;
  }
  return POLYSHM_OK;
}

static inline Tcl_Obj *tcl_new_value(const polyshm_value *value) {
  switch (value->kind) {
  case POLYSHM_KIND_INT64:
    return Tcl_NewWideIntObj(value->as.int64);
  case POLYSHM_KIND_UINT64:
    return tcl_new_uint64(value->as.uint64);
  default: /* numbers are all that views and segments give */
    return Tcl_NewDoubleObj(value->as.float64);
  }
}

/* ---- a range as a list ---- */

typedef struct tcl_list {
  Tcl_Obj **elements;
  int64_t count, done;
  polyshm_dtype dtype;
} tcl_list;

/* Tcl ends the process when it finds no memory, so ask first. */
static polyshm_status tcl_list_begin(tcl_list *list) {
  const int64_t each = sizeof(Tcl_Obj) + 2 * sizeof(Tcl_Obj *), most = TCL_SIZE_MAX / (Tcl_Size)sizeof(Tcl_Obj *) - 64;
  void *room = list->count < most ? malloc((size_t)(list->count * each)) : NULL;
  free(room);
  list->elements = room ? malloc((size_t)list->count * sizeof *list->elements) : NULL;
  return list->elements ? POLYSHM_OK
                        : polyshm_fail(POLYSHM_ENOMEM, "list: %" PRId64 " elements are too many for one Tcl list", list->count);
}

static polyshm_status tcl_take(const void *elements, int64_t count, void *context) {
  tcl_list *list = context;
  if (!list->elements) {
    polyshm_status status = tcl_list_begin(list);
    if (status)
      return status;
  }
  Tcl_Obj **out = list->elements + list->done;
  switch (list->dtype) {
#define TAKE(NAME, name, type)                                                                                         \
  case POLYSHM_##NAME:                                                                                                 \
    for (int64_t i = 0; i < count; i++)                                                                                \
      out[i] = _Generic((type)0, float: Tcl_NewDoubleObj, double: Tcl_NewDoubleObj, uint64_t: tcl_new_uint64,          \
                        default: Tcl_NewWideIntObj)(((const type *)elements)[i]);                                      \
    break;
    POLYSHM_DTYPE_MAP(TAKE)
#undef TAKE
  }
  list->done += count;
  return POLYSHM_OK;
}

static void tcl_list_drop(tcl_list *list) {
  for (int64_t i = 0; i < list->done; i++)
    Tcl_DecrRefCount(list->elements[i]);
  free(list->elements);
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
%typemap(in, numinputs=0, noblock=1) polyshm_value *out (polyshm_value value) {
  $1 = &value;
}
%typemap(argout, noblock=1) polyshm_value *out {
  Tcl_SetObjResult(interp, tcl_new_value($1));
}

#define values list /* Tcl's word for View's values, which api/view.i renames */
%typemap(in, noblock=1) (int64_t count, polyshm_view_take *take, void *context) (tcl_list list = {0}) {
  if (tcl_failed(interp, tcl_int64($input, "count", &$1))) SWIG_fail;
  list.count = $1;
  list.dtype = polyshm_view_dtype(arg1);
  $2 = tcl_take;
  $3 = &list;
}
%typemap(argout, noblock=1) (int64_t count, polyshm_view_take *take, void *context) {
  Tcl_SetObjResult(interp, Tcl_NewListObj((Tcl_Size)list$argnum.done, list$argnum.elements));
  list$argnum.done = 0; /* the elements are the list's now */
}
%typemap(freearg, noblock=1) (int64_t count, polyshm_view_take *take, void *context) {
  tcl_list_drop(&list$argnum);
}

%typemap(in, noblock=1) (const void *elements, int64_t count) (uint8_t *packed = NULL) {
  if (tcl_failed(interp, tcl_pack($input, polyshm_view_dtype(arg1), &packed, &$2))) SWIG_fail;
  $1 = packed;
}
%typemap(freearg, noblock=1) (const void *elements, int64_t count) {
  free(packed$argnum);
}

%typemap(in, numinputs=0, noblock=1) (polyshm_segment_visit *visit, void *context) (Tcl_Obj *segments = NULL) {
  segments = Tcl_NewListObj(0, NULL);
  Tcl_IncrRefCount(segments);
  $1 = tcl_visit;
  $2 = segments;
}
%typemap(argout, noblock=1) (polyshm_segment_visit *visit, void *context) {
  Tcl_SetObjResult(interp, segments$argnum);
}
%typemap(freearg, noblock=1) (polyshm_segment_visit *visit, void *context) {
  if (segments$argnum) Tcl_DecrRefCount(segments$argnum);
}
