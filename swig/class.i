/*
 * class.i: what a file of api/ says of its class and its calls, beside their prototypes. Nothing of it is said again elsewhere:
 * the typemaps read polyshm_class, and a facade reads the rows of facts that HOST_TELL leaves in the module.
 *
 *   %polyshm_class(type, Name, words, scope, weight)
 *       Name is the class's name in scripts and words are "a Name"; scope is POLYSHM_CLOSES or POLYSHM_HOLDS, what a scope such as
 *       Ruby's block does at its end; weight are the bytes that an open `object` keeps from the system, for a garbage collector.
 *   %polyshm_named(type, work)        it has a name, create, attach, open, unlink; create and open are long work where `work` is true
 *   %polyshm_own_option(type, name, value)    create and open take it before the mode; value is its default
 *   %polyshm_contents(type)           create and open take contents behind the name
 *   %polyshm_readonly(type)           attach can be read-only
 *   %polyshm_attribute(type, name)    a call without arguments that is spelled as an attribute where a language has them
 *   %polyshm_truth(type, name)        such an attribute that is true or false
 *   %polyshm_state(type, name)        such an attribute that others may change: threading's classes have methods for it
 *   %polyshm_question(type, name)     a method that is true or false
 *   %polyshm_length(type, name)       the attribute that is the object's length
 *   %polyshm_sequence(type)           get, set and walk make it a sequence; it has a length, too
 *   %polyshm_keeps(type, name)        the attribute gives the same object each time, until one of the two is closed
 *   %polyshm_take(type, method)       the method that waits and takes what release gives back: it also has a try_ form
 *   %polyshm_weighs_anew(call)        it changes what the object weighs
 *   %polyshm_expected_to_fail(call)   programs expect it to fail: an error that is returned, where a language has such
 *   %polyshm_may_wait(call)           it waits for others, for any time
 *   %polyshm_may_work(call, condition)    it takes long, where the condition is true; arguments count from the receiver, arg1
 */
%{
#include <stdbool.h>

typedef struct polyshm_class {
  const char *name, *words;
  polyshm_status (*close)(void *object);
  void (*free)(void *object);
  bool (*closed)(const void *object);
  int64_t (*weight)(const void *object);
  bool weighs; /* false: its weight is always 0 */
  /* NULL, or how it is held for a scope: *outcome is 0 where that was not in time, else it has a word in outcomes, or none. */
  polyshm_status (*hold)(void *object, int64_t timeout, int *outcome);
  polyshm_status (*release)(void *object);
  const char *const *outcomes;
} polyshm_class;

enum { POLYSHM_OUTCOMES = 4 }; /* at most, with 0 */
#define POLYSHM_CLOSES(type) NULL, NULL, NULL
#define POLYSHM_HOLDS(type) polyshm_hold_##type, polyshm_release_##type, polyshm_outcomes_##type
%}

%define %polyshm_class(type, Name, words, scope, weight)
%{
static polyshm_status polyshm_close_##type(void *object) { return polyshm_##type##_close(object); }
static void polyshm_drop_##type(void *object) { polyshm_##type##_free(object); }
static bool polyshm_is_closed_##type(const void *object) { return polyshm_##type##_closed(object); }
static int64_t polyshm_weight_##type(const void *object) { (void)object; return weight; }
static const polyshm_class polyshm_class_p_polyshm_##type = {#Name, words, polyshm_close_##type, polyshm_drop_##type, polyshm_is_closed_##type,
                                                             polyshm_weight_##type, sizeof #weight > sizeof "0", scope(type)};
%}
%polyshm_tell(type, "class", #Name, 0)
%host_class(type, Name)
%enddef

%define %polyshm_tell(type, fact, word, number)
%init %{ HOST_TELL(#type, fact, word, number); %}
%enddef

%define %polyshm_named(type, work)
%polyshm_expected_to_fail(polyshm_##type##_create)
%polyshm_expected_to_fail(polyshm_##type##_attach)
%polyshm_expected_to_fail(polyshm_##type##_open)
%polyshm_expected_to_fail(polyshm_##type::unlink)
%polyshm_may_work(polyshm_##type##_create, work)
%polyshm_may_wait(polyshm_##type##_attach)
%polyshm_may_work(polyshm_##type##_open, work)
%polyshm_attribute(type, name)
%polyshm_tell(type, "named", "", 0)
%enddef

%define %polyshm_own_option(type, name, value)
%polyshm_tell(type, "option", #name, value)
%enddef
%define %polyshm_contents(type)
%polyshm_tell(type, "contents", "", 0)
%enddef
%define %polyshm_readonly(type)
%polyshm_tell(type, "readonly", "", 0)
%enddef
%define %polyshm_attribute(type, name)
%polyshm_tell(type, "attribute", #name, 0)
%enddef
%define %polyshm_truth(type, name)
%polyshm_attribute(type, name)
%polyshm_question(type, name)
%enddef
%define %polyshm_state(type, name)
%polyshm_tell(type, "state", #name, 0)
%polyshm_truth(type, name)
%enddef
%define %polyshm_question(type, name)
%polyshm_tell(type, "question", #name, 0)
%enddef
%define %polyshm_length(type, name)
%polyshm_attribute(type, name)
%polyshm_tell(type, "length", #name, 0)
%enddef
%define %polyshm_keeps(type, name)
%polyshm_attribute(type, name)
%polyshm_tell(type, "keeps", #name, 0)
%enddef
%define %polyshm_take(type, method)
%polyshm_may_wait(polyshm_##type::method)
%polyshm_tell(type, "take", #method, 0)
%enddef
