/*
 * scope.i: `with`, which holds what can be held, and closes everything else; and acquire and release, as threading has them. All of it
 * is C: Python looks for signals between its own instructions, and here there are none between taking a lock and the block, nor
 * between the block's end and giving it back.
 */
%{
static polyshm_status polyshm_python_hold(void *handle, int64_t timeout, const polyshm_class *class, int *outcome) {
  int tries = 0;
  polyshm_status status;
  polyshm_python_hook();
  do {
    status = class->hold(handle, timeout, outcome);
  } while (!tries++ && polyshm_python_collected(status));
  return status;
}

static PyObject *polyshm_python_done(polyshm_status status, PyObject *result) {
  if (!status)
    return Py_NewRef(result);
  polyshm_python_raise(status);
  return NULL;
}

static PyObject *polyshm_python_enter(PyObject *self, const polyshm_class *class) {
  int outcome = 0;
  if (!class->hold)
    return Py_NewRef(self);
  polyshm_status status = polyshm_python_hold(polyshm_python_behind(self), -1, class, &outcome);
  if (status || !class->outcomes[outcome])
    return polyshm_python_done(status, Py_True);
  return PyUnicode_InternFromString(class->outcomes[outcome]);
}

/* The block may have given it back itself, or closed the handle, or this may be a child that it forked. */
static PyObject *polyshm_python_exit(PyObject *self, const polyshm_class *class) {
  void *handle = polyshm_python_behind(self);
  polyshm_status status = class->hold ? class->release(handle) : class->close(handle);
  return polyshm_python_done(status == POLYSHM_NOT_OWNER || status == POLYSHM_CLOSED ? POLYSHM_OK : status, Py_None);
}

/* acquire(blocking=True, timeout=-1): None and -1 are for ever. */
static polyshm_status polyshm_python_patience(PyObject *blocking, PyObject *timeout, int64_t *nanoseconds) {
  const int wait = PyObject_IsTrue(blocking);
  if (wait < 0)
    return POLYSHM_PYTHON_RAISED;
  *nanoseconds = -1;
  double seconds = -1;
  polyshm_status status = timeout == Py_None ? POLYSHM_OK : host_seconds(HOST, timeout, &seconds);
  if (!status && seconds != -1)
    status = wait ? glue_timeout(HOST, timeout, nanoseconds)
                  : polyshm_fail(POLYSHM_ARGUMENT, "acquire: without blocking there is no timeout");
  if (!status && !wait)
    *nanoseconds = 0;
  return status;
}

static PyObject *polyshm_python_acquire(PyObject *self, PyObject *const *args, Py_ssize_t given, PyObject *named, const polyshm_class *class) {
  PyObject *blocking = given > 0 ? args[0] : Py_True, *timeout = given > 1 ? args[1] : Py_None;
  int64_t nanoseconds = -1;
  int outcome = 0;
  polyshm_status status = POLYSHM_OK;
  if (given > 2)
    status = polyshm_fail(POLYSHM_ARGUMENT, "acquire: blocking and timeout are all that there is");
  for (Py_ssize_t i = 0; named && !status && i < PyTuple_GET_SIZE(named); i++) {
    PyObject *name = PyTuple_GET_ITEM(named, i);
    const bool is_timeout = PyUnicode_CompareWithASCIIString(name, "timeout") == 0;
    if (given > is_timeout || (!is_timeout && PyUnicode_CompareWithASCIIString(name, "blocking")))
      status = polyshm_fail(POLYSHM_ARGUMENT, "acquire: the options are blocking, timeout, each once");
    *(is_timeout ? &timeout : &blocking) = args[given + i];
  }
  if (status)
    return polyshm_python_misgiven(status), NULL;
  if (blocking != Py_True || timeout != Py_None)
    status = polyshm_python_patience(blocking, timeout, &nanoseconds);
  if (!status)
    status = polyshm_python_hold(polyshm_python_behind(self), nanoseconds, class, &outcome);
  return polyshm_python_done(status, outcome ? Py_True : Py_False);
}

static PyObject *polyshm_python_release(PyObject *self, const polyshm_class *class) {
  return polyshm_python_done(class->release(polyshm_python_behind(self)), Py_None);
}

#define POLYSHM_PYTHON_ACQUIRE "acquire(blocking=True, timeout=-1): takes it, as threading's do; False if that was not in time."

/* A class that closes has the first ones. */
enum { POLYSHM_PYTHON_CLOSING = 4 };
#define POLYSHM_PYTHON_SCOPE(type)                                                                                     \
  {                                                                                                                    \
    {"_adopt", polyshm_python_adopt_class, METH_O | METH_CLASS, NULL},                                                 \
        {"_become", polyshm_python_become_##type, METH_O, NULL}, {"__enter__", polyshm_python_enter_##type, METH_NOARGS, NULL},     \
        {"__exit__", polyshm_python_exit_##type, METH_VARARGS, NULL},                                                  \
        {"acquire", (PyCFunction)(void (*)(void))polyshm_python_acquire_##type, METH_FASTCALL | METH_KEYWORDS, POLYSHM_PYTHON_ACQUIRE}, \
        {"release", polyshm_python_release_##type, METH_NOARGS, "Gives it back."}, {                                               \
      NULL                                                                                                             \
    }                                                                                                                  \
  }
%}
