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

/*
 * synchronize(object, fn, timeout): fn(outcome) while a lock is locked or a permit acquired; false if that was not in
 * time. In C, because a debug hook may raise between any two steps of a script: here there is none, neither between the
 * lock and the protected call, nor between that and the unlock. So what is pushed behind the lock needs no memory: the
 * words are there already.
 *
 * fn may have unlocked, closed or, by means of the debug library, even freed the object: then there is nothing to do.
 *
 * Where fn has yielded and its coroutine is closed instead of being resumed, Lua 5.4 runs what is to be closed: a guard
 * gives the object back. Other Luas have no coroutine.close.
 */
enum { OBJECT = 1, GUARD, FN };

static polyshm_status polyshm_lua_give_back(lua_State *L, int index) {
  polyshm_lock *lock = polyshm_lua_behind(L, index, SWIGTYPE_p_polyshm_lock);
  polyshm_semaphore *semaphore = polyshm_lua_behind(L, index, SWIGTYPE_p_polyshm_semaphore);
  polyshm_status status = lock ? polyshm_lock_unlock(lock) : semaphore ? polyshm_semaphore_release(semaphore) : POLYSHM_OK;
  return status == POLYSHM_NOT_OWNER || status == POLYSHM_CLOSED ? POLYSHM_OK : status;
}

/* A guard is a table: [1] is the object while it is to be given back. */
static void polyshm_lua_arm(lua_State *L, bool on) {
  if (on)
    lua_pushvalue(L, OBJECT);
  else
    lua_pushboolean(L, 0); /* not nil: it takes the same place, and no memory */
  lua_rawseti(L, GUARD, 1);
}

#if LUA_VERSION_NUM >= 504
static int polyshm_lua_guard_closes(lua_State *L) {
  lua_rawgeti(L, 1, 1);
  (void)polyshm_lua_give_back(L, -1);
  return 0;
}
#endif

static void polyshm_lua_make_guard(lua_State *L) {
  lua_createtable(L, 1, 0);
  lua_insert(L, GUARD);
  polyshm_lua_arm(L, false);
#if LUA_VERSION_NUM >= 504
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, polyshm_lua_guard_closes);
  lua_setfield(L, -2, "__close");
  lua_setmetatable(L, GUARD);
  lua_toclose(L, GUARD);
#endif
}

static int polyshm_lua_leave(lua_State *L, bool failed) {
  polyshm_lua_arm(L, false);
  polyshm_status status = polyshm_lua_give_back(L, OBJECT);
  if (failed)
    return lua_error(L);
  if (status)
    polyshm_lua_raise(L, status);
  return lua_gettop(L) - GUARD; /* all above the guard is fn's result */
}

#if LUA_VERSION_NUM >= 503
static int polyshm_lua_resumed(lua_State *L, int status, lua_KContext context) {
  (void)context;
  return polyshm_lua_leave(L, status != LUA_YIELD);
}
#elif LUA_VERSION_NUM == 502
static int polyshm_lua_resumed(lua_State *L) {
  return polyshm_lua_leave(L, lua_getctx(L, NULL) != LUA_YIELD);
}
#else
#define lua_pcallk(L, arguments, results, handler, context, resumed) lua_pcall(L, arguments, results, handler)
#endif

static int polyshm_lua_synchronize(lua_State *L) {
  polyshm_lock *lock = polyshm_lua_behind(L, 1, SWIGTYPE_p_polyshm_lock);
  polyshm_semaphore *semaphore =
      lock ? NULL : polyshm_lua_handle(L, 1, SWIGTYPE_p_polyshm_semaphore, "a Lock or a Semaphore");
  int64_t timeout = polyshm_lua_nanoseconds(L, 3, "timeout");
  lua_settop(L, 2);
  polyshm_lua_make_guard(L);
  lua_pushstring(L, polyshm_lock_outcome_name(POLYSHM_LOCKED));
  lua_pushstring(L, polyshm_lock_outcome_name(POLYSHM_RECOVERED));

  polyshm_lock_outcome outcome = POLYSHM_LOCK_TIMED_OUT;
  bool acquired = false;
  struct polyshm_lua_waiting waiting;
  polyshm_lua_begin_wait(L, &waiting);
  polyshm_status status = lock ? polyshm_lock_lock(lock, timeout, &outcome)
                               : polyshm_semaphore_acquire(semaphore, timeout, &acquired);
  polyshm_lua_end_wait(&waiting);
  if (status)
    polyshm_lua_raise(L, status);

  lua_pushboolean(L, acquired);
  if (!outcome && !acquired)
    return 1;
  polyshm_lua_arm(L, true);
  if (lock)
    lua_pushvalue(L, outcome == POLYSHM_LOCKED ? FN + 1 : FN + 2);
  lua_replace(L, FN + 1);
  lua_settop(L, FN + 1);
  return polyshm_lua_leave(L, lua_pcallk(L, 1, LUA_MULTRET, 0, 0, polyshm_lua_resumed) != 0);
}
%}

%native(synchronize) int polyshm_lua_synchronize(lua_State *L);

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

/* How it ended, in a word; false where it merely was not in time, but for a view, whose waits end in three ways. */
%typemap(in, numinputs=0, noblock=1) polyshm_lock_outcome *out (polyshm_lock_outcome outcome) { $1 = &outcome; }
%typemap(argout, noblock=1) polyshm_lock_outcome *out {
  if (outcome$argnum == POLYSHM_LOCK_TIMED_OUT) lua_pushboolean(L, 0);
  else lua_pushstring(L, polyshm_lock_outcome_name(outcome$argnum));
  SWIG_arg++;
}
%typemap(in, numinputs=0, noblock=1) polyshm_wait_outcome *out (polyshm_wait_outcome outcome) { $1 = &outcome; }
%typemap(argout, noblock=1) polyshm_wait_outcome *out {
  lua_pushstring(L, polyshm_wait_outcome_name(outcome$argnum)); SWIG_arg++;
}
