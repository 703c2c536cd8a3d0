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
  /* polyshm::with does these before and after its script; NULL: it closes the object. No outcome: not in time. */
  polyshm_status (*acquire)(void *object, int64_t timeout, const char **outcome);
  polyshm_status (*release)(void *object);
  tcl_method methods[TCL_METHODS_MAX]; /* the facade's here, SWIG's are added when the module is first loaded */
} tcl_class;

typedef struct tcl_handle {
  const tcl_class *type;
  void *object;
  Tcl_Interp *interp;
  Tcl_Command command;           /* NULL: deleted, and kept only by its pins */
  struct tcl_handle *companion;  /* a segment's lock, if a script has asked for it, and the other way round */
  int pins;                      /* calls that run scripts or handlers while they use the object */
} tcl_handle;

/* X(type, class): what is alike in all classes. */
#define TCL_CLASS_MAP(X)                                                                                               \
  X(segment, SharedMemory) X(view, View) X(list, ShareableList) X(lock, Lock) X(semaphore, Semaphore) X(event, Event)

#define ADAPT(type, class)                                                                                             \
  static polyshm_status tcl_close_##type(void *object) { return polyshm_##type##_close(object); }                      \
  static void tcl_free_##type(void *object) { polyshm_##type##_free(object); }
TCL_CLASS_MAP(ADAPT)
#undef ADAPT

static polyshm_status tcl_acquire_lock(void *object, int64_t timeout, const char **outcome) {
  polyshm_lock_outcome ended;
  polyshm_status status = polyshm_lock_lock(object, timeout, &ended);
  *outcome = ended == POLYSHM_LOCK_TIMED_OUT ? NULL : polyshm_lock_outcome_name(ended);
  return status;
}

static polyshm_status tcl_acquire_semaphore(void *object, int64_t timeout, const char **outcome) {
  bool acquired;
  polyshm_status status = polyshm_semaphore_acquire(object, timeout, &acquired);
  *outcome = acquired ? "1" : NULL;
  return status;
}

static polyshm_status tcl_release_lock(void *object) { return polyshm_lock_unlock(object); }
static polyshm_status tcl_release_semaphore(void *object) { return polyshm_semaphore_release(object); }

static tcl_class tcl_segment = {
  "SharedMemory", tcl_close_segment, tcl_free_segment, NULL, NULL,
  {{"copy", 6, NULL}, {"fill", 5, NULL}, {"read", 4, NULL}, {"view", TCL_FACADE_ONLY, NULL}}
};
static tcl_class tcl_view = {
  "View", tcl_close_view, tcl_free_view, NULL, NULL,
  {{"assign", TCL_FACADE_ONLY, NULL}, {"each", TCL_FACADE_ONLY, NULL}, {"fill", 5, NULL}, {"list", 4, NULL},
   {"notify", 4, NULL}}
};
static tcl_class tcl_list = {
  "ShareableList", tcl_close_list, tcl_free_list, NULL, NULL,
  {{"assign", TCL_FACADE_ONLY, NULL}, {"count", TCL_FACADE_ONLY, NULL}, {"each", TCL_FACADE_ONLY, NULL},
   {"format", 3, NULL}, {"index", TCL_FACADE_ONLY, NULL}, {"items", 4, NULL}, {"list", 4, NULL}, {"set", 4, NULL}}
};
static tcl_class tcl_lock = {
  "Lock", tcl_close_lock, tcl_free_lock, tcl_acquire_lock, tcl_release_lock, {{"try_lock", TCL_FACADE_ONLY, NULL}}
};
static tcl_class tcl_semaphore = {
  "Semaphore", tcl_close_semaphore, tcl_free_semaphore, tcl_acquire_semaphore, tcl_release_semaphore,
  {{"try_acquire", TCL_FACADE_ONLY, NULL}}
};
static tcl_class tcl_event = {"Event", tcl_close_event, tcl_free_event, NULL, NULL, {{NULL, 0, NULL}}};

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

/* SWIG's wrappers check the number of their arguments with this: "oo|o:polyshm::core::View_x self index ?count? ?visit? ".
 * The first ?words?, as many as there are letters behind the bar, may be left out; the others are parameters of C that
 * scripts do not give. */
#define TCL_LEAST(usage) (int)strcspn(usage, "|:")
#define TCL_MOST(usage) (int)(strchr(usage, ':') - (usage) - (strchr(usage, '|') != NULL))

static bool tcl_wrong_count(ClientData handle, Tcl_Interp *interp, Tcl_Obj *const objv[], const char *usage) {
  Tcl_Obj *words = Tcl_NewObj();
  int optional = TCL_MOST(usage) - TCL_LEAST(usage);
  const char *word = strchr(usage, ' ') + 1;
  if (handle)
    word = strchr(word, ' ') + 1;
  for (const char *end; *word; word = end + 1) {
    end = strchr(word, ' ');
    if (*word != '?' || optional-- > 0)
      Tcl_AppendPrintfToObj(words, "%s%.*s", *Tcl_GetString(words) ? " " : "", (int)(end - word), word);
  }
  Tcl_WrongNumArgs(interp, handle ? 2 : 1, objv, *Tcl_GetString(words) ? Tcl_GetString(words) : NULL);
  Tcl_DecrRefCount(words);
  return true;
}
#undef SWIG_GetArgs
#define SWIG_GetArgs(interp, objc, objv, usage, ...)                                                                   \
  ((objc - 1 < TCL_LEAST(usage) || objc - 1 > TCL_MOST(usage)) && tcl_wrong_count(clientData, interp, objv, usage)     \
     ? TCL_ERROR                                                                                                       \
     : TCL_OK)

/* ---- from a word to an object and back ---- */

/* The object that a word means, or NULL. */
static tcl_handle *tcl_look_up(Tcl_Interp *interp, Tcl_Obj *word) {
  Tcl_CmdInfo info;
  Tcl_Command command = Tcl_GetCommandFromObj(interp, word);
  bool ours = command && Tcl_GetCommandInfoFromToken(command, &info) && info.objProc == tcl_command;
  return ours ? info.objClientData : NULL;
}

static tcl_handle *tcl_find(Tcl_Interp *interp, Tcl_Obj *word, const tcl_class *type) {
  tcl_handle *handle = tcl_look_up(interp, word);
  if (handle && (!type || handle->type == type))
    return handle;
  (void)tcl_failed(interp, polyshm_fail(POLYSHM_TYPE, "\"%.100s\" is no %s of polyshm, or was destroyed", Tcl_GetString(word),
                                        type ? type->name : "object"));
  return NULL;
}

static inline void *tcl_object(ClientData self, Tcl_Interp *interp, Tcl_Obj *word, const tcl_class *type) {
  tcl_handle *handle = self ? self : tcl_find(interp, word, type);
  return handle ? handle->object : NULL;
}

static void tcl_let_go(tcl_handle *handle) {
  if (handle->pins || handle->command)
    return;
  handle->type->free(handle->object);
  free(handle);
}

static void tcl_pin(tcl_handle *handle) {
  handle->pins++;
}

static void tcl_unpin(tcl_handle *handle) {
  handle->pins--;
  tcl_let_go(handle);
}

/* The commands of a segment and of its lock know one another. The lock is closed when either goes: the core's segment has it,
 * too, and views may keep that. */
static void tcl_part(tcl_handle *handle, tcl_handle *companion) {
  tcl_handle *lock = handle->type == &tcl_lock ? handle : companion;
  handle->companion = companion->companion = NULL;
  (void)lock->type->close(lock->object);
  if (lock == companion)
    Tcl_DeleteCommandFromToken(lock->interp, lock->command);
}

/* Tcl finds a command until the imports of it are deleted, too, whose traces may call it; by then the handle is gone. */
static int tcl_gone(ClientData unused, Tcl_Interp *interp, int objc, Tcl_Obj *const objv[]) {
  (void)unused;
  (void)objc;
  const char *name = Tcl_GetString(objv[0]);
  Tcl_SetObjResult(interp, Tcl_ObjPrintf("invalid command name \"%s\"", name));
  Tcl_SetErrorCode(interp, "TCL", "LOOKUP", "COMMAND", name, (char *)NULL);
  return TCL_ERROR;
}

static void tcl_deleted(ClientData clientData) {
  tcl_handle *handle = clientData;
  Tcl_CmdInfo info;
  if (Tcl_GetCommandInfoFromToken(handle->command, &info)) {
    info.objProc = tcl_gone;
    info.objClientData = NULL;
    (void)Tcl_SetCommandInfoFromToken(handle->command, &info);
  }
  handle->command = NULL;
  if (handle->companion)
    tcl_part(handle, handle->companion);
  if (handle->pins) /* who uses it notices that it is closed */
    (void)handle->type->close(handle->object);
  tcl_let_go(handle);
}

/* Makes the command and its name the result; on failure the object is freed. */
static tcl_handle *tcl_made(Tcl_Interp *interp, const tcl_class *type, void *object) {
  static _Atomic unsigned long made; /* a name is never used twice, in any interpreter: a stale one finds nothing */
  tcl_handle *handle = malloc(sizeof *handle); /* Tcl_Alloc would hide from ASan what has been given back */
  if (!handle)
    (void)tcl_failed(interp, polyshm_fail(POLYSHM_ENOMEM, "%s", polyshm_status_text(POLYSHM_ENOMEM)));
  if (!handle || Tcl_InterpDeleted(interp)) {
    type->free(object);
    free(handle);
    return NULL;
  }
  Tcl_Obj *name = NULL;
  do {
    if (name)
      Tcl_DecrRefCount(name);
    name = Tcl_ObjPrintf("::polyshm::%s%lu", type->name, ++made);
  } while (Tcl_FindCommand(interp, Tcl_GetString(name), NULL, TCL_GLOBAL_ONLY));
  *handle = (tcl_handle){.type = type, .object = object, .interp = interp};
  handle->command = Tcl_NRCreateCommand(interp, Tcl_GetString(name), tcl_command, tcl_call, handle, tcl_deleted);
  Tcl_SetObjResult(interp, name);
  return handle;
}

/* A lock as a class command makes it; or a segment's, which is one command however often a script asks for it. */
static bool tcl_made_lock(ClientData segment, Tcl_Interp *interp, polyshm_lock *lock) {
  tcl_handle *owner = segment, *known = owner ? owner->companion : NULL;
  if (known && known->object == lock) {
    polyshm_lock_free(lock); /* a reference of its own */
    Tcl_SetObjResult(interp, tcl_self(interp, known));
    return true;
  }
  tcl_handle *handle = tcl_made(interp, &tcl_lock, lock);
  if (!owner || !handle)
    return handle;
  owner->companion = handle;
  handle->companion = owner;
  if (known) { /* closed, so the core has opened another; its traces may ask for the lock again, or end the segment */
    known->companion = NULL;
    Tcl_DeleteCommandFromToken(known->interp, known->command);
  }
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
static pthread_mutex_t tcl_init_mutex = PTHREAD_MUTEX_INITIALIZER; /* Tcl 8.6's own is nothing at all without -DTCL_THREADS */

SWIGEXPORT int Polyshm_Init(Tcl_Interp *interp) {
  if (!Tcl_InitStubs(interp, SWIG_TCL_STUBS_VERSION, 0))
    return TCL_ERROR;
  (void)pthread_mutex_lock(&tcl_init_mutex);
  int result = tcl_swig_init(interp);
  (void)pthread_mutex_unlock(&tcl_init_mutex);
  return result;
}

/* SWIG keeps the address of its type table in a global variable that any script can set; we use no type table. */
#undef SWIG_GetModule
#undef SWIG_SetModule
#define SWIG_GetModule(interp) NULL
#define SWIG_SetModule(interp, module) (void)(module)
%}

%init %{
  static bool prepared;
#define PREPARE(type, class)                                                                                           \
  Tcl_DeleteCommand(interp, SWIG_prefix #class); /* SWIG's class commands make objects from any address */             \
  _Static_assert(sizeof swig_polyshm_##type##_methods / sizeof(swig_method) + TCL_METHODS_OWN <= TCL_METHODS_MAX, "room"); \
  if (!prepared)                                                                                                       \
    tcl_add_methods(&tcl_##type, swig_polyshm_##type##_methods);
  TCL_CLASS_MAP(PREPARE)
#undef PREPARE
  prepared = true;
  Tcl_CreateObjCommand(interp, SWIG_prefix "destroy", tcl_destroy, NULL, NULL);
%}

%define TCL_CLASS(type)
%ignore polyshm_##type::~polyshm_##type; /* deleting the command frees the object */
%typemap(in, noblock=1) struct polyshm_##type *self {
  if (!($1 = tcl_object(clientData, interp, $input, &tcl_##type))) SWIG_fail;
}
%typemap(in, numinputs=0, noblock=1) polyshm_##type **out (polyshm_##type *made = NULL) {
  $1 = &made;
}
%typemap(argout, noblock=1) polyshm_##type **out {
  if (!tcl_made(interp, &tcl_##type, *$1)) SWIG_fail;
}
%enddef
TCL_CLASS(segment)
TCL_CLASS(view)
TCL_CLASS(list)
TCL_CLASS(lock)
TCL_CLASS(semaphore)
TCL_CLASS(event)

%typemap(argout, noblock=1) polyshm_lock **out {
  if (!tcl_made_lock(clientData, interp, *$1)) SWIG_fail;
}
%typemap(in, noblock=1) const polyshm_segment *source {
  if (!($1 = tcl_object(NULL, interp, $input, &tcl_segment))) SWIG_fail;
}
