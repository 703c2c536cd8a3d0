/*
 * scope.i (Tcl): polyshm::with, in C for two reasons. What it begins it ends, however the script ends: between a proc's call
 * of `lock` and its `catch`, a handler or `interp cancel` could break in. And a coroutine that is deleted runs no `catch` of
 * its own any more, but it runs what is registered here.
 */
%{
/* Whose script has ended it itself, by `unlock`, `close` or in a child of fork, has nothing left to end. */
static bool tcl_ended(polyshm_status status) {
  return !status || status == POLYSHM_NOT_OWNER || status == POLYSHM_CLOSED;
}

static int tcl_with_done(ClientData data[], Tcl_Interp *interp, int result) {
  tcl_handle *handle = data[0];
  const polyshm_class *type = handle->type->class;
  if (result == TCL_ERROR)
    Tcl_AppendObjToErrorInfo(interp, Tcl_ObjPrintf("\n    (\"polyshm::with\" body line %d)", Tcl_GetErrorLine(interp)));
  if (handle->command) {
    polyshm_status status = type->release ? type->release(handle->object) : type->close(handle->object);
    if (!tcl_ended(status) && result != TCL_ERROR)
      result = tcl_failed(interp, status) ? TCL_ERROR : result;
    if (!type->release)
      Tcl_DeleteCommandFromToken(interp, handle->command);
  }
  tcl_unpin(handle);
  return result;
}

static polyshm_status tcl_with_option(const polyshm_class *type, Tcl_Obj *option) {
  const char *text = Tcl_GetString(option);
  if (strcmp(text, "-timeout") != 0)
    return polyshm_fail(POLYSHM_ARGUMENT, "unknown option \"%.100s\": the options are -timeout", text);
  return type->hold ? POLYSHM_OK
                       : polyshm_fail(POLYSHM_ARGUMENT, "with: -timeout is for Lock and Semaphore, not for %s", type->name);
}

/* Acquires what is to be acquired; the variable's value. NULL: failed. */
static Tcl_Obj *tcl_with_begin(Tcl_Interp *interp, tcl_handle *handle, Tcl_Obj *seconds, bool *run) {
  int64_t timeout = -1;
  int outcome = 0;
  tcl_wait wait;
  *run = true;
  if (!handle->type->class->hold)
    return tcl_self(interp, handle);
  if (seconds && tcl_failed(interp, glue_timeout(interp, seconds, &timeout)))
    return NULL;
  tcl_wait_begin(&wait, interp, handle);
  bool failed = tcl_failed(interp, handle->type->class->hold(handle->object, timeout, &outcome));
  if (tcl_wait_end(&wait) || failed)
    return NULL;
  *run = outcome;
  return tcl_outcome(interp, handle->type->class, outcome);
}

static int tcl_with(ClientData unused, Tcl_Interp *interp, int objc, Tcl_Obj *const objv[]) {
  (void)unused;
  if (objc != 4 && objc != 6) {
    Tcl_WrongNumArgs(interp, 1, objv, "varName object ?-timeout seconds? script");
    return TCL_ERROR;
  }
  tcl_handle *handle = tcl_find(interp, objv[2], NULL);
  if (!handle || (objc == 6 && tcl_failed(interp, tcl_with_option(handle->type->class, objv[3]))))
    return TCL_ERROR;
  bool run;
  tcl_pin(handle); /* until its script has ended: handlers, traces and the script may delete it */
  Tcl_Obj *value = tcl_with_begin(interp, handle, objc == 6 ? objv[4] : NULL, &run);
  if (value && run)
    Tcl_NRAddCallback(interp, tcl_with_done, handle, NULL, NULL, NULL);
  else
    tcl_unpin(handle);
  if (!value || !Tcl_ObjSetVar2(interp, objv[1], NULL, value, TCL_LEAVE_ERR_MSG))
    return TCL_ERROR;
  Tcl_ResetResult(interp); /* a trace on the variable, or a handler, may have left one */
  return run ? Tcl_NREvalObj(interp, objv[objc - 1], 0) : TCL_OK;
}

static int tcl_with_command(ClientData unused, Tcl_Interp *interp, int objc, Tcl_Obj *const objv[]) {
  return Tcl_NRCallObjProc(interp, tcl_with, unused, objc, objv);
}
%}

%init %{
  Tcl_NRCreateCommand(interp, "::polyshm::with", tcl_with_command, tcl_with, NULL, NULL);
%}
