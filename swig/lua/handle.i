/*
 * handle.i: the objects, where SWIG would take any userdata for any pointer. A handle is SWIG's own userdata, known by
 * its size and type: no table is looked up, so this is faster than luaL_checkudata, too.
 *
 * The classes have names of their own here, because all SWIG modules of an interpreter share one registry of class names:
 * "View" may be somebody else's, and so may polyshm_view in a module that has to do with the core. The facade gives them
 * the names that users meet.
 */

/* Keywords of Lua: as its libraries of bit operations call them. */
%rename(band) polyshm_view::and;
%rename(bor) polyshm_view::or;
%rename(bxor) polyshm_view::xor;

%{
/* SWIG's userdata, its class, and what the collector was told of it: nothing, if the memory is counted elsewhere. */
typedef struct polyshm_lua_userdata {
  swig_lua_userdata handle;
  const polyshm_class *class;
  int64_t weight;
} polyshm_lua_userdata;
enum { POLYSHM_LUA_ELSEWHERE = -1 };

/* Returns the userdata at this index if it is one of ours. */
static polyshm_lua_userdata *polyshm_lua_ours(lua_State *L, int index) {
  polyshm_lua_userdata *userdata = lua_touserdata(L, index);
  if (!userdata || lua_rawlen(L, index) != sizeof *userdata)
    return NULL;
  for (swig_type_info **type = swig_types; *type; type++)
    if (userdata->handle.type == *type)
      return userdata;
  return NULL;
}

/* Finds what is behind a handle of this type. */
static inline polyshm_status polyshm_lua_handle(lua_State *L, int index, const swig_type_info *type, const polyshm_class *class,
                                                void **object) {
  const polyshm_lua_userdata *userdata = lua_touserdata(L, index);
  if (userdata && lua_rawlen(L, index) == sizeof *userdata && userdata->handle.type == type && userdata->handle.ptr) {
    *object = userdata->handle.ptr;
    return POLYSHM_OK;
  }
  return polyshm_fail(POLYSHM_TYPE, "%s is needed, not %s", class->words, luaL_typename(L, index));
}

/* Pushes a handle on nothing yet. Made before the call: a shortage of memory then cannot lose the call's result. */
static polyshm_lua_userdata *polyshm_lua_new_handle(lua_State *L, swig_type_info *type, const polyshm_class *class) {
  polyshm_lua_userdata *userdata = lua_newuserdata(L, sizeof *userdata);
  *userdata = (polyshm_lua_userdata){.handle = {.type = type, .own = 1}, .class = class};
  SWIG_Lua_AddMetatable(L, type);
  return userdata;
}

/*
 * Lua's collector sees a handle and not the memory behind it, so it is told. A state's account holds what all its open
 * handles weigh, and how much of it the collector has been made to work for: the next one makes it work, as if so much
 * had been allocated, for what is not paid for yet (64 MiB at most at once, to bound the pause). So a loop that drops
 * objects without closing them stays bounded, and one that closes them in order costs nothing. What the collector had to
 * close itself, and no more, must be paid for again.
 */
typedef struct polyshm_lua_account {
  int64_t open, paid; /* bytes */
} polyshm_lua_account;

static const char polyshm_lua_account_key;

static polyshm_lua_account *polyshm_lua_account_of(lua_State *L) {
  lua_pushlightuserdata(L, (void *)&polyshm_lua_account_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  polyshm_lua_account *account = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return account;
}

/* A state has one, however often it loads the module: what was open before is closed later. */
static void polyshm_lua_make_account(lua_State *L) {
  if (polyshm_lua_account_of(L))
    return;
  lua_pushlightuserdata(L, (void *)&polyshm_lua_account_key);
  *(polyshm_lua_account *)lua_newuserdata(L, sizeof(polyshm_lua_account)) = (polyshm_lua_account){0};
  lua_rawset(L, LUA_REGISTRYINDEX);
}

/* Makes the collector work for what was opened until now. Called before something is made: finalisers, or a want of
 * memory, may raise here, and then nothing is lost. A collector that the script has stopped is left alone:
 * LUA_GCISRUNNING is 9 in 5.2 ... 5.4 and LuaJIT; 5.1 does not know it and answers -1. */
static void polyshm_lua_pay(lua_State *L) {
  enum { is_running = 9 };
  polyshm_lua_account *account = polyshm_lua_account_of(L);
  if (account->open <= account->paid)
    return;
  const int64_t most = 64 * 1024, kibibytes = (account->open - account->paid) / 1024 + 1;
  account->paid = account->open;
  if (lua_gc(L, is_running, 0) != 0)
    lua_gc(L, LUA_GCSTEP, (int)(kibibytes < most ? kibibytes : most));
}

/* Weighs what was made, or may have changed: nothing, when it is closed. Raises nothing, because it may just have been made. */
static void polyshm_lua_weigh(lua_State *L, int index) {
  polyshm_lua_userdata *userdata = lua_touserdata(L, index);
  if (userdata->weight == POLYSHM_LUA_ELSEWHERE)
    return;
  const int64_t weight = userdata->class->closed(userdata->handle.ptr) ? 0 : userdata->class->weight(userdata->handle.ptr);
  polyshm_lua_account_of(L)->open += weight - userdata->weight;
  userdata->weight = weight;
}

/* Frees once. A handle that other finalisers still hold is then refused by every call. */
static int polyshm_lua_gc(lua_State *L) {
  polyshm_lua_userdata *userdata = polyshm_lua_ours(L, 1);
  if (!userdata || !userdata->handle.ptr)
    return 0;
  void *object = userdata->handle.ptr;
  polyshm_lua_account *account = polyshm_lua_account_of(L); /* NULL when the state ends */
  userdata->handle.ptr = NULL;
  userdata->class->free(object);
  if (account && userdata->weight > 0) {
    account->open -= userdata->weight;
    account->paid -= userdata->weight < account->paid ? userdata->weight : account->paid;
    userdata->weight = 0;
  }
  return 0;
}

/* A descriptor that is kept open, of which a process has some thousand, weighs as so much memory; an event, which has only
 * a mapping, weighs as much for simplicity. */
#define HOST_SMALL_WEIGHT (256 * 1024)

/* object[key], with the upvalues methods and attributes: a method, an attribute's value, or nil. An attribute is a
 * function of C, which is called right away, or one of the facade. */
static int polyshm_lua_member(lua_State *L) {
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(1));
  if (!lua_isnil(L, -1))
    return 1;
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(2));
  lua_CFunction attribute = lua_tocfunction(L, -1);
  if (attribute)
    return attribute(L);
  if (lua_isnil(L, -1))
    return 0;
  lua_pushvalue(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

/* members(methods, attributes): such a function, for __index. */
static int polyshm_lua_make_members(lua_State *L) {
  lua_settop(L, 2);
  lua_pushcclosure(L, polyshm_lua_member, 2);
  return 1;
}

/* metatable(class): what all objects of a class have. */
static int polyshm_lua_metatable(lua_State *L) {
  SWIG_Lua_get_class_metatable(L, luaL_checkstring(L, 1));
  return 1;
}

/* In SWIG's metatable of a class: what would crash on a foreign object, or give the object's memory away. */
static void polyshm_lua_secure(lua_State *L, const swig_lua_class *class) {
  SWIG_Lua_get_class_metatable(L, class->fqname);
  lua_pushcfunction(L, polyshm_lua_gc);
  lua_setfield(L, -2, "__gc");
  lua_pushnil(L);
  lua_setfield(L, -2, "__eq");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_getfield(L, -1, ".fn");
  lua_pushnil(L);
  lua_setfield(L, -2, "__disown");
  lua_pop(L, 2);
}

/* facts: a table with a row for each that the api files tell, {class, fact, word, number}. */
#define HOST_TELL(type, fact, word, number) polyshm_lua_tell(L, type, fact, word, number)
#define POLYSHM_ABSENT INT64_MIN /* an option without a default */

static void polyshm_lua_tell(lua_State *L, const char *type, const char *fact, const char *word, int64_t number) {
  lua_getfield(L, -1, "facts");
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "facts");
  }
  lua_createtable(L, 4, 0);
  const char *words[] = {type, fact, word};
  for (int i = 0; i < 3; i++) {
    lua_pushstring(L, words[i]);
    lua_rawseti(L, -2, i + 1);
  }
  if (number != POLYSHM_ABSENT) {
    lua_pushinteger(L, (lua_Integer)number);
    lua_rawseti(L, -2, 4);
  }
  lua_rawseti(L, -2, (int)lua_rawlen(L, -2) + 1);
  lua_pop(L, 1);
}
%}

%{
#include <pthread.h>

/*
 * SWIG fills static tables, of which threads that have a Lua state each need one to be full before they go on: once for
 * the process, before SWIG's initialisation, which becomes a part of ours. The tables are the module's own, so SWIG need
 * not ask the state for those of other modules: nothing of Lua runs meanwhile. Asked without a state there are none yet,
 * which makes SWIG fill them; asked with one they are there, which makes it leave them alone.
 */
#undef SWIG_GetModule
#define SWIG_GetModule(L) ((L) ? &swig_module : NULL)
#undef SWIG_SetModule
#define SWIG_SetModule(L, module) ((void)(L), (void)(module))
SWIGRUNTIME void SWIG_InitializeModule(void *);
SWIGRUNTIME void SWIG_PropagateClientData(void);

static void polyshm_lua_fill_tables(void) {
  SWIG_InitializeModule(NULL);
  SWIG_PropagateClientData();
}

#undef SWIG_init
#define SWIG_init polyshm_lua_swig_init
static int polyshm_lua_swig_init(lua_State *L);

SWIGEXPORT int luaopen_polyshm_core(lua_State *L) {
  static pthread_once_t filled = PTHREAD_ONCE_INIT;
  (void)pthread_once(&filled, polyshm_lua_fill_tables);
  lua_settop(L, 0);
  return polyshm_lua_swig_init(L);
}
%}

%native(metatable) int polyshm_lua_metatable(lua_State *L);
%native(members) int polyshm_lua_make_members(lua_State *L);

%init %{
  polyshm_lua_make_account(L);
  for (swig_type_info **type = swig_types; *type; type++)
    if ((*type)->clientdata) polyshm_lua_secure(L, (*type)->clientdata);
%}

%typemap(in, noblock=1) SWIGTYPE * (void *behind), const SWIGTYPE * (void *behind) {
  %host_try(polyshm_lua_handle(L, $input, $1_descriptor, &polyshm_class$1_mangle, &behind));
  $1 = behind;
}
/* Whether a result is counted is known before the call: not a list's segment, which is counted with the list. */
%{
#define POLYSHM_LUA_IS_COUNTED(first, class) ((class).weighs && _Generic(first, polyshm_list *: false, default: true))
%}
%typemap(in, numinputs=0, noblock=1) SWIGTYPE **out ($*1_ltype made, polyshm_lua_userdata *userdata) {
  made = NULL;
  $1 = &made;
}
%typemap(check, noblock=1) SWIGTYPE **out {
  if (POLYSHM_LUA_IS_COUNTED(arg1, polyshm_class$*1_mangle)) polyshm_lua_pay(L);
  userdata$argnum = polyshm_lua_new_handle(L, $*1_descriptor, &polyshm_class$*1_mangle);
}
%typemap(argout, noblock=1) SWIGTYPE **out {
  userdata$argnum->handle.ptr = made$argnum; SWIG_arg++;
  if (POLYSHM_LUA_IS_COUNTED(arg1, polyshm_class$*1_mangle)) polyshm_lua_weigh(L, -1);
  else userdata$argnum->weight = POLYSHM_LUA_ELSEWHERE;
}

%define %host_class(type, Name)
%rename(polyshm_lua_##type) polyshm_##type;
%{
static void delete_polyshm_##type(polyshm_##type *object) { polyshm_##type##_free(object); }
%}
%polyshm_weighs_anew(polyshm_##type::close)
%enddef

%define %polyshm_weighs_anew(call)
%typemap(out, noblock=1) polyshm_status call {
  polyshm_lua_weigh(L, 1);
  if ($1) polyshm_lua_raise(L, $1);
}
%enddef

/* members that also take an index, as object[0]. */
%define %polyshm_sequence(type)
%{
static int _wrap_polyshm_lua_##type##_get(lua_State *L);

static int polyshm_lua_##type##_member(lua_State *L) {
  return lua_type(L, 2) == LUA_TSTRING ? polyshm_lua_member(L) : _wrap_polyshm_lua_##type##_get(L);
}

static int polyshm_lua_make_##type##_members(lua_State *L) {
  lua_settop(L, 2);
  lua_pushcclosure(L, polyshm_lua_##type##_member, 2);
  return 1;
}
%}
%native(type##_members) int polyshm_lua_make_##type##_members(lua_State *L);
%polyshm_tell(type, "sequence", "", 0)
%enddef
