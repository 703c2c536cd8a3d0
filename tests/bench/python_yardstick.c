/* python_yardstick.c: the hand-written extension for Python. See yardstick.h. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "yardstick.h"

typedef struct object {
  PyObject_HEAD yardstick y;
} object;

static yardstick *check(PyObject *self) {
  yardstick *y = &((object *)self)->y;
  if (!y->closed)
    return y;
  PyErr_SetString(PyExc_ValueError, "closed");
  return NULL;
}

static double *element(yardstick *y, Py_ssize_t i) {
  if (!y)
    return NULL;
  if (i >= 0 && i < y->count)
    return y->data + i;
  PyErr_SetString(PyExc_IndexError, "index out of range");
  return NULL;
}

static PyObject *item(PyObject *self, Py_ssize_t index) {
  const double *at = element(check(self), index);
  return at ? PyFloat_FromDouble(*at) : NULL;
}

static PyObject *subscript(PyObject *self, PyObject *key) {
  const Py_ssize_t index = PyNumber_AsSsize_t(key, PyExc_IndexError);
  return index == -1 && PyErr_Occurred() ? NULL : item(self, index);
}

static int assign_item(PyObject *self, PyObject *key, PyObject *value) {
  const Py_ssize_t index = PyNumber_AsSsize_t(key, PyExc_IndexError);
  if (index == -1 && PyErr_Occurred())
    return -1;
  double *at = element(check(self), index);
  const double number = at && value ? PyFloat_AsDouble(value) : -1;
  if (!at || !value || (number == -1 && PyErr_Occurred()))
    return -1;
  *at = number;
  return 0;
}

static Py_ssize_t length(PyObject *self) {
  return (Py_ssize_t)((object *)self)->y.count;
}

static PyObject *add(PyObject *self, PyObject *const *arguments, Py_ssize_t count) {
  yardstick *y = check(self);
  if (!y || count != 2)
    return NULL;
  const Py_ssize_t index = PyNumber_AsSsize_t(arguments[0], PyExc_IndexError);
  const long long number = PyLong_AsLongLong(arguments[1]);
  if (PyErr_Occurred() || !element(y, index))
    return NULL;
  return PyLong_FromLongLong(yardstick_add(y, index, number));
}

static PyObject *none_if(bool done) {
  if (done)
    Py_RETURN_NONE;
  if (!PyErr_Occurred())
    PyErr_SetString(PyExc_OSError, "cannot be done");
  return NULL;
}

static PyObject *lock(PyObject *self, PyObject *unused) {
  (void)unused;
  yardstick *y = check(self);
  return none_if(y && yardstick_lock(y));
}

static PyObject *unlock(PyObject *self, PyObject *unused) {
  (void)unused;
  yardstick *y = check(self);
  return none_if(y && yardstick_unlock(y));
}

static PyObject *values(PyObject *self, PyObject *unused) {
  (void)unused;
  yardstick *y = check(self);
  PyObject *list = y ? PyList_New((Py_ssize_t)y->count) : NULL;
  for (int64_t i = 0; list && i < y->count; i++)
    PyList_SET_ITEM(list, (Py_ssize_t)i, PyFloat_FromDouble(y->data[i]));
  return list;
}

static PyObject *assign(PyObject *self, PyObject *list) {
  yardstick *y = check(self);
  if (!y || !PyList_Check(list))
    return none_if(false);
  for (int64_t i = 0; i < y->count && i < PyList_GET_SIZE(list); i++)
    y->data[i] = PyFloat_AsDouble(PyList_GET_ITEM(list, (Py_ssize_t)i));
  return none_if(!PyErr_Occurred());
}

static PyObject *copy_out(PyObject *self, PyObject *unused) {
  (void)unused;
  yardstick *y = check(self);
  return none_if(y && yardstick_copy_out(y));
}

static PyObject *drop(PyObject *self, PyObject *unused) {
  (void)unused;
  yardstick_drop(&((object *)self)->y);
  return none_if(true);
}

static PyObject *copy_in(PyObject *self, PyObject *bytes) {
  yardstick *y = check(self);
  if (!y || !PyBytes_Check(bytes) || (size_t)PyBytes_GET_SIZE(bytes) != yardstick_bytes(y))
    return none_if(false);
  memcpy(y->data, PyBytes_AS_STRING(bytes), yardstick_bytes(y));
  return none_if(true);
}

static PyObject *new (PyTypeObject *type, PyObject *arguments, PyObject *options) {
  const char *name;
  (void)options;
  if (!PyArg_ParseTuple(arguments, "s", &name))
    return NULL;
  object *self = (object *)type->tp_alloc(type, 0);
  if (self && !yardstick_map(&self->y, name)) {
    self->y.closed = true;
    Py_DECREF(self);
    return none_if(false);
  }
  return (PyObject *)self;
}

static void dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  yardstick_unmap(&((object *)self)->y);
  type->tp_free(self);
  Py_DECREF(type);
}

static PyObject *clock_now(PyObject *module, PyObject *unused) {
  (void)module;
  (void)unused;
  return PyLong_FromLongLong(yardstick_clock());
}

static PyMethodDef methods[] = {{"add", (PyCFunction)(void (*)(void))add, METH_FASTCALL, NULL},
                                {"lock", lock, METH_NOARGS, NULL},
                                {"unlock", unlock, METH_NOARGS, NULL},
                                {"values", values, METH_NOARGS, NULL},
                                {"assign", assign, METH_O, NULL},
                                {"copy_out", copy_out, METH_NOARGS, NULL},
                                {"copy_in", copy_in, METH_O, NULL},
                                {"drop", drop, METH_NOARGS, NULL},
                                {NULL, NULL, 0, NULL}};

#define FUNCTION(function) (void *)(uintptr_t)(function) /* ISO C has no other way */
static PyType_Slot slots[] = {{Py_tp_new, FUNCTION(new)},
                              {Py_tp_dealloc, FUNCTION(dealloc)},
                              {Py_tp_methods, methods},
                              {Py_sq_item, FUNCTION(item)},
                              {Py_mp_length, FUNCTION(length)},
                              {Py_mp_subscript, FUNCTION(subscript)},
                              {Py_mp_ass_subscript, FUNCTION(assign_item)},
                              {0, NULL}};

static PyType_Spec spec = {"yardstick.Yardstick", sizeof(object), 0, Py_TPFLAGS_DEFAULT, slots};

static PyMethodDef functions[] = {{"clock", clock_now, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "yardstick", NULL, -1, functions, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_yardstick(void);

PyMODINIT_FUNC PyInit_yardstick(void) {
  PyObject *module = PyModule_Create(&definition), *type = PyType_FromSpec(&spec);
  if (module && type && !PyModule_AddObject(module, "Yardstick", type))
    return module;
  Py_XDECREF(module);
  return NULL;
}
