/*
 * number.i: integers and booleans. SWIG wraps, truncates or rounds what does not fit.
 * What has __index__ is an integer, numpy's too; but a bool is none, nor are 1.5, 3.0, "12" and None.
 */
%{
#include <math.h>
#if PY_VERSION_HEX < 0x030b0000
#include <longintrepr.h>
#endif

/* These came with 3.10. */
#if PY_VERSION_HEX < 0x030a0000
#define Py_NewRef(object) (Py_INCREF(object), (PyObject *)(object))
#define Py_XNewRef(object) (Py_XINCREF(object), (PyObject *)(object))
#endif

static inline bool host_absent(host_context context, PyObject *object) {
  (void)context;
  return object == Py_None;
}
#define host_left_out host_absent

/* Whether an int is a small one, of a digit of Python's; its value. A call for it would take half of the time of an access to an element. */
static inline bool polyshm_python_small(PyObject *number, int64_t *value) {
#if PY_VERSION_HEX >= 0x030c0000
  const bool small = PyUnstable_Long_IsCompact((PyLongObject *)number);
  *value = small ? PyUnstable_Long_CompactValue((PyLongObject *)number) : 0;
#else
  const Py_ssize_t size = Py_SIZE(number);
  const bool small = size >= -1 && size <= 1;
  *value = small ? size * (int64_t)((PyLongObject *)number)->ob_digit[0] : 0;
#endif
  return small;
}

/* An int's value, and who can hold it: POLYSHM_TYPE_INT64, POLYSHM_TYPE_UINT64, or nobody: POLYSHM_TYPE_NONE. */
static inline int32_t polyshm_python_long(PyObject *number, int64_t *value) {
  if (polyshm_python_small(number, value))
    return POLYSHM_TYPE_INT64;
  int overflow;
  const long long integer = PyLong_AsLongLongAndOverflow(number, &overflow);
  *value = integer;
  if (!overflow)
    return POLYSHM_TYPE_INT64;
  const unsigned long long large = overflow > 0 ? PyLong_AsUnsignedLongLong(number) : (unsigned long long)-1;
  if (large == (unsigned long long)-1 && (overflow < 0 || PyErr_Occurred())) {
    PyErr_Clear();
    return POLYSHM_TYPE_NONE;
  }
  *value = (int64_t)large;
  return POLYSHM_TYPE_UINT64;
}

static polyshm_status polyshm_python_other_integer(PyObject *object, const char *word, int64_t *integer) {
  if (PyBool_Check(object) || !PyIndex_Check(object))
    return polyshm_python_type_error(word, "an int", object);
  PyObject *number = PyNumber_Index(object);
  if (!number)
    return polyshm_python_refused(word, "an int", object);
  const int32_t type = polyshm_python_long(number, integer);
  Py_DECREF(number);
  return type == POLYSHM_TYPE_INT64 ? POLYSHM_OK : polyshm_fail(POLYSHM_RANGE, "%s: the int does not fit in 64 bits", word);
}

static inline polyshm_status host_integer(host_context context, PyObject *object, const char *word, int64_t *integer) {
  (void)context;
  if (PyLong_CheckExact(object) && polyshm_python_long(object, integer) == POLYSHM_TYPE_INT64)
    return POLYSHM_OK;
  return polyshm_python_other_integer(object, word, integer);
}

/* What is a float, an int, or has __float__, as Fraction and numpy's numbers have. */
static polyshm_status host_seconds(host_context context, PyObject *object, double *seconds) {
  (void)context;
  if (PyBool_Check(object) || !PyNumber_Check(object) || PyComplex_Check(object))
    return polyshm_python_type_error("timeout", "a number of seconds or None", object);
  *seconds = PyFloat_AsDouble(object);
  if (*seconds != -1 || !PyErr_Occurred())
    return POLYSHM_OK;
  if (!PyErr_ExceptionMatches(PyExc_OverflowError))
    return polyshm_python_refused("timeout", "a number of seconds or None", object);
  PyErr_Clear();
  PyObject *zero = PyLong_FromLong(0);
  const int negative = zero ? PyObject_RichCompareBool(object, zero, Py_LT) : -1;
  Py_XDECREF(zero);
  *seconds = negative ? -HUGE_VAL : HUGE_VAL;
  return negative < 0 ? POLYSHM_PYTHON_RAISED : POLYSHM_OK;
}

static inline PyObject *host_new_bool(host_context context, bool truth) {
  (void)context;
  return PyBool_FromLong(truth);
}

static inline PyObject *host_new_int64(host_context context, int64_t number) {
  (void)context;
  return PyLong_FromLongLong(number);
}

static inline PyObject *host_new_uint64(host_context context, uint64_t number) {
  (void)context;
  return PyLong_FromUnsignedLongLong(number);
}

static inline PyObject *host_new_float(host_context context, double number) {
  (void)context;
  return PyFloat_FromDouble(number);
}
%}

%typemap(constcode) int64_t %{ SWIG_Python_SetConstant(d, "$symname", PyLong_FromLongLong($value)); %}
