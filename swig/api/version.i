/* polyshm/status.h */
const char *polyshm_version(void);
