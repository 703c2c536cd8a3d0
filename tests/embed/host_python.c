/* host_python.c: the half of host.h that is Python's. A process has one Python that may load polyshm at a
 * time. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdio.h>
#include <stdlib.h>

#include "host.h"

const bool host_many = false;
bool (*const host_end_waiting)(void *interpreter) =
    NULL; /* threads that wait end with the interpreter: own_and_wait */

void host_begin(const char *program) {
  (void)program;
}

static bool told(PyObject *result) {
  if (!result)
    PyErr_Print();
  Py_XDECREF(result);
  return result;
}

void *host_open(const char *script) {
  Py_InitializeEx(0);
  PyObject *globals = PyModule_GetDict(PyImport_AddModule("__main__"));
  FILE *file = fopen(script, "r");
  return file && told(PyRun_FileEx(file, script, Py_file_input, globals, globals, 1)) ? globals : NULL;
}

bool host_call(void *interpreter, const char *function) {
  PyObject *callable = PyDict_GetItemString(interpreter, function);
  return callable && told(PyObject_CallNoArgs(callable));
}

void host_close(void *interpreter) {
  (void)interpreter;
  if (Py_FinalizeEx())
    (void)fprintf(stderr, "Python did not end well\n");
}

_Noreturn void host_exit(void) {
  exit(0);
}
