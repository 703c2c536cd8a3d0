/*
 * wait.i: waits that Ctrl-C and other debug hooks can break. SWIG has nothing for that. The stand-alone interpreter
 * answers SIGINT by a debug hook, which fires when Lua calls something: so after each slice of a wait something is
 * called. What the hook raises waits on the stack until the core has returned, since nothing may jump over the core.
 * It is the coroutine that called us whose hook is asked.
 */
%{
struct polyshm_lua_waiting {
  lua_State *L;
  bool raised;
  struct polyshm_lua_waiting *outer; /* what a hook was called in that waits itself */
};

static _Thread_local struct polyshm_lua_waiting *polyshm_lua_innermost;

static int polyshm_lua_nothing(lua_State *L) {
  (void)L;
  return 0;
}

static polyshm_status polyshm_lua_on_wait(void (*sleep)(void *slice), void *slice, void *context) {
  struct polyshm_lua_waiting *waiting = context;
  sleep(slice);
  lua_pushcfunction(waiting->L, polyshm_lua_nothing);
  waiting->raised = lua_pcall(waiting->L, 0, 0, 0) != 0;
  return waiting->raised ? POLYSHM_EINTR : POLYSHM_OK;
}

static void polyshm_lua_set_innermost(struct polyshm_lua_waiting *waiting) {
  polyshm_lua_innermost = waiting;
  polyshm_on_wait(waiting ? polyshm_lua_on_wait : NULL, waiting);
}
%}

/* %waits(function): a function of the core that may wait. */
%define %waits(function)
%exception function %{
  struct polyshm_lua_waiting waiting = {.L = L, .outer = polyshm_lua_innermost};
  polyshm_lua_set_innermost(&waiting);
  $action
  polyshm_lua_set_innermost(waiting.outer);
  if (waiting.raised) lua_error(L);
%}
%enddef

%waits(polyshm_segment_attach)
%waits(polyshm_list_attach)
