/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does a program that runs on Linux without a C library stand on?  System calls of arm64 Linux
 * by number, and a line of output at a time.  Numbers and structures are those of Linux's own
 * interface (asm-generic), which does not change.
 */
#ifndef USER_H
#define USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NS_PER_SECOND UINT64_C(1000000000)
#define US            UINT64_C(1000)
#define MS            UINT64_C(1000000)

enum call_number {
    CALL_PIPE2 = 59,
    CALL_OPENAT = 56,
    CALL_CLOSE = 57,
    CALL_READ = 63,
    CALL_WRITE = 64,
    CALL_EXIT = 93,
    CALL_NANOSLEEP = 101,
    CALL_SETITIMER = 103,
    CALL_CLOCK_GETTIME = 113,
    CALL_SCHED_YIELD = 124,
    CALL_KILL = 129,
    CALL_RT_SIGACTION = 134,
    CALL_GETPID = 172,
    CALL_MUNMAP = 215,
    CALL_CLONE = 220,
    CALL_EXECVE = 221,
    CALL_MMAP = 222,
    CALL_WAIT4 = 260,
};

enum signal_number {
    SIGNAL_ILL = 4,
    SIGNAL_USR1 = 10,
    SIGNAL_SEGV = 11,
    SIGNAL_ALRM = 14,
    SIGNAL_CHLD = 17
};

#define CLOCK_MONOTONIC_RAW 4U
#define AT_FDCWD            (-100)

struct timespec {
    int64_t tv_sec;
    int64_t tv_nsec;
};

/* The kernel's, which has no restorer on arm64. */
struct signal_action {
    void (*handler)(int number);
    uint64_t flags;
    uint64_t restorer;
    uint64_t mask;
};

/* Negative: minus an errno. */
long call(enum call_number number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
          uint64_t a5);
#define call3(number, a0, a1, a2)                                                                  \
    call(number, (uint64_t)(a0), (uint64_t)(a1), (uint64_t)(a2), 0, 0, 0)

/* user_start.S: fills q0 to q31 from a seed; the number of them that hold something else. */
void simd_fill(uint64_t seed);
uint64_t simd_differing(uint64_t seed);

/* sve.c: holds a pattern in all of SVE's registers for some switches of Linux: the bytes that
 * changed. */
uint64_t sve_hold(uint64_t seed);
uint64_t sve_vector_bytes(void);

/* %s %u %d %x, all of 64 bits but %s; at most 200 characters, written at once. */
void say(const char *format, ...);

uint64_t counter(void);    /* CNTVCT_EL0 */
uint64_t counter_hz(void); /* CNTFRQ_EL0 */
uint64_t ticks_to_ns(uint64_t ticks);
uint64_t clock_ns(void); /* the kernel's monotonic clock, which nobody adjusts */
void sleep_ns(uint64_t ns);

/* Like strcmp() == 0, and a number at the beginning of a text. */
bool same(const char *a, const char *b);
uint64_t number_of(const char *text);

/* A whole file of /proc, cut to fit and ended with a zero; the length. */
size_t read_file(const char *path, char *text, size_t size);

__attribute__((noreturn)) void end(int code);
int program(int argc, char **argv, char **envp);

#endif
