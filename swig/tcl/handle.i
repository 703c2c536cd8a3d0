/*
 * handle.i (Tcl): an object is a command, ::polyshm::SharedMemory1, and the command is the only way to it. SWIG's handles,
 * strings with an address in them, can be forged, outlive their object, and cost twice the time.
 *
 * One command procedure serves all classes. It finds the method in the class's table, remembered in the word itself, and
 * calls SWIG's wrapper with the handle as client data. A wrapper that is called as a plain command, or that takes a second
 * object, asks the interpreter for the command of that name and checks that it is ours and of the right class.
 */
%{
/* A method is SWIG's wrapper, or where that is NULL a proc of the facade, ::polyshm::<class>::method::<name>. */
typedef struct tcl_method {
  const char *name;
  swig_wrapper_func wrapper;
} tcl_method;

enum { TCL_METHODS_MAX = 40 };

/* Its methods are added when the module is first loaded into a process. */
typedef struct tcl_class {
  const polyshm_class *class;
  struct tcl_class *next;
  tcl_method methods[TCL_METHODS_MAX];
} tcl_class;

typedef struct tcl_handle {
  const tcl_class *type;
  void *object;
  Tcl_Interp *interp;
  Tcl_Command command;           /* NULL: deleted, and kept only by its pins */
  struct tcl_handle *companion;  /* a segment's lock, if a script has asked for it, and the other way round */
  int pins;                      /* calls that run scripts or handlers while they use the object */
} tcl_handle;

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
  Tcl_Obj *proc = Tcl_ObjPrintf("::polyshm::%s::method::%s", handle->type->class->name, method);
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
  return method->wrapper ? method->wrapper(handle, interp, objc, objv)
                         : tcl_call_facade(handle, method->name, interp, objc, objv);
}

static int tcl_command(ClientData clientData, Tcl_Interp *interp, int objc, Tcl_Obj *const objv[]) {
  return Tcl_NRCallObjProc(interp, tcl_call, clientData, objc, objv);
}

/* SWIG's wrappers check the number of their arguments with this: "oo|o:polyshm::core::View_x self index ?count? ?visit? ".
 * The first ?words?, as many as there are letters behind the bar, may be left out; the others, and each ?word_count?, are
 * parameters of C that scripts do not give. */
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
    const bool is_count = end - word > 7 && strncmp(end - 7, "_count?", 7) == 0;
    if (*word != '?' || (!is_count && optional-- > 0))
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
                                        type ? type->class->name : "object"));
  return NULL;
}

/* The receiver of a method: the handle of the command that was called, or what the word means. */
static inline void *tcl_object(ClientData self, Tcl_Interp *interp, Tcl_Obj *word, const tcl_class *type) {
  tcl_handle *handle = self ? self : tcl_find(interp, word, type);
  return handle ? handle->object : NULL;
}

static void tcl_let_go(tcl_handle *handle) {
  if (handle->pins || handle->command)
    return;
  handle->type->class->free(handle->object);
  free(handle);
}

static void tcl_pin(tcl_handle *handle) {
  handle->pins++;
}

static void tcl_unpin(tcl_handle *handle) {
  handle->pins--;
  tcl_let_go(handle);
}

static tcl_class tcl_class_p_polyshm_lock;

/* The commands of a segment and of its lock know one another. The lock is closed when either goes: the core's segment has it,
 * too, and views may keep that. */
static void tcl_part(tcl_handle *handle, tcl_handle *companion) {
  tcl_handle *lock = handle->type == &tcl_class_p_polyshm_lock ? handle : companion;
  handle->companion = companion->companion = NULL;
  (void)lock->type->class->close(lock->object);
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
    (void)handle->type->class->close(handle->object);
  tcl_let_go(handle);
}

/* Makes the command and its name the result; on failure the object is freed. */
static tcl_handle *tcl_made(Tcl_Interp *interp, const tcl_class *type, void *object) {
  static _Atomic unsigned long made; /* a name is never used twice, in any interpreter: a stale one finds nothing */
  tcl_handle *handle = malloc(sizeof *handle); /* Tcl_Alloc would hide from ASan what has been given back */
  if (!handle)
    (void)tcl_failed(interp, polyshm_fail(POLYSHM_ENOMEM, "%s", polyshm_status_text(POLYSHM_ENOMEM)));
  if (!handle || Tcl_InterpDeleted(interp)) {
    type->class->free(object);
    free(handle);
    return NULL;
  }
  Tcl_Obj *name = NULL;
  do {
    if (name)
      Tcl_DecrRefCount(name);
    name = Tcl_ObjPrintf("::polyshm::%s%lu", type->class->name, ++made);
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
  tcl_handle *handle = tcl_made(interp, &tcl_class_p_polyshm_lock, lock);
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
  (void)handle->type->class->close(handle->object); /* always succeeds */
  Tcl_DeleteCommandFromToken(interp, handle->command);
  return TCL_OK;
}

/* ---- loading ---- */

/* The method of that name, or the place for it. */
static tcl_method *tcl_method_of(tcl_class *type, const char *name) {
  tcl_method *method = type->methods;
  while (method->name && strcmp(method->name, name) != 0)
    method++;
  if (method >= type->methods + TCL_METHODS_MAX - 1)
    Tcl_Panic("polyshm: TCL_METHODS_MAX is too small for %s", type->class->name);
  return method;
}

static tcl_class *tcl_classes; /* all of them */

static void tcl_add_methods(tcl_class *type, const swig_method *methods) {
  if (type->methods[0].name)
    return;
  type->next = tcl_classes;
  tcl_classes = type;
  for (; methods->name; methods++)
    *tcl_method_of(type, methods->name) = (tcl_method){methods->name, methods->method};
  *tcl_method_of(type, "destroy") = (tcl_method){"destroy", tcl_destroy};
}

/* How holding it ended, in its class's word. */
static Tcl_Obj *tcl_outcome(Tcl_Interp *interp, const polyshm_class *class, int outcome) {
  const char *word = class->outcomes[outcome];
  return outcome && word ? host_new_text(interp, word) : host_new_bool(interp, outcome);
}

/* What try_lock and try_acquire are: held, if that is possible now. */
static int tcl_try(ClientData self, Tcl_Interp *interp, int objc, Tcl_Obj *const objv[]) {
  tcl_handle *handle = self;
  int outcome = 0;
  if (objc != 2) {
    Tcl_WrongNumArgs(interp, 2, objv, NULL);
    return TCL_ERROR;
  }
  if (tcl_failed(interp, handle->type->class->hold(handle->object, 0, &outcome)))
    return TCL_ERROR;
  Tcl_SetObjResult(interp, tcl_outcome(interp, handle->type->class, outcome));
  return TCL_OK;
}

static pthread_mutex_t tcl_init_mutex = PTHREAD_MUTEX_INITIALIZER; /* Tcl 8.6's own is nothing at all without -DTCL_THREADS */

/* polyshm::core::adopt class method ?try?: the method is the facade's proc, or with `try` the class's hold. */
static int tcl_adopt(ClientData unused, Tcl_Interp *interp, int objc, Tcl_Obj *const objv[]) {
  (void)unused;
  if (objc < 3 || objc > 4) {
    Tcl_WrongNumArgs(interp, 1, objv, "class method ?try?");
    return TCL_ERROR;
  }
  tcl_class *type = tcl_classes;
  while (type && strcmp(type->class->name, Tcl_GetString(objv[1])) != 0)
    type = type->next;
  if (!type || (objc == 4 && !type->class->hold)) {
    Tcl_SetObjResult(interp, Tcl_ObjPrintf("adopt: %s is no class for that", Tcl_GetString(objv[1])));
    return TCL_ERROR;
  }
  (void)pthread_mutex_lock(&tcl_init_mutex);
  tcl_method *method = tcl_method_of(type, Tcl_GetString(objv[2]));
  const swig_wrapper_func wrapper = objc == 4 ? tcl_try : NULL;
  const char *name = method->name ? method->name : strdup(Tcl_GetString(objv[2])); /* as long as the process */
  if (name && (name != method->name || wrapper != method->wrapper))
    *method = (tcl_method){name, wrapper};
  (void)pthread_mutex_unlock(&tcl_init_mutex);
  return TCL_OK;
}

/* SWIG's initialisation fills static tables, so threads must take turns. It becomes a part of ours. */
#undef SWIG_init
#define SWIG_init tcl_swig_init
static int tcl_swig_init(Tcl_Interp *interp);
static const char tcl_facts[] = "::polyshm::core::facts";

SWIGEXPORT int Polyshm_Init(Tcl_Interp *interp) {
  if (!Tcl_InitStubs(interp, SWIG_TCL_STUBS_VERSION, 0))
    return TCL_ERROR;
  (void)pthread_mutex_lock(&tcl_init_mutex);
  Tcl_UnsetVar(interp, tcl_facts, TCL_GLOBAL_ONLY);
  int result = tcl_swig_init(interp);
  (void)pthread_mutex_unlock(&tcl_init_mutex);
  return result;
}

/* SWIG keeps the address of its type table in a global variable that any script can set; we use no type table. */
#undef SWIG_GetModule
#undef SWIG_SetModule
#define SWIG_GetModule(interp) NULL
#define SWIG_SetModule(interp, module) (void)(module)

/* facts: a list with a row for each that the api files tell, {type fact word number}. */
#define HOST_TELL(type, fact, word, number) tcl_tell(interp, type, fact, word, number)
#define POLYSHM_ABSENT INT64_MIN /* an option without a default */
#define HOST_SMALL_WEIGHT 0      /* Tcl has no collector */

static void tcl_tell(Tcl_Interp *interp, const char *type, const char *fact, const char *word, int64_t number) {
  Tcl_Obj *row[] = {Tcl_NewStringObj(type, -1), Tcl_NewStringObj(fact, -1), Tcl_NewStringObj(word, -1),
                    number == POLYSHM_ABSENT ? Tcl_NewObj() : Tcl_NewWideIntObj(number)};
  Tcl_SetVar2Ex(interp, tcl_facts, NULL, Tcl_NewListObj(4, row), TCL_GLOBAL_ONLY | TCL_APPEND_VALUE | TCL_LIST_ELEMENT);
}
%}

%init %{
  Tcl_CreateObjCommand(interp, SWIG_prefix "destroy", tcl_destroy, NULL, NULL);
  Tcl_CreateObjCommand(interp, SWIG_prefix "adopt", tcl_adopt, NULL, NULL);
%}

/* SWIG's class commands would make objects from any address. */
%define %host_class(type, Name)
%ignore polyshm_##type::~polyshm_##type; /* deleting the command frees the object */
%rename(Name) polyshm_##type;
%{
static tcl_class tcl_class_p_polyshm_##type = {&polyshm_class_p_polyshm_##type, NULL, {{NULL, NULL}}};
%}
%init %{
  Tcl_DeleteCommand(interp, SWIG_prefix #Name);
  tcl_add_methods(&tcl_class_p_polyshm_##type, swig_polyshm_##type##_methods);
%}
%enddef

%define %polyshm_weighs_anew(call) %enddef
%define %polyshm_sequence(type)
%polyshm_tell(type, "sequence", "", 0)
%enddef

%typemap(in, noblock=1) SWIGTYPE *, const SWIGTYPE * {
  if (!($1 = tcl_object(NULL, interp, $input, &tcl_class$1_mangle))) SWIG_fail;
}
%typemap(in, noblock=1) SWIGTYPE *self {
  if (!($1 = tcl_object(clientData, interp, $input, &tcl_class$1_mangle))) SWIG_fail;
}
%typemap(in, numinputs=0, noblock=1) SWIGTYPE **out ($*1_ltype made = NULL) { $1 = &made; }
%typemap(argout, noblock=1) SWIGTYPE **out {
  if (!tcl_made(interp, &tcl_class$*1_mangle, *$1)) SWIG_fail;
}
%typemap(argout, noblock=1) polyshm_lock **out {
  if (!tcl_made_lock(clientData, interp, *$1)) SWIG_fail;
}
