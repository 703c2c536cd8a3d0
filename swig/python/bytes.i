/*
 * bytes.i: names and bytes. SWIG cuts both at the first NUL.
 *
 * A name is a str, and nothing else; it is a file's name, with surrogates where that is not UTF-8. Bytes are what has a buffer: bytes,
 * bytearray, memoryview, a numpy array. They come out as bytes.
 */
%{
/* What a call uses, until it is freed. Python does not let go, resize or move it meanwhile, whatever other threads do. */
typedef struct host_text {
  PyObject *object;
  Py_buffer buffer;
} host_text;
#define HOST_NO_TEXT {NULL, {NULL}}

static void host_free_text(host_text *text) {
  Py_CLEAR(text->object);
  PyBuffer_Release(&text->buffer); /* where there is none it does nothing */
}

static polyshm_status host_to_text(host_context context, PyObject *object, const char *word, host_text *text, char **out) {
  (void)context;
  *out = NULL;
  if (object == Py_None)
    return POLYSHM_OK;
  if (!PyUnicode_Check(object))
    return polyshm_python_type_error(word, "a str", object);
  text->object = PyUnicode_EncodeFSDefault(object);
  if (!text->object) {
    if (!PyErr_ExceptionMatches(PyExc_UnicodeError))
      return POLYSHM_PYTHON_RAISED;
    PyErr_Clear();
    return polyshm_fail(POLYSHM_ARGUMENT, "%s: it has a lone surrogate, or another character that no file's name has", word);
  }
  *out = PyBytes_AS_STRING(text->object);
  if ((Py_ssize_t)strlen(*out) != PyBytes_GET_SIZE(text->object))
    return polyshm_fail(POLYSHM_ARGUMENT, "%s: a NUL is in \"%s\"", word, *out);
  return POLYSHM_OK;
}

/* What is neither bytes nor bytearray is copied first: it may lie in the very memory that is written to, ranges overlapping. */
static polyshm_status host_to_bytes(host_context context, PyObject *object, const char *word, host_text *bytes, void **data,
                                    int64_t *length) {
  (void)context;
  if (PyByteArray_Check(object)) {
    if (PyObject_GetBuffer(object, &bytes->buffer, PyBUF_SIMPLE))
      return polyshm_python_refused(word, "a bytes-like object", object);
    *data = bytes->buffer.buf;
    *length = bytes->buffer.len;
    return POLYSHM_OK;
  }
  if (!PyObject_CheckBuffer(object))
    return polyshm_python_type_error(word, "a bytes-like object", object);
  bytes->object = PyBytes_Check(object) ? Py_NewRef(object) : PyBytes_FromObject(object);
  if (!bytes->object)
    return polyshm_python_refused(word, "a bytes-like object", object);
  *data = PyBytes_AS_STRING(bytes->object);
  *length = PyBytes_GET_SIZE(bytes->object);
  return POLYSHM_OK;
}

static PyObject *host_new_text(host_context context, const char *text) {
  (void)context;
  return PyUnicode_DecodeFSDefault(text);
}

static inline void polyshm_python_hook(void);

/* A range as bytes. Nobody can close the segment between the call and the copy of a few, as the address range stays. A long one is
 * read again, while other threads run; Python sees it when it is whole. */
static polyshm_status host_new_shared(host_context context, const polyshm_segment *segment, int64_t offset, int64_t length,
                                      const void *borrowed, PyObject **made) {
  (void)context;
  *made = PyBytes_FromStringAndSize(length <= POLYSHM_LARGE ? borrowed : NULL, (Py_ssize_t)length);
  if (!*made || length <= POLYSHM_LARGE)
    return *made ? POLYSHM_OK : POLYSHM_PYTHON_RAISED;
  polyshm_python_hook();
  polyshm_status status = polyshm_segment_read(segment, offset, PyBytes_AS_STRING(*made), length);
  if (status)
    Py_CLEAR(*made);
  return status;
}
%}
