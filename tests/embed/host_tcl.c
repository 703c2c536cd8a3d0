/* host_tcl.c: the half of host.h that is Tcl's. */
#include <tcl.h>

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "host.h"

const bool host_many = true;

void host_begin(const char *program) {
  Tcl_FindExecutable(program);
}

static bool told(Tcl_Interp *interp, int code) {
  if (code != TCL_OK)
    (void)fprintf(stderr, "%s\n", Tcl_GetVar(interp, "errorInfo", TCL_GLOBAL_ONLY));
  return code == TCL_OK;
}

void *host_open(const char *script) {
  Tcl_Interp *interp = Tcl_CreateInterp();
  if (told(interp, Tcl_Init(interp)) && told(interp, Tcl_EvalFile(interp, script)))
    return interp;
  Tcl_DeleteInterp(interp);
  return NULL;
}

bool host_call(void *interpreter, const char *function) {
  return told(interpreter, Tcl_EvalEx(interpreter, function, -1, TCL_EVAL_GLOBAL));
}

void host_close(void *interpreter) {
  Tcl_DeleteInterp(interpreter);
}

_Noreturn void host_exit(void) {
  Tcl_Exit(0);
  _Exit(9); /* Tcl's header does not say that it does not return */
}

/* A handler, which the wait lets run, deletes the interpreter that waits. */
static int delete (ClientData interpreter, Tcl_Interp *interp, int code) {
  (void)interp;
  Tcl_DeleteInterp(interpreter);
  return code;
}

static void *mark(void *handler) {
  (void)usleep(100 * 1000);
  Tcl_AsyncMark(handler);
  return NULL;
}

static bool end_waiting(void *interpreter) {
  pthread_t thread;
  Tcl_AsyncHandler handler = Tcl_AsyncCreate(delete, interpreter);
  Tcl_Preserve(interpreter);
  bool ended = !pthread_create(&thread, NULL, mark, handler);
  ended = ended && Tcl_EvalEx(interpreter, "wait", -1, TCL_EVAL_GLOBAL) != TCL_OK &&
          Tcl_InterpDeleted(interpreter);
  ended = ended && !pthread_join(thread, NULL);
  Tcl_AsyncDelete(handler);
  Tcl_Release(interpreter);
  return ended;
}

bool (*const host_end_waiting)(void *interpreter) = end_waiting;
