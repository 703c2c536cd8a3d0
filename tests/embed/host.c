/*
 * Interpreters that come and go, side by side, beside other modules, and that end with a lock: host SCENARIO
 * SCRIPT PEER MODULE. host.h tells of its two halves. PEER is peer.c's program, another process; MODULE the
 * shared object.
 */
#include "host.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ThreadSanitizer sees a race in nearly each run; without it, it takes many until one does harm. */
#ifdef __SANITIZE_THREAD__
enum { RUNS = 20 };
#else
enum { RUNS = 200 };
#endif
enum { ROUNDS = 60, SIDE_BY_SIDE = 12, THREADS = 4, MOMENT = 200 * 1000 }; /* microseconds */

static const char *script, *peer, *module;

#define CHECK(condition)                                                                                     \
  do                                                                                                         \
    if (!(condition)) {                                                                                      \
      (void)fprintf(stderr, "not ok: line %d: %s\n", __LINE__, #condition);                                  \
      return false;                                                                                          \
    }                                                                                                        \
  while (0)

static const char *name(void) {
  return getenv("POLYSHM_EMBED_NAME");
}

/* Starts the peer with what it is to do with the lock; its output goes to `out`, if there is one. */
static pid_t start_peer(const char *what, int out) {
  pid_t child = fork();
  if (child == 0) {
    if (out >= 0)
      (void)dup2(out, STDOUT_FILENO);
    (void)execl(peer, peer, what, name(), (char *)NULL);
    _Exit(127);
  }
  return child;
}

static bool ended_well(pid_t child) {
  int status;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static bool peer_does(const char *what) {
  return ended_well(start_peer(what, -1));
}

static void *opened(void) {
  void *interpreter = host_open(script);
  if (interpreter && !host_call(interpreter, "load_polyshm")) {
    host_close(interpreter);
    return NULL;
  }
  return interpreter;
}

/* The shared object is loaded and unloaded by the program, too, as plug-ins of hosts are. */
static bool comes_and_goes(void) {
  void *library = dlopen(module, RTLD_LAZY | RTLD_LOCAL);
  if (!library)
    (void)fprintf(stderr, "%s\n", dlerror());
  return library && dlclose(library) == 0;
}

/* One interpreter after the other, each with the module anew. */
static bool again(void) {
  for (int i = 0; i < (host_many ? ROUNDS : 1); i++) {
    CHECK(comes_and_goes());
    void *interpreter = opened();
    CHECK(interpreter && host_call(interpreter, "work") && host_call(interpreter, "use"));
    CHECK(host_call(interpreter, "load_anew") && host_call(interpreter, "work") &&
          host_call(interpreter, "use"));
    CHECK(comes_and_goes() && host_call(interpreter, "use"));
    host_close(interpreter);
    CHECK(comes_and_goes());
  }
  return true;
}

/* Interpreters side by side; some end while others go on. */
static bool beside(void) {
  void *interpreters[SIDE_BY_SIDE];
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < SIDE_BY_SIDE; i++)
      CHECK((interpreters[i] = opened()) && host_call(interpreters[i], "work"));
    for (int i = 0; i < SIDE_BY_SIDE; i += 2)
      host_close(interpreters[i]);
    for (int i = 1; i < SIDE_BY_SIDE; i += 2)
      CHECK(host_call(interpreters[i], "use") && host_call(interpreters[i], "work"));
    for (int i = SIDE_BY_SIDE - 1; i > 0; i -= 2) {
      CHECK(host_call(interpreters[i], "use"));
      host_close(interpreters[i]);
    }
  }
  return true;
}

static bool with_neighbours(bool ours_first) {
  for (int i = 0; i < (host_many ? 3 : 1); i++) {
    void *interpreter = host_open(script);
    CHECK(interpreter && host_call(interpreter, ours_first ? "load_polyshm" : "neighbours"));
    CHECK(!ours_first || host_call(interpreter, "work"));
    CHECK(host_call(interpreter, ours_first ? "neighbours" : "load_polyshm"));
    CHECK(!ours_first || host_call(interpreter, "use"));
    CHECK(host_call(interpreter, "work") && host_call(interpreter, "beside") &&
          host_call(interpreter, "use"));
    host_close(interpreter);
  }
  return true;
}

static bool neighbours_first(void) {
  return with_neighbours(false);
}

static bool neighbours_last(void) {
  return with_neighbours(true);
}

static pthread_barrier_t ready;

static void *load_and_work(void *unused) {
  void *interpreter = host_open(script);
  (void)pthread_barrier_wait(&ready);
  const bool done = interpreter && host_call(interpreter, "load_polyshm") && host_call(interpreter, "work");
  if (interpreter)
    host_close(interpreter);
  return done ? unused : &ready;
}

static bool load_at_once(void) {
  pthread_t threads[THREADS];
  bool done = comes_and_goes() && !pthread_barrier_init(&ready, NULL, THREADS);
  for (int i = 0; i < THREADS; i++)
    done = done && !pthread_create(&threads[i], NULL, load_and_work, NULL);
  for (int i = 0; done && i < THREADS; i++) {
    void *failed;
    done = !pthread_join(threads[i], &failed) && !failed;
  }
  return done;
}

/* Threads with an interpreter each load the module at the same moment: the shared object is loaded
 * beforehand, so little but the initialisation races. Each run is a process of its own, because only the
 * first load in a process fills the module's tables. */
static bool at_once(void) {
  int bad = 0;
  for (int i = 0; i < RUNS; i++) {
    pid_t child = fork();
    if (child == 0) {
      (void)alarm(60);
      _Exit(load_at_once() ? 0 : 1);
    }
    bad += !ended_well(child);
  }
  (void)printf("%d of %d runs failed\n", bad, RUNS);
  return bad == 0;
}

/* Runs in a thread where the language allows that. */
static bool apart(void *(*run)(void *context), void *context) {
  pthread_t thread;
  void *failed = context;
  if (!host_many)
    return !run(context);
  return !pthread_create(&thread, NULL, run, context) && !pthread_join(thread, &failed) && !failed;
}

static bool owned_until_closed(void) {
  void *interpreter = opened();
  CHECK(interpreter && host_call(interpreter, "own"));
  host_close(interpreter);
  CHECK(peer_does("recover")); /* while the thread lives */
  return true;
}

static void *own_until_closed(void *unused) {
  return owned_until_closed() ? NULL : &script + (unused != NULL);
}

static void *own_until_the_end(void *unused) {
  void *interpreter = opened();
  return interpreter && host_call(interpreter, "own") ? NULL : &script + (unused != NULL);
}

/* The interpreter that owns ends, or its thread ends without it. */
static bool owns(void) {
  CHECK(peer_does("create"));
  CHECK(apart(own_until_closed, NULL));
  if (host_many) {
    CHECK(apart(own_until_the_end, NULL));
    CHECK(peer_does("recover"));
  }
  CHECK(peer_does("unlink"));
  return true;
}

static void *own_for_ever(void *interpreter) {
  interpreter = opened();
  if (!interpreter || !host_call(interpreter, "own"))
    _Exit(3);
  (void)pthread_barrier_wait(&ready);
  for (;;)
    (void)pause();
}

static void *wait_for_ever(void *interpreter) {
  interpreter = opened();
  (void)pthread_barrier_wait(&ready);
  (void)host_call(interpreter, "wait");
  _Exit(4);
}

_Noreturn static void end_with_threads(void) {
  pthread_t threads[2];
  (void)alarm(60);
  if (host_many) {
    (void)pthread_barrier_init(&ready, NULL, 3);
    if (pthread_create(&threads[0], NULL, own_for_ever, NULL) ||
        pthread_create(&threads[1], NULL, wait_for_ever, NULL))
      _Exit(5);
    (void)pthread_barrier_wait(&ready);
    (void)usleep(MOMENT);
    void *interpreter = opened(); /* it has an interpreter of its own, which it ends properly */
    if (!interpreter || !host_call(interpreter, "work"))
      _Exit(6);
    host_close(interpreter);
  } else {
    void *interpreter = opened();
    if (!interpreter || !host_call(interpreter, "own_and_wait"))
      _Exit(7);
    host_close(interpreter);
  }
  host_exit();
}

/* The process ends while one handle owns and another waits; the interpreter ends in the midst of a wait. */
static bool ends(void) {
  CHECK(peer_does("create"));
  for (int i = 0; i < 5; i++) {
    pid_t child = fork();
    if (child == 0)
      end_with_threads();
    CHECK(ended_well(child));
    CHECK(peer_does("recover"));
  }
  for (int i = 0; host_end_waiting && i < 5; i++) {
    int out[2];
    char byte;
    CHECK(pipe(out) == 0);
    pid_t holder = start_peer("hold", out[1]);
    (void)close(out[1]);
    CHECK(holder > 0 && read(out[0], &byte, 1) == 1);
    (void)close(out[0]);
    void *interpreter = opened();
    CHECK(interpreter && host_end_waiting(interpreter));
    (void)kill(holder, SIGKILL);
    (void)waitpid(holder, NULL, 0);
    CHECK(peer_does("recover"));
  }
  CHECK(peer_does("unlink"));
  return true;
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    bool (*run)(void);
  } scenarios[] = {
      {"again", again},
      {"beside", beside},
      {"neighbours-first", neighbours_first},
      {"neighbours-last", neighbours_last},
      {"threads", at_once},
      {"owns", owns},
      {"ends", ends},
  };
  if (argc != 5)
    return 2;
  script = argv[2];
  peer = argv[3];
  module = argv[4];
  char own_name[40];
  (void)snprintf(own_name, sizeof own_name, "polyshm-embed-%d", (int)getpid());
  (void)setenv("POLYSHM_EMBED_NAME", own_name, 1);
  host_begin(argv[0]);
  for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
    if (strcmp(scenarios[i].name, argv[1]) == 0)
      return scenarios[i].run() ? 0 : 1;
  return 2;
}
