/*
 * polyshm.i: the hub. What a language is made of: what is special to it (swig/<language>/*.i, the same file names in each),
 * the conversions over that which all share (glue.i), and the API (swig/api/*.i), which knows of no language. The build gives
 * -I swig/<language>, so the plain names below mean the language that is being made. README.md tells what each file is for.
 */
%module polyshm

%{
#include <polyshm.h>
%}

/* Scripts know functions without their prefix. */
%rename("%(strip:[polyshm_])s", %$isfunction, %$isglobal) "";
%nodefaultctor;
%nodefaultdtor;

%include <class.i>
%include <status.i>
%include <number.i>
%include <bytes.i>
%include <value.i>
%include <handle.i>
%include <wait.i>
%include <glue.i>
%include <scope.i>
%include <own.i>
%include <api.i> /* the build makes it: an %include of each file in api/ */
