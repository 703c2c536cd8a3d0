/*
 * wait.i: waits, and long work, that Ctrl-C and other debug hooks can break. SWIG has nothing for that. The stand-alone
 * interpreter answers SIGINT by a debug hook, which fires when Lua calls something: so after each step something is
 * called. What the hook raises waits on the stack until the core has returned, since nothing may jump over the core.
 * It is the coroutine that called us whose hook is asked.
 */
%{
struct polyshm_lua_waiting {
  lua_State *L;
  bool raised;
  polyshm_hooked before; /* of a wait whose debug hook waits itself */
};

static int polyshm_lua_nothing(lua_State *L) {
  (void)L;
  return 0;
}

/* Where a function of C is an object of its own, making one may fail, or run finalisers: that is protected, too. */
static bool polyshm_lua_is_interrupted(lua_State *L) {
#if LUA_VERSION_NUM < 502
  return lua_cpcall(L, polyshm_lua_nothing, NULL) != 0;
#else
  lua_pushcfunction(L, polyshm_lua_nothing);
  return lua_pcall(L, 0, 0, 0) != 0;
#endif
}

static polyshm_status polyshm_lua_on_wait(void (*sleep)(void *slice), void *slice, void *context) {
  struct polyshm_lua_waiting *waiting = context;
  sleep(slice);
  waiting->raised = polyshm_lua_is_interrupted(waiting->L);
  return waiting->raised ? POLYSHM_EINTR : POLYSHM_OK;
}

static void polyshm_lua_begin_wait(lua_State *L, struct polyshm_lua_waiting *waiting) {
  *waiting = (struct polyshm_lua_waiting){.L = L, .before = polyshm_on_wait(polyshm_lua_on_wait, waiting)};
}

static void polyshm_lua_end_wait(struct polyshm_lua_waiting *waiting) {
  (void)polyshm_on_wait(waiting->before.hook, waiting->before.context);
  if (waiting->raised)
    lua_error(waiting->L);
}

/* How it ended, in a word; false where it merely was not in time, but for a view, whose waits end in three ways. */
static int host_new_lock_outcome(lua_State *L, polyshm_lock_outcome outcome) {
  return outcome == POLYSHM_LOCK_TIMED_OUT ? host_new_bool(L, false) : host_new_text(L, polyshm_lock_outcome_name(outcome));
}

static int host_new_wait_outcome(lua_State *L, polyshm_wait_outcome outcome) {
  return host_new_text(L, polyshm_wait_outcome_name(outcome));
}
%}

/* The api files mark calls with these. */
%define %polyshm_may_work(call, condition)
%exception call %{
  struct polyshm_lua_waiting waiting;
  const bool long_work = condition;
  if (long_work) polyshm_lua_begin_wait(L, &waiting);
  $action
  if (long_work) polyshm_lua_end_wait(&waiting);
%}
%enddef
%define %polyshm_may_wait(call)
%polyshm_may_work(call, true)
%enddef
