/**
 * @file version.h
 * @brief Which version of polyshm a program is built with, and which one it runs with.
 *
 * @since 0.1
 */
/**
 * @defgroup version Version
 * @ingroup polyshm
 * @brief Which version of polyshm a program is built with, and which one it runs with.
 *
 * docs/versioning.md says what a version promises: of the interface (API), of built programs (ABI) and of the
 * bytes in shared memory. The three numbers below are the only place that says the version: the build reads
 * them here.
 *
 * @par Threads
 * Any thread may call these functions at any time, and so may a child of fork(2).
 *
 * @{
 */
#ifndef POLYSHM_VERSION_H
#define POLYSHM_VERSION_H

#include <polyshm/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The version's first number. */
#define POLYSHM_VERSION_MAJOR 0
/** The version's second number, below 100. */
#define POLYSHM_VERSION_MINOR 1
/** The version's third number, below 100. */
#define POLYSHM_VERSION_PATCH 0

/**
 * A version as one number that grows with it: 1.2.3 is 10203.
 *
 * @param major the first number.
 * @param minor the second number, below 100.
 * @param patch the third number, below 100.
 */
#define POLYSHM_MAKE_VERSION(major, minor, patch) ((major)*10000 + (minor)*100 + (patch))

/**
 * The version of these headers as such a number, for the preprocessor:
 * `#if POLYSHM_VERSION_NUMBER >= POLYSHM_MAKE_VERSION(0, 2, 0)`.
 */
#define POLYSHM_VERSION_NUMBER                                                                               \
  POLYSHM_MAKE_VERSION(POLYSHM_VERSION_MAJOR, POLYSHM_VERSION_MINOR, POLYSHM_VERSION_PATCH)

/**
 * The version of the library that the program runs with.
 *
 * @return "major.minor.patch". Static text.
 */
POLYSHM_API const char *polyshm_version(void);

/**
 * The version of the library that the program runs with, as a number.
 *
 * @return a number as POLYSHM_MAKE_VERSION() makes it, to be compared with POLYSHM_VERSION_NUMBER, which is
 * what the program was built with.
 */
POLYSHM_API int32_t polyshm_version_number(void);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
