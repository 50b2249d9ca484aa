/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a partition get all of its windows, each at its exact start, and nothing less than all of
 * each?  The victim watches the counter without a pause.  Parameter 0: windows to watch before the
 * result line (0 = 100); then it goes on watching.  One window per major frame.
 *
 *     victim: windows=N lost=N exact=N offset_min_ns=N offset_max_ns=N stolen_count=N
 * stolen_max_ns=N
 */
#include <guest.h>

#define WINDOWS_DEFAULT 100U
/* The first windows teach where the window ends; only later ones must be seen exactly. */
#define WINDOWS_LEARNING 3U

int main(void)
{
    struct window_watch watch;
    uint64_t windows_due = guest_params.word[0] != 0 ? guest_params.word[0] : WINDOWS_DEFAULT;
    uint64_t offset_min = UINT64_MAX;
    uint64_t offset_max = 0;
    uint64_t windows = 0;
    uint64_t exact = 0;
    uint64_t lost = 0;
    uint32_t frame;

    window_watch_begin(&watch);
    for (unsigned i = 0; i < WINDOWS_LEARNING; i++) {
        window_wait(&watch);
    }
    frame = watch.window.frame;
    while (windows < windows_due) {
        uint64_t offset;

        window_wait(&watch);
        windows++;
        lost += watch.window.frame - frame - 1U;
        frame = watch.window.frame;
        if (!watch.exact) {
            continue;
        }
        exact++;
        offset = watch.first_ticks - watch.window.start_ticks;
        offset_min = offset < offset_min ? offset : offset_min;
        offset_max = offset > offset_max ? offset : offset_max;
    }
    print("victim: windows=%lu lost=%lu exact=%lu offset_min_ns=%ld offset_max_ns=%ld "
          "stolen_count=%lu stolen_max_ns=%lu\n",
          windows, lost, exact, (long)ns_from_ticks(offset_min), (long)ns_from_ticks(offset_max),
          watch.stolen_count, ns_from_ticks(watch.stolen_max_ticks));
    for (;;) {
        window_wait(&watch);
    }
}
