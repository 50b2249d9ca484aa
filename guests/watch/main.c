/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does a partition with any number of windows in a frame see of them?  Watches the counter
 * without a pause.  Parameter 0: windows to watch before the result lines; then it goes on
 * watching. Windows of equal length only: the guard's distance is learned from the window before.
 *
 *     watch: windows=N judged=N offset_min_ns=N offset_max_ns=N stolen_count=N
 *     watch: first_frame=N first_index=N last_frame=N last_index=N span_ticks=N
 */
#include <guest.h>

#define WINDOWS_LEARNING 3U

int main(void)
{
    struct window_watch watch;
    struct guest_window first;
    int64_t offset_min = INT64_MAX;
    int64_t offset_max = INT64_MIN;
    uint64_t judged = 0;

    window_watch_begin(&watch);
    for (unsigned i = 0; i < WINDOWS_LEARNING; i++) {
        window_wait(&watch);
    }
    first = watch.window;
    for (uint64_t i = 0; i < guest_params.word[0]; i++) {
        int64_t offset;

        window_wait(&watch);
        if (!watch.exact && guest_params.word[1] == 0) {
            continue;
        }
        judged++;
        offset = (int64_t)(watch.first_ticks - watch.window.start_ticks);
        offset_min = offset < offset_min ? offset : offset_min;
        offset_max = offset > offset_max ? offset : offset_max;
    }
    print("watch: windows=%lu judged=%lu offset_min_ns=%ld offset_max_ns=%ld stolen_count=%lu\n",
          guest_params.word[0], judged, (long)ns_from_ticks((uint64_t)offset_min),
          (long)ns_from_ticks((uint64_t)offset_max), watch.stolen_count);
    print("watch: first_frame=%u first_index=%u last_frame=%u last_index=%u span_ticks=%lu\n",
          first.frame, first.index, watch.window.frame, watch.window.index,
          watch.window.start_ticks - first.start_ticks);
    for (;;) {
        window_wait(&watch);
    }
}
