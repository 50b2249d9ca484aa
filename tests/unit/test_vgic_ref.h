/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does a GIC without list registers do?  A reference model that keeps each interrupt's state
 * by itself and scans all of them for the most urgent; and random operations of a guest that go to
 * both, each of which fails the test where the two do not agree.
 */
#ifndef TEST_VGIC_REF_H
#define TEST_VGIC_REF_H

#include "test_vgic.h"

#define STACK_MAX 64U

struct ref_irq {
    bool enabled, latch, line, active, edge, group, linked;
    bool hw_pending;   /* the physical interrupt was taken and waits for the guest */
    bool hw_is_active; /* the active state is that of the physical interrupt */
    bool physical_line, physical_active;
    uint8_t priority, sources, active_source;
    uint32_t route;
    uint32_t holder; /* active: on which vCPU */
};

struct ref {
    bool v2;
    uint32_t cpu_count, ctlr;
    uint32_t open[CPU_MAX]; /* groups that the CPU interface signals */
    struct ref_irq private_irq[CPU_MAX][32];
    struct ref_irq shared_irq[VGIC_IRQ_COUNT];
    uint32_t stack[CPU_MAX][STACK_MAX]; /* IAR values acknowledged and not ended */
    uint32_t depth[CPU_MAX];
};

/* Where the random numbers are. */
extern uint64_t random_state;

uint32_t rnd(uint32_t bound);
uint32_t rnd_word(void);
struct ref_irq *ref_of(struct ref *ref, uint32_t c, uint32_t intid);
bool ref_is_pending(const struct ref_irq *irq);
void ref_deactivate(struct ref_irq *irq);
bool ref_on_stack(const struct ref *ref, uint32_t intid);
void ref_init(struct ref *ref, enum gic_version model, uint32_t cpu_count);
void link_some(struct machine *m, struct ref *ref);
void fire_all(struct machine *m, struct ref *ref, uint32_t c);
void do_ack(struct machine *m, struct ref *ref, uint32_t c);
void do_end(struct machine *m, struct ref *ref, uint32_t c);
void do_line(struct machine *m, struct ref *ref, uint32_t c);
void do_sgi(struct machine *m, struct ref *ref, uint32_t c);
void do_sgi_sources(struct machine *m, struct ref *ref, uint32_t c);
void do_bits(struct machine *m, struct ref *ref, uint32_t c);
void do_priority(struct machine *m, struct ref *ref, uint32_t c);
void do_route(struct machine *m, struct ref *ref, uint32_t c);
void do_config(struct machine *m, struct ref *ref, uint32_t c);
void do_ctlr(struct machine *m, struct ref *ref, uint32_t c);
void do_interface(struct machine *m, struct ref *ref, uint32_t c);
void check_reads(struct machine *m, struct ref *ref, uint32_t c);
void check_wfi(struct machine *m, struct ref *ref, uint32_t c);
void drain(struct machine *m, struct ref *ref, uint32_t c);

#endif
