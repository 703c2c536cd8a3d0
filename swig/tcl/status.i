/*
 * status.i (Tcl): a polyshm_status becomes a Tcl error, where SWIG would hand out the number. A failure of the system has
 * -errorcode {POSIX EEXIST {file already exists}}, as Tcl's own file commands have, misuse has {POLYSHM CLOSED}; the message
 * is polyshm_last_error().
 *
 * This file comes first, so what all the others share stands here, too.
 */
%{
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef TCL_SIZE_MAX /* Tcl 8.6 counts in int */
typedef int Tcl_Size;
#define TCL_SIZE_MAX INT_MAX
#endif

typedef Tcl_Interp *host_context;
typedef Tcl_Obj *host_object;
#define HOST interp

/* Text from outside Tcl is UTF-8 whatever the locale, as it is for every other language. */
static Tcl_Obj *tcl_text_of(const char *text, Tcl_Size length) {
  Tcl_Encoding utf8 = Tcl_GetEncoding(NULL, "utf-8");
  Tcl_DString string;
  Tcl_ExternalToUtfDString(utf8, text, length, &string);
  Tcl_Obj *object = Tcl_NewStringObj(Tcl_DStringValue(&string), Tcl_DStringLength(&string));
  Tcl_DStringFree(&string);
  Tcl_FreeEncoding(utf8);
  return object;
}

static Tcl_Obj *tcl_text(const char *text) {
  return tcl_text_of(text, -1);
}

/* Makes a failure the interpreter's result; false for POLYSHM_OK. */
static bool tcl_failed(Tcl_Interp *interp, polyshm_status status) {
  if (status == POLYSHM_OK)
    return false;
  const char *name = polyshm_status_name(status);
  int number = polyshm_status_errno(status);
  Tcl_SetObjResult(interp, tcl_text(polyshm_last_error()));
  if (number == 0) {
    Tcl_SetErrorCode(interp, "POLYSHM", name, (char *)NULL);
    return true;
  }
  Tcl_SetErrno(number);
  if (strcmp(name, "UNKNOWN") == 0)
    name = Tcl_ErrnoId();
  Tcl_SetErrorCode(interp, "POSIX", name, Tcl_ErrnoMsg(number), (char *)NULL);
  return true;
}
%}

%typemap(out, noblock=1) polyshm_status {
  if (tcl_failed(interp, $1)) SWIG_fail;
}

%define %host_try(call) if (tcl_failed(interp, call)) SWIG_fail %enddef
%define %host_result(made) Tcl_SetObjResult(interp, made) %enddef
%define %polyshm_expected_to_fail(call) %enddef /* `try … trap {POSIX ENOENT}` is for that */
