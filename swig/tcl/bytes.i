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

typedef Tcl_DString host_text;
#define HOST_NO_TEXT {0}

static void host_free_text(host_text *text) {
  if (text->string)
    Tcl_DStringFree(text);
}

/* The facade gives this word, and no other empty one, for a name that the core is to make. */
static const char tcl_unnamed[] = "::polyshm::core::unnamed";

static polyshm_status host_to_text(Tcl_Interp *interp, Tcl_Obj *word, const char *what, host_text *text, char **out) {
  *out = NULL;
  if (host_absent(interp, word) && Tcl_GetVar2Ex(interp, tcl_unnamed, NULL, TCL_GLOBAL_ONLY) == word)
    return POLYSHM_OK;
  tcl_utf8(word, text);
  *out = Tcl_DStringValue(text);
  if (strlen(*out) != (size_t)Tcl_DStringLength(text))
    return polyshm_fail(POLYSHM_ARGUMENT, "%s \"%.100s\": a name holds no NUL", what, *out);
  return POLYSHM_OK;
}

static polyshm_status host_to_bytes(Tcl_Interp *interp, Tcl_Obj *word, const char *what, host_text *text, void **data,
                                    int64_t *length) {
  (void)interp;
  (void)what;
  (void)text;
  return tcl_bytes(word, data, length);
}

static Tcl_Obj *host_new_text(Tcl_Interp *interp, const char *text) {
  (void)interp;
  return tcl_text(text);
}

static polyshm_status host_dtype(Tcl_Interp *interp, Tcl_Obj *word, polyshm_dtype *dtype) {
  (void)interp;
  return polyshm_dtype_from_name(Tcl_GetString(word), dtype);
}

static Tcl_Obj *host_new_dtype(Tcl_Interp *interp, polyshm_dtype dtype) {
  return host_new_text(interp, polyshm_dtype_name(dtype));
}

/* One copy, from the segment into the byte array. */
static polyshm_status host_new_shared(Tcl_Interp *interp, const polyshm_segment *segment, int64_t offset, int64_t length,
                                      const void *data, Tcl_Obj **made) {
  (void)interp;
  (void)segment;
  (void)offset;
  return tcl_new_bytes(data, length, made);
}
%}

%init %{
  if (!tcl_bytearray_type) {
    Tcl_Obj *bytes = Tcl_NewByteArrayObj(NULL, 0);
    tcl_bytearray_type = bytes->typePtr;
    Tcl_DecrRefCount(bytes);
  }
  Tcl_SetVar2Ex(interp, tcl_unnamed, NULL, Tcl_NewObj(), TCL_GLOBAL_ONLY);
%}
