/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does a partition see of its schedule?  The demonstration guest: it works through each of its
 * windows, sees by itself when the window began and what it got of it, and says so from time to
 * time.  The same image runs in every partition; the id makes the difference.  One that may change
 * the module's schedule goes through all of them, whose ids are 0, 1, 2, ...
 */
#include <bulkhead/abi.h>
#include <guest.h>

#define REPORT_FRAMES 5U    /* a line in every fifth major frame */
#define LOOKOUT_NS    5000U /* before the window's end, work stops and the next release is awaited */
#define NS_PER_US     1000U

static uint64_t work_step(uint64_t state)
{
    for (unsigned i = 0; i < 64; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    return state;
}

static void print_us(const char *before, uint64_t ticks, const char *after)
{
    uint64_t ns = ns_from_ticks(ticks);

    print("%s%lu.%03lu us%s", before, ns / NS_PER_US, ns % NS_PER_US, after);
}

/* Asks for the schedule behind the present one, or for the first: what counts is the permission. */
static void change_schedule(uint32_t frame)
{
    uint64_t next = hvc(BH_MODULE_SCHEDULE_STATUS, 0, 0, 0).x[2] + 1;
    int64_t result = (int64_t)hvc(BH_SET_MODULE_SCHEDULE, next, 0, 0).x[0];

    if (result == SMCCC_INVALID_PARAMETER) {
        next = 0;
        result = (int64_t)hvc(BH_SET_MODULE_SCHEDULE, next, 0, 0).x[0];
    }
    if (result == SMCCC_SUCCESS) {
        print("frame %u: schedule %lu from its end on\n", frame, next);
    }
}

int main(void)
{
    struct window_watch watch;
    uint64_t id = guest_partition_id();
    uint64_t state = id + 1;
    uint64_t steps = 0;
    uint64_t windows = 1;
    uint32_t reported_frame = 0;

    window_watch_begin(&watch);
    print("hello from partition %lu: window of ", id);
    print_us("", watch.window.duration_ticks, ", one image for all partitions\n");
    for (;;) {
        uint64_t step_ticks = 0;
        uint64_t end = watch.window.start_ticks + watch.window.duration_ticks - watch.margin_ticks -
                       ticks_from_ns(LOOKOUT_NS);

        /* Work until close to the end, then look for the next release. */
        for (uint64_t now = counter_read(); now + step_ticks < end;) {
            uint64_t before = now;

            state = work_step(state);
            steps++;
            now = counter_read();
            step_ticks = now - before;
        }
        window_wait(&watch);
        windows++;
        if (watch.exact && watch.window.frame != reported_frame &&
            watch.window.frame % REPORT_FRAMES == 0) {
            uint64_t late_ns = ns_from_ticks(watch.first_ticks - watch.window.start_ticks);

            reported_frame = watch.window.frame;
            print("frame %u window %u: my window %lu, released %lu ns after plan, ",
                  watch.window.frame, watch.window.index, windows, late_ns);
            print_us("away for ", watch.first_ticks - watch.last_ticks, ", ");
            print("%lu steps, sum %016lx, stolen %lu\n", steps, state, watch.stolen_count);
            change_schedule(watch.window.frame);
        }
    }
}
