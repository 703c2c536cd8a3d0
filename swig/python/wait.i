/*
 * wait.i: waits and long work that let Python live. SWIG would hold the GIL through them: no other thread, and no Ctrl-C, until the end.
 * How a wait ended is a str; a lock that was not to be had in time is None.
 */
%{
/* Lets other threads run, and signals' handlers, which may raise. Only the main thread has those. */
static polyshm_status polyshm_python_wait(void (*step)(void *), void *context_of_step, void *context) {
  (void)context;
  PyThreadState *state = PyEval_SaveThread();
  step(context_of_step);
  PyEval_RestoreThread(state);
  return PyErr_CheckSignals() ? polyshm_fail(POLYSHM_PYTHON_RAISED, "interrupted") : POLYSHM_OK;
}

/* The thread's hook stays on from its first wait: the core that this module has inside is called by it alone. To set it each time would
 * take a sixth of an uncontended lock's time. */
static inline void polyshm_python_hook(void) {
  static _Thread_local bool hooked;
  if (hooked)
    return;
  (void)polyshm_on_wait(polyshm_python_wait, NULL);
  hooked = true;
}

/* Where no more files may be open, or no more mapped, dropped objects that refer to each other are collected, and the call is worth a
 * second try. */
static bool polyshm_python_collected(polyshm_status status) {
  if ((status != POLYSHM_EMFILE && status != POLYSHM_ENOMEM) || PyErr_Occurred())
    return false;
  PyGC_Collect();
  return true;
}

/* ---- outcomes ---- */

#define WORD(name, number, text) [number] = NULL,
static PyObject *polyshm_python_lock_outcomes[] = {POLYSHM_LOCK_OUTCOME_MAP(WORD)};
static PyObject *polyshm_python_wait_outcomes[] = {POLYSHM_WAIT_OUTCOME_MAP(WORD)};
#undef WORD

static PyObject *host_new_lock_outcome(host_context context, polyshm_lock_outcome outcome) {
  (void)context;
  return Py_NewRef(polyshm_python_lock_outcomes[outcome]);
}

static PyObject *host_new_wait_outcome(host_context context, polyshm_wait_outcome outcome) {
  (void)context;
  return Py_NewRef(polyshm_python_wait_outcomes[outcome]);
}
%}

%init %{
#define WORD(name, number, text) polyshm_python_lock_outcomes[number] = PyUnicode_InternFromString(text);
  POLYSHM_LOCK_OUTCOME_MAP(WORD)
#undef WORD
  polyshm_python_lock_outcomes[POLYSHM_LOCK_TIMED_OUT] = Py_NewRef(Py_None); /* not locked: no truth */
#define WORD(name, number, text) polyshm_python_wait_outcomes[number] = PyUnicode_InternFromString(text);
  POLYSHM_WAIT_OUTCOME_MAP(WORD)
#undef WORD
%}

/* What the api files mark, and the one call besides that may meet the limit of what is mapped. */
%define %polyshm_may_work(call, condition)
%exception call %{
  const bool long_work = condition;
  int tries = 0;
  do {
    if (long_work)
      polyshm_python_hook();
    $action
  } while (result && !tries++ && polyshm_python_collected(result));
%}
%enddef
%define %polyshm_may_wait(call)
%polyshm_may_work(call, true)
%enddef
%polyshm_may_work(polyshm_segment::refresh, false)
