/*
 * handle.i (Tcl): an object is a command, ::polyshm::SharedMemory1, and the command is the only way to it. SWIG's handles,
 * strings with an address in them, can be forged, outlive their object, and cost twice the time.
 *
 * One command procedure serves all classes. It finds the method in the class's table, remembered in the word itself, and
 * calls SWIG's wrapper with the handle as client data. A wrapper that is called as a plain command, or that takes a second
 * object, asks the interpreter for the command of that name and checks that it is ours and of the right class.
 */
%{
/* A method that takes options or defaults is a proc of the facade, ::polyshm::<class>::method::<name>. */
typedef struct tcl_method {
  const char *name;
  int complete; /* words of a call that leaves nothing to the facade: SWIG's wrapper serves it; 0: it serves every call */
  swig_wrapper_func wrapper;
} tcl_method;

enum { TCL_FACADE_ONLY = -1, TCL_METHODS_MAX = 32, TCL_METHODS_OWN = 10 /* at most: the facade's, destroy */ };

typedef struct tcl_class {
  const char *name;
  polyshm_status (*close)(void *object);
  void (*free)(void *object);
  tcl_method methods[TCL_METHODS_MAX]; /* the facade's here, SWIG's are added when the module is first loaded */
} tcl_class;

typedef struct tcl_handle {
  const tcl_class *type;
  void *object;
  Tcl_Command command;
} tcl_handle;

static polyshm_status tcl_close_segment(void *object) { return polyshm_segment_close(object); }
static polyshm_status tcl_close_view(void *object) { return polyshm_view_close(object); }
static polyshm_status tcl_close_list(void *object) { return polyshm_list_close(object); }
static void tcl_free_segment(void *object) { polyshm_segment_free(object); }
static void tcl_free_view(void *object) { polyshm_view_free(object); }
static void tcl_free_list(void *object) { polyshm_list_free(object); }

static tcl_class tcl_segment = {
  "SharedMemory", tcl_close_segment, tcl_free_segment,
  {{"copy", 6, NULL}, {"fill", 5, NULL}, {"read", 4, NULL}, {"view", TCL_FACADE_ONLY, NULL}}
};
static tcl_class tcl_view = {
  "View", tcl_close_view, tcl_free_view,
  {{"assign", TCL_FACADE_ONLY, NULL}, {"each", TCL_FACADE_ONLY, NULL}, {"fill", 5, NULL}, {"list", 4, NULL}}
};
static tcl_class tcl_list = {
  "ShareableList", tcl_close_list, tcl_free_list,
  {{"assign", TCL_FACADE_ONLY, NULL}, {"count", TCL_FACADE_ONLY, NULL}, {"each", TCL_FACADE_ONLY, NULL},
   {"format", 3, NULL}, {"index", TCL_FACADE_ONLY, NULL}, {"items", 4, NULL}, {"list", 4, NULL}, {"set", 4, NULL}}
};

/* ---- calling a method ---- */

/* A proc says `should be "::polyshm::SharedMemory::method::read self ?offset?"`, but its user wrote `$shm read`. */
static int tcl_facade_done(ClientData data[], Tcl_Interp *interp, int result) {
  Tcl_Obj *proc = data[0], *called = data[1];
  if (result == TCL_ERROR) {
    Tcl_Obj *start = Tcl_ObjPrintf("wrong # args: should be \"%s self", Tcl_GetString(proc));
    const char *message = Tcl_GetStringResult(interp);
    Tcl_Size length;
    const char *expected = Tcl_GetStringFromObj(start, &length);
    if (strncmp(message, expected, (size_t)length) == 0)
      Tcl_SetObjResult(interp, Tcl_ObjPrintf("wrong # args: should be \"%s%s", Tcl_GetString(called), message + length));
    Tcl_DecrRefCount(start);
  }
  Tcl_DecrRefCount(proc);
  Tcl_DecrRefCount(called);
  return result;
}

static Tcl_Obj *tcl_self(Tcl_Interp *interp, const tcl_handle *handle) {
  Tcl_Obj *name = Tcl_NewObj();
  Tcl_GetCommandFullName(interp, handle->command, name);
  return name;
}

static int tcl_call_facade(tcl_handle *handle, const char *method, Tcl_Interp *interp, int objc, Tcl_Obj *const objv[]) {
  Tcl_Obj *proc = Tcl_ObjPrintf("::polyshm::%s::method::%s", handle->type->name, method);
  Tcl_Obj *call = Tcl_NewListObj(objc, objv);
  Tcl_ListObjReplace(NULL, call, 0, 2, 2, (Tcl_Obj *[]){proc, tcl_self(interp, handle)});
  Tcl_Obj *called = Tcl_ObjPrintf("%s %s", Tcl_GetString(objv[0]), method);
  Tcl_IncrRefCount(proc);
  Tcl_IncrRefCount(called);
  Tcl_NRAddCallback(interp, tcl_facade_done, proc, called, NULL, NULL);
  return Tcl_NREvalObj(interp, call, 0); /* not Tcl_EvalObjEx: the script of `each` may yield */
}

static int tcl_call(ClientData clientData, Tcl_Interp *interp, int objc, Tcl_Obj *const objv[]) {
  tcl_handle *handle = clientData;
  if (objc < 2) {
    Tcl_WrongNumArgs(interp, 1, objv, "method ?arg ...?");
    return TCL_ERROR;
  }
  int index;
  if (Tcl_GetIndexFromObjStruct(interp, objv[1], handle->type->methods, sizeof(tcl_method), "method", TCL_EXACT, &index))
    return TCL_ERROR;
  const tcl_method *method = &handle->type->methods[index];
  return method->complete && objc != method->complete ? tcl_call_facade(handle, method->name, interp, objc, objv)
                                                      : method->wrapper(handle, interp, objc, objv);
}

static int tcl_command(ClientData clientData, Tcl_Interp *interp, int objc, Tcl_Obj *const objv[]) {
  return Tcl_NRCallObjProc(interp, tcl_call, clientData, objc, objv);
}

/* SWIG's wrappers check the number of their arguments with this: "oo:polyshm::core::View_list self index count ?take? ",
 * where ?word? is a parameter of C that scripts do not give. */
static bool tcl_wrong_count(ClientData handle, Tcl_Interp *interp, Tcl_Obj *const objv[], const char *usage) {
  Tcl_Obj *words = Tcl_NewObj();
  const char *word = strchr(usage, ' ') + 1;
  if (handle)
    word = strchr(word, ' ') + 1;
  for (const char *end; *word; word = end + 1) {
    end = strchr(word, ' ');
    if (*word != '?')
      Tcl_AppendPrintfToObj(words, "%s%.*s", *Tcl_GetString(words) ? " " : "", (int)(end - word), word);
  }
  Tcl_WrongNumArgs(interp, handle ? 2 : 1, objv, *Tcl_GetString(words) ? Tcl_GetString(words) : NULL);
  Tcl_DecrRefCount(words);
  return true;
}
#undef SWIG_GetArgs
#define SWIG_GetArgs(interp, objc, objv, usage, ...)                                                                   \
  (objc - 1 != strchr(usage, ':') - usage && tcl_wrong_count(clientData, interp, objv, usage) ? TCL_ERROR : TCL_OK)

/* ---- from a word to an object and back ---- */

static tcl_handle *tcl_find(Tcl_Interp *interp, Tcl_Obj *word, const tcl_class *type) {
  Tcl_CmdInfo info;
  Tcl_Command command = Tcl_GetCommandFromObj(interp, word);
  if (command && Tcl_GetCommandInfoFromToken(command, &info) && info.objProc == tcl_command) {
    tcl_handle *handle = info.objClientData;
    if (!type || handle->type == type)
      return handle;
  }
  (void)tcl_failed(interp, polyshm_fail(POLYSHM_TYPE, "\"%.100s\" is no %s of polyshm, or was destroyed", Tcl_GetString(word),
                                        type ? type->name : "object"));
  return NULL;
}

static inline void *tcl_object(ClientData self, Tcl_Interp *interp, Tcl_Obj *word, const tcl_class *type) {
  tcl_handle *handle = self ? self : tcl_find(interp, word, type);
  return handle ? handle->object : NULL;
}

static void tcl_deleted(ClientData clientData) {
  tcl_handle *handle = clientData;
  handle->type->free(handle->object);
  Tcl_Free((char *)handle);
}

/* Makes the command and its name the result; on failure the object is freed. */
static bool tcl_made(Tcl_Interp *interp, const tcl_class *type, void *object) {
  static _Atomic unsigned long made; /* a name is never used twice, in any interpreter: a stale one finds nothing */
  if (Tcl_InterpDeleted(interp)) {
    type->free(object);
    return false;
  }
  Tcl_Obj *name = NULL;
  do {
    if (name)
      Tcl_DecrRefCount(name);
    name = Tcl_ObjPrintf("::polyshm::%s%lu", type->name, ++made);
  } while (Tcl_FindCommand(interp, Tcl_GetString(name), NULL, TCL_GLOBAL_ONLY));
  tcl_handle *handle = (tcl_handle *)Tcl_Alloc(sizeof *handle);
  *handle = (tcl_handle){type, object, NULL};
  handle->command = Tcl_NRCreateCommand(interp, Tcl_GetString(name), tcl_command, tcl_call, handle, tcl_deleted);
  Tcl_SetObjResult(interp, name);
  return true;
}

/* ---- destroy: close, and delete the command. As a method and as polyshm::core::destroy. ---- */

static int tcl_destroy(ClientData self, Tcl_Interp *interp, int objc, Tcl_Obj *const objv[]) {
  if (objc != 2) {
    Tcl_WrongNumArgs(interp, self ? 2 : 1, objv, self ? NULL : "object");
    return TCL_ERROR;
  }
  tcl_handle *handle = self ? self : tcl_find(interp, objv[1], NULL);
  if (!handle)
    return TCL_ERROR;
  (void)handle->type->close(handle->object); /* always succeeds */
  Tcl_DeleteCommandFromToken(interp, handle->command);
  return TCL_OK;
}

/* The full name of an object's command, which means the same in every namespace. */
static int tcl_command_name(ClientData unused, Tcl_Interp *interp, int objc, Tcl_Obj *const objv[]) {
  (void)unused;
  if (objc != 2) {
    Tcl_WrongNumArgs(interp, 1, objv, "object");
    return TCL_ERROR;
  }
  tcl_handle *handle = tcl_find(interp, objv[1], NULL);
  if (!handle)
    return TCL_ERROR;
  Tcl_SetObjResult(interp, tcl_self(interp, handle));
  return TCL_OK;
}

/* ---- loading ---- */

static void tcl_add_methods(tcl_class *type, const swig_method *methods) {
  tcl_method *end = type->methods;
  while (end->name)
    end++;
  *end++ = (tcl_method){"destroy", 0, tcl_destroy};
  for (; methods->name; methods++) {
    tcl_method *method = type->methods;
    while (method < end && strcmp(method->name, methods->name) != 0)
      method++;
    if (method == end)
      end++;
    method->name = methods->name;
    method->wrapper = methods->method;
  }
}

/* SWIG's initialisation fills static tables, so threads must take turns. It becomes a part of ours. */
#undef SWIG_init
#define SWIG_init tcl_swig_init
static int tcl_swig_init(Tcl_Interp *interp);
TCL_DECLARE_MUTEX(tcl_init_mutex)

SWIGEXPORT int Polyshm_Init(Tcl_Interp *interp) {
  if (!Tcl_InitStubs(interp, SWIG_TCL_STUBS_VERSION, 0))
    return TCL_ERROR;
  Tcl_MutexLock(&tcl_init_mutex);
  int result = tcl_swig_init(interp);
  Tcl_MutexUnlock(&tcl_init_mutex);
  return result;
}

/* SWIG keeps the address of its type table in a global variable that any script can set; we use no type table. */
#undef SWIG_GetModule
#undef SWIG_SetModule
#define SWIG_GetModule(interp) NULL
#define SWIG_SetModule(interp, module) (void)(module)
%}

%init %{
  /* SWIG's class commands make objects from any address. */
  Tcl_DeleteCommand(interp, SWIG_prefix "SharedMemory");
  Tcl_DeleteCommand(interp, SWIG_prefix "View");
  Tcl_DeleteCommand(interp, SWIG_prefix "ShareableList");
  Tcl_CreateObjCommand(interp, SWIG_prefix "destroy", tcl_destroy, NULL, NULL);
  Tcl_CreateObjCommand(interp, SWIG_prefix "command", tcl_command_name, NULL, NULL);
  _Static_assert(sizeof swig_polyshm_segment_methods / sizeof(swig_method) + TCL_METHODS_OWN <= TCL_METHODS_MAX, "room");
  _Static_assert(sizeof swig_polyshm_view_methods / sizeof(swig_method) + TCL_METHODS_OWN <= TCL_METHODS_MAX, "room");
  _Static_assert(sizeof swig_polyshm_list_methods / sizeof(swig_method) + TCL_METHODS_OWN <= TCL_METHODS_MAX, "room");
  if (!tcl_view.methods[0].wrapper) {
    tcl_add_methods(&tcl_segment, swig_polyshm_segment_methods);
    tcl_add_methods(&tcl_view, swig_polyshm_view_methods);
    tcl_add_methods(&tcl_list, swig_polyshm_list_methods);
  }
%}

/* Deleting the command frees the object. */
%ignore polyshm_segment::~polyshm_segment;
%ignore polyshm_view::~polyshm_view;
%ignore polyshm_list::~polyshm_list;

%typemap(in, noblock=1) struct polyshm_segment *self {
  if (!($1 = tcl_object(clientData, interp, $input, &tcl_segment))) SWIG_fail;
}
%typemap(in, noblock=1) struct polyshm_view *self {
  if (!($1 = tcl_object(clientData, interp, $input, &tcl_view))) SWIG_fail;
}
%typemap(in, noblock=1) struct polyshm_list *self {
  if (!($1 = tcl_object(clientData, interp, $input, &tcl_list))) SWIG_fail;
}
%typemap(in, noblock=1) const polyshm_segment *source {
  if (!($1 = tcl_object(NULL, interp, $input, &tcl_segment))) SWIG_fail;
}

%typemap(in, numinputs=0, noblock=1) polyshm_segment **out (polyshm_segment *made = NULL),
                                     polyshm_view **out (polyshm_view *made = NULL),
                                     polyshm_list **out (polyshm_list *made = NULL) {
  $1 = &made;
}
%typemap(argout, noblock=1) polyshm_segment **out {
  if (!tcl_made(interp, &tcl_segment, *$1)) SWIG_fail;
}
%typemap(argout, noblock=1) polyshm_view **out {
  if (!tcl_made(interp, &tcl_view, *$1)) SWIG_fail;
}
%typemap(argout, noblock=1) polyshm_list **out {
  if (!tcl_made(interp, &tcl_list, *$1)) SWIG_fail;
}
