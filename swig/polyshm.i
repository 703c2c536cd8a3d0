/*
 * polyshm.i: the hub. What a language is made of: its typemaps (swig/<language>/*.i, the same file names in each), then
 * the API (swig/api/*.i), which knows of no language. The build gives -I swig/<language>, so the plain names below mean
 * the typemaps of the language that is being made.
 */
%module polyshm

%{
#include <polyshm.h>

/* SWIG's name for a destructor without a body. */
#define delete_polyshm_segment polyshm_segment_free
#define delete_polyshm_view polyshm_view_free
#define delete_polyshm_list polyshm_list_free
#define delete_polyshm_lock polyshm_lock_free
#define delete_polyshm_semaphore polyshm_semaphore_free
#define delete_polyshm_event polyshm_event_free
%}

/* Scripts know the classes by CPython's names, the methods without their prefix. */
%rename(SharedMemory) polyshm_segment;
%rename(View) polyshm_view;
%rename(ShareableList) polyshm_list;
%rename(Lock) polyshm_lock;
%rename(Semaphore) polyshm_semaphore;
%rename(Event) polyshm_event;
%rename("%(strip:[polyshm_])s", %$isfunction, %$isglobal) "";
%nodefaultctor;
%nodefaultdtor;

%include <status.i>
%include <handle.i>
%include <number.i>
%include <bytes.i>
%include <value.i>
%include <wait.i>

%include <api/version.i>
%include <api/directory.i>
%include <api/segment.i>
%include <api/view.i>
%include <api/atomics.i>
%include <api/list.i>
%include <api/lock.i>
%include <api/semaphore.i>
%include <api/event.i>
