/*
 * list_peer.c: one list at a time, told what to do on standard input, a line for each command; each is
 * answered by a line, `ok`, `error NAME`, or an item as item.h has it. create NAME N (and N items' lines) |
 * attach NAME | set INDEX ITEM | get INDEX | capacity INDEX | format INDEX | dump (N lines, or an error where
 * one comes) | assign N (and N items' lines) | count ITEM | index ITEM | unlink
 */
#include "../polyglot/item.h"

static polyshm_list *list;
static char *scratch;

static char *next_line(void) {
  static char *line;
  static size_t room;
  const ssize_t length = getline(&line, &room, stdin);
  if (length <= 0)
    return NULL;
  line[length - 1] = 0;
  return line;
}

static void answer(polyshm_status status) {
  if (status)
    printf("error %s\n", polyshm_status_name(status));
  else
    puts("ok");
}

/* The N items of the next lines, to be freed with free_items(). */
static polyshm_value *read_items(int64_t count) {
  polyshm_value *items = calloc((size_t)count + 1, sizeof *items);
  for (int64_t i = 0; items && i < count; i++) {
    char *line = next_line();
    if (!line)
      exit(2);
    items[i] = parse_item(line);
    if (items[i].type == POLYSHM_TYPE_STR || items[i].type == POLYSHM_TYPE_BYTES) {
      char *copy = malloc((size_t)items[i].as.bytes.length + 1);
      if (!copy)
        exit(2);
      items[i].as.bytes.data = memcpy(copy, items[i].as.bytes.data, (size_t)items[i].as.bytes.length);
    }
  }
  return items;
}

static void free_items(polyshm_value *items, int64_t count) {
  for (int64_t i = 0; i < count; i++)
    if (items[i].type == POLYSHM_TYPE_STR || items[i].type == POLYSHM_TYPE_BYTES)
      free((void *)(uintptr_t)items[i].as.bytes.data);
  free(items);
}

static void take_over(polyshm_status status, polyshm_list **made) {
  answer(status);
  if (status)
    return;
  polyshm_list_free(list);
  free(scratch);
  list = *made;
  scratch = malloc((size_t)polyshm_list_scratch(list) + 1);
}

static void create(char *name) {
  char *word = strchr(name, ' ');
  *word++ = 0;
  char *own_name = strdup(name); /* the line goes with the next one */
  const int64_t count = strtoll(word, NULL, 10);
  polyshm_value *items = read_items(count);
  polyshm_list *made = NULL;
  take_over(polyshm_list_create(own_name, items, count, NULL, 0, 0600, &made), &made);
  free_items(items, count);
  free(own_name);
}

static void assign(int64_t count) {
  polyshm_value *items = read_items(count);
  answer(polyshm_list_assign(list, 0, items, count));
  free_items(items, count);
}

static void show(int64_t index) {
  polyshm_value value;
  polyshm_status status = polyshm_list_get(list, index, scratch, polyshm_list_scratch(list), &value);
  if (status)
    answer(status);
  else
    (void)print_item(&value, NULL);
}

static void show_number(polyshm_status status, int64_t number) {
  if (status)
    answer(status);
  else
    printf("%" PRId64 "\n", number);
}

static void dump(void) {
  polyshm_status status = polyshm_list_walk(list, 0, polyshm_list_length(list), scratch,
                                            polyshm_list_scratch(list), print_item, NULL);
  if (status)
    answer(status);
}

static void search(polyshm_status (*how)(const polyshm_list *, const polyshm_value *, void *, int64_t,
                                         int64_t *),
                   char *item) {
  const polyshm_value value = parse_item(item);
  int64_t found = 0;
  polyshm_status status = how(list, &value, scratch, polyshm_list_scratch(list), &found);
  show_number(status, found);
}

int main(void) {
  for (char *line; (line = next_line()); (void)fflush(stdout)) {
    char *words = line + strcspn(line, " ");
    if (*words)
      *words++ = 0;
    char *rest = words;
    const int64_t number = strtoll(words, &rest, 10);
    polyshm_list *made = NULL;
    int64_t found = 0;
    polyshm_list_format_text format;
    if (strcmp(line, "create") == 0) {
      create(words);
    } else if (strcmp(line, "attach") == 0) {
      take_over(polyshm_list_attach(words, 0, 0, &made), &made);
    } else if (strcmp(line, "set") == 0) {
      const polyshm_value value = parse_item(rest + 1);
      answer(polyshm_list_set(list, number, &value));
    } else if (strcmp(line, "get") == 0) {
      show(number);
    } else if (strcmp(line, "capacity") == 0) {
      polyshm_status status = polyshm_list_capacity(list, number, &found);
      show_number(status, found);
    } else if (strcmp(line, "format") == 0) {
      polyshm_status status = polyshm_list_format(list, number, &format);
      if (status)
        answer(status);
      else
        puts(format.text);
    } else if (strcmp(line, "dump") == 0) {
      dump();
    } else if (strcmp(line, "assign") == 0) {
      assign(number);
    } else if (strcmp(line, "count") == 0) {
      search(polyshm_list_count, words);
    } else if (strcmp(line, "index") == 0) {
      search(polyshm_list_index, words);
    } else if (strcmp(line, "unlink") == 0) {
      answer(polyshm_list_unlink(list));
    } else {
      return 2;
    }
  }
  polyshm_list_free(list);
  free(scratch);
  return 0;
}
