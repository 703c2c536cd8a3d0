/* The polyglot tests' peer in C: NAME write|read VALUESFILE, NAME write-list|read-list ITEMSFILE. */
#include "item.h"

#define STRIDE 256

static void must(polyshm_status status) {
  if (status == POLYSHM_OK)
    return;
  fprintf(stderr, "peer: %s (%s)\n", polyshm_last_error(), polyshm_status_name(status));
  exit(1);
}

static void bytes(polyshm_segment *segment, int64_t offset, const char *hex, bool write) {
  for (const char *digit = hex; digit[0] && digit[1]; digit += 2, offset++) {
    char pair[3] = {digit[0], digit[1], 0};
    uint8_t byte = (uint8_t)strtoul(pair, NULL, 16);
    if (write) {
      must(polyshm_segment_write(segment, offset, &byte, 1));
    } else {
      must(polyshm_segment_read(segment, offset, &byte, 1));
      printf("%s%02x", digit == hex ? " " : "", byte);
    }
  }
}

static void numbers(polyshm_segment *segment, int64_t offset, const char *name, char *words, bool write) {
  polyshm_dtype dtype = 0;
  polyshm_value values[64];
  int64_t count = 0;
  must(polyshm_dtype_from_name(name, &dtype));
  for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
    values[count++] = parse(dtype, word);
  polyshm_view *view = NULL;
  must(polyshm_segment_view(segment, dtype, offset, count, &view));
  for (int64_t i = 0; i < count; i++) {
    if (write) {
      must(polyshm_view_set(view, i, &values[i]));
    } else {
      must(polyshm_view_get(view, i, &values[i]));
      print(&values[i]);
    }
  }
  polyshm_view_free(view);
}

/* ---- lists ---- */

static int write_list(const char *name, FILE *file) {
  static char lines[64][1024];
  polyshm_value items[64];
  int64_t count = 0;
  for (; count < 64 && fgets(lines[count], sizeof lines[0], file); count++) {
    lines[count][strcspn(lines[count], "\n")] = 0;
    items[count] = parse_item(lines[count]);
  }
  polyshm_list *list = NULL;
  must(polyshm_list_create(name, items, count, NULL, 0, 0600, &list));
  polyshm_list_free(list);
  return 0;
}

static int read_list(const char *name) {
  polyshm_list *list = NULL;
  char scratch[1024];
  must(polyshm_list_attach(name, POLYSHM_FLAG_READONLY, 0, &list));
  must(polyshm_list_walk(list, 0, polyshm_list_length(list), scratch, sizeof scratch, print_item, NULL));
  polyshm_list_free(list);
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 4)
    return 2;
  FILE *file = fopen(argv[3], "r");
  if (!file)
    return 2;
  if (strcmp(argv[2], "write-list") == 0)
    return write_list(argv[1], file);
  if (strcmp(argv[2], "read-list") == 0)
    return read_list(argv[1]);
  bool write = strcmp(argv[2], "write") == 0;
  polyshm_segment *segment = NULL;
  if (write)
    must(polyshm_segment_create(argv[1], 65536, 0600, &segment));
  else
    must(polyshm_segment_attach(argv[1], POLYSHM_FLAG_READONLY, 0, &segment));
  char line[1024];
  for (int64_t offset = 0; fgets(line, sizeof line, file); offset += STRIDE) {
    line[strcspn(line, "\n")] = 0;
    char *words = strchr(line, ' ');
    *words++ = 0;
    if (!write)
      fputs(line, stdout);
    if (strcmp(line, "bytes") == 0)
      bytes(segment, offset, words, write);
    else
      numbers(segment, offset, line, words, write);
    if (!write)
      putchar('\n');
  }
  (void)fclose(file);
  polyshm_segment_free(segment);
  return 0;
}
