/*
 * neighbour.i: somebody else's SWIG module in the same interpreter. It is made several times, with other names, classes and type tables:
 * see CMakeLists.txt. Its classes have our names, where that is the trouble to make.
 */
%module neighbour

%{
#include <stdlib.h>
%}

%inline %{
typedef struct CLASS {
  int number;
} CLASS;

static CLASS *make(int number) {
  CLASS *made = malloc(sizeof *made);
  made->number = number;
  return made;
}

static int peek(const CLASS *object) {
  return object->number;
}
%}
