/*
 * value.i: dtypes, polyshm_value and lists as Python's own objects. SWIG knows none of them.
 *
 * None, bool, int, float, str and bytes become what they are, to the last bit, and so does what has __index__, or a __float__ that is
 * exact, as numpy's numbers have; everything else is TYPE. An int beyond uint64 is RANGE. dtypes are numpy's names. Lists are lists or
 * tuples: the facade makes them of other iterables.
 */
%{
/* ---- dtypes ---- */

static PyObject *polyshm_python_dtypes[POLYSHM_DTYPE_COUNT];

static polyshm_status host_dtype(host_context context, PyObject *name, polyshm_dtype *dtype) {
  for (*dtype = 0; *dtype < POLYSHM_DTYPE_COUNT; (*dtype)++)
    if (name == polyshm_python_dtypes[*dtype])
      return POLYSHM_OK;
  host_text text = HOST_NO_TEXT;
  char *word;
  if (name == Py_None)
    return polyshm_python_type_error("dtype", "a str", name);
  polyshm_status status = host_to_text(context, name, "dtype", &text, &word);
  if (!status)
    status = polyshm_dtype_from_name(word, dtype);
  host_free_text(&text);
  return status;
}

static PyObject *host_new_dtype(host_context context, polyshm_dtype dtype) {
  (void)context;
  return Py_NewRef(dtype >= 0 && dtype < POLYSHM_DTYPE_COUNT ? polyshm_python_dtypes[dtype] : Py_None);
}

/* ---- values ---- */

/* The object that a value points into, where it is not the argument itself. */
typedef PyObject *host_hold;
#define HOST_NOTHING_HELD NULL
static inline void host_let_go(host_hold *hold) {
  Py_CLEAR(*hold);
}

#define POLYSHM_PYTHON_VALUES "a number, str, bytes, bool or None"

/* numpy.float32 is no float, and exact in one; Decimal("0.1") is not. */
static polyshm_status polyshm_python_like_float(PyObject *object, polyshm_value *value) {
  const PyNumberMethods *methods = Py_TYPE(object)->tp_as_number;
  if (!methods || !methods->nb_float || PyComplex_Check(object))
    return polyshm_python_type_error("value", POLYSHM_PYTHON_VALUES, object);
  value->as.float64 = PyFloat_AsDouble(object);
  PyObject *made = PyErr_Occurred() ? NULL : PyFloat_FromDouble(value->as.float64);
  if (!made)
    return polyshm_python_refused("value", POLYSHM_PYTHON_VALUES, object);
  const int same = isnan(value->as.float64) ? 1 : PyObject_RichCompareBool(made, object, Py_EQ);
  Py_DECREF(made);
  if (same < 0)
    return POLYSHM_PYTHON_RAISED;
  value->type = POLYSHM_TYPE_FLOAT64;
  return same ? POLYSHM_OK : polyshm_fail(POLYSHM_RANGE, "value: no float is exactly this %.100s", Py_TYPE(object)->tp_name);
}

static polyshm_status polyshm_python_like_int(PyObject *object, polyshm_value *value) {
  PyObject *number = PyNumber_Index(object);
  if (!number)
    return polyshm_python_refused("value", POLYSHM_PYTHON_VALUES, object);
  value->type = polyshm_python_long(number, &value->as.int64);
  Py_DECREF(number);
  return value->type ? POLYSHM_OK : polyshm_fail(POLYSHM_RANGE, "value: the int does not fit in 64 bits");
}

static polyshm_status polyshm_python_text(PyObject *object, polyshm_value *value) {
  Py_ssize_t length;
  value->as.bytes.data = PyUnicode_AsUTF8AndSize(object, &length);
  value->as.bytes.length = length;
  value->type = POLYSHM_TYPE_STR;
  if (value->as.bytes.data)
    return POLYSHM_OK;
  if (!PyErr_ExceptionMatches(PyExc_UnicodeError))
    return POLYSHM_PYTHON_RAISED;
  PyErr_Clear();
  return polyshm_fail(POLYSHM_ARGUMENT, "value: the str has a lone surrogate, which no UTF-8 has");
}

static polyshm_status polyshm_python_other_value(PyObject *object, polyshm_value *value) {
  value->type = POLYSHM_TYPE_NONE;
  if (!object)
    return polyshm_fail(POLYSHM_ARGUMENT, "it was changed while it was read");
  if (object == Py_None)
    return POLYSHM_OK;
  if (PyBool_Check(object)) {
    value->type = POLYSHM_TYPE_BOOL;
    value->as.boolean = object == Py_True;
    return POLYSHM_OK;
  }
  if (PyFloat_Check(object)) {
    value->type = POLYSHM_TYPE_FLOAT64;
    value->as.float64 = PyFloat_AS_DOUBLE(object);
    return POLYSHM_OK;
  }
  if (PyUnicode_Check(object))
    return polyshm_python_text(object, value);
  if (PyBytes_Check(object)) {
    value->type = POLYSHM_TYPE_BYTES;
    value->as.bytes.data = PyBytes_AS_STRING(object);
    value->as.bytes.length = PyBytes_GET_SIZE(object);
    return POLYSHM_OK;
  }
  return PyIndex_Check(object) ? polyshm_python_like_int(object, value) : polyshm_python_like_float(object, value);
}

static inline polyshm_status polyshm_python_to_value(PyObject *object, polyshm_value *value) {
  if (object && PyFloat_CheckExact(object)) {
    value->type = POLYSHM_TYPE_FLOAT64;
    value->as.float64 = PyFloat_AS_DOUBLE(object);
    return POLYSHM_OK;
  }
  if (object && PyLong_CheckExact(object)) {
    value->type = polyshm_python_long(object, &value->as.int64);
    if (value->type)
      return POLYSHM_OK;
  }
  return polyshm_python_other_value(object, value);
}

static inline polyshm_status host_item(host_context context, PyObject *object, polyshm_value *value, host_hold *hold) {
  (void)context;
  *hold = NULL;
  return polyshm_python_to_value(object, value);
}

/* Of any dtype: the core checks whether the number fits. */
#define host_number(context, object, dtype, value, hold) ((void)(dtype), host_item(context, object, value, hold))

static inline PyObject *polyshm_python_from_value(const polyshm_value *value) {
  if (value->type == POLYSHM_TYPE_FLOAT64)
    return PyFloat_FromDouble(value->as.float64);
  if (value->type == POLYSHM_TYPE_INT64)
    return PyLong_FromLongLong(value->as.int64);
  switch (value->type) {
  case POLYSHM_TYPE_UINT64:
    return PyLong_FromUnsignedLongLong(value->as.uint64);
  case POLYSHM_TYPE_BOOL:
    return PyBool_FromLong(value->as.boolean);
  case POLYSHM_TYPE_STR:
    return PyUnicode_DecodeUTF8(value->as.bytes.data, (Py_ssize_t)value->as.bytes.length, "strict");
  case POLYSHM_TYPE_BYTES:
    return PyBytes_FromStringAndSize(value->as.bytes.data, (Py_ssize_t)value->as.bytes.length);
  default:
    return Py_NewRef(Py_None);
  }
}

static inline polyshm_status host_new_value(host_context context, const polyshm_value *value, PyObject **made) {
  (void)context;
  *made = polyshm_python_from_value(value);
  return *made ? POLYSHM_OK : POLYSHM_PYTHON_RAISED;
}

/* ---- lists ---- */

/* How messages name the places of a list. */
#define HOST_ELEMENT "element %lld"
#define HOST_ITEM "item %lld"
#define HOST_FIRST 0

typedef void *host_memory;
#define HOST_NO_MEMORY NULL

static polyshm_status host_allocate(host_context context, host_memory *memory, int64_t bytes, void **allocated) {
  (void)context;
  *allocated = *memory = PyMem_RawMalloc((size_t)bytes);
  return *memory ? POLYSHM_OK : polyshm_fail(POLYSHM_ENOMEM, "%s", polyshm_status_text(POLYSHM_ENOMEM));
}

static inline void host_free(host_memory *memory) {
  PyMem_RawFree(*memory);
  *memory = NULL;
}

static inline bool host_is_list(host_context context, PyObject *object) {
  (void)context;
  return PyList_Check(object) || PyTuple_Check(object);
}

static polyshm_status host_list_length(host_context context, PyObject *object, const char *word, int64_t *length) {
  if (!host_is_list(context, object))
    return polyshm_python_type_error(word, "a list or tuple", object);
  *length = Py_SIZE(object);
  return POLYSHM_OK;
}

/* NULL where it was changed meanwhile. */
static inline PyObject *host_list_item(host_context context, PyObject *list, int64_t index) {
  (void)context;
  PyObject *item = NULL;
  if (index < Py_SIZE(list))
    item = PyList_Check(list) ? PyList_GET_ITEM(list, (Py_ssize_t)index) : PyTuple_GET_ITEM(list, (Py_ssize_t)index);
  Py_XINCREF(item);
  return item;
}

#define host_drop(context, item, hold) (host_let_go(hold), Py_XDECREF(item))

/* A list in the making; what could not be made is NULL in it. */
typedef struct host_list {
  PyObject *list;
  bool failed;
} host_list;

static polyshm_status host_list_begin(host_context context, host_list *list, int64_t count) {
  (void)context;
  list->list = PyList_New((Py_ssize_t)count);
  return list->list ? POLYSHM_OK : POLYSHM_PYTHON_RAISED;
}

static inline void host_list_put(host_context context, host_list *list, int64_t index, PyObject *item) {
  (void)context;
  PyList_SET_ITEM(list->list, (Py_ssize_t)index, item);
  list->failed |= !item;
}

#define host_list_status(context, making) ((making)->failed ? POLYSHM_PYTHON_RAISED : POLYSHM_OK)
#define host_list_end(context, making, taken) Py_XNewRef((making)->list)
#define host_list_free(context, making, taken) Py_CLEAR((making)->list)

/* ---- the list of segments ---- */

typedef struct host_visiting {
  PyObject *list;
} host_visiting;

static polyshm_status host_visit(const polyshm_segment_info *info, void *context) {
  const host_visiting *visiting = context;
  PyObject *fields = Py_BuildValue("NsLLL", PyUnicode_DecodeFSDefault(info->name), info->kind, (long long)info->size,
                                   (long long)info->mode, (long long)info->owner);
  const int failed = !fields || PyList_Append(visiting->list, fields);
  Py_XDECREF(fields);
  return failed ? POLYSHM_PYTHON_RAISED : POLYSHM_OK;
}

static polyshm_status host_begin_visit(host_context context, host_visiting *visiting) {
  (void)context;
  visiting->list = PyList_New(0);
  return visiting->list ? POLYSHM_OK : POLYSHM_PYTHON_RAISED;
}

#define host_end_visit(context, visiting) ((visiting)->list)
%}

%init %{
  for (polyshm_dtype dtype = 0; dtype < POLYSHM_DTYPE_COUNT; dtype++)
    polyshm_python_dtypes[dtype] = PyUnicode_InternFromString(polyshm_dtype_name(dtype));
%}

/* SWIG frees only what scripts give. */
%exception polyshm_each_segment %{
  $action
  if (result)
    Py_CLEAR(((host_visiting *)arg2)->list);
%}
