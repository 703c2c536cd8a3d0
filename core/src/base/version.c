#include <polyshm/version.h>

#define TEXT(number) #number
#define VERSION_TEXT(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)

const char *polyshm_version(void) {
  return VERSION_TEXT(POLYSHM_VERSION_MAJOR, POLYSHM_VERSION_MINOR, POLYSHM_VERSION_PATCH);
}

int32_t polyshm_version_number(void) {
  return POLYSHM_VERSION_NUMBER;
}
