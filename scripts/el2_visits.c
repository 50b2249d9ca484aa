// SPDX-License-Identifier: Apache-2.0
/*
 * How long is each of EL2's visits?  A plugin for QEMU (-plugin el2_visits.so,key=value,...), which
 * sees every instruction before it is executed.  A visit begins with the first instruction of an
 * exception vector and is over when the guest goes on; what it was for is not visible here: QEMU's
 * log (-d int) lists the same exceptions in the same order.
 *
 *     out=FILE      a 32-bit word for each visit, after one of 64 bits, see below
 *     base=ADDRESS  EL2's virtual addresses: base to base + size
 *     size=BYTES
 *     vectors=ADDRESS
 *     boundary=ADDRESS  what EL2 executes only where a window ends
 *     begin=ADDRESS the guest's first instruction: visits before it are not listed
 *     end=ADDRESS   the first instruction of the guest that ends the list
 *
 * The file's first 64 bits: instructions before the guest's first one.  A visit's word: its
 * instructions, in bit 31 whether it was an interrupt's, and in bit 30 whether a window ended with
 * it.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is used of QEMU's plugin interface, version 1 (QEMU, "TCG Plugins").  Declared here since
 * distributions ship QEMU without the header. */
typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info_t;
enum { PLUGIN_NO_REGISTERS = 0 };
enum { PLUGIN_ADD_U64 = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
                                           void (*callback)(plugin_id id,
                                                            struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
                                            void (*callback)(unsigned int cpu, void *data),
                                            int registers, void *data);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int operation,
                                                void *number, uint64_t value);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*callback)(plugin_id id, void *data),
                                    void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;
__attribute__((visibility("default"))) int
qemu_plugin_install(plugin_id id, const struct qemu_info_t *info, int count, char **argument);

/* From the current EL, lower EL using AArch64: synchronous, IRQ (Arm ARM DDI 0487, D1.10.2). */
#define VECTOR_SYNC 0x400U
#define VECTOR_IRQ  0x480U
#define INTERRUPT   (UINT32_C(1) << 31)
#define BOUNDARY    (UINT32_C(1) << 30)

static struct {
    uint64_t base;
    uint64_t size;
    uint64_t vectors;
    uint64_t boundary;
    uint64_t begin;
    uint64_t end;
} where;

static FILE *out;
static uint64_t executed; /* all instructions, until the guest's first one */
static bool entered;      /* EL2 at its own addresses; a loader may have run at the guest's */
static bool begun;
static bool ended;
static uint32_t visit; /* instructions of the present visit, INTERRUPT, BOUNDARY */

static void finish_visit(void)
{
    if (visit != 0 && out != NULL) {
        (void)fwrite(&visit, sizeof(visit), 1, out);
    }
    visit = 0;
}

static void at_begin(unsigned int cpu, void *data)
{
    (void)cpu;
    (void)data;
    if (entered && !begun) {
        begun = true;
        (void)fwrite(&executed, sizeof(executed), 1, out);
    }
}

static void finish(void)
{
    if (begun && !ended) {
        finish_visit();
    }
    ended = true;
    if (out != NULL) {
        (void)fclose(out);
        out = NULL;
    }
}

static void at_end(unsigned int cpu, void *data)
{
    (void)cpu;
    (void)data;
    if (!ended) {
        finish();
    }
}

static void at_exit(plugin_id id, void *data)
{
    (void)id;
    (void)data;
    finish();
}

static void in_el2(unsigned int cpu, void *data)
{
    (void)cpu;
    entered = true;
    if (visit != 0) {
        visit = (visit + 1U) | (uint32_t)(uintptr_t)data;
    }
}

static void at_vector(unsigned int cpu, void *data)
{
    (void)cpu;
    if (begun && !ended) {
        finish_visit();
        visit = 1U | (uint32_t)(uintptr_t)data;
    }
}

static void translated(plugin_id id, struct qemu_plugin_tb *tb)
{
    size_t count = qemu_plugin_tb_n_insns(tb);

    (void)id;
    for (size_t index = 0; index < count && !ended; index++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, index);
        uint64_t address = qemu_plugin_insn_vaddr(insn);

        if (!begun) {
            qemu_plugin_register_vcpu_insn_exec_inline(insn, PLUGIN_ADD_U64, &executed, 1);
        }
        if (address == where.begin && !begun) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, at_begin, PLUGIN_NO_REGISTERS, NULL);
        } else if (address == where.end) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, at_end, PLUGIN_NO_REGISTERS, NULL);
        } else if (address == where.vectors + VECTOR_SYNC) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, at_vector, PLUGIN_NO_REGISTERS, NULL);
        } else if (address == where.vectors + VECTOR_IRQ) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, at_vector, PLUGIN_NO_REGISTERS,
                                                   (void *)(uintptr_t)INTERRUPT);
        } else if (address - where.base < where.size) {
            qemu_plugin_register_vcpu_insn_exec_cb(
                insn, in_el2, PLUGIN_NO_REGISTERS,
                (void *)(uintptr_t)(address == where.boundary ? BOUNDARY : 0));
        }
    }
}

int qemu_plugin_install(plugin_id id, const struct qemu_info_t *info, int count, char **argument)
{
    static const struct {
        const char *key;
        uint64_t *value;
    } known[] = {
        {"base=", &where.base},         {"size=", &where.size},   {"vectors=", &where.vectors},
        {"boundary=", &where.boundary}, {"begin=", &where.begin}, {"end=", &where.end},
    };

    (void)info;
    for (int index = 0; index < count; index++) {
        if (strncmp(argument[index], "out=", 4) == 0) {
            out = fopen(argument[index] + 4, "wb");
        }
        for (size_t k = 0; k < sizeof(known) / sizeof(*known); k++) {
            size_t length = strlen(known[k].key);

            if (strncmp(argument[index], known[k].key, length) == 0) {
                *known[k].value = strtoull(argument[index] + length, NULL, 0);
            }
        }
    }
    if (out == NULL) {
        (void)fprintf(stderr, "el2_visits: out= names no file that can be written\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
