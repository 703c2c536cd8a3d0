/* tcl_yardstick.c: the hand-written extension for Tcl 8.6 and 9. See yardstick.h. */
#include "yardstick.h"

#include <tcl.h>

#if TCL_MAJOR_VERSION < 9
typedef int Tcl_Size;
#endif

static int fail(Tcl_Interp *interp, const char *text) {
  Tcl_SetObjResult(interp, Tcl_NewStringObj(text, -1));
  return TCL_ERROR;
}

static double *element(Tcl_Interp *interp, yardstick *y, Tcl_Obj *index) {
  Tcl_WideInt i;
  if (Tcl_GetWideIntFromObj(interp, index, &i) != TCL_OK)
    return NULL;
  if (i < 0 || i >= y->count) {
    fail(interp, "index out of range");
    return NULL;
  }
  return y->data + i;
}

static int get(Tcl_Interp *interp, yardstick *y, Tcl_Obj *index) {
  const double *at = element(interp, y, index);
  if (!at)
    return TCL_ERROR;
  Tcl_SetObjResult(interp, Tcl_NewDoubleObj(*at));
  return TCL_OK;
}

static int set(Tcl_Interp *interp, yardstick *y, Tcl_Obj *index, Tcl_Obj *value) {
  double *at = element(interp, y, index);
  double number;
  if (!at || Tcl_GetDoubleFromObj(interp, value, &number) != TCL_OK)
    return TCL_ERROR;
  *at = number;
  return TCL_OK;
}

static int add(Tcl_Interp *interp, yardstick *y, Tcl_Obj *index, Tcl_Obj *value) {
  const double *at = element(interp, y, index);
  Tcl_WideInt number;
  if (!at || Tcl_GetWideIntFromObj(interp, value, &number) != TCL_OK)
    return TCL_ERROR;
  Tcl_SetObjResult(interp, Tcl_NewWideIntObj(yardstick_add(y, at - y->data, number)));
  return TCL_OK;
}

static int values(Tcl_Interp *interp, yardstick *y) {
  Tcl_Obj **objects = (Tcl_Obj **)Tcl_Alloc((unsigned)(y->count * (int64_t)sizeof *objects));
  for (int64_t i = 0; i < y->count; i++)
    objects[i] = Tcl_NewDoubleObj(y->data[i]);
  Tcl_SetObjResult(interp, Tcl_NewListObj((Tcl_Size)y->count, objects));
  Tcl_Free((char *)objects);
  return TCL_OK;
}

static int assign(Tcl_Interp *interp, yardstick *y, Tcl_Obj *list) {
  Tcl_Size count;
  Tcl_Obj **objects;
  if (Tcl_ListObjGetElements(interp, list, &count, &objects) != TCL_OK)
    return TCL_ERROR;
  for (Tcl_Size i = 0; i < count && i < y->count; i++)
    if (Tcl_GetDoubleFromObj(interp, objects[i], &y->data[i]) != TCL_OK)
      return TCL_ERROR;
  return TCL_OK;
}

static int copy_in(Tcl_Interp *interp, yardstick *y, Tcl_Obj *object) {
  Tcl_Size length;
  const unsigned char *bytes = Tcl_GetByteArrayFromObj(object, &length);
  if (!bytes || (size_t)length != yardstick_bytes(y))
    return fail(interp, "length");
  memcpy(y->data, bytes, (size_t)length);
  return TCL_OK;
}

static int method(ClientData data, Tcl_Interp *interp, int argc, Tcl_Obj *const argv[]) {
  static const char *const names[] = {"get",    "set",      "add",     "lock", "unlock", "values",
                                      "assign", "copy_out", "copy_in", "drop", "close",  NULL};
  enum { GET, SET, ADD, LOCK, UNLOCK, VALUES, ASSIGN, COPY_OUT, COPY_IN, DROP, CLOSE };
  static const int needed[] = {3, 4, 4, 2, 2, 2, 3, 2, 3, 2, 2};
  yardstick *y = data;
  int name;
  if (argc < 2) {
    Tcl_WrongNumArgs(interp, 1, argv, "method ?argument ...?");
    return TCL_ERROR;
  }
  if (Tcl_GetIndexFromObj(interp, argv[1], names, "method", 0, &name) != TCL_OK)
    return TCL_ERROR;
  if (argc != needed[name]) {
    Tcl_WrongNumArgs(interp, 2, argv, "...");
    return TCL_ERROR;
  }
  if (y->closed)
    return fail(interp, "closed");
  switch (name) {
  case GET:
    return get(interp, y, argv[2]);
  case SET:
    return set(interp, y, argv[2], argv[3]);
  case ADD:
    return add(interp, y, argv[2], argv[3]);
  case LOCK:
    return yardstick_lock(y) ? TCL_OK : fail(interp, "cannot be locked");
  case UNLOCK:
    return yardstick_unlock(y) ? TCL_OK : fail(interp, "cannot be unlocked");
  case VALUES:
    return values(interp, y);
  case ASSIGN:
    return assign(interp, y, argv[2]);
  case COPY_OUT:
    return yardstick_copy_out(y) ? TCL_OK : fail(interp, "no memory");
  case COPY_IN:
    return copy_in(interp, y, argv[2]);
  case DROP:
    yardstick_drop(y);
    return TCL_OK;
  default:
    yardstick_unmap(y);
    return TCL_OK;
  }
}

static void release(ClientData data) {
  yardstick_unmap(data);
  free(data);
}

static int open_segment(ClientData data, Tcl_Interp *interp, int argc, Tcl_Obj *const argv[]) {
  (void)data;
  if (argc != 2) {
    Tcl_WrongNumArgs(interp, 1, argv, "name");
    return TCL_ERROR;
  }
  yardstick *y = malloc(sizeof *y);
  if (!y || !yardstick_map(y, Tcl_GetString(argv[1]))) {
    free(y);
    return fail(interp, "cannot be mapped");
  }
  char command[40];
  (void)snprintf(command, sizeof command, "yardstick%p", (void *)y);
  Tcl_CreateObjCommand(interp, command, method, y, release);
  Tcl_SetObjResult(interp, Tcl_NewStringObj(command, -1));
  return TCL_OK;
}

static int clock_now(ClientData data, Tcl_Interp *interp, int argc, Tcl_Obj *const argv[]) {
  (void)data, (void)argc, (void)argv;
  Tcl_SetObjResult(interp, Tcl_NewWideIntObj(yardstick_clock()));
  return TCL_OK;
}

__attribute__((visibility("default"))) int Yardstick_Init(Tcl_Interp *interp);

int Yardstick_Init(Tcl_Interp *interp) {
  if (!Tcl_InitStubs(interp, TCL_VERSION, 0))
    return TCL_ERROR;
  Tcl_CreateObjCommand(interp, "yardstick::open", open_segment, NULL, NULL);
  Tcl_CreateObjCommand(interp, "yardstick::clock", clock_now, NULL, NULL);
  return TCL_OK;
}
