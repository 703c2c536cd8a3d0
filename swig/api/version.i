/* polyshm/version.h */
const char *polyshm_version(void);
