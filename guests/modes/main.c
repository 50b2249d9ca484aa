/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who changes the module's schedule in the tests?  Parameter 0 says in which way (enum role); what
 * the others mean is said in the role's own file.
 */
#include "modes.h"

#define NAME_WORDS 4U

struct mode_status mode_status(void)
{
    struct hvc_result result = hvc(BH_MODULE_SCHEDULE_STATUS, 0, 0, 0);

    return (struct mode_status){(int64_t)result.x[0], result.x[1], result.x[2], result.x[3]};
}

int64_t mode_find(const char *name, uint64_t *schedule)
{
    uint64_t word[NAME_WORDS] = {0};
    register uint64_t x0 __asm__("x0") = BH_MODULE_SCHEDULE_ID;
    register uint64_t x1 __asm__("x1");
    register uint64_t x2 __asm__("x2");
    register uint64_t x3 __asm__("x3");
    register uint64_t x4 __asm__("x4");

    for (unsigned i = 0; i < sizeof(word) && name[i] != 0; i++) {
        word[i / 8U] |= (uint64_t)(uint8_t)name[i] << 8U * (i % 8U);
    }
    x1 = word[0];
    x2 = word[1];
    x3 = word[2];
    x4 = word[3];
    __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4) : : "memory");
    *schedule = x1;
    return (int64_t)x0;
}

void next_window(struct guest_window *window)
{
    uint64_t end = window->start_ticks + window->duration_ticks;
    struct guest_window before = *window;

    /* Where no boundary is taken the same window goes on behind its end, and its frame is counted
     * when somebody asks. */
    do {
        delay_until(end);
        (void)mode_status();
        window_read(window);
        end += before.duration_ticks;
    } while (window->start_ticks == before.start_ticks);
}

int main(void)
{
    switch (guest_params.word[0]) {
    case ROLE_SCRIPT:
        script();
        break;
    case ROLE_EACH_FRAME:
        change_each_frame();
        break;
    case ROLE_LAST_INSTANTS:
        change_in_last_instants();
        break;
    case ROLE_WHOLE_FRAMES:
        change_in_whole_frames();
        break;
    default:
        guest_stop("no such role");
    }
    for (;;) {
        insn("wfi");
    }
}
