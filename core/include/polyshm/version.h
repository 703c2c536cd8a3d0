/**
 * @file version.h
 * @brief Which version of polyshm a program is built with, and which one it runs with.
 *
 * docs/versioning.md says what a version promises: of the interface (API), of built programs (ABI) and of the
 * bytes in shared memory. The three numbers below are the only place that says the version: the build reads
 * them here. Any thread may call these functions at any time.
 *
 * @since 0.1
 */
#ifndef POLYSHM_VERSION_H
#define POLYSHM_VERSION_H

#include <polyshm/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup polyshm_version Versions
 * @brief Which version a program is built with, and which one it runs with.
 *
 * Threads and fork: these calls keep nothing, and any thread may make them at any time.
 * @{
 */

/** The first number of these headers' version. */
#define POLYSHM_VERSION_MAJOR 0
/** The second number of these headers' version. */
#define POLYSHM_VERSION_MINOR 1
/** The third number of these headers' version. */
#define POLYSHM_VERSION_PATCH 0

/** A version as one number that grows with it: 1.2.3 is 10203. Minor and patch stay below 100. */
#define POLYSHM_MAKE_VERSION(major, minor, patch) ((major)*10000 + (minor)*100 + (patch))

/** The version of these headers as such a number, for the preprocessor:
 * `#if POLYSHM_VERSION_NUMBER >= POLYSHM_MAKE_VERSION(0, 2, 0)`. */
#define POLYSHM_VERSION_NUMBER                                                                               \
  POLYSHM_MAKE_VERSION(POLYSHM_VERSION_MAJOR, POLYSHM_VERSION_MINOR, POLYSHM_VERSION_PATCH)

/**
 * Tells the version of the library that the program runs with.
 *
 * @return "major.minor.patch". Static text.
 */
POLYSHM_API const char *polyshm_version(void);

/**
 * Tells the same as a number, to be compared with POLYSHM_VERSION_NUMBER, which is what the program was
 * built with.
 *
 * @return The number.
 */
POLYSHM_API int32_t polyshm_version_number(void);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
