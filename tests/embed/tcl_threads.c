/*
 * Threads with a Tcl interpreter each load the package at the same moment: tcl_threads RUNS. Each run is a
 * process of its own, because only the first load in a process fills the module's tables. The interpreters
 * have found the package beforehand: so little but the initialisation races. Each then works with a segment.
 */
#include <tcl.h>

#include "runs.h"

static const char work[] =
    "package require polyshm\n"
    "polyshm::with shm [polyshm::SharedMemory create -size 4096] {\n"
    "  $shm unlink\n"
    "  set view [$shm view int32]\n"
    "  $view set 0 7\n"
    "  if {[$view get 0] != 7 || [catch {$shm siz} message] != 1} {error wrong}\n"
    "  if {![string match {bad method*size*write*} $message]} {error $message}\n"
    "  set lock [polyshm::Lock create]\n"
    "  $lock unlink\n"
    "  polyshm::with outcome $lock {}\n"
    "}";

static void *load(void *unused) {
  (void)unused;
  Tcl_Interp *interp = Tcl_CreateInterp();
  int failed = Tcl_Init(interp) != TCL_OK;
  (void)Tcl_Eval(interp, "catch {package require this-looks-for-all-packages}");
  (void)pthread_barrier_wait(&start);
  failed = failed || Tcl_Eval(interp, work) != TCL_OK;
  if (failed)
    (void)fprintf(stderr, "%s\n", Tcl_GetStringResult(interp));
  Tcl_DeleteInterp(interp);
  Tcl_FinalizeThread();
  return failed ? &start : NULL;
}

static int run(const char *program) {
  Tcl_FindExecutable(program);
  return run_threads(load, (void *const[THREADS]){NULL});
}

int main(int argc, char **argv) {
  return run_many(argc, argv, run);
}
