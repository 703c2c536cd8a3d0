/*
 * platform.h: everything polyshm asks of the system, and the only place that asks. No words here, only
 * statuses (0 or -errno): the callers know which verb and which name they speak of.
 */
#ifndef POLYSHM_PLATFORM_H
#define POLYSHM_PLATFORM_H

#include <polyshm/wait.h>

#include <stdatomic.h>

/* ---- directory.c: where the names are ---- */

enum { POLYSHM__DIRECTORY_BYTES = 1024, POLYSHM__NAME_BYTES = 256 }; /* with their terminators */

/** File systems, as statfs(2) tells them: linux/magic.h. */
enum {
  POLYSHM__TMPFS = 0x01021994,
  POLYSHM__EXT4 = 0xef53, /**< ext2 and ext3 as well */
  POLYSHM__OVERLAYFS = 0x794c7630
};
#define POLYSHM__RAMFS UINT32_C(0x858458f6)

/** A directory may be wrong in these ways as one for segments. */
typedef enum polyshm__directory_fault {
  POLYSHM__DIRECTORY_GOOD,
  POLYSHM__DIRECTORY_RELATIVE,     /**< ARGUMENT: no absolute path */
  POLYSHM__DIRECTORY_CHOSEN,       /**< ARGUMENT: another one is in use */
  POLYSHM__DIRECTORY_TOO_LONG,     /**< ENAMETOOLONG */
  POLYSHM__DIRECTORY_ABSENT,       /**< ENOENT */
  POLYSHM__DIRECTORY_OUT_OF_REACH, /**< EACCES: a directory above it keeps this user out */
  POLYSHM__DIRECTORY_IS_NONE,      /**< ENOTDIR */
  POLYSHM__DIRECTORY_FOREIGN,      /**< EOPNOTSUPP: on a file system that is not known to do */
  POLYSHM__DIRECTORY_UNSAFE        /**< EPERM: others may remove or rename what is in it */
} polyshm__directory_fault;

typedef struct polyshm__directory_facts {
  const char *path;
  polyshm__directory_fault fault;
  uint32_t mode, owner;
  bool usual;                /**< it is /dev/shm */
  bool refused;              /**< the environment names it, and it will not do: no call works */
  bool searchable, writable; /**< by this user */
  bool without_inodes;       /**< its file system has no file left */
} polyshm__directory_facts;

/** Tells what is to say of the directory in use, or of the one that would be; not closely: no more than
 * whether it is there. */
void polyshm__directory_look(polyshm__directory_facts *facts, bool closely);
/** Chooses a directory for good; one that is in use already may be chosen again. */
polyshm_status polyshm__directory_choose(const char *path, polyshm__directory_facts *facts);
/** The directory in use: the first call decides it, and fails as long as what the environment names will not
 * do. */
polyshm_status polyshm__directory(const char **path);

typedef struct polyshm__path {
  char text[POLYSHM__DIRECTORY_BYTES + POLYSHM__NAME_BYTES];
} polyshm__path;

polyshm_status polyshm__path_of(polyshm__path *path, const char *name);

/* ---- facts.c: what the system says of a file ---- */

/** Tells which file a name meant: a name can come back with another file behind it, and on some file systems
 * with the number of the one that went. */
typedef struct polyshm__identity {
  uint64_t device, inode;
  int64_t birth; /**< nanoseconds since 1970; 0: not known */
} polyshm__identity;

typedef struct polyshm__facts {
  polyshm__identity identity;
  int64_t size, allocated; /**< bytes; more than the pages of its size: a process was killed growing it */
  uint32_t mode, owner, group;
  bool plain, directory;      /**< a regular file; a directory */
  bool linked_once, unlinked; /**< no second hard link; no name at all */
} polyshm__facts;

polyshm_status polyshm__facts_of_open(int fd, polyshm__facts *facts);
polyshm_status polyshm__facts_of_path(const char *path, polyshm__facts *facts);

static inline bool polyshm__same_file(const polyshm__identity *a, const polyshm__identity *b) {
  bool same_birth = a->birth == b->birth || a->birth == 0 || b->birth == 0;
  return a->device == b->device && a->inode == b->inode && same_birth;
}

/* ---- file.c: names on the shared-memory file system ---- */

/** Opens an existing name and nothing but a plain file's name: never creates, blocks, or follows a link. */
polyshm_status polyshm__file_open(const char *name, bool readonly, int *fd, polyshm__facts *facts);
void polyshm__file_close(int fd);
/** Copies up to `size` first bytes of a plain file out; *length is how many there were. */
polyshm_status polyshm__file_peek(const char *name, void *bytes, int64_t size, int64_t *length);
/** Whether the descriptor still is that file: a program may have closed it, as daemons do, and used it anew.
 */
bool polyshm__file_is(int fd, const polyshm__identity *identity);
/** polyshm__file_open(), if the name still means that file. ESTALE: it is gone, or means another. */
polyshm_status polyshm__file_open_same(const char *name, bool readonly, const polyshm__identity *identity,
                                       int *fd, polyshm__facts *facts);
/** Opens a file once more, through a descriptor that is still it or else by its name. ESTALE: neither.
 * ENOENT: nor, though it has a name, which this process does not see. */
polyshm_status polyshm__file_again(int fd, const char *name, const polyshm__identity *identity, int *again);
/** Returns which file system an open file is on: POLYSHM__TMPFS, … */
uint32_t polyshm__file_system(int fd);
polyshm_status polyshm__file_facts(const char *name, polyshm__facts *facts);
polyshm_status polyshm__file_unlink(const char *name);
/** Unlinks a name if it still means that open file. Of processes that do so at once, in the same way, none
 * unlinks what another has put there. ESTALE: it is gone, or means another. EBUSY: another is just doing it.
 */
polyshm_status polyshm__file_unlink_same(int fd, const char *name, const polyshm__identity *identity);
/** Copies out bytes of an open file; *length is how many there were. */
polyshm_status polyshm__file_read(int fd, void *bytes, int64_t size, int64_t offset, int64_t *length);
/** Calls `visit` with each name in the directory until it returns nonzero, and returns that. */
polyshm_status polyshm__file_each(polyshm_status (*visit)(const char *name, void *context), void *context);

/* ---- draft.c: files in the making ---- */

/** A file that is being made and has no name yet (or, in the fallback, a hidden one). */
typedef struct polyshm__draft {
  int fd;
  bool hidden_name;
  char hidden[32];
  const char *refused; /**< the system call that was refused and not only failed: a sandbox may do that */
  uint32_t owner, group;
  polyshm__identity identity;
} polyshm__draft;

/** Makes the fallback (a hidden name, then rename) the way to create: set where it was seen to work and the
 * other way not, and by tests. */
extern atomic_bool polyshm__without_tmpfile;

/** A nameless file of `size` allocated zero bytes and exactly this mode; or, by the fallback, a hidden one.
 */
polyshm_status polyshm__draft_begin(polyshm__draft *draft, int64_t size, uint32_t mode, bool fallback);
/** Makes it the file of another owner and group, if it is not theirs yet. Where only the group cannot be
 * given, because its owner is not in it, the mode gives the group nothing. EPERM: not the owner either. */
polyshm_status polyshm__draft_give(polyshm__draft *draft, uint32_t owner, uint32_t group, uint32_t mode);
/** Gives it its name, at once and whole, unless the name is taken (EEXIST). */
polyshm_status polyshm__draft_publish(polyshm__draft *draft, const char *name);
/** Ends the making; a draft that was not published leaves nothing behind. */
void polyshm__draft_end(polyshm__draft *draft);

/* ---- grow.c: the memory behind a file ---- */

/** Whether a file could grow so far: EFBIG, ENOMEM or ENOSPC where that is clear from the start. What cannot
 * fit must not first take all the memory that others need, nor get this process killed. */
polyshm_status polyshm__file_room(int fd, int64_t from, int64_t size);
/** Extends a file from `from`, its size, to `size` allocated bytes, in steps of which only the last one
 * changes the size. A failure leaves the size as it was, and allocates in vain what the steps before have
 * taken. EINTR: even the shortest step was interrupted, again and again. */
polyshm_status polyshm__file_allocate(int fd, int64_t from, int64_t size);
/** Extends an open file to `size` allocated bytes, at once, or fails and leaves it as it was; *found is the
 * size it had. RANGE: it is longer already. EBUSY: for seconds another process has been at it. */
polyshm_status polyshm__file_grow(int fd, int64_t size, int64_t *found);
/** Gives back what a process that was killed while it grew the file, open for writing, left behind its end.
 */
void polyshm__file_give_back(int fd, const polyshm__facts *facts);

/* ---- limit.c: how much memory there may be ---- */

/** The limit that leaves the least: the machine's, or one of this process's control groups. */
typedef struct polyshm__memory {
  int64_t limit,
      left; /**< bytes; left: with what the kernel can take back, as page cache; INT64_MAX: no limit */
  bool of_machine;
} polyshm__memory;

void polyshm__memory_look(polyshm__memory *memory);
/** Whether so much is left for a file in memory. */
bool polyshm__memory_has(const polyshm__memory *memory, int64_t bytes);

/** This stands before /proc and /sys: nothing, but in tests. */
extern const char *polyshm__system_root;

/* ---- map.c: memory ---- */

/** Whether so much could ever be mapped: in a 32-bit process a size must not lose its upper half. */
bool polyshm__mappable(int64_t size);

/** Addresses at which a file is mapped. */
typedef struct polyshm__range {
  uint8_t *base;
  int64_t length; /**< whole pages; may reach behind the end of the file */
  struct polyshm__range *older;
} polyshm__range;

/**
 * All ranges at which one file is mapped: the newest, and those it outgrew, which stay, because somebody may
 * hold their addresses. One thread at a time changes it. The child of a fork(2) in the middle of that may
 * know less than it has inherited (a range it does not know of stays mapped), and never knows more.
 */
typedef struct polyshm__mapping {
  polyshm__range first;
  _Atomic(polyshm__range *) newest;
  bool readonly;
} polyshm__mapping;

polyshm_status polyshm__map(polyshm__mapping *mapping, int fd, int64_t size, bool readonly);
static inline polyshm__range *polyshm__map_newest(const polyshm__mapping *mapping) {
  return atomic_load_explicit(&mapping->newest, memory_order_acquire);
}
/** Makes the newest range, or a newer one, reach so far. n calls for one page more each time make about log n
 * ranges, as long as there are addresses enough. */
polyshm_status polyshm__map_reach(polyshm__mapping *mapping, int fd, int64_t size);
/** Puts private zero pages in place of the shared ones, so that stale pointers hit nothing. False: there were
 * no mappings or addresses to spare, and a part is what it was. */
bool polyshm__map_blank(polyshm__mapping *mapping);
void polyshm__unmap(polyshm__mapping *mapping);

/* ---- system.c: the process ---- */

uint32_t polyshm__user(void);
uint32_t polyshm__random(void);

/* ---- thread.c: the threads of this process ---- */

/* The fast model of thread-local variables, one instruction, works in a module that dlopen(3) loads with
 * glibc, which keeps room for it; musl refuses such modules. */
#if defined(__GLIBC__)
#define POLYSHM__FAST_THREAD_LOCAL __attribute__((visibility("hidden"), tls_model("initial-exec")))
#else
#define POLYSHM__FAST_THREAD_LOCAL __attribute__((visibility("hidden")))
#endif

/** The calling thread's number, which no other thread of the process ever has; 0: it has none yet. */
extern _Thread_local uint64_t polyshm__thread_number POLYSHM__FAST_THREAD_LOCAL;

/** Gives the calling thread a number if it has none. ENOMEM: the process can watch no thread's end. */
polyshm_status polyshm__thread_begin(void);
/** Tells all watches that the calling thread's number has ended: it has none from now on. Called by itself
 * when a thread ends. */
void polyshm__thread_end(void);

/** Somebody who wants to be told of the end of threads that have a number. Zero bytes at first. */
typedef struct polyshm__thread_watch polyshm__thread_watch;
struct polyshm__thread_watch {
  void (*ended)(polyshm__thread_watch *watch, uint64_t number);
  polyshm__thread_watch *next, **place;
};

/** `ended` may neither watch nor unwatch. Both calls may be repeated. */
void polyshm__watch_threads(polyshm__thread_watch *watch,
                            void (*ended)(polyshm__thread_watch *watch, uint64_t number));
void polyshm__unwatch_threads(polyshm__thread_watch *watch);

/* ---- process.c: which process this is ---- */

/** A number of this process's own; in a child of fork(2) it is another, at first 0. */
extern _Atomic(const _Atomic uint32_t *) polyshm__process_number __attribute__((visibility("hidden")));
static inline uint32_t polyshm__process(void) {
  const _Atomic uint32_t *number = atomic_load_explicit(&polyshm__process_number, memory_order_acquire);
  return atomic_load_explicit(number, memory_order_relaxed);
}
/** The same, and draws one if need be: never 0. Takes no lock. */
polyshm_status polyshm__process_numbered(uint32_t *number);

/* ---- mutex.c: threads of this process exclude one another ---- */

/** In private memory, zero when new. A child of fork(2), or of any clone(2), finds it free. */
typedef struct polyshm__mutex {
  _Atomic uint32_t word;
} polyshm__mutex;

void polyshm__mutex_lock(polyshm__mutex *mutex);
void polyshm__mutex_unlock(polyshm__mutex *mutex);

/* ---- token.c: who is alive, as the kernel knows it ---- */

/** No thread forks between these two: a child would find what they guard half-changed. Not to be nested. */
void polyshm__hold_forks(void);
void polyshm__allow_forks(void);

/** The ids of participants have so many bits: those above them are free for users of ids. */
#define POLYSHM__ID_BITS UINT32_C(0x3fffffff)
/** This id is nobody's. It stands where an owner gave up in the middle, though its process lives on. */
#define POLYSHM__ID_OF_THE_DEAD POLYSHM__ID_BITS

/** A sign of life of this process, on a file: it ends with the process, with exec(3), or when it is dropped.
 * No fork(2) inherits it, and no descriptor is needed for it. */
typedef struct polyshm__token {
  _Atomic(void *) page; /**< NULL when dropped */
  uint32_t id;          /**< 1 ... 2^30-2; no other living token on the file has it */
  uint32_t process;     /**< polyshm__process() of its taker: after fork(2) it is not this process's */
} polyshm__token;

/**
 * Takes a token with an id drawn from a counter, on a file that is opened as polyshm__file_again() does.
 * EBUSY: each id that was tried is in use. EOPNOTSUPP: this file system does not keep it, and others would
 * take its owner for dead.
 */
polyshm_status polyshm__token_take(int fd, const char *name, const polyshm__identity *identity,
                                   _Atomic uint32_t *next_id, polyshm__token *token);
/** Whether a token can be had on the file, as far as that is known; asked once per file system. */
bool polyshm__token_possible(int fd, const char *name, const polyshm__identity *identity);
/** Drops the token if it is this process's. Idempotent, in threads too. */
void polyshm__token_drop(polyshm__token *token);
/** Whether a token of this id is alive. The file may be open by any descriptor but the token's own; where the
 * descriptor is none of the file any more, it is opened once more. */
polyshm_status polyshm__token_alive(int fd, const char *name, const polyshm__identity *identity, uint32_t id,
                                    bool *alive);

/** The lock on the byte of an id that keeps others from taking it; all false and 0 if there is none. */
typedef struct polyshm__obstacle {
  bool by_reader;  /**< a read lock, which is no token */
  bool many;       /**< it is on more than this byte: no token either */
  int64_t process; /**< who has it, where the system tells */
} polyshm__obstacle;

void polyshm__token_obstacle(int fd, uint32_t id, polyshm__obstacle *obstacle);

/* ---- wait.c: time, and what takes long ---- */

/**
 * Runs a step of something long, through the thread's wait hook if it has one. No lock may be held: the hook
 * may run other threads, and code that calls polyshm. Anything but 0: give it up.
 */
polyshm_status polyshm__work(void (*step)(void *context), void *context);

/** So many bytes are one step of long work. */
#define POLYSHM__STEP (INT64_C(64) << 20)

/** Does a part of some work on bytes; anything but 0 ends it. */
typedef polyshm_status polyshm__part(void *work, int64_t start, int64_t length);

/** Work on `length` bytes: at once, or if there are more than POLYSHM_LARGE as long work, in parts. Parts are
 * whole steps, but for the last one that is done. */
polyshm_status polyshm__in_parts(polyshm__part *part, void *work, int64_t length, bool last_first);

/** Nanoseconds since 1970. */
int64_t polyshm__clock(void);
/** The monotonic time at which a wait of `timeout` nanoseconds ends; a negative timeout never ends. */
int64_t polyshm__deadline(int64_t timeout);
/** Nanoseconds until the deadline, 0 when it has passed, at most `longest`. */
int64_t polyshm__time_left(int64_t deadline, int64_t longest);
/** Sleeps for 100 microseconds, without the hook: for what another process is about to finish. */
void polyshm__moment(void);
/** Sleeps once, through the thread's wait hook if it has one. EINTR: give the wait up. */
polyshm_status polyshm__pause(int64_t nanoseconds);

/** A wait in slices of 1, 2, 4 ... 32 ms, or of a length that the waiter chooses, 48 ms at most: between them
 * one looks for dead owners, closed handles and interrupts. */
typedef struct polyshm__wait {
  int64_t begin, deadline, slice;
  uint32_t rounds;
} polyshm__wait;

polyshm__wait polyshm__wait_begin(int64_t timeout);
enum { POLYSHM__SLICE = 32000000 /**< nanoseconds: the longest slice, if nothing else is said */ };
/** How long the next slice is, instead. */
void polyshm__wait_slice_is(polyshm__wait *wait, int64_t nanoseconds);
/** Nanoseconds since it began; 0 where the time-out is 0. */
int64_t polyshm__waited(const polyshm__wait *wait);
/** Sleeps for a slice, or what is left of the time. ETIMEDOUT: nothing was left. EINTR: give the wait up. */
polyshm_status polyshm__wait_slice(polyshm__wait *wait);
/** The same, as long as the word is `seen`; *woken: polyshm__wake() ended it. */
polyshm_status polyshm__wait_word(polyshm__wait *wait, const _Atomic uint32_t *word, uint32_t seen,
                                  bool *woken);
/** To be called where one looks again instead of sleeping. The same errors: a word that somebody else keeps
 * changing must neither outlast the time nor an interrupt. */
polyshm_status polyshm__wait_go(polyshm__wait *wait);
/** Wakes up to `count` sleepers on a word, in any process; returns how many. */
int64_t polyshm__wake(const _Atomic uint32_t *word, int64_t count);
/** Lets an owner on another processor finish; false on a machine with one, where that only takes its time. */
bool polyshm__spin(void);

#endif
