/*
 * bytes.i (Tcl): names are UTF-8 text without NUL, bytes are byte arrays. SWIG's char * would cut a name at its NUL, and hand
 * bytes on as Tcl's own UTF-8.
 */
%{
static const Tcl_ObjType *tcl_bytearray_type;

/* The bytes of a word, which keeps them; Tcl 8.6 would cut a character above U+00FF to its low byte. */
static polyshm_status tcl_bytes(Tcl_Obj *word, void **data, int64_t *length) {
  Tcl_Size size = 0;
#if TCL_MAJOR_VERSION >= 9
  *data = Tcl_GetBytesFromObj(NULL, word, &size);
  bool fits = *data != NULL;
#else
  bool fits = true;
  if (word->bytes || word->typePtr != tcl_bytearray_type) {
    const char *text = Tcl_GetStringFromObj(word, &size);
    for (Tcl_Size i = 0; i < size && fits; i++)
      fits = (unsigned char)text[i] < 0xC4; /* what leads U+0100 and above in UTF-8 */
  }
  *data = Tcl_GetByteArrayFromObj(word, &size);
#endif
  *length = size;
  return fits ? POLYSHM_OK
              : polyshm_fail(POLYSHM_TYPE, "bytes are needed, and this text holds a character above U+00FF: "
                                           "see encoding convertto utf-8");
}

/* Tcl ends the process when it finds no memory, so ask first. */
static polyshm_status tcl_ask(int64_t length) {
  void *room = length < TCL_SIZE_MAX - 64 ? malloc((size_t)length + 64) : NULL;
  free(room);
  return room ? POLYSHM_OK : polyshm_fail(POLYSHM_ENOMEM, "%" PRId64 " bytes are too many for one Tcl value", length);
}

static polyshm_status tcl_new_bytes(const void *data, int64_t length, Tcl_Obj **out) {
  polyshm_status status = tcl_ask(length);
  if (status)
    return status;
  *out = Tcl_NewByteArrayObj(data, (Tcl_Size)length);
  return POLYSHM_OK;
}

/* Tcl's own UTF-8 writes NUL, and in 8.6 what lies above U+FFFF, in two characters. */
static void tcl_utf8(Tcl_Obj *word, Tcl_DString *out) {
  Tcl_Encoding utf8 = Tcl_GetEncoding(NULL, "utf-8");
  Tcl_Size length;
  const char *text = Tcl_GetStringFromObj(word, &length);
  Tcl_UtfToExternalDString(utf8, text, length, out);
  Tcl_FreeEncoding(utf8);
}

static polyshm_status tcl_name(Tcl_Obj *word, Tcl_DString *name) {
  tcl_utf8(word, name);
  if (strlen(Tcl_DStringValue(name)) != (size_t)Tcl_DStringLength(name))
    return polyshm_fail(POLYSHM_ARGUMENT, "name \"%.100s\": a name holds no NUL", Tcl_DStringValue(name));
  return POLYSHM_OK;
}

/* Tcl has no nil: what has no name of the user's is made by a command of its own. */
#define polyshm_segment_create_unnamed(...) polyshm_segment_create(NULL, __VA_ARGS__)
#define polyshm_lock_create_unnamed(...) polyshm_lock_create(NULL, __VA_ARGS__)
#define polyshm_semaphore_create_unnamed(...) polyshm_semaphore_create(NULL, __VA_ARGS__)
#define polyshm_event_create_unnamed(...) polyshm_event_create(NULL, __VA_ARGS__)
%}

%init %{
  if (!tcl_bytearray_type) {
    Tcl_Obj *bytes = Tcl_NewByteArrayObj(NULL, 0);
    tcl_bytearray_type = bytes->typePtr;
    Tcl_DecrRefCount(bytes);
  }
%}

polyshm_status polyshm_lock_create_unnamed(int64_t mode, polyshm_lock **out);
polyshm_status polyshm_semaphore_create_unnamed(int64_t count, int64_t mode, polyshm_semaphore **out);
polyshm_status polyshm_event_create_unnamed(int64_t mode, polyshm_event **out);

%typemap(in, noblock=1) const char *name (Tcl_DString text = {0}), const char *path (Tcl_DString text = {0}) {
  if (tcl_failed(interp, tcl_name($input, &text))) SWIG_fail;
  $1 = Tcl_DStringValue(&text);
}
%typemap(freearg, noblock=1) const char *name, const char *path {
  if (text$argnum.string) Tcl_DStringFree(&text$argnum);
}
%typemap(out, noblock=1) const char * {
  Tcl_SetObjResult(interp, tcl_text($1));
}

%typemap(in, noblock=1) (const void *data, int64_t length) {
  if (tcl_failed(interp, tcl_bytes($input, &$1, &$2))) SWIG_fail;
}

/* The script gives the length only; one copy, from the segment into the byte array. */
%typemap(in, noblock=1) (int64_t length, const void **data) (void *borrowed = NULL) {
  if (tcl_failed(interp, tcl_int64($input, "length", &$1))) SWIG_fail;
  $2 = &borrowed;
}
%typemap(argout, noblock=1) (int64_t length, const void **data) (Tcl_Obj *bytes = NULL) {
  if (tcl_failed(interp, tcl_new_bytes(*$2, $1, &bytes))) SWIG_fail;
  Tcl_SetObjResult(interp, bytes);
}
