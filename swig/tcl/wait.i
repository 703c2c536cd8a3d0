/*
 * wait.i (Tcl): a timeout is seconds in Tcl and nanoseconds in C, and while the core waits, asynchronous handlers (signals)
 * run, `interp cancel` is heard and `interp limit` holds. In long work it is `interp cancel` alone.
 * SWIG would block the interpreter. A handler may delete what waits, so that is pinned.
 */
%{
typedef struct tcl_wait {
  Tcl_Interp *interp;
  tcl_handle *handle;     /* what is used; NULL: none yet */
  Tcl_InterpState broken; /* the error that broke the wait */
  polyshm_hooked before;  /* of a wait whose handler waits itself */
} tcl_wait;

static polyshm_status tcl_wait_hook(void (*sleep)(void *slice), void *slice, void *context) {
  tcl_wait *wait = context;
  int code = TCL_OK;
  sleep(slice);
  if (Tcl_AsyncReady())
    code = Tcl_AsyncInvoke(wait->interp, TCL_OK);
  if (Tcl_InterpDeleted(wait->interp))
    return POLYSHM_EINTR;
  if (code == TCL_OK)
    code = Tcl_Canceled(wait->interp, TCL_LEAVE_ERR_MSG);
  if (code == TCL_OK && Tcl_LimitReady(wait->interp))
    code = Tcl_LimitCheck(wait->interp);
  if (code == TCL_OK)
    return POLYSHM_OK;
  wait->broken = Tcl_SaveInterpState(wait->interp, TCL_ERROR);
  return POLYSHM_EINTR;
}

/* Of long work: handlers run behind it, as they might change what it works on, the words of the call. */
static polyshm_status tcl_work_hook(void (*step)(void *work), void *work, void *context) {
  step(work);
  return Tcl_Canceled(context, 0) == TCL_OK ? POLYSHM_OK : POLYSHM_EINTR;
}

static void tcl_wait_begin(tcl_wait *wait, Tcl_Interp *interp, tcl_handle *handle) {
  *wait = (tcl_wait){.interp = interp, .handle = handle};
  if (handle)
    tcl_pin(handle);
  wait->before = polyshm_on_wait(tcl_wait_hook, wait);
}

/* Whether it was broken: then the interpreter's result is by what. */
static bool tcl_wait_end(tcl_wait *wait) {
  (void)polyshm_on_wait(wait->before.hook, wait->before.context);
  if (wait->handle)
    tcl_unpin(wait->handle);
  if (!wait->broken)
    return false;
  (void)Tcl_RestoreInterpState(wait->interp, wait->broken);
  return true;
}

static Tcl_Obj *host_new_lock_outcome(Tcl_Interp *interp, polyshm_lock_outcome outcome) {
  return outcome == POLYSHM_LOCK_TIMED_OUT ? host_new_bool(interp, false)
                                           : host_new_text(interp, polyshm_lock_outcome_name(outcome));
}

static Tcl_Obj *host_new_wait_outcome(Tcl_Interp *interp, polyshm_wait_outcome outcome) {
  return host_new_text(interp, polyshm_wait_outcome_name(outcome));
}
%}

/* The api files mark calls with these. */
%define %polyshm_may_wait(call)
%exception call %{
  tcl_wait wait;
  const bool has_receiver = strchr(#call, ':');
  tcl_wait_begin(&wait, interp, clientData || !has_receiver ? clientData : tcl_look_up(interp, objv[1]));
  $action
  if (tcl_wait_end(&wait)) SWIG_fail;
%}
%enddef
%define %polyshm_may_work(call, condition)
%exception call %{
  polyshm_hooked before = {NULL, NULL};
  const bool long_work = condition;
  if (long_work) before = polyshm_on_wait(tcl_work_hook, interp);
  $action
  if (long_work) (void)polyshm_on_wait(before.hook, before.context);
%}
%enddef
