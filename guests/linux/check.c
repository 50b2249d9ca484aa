/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does Linux find in a partition what it finds on a machine of its own?  A program that runs on it
 * as the first or any other process; each argument names a check, and each check prints one line:
 *
 *     check: NAME ok FIGURE=N ...
 *     check: NAME FAILED FIGURE=N ...
 *
 * The exit status is the number of checks that failed.  Limits that depend on the schedule come
 * from the environment, where Linux puts the words of its command line: late_us is how late a sleep
 * may end, which is about as long as the partition may be away.
 */
#include "user.h"

#define LATE_US_DEFAULT   2000U
#define STEP_ALLOWANCE_NS 100U

struct limits {
    uint64_t late_ns;
};

struct check {
    const char *name;
    bool (*run)(const struct limits *limits);
};

static const char *verdict(bool ok)
{
    return ok ? "ok" : "FAILED";
}

static void spin_ns(uint64_t ns)
{
    uint64_t start = counter();

    while (ticks_to_ns(counter() - start) < ns) {
    }
}

/* --- time ------------------------------------------------------------------------------------ */

/* Counter and clock at one instant, for whoever compares them over a long time.  Of several looks
 * the shortest counts: whoever is away in the midst of one takes long over it. */
static void say_counter(void)
{
    uint64_t least = UINT64_MAX;
    uint64_t count = 0;
    uint64_t clock = 0;

    for (unsigned int i = 0; i < 10; i++) {
        uint64_t before = counter();
        uint64_t now = clock_ns();
        uint64_t took = counter() - before;

        if (took < least) {
            least = took;
            count = before;
            clock = now;
        }
    }
    say("check: counter=%u hz=%u clock_ns=%u\n", count, counter_hz(), clock);
}

struct clock_watch {
    uint64_t counter; /* at the start */
    uint64_t clock_ns;
    int64_t low_ns; /* what clock less counter may be, by what was seen until now */
    int64_t high_ns;
    uint64_t went_back;
};

/* The clock is read between two looks at the counter, so clock less counter lies between two
 * values; a clock that neither steps nor drifts has one value that suits all observations. */
static void watch_clock(struct clock_watch *watch)
{
    uint64_t before = counter();
    uint64_t clock = clock_ns();
    uint64_t after = counter();
    int64_t low = (int64_t)(clock - ticks_to_ns(after));
    int64_t high = (int64_t)(clock - ticks_to_ns(before));

    watch->went_back += clock < watch->clock_ns;
    watch->clock_ns = clock;
    watch->low_ns = low > watch->low_ns ? low : watch->low_ns;
    watch->high_ns = high < watch->high_ns ? high : watch->high_ns;
}

/* Does the kernel's clock follow the counter, over sleeps and while it is looked at all the time?
 */
static bool check_clock(const struct limits *limits)
{
    struct clock_watch watch = {.low_ns = INT64_MIN, .high_ns = INT64_MAX};
    uint64_t start = counter();
    int64_t step_ns;
    bool ok;

    (void)limits;
    for (unsigned int i = 0; i < 100; i++) {
        for (unsigned int k = 0; k < 20; k++) {
            watch_clock(&watch);
        }
        if (i % 2 == 0) {
            sleep_ns(2 * MS);
        } else {
            spin_ns(500 * US);
        }
    }
    step_ns = watch.low_ns > watch.high_ns ? watch.low_ns - watch.high_ns : 0;
    /* A clock's multiplier is exact to some 10^-9. */
    ok = watch.went_back == 0 &&
         step_ns <= (int64_t)(STEP_ALLOWANCE_NS + ticks_to_ns(counter() - start) / 100000000);
    say("check: clock %s step_ns=%d known_to_ns=%d went_back=%u hz=%u took_ns=%u\n", verdict(ok),
        step_ns, watch.high_ns > watch.low_ns ? watch.high_ns - watch.low_ns : 0, watch.went_back,
        counter_hz(), ticks_to_ns(counter() - start));
    return ok;
}

/* Does a sleep end when it should, by the counter? */
static bool check_sleep(const struct limits *limits)
{
    static const uint64_t length_ns[] = {50 * US, 300 * US, 1 * MS, 3 * MS, 7 * MS, 21 * MS};
    uint64_t latest_ns = 0;
    uint64_t total_ns = 0;
    uint64_t early = 0;
    uint64_t count = 0;
    bool ok;

    for (unsigned int round = 0; round < 10; round++) {
        for (unsigned int i = 0; i < sizeof(length_ns) / sizeof(*length_ns); i++) {
            uint64_t start = counter();
            uint64_t took_ns;

            sleep_ns(length_ns[i]);
            took_ns = ticks_to_ns(counter() - start);
            if (took_ns < length_ns[i]) {
                early++;
            } else {
                total_ns += took_ns - length_ns[i];
                latest_ns = took_ns - length_ns[i] > latest_ns ? took_ns - length_ns[i] : latest_ns;
            }
            count++;
        }
    }
    ok = early == 0 && latest_ns <= limits->late_ns;
    say("check: sleep %s count=%u early=%u late_mean_ns=%u late_max_ns=%u late_allowed_ns=%u\n",
        verdict(ok), count, early, total_ns / count, latest_ns, limits->late_ns);
    return ok;
}

/* --- interrupts ------------------------------------------------------------------------------ */

static bool contains(const char *line, const char *end_of_line, const char *word)
{
    for (; line < end_of_line; line++) {
        size_t i = 0;

        while (word[i] != '\0' && line[i] == word[i]) {
            i++;
        }
        if (word[i] == '\0') {
            return true;
        }
    }
    return false;
}

/* The numbers at the beginning of what follows the colon: one for each CPU. */
static uint64_t sum_of_columns(const char *line, const char *end_of_line)
{
    uint64_t sum = 0;

    while (line < end_of_line && *line != ':') {
        line++;
    }
    for (line++; line < end_of_line; line++) {
        if (*line == ' ') {
            continue;
        }
        if (*line < '0' || *line > '9') {
            break;
        }
        sum += number_of(line);
        while (line < end_of_line && *line != ' ') {
            line++;
        }
    }
    return sum;
}

/* All CPUs' counts on the lines of /proc/interrupts that contain `word`. */
static uint64_t interrupts_of(const char *word)
{
    static char text[8192];
    const char *line = text;
    uint64_t sum = 0;

    (void)read_file("/proc/interrupts", text, sizeof(text));
    while (*line != '\0') {
        const char *end_of_line = line;

        while (*end_of_line != '\0' && *end_of_line != '\n') {
            end_of_line++;
        }
        if (contains(line, end_of_line, word)) {
            sum += sum_of_columns(line, end_of_line);
        }
        line = *end_of_line == '\n' ? end_of_line + 1 : end_of_line;
    }
    return sum;
}

/* Does each sleep bring a timer interrupt, and none that nobody wanted? */
static bool check_interrupts(const struct limits *limits)
{
    uint64_t sleeps = 20;
    uint64_t before = interrupts_of("arch_timer");
    uint64_t after;
    uint64_t bad;
    bool ok;

    (void)limits;
    for (uint64_t i = 0; i < sleeps; i++) {
        sleep_ns(5 * MS);
    }
    after = interrupts_of("arch_timer");
    bad = interrupts_of("Err:");
    /* What else runs on the machine has timers, too; a storm would be more than they need. */
    ok = before != 0 && after - before >= sleeps && after - before < 100 * sleeps && bad == 0;
    say("check: interrupts %s sleeps=%u timer=%u timer_total=%u uart=%u errors=%u\n", verdict(ok),
        sleeps, after - before, after, interrupts_of("uart-pl011"), bad);
    return ok;
}

/* --- memory ---------------------------------------------------------------------------------- */

#define MEMORY_WORDS 131072U /* 1 MiB */

static uint64_t *anonymous(size_t bytes)
{
    /* PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS */
    return (uint64_t *)call(CALL_MMAP, 0, bytes, 3, 0x22, UINT64_MAX, 0);
}

/* FNV-1a over words: offset basis and prime of 64 bits. */
static uint64_t hash_of(const uint64_t *word)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < MEMORY_WORDS; i++) {
        hash = (hash ^ word[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

/* Is a copy of pseudo-random numbers (xorshift64) the same as the original?  Whoever knows the
 * numbers knows the hash, too. */
static bool check_memory(const struct limits *limits)
{
    uint64_t *from = anonymous(MEMORY_WORDS * sizeof(uint64_t));
    uint64_t *to = anonymous(MEMORY_WORDS * sizeof(uint64_t));
    uint64_t number = 1;
    uint64_t hash;
    bool ok;

    (void)limits;
    for (size_t i = 0; i < MEMORY_WORDS; i++) {
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        from[i] = number;
    }
    hash = hash_of(from);
    for (size_t i = 0; i < MEMORY_WORDS; i++) {
        to[i] = from[i];
    }
    ok = hash_of(to) == hash && hash_of(from) == hash;
    (void)call3(CALL_MUNMAP, from, MEMORY_WORDS * sizeof(uint64_t), 0);
    (void)call3(CALL_MUNMAP, to, MEMORY_WORDS * sizeof(uint64_t), 0);
    say("check: memory %s words=%u hash=0x%x\n", verdict(ok), (uint64_t)MEMORY_WORDS, hash);
    return ok;
}

/* --- signals and processes ------------------------------------------------------------------- */

static volatile uint64_t signals_taken;

static void take_signal(int number)
{
    (void)number;
    signals_taken++;
}

static void handle(enum signal_number number, void (*handler)(int))
{
    struct signal_action action = {handler, 0, 0, 0};

    (void)call(CALL_RT_SIGACTION, (uint64_t)number, (uint64_t)&action, 0, sizeof(action.mask), 0,
               0);
}

static long fork(void)
{
    return call(CALL_CLONE, SIGNAL_CHLD, 0, 0, 0, 0, 0);
}

/* How a child ended: its exit code * 256, or the signal that killed it. */
static uint64_t wait_for(long child)
{
    int status = -1;

    (void)call(CALL_WAIT4, (uint64_t)child, (uint64_t)&status, 0, 0, 0, 0);
    return (uint64_t)status & 0xffffU;
}

/* What kills a child that does something which the hardware refuses. */
static uint64_t killed_by(bool bad_address)
{
    long child = fork();

    if (child == 0) {
        if (bad_address) {
            __asm__ volatile("str xzr, [%0]" : : "r"(UINT64_C(16)) : "memory");
        } else {
            __asm__ volatile("udf #0");
        }
        end(0);
    }
    return wait_for(child);
}

/* Do signals arrive: from the process itself, from a timer while it computes, from the hardware? */
static bool check_signals(const struct limits *limits)
{
    uint64_t own;
    uint64_t timed;
    uint64_t segv;
    uint64_t ill;
    bool ok;

    handle(SIGNAL_USR1, take_signal);
    handle(SIGNAL_ALRM, take_signal);
    signals_taken = 0;
    for (unsigned int i = 0; i < 50; i++) {
        (void)call3(CALL_KILL, call3(CALL_GETPID, 0, 0, 0), SIGNAL_USR1, 0);
    }
    own = signals_taken;

    signals_taken = 0;
    for (unsigned int i = 0; i < 20; i++) {
        /* ITIMER_REAL, once, in 1 ms */
        struct {
            int64_t interval[2];
            int64_t value[2];
        } timer = {{0, 0}, {0, 1000}};
        uint64_t start = counter();

        (void)call3(CALL_SETITIMER, 0, &timer, 0);
        while (signals_taken == i && ticks_to_ns(counter() - start) < MS + 2 * limits->late_ns) {
        }
    }
    timed = signals_taken;
    segv = killed_by(true);
    ill = killed_by(false);
    ok = own == 50 && timed == 20 && segv == SIGNAL_SEGV && ill == SIGNAL_ILL;
    say("check: signals %s own=%u timed=%u bad_address=%u bad_instruction=%u\n", verdict(ok), own,
        timed, segv, ill);
    return ok;
}

/* Do processes start, talk and end? */
static bool check_processes(const struct limits *limits)
{
    static char *const argv[] = {"check", "exit-7", NULL};
    uint64_t executed = 0;
    uint64_t received = 0;
    bool ok;

    (void)limits;
    for (uint64_t i = 0; i < 16; i++) {
        int pipe[2];
        long child;
        char byte = 0;

        (void)call3(CALL_PIPE2, pipe, 0, 0);
        child = fork();
        if (child == 0) {
            byte = (char)i;
            (void)call3(CALL_WRITE, pipe[1], &byte, 1);
            (void)call3(CALL_EXECVE, "/proc/self/exe", argv, argv + 2);
            end(1);
        }
        executed += wait_for(child) == 7 * 256;
        received += call3(CALL_READ, pipe[0], &byte, 1) == 1 && byte == (char)i;
        (void)call3(CALL_CLOSE, pipe[0], 0, 0);
        (void)call3(CALL_CLOSE, pipe[1], 0, 0);
    }
    ok = executed == 16 && received == 16;
    say("check: processes %s executed=%u received=%u\n", verdict(ok), executed, received);
    return ok;
}

static uint64_t hold_registers(uint64_t seed)
{
    uint64_t start = counter();
    uint64_t differing = 0;

    simd_fill(seed);
    while (ticks_to_ns(counter() - start) < 20 * MS) {
        (void)call3(CALL_SCHED_YIELD, 0, 0, 0);
        differing += simd_differing(seed);
        spin_ns(50 * US);
        differing += simd_differing(seed);
    }
    return differing;
}

/* What four processes that hold registers at the same time find changed. */
static uint64_t hold_in_four(uint64_t (*hold)(uint64_t seed))
{
    uint64_t differing = 0;
    long child[3];

    for (unsigned int i = 0; i < 3; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            end(hold((uint64_t)(i + 1) << 40) == 0 ? 0 : 1);
        }
    }
    differing = hold(UINT64_C(1) << 50);
    for (unsigned int i = 0; i < 3; i++) {
        differing += wait_for(child[i]);
    }
    return differing;
}

/* Does each process keep its SIMD registers, over switches of Linux and of the kernel below it? */
static bool check_simd(const struct limits *limits)
{
    uint64_t differing = hold_in_four(hold_registers);

    (void)limits;
    say("check: simd %s differing=%u\n", verdict(differing == 0), differing);
    return differing == 0;
}

/* The same of the scalable vectors of a partition that has them. */
static bool check_sve(const struct limits *limits)
{
    uint64_t differing = hold_in_four(sve_hold);

    (void)limits;
    say("check: sve %s differing=%u bits=%u\n", verdict(differing == 0), differing,
        8 * sve_vector_bytes());
    return differing == 0;
}

/* --- which checks ---------------------------------------------------------------------------- */

static const struct check all[] = {
    {"clock", check_clock},   {"sleep", check_sleep},     {"interrupts", check_interrupts},
    {"memory", check_memory}, {"signals", check_signals}, {"processes", check_processes},
    {"simd", check_simd},     {"sve", check_sve},
};

static const char *environment(char **envp, const char *name)
{
    for (; *envp != NULL; envp++) {
        size_t i = 0;

        while (name[i] != '\0' && (*envp)[i] == name[i]) {
            i++;
        }
        if (name[i] == '\0' && (*envp)[i] == '=') {
            return *envp + i + 1;
        }
    }
    return NULL;
}

int program(int argc, char **argv, char **envp)
{
    const char *late_us = environment(envp, "late_us");
    struct limits limits = {US * (late_us != NULL ? number_of(late_us) : LATE_US_DEFAULT)};
    int failed = 0;

    for (int i = 1; i < argc; i++) {
        bool known = false;

        if (same(argv[i], "exit-7")) {
            return 7;
        }
        if (same(argv[i], "counter")) {
            say_counter();
            continue;
        }
        for (unsigned int k = 0; k < sizeof(all) / sizeof(*all); k++) {
            if (same(argv[i], all[k].name)) {
                failed += !all[k].run(&limits);
                known = true;
            }
        }
        if (!known) {
            say("check: %s FAILED: there is no such check\n", argv[i]);
            failed++;
        }
    }
    return failed;
}
