/* The least a user of the library writes: one segment, from create to unlink. Prints the library's version.
 */
#include <polyshm.h>

#include <stdio.h>

int main(void) {
  polyshm_segment *segment = NULL;
  char bytes[6] = "";
  polyshm_status status = polyshm_segment_create(NULL, 4096, 0600, &segment);
  if (!status)
    status = polyshm_segment_write(segment, 10, "hello", 5);
  if (!status)
    status = polyshm_segment_read(segment, 10, bytes, 5);
  if (!status)
    status = polyshm_segment_unlink(segment);
  if (status) {
    (void)fprintf(stderr, "%s: %s\n", polyshm_status_name(status), polyshm_last_error());
    return 1;
  }
  polyshm_segment_free(segment);
  printf("%s %s\n", bytes, polyshm_version());
  return 0;
}
