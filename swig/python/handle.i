/*
 * handle.i: the classes, which are types of our own: SWIG's are several times slower, and crash where an object is made by __new__
 * alone. SWIG makes functions, and those of a class are moved from the module, where they would take anything for a receiver, to its
 * type, which calls them with its own objects only. The facade's classes inherit from these types.
 *
 * An object without a handle is what __new__ makes: the core takes NULL for a handle that is missing, and says so.
 */
%{
typedef struct polyshm_python_object {
  PyObject_HEAD
  void *handle;    /* set once; freed with the object, which each call keeps */
  PyObject *maker; /* of what is a part of it: a view's SharedMemory */
} polyshm_python_object;

/* Objects are freed with their last reference: no collector needs to know what they weigh. */
#define HOST_SMALL_WEIGHT 0

static PyObject *polyshm_python_classes; /* what the facade has made of a type, by its name */
static PyObject *polyshm_python_facts;

static inline void *polyshm_python_behind(PyObject *object) {
  return ((polyshm_python_object *)object)->handle;
}

static polyshm_status polyshm_python_other(PyObject *object, PyTypeObject *type, const polyshm_class *class, const char *word,
                                           void **handle) {
  if (!PyObject_TypeCheck(object, type))
    return polyshm_python_type_error(word, class->words, object);
  *handle = polyshm_python_behind(object);
  return POLYSHM_OK;
}

static void polyshm_python_dealloc(PyObject *object, const polyshm_class *class) {
  PyTypeObject *type = Py_TYPE(object);
  PyObject_GC_UnTrack(object);
  class->free(polyshm_python_behind(object));
  Py_CLEAR(((polyshm_python_object *)object)->maker);
  type->tp_free(object);
  Py_DECREF(type);
}

/* It never leads in a circle without an object of the facade's in between, and those are cleared. */
static int polyshm_python_traverse(PyObject *object, visitproc visit, void *arg) {
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(((polyshm_python_object *)object)->maker);
  return 0;
}

/* A new object: of the class that was asked, which may be one that inherits from ours, or else of the facade's class. */
static PyObject *polyshm_python_new(PyObject *maker, void *handle, PyTypeObject *type, const polyshm_class *class) {
  PyObject *asked = maker;
  if (!asked || !PyType_Check(asked) || !PyType_IsSubtype((PyTypeObject *)asked, type))
    asked = PyDict_GetItemString(polyshm_python_classes, class->name);
  PyTypeObject *made = asked ? (PyTypeObject *)asked : type;
  PyObject *object = made->tp_alloc(made, 0);
  if (!object) {
    class->free(handle);
    return NULL;
  }
  ((polyshm_python_object *)object)->handle = handle;
  if (!class->weighs)
    ((polyshm_python_object *)object)->maker = Py_NewRef(maker);
  return object;
}

/* Takes the handle of another object, for __init__, which is given its object. */
static PyObject *polyshm_python_become(PyObject *self, PyObject *other, PyTypeObject *type, const polyshm_class *class) {
  void *handle, *none = NULL;
  polyshm_status status = polyshm_python_other(other, type, class, "_become", &handle);
  if (!status) {
    handle = __atomic_exchange_n(&((polyshm_python_object *)other)->handle, NULL, __ATOMIC_ACQ_REL);
    if (__atomic_compare_exchange_n(&((polyshm_python_object *)self)->handle, &none, handle, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
      Py_XSETREF(((polyshm_python_object *)self)->maker, Py_XNewRef(((polyshm_python_object *)other)->maker));
      return Py_NewRef(Py_None);
    }
    class->free(handle);
    status = polyshm_fail(POLYSHM_ARGUMENT, "%s is opened once: this one is already", class->words);
  }
  polyshm_python_raise(status);
  return NULL;
}

enum { POLYSHM_PYTHON_SLOTS = 12 };

/* ---- SWIG's functions become methods, and its methods attributes ---- */

static PyMethodDef SwigMethods[];

/* The part behind "View_" of "View_get". */
static const char *polyshm_python_member(const char *function, const char *owner) {
  const size_t length = strlen(owner);
  return !strncmp(function, owner, length) && function[length] == '_' ? function + length + 1 : NULL;
}

/* What stands in the type already stays: scope.i knows better. */
static int polyshm_python_add(PyTypeObject *type, const char *name, PyObject *descriptor) {
  const int failed = !descriptor || (!PyDict_GetItemString(type->tp_dict, name) && PyDict_SetItemString(type->tp_dict, name, descriptor));
  Py_XDECREF(descriptor);
  PyType_Modified(type);
  return failed ? -1 : 0;
}

/* Type and class methods are for as long as the process, as SWIG's functions are. */
static int polyshm_python_adopt(PyObject *module, PyTypeObject *type, const char *owner, bool of_class) {
  for (const PyMethodDef *function = SwigMethods; function->ml_name; function++) {
    const char *name = polyshm_python_member(function->ml_name, owner);
    PyMethodDef *method = name ? PyMem_RawMalloc(sizeof *method) : NULL;
    if (!name)
      continue;
    if (!method)
      return -1;
    *method = *function;
    method->ml_name = name;
    if (polyshm_python_add(type, name, of_class ? PyDescr_NewClassMethod(type, method) : PyDescr_NewMethod(type, method)) ||
        PyObject_DelAttrString(module, function->ml_name))
      return -1;
  }
  return 0;
}

static PyObject *polyshm_python_get_attribute(PyObject *object, void *method) {
  return ((PyMethodDef *)method)->ml_meth(object, NULL);
}

/* Whether others may change it: threading asks for such by methods. This is told before the attribute is. */
static bool polyshm_python_is_state(const char *type, const char *name) {
  const char *of, *fact, *word;
  PyObject *number;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(polyshm_python_facts); i++)
    if (PyArg_ParseTuple(PyList_GET_ITEM(polyshm_python_facts, i), "sssO", &of, &fact, &word, &number) && !strcmp(of, type) &&
        !strcmp(fact, "state") && !strcmp(word, name))
      return true;
  return false;
}

static int polyshm_python_make_attribute(PyTypeObject *type, const char *name) {
  PyObject *method = PyDict_GetItemString(type->tp_dict, name);
  PyGetSetDef *attribute = PyMem_RawCalloc(1, sizeof *attribute);
  if (!method || Py_TYPE(method) != &PyMethodDescr_Type || !attribute)
    return -1;
  PyMethodDef *definition = ((PyMethodDescrObject *)method)->d_method;
  *attribute = (PyGetSetDef){definition->ml_name, polyshm_python_get_attribute, NULL, definition->ml_doc, definition};
  return PyDict_DelItemString(type->tp_dict, name) || polyshm_python_add(type, definition->ml_name, PyDescr_NewGetSet(type, attribute));
}

/* The types, by what the api files call them. */
typedef struct polyshm_python_known {
  const char *type;
  PyTypeObject *made;
} polyshm_python_known;
static polyshm_python_known polyshm_python_types[32];

static polyshm_python_known *polyshm_python_known_as(const char *type) {
  polyshm_python_known *known = polyshm_python_types;
  while (known->type && strcmp(known->type, type))
    known++;
  return known;
}

/* Facts may be told before their type is made. What fails raises, and so does the import. */
static void polyshm_python_apply(PyObject *module, const char *type, const char *fact, const char *word) {
  PyTypeObject *made = polyshm_python_known_as(type)->made;
  if (made && !strcmp(fact, "named"))
    (void)polyshm_python_adopt(module, made, type, true);
  else if (made && !strcmp(fact, "attribute") && !polyshm_python_is_state(type, word))
    (void)polyshm_python_make_attribute(made, word);
}

static PyTypeObject *polyshm_python_make_type(PyObject *module, const char *type, const char *name, PyType_Slot *slots) {
  PyType_Spec spec = {name, sizeof(polyshm_python_object), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};
  PyTypeObject *made = (PyTypeObject *)PyType_FromSpec(&spec);
  *polyshm_python_known_as(type) = (polyshm_python_known){type, made};
  const char *simple = strrchr(name, '.') + 1;
  if (made && !polyshm_python_adopt(module, made, simple, false))
    (void)PyModule_AddObject(module, simple, Py_NewRef(made));
  for (Py_ssize_t i = 0; made && i < PyList_GET_SIZE(polyshm_python_facts); i++) {
    const char *of, *fact, *word;
    PyObject *number;
    if (PyArg_ParseTuple(PyList_GET_ITEM(polyshm_python_facts, i), "sssO", &of, &fact, &word, &number) && !strcmp(of, type))
      polyshm_python_apply(module, type, fact, word);
  }
  return made;
}

/* _adopt(class): a class that is made of a type, whose objects its methods then expect: to find first that theirs inherits from the type
 * would take a tenth of an uncontended lock's time. From then on the core's new objects are of it. */
static PyObject *polyshm_python_adopt_class(PyObject *type, PyObject *class) {
  PyObject *name, *method;
  Py_ssize_t at = 0;
  if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
    PyErr_SetString(PyExc_ImportError, "polyshm is for the first interpreter of a process, because others would share its types");
    return NULL;
  }
  if (!PyType_Check(class) || !PyType_IsSubtype((PyTypeObject *)class, (PyTypeObject *)type)) {
    polyshm_python_raise(polyshm_python_type_error("_adopt", "a class that inherits from this one", class));
    return NULL;
  }
  while (PyDict_Next(((PyTypeObject *)type)->tp_dict, &at, &name, &method)) {
    PyObject *found = Py_TYPE(method) == &PyMethodDescr_Type ? PyObject_GetAttr(class, name) : NULL;
    Py_XDECREF(found);
    PyErr_Clear();
    if (!found || found != method)
      continue;
    PyObject *own = PyDescr_NewMethod((PyTypeObject *)class, ((PyMethodDescrObject *)method)->d_method);
    const int failed = !own || PyObject_SetAttr(class, name, own);
    Py_XDECREF(own);
    if (failed)
      return NULL;
  }
  if (PyDict_SetItemString(polyshm_python_classes, strrchr(((PyTypeObject *)type)->tp_name, '.') + 1, class))
    return NULL;
  return Py_NewRef(Py_None);
}

/* FACTS: a list with a row for each that the api files tell: type, fact, word, number. */
#define HOST_TELL(type, fact, word, number) polyshm_python_tell(m, type, fact, word, number)
#define POLYSHM_ABSENT INT64_MIN /* an option without a default */

static void polyshm_python_tell(PyObject *module, const char *type, const char *fact, const char *word, int64_t number) {
  PyObject *value = number == POLYSHM_ABSENT ? Py_NewRef(Py_None) : PyLong_FromLongLong(number);
  PyObject *row = Py_BuildValue("sssN", type, fact, word, value);
  if (row && !PyList_Append(polyshm_python_facts, row))
    polyshm_python_apply(module, type, fact, word);
  Py_XDECREF(row);
}
%}

%init %{
  polyshm_python_facts = PyList_New(0); /* what an earlier interpreter of this process had is gone with it */
  polyshm_python_classes = PyDict_New();
  memset(polyshm_python_types, 0, sizeof polyshm_python_types);
  (void)PyModule_AddObject(m, "FACTS", Py_NewRef(polyshm_python_facts));
%}

%typemap(in, numinputs=0, noblock=1) SWIGTYPE *self { $1 = polyshm_python_behind(self); }
%typemap(in, noblock=1) SWIGTYPE *, const SWIGTYPE * {
  %host_try(polyshm_python_other($input, polyshm_python_type$1_mangle, &polyshm_class$1_mangle, "$1_name", (void **)&$1));
}
%typemap(in, numinputs=0, noblock=1) SWIGTYPE **out ($*1_ltype made = NULL) { $1 = &made; }
%typemap(argout, noblock=1) SWIGTYPE **out {
  %host_result(polyshm_python_new(self, *$1, polyshm_python_type$*1_mangle, &polyshm_class$*1_mangle));
}

%define %host_class(type, Name)
%rename(Name) polyshm_##type;
%ignore polyshm_##type::~polyshm_##type;
%{
static PyTypeObject *polyshm_python_type_p_polyshm_##type;
static PyType_Slot polyshm_python_slots_##type[POLYSHM_PYTHON_SLOTS]; /* own.i fills some */
static void polyshm_python_dealloc_##type(PyObject *self) { polyshm_python_dealloc(self, &polyshm_class_p_polyshm_##type); }
static PyObject *polyshm_python_become_##type(PyObject *self, PyObject *other) {
  return polyshm_python_become(self, other, polyshm_python_type_p_polyshm_##type, &polyshm_class_p_polyshm_##type);
}
static PyObject *polyshm_python_enter_##type(PyObject *self, PyObject *unused) {
  (void)unused;
  return polyshm_python_enter(self, &polyshm_class_p_polyshm_##type);
}
static PyObject *polyshm_python_exit_##type(PyObject *self, PyObject *unused) {
  (void)unused;
  return polyshm_python_exit(self, &polyshm_class_p_polyshm_##type);
}
static PyObject *polyshm_python_acquire_##type(PyObject *self, PyObject *const *args, Py_ssize_t given, PyObject *named) {
  return polyshm_python_acquire(self, args, given, named, &polyshm_class_p_polyshm_##type);
}
static PyObject *polyshm_python_release_##type(PyObject *self, PyObject *unused) {
  (void)unused;
  return polyshm_python_release(self, &polyshm_class_p_polyshm_##type);
}
static PyMethodDef polyshm_python_methods_##type[] = POLYSHM_PYTHON_SCOPE(type);
%}
%init %{
{
  PyType_Slot slots[POLYSHM_PYTHON_SLOTS + 5] = {{Py_tp_dealloc, polyshm_python_dealloc_##type},
                                                 {Py_tp_new, PyType_GenericNew},
                                                 {Py_tp_traverse, polyshm_python_traverse}, {Py_tp_methods, polyshm_python_methods_##type}};
  PyMethodDef *methods = polyshm_python_methods_##type;
  if (!polyshm_class_p_polyshm_##type.hold)
    methods[POLYSHM_PYTHON_CLOSING] = (PyMethodDef){NULL, NULL, 0, NULL};
  memcpy(slots + 4, polyshm_python_slots_##type, sizeof polyshm_python_slots_##type);
  polyshm_python_type_p_polyshm_##type = polyshm_python_make_type(m, #type, "polyshm._core." #Name, slots);
}
%}
%enddef

%define %polyshm_sequence(type)
%polyshm_tell(type, "sequence", "", 0)
%enddef
%define %polyshm_weighs_anew(call) %enddef

%rename(and_) polyshm_view::and; /* keywords, with an underscore as in the module operator */
%rename(or_) polyshm_view::or;
