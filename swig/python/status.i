/*
 * status.i: what a call reports becomes a Python exception. SWIG would hand scripts a bare number.
 *
 * The module polyshm._errors has the classes: each is a polyshm.Error with .code, and besides it is FileExistsError or another
 * OSError as Python's own open() raises them, or, for misuse, IndexError, TypeError and the like.
 */
%namewarn("") "set"; /* a method of this name hides nothing */

%{
typedef void *host_context; /* Python's functions want none */
typedef PyObject *host_object;
#define HOST NULL

static PyObject *polyshm_python_errors;

/* Every misuse has a class: a code added to the core's table does not compile until it has one here. */
#define POLYSHM_PYTHON_CLASS_CLOSED "ClosedError"
#define POLYSHM_PYTHON_CLASS_READONLY "ReadOnlyError"
#define POLYSHM_PYTHON_CLASS_INDEX "IndexError"
#define POLYSHM_PYTHON_CLASS_RANGE "RangeError"
#define POLYSHM_PYTHON_CLASS_TYPE "TypeError"
#define POLYSHM_PYTHON_CLASS_ARGUMENT "ArgumentError"
#define POLYSHM_PYTHON_CLASS_CORRUPT "CorruptError"
#define POLYSHM_PYTHON_CLASS_KIND "KindError"
#define POLYSHM_PYTHON_CLASS_INCOMPATIBLE "IncompatibleError"
#define POLYSHM_PYTHON_CLASS_NOT_OWNER "NotOwnerError"
#define POLYSHM_PYTHON_CLASS_DEADLOCK "DeadlockError"

static PyObject *polyshm_python_exception(polyshm_status status, const char *words) {
  PyObject *text = PyUnicode_DecodeUTF8(words, (Py_ssize_t)strlen(words), "backslashreplace");
  if (!text)
    return NULL;
  switch (status) {
#define MISUSE(name, code, meaning)                                                                                    \
  case code:                                                                                                           \
    return PyObject_CallMethod(polyshm_python_errors, "misuse", "ssN", POLYSHM_PYTHON_CLASS_##name, #name, text);
    POLYSHM_MISUSE_MAP(MISUSE)
#undef MISUSE
  default:
    return PyObject_CallMethod(polyshm_python_errors, "failure", "isN", (int)polyshm_status_errno(status),
                               polyshm_status_name(status), text);
  }
}

/* What Python code has raised meanwhile, in a signal's handler or an object's __index__, goes on as it is. */
static void polyshm_python_raise(polyshm_status status) {
  if (PyErr_Occurred())
    return;
  PyObject *exception = polyshm_python_exception(status, polyshm_last_error());
  if (exception)
    PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
  Py_XDECREF(exception);
}

/* The status of a call that Python code has ended by raising. */
#define POLYSHM_PYTHON_RAISED POLYSHM_EINTR

static polyshm_status polyshm_python_type_error(const char *word, const char *needed, PyObject *object) {
  return polyshm_fail(POLYSHM_TYPE, "%s: %s is needed, not %.100s", word, needed,
                      object == Py_None ? "None" : Py_TYPE(object)->tp_name);
}

/* As above, after a failure of Python's own whose words would say less; but what is no answer about the object goes on. */
static polyshm_status polyshm_python_refused(const char *word, const char *needed, PyObject *object) {
  if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_TypeError) && !PyErr_ExceptionMatches(PyExc_BufferError))
    return POLYSHM_PYTHON_RAISED;
  PyErr_Clear();
  return polyshm_python_type_error(word, needed, object);
}
%}

%init %{
  polyshm_python_errors = PyImport_ImportModule("polyshm._errors");
  if (!polyshm_python_errors)
    return NULL;
%}

%define %host_try(call)
do {
  polyshm_status status = call;
  if (status) {
    polyshm_python_raise(status);
    SWIG_fail;
  }
} while (0)
%enddef
/* A call has one result: that of its last argument that is one, else None. */
%define %host_result(made)
do {
  PyObject *object = made;
  Py_XSETREF(resultobj, object);
  if (!object) SWIG_fail;
} while (0)
%enddef
%typemap(out, noblock=1) polyshm_status {
  %host_try($1);
  %host_result(Py_NewRef(Py_None));
}

%define %polyshm_expected_to_fail(call) %enddef /* FileNotFoundError is what a program expects */
