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


/* ---- what every function is given ---- */

/* The function's name without its class: SWIG's format is "OO|O:View_fill". */
static const char *polyshm_python_verb(const char *format) {
  const char *name = strchr(format, ':') + 1;
  return name[0] >= 'A' && name[0] <= 'Z' ? strchr(name, '_') + 1 : name;
}

/* Python's functions complain of that with a TypeError. */
static int polyshm_python_misgiven(polyshm_status status) {
  PyObject *exception = PyObject_CallMethod(polyshm_python_errors, "misuse", "sss", POLYSHM_PYTHON_CLASS_TYPE,
                                            polyshm_status_name(status), polyshm_last_error());
  if (exception)
    PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
  Py_XDECREF(exception);
  return 0;
}

/* An option that is none, or that was given by its place, too. */
static int polyshm_python_unknown(PyObject *options, const char *format, char **words) {
  PyObject *key = NULL, *value;
  Py_ssize_t at = 0;
  char known[200] = "";
  bool found = true;
  for (char **word = words; *word; word++)
    (void)snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", word == words ? "" : ", ", *word);
  while (found && PyDict_Next(options, &at, &key, &value)) {
    found = false;
    for (char **word = words; *word && !found; word++)
      found = PyUnicode_CompareWithASCIIString(key, *word) == 0;
  }
  const char *name = key ? PyUnicode_AsUTF8(key) : NULL;
  PyErr_Clear();
  return polyshm_python_misgiven(polyshm_fail(POLYSHM_ARGUMENT, "%s: %s option '%.50s'; the options are %s", polyshm_python_verb(format),
                                              found ? "given twice:" : "there is no", name ? name : "?", known));
}

/* What PyArg_ParseTupleAndKeywords() does, where all are objects: several times as fast, and unknown options are told the known ones. */
static int polyshm_python_parse(PyObject *args, PyObject *options, const char *format, char **words, ...) {
  const Py_ssize_t given = PyTuple_GET_SIZE(args), named = options ? PyDict_GET_SIZE(options) : 0;
  const Py_ssize_t needed = (Py_ssize_t)strcspn(format, "|:");
  Py_ssize_t used = 0, place = 0;
  va_list places;
  va_start(places, words);
  for (; words[place]; place++) {
    PyObject **argument = va_arg(places, PyObject **), *found = NULL;
    if (place < given)
      found = PyTuple_GET_ITEM(args, place);
    else if (used < named && (found = PyDict_GetItemString(options, words[place])))
      used++;
    else if (place < needed)
      break;
    if (found)
      *argument = found;
  }
  va_end(places);
  if (used < named)
    return polyshm_python_unknown(options, format, words);
  if (words[place])
    return polyshm_python_misgiven(polyshm_fail(POLYSHM_ARGUMENT, "%s: %s is missing", polyshm_python_verb(format), words[place]));
  if (given <= place)
    return 1;
  return polyshm_python_misgiven(polyshm_fail(POLYSHM_ARGUMENT, "%s: %lld arguments are too many: there are %lld", polyshm_python_verb(format),
                                              (long long)given, (long long)place));
}
#undef PyArg_ParseTupleAndKeywords
#define PyArg_ParseTupleAndKeywords polyshm_python_parse
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
