#include <polyshm/status.h>

#include <stdarg.h>
#include <stdio.h>

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
  switch (status) {
#define MISUSE(name, code, text) case code:
    POLYSHM_MISUSE_MAP(MISUSE)
#undef MISUSE
    return 0;
  default:
    return status < 0 ? -status : 0;
  }
}

const char *polyshm_last_error(void) {
  return last_error;
}

polyshm_status polyshm_fail(polyshm_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(last_error, sizeof last_error, format, arguments);
  va_end(arguments);
  return status;
}

const char *polyshm_version(void) {
  return POLYSHM_VERSION;
}
