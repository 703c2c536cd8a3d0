/*
 * scope.i: lock.synchronize(timeout: nil) { |outcome| ... }, and that of each class that is held for a scope: it is taken for the
 * block, and given back however that ends. All of it is C, because Ruby lets in what other threads raise where C says so: nothing
 * comes between taking a lock and the block, nor between the block's end and giving it back.
 */
%{
static polyshm_status polyshm_ruby_timeout_option(int argc, const VALUE *argv, int64_t *timeout) {
  *timeout = -1;
  if (argc == 0)
    return POLYSHM_OK;
  VALUE options = argv[argc - 1];
  if (!RB_TYPE_P(options, T_HASH))
    return polyshm_ruby_type_error("synchronize", "timeout: seconds", options);
  VALUE seconds = rb_hash_lookup2(options, ID2SYM(rb_intern("timeout")), Qundef);
  if (RHASH_SIZE(options) != (seconds != Qundef) || argc > 1)
    return polyshm_fail(POLYSHM_ARGUMENT, "synchronize: there is no option but timeout");
  return seconds == Qundef ? POLYSHM_OK : glue_timeout(NULL, seconds, timeout);
}

static void polyshm_ruby_need(polyshm_status status) {
  if (status)
    polyshm_ruby_raise(status);
}

static VALUE polyshm_ruby_synchronize(int argc, VALUE *argv, VALUE self) {
  const polyshm_ruby_handle *handle = polyshm_ruby_ours(self);
  int64_t timeout;
  if (!handle || !handle->class->hold)
    polyshm_ruby_need(polyshm_ruby_type_error("synchronize", "a Lock or Semaphore", self));
  polyshm_ruby_need(polyshm_ruby_timeout_option(argc, argv, &timeout));
  if (!rb_block_given_p())
    polyshm_ruby_need(polyshm_fail(POLYSHM_ARGUMENT, "synchronize: a block is needed"));
  int outcome = 0, tries = 0;
  polyshm_status status;
  do {
    const polyshm_hooked before = polyshm_ruby_hook();
    status = handle->class->hold(handle->object, timeout, &outcome);
    polyshm_ruby_unhook(before);
  } while (!tries++ && polyshm_ruby_collected(status));
  polyshm_ruby_need(status);
  if (!outcome)
    return Qnil;
  const char *const word = handle->class->outcomes[outcome];
  int thrown;
  VALUE result = rb_protect(rb_yield, word ? ID2SYM(rb_intern(word)) : Qtrue, &thrown);
  status = handle->class->release(handle->object);
  if (thrown)
    rb_jump_tag(thrown);
  /* The block may have given it back itself, or closed the handle, or this may be a child that it forked. */
  if (status != POLYSHM_NOT_OWNER && status != POLYSHM_CLOSED)
    polyshm_ruby_need(status);
  return result;
}
%}

/* The facade gives it to each class that is held for a scope. */
%init %{
  rb_define_method(rb_define_module_under(mPolyShm, "Held"), "synchronize", polyshm_ruby_synchronize, -1);
%}
