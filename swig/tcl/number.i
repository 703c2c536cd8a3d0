/*
 * number.i (Tcl): exact integers and booleans. SWIG's own typemaps, and Tcl_GetWideIntFromObj of Tcl 8.6, wrap 2^63 to -2^63.
 */
%{
/* An integer of -2^63 ... 2^64-1. Tcl 8.6 wraps the upper half of that range, and what lies below it: the sign tells. */
static bool tcl_integer(Tcl_Obj *word, polyshm_value *value) {
  Tcl_WideInt wide;
  double near;
  if (Tcl_GetWideIntFromObj(NULL, word, &wide) == TCL_OK && Tcl_GetDoubleFromObj(NULL, word, &near) == TCL_OK) {
    bool wrapped = (wide < 0) != (near < 0);
    value->type = wrapped ? POLYSHM_TYPE_UINT64 : POLYSHM_TYPE_INT64;
    value->as.int64 = wide; /* the same bits as uint64 */
    return !wrapped || near > 0;
  }
#if TCL_MAJOR_VERSION >= 9
  Tcl_WideUInt unsigned_wide;
  if (Tcl_GetWideUIntFromObj(NULL, word, &unsigned_wide) == TCL_OK) {
    value->type = POLYSHM_TYPE_UINT64;
    value->as.uint64 = unsigned_wide;
    return true;
  }
#endif
  return false;
}

static polyshm_status tcl_no_int64(Tcl_Obj *word, const char *what) {
  double near;
  const char *text = Tcl_GetString(word);
  if (Tcl_GetDoubleFromObj(NULL, word, &near) == TCL_OK && fabs(near) >= 0x1p63)
    return polyshm_fail(POLYSHM_RANGE, "%s %.100s is beyond 64 bits", what, text);
  return polyshm_fail(POLYSHM_TYPE, "%s \"%.100s\" is no integer", what, text);
}

static inline polyshm_status host_integer(Tcl_Interp *interp, Tcl_Obj *word, const char *what, int64_t *out) {
  polyshm_value value;
  (void)interp;
  if (!tcl_integer(word, &value) || value.type != POLYSHM_TYPE_INT64)
    return tcl_no_int64(word, what);
  *out = value.as.int64;
  return POLYSHM_OK;
}

/* Tcl has no nil: an empty word stands for it, but for a number, where it is a mistake. */
static inline bool host_absent(Tcl_Interp *interp, Tcl_Obj *word) {
  (void)interp;
  return !*Tcl_GetString(word);
}
#define host_left_out(interp, word) false

/* A mode is octal as it is written: 0600 and 0o600 are 384 in every Tcl, though 9.0 reads 0600 as six hundred. */
static polyshm_status tcl_mode(Tcl_Obj *word, int64_t *out) {
  const char *text = Tcl_GetString(word), *digits = text;
  if (text[0] == '0')
    digits += text[1] == 'o' || text[1] == 'O' ? 2 : 1;
  if (digits == text || digits[0] < '0' || digits[0] > '9')
    return host_integer(NULL, word, "mode", out);
  if (digits[strspn(digits, "01234567")])
    return polyshm_fail(POLYSHM_TYPE, "mode \"%.100s\" is no octal number", text);
  *out = strtoll(digits, NULL, 8);
  return POLYSHM_OK;
}

static Tcl_Obj *host_new_int64(Tcl_Interp *interp, int64_t number) {
  (void)interp;
  return Tcl_NewWideIntObj((Tcl_WideInt)number);
}

/* Above INT64_MAX a string: it works in expr as every integer does. */
static Tcl_Obj *host_new_uint64(Tcl_Interp *interp, uint64_t number) {
  char text[24];
  if (number <= INT64_MAX)
    return host_new_int64(interp, (int64_t)number);
  (void)snprintf(text, sizeof text, "%" PRIu64, number);
  return Tcl_NewStringObj(text, -1);
}

static Tcl_Obj *host_new_bool(Tcl_Interp *interp, bool truth) {
  (void)interp;
  return Tcl_NewBooleanObj(truth);
}
%}

%typemap(in, noblock=1) int64_t mode {
  if (tcl_failed(interp, tcl_mode($input, &$1))) SWIG_fail;
}
%typemap(constcode, noblock=1) int64_t {
  Tcl_SetVar2Ex(interp, "$symname", NULL, Tcl_NewWideIntObj($value), TCL_GLOBAL_ONLY);
}
