/* polyshm/directory.h */

polyshm_status polyshm_set_directory(const char *path);
const char *polyshm_directory(void);
