/*
 * own.i: what only Python has: subscripts, and buffers on the bytes themselves. A buffer keeps its object, and with it the handle, whose
 * address range stays when the segment is closed or grows: so memoryviews and numpy arrays never point at nothing.
 */
%{
/* ---- view[i], list[i] ---- */

static PyObject *polyshm_python_slice(PyObject *self, PyObject *key, PyObject *value) {
  return value ? PyObject_CallMethod(self, "_set_slice", "OO", key, value) : PyObject_CallMethod(self, "_get_slice", "O", key);
}

/* From the end on, too, as every sequence of Python's: view.get() and view.set() count from 0 alone. */
static inline polyshm_status polyshm_python_index(const polyshm_view *view, PyObject *key, int64_t *index) {
  polyshm_status status = host_integer(HOST, key, "index", index);
  if (*index < 0 && !status)
    *index += polyshm_view_count(view);
  return status;
}

/* Functions of their own keep their registers out of the two below. */
#define POLYSHM_PYTHON_APART __attribute__((noinline))

static POLYSHM_PYTHON_APART PyObject *polyshm_python_view_got(polyshm_status status, const polyshm_value *value) {
  if (!status)
    return polyshm_python_from_value(value);
  polyshm_python_raise(status);
  return NULL;
}

static PyObject *polyshm_python_view_item(PyObject *self, Py_ssize_t index) {
  polyshm_value value;
  polyshm_status status = polyshm_view_get(polyshm_python_behind(self), index, &value);
  return polyshm_python_view_got(status, &value);
}

static POLYSHM_PYTHON_APART PyObject *polyshm_python_view_at(PyObject *self, PyObject *key) {
  const polyshm_view *view = polyshm_python_behind(self);
  int64_t index;
  if (PySlice_Check(key))
    return polyshm_python_slice(self, key, NULL);
  polyshm_status status = polyshm_python_index(view, key, &index);
  if (!status)
    return polyshm_python_view_item(self, (Py_ssize_t)index);
  polyshm_python_raise(status);
  return NULL;
}

static PyObject *polyshm_python_view_subscript(PyObject *self, PyObject *key) {
  int64_t index;
  polyshm_value value;
  if (!PyLong_CheckExact(key) || !polyshm_python_small(key, &index) || index < 0)
    return polyshm_python_view_at(self, key);
  polyshm_status status = polyshm_view_get(polyshm_python_behind(self), index, &value);
  if (!status && value.type == POLYSHM_TYPE_FLOAT64)
    return PyFloat_FromDouble(value.as.float64);
  return polyshm_python_view_got(status, &value);
}

static int polyshm_python_undeletable(void) {
  polyshm_python_raise(polyshm_fail(POLYSHM_TYPE, "del: elements stay; their number is fixed"));
  return -1;
}

static int polyshm_python_done_int(PyObject *made) {
  Py_XDECREF(made);
  return made ? 0 : -1;
}

static POLYSHM_PYTHON_APART int polyshm_python_view_assign_at(PyObject *self, PyObject *key, PyObject *object) {
  polyshm_view *view = polyshm_python_behind(self);
  int64_t index;
  polyshm_value value;
  if (!object)
    return polyshm_python_undeletable();
  if (PySlice_Check(key))
    return polyshm_python_done_int(polyshm_python_slice(self, key, object));
  polyshm_status status = polyshm_python_index(view, key, &index);
  if (!status)
    status = polyshm_python_to_value(object, &value);
  if (!status)
    status = polyshm_view_set(view, index, &value);
  if (status)
    polyshm_python_raise(status);
  return status ? -1 : 0;
}

static int polyshm_python_view_assign(PyObject *self, PyObject *key, PyObject *object) {
  int64_t index;
  polyshm_value value = {.type = POLYSHM_TYPE_FLOAT64};
  if (!object || !PyFloat_CheckExact(object) || !PyLong_CheckExact(key) || !polyshm_python_small(key, &index) || index < 0)
    return polyshm_python_view_assign_at(self, key, object);
  value.as.float64 = PyFloat_AS_DOUBLE(object);
  polyshm_status status = polyshm_view_set(polyshm_python_behind(self), index, &value);
  return status ? polyshm_python_view_assign_at(self, key, object) : 0; /* which tells why not */
}

static Py_ssize_t polyshm_python_view_length(PyObject *self) {
  return (Py_ssize_t)polyshm_view_count(polyshm_python_behind(self));
}

static PyObject *polyshm_python_list_get(const polyshm_list *list, int64_t index) {
  char brief[GLUE_BRIEF];
  host_memory memory = HOST_NO_MEMORY;
  void *scratch;
  int64_t size;
  polyshm_value value;
  polyshm_status status = glue_scratch_at(HOST, &memory, brief, list, index, &scratch, &size);
  if (!status)
    status = polyshm_list_get(list, index, scratch, size, &value);
  PyObject *made = status ? NULL : polyshm_python_from_value(&value);
  host_free(&memory);
  if (status)
    polyshm_python_raise(status);
  return made;
}

static PyObject *polyshm_python_list_item(PyObject *self, Py_ssize_t index) {
  return polyshm_python_list_get(polyshm_python_behind(self), index);
}

static PyObject *polyshm_python_list_subscript(PyObject *self, PyObject *key) {
  int64_t index;
  if (PySlice_Check(key))
    return polyshm_python_slice(self, key, NULL);
  polyshm_status status = host_integer(HOST, key, "index", &index);
  if (!status)
    return polyshm_python_list_get(polyshm_python_behind(self), index);
  polyshm_python_raise(status);
  return NULL;
}

static int polyshm_python_list_assign(PyObject *self, PyObject *key, PyObject *object) {
  int64_t index;
  polyshm_value value;
  if (!object)
    return polyshm_python_undeletable();
  if (PySlice_Check(key))
    return polyshm_python_done_int(polyshm_python_slice(self, key, object));
  polyshm_status status = host_integer(HOST, key, "index", &index);
  if (!status)
    status = polyshm_python_to_value(object, &value);
  if (!status)
    status = polyshm_list_set(polyshm_python_behind(self), index, &value);
  if (status)
    polyshm_python_raise(status);
  return status ? -1 : 0;
}

static Py_ssize_t polyshm_python_list_length(PyObject *self) {
  return (Py_ssize_t)polyshm_list_length(polyshm_python_behind(self));
}

static Py_ssize_t polyshm_python_segment_length(PyObject *self) {
  return (Py_ssize_t)polyshm_segment_size(polyshm_python_behind(self));
}

/* ---- buffers ---- */

static polyshm_status polyshm_python_borrow(const polyshm_segment *segment, int64_t offset, int64_t bytes, Py_buffer *buffer, int flags) {
  const void *data = NULL;
  *buffer = (Py_buffer){.len = (Py_ssize_t)bytes, .itemsize = 1, .ndim = 1, .readonly = polyshm_segment_readonly(segment)};
  if (buffer->readonly && (flags & PyBUF_WRITABLE)) {
    PyErr_SetString(PyExc_BufferError, "attached read-only: attach without readonly to write");
    return POLYSHM_PYTHON_RAISED;
  }
  polyshm_status status = polyshm_segment_borrow(segment, offset, bytes, &data);
  buffer->buf = (void *)(uintptr_t)data;
  return status;
}

/* shape and strides, in one, are freed with the buffer. */
static int polyshm_python_lend(PyObject *self, Py_buffer *buffer, polyshm_status status, char *format, int flags) {
  Py_ssize_t *shape = status ? NULL : PyMem_RawMalloc(2 * sizeof *shape);
  if (!shape) {
    if (status)
      polyshm_python_raise(status);
    else
      PyErr_NoMemory();
    return -1;
  }
  shape[0] = buffer->len / buffer->itemsize;
  shape[1] = buffer->itemsize;
  buffer->internal = shape;
  buffer->shape = flags & PyBUF_ND ? shape : NULL;
  buffer->strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? shape + 1 : NULL;
  buffer->format = flags & PyBUF_FORMAT ? format : NULL;
  buffer->obj = Py_NewRef(self);
  return 0;
}

static int polyshm_python_segment_buffer(PyObject *self, Py_buffer *buffer, int flags) {
  const polyshm_segment *segment = polyshm_python_behind(self);
  return polyshm_python_lend(self, buffer, polyshm_python_borrow(segment, 0, polyshm_segment_size(segment), buffer, flags), "B", flags);
}

/* In the words of the module struct, and numpy's. */
#define POLYSHM_PYTHON_FORMAT(example)                                                                                 \
  _Generic((example), int8_t: "b", uint8_t: "B", int16_t: "h", uint16_t: "H", int32_t: "i", uint32_t: "I", float: "f", double: "d", \
           int64_t: sizeof(long) == 8 ? "l" : "q", uint64_t: sizeof(long) == 8 ? "L" : "Q")
#define FORMAT(NAME, name, type) [POLYSHM_##NAME] = POLYSHM_PYTHON_FORMAT((type)0),

static int polyshm_python_view_buffer(PyObject *self, Py_buffer *buffer, int flags) {
  static char *formats[] = {POLYSHM_DTYPE_MAP(FORMAT)};
  const polyshm_python_object *view = (const polyshm_python_object *)self;
  const polyshm_dtype dtype = polyshm_view_dtype(view->handle);
  const int64_t count = polyshm_view_count(view->handle), itemsize = polyshm_dtype_itemsize(dtype);
  polyshm_status status = POLYSHM_OK;
  if (polyshm_view_closed(view->handle) || !view->maker) {
    polyshm_value value;
    status = polyshm_view_get(view->handle, 0, &value); /* the core says why not */
    status = status ? status : polyshm_fail(POLYSHM_CLOSED, "%s", polyshm_status_text(POLYSHM_CLOSED));
  }
  *buffer = (Py_buffer){NULL};
  if (!status)
    status = polyshm_python_borrow(polyshm_python_behind(view->maker), polyshm_view_offset(view->handle), count * itemsize, buffer, flags);
  buffer->itemsize = itemsize ? (Py_ssize_t)itemsize : 1;
  return polyshm_python_lend(self, buffer, status, status ? NULL : formats[dtype], flags);
}
#undef FORMAT

static void polyshm_python_release_buffer(PyObject *self, Py_buffer *buffer) {
  (void)self;
  PyMem_RawFree(buffer->internal);
}

/* Of a sequence; the buffer's slots are last. */
#define POLYSHM_PYTHON_SEQUENCE(type)                                                                                  \
  {Py_tp_iter, PySeqIter_New}, {Py_sq_item, polyshm_python_##type##_item}, {Py_sq_length, polyshm_python_##type##_length},                          \
      {Py_mp_length, polyshm_python_##type##_length}, {Py_mp_subscript, polyshm_python_##type##_subscript}, {          \
    Py_mp_ass_subscript, polyshm_python_##type##_assign                                                                \
  }
#define POLYSHM_PYTHON_BUFFER(type)                                                                                    \
  {Py_bf_getbuffer, polyshm_python_##type##_buffer}, {                                                                 \
    Py_bf_releasebuffer, polyshm_python_release_buffer                                                                 \
  }
static PyType_Slot polyshm_python_slots_view[POLYSHM_PYTHON_SLOTS] = {POLYSHM_PYTHON_SEQUENCE(view), POLYSHM_PYTHON_BUFFER(view)};
static PyType_Slot polyshm_python_slots_list[POLYSHM_PYTHON_SLOTS] = {POLYSHM_PYTHON_SEQUENCE(list)};
static PyType_Slot polyshm_python_slots_segment[POLYSHM_PYTHON_SLOTS] = {{Py_mp_length, polyshm_python_segment_length},
                                                                         POLYSHM_PYTHON_BUFFER(segment)};
%}

%include <docstrings.i> /* the build makes it */
