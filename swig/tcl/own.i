/*
 * own.i (Tcl): what only Tcl has, of a list. An item says its kind, since in Tcl all is text; one that is set without a kind keeps
 * the one it has.
 */
%{
static polyshm_status tcl_kind_at(const polyshm_list *list, int64_t index, int32_t *kind) {
  polyshm_value value;
  host_memory memory = HOST_NO_MEMORY;
  char brief[GLUE_BRIEF];
  void *data;
  int64_t size;
  polyshm_status status = glue_scratch_at(NULL, &memory, brief, list, index, &data, &size);
  if (!status)
    status = polyshm_list_get(list, index, data, size, &value);
  host_free(&memory);
  if (!status)
    *kind = value.type;
  return status;
}

/* `set index value`: the item keeps its kind. The word none would be two things to an item that holds text. */
static polyshm_status tcl_as_before(int32_t before, Tcl_Obj *word, polyshm_value *value, host_hold *held) {
  if (strcmp(Tcl_GetString(word), "none") == 0) {
    if (before == POLYSHM_TYPE_STR || before == POLYSHM_TYPE_BYTES)
      return polyshm_fail(POLYSHM_ARGUMENT, "set: say \"%s none\" for the word, or \"none {}\" for no value",
                          tcl_kind_name(before));
    value->type = POLYSHM_TYPE_NONE;
    return POLYSHM_OK;
  }
  if (before == POLYSHM_TYPE_NONE && *Tcl_GetString(word))
    return polyshm_fail(POLYSHM_TYPE, "set: the item is none: say of which kind \"%.100s\" is", Tcl_GetString(word));
  return tcl_as(before, word, value, held);
}

static polyshm_status tcl_set_plain(polyshm_list *list, int64_t index, Tcl_Obj *word) {
  int32_t before;
  polyshm_value value;
  host_hold held = HOST_NOTHING_HELD;
  polyshm_status status = tcl_kind_at(list, index, &before);
  if (status && status != POLYSHM_CORRUPT)
    return polyshm_list_set(list, index, NULL); /* fails, too, in the words of set */
  if (!status)
    status = tcl_as_before(before, word, &value, &held);
  if (!status)
    status = polyshm_list_set(list, index, &value);
  host_let_go(&held);
  return status;
}

static polyshm_status tcl_take_kind_item(const polyshm_value *value, void *context) {
  glue_taking *taking = context;
  polyshm_status status = glue_take_item(value, context);
  if (status)
    return status;
  Tcl_Obj **element = &taking->list.elements[taking->taken - 1], *name = Tcl_NewStringObj(tcl_kind_name(value->type), -1);
  if (value->type == POLYSHM_TYPE_NONE) {
    Tcl_DecrRefCount(*element);
    *element = name;
  } else {
    *element = Tcl_NewListObj(2, (Tcl_Obj *[]){name, *element});
  }
  return POLYSHM_OK;
}

/* `set index kind value`, or `set index value`. */
static polyshm_status tcl_set_words(polyshm_list *list, int64_t index, Tcl_Obj *kind, Tcl_Obj *value) {
  polyshm_value item;
  host_hold held = HOST_NOTHING_HELD;
  if (!value)
    return tcl_set_plain(list, index, kind);
  polyshm_status status = tcl_item_of(kind, value, &item, &held);
  if (!status)
    status = polyshm_list_set(list, index, &item);
  host_let_go(&held);
  return status;
}

/* count and index, whose item is given as one or two words. */
typedef polyshm_status tcl_search(const polyshm_list *list, const polyshm_value *value, void *scratch, int64_t size, int64_t *out);

static polyshm_status tcl_search_words(const polyshm_list *list, Tcl_Obj *kind, Tcl_Obj *value, tcl_search *search, int64_t *out) {
  polyshm_value item;
  host_hold held = HOST_NOTHING_HELD;
  host_memory memory = HOST_NO_MEMORY;
  char brief[GLUE_BRIEF];
  void *data;
  int64_t size;
  polyshm_status status = glue_scratch(NULL, &memory, brief, polyshm_list_scratch(list), &data, &size);
  if (!status)
    status = tcl_item_of(kind, value, &item, &held);
  if (!status)
    status = search(list, &item, data, size, out);
  host_let_go(&held);
  host_free(&memory);
  return status;
}
%}

%typemap(in, noblock=1) Tcl_Obj *kind, Tcl_Obj *kind_or_value, Tcl_Obj *value { $1 = $input; }
%typemap(in, numinputs=0, noblock=1) Tcl_Obj **out (Tcl_Obj *made = NULL) { $1 = &made; }
%typemap(argout, noblock=1) Tcl_Obj **out { Tcl_SetObjResult(interp, *$1); }

/* These take the places of the API's. */
%ignore polyshm_list::set;
%ignore polyshm_list::count;
%ignore polyshm_list::index;
%rename(set) polyshm_list::set_words;
%rename(count) polyshm_list::count_words;
%rename(index) polyshm_list::index_words;
%rename(kind) polyshm_list::kind_of;
%rename(items) polyshm_list::walk_kinds;
%extend polyshm_list {
  polyshm_status kind_of(int64_t index, Tcl_Obj **out) {
    int32_t kind;
    polyshm_status status = tcl_kind_at($self, index, &kind);
    if (!status)
      *out = Tcl_NewStringObj(tcl_kind_name(kind), -1);
    return status;
  }
  /* As `list`, but with the kinds. */
  polyshm_status walk_kinds(polyshm_optional index = 0, polyshm_optional count = POLYSHM_REST, void *scratch, int64_t size,
                            polyshm_list_visit *visit, void *context) {
    (void)visit;
    return polyshm_list_walk($self, index, count, scratch, size, tcl_take_kind_item, context);
  }
  polyshm_status set_words(int64_t index, Tcl_Obj *kind_or_value, Tcl_Obj *value = NULL) {
    return tcl_set_words($self, index, kind_or_value, value);
  }
  polyshm_status count_words(Tcl_Obj *kind, Tcl_Obj *value = NULL, int64_t *out) {
    return tcl_search_words($self, kind, value, polyshm_list_count, out);
  }
  polyshm_status index_words(Tcl_Obj *kind, Tcl_Obj *value = NULL, int64_t *out) {
    return tcl_search_words($self, kind, value, polyshm_list_index, out);
  }
}
