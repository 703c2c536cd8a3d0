#include <polyshm/status.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char last_error[640];

const char *polyshm_status_name(polyshm_status status) {
  switch (status) {
  case POLYSHM_OK:
    return "OK";
#define NAME(name, code, text)                                                                               \
  case code:                                                                                                 \
    return #name;
    POLYSHM_STATUS_MAP(NAME)
#undef NAME
  default:
    return "UNKNOWN";
  }
}

const char *polyshm_status_text(polyshm_status status) {
  switch (status) {
  case POLYSHM_OK:
    return "success";
#define TEXT(name, code, text)                                                                               \
  case code:                                                                                                 \
    return text;
    POLYSHM_STATUS_MAP(TEXT)
#undef TEXT
  default:
    return "unknown failure";
  }
}

int32_t polyshm_status_errno(polyshm_status status) {
  return status < 0 && status > POLYSHM_CLOSED ? -status
                                               : 0; /* from CLOSED down the codes are polyshm's own */
}

const char *polyshm_last_error(void) {
  return last_error;
}

polyshm_status polyshm_fail(polyshm_status status, const char *format, ...) {
  char words[sizeof last_error]; /* the arguments may quote the last failure */
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(words, sizeof words, format, arguments);
  va_end(arguments);
  memcpy(last_error, words, strlen(words) + 1);
  return status;
}
