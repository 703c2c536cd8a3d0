/* ruby_yardstick.c: the hand-written extension for Ruby. See yardstick.h. */
#include <ruby.h>

#include "yardstick.h"

static void release(void *data) {
  yardstick_unmap(data);
  xfree(data);
}

static const rb_data_type_t type = {
    .wrap_struct_name = "Yardstick", .function = {.dfree = release}, .flags = RUBY_TYPED_FREE_IMMEDIATELY};

static yardstick *check(VALUE self) {
  yardstick *y = rb_check_typeddata(self, &type);
  if (y->closed)
    rb_raise(rb_eIOError, "closed");
  return y;
}

static double *element(VALUE self, VALUE index) {
  yardstick *y = check(self);
  int64_t i = NUM2LL(index);
  if (i < 0 || i >= y->count)
    rb_raise(rb_eIndexError, "index out of range");
  return y->data + i;
}

static VALUE get(VALUE self, VALUE index) {
  return DBL2NUM(*element(self, index));
}

static VALUE set(VALUE self, VALUE index, VALUE value) {
  *element(self, index) = NUM2DBL(value);
  return value;
}

static VALUE add(VALUE self, VALUE index, VALUE number) {
  const double *at = element(self, index);
  yardstick *y = check(self);
  return LL2NUM(yardstick_add(y, at - y->data, NUM2LL(number)));
}

static VALUE lock(VALUE self) {
  if (!yardstick_lock(check(self)))
    rb_raise(rb_eIOError, "cannot be locked");
  return Qnil;
}

static VALUE unlock(VALUE self) {
  if (!yardstick_unlock(check(self)))
    rb_raise(rb_eIOError, "cannot be unlocked");
  return Qnil;
}

/* In pieces: one call of rb_ary_push for each element takes half as long again. */
static VALUE values(VALUE self) {
  yardstick *y = check(self);
  VALUE array = rb_ary_new_capa((long)y->count), piece[512];
  for (int64_t i = 0; i < y->count;) {
    long n = 0;
    while (n < 512 && i < y->count)
      piece[n++] = DBL2NUM(y->data[i++]);
    rb_ary_cat(array, piece, n);
  }
  return array;
}

static VALUE assign(VALUE self, VALUE array) {
  yardstick *y = check(self);
  Check_Type(array, T_ARRAY);
  for (int64_t i = 0; i < y->count && i < RARRAY_LEN(array); i++)
    y->data[i] = NUM2DBL(RARRAY_AREF(array, i));
  return self;
}

static VALUE copy_out(VALUE self) {
  if (!yardstick_copy_out(check(self)))
    rb_memerror();
  return Qnil;
}

static VALUE drop(VALUE self) {
  yardstick_drop(check(self));
  return Qnil;
}

static VALUE copy_in(VALUE self, VALUE bytes) {
  yardstick *y = check(self);
  StringValue(bytes);
  if ((size_t)RSTRING_LEN(bytes) != yardstick_bytes(y))
    rb_raise(rb_eIndexError, "length");
  memcpy(y->data, RSTRING_PTR(bytes), yardstick_bytes(y));
  return Qnil;
}

static VALUE open_segment(VALUE class, VALUE name) {
  yardstick *y;
  VALUE self = TypedData_Make_Struct(class, yardstick, &type, y);
  y->closed = true; /* until it is mapped */
  if (!yardstick_map(y, StringValueCStr(name)))
    rb_raise(rb_eIOError, "cannot be mapped");
  return self;
}

static VALUE clock_now(VALUE class) {
  (void)class;
  return LL2NUM(yardstick_clock());
}

__attribute__((visibility("default"))) void Init_yardstick(void);

void Init_yardstick(void) {
  VALUE class = rb_define_class("Yardstick", rb_cObject);
  rb_undef_alloc_func(class);
  rb_define_singleton_method(class, "open", open_segment, 1);
  rb_define_singleton_method(class, "clock", clock_now, 0);
  rb_define_method(class, "get", get, 1);
  rb_define_method(class, "[]", get, 1);
  rb_define_method(class, "set", set, 2);
  rb_define_method(class, "[]=", set, 2);
  rb_define_method(class, "add", add, 2);
  rb_define_method(class, "lock", lock, 0);
  rb_define_method(class, "unlock", unlock, 0);
  rb_define_method(class, "values", values, 0);
  rb_define_method(class, "assign", assign, 1);
  rb_define_method(class, "copy_out", copy_out, 0);
  rb_define_method(class, "copy_in", copy_in, 1);
  rb_define_method(class, "drop", drop, 0);
}
